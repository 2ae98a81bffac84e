"""What the documentation says can be done."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lava_actor
import lava_actor.proc

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
    return "\n".join(blocks_of(ROOT / page))


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


def blocks_of(page: Path) -> list[str]:
    """Code as Sphinx and GitHub show it: blocks that name Python."""
    return re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


SHOWN_ELSEWHERE = {
    "README.md": "test_the_first_network_of_the_readme_runs_and_draws_who_spikes",
    "gallery.md": "tests/test_gallery.py: each block by itself",
    "moving.md": "test_every_simulator_that_is_here_says_how_often_the_neuron_fires",
    "native_steps.md": "test_the_step_in_c_of_the_page_about_native_steps_is_taken",
    "running.md": "test_the_program_of_the_page_about_running_runs",
}
"""Pages whose blocks are run by a test of their own."""

PROGRAMS = [
    page for page in PAGES if page.name not in SHOWN_ELSEWHERE and blocks_of(page)
]


@pytest.mark.parametrize("page", PROGRAMS, ids=[page.name for page in PROGRAMS])
def test_the_blocks_of_a_page_are_one_program_that_runs(page: Path, tmp_path: Path) -> None:
    if page.name == "exchange.md":
        pytest.importorskip("h5py")
    run("\n".join(blocks_of(page)), tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_no_block_of_a_page_hides_from_the_tests(page: Path) -> None:
    """Whatever is code of Python says so, and compiles."""
    fences = re.findall(r"^```+ *(.*)$", page.read_text("utf-8"), re.MULTILINE)
    assert not {"py", "python3", "pycon", "ipython"} & set(fences)
    for block in blocks_of(page):
        compile(block, str(page), "exec")


MOVING = {
    re.findall(r"^(?:import|from) (lava|lava_actor|brian2|nest|nengo)\b", block, re.M)[0]: block
    for block in blocks_of(ROOT / "docs/moving.md")
}


@pytest.mark.parametrize("simulator", MOVING)
def test_every_simulator_that_is_here_says_how_often_the_neuron_fires(
    simulator: str, tmp_path: Path
) -> None:
    block = MOVING[simulator]
    if simulator == "lava":
        block = f"import lava_actor.compat\nlava_actor.compat.install()\n{block}"
    elif simulator != "lava_actor":
        here = [sys.executable, "-W", "ignore", "-c", f"import {simulator}"]
        missing = importlib.util.find_spec(simulator) is None
        if missing or subprocess.run(here, capture_output=True, check=False).returncode:
            pytest.skip(f"{simulator} cannot be imported")  # or does not fit this NumPy
        block = f"import warnings\nwarnings.simplefilter('ignore')\n{block}"
    assert run(block, tmp_path).stdout.rpartition("spikes: ")[2] == "35\n"


MOST_USED = [
    *("AbstractProcess", "AbstractSubProcessModel", "Conv", "Dense", "Extractor", "InPort"),
    "Injector",
    *("LIF", "LavaPyType", "Loihi2SimCfg", "Monitor", "OutPort", "PyInPort", "PyLoihiProcessModel"),
    *("RefPort", "RunContinuous", "RunSteps", "Sparse", "Var", "implements"),
]


def test_each_of_the_twenty_most_used_names_has_an_example() -> None:
    trees = [ast.parse(block) for page in PAGES for block in blocks_of(page)]
    used = {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert len(MOST_USED) == 20
    assert set(MOST_USED) <= used


def test_the_reference_has_all_that_the_package_exports_and_every_process_of_the_library() -> None:
    text = (ROOT / "docs/reference.md").read_text("utf-8")
    named = set(re.findall(r"^\.\. auto(?:class|decorator|function):: (\S+)", text, re.M))
    for module, members in re.findall(r"automodule:: (\S+)\n   :members: (.+)", text):
        named |= {f"{module}.{name}" for name in members.split(", ")}
    assert set(lava_actor.__all__) - {"errors"} <= {name.rpartition(".")[2] for name in named}
    for module in pkgutil.walk_packages(lava_actor.proc.__path__, "lava_actor.proc."):
        for name, member in vars(importlib.import_module(module.name)).items():
            if inspect.isclass(member) and issubclass(member, lava_actor.AbstractProcess):
                hidden = "._" in module.name or "Abstract" in name or name == "NIRProcess"
                if member.__module__ == module.name and not hidden:
                    assert f"{module.name}.{name}" in named


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx")
    pytest.importorskip("furo")
    pytest.importorskip("myst_nb")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", "docs", str(tmp_path)],
        capture_output=True, text=True, timeout=110, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "tour.html").exists()


def test_every_page_of_the_site_stands_in_its_index() -> None:
    listed = (ROOT / "docs/index.md").read_text("utf-8").split()
    assert {p.stem for p in (ROOT / "docs").glob("*.md")} - {"index"} <= set(listed)
    assert {f"tutorials/{p.stem}" for p in (ROOT / "docs").glob("*/*.ipynb")} <= set(listed)


def test_the_program_of_the_page_about_running_runs(tmp_path: Path) -> None:
    pytest.importorskip("psutil")
    done = run(program_of("docs/running.md"), tmp_path)
    for told in ("steps: lockstep", "killed by SIGKILL", "the network waits on itself"):
        assert told in done.stdout


def test_the_step_in_c_of_the_page_about_native_steps_is_taken(tmp_path: Path) -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    text = (ROOT / "docs/native_steps.md").read_text("utf-8")
    (tmp_path / "adaptive.c").write_text(re.findall(r"```c\n(.*?)```", text, re.DOTALL)[0], "utf-8")
    command = re.findall(r"^\$ (cc .*?)^```", text, re.DOTALL | re.MULTILINE)[0]
    command = command.replace("$(python ", f"$({shlex.quote(sys.executable)} ")
    subprocess.run(command, shell=True, check=True, cwd=tmp_path, timeout=60)
    done = run(program_of("docs/native_steps.md"), tmp_path)
    assert re.search(r"<- PyAdaptiveModel, steps natively", done.stdout), done.stdout
    assert "InPython declares no native step" in done.stdout


def test_code_stands_in_blocks_that_say_their_language() -> None:
    """Indented text is output or a picture: whatever looks like Python belongs into a block."""
    for page in PAGES:
        text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        assert not re.findall(r"^    (?:import|from|def|class|with) .*$", text, re.MULTILINE), page


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
