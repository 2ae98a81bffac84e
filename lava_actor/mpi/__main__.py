"""``mpiexec -n 4 python -m lava_actor.mpi [--apart=1] [--compat] [--progress] [-m] PROGRAM``.

Rank 0 runs the program as `lava-actor run` does; the other ranks serve its networks.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lava_actor.cli.main import add_run
from lava_actor.mpi.courier import Courier
from lava_actor.mpi.crew import RanksCrew
from lava_actor.mpi.deaths import Deaths
from lava_actor.mpi.guard import ALONE, DONE, NAME, Guard, guard_of
from lava_actor.mpi.host import Host
from lava_actor.mpi.machine import look
from lava_actor.runtime.runtime import stop_all
from lava_actor.runtime.user import network
from lava_actor.utils.programs import above_zero

if TYPE_CHECKING:
    from mpi4py.MPI import Comm


def main() -> None:
    """Be this rank."""
    if (guard := Guard.of_this_rank) is not None:
        guard.end_with_it()
    try:
        import mpi4py

        mpi4py.rc.finalize = False  # with a rank that is dead it would wait for ever
        from mpi4py import MPI
    except ImportError:
        sys.exit("lava_actor.mpi: mpi4py is missing: pip install 'lava_actor[mpi]'")
    if MPI.Query_thread() < MPI.THREAD_SERIALIZED:
        sys.exit("lava_actor.mpi: this MPI does not let a second thread call it")
    world = MPI.COMM_WORLD.Dup()
    _take_names_away(world)
    machine = look(world, apart=_apart())
    watched = machine.with_program

    def no_longer() -> None:
        deaths.close()
        if guard is not None:
            guard.say(ALONE)

    courier = Courier(world, machine, Host, no_longer)
    if courier.rank:
        if guard is not None and machine.is_with_program:
            guard.say(str(guard_of(watched[0])))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C belongs to the user's program
        deaths = Deaths({0: watched[0]} if machine.is_with_program else {}, lambda *_: os._exit(1))
        courier.start()
        courier.over.wait()
        _go(guard, whole=True)
    else:
        deaths = Deaths({rank: pid for rank, pid in watched.items() if rank}, courier.lost)
        courier.start()
        network.make_crew = partial(RanksCrew, courier=courier)
        try:
            given = options().parse_args()
            given.action(given)
        finally:
            stop_all()
            whole = courier.leave()
            deaths.close()
            _go(guard, whole=whole)


def options() -> argparse.ArgumentParser:
    """What the command line may say."""
    parser = argparse.ArgumentParser(
        prog="python -m lava_actor.mpi",
        description="Run PROGRAM on rank 0 as `lava-actor run` does; the other ranks that "
        "`mpiexec -n N` starts serve its networks.",
    )
    parser.add_argument(
        "--apart", type=above_zero(int), default=0, metavar="N",
        help="treat each N ranks of a machine as if they had one of their own, to try what happens "
        "on several",
    )  # fmt: skip
    add_run(parser)
    return parser


def _apart() -> int:
    """What every rank has to know; what is wrong with the rest, the first one says."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            return int(options().parse_args().apart)
        except SystemExit:
            return 0


def _go(guard: Guard | None, *, whole: bool) -> None:
    """Leave MPI; with a rank that is dead nobody can, and the launcher ends those that are left."""
    if whole:
        from mpi4py import MPI

        MPI.Finalize()
    if guard is not None:
        guard.say(DONE)


def _take_names_away(world: Comm) -> None:
    """Let MPI's shared memory end with the ranks, also if they are killed: it is open by now."""
    maps = Path("/proc/self/maps")
    names = set(NAME.findall(maps.read_text())) if maps.exists() else ()
    world.Barrier()
    for name in names:
        Path(name).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
