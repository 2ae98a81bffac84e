"""What ranks of one machine have in common: they see each other, and share its cores."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Processes = dict[int, int]
"""By rank."""


@dataclass(frozen=True)
class Machine:
    """The machine of this rank.

    Attributes
    ----------
    with_program : of the ranks on the machine of rank 0
    is_with_program : whether this is one of them
    cores : for the actors of this rank: its share of those that several may use, but for one,
        which is the courier's
    """

    with_program: Processes
    is_with_program: bool
    cores: int


def look(world: Any) -> Machine:
    """Look around; all ranks call it together."""
    cores = frozenset(os.sched_getaffinity(0))
    told = world.allgather((_machine(), os.getpid(), cores))
    with_program = {r: pid for r, (where, pid, _) in enumerate(told) if where == told[0][0]}
    sharing = sum(where == _machine() and bool(cores & others) for where, _, others in told)
    return Machine(with_program, world.Get_rank() in with_program, len(cores) // sharing - 1)


def _machine() -> tuple[str, ...]:
    """What is equal for processes that can see each other."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()
    return os.uname().nodename, boot, os.readlink("/proc/self/ns/pid")
