"""What ranks of one machine have in common: they see each other, share memory and cores.

Whoever may open another process's descriptors may map its arena. So may the ranks of one machine,
as one user started them. Where that is forbidden each of them stands for a machine of its own.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from lava_actor.plain import plain

if TYPE_CHECKING:
    from mpi4py.MPI import Comm
Processes = dict[int, int]
"""By rank."""


@plain(frozen=True)
class Machine:
    """The machine of this rank.

    Attributes
    ----------
    with_program : of the ranks on the machine of rank 0
    is_with_program : whether this is one of them
    homes : for every rank, the first one that it shares memory with
    cores : for the actors of this rank: its share of those that several may use, but for one where
        there are other machines, which is the courier's
    shared_cores : for the actors of all ranks that share memory with this one
    gives_way : whether actors of this rank interrupt nobody by waking, as others use its cores.
        Linux shares cores among sessions first, of which each rank has one: else who wakes stops
        the actor elsewhere that has just written to it, at each message
    nudges : descriptors of a pipe that wakes this rank's courier, to read and to write
    bells : descriptors that wake the couriers of the ranks that share memory with this one
    """

    with_program: Processes
    is_with_program: bool
    homes: tuple[int, ...]
    cores: int
    shared_cores: int
    gives_way: bool
    nudges: tuple[int, int]
    bells: dict[int, int]

    def mates(self, ranks: Collection[int]) -> dict[int, tuple[int, ...]]:
        """For each of some ranks, those of them that share its memory: the first one makes it."""
        return {
            rank: tuple(o for o in sorted(ranks) if self.homes[o] == self.homes[rank])
            for rank in sorted(ranks)
        }


def look(world: Comm, *, apart: int = 0) -> Machine:
    """Look around; all ranks call it together. As if each machine had ``apart`` ranks at most."""
    rank, cores = world.Get_rank(), frozenset(os.sched_getaffinity(0))
    nudges = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    told = world.allgather((_machine(), os.getpid(), cores, nudges[1]))
    machines = [where for where, *_ in told]
    with_program = {r: told[r][1] for r, where in enumerate(machines) if where == machines[0]}
    groups = [(where, r // apart if apart else 0) for r, where in enumerate(machines)]
    bells = {}
    for other, (_, pid, _, bell) in enumerate(told):
        if groups[other] == groups[rank] and other != rank:
            with contextlib.suppress(OSError):
                flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC
                bells[other] = os.open(f"/proc/{pid}/fd/{bell}", flags)
    first = groups.index(groups[rank])
    homes = tuple(world.allgather(first if first in bells else rank))
    mates = [told[other][2] for other, home in enumerate(homes) if home == homes[rank]]
    sharing = sum(where == machines[rank] and bool(cores & c) for where, _, c, _ in told)
    return Machine(
        with_program,
        rank in with_program,
        homes,
        len(cores) // sharing - (len(set(homes)) > 1),
        len(frozenset().union(*mates)),
        sharing > 1,
        nudges,
        {other: bell for other, bell in bells.items() if homes[other] == homes[rank]},
    )


def _machine() -> tuple[str, ...]:
    """What is equal for processes that can see each other."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()
    return os.uname().nodename, boot, os.readlink("/proc/self/ns/pid")
