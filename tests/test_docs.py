"""What the documentation says can be done."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    for target in targets:
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = re.findall(r"(?:`|^\$ )make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(named) <= targets


def program_of(page: str) -> str:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    return "\n".join(blocks)


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True, text=True, timeout=100, cwd=folder, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def test_the_first_network_of_the_readme_runs_and_draws_who_spikes(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    program = program_of("README.md")
    done = run(program, tmp_path)
    assert (tmp_path / "first_network.png").read_bytes().startswith(b"\x89PNG")
    example = (ROOT / "examples/first_network.py").read_text("utf-8")
    assert example.endswith(program)  # what a clone runs is what the page shows
    counts = re.search(r"spikes per neuron: \[([\d\s.]+)\]", done.stdout)
    assert counts is not None, done.stdout
    assert sum(map(float, counts[1].split())) > 0


def test_the_page_about_models_of_ones_own_runs(tmp_path: Path) -> None:
    run(program_of("docs/own_models.md"), tmp_path)


def test_the_program_of_the_page_about_running_runs(tmp_path: Path) -> None:
    pytest.importorskip("psutil")
    done = run(program_of("docs/running.md"), tmp_path)
    for told in ("steps: lockstep", "killed by SIGKILL", "the network waits on itself"):
        assert told in done.stdout


@pytest.mark.parametrize("page", ["architecture", "glossary"])
def test_every_room_that_is_named_is_there(page: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
    known = [str(file.relative_to(ROOT)) for file in (ROOT / "lava_actor").rglob("*")]
    known += [str(file.relative_to(ROOT)) for file in (ROOT / "tests").glob("*")]
    named = re.findall(r"`(\w[\w/]*(?:\.(?:py|pyx|pxi|h)|/|/\w+))`", text)
    assert len(named) > 20
    assert [name for name in named if not any(_ends(k, name.rstrip("/")) for k in known)] == []


def _ends(file: str, name: str) -> bool:
    return f"/{file}".endswith(f"/{name}")
