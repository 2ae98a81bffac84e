"""How to wait, as a named policy.

A party that finds nothing to do can *spin* (look again and again) or *sleep* (ask the kernel to
wake it). On a two-core virtual machine a spinning party notices a message after about 0.1 µs, a
sleeping one after 2 µs (same core) to 50 µs (its core had gone idle). Spinning burns a core
meanwhile, though: with more busy parties than cores a spinning party keeps the very peer it waits
for off the core, and everything gets up to ten times slower. Hence the rule of `choose_policy`:
spin only while the parties that compute fit the cores.

Whatever the policy, a sleep is cut into slices of 100 ms (parked between steps: 2 s); after each
one the abort word and pending signals are looked at, so that no wait outlives its peers or ignores
Ctrl-C.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the package looks at the native part before it imports it
    from lava_actor.channels._native import Party


@dataclass(frozen=True)
class WaitPolicy:
    """How long a party looks again before it goes to sleep.

    Parameters
    ----------
    spin_us : int
        Microseconds to spin at the start of every wait; 0 sleeps at once.
    on_free_core : bool
        Spin for up to 50 µs longer while all computing parties that are awake have a core each.
    """

    spin_us: int
    on_free_core: bool = False

    def apply(self, party: Party) -> None:
        """Make `party` wait this way from now on; called by the party itself."""
        party.spin_us = self.spin_us
        party.computing = self.on_free_core


class Blocking(WaitPolicy):
    """Sleep at once: no core is burnt, every wait costs a system call and a wake-up.

    Right when there are more parties than cores, on battery, and in shared test machines.
    """

    def __init__(self) -> None:
        super().__init__(spin_us=0)


class SpinThenBlock(WaitPolicy):
    """Spin for a while, then sleep: short waits cost no system call, long ones burn no core.

    Right while every party has a core of its own. The default is what a sleep and wake-up cost
    anyway, so that the worst case costs at most twice the best choice.
    """

    def __init__(self, spin_us: int = 50) -> None:
        super().__init__(spin_us=spin_us)


class SpinOnFreeCore(WaitPolicy):
    """Spin only while no other party needs the core, then sleep.

    The arena counts who is awake. With more parties than cores most waits sleep at once; only
    where the network itself leaves a core without work (one party computes, all others wait for
    it) the last one to wait keeps that core from going idle, which would cost more than the step.
    """

    def __init__(self) -> None:
        super().__init__(spin_us=0, on_free_core=True)


def available_cores() -> int:
    """Count the cores this process may run on (affinity respected)."""
    return len(os.sched_getaffinity(0))


def choose_policy(n_computing: int, cores: int | None = None) -> WaitPolicy:
    """Choose how parties wait from how many of them compute at the same time.

    Parameters
    ----------
    n_computing : int
        Parties that may be busy at the same time.
    cores : int, optional
        Cores they share; counted when not given.

    Returns
    -------
    WaitPolicy
        `SpinThenBlock` while the parties fit the cores, `SpinOnFreeCore` otherwise, `Blocking`
        where others have all cores.
    """
    if cores is None:
        cores = available_cores()
    if cores < 1:
        return Blocking()
    return SpinThenBlock() if n_computing <= cores else SpinOnFreeCore()
