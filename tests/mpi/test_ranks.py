"""Networks on several ranks: real ones, started by ``mpiexec`` on this machine."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lava_actor import RunSteps, load
from lava_actor.mpi.guard import NAME
from tests.runtime.networks import First

pytest.importorskip("mpi4py")
MPIEXEC = Path(sys.executable).parent / "mpiexec"
if not MPIEXEC.exists():
    pytest.skip("no mpiexec beside this Python", allow_module_level=True)

from tests.mpi.programs import pair  # noqa: E402  (needs mpi4py)

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


def started_ranks(folder: Path, n: int, *what: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(n, *PROGRAMS, *what), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, cwd=folder, env={**os.environ, "PYTHONPATH": ROOT}, start_new_session=True,
    )  # fmt: skip


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """A network that runs on two ranks, and its two interpreters."""
    with started_ranks(tmp_path, 2, "endless") as started:
        try:
            assert started.stdout is not None
            assert "running" in next(started.stdout)
            family = psutil.Process(started.pid).children(recursive=True)
            ours = [p for p in family if p.cmdline()[0] == sys.executable]
            ranks = [p for p in ours if "lava_actor.mpi" in p.cmdline()]
            ranks.sort(key=lambda p: p.environ()["PMI_RANK"])
            assert len(ranks) == 2
            left = Path(ranks[0].environ().get("HWLOC_XMLFILE", tmp_path / "none"))
            yield started, ranks
        finally:
            started.kill()
    left.unlink(missing_ok=True)  # which a killed mpiexec cannot do
    psutil.wait_procs(family, timeout=60)
    assert [p for p in family if p.is_running()] == []


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("n", "seeds", "machines"),
    [
        (2, (0, 1), ()),
        (3, (2, 4), ("--apart=2",)),
        pytest.param(2, (4, 24), ("--apart=1",), marks=pytest.mark.slow),
        pytest.param(4, (24, 44), ("--apart=2",), marks=pytest.mark.slow),
    ],
)
def test_random_networks_compute_the_same_on_any_number_of_ranks(
    n: int, seeds: tuple[int, int], machines: tuple[str, ...], tmp_path: Path
) -> None:
    done = run(tmp_path, n, *machines, *PROGRAMS, "random_networks", *map(str, seeds))
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr


def test_the_command_line_says_once_what_it_takes(tmp_path: Path) -> None:
    done = run(tmp_path, 2)
    assert done.returncode != 0
    assert done.stderr.count("usage: python -m lava_actor.mpi [-h] [--apart N]") == 1
    done = run(tmp_path, 2, "--apart=0", *PROGRAMS)
    assert done.stderr.count("argument --apart: expected a number above 0, got '0'") == 1


@pytest.mark.parametrize("machines", [(), ("--apart=1",)])
def test_whatever_a_user_does_with_a_network_works_on_ranks(
    machines: tuple[str, ...], tmp_path: Path
) -> None:
    """It goes on from a file that was written on one rank, and one rank goes on from its file."""
    folder = tmp_path / "kept"
    folder.mkdir()
    _, sink = pair()
    with sink:
        sink.run(RunSteps(3), First())
        sink.save(folder / "found")
    done = run(tmp_path, 2, *machines, *PROGRAMS, "everything", str(folder))
    printed = [line for line in done.stdout.splitlines() if line.startswith("[counter]")]
    assert done.returncode == 0, done.stderr
    assert printed == [f"[counter] step {n} of the counter" for n in (1, 2)]
    assert done.stdout.endswith("well\n")
    with load(folder / "left") as sink:
        sink.run(RunSteps(1))
        assert sink.runtime.current_step == 21
        assert sink.total.get() == sum((*range(1, 11), *range(101, 112)))


def test_a_program_that_ends_ends_all_ranks_with_its_exit_code(tmp_path: Path) -> None:
    done = run(tmp_path, 2, *PROGRAMS, "leaves")
    assert done.returncode == 3, done.stderr


@pytest.mark.parametrize(
    ("rank", "words"),
    [
        (0, "rank 0, which ran the program, has died: SIGKILL"),
        (1, "ActorDiedError: 1 Exception"),
    ],
)
def test_a_rank_that_is_killed_ends_the_network_everywhere_and_is_named_once(
    rank: int, words: str, endless: tuple[subprocess.Popen[str], list[psutil.Process]]
) -> None:
    started, ranks = endless
    ranks[rank].kill()
    told, _ = started.communicate(timeout=60)
    assert started.returncode != 0
    assert words in told, told
    assert told.count("has died") == 1
    if rank:
        assert f"rank 1: it has died: process {ranks[1].pid} killed by SIGKILL" in told


def guards_of(started: subprocess.Popen[str], n: int) -> dict[str, int]:
    """The ranks' processes, once all have a guard."""
    found: dict[str, int] = {}
    while len(found) < n:
        family = psutil.Process(started.pid).children(recursive=True)
        found = {said[-3]: int(said[-2]) for said in map(cmdline, family) if is_guard(said)}
    return found


def test_a_rank_that_is_killed_while_it_imports_is_named_and_nothing_is_left(
    tmp_path: Path,
) -> None:
    segments = named_memory()
    with started_ranks(tmp_path, 2, "endless") as started:
        psutil.Process(guards_of(started, 2)["1"]).kill()
        told, _ = started.communicate(timeout=60)
    assert started.returncode != 0
    assert "lava_actor: rank 1 has died: SIGKILL" in told
    assert told.count("has died") == 1
    assert named_memory() <= segments


def test_a_rank_that_is_killed_while_ranks_join_leaves_no_name_of_shared_memory(
    tmp_path: Path,
) -> None:
    """It has given the name, and nobody else knows it yet."""
    segments = named_memory()
    with started_ranks(tmp_path, 2, "endless") as started:
        found = guards_of(started, 2)
        psutil.Process(found["1"]).suspend()
        while not named_memory() - segments:
            assert started.poll() is None
        psutil.Process(found["0"]).kill()
        told, _ = started.communicate(timeout=60)
    assert "rank 0, which ran the program, has died: SIGKILL" in told
    assert named_memory() <= segments


def test_ranks_that_all_die_at_once_end_the_program(tmp_path: Path) -> None:
    (tmp_path / "mpi4py.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    done = subprocess.run(
        command(4, *PROGRAMS, "leaves"), capture_output=True, text=True, check=False, timeout=100,
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
    )  # fmt: skip
    assert done.returncode != 0
    assert "has died: SIGKILL" in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(12))
def test_a_rank_that_is_killed_at_any_moment_is_named_once_and_nothing_is_left(
    seed: int, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    n = rng.choice((2, 3))
    with started_ranks(tmp_path, n, "starts_and_stops") as started:
        found = guards_of(started, n)
        time.sleep(rng.random() * 6.0)  # not to synchronise: the moment is to be any
        family = psutil.Process(started.pid).children(recursive=True)
        victim = rng.randrange(n)
        psutil.Process(found[str(victim)]).kill()
        told, _ = started.communicate(timeout=120)
    assert started.returncode != 0
    named = [line for line in told.splitlines() if "has died" in line and f"rank {victim}" in line]
    assert named, told
    assert told.count("has died") == 1, told
    _, left = psutil.wait_procs(family, timeout=60)
    assert left == []  # names in /dev/shm: the fixture waits until a guard has removed them


def named_memory() -> set[str]:
    """What MPI has named; others name semaphores meanwhile."""
    return set(NAME.findall(" ".join(f"/dev/shm/{name}" for name in os.listdir("/dev/shm"))))


def is_guard(words: list[str]) -> bool:
    """Whether that starts the guard of a rank, whose last words are rank, process, descriptor."""
    return len(words) > 3 and words[-4].endswith("guard.py")


def cmdline(process: psutil.Process) -> list[str]:
    """The words of a command, none if it has ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.slow
def test_a_service_that_is_stopped_for_long_goes_on_when_it_is_let(
    endless: tuple[subprocess.Popen[str], list[psutil.Process]],
) -> None:
    """Ten seconds are when a service that is to start is given up; one that runs is not."""
    started, ranks = endless
    (launcher,) = ranks[1].children()
    (service,) = launcher.children()
    service.suspend()
    time.sleep(13.0)
    service.resume()
    time.sleep(1.0)
    assert started.poll() is None
    started.send_signal(signal.SIGINT)
    told, _ = started.communicate(timeout=60)
    assert "KeyboardInterrupt" in told


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
