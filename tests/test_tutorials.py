"""The tutorials are notebooks that were executed, and their cells do what they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent / "docs" / "tutorials"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
IDS = [path.stem for path in NOTEBOOKS]
SUBJECTS = {
    *("own_neuron", "learning", "recording", "hierarchy", "refports_async", "large_networks"),
    "microcircuit",
}


def code_cells(path: Path) -> list[dict[str, Any]]:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_there_is_a_tutorial_for_each_subject() -> None:
    assert set(IDS) >= SUBJECTS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_a_tutorial_shows_what_its_cells_gave(path: Path) -> None:
    cells = code_cells(path)
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert outputs
    assert not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert path.stat().st_size < 150_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_the_cells_of_a_tutorial_are_a_program_that_runs(path: Path, tmp_path: Path) -> None:
    program = "\n".join("".join(cell["source"]) for cell in code_cells(path))
    if "matplotlib" in program:
        pytest.importorskip("matplotlib")
    script = tmp_path / f"{path.stem}.py"
    script.write_text(program, "utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        capture_output=True, text=True, timeout=100, cwd=tmp_path, check=False,
        env={**os.environ, "MPLBACKEND": "agg"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_links_of_a_tutorial_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", path.read_text("utf-8")):
        assert (FOLDER / target).exists(), target
