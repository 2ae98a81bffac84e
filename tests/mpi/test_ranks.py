"""Networks on several ranks: real ones, started by ``mpiexec`` on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytest.importorskip("mpi4py")
MPIEXEC = Path(sys.executable).parent / "mpiexec"
if not MPIEXEC.exists():
    pytest.skip("no mpiexec beside this Python", allow_module_level=True)

ROOT = str(Path(__file__).parents[2])
PROGRAMS = ("-m", "tests.mpi.programs")


def command(n: int, *what: str) -> list[str]:
    """What starts a program on ``n`` ranks, with the flags that tests have."""
    ours = ("-W", "error", "-m", "lava_actor.mpi")
    return [str(MPIEXEC), "-n", str(n), sys.executable, *ours, *what]


def run(folder: Path, n: int, *what: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(n, *what), capture_output=True, text=True, check=False, timeout=800, cwd=folder,
        env={**os.environ, "PYTHONPATH": ROOT},
    )  # fmt: skip


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """A network that runs on two ranks, and its two interpreters."""
    with subprocess.Popen(
        command(2, *PROGRAMS, "endless"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": ROOT}, start_new_session=True,
    ) as started:  # fmt: skip
        try:
            assert started.stdout is not None
            assert "running" in next(started.stdout)
            family = psutil.Process(started.pid).children(recursive=True)
            ranks = [p for p in family if "lava_actor.mpi" in " ".join(p.cmdline())]
            assert len(ranks) == 2
            yield started, ranks
        finally:
            started.kill()
    psutil.wait_procs(family, timeout=60)
    assert [p for p in family if p.is_running()] == []


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("n", "seeds"),
    [
        (2, (0, 2)),
        (3, (2, 4)),
        pytest.param(2, (4, 24), marks=pytest.mark.slow),
        pytest.param(4, (24, 44), marks=pytest.mark.slow),
    ],
)
def test_random_networks_compute_the_same_on_any_number_of_ranks(
    n: int, seeds: tuple[int, int], tmp_path: Path
) -> None:
    done = run(tmp_path, n, *PROGRAMS, "random_networks", *map(str, seeds))
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr


def test_whatever_a_user_does_with_a_network_works_on_ranks(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    done = run(tmp_path, 2, *PROGRAMS, "everything", str(folder))
    printed = [line for line in done.stdout.splitlines() if line.startswith("[counter]")]
    assert done.returncode == 0, done.stderr
    assert printed == [f"[counter] step {n} of the counter" for n in (1, 2)]
    assert done.stdout.endswith("well\n")
    assert [file.name for file in folder.iterdir()] == ["network"]


def test_a_program_that_ends_ends_all_ranks_with_its_exit_code(tmp_path: Path) -> None:
    done = run(tmp_path, 2, *PROGRAMS, "leaves")
    assert done.returncode == 3, done.stderr


@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_is_killed_ends_the_network_everywhere(
    rank: int, endless: tuple[subprocess.Popen[str], list[psutil.Process]]
) -> None:
    started, ranks = endless
    ranks[rank].kill()
    told, _ = started.communicate(timeout=60)
    assert started.returncode != 0
    assert "signal 9" in told


def test_an_actor_that_is_killed_on_another_rank_is_named(
    endless: tuple[subprocess.Popen[str], list[psutil.Process]],
) -> None:
    started, ranks = endless
    actors = [p for rank in ranks for p in rank.children(recursive=True) if not p.children()]
    actors[-1].kill()
    told, _ = started.communicate(timeout=60)
    assert "ActorDiedError" in told
    assert "killed by SIGKILL" in told


def test_a_program_for_lava_runs_unchanged(tmp_path: Path) -> None:
    program = tmp_path / "lavas.py"
    program.write_text(
        "from lava.proc.lif.process import LIF\n"
        "from lava.magma.core.run_conditions import RunSteps\n"
        "from lava.magma.core.run_configs import Loihi2SimCfg\n"
        "a, b = LIF(shape=(2,), bias_mant=4, vth=10), LIF(shape=(2,), vth=1000)\n"
        "a.s_out.connect(b.a_in)\n"
        "a.run(condition=RunSteps(num_steps=9), run_cfg=Loihi2SimCfg())\n"
        "assert len({actor.rank for actor in a.runtime.status()}) == 2\n"
        "print(b.u.get())\n"
        "a.stop()\n"
    )
    done = run(tmp_path, 2, "--compat", str(program))
    assert (done.returncode, done.stdout) == (0, "[3. 3.]\n"), done.stderr


def test_without_mpiexec_a_program_runs_on_one_rank(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lava_actor.mpi", *PROGRAMS, "leaves"], check=False,
        capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": ROOT},
        cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (3, "")
