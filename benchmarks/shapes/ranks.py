"""Ranks on this machine: a chain, and balanced networks of which each has a rank.

A rank has actors and a thread that carries; on a machine with fewer cores than that they share.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from benchmarks.measure import Case, Contender, Run

MPIEXEC = Path(sys.executable).parent / "mpiexec"


def ranks(n_ranks: int, steps: int, *what: str, bound: bool = False) -> Contender:
    """A network of `benchmarks.ranks`, without MPI on no rank; ``bound``: each has one core.

    All run as many ``steps``: a command takes some milliseconds to all ranks and back.
    """

    @contextmanager
    def opened() -> Iterator[Run]:
        command = [sys.executable, "-m", "benchmarks.ranks", *what]
        if n_ranks:
            command[1:1] = ["-m", "lava_actor.mpi"]
            binding = ("-bind-to", "core") if bound else ()
            command = [str(MPIEXEC), *binding, "-n", str(n_ranks), *command]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            into, out = process.stdin, process.stdout

            def run(steps: int) -> float:
                into.write(f"{steps}\n")
                into.flush()
                return float(out.readline()) * steps / 1e6

            yield run
            into.close()
            out.read()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)

    name = f"{n_ranks} rank{'s' * (n_ranks > 1)}" if n_ranks else "one runtime, without MPI"
    return Contender(name, opened, fixed=steps)


def cases(full: bool) -> Iterator[Case]:
    """The chain of 41 on 1, 2 and 4 ranks; balanced networks on 1 and 2, a core for each."""
    there_is_mpi = find_spec("mpi4py") is not None and MPIEXEC.exists()
    chains = tuple(ranks(n, 5000, "chain", "41") for n in ((0, 1, 2, 4) if there_is_mpi else (0,)))
    yield Case("ranks", "41 processes", "step", chains)
    if there_is_mpi:
        networks = tuple(ranks(n, 300, "balanced", str(n), bound=True) for n in (1, 2))
        yield Case("ranks", "a balanced network per rank", "step", networks)
