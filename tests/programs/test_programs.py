"""Programs by outside users of Lava run unchanged and find what they expect.

Each other file in this folder is such a program, a script or a `unittest` suite; it imports
`lava.*` only and checks its own results.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = sorted(p for p in Path(__file__).parent.glob("*.py") if p != Path(__file__))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_a_program_runs_and_is_content(program: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "lava_actor.compat", str(program)],
        capture_output=True, text=True, timeout=100, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    if "unittest.main" in program.read_text():
        assert re.search(r"^Ran [1-9]\d* tests? in", done.stderr, re.MULTILINE)
        assert done.stderr.rstrip().endswith("OK")
    else:
        assert done.stderr == ""


def test_programs_import_nothing_of_ours() -> None:
    for program in PROGRAMS:
        assert "lava_actor" not in program.read_text()
