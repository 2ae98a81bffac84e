"""The gallery shows every neuron model, and its pictures can be drawn again."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lava_actor import AbstractProcess

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = (DOCS / "gallery.md").read_text(encoding="utf-8")
FOLDERS = ("atrlif", "graded", "lif", "prodneuron", "resfire", "rf", "rf_iz", "s4d", "sdn")


def neurons() -> list[str]:
    """Names of the Processes in the neuron folders of the library."""
    found = {"LearningLIF"}
    for folder in FOLDERS:
        module = importlib.import_module(f"lava_actor.proc.{folder}.process")
        for name, member in vars(module).items():
            if name.startswith("Abstract") or not isinstance(member, type):
                continue
            if member.__module__ == module.__name__ and issubclass(member, AbstractProcess):
                found.add(name)
    return sorted(found)


@pytest.mark.parametrize("name", neurons())
def test_every_neuron_has_a_section_with_a_picture(name: str) -> None:
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    (mine,) = [s for s in sections if re.search(rf"\b{name}\b", s.splitlines()[0])]
    (picture,) = re.findall(r"!\[[^\]]*\]\((gallery/\w+\.png)\)", mine)
    assert (DOCS / picture).read_bytes().startswith(b"\x89PNG")
    assert (DOCS / picture).stat().st_size < 40_000


def test_every_block_of_the_gallery_builds_its_processes() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == PAGE.count("![")
    for block in blocks:
        names: dict[str, object] = {}
        exec(compile(block, "docs/gallery.md", "exec"), names)
        assert any(isinstance(value, AbstractProcess) for value in names.values())


def test_the_generator_draws_a_model_and_leaves_nothing_running(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    done = subprocess.run(  # matplotlib keeps its fonts open, hence not in this interpreter
        [sys.executable, str(DOCS / "make_gallery.py"), "--into", str(tmp_path), "lif_refractory"],
        capture_output=True, text=True, timeout=100, check=False,
        env={**os.environ, "PYTHONPATH": str(DOCS.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "lif_refractory.png").read_bytes().startswith(b"\x89PNG")


def test_every_picture_has_its_code_and_every_code_its_picture() -> None:
    code = (DOCS / "make_gallery.py").read_text(encoding="utf-8")
    drawn = set(re.findall(r"^@picture\ndef (\w+)", code, re.MULTILINE))
    assert {p.stem for p in (DOCS / "gallery").glob("*.png")} == drawn
    assert set(re.findall(r"gallery/(\w+)\.png", PAGE)) == drawn
