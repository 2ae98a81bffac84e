"""The command line does what its help says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PROGRAM = """
    import sys
    from lava_actor import Loihi2SimCfg, RunSteps
    from lava_actor.proc.lif.process import LIF

    cells = LIF(shape=(2,), bias_mant=1.0, vth=1e9)
    cells.run(RunSteps(num_steps=5), Loihi2SimCfg(select_tag="floating_pt"))
    print(__name__, sys.argv[1:], cells.v.get())
    cells.stop()
    sys.exit(3)
"""


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "lava_actor", *arguments],
        capture_output=True, text=True, timeout=100, cwd=folder, check=False,
    )  # fmt: skip


@pytest.fixture
def program(tmp_path: Path) -> str:
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAM))
    return "program.py"


def test_without_a_command_the_help_is_shown(tmp_path: Path) -> None:
    done = run(folder=tmp_path)
    assert done.returncode == 2
    for command in ("info", "run", "bench", "trace"):
        assert re.search(rf"^ +{command} ", done.stdout, re.MULTILINE)


def test_info_names_versions_cores_memory_native_part_and_extras(tmp_path: Path) -> None:
    done = run("info", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = dict(re.split(r"  +", line, maxsplit=1) for line in done.stdout.splitlines())
    assert rows["native part"] == "built"
    assert re.match(r"\d+", rows["cores"])
    assert rows["memory"].endswith("GiB")
    assert "numpy " in rows["needs"]
    assert {"extra plot", "extra notebook", "extra bench", "extra mpi"} <= set(rows)
    assert "extra dev" not in rows


def test_info_ends_with_1_where_no_network_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from lava_actor.cli.info import describe

    monkeypatch.setitem(sys.modules, "lava_actor.kernels.steps", None)
    text, usable = describe()
    assert not usable
    assert re.search("native part +missing", text)


def test_run_is_as_python_would(program: str, tmp_path: Path) -> None:
    done = run("run", program, "--steps", "5", folder=tmp_path)
    assert done.returncode == 3, done.stderr
    assert done.stdout == "__main__ ['--steps', '5'] [5. 5.]\n"
    assert done.stderr == ""


def test_run_shows_progress_if_asked_to(program: str, tmp_path: Path) -> None:
    done = run("run", "--progress", program, folder=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "5.00/5.00" in done.stderr


def test_a_lava_program_runs_unchanged(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text(
        "from lava.proc.lif.process import LIF\nprint(LIF(shape=(1,)).v.shape)\n"
    )
    assert run("run", "--compat", "old.py", folder=tmp_path).stdout == "(1,)\n"
    said = run("run", "old.py", folder=tmp_path).stderr
    first = f'Traceback (most recent call last):\n  File "{tmp_path / "old.py"}", line 1'
    assert said.startswith(first), said
    assert "No module named 'lava'" in said
    assert "lava-actor run --compat" in said


def test_a_program_that_cannot_be_read_is_one_line_of_error(tmp_path: Path) -> None:
    done = run("run", "absent.py", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "lava-actor: cannot read 'absent.py': No such file or directory\n"


def test_an_error_of_the_program_about_a_file_of_its_name_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "gone.py").write_text("raise FileNotFoundError(2, 'No such file', 'gone.py')")
    done = run("run", "gone.py", folder=tmp_path)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "cannot read" not in done.stderr


@pytest.mark.parametrize(
    "command", [("run",), ("bench", "--json", "written"), ("trace", "--output", "written")]
)
def test_a_program_finds_its_file_from_any_folder_and_is_found_in_that_of_its_target(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    away, home = tmp_path / "away", tmp_path / "home"
    away.mkdir()
    home.mkdir()
    (home / "moves.py").write_text(
        f"import os, sys; os.chdir({str(away)!r}); print(sys.argv, __file__, sys.path[0]); "
        f"open(__file__).close()"
    )
    (tmp_path / "link.py").symlink_to(home / "moves.py")
    done = run(*command, "link.py", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"['link.py'] {tmp_path / 'link.py'} {home}\n"
    assert [p.name for p in tmp_path.glob("**/written")] == ["written"] * (len(command) > 1)
    assert not [*away.iterdir()]


def test_bench_reports_the_networks_of_a_program(program: str, tmp_path: Path) -> None:
    done = run("bench", program, folder=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "steps/s" in done.stderr


def test_trace_writes_a_trace_and_names_the_slowest_actor(program: str, tmp_path: Path) -> None:
    done = run("trace", "--output", "what.json", program, "mine", folder=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "['mine']" in done.stdout
    assert "slowest: Process_0" in done.stderr
    events = json.loads((tmp_path / "what.json").read_text())["traceEvents"]
    assert [e["args"]["steps"] for e in events if e["name"] == "run 1: finished"] == [5]


def test_bench_alone_measures_and_checks_two_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    from lava_actor.bench import quick

    monkeypatch.setattr(quick, "SECONDS", 0.0)
    monkeypatch.setattr(quick, "CHAINS", ((2, 20), (3, 30)))
    assert sum(" us per step, " in line for line in quick.measure()) == 2
    monkeypatch.setattr(quick, "DECAY", 0.5)
    real = quick.LIF
    monkeypatch.setattr(quick, "LIF", lambda **given: real(**{**given, "dv": 0.25}))
    with pytest.raises(quick.WrongResultError, match="other potentials than NumPy"):
        list(quick.measure())


@pytest.mark.parametrize("command", [("bench", "--json"), ("trace", "--output")])
def test_a_file_that_cannot_be_written_is_told_before_the_program_runs(
    command: tuple[str, str], program: str, tmp_path: Path
) -> None:
    done = run(*command, "nowhere/file.json", program, folder=tmp_path)
    assert done.returncode == 2
    assert "cannot write 'nowhere/file.json'" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("option", [("--json", "reports.json"), ("--compat",), ("-m",)])
def test_what_bench_is_told_about_a_program_needs_one(
    option: tuple[str, ...], tmp_path: Path
) -> None:
    done = run("bench", *option, folder=tmp_path)
    assert done.returncode == 2
    assert "error: --json, --compat and -m are about a PROGRAM" in done.stderr
    assert done.stdout == ""
