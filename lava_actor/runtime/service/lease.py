"""Granting steps in leases.

The horizon is raised by a few milliseconds of work at a time, so that a pause, which simply stops
raising it, finds everybody parked at one step soon. How many steps that is, is measured while
running: it starts small, doubles as long as everybody uses it up at once, and then follows the
rate. Too small a lease would keep actors from running ahead of each other: each of them would be
woken for a few steps. So it is never less than `LEAST_STEPS`, and where many actors share a core
it stands for more time, or waking them all would take what there is.

The lease is extended by a timer before it is used up; an actor that reaches the horizon all the
same wakes the service. That alone extends nothing: whoever is first in a line may be there while
the last have not begun. What counts is how far the slowest is, and less than a quarter of a lease
is not worth waking anybody.

A network on several ranks has a clock, and a lease, on each of them. They count from the slowest
actor of all, so that no rank gets further ahead than a lease: or a pause would have to wait until
the others have caught up. What is done on other machines is known a little late; there a lease
stands for more time.

In lockstep the actors grant each step to themselves (the last at the barrier does); the lease is
then the first step only.

What is granted becomes the horizon as far as the actors that wait for the user are ready, see
`domain.h`. A pause freezes the horizon: the last step that may start is the one all end with.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lava_actor.protocol import words

if TYPE_CHECKING:
    from lava_actor.channels import Arena, Party

#: Work granted at a time, in seconds; for each actor where many share a core; where there are other
#: machines; and the most.
LEASE_SECONDS = 0.01
CROWDED_SECONDS = 0.001
WIDE_SECONDS = 0.03
#: Seconds between two looks at what is done on other machines: nobody wakes us for that.
WIDE_LOOK_SECONDS = 0.001
MOST_SECONDS = 0.25
LEAST_STEPS = 4
#: Seconds between two looks when there is nothing to do.
PATIENT_SECONDS = 0.25


class Lease:
    """Moves ``horizon`` and ``fence`` of the clock for the leading service.

    Parameters
    ----------
    arena : Arena
    parties : tuple of int
        Who steps by this clock.
    lockstep : bool
        Whether they grant steps to themselves.
    crowd : float
        How many of them share a core.
    """

    def __init__(
        self, arena: Arena, parties: tuple[int, ...], lockstep: bool, crowd: float = 1.0
    ) -> None:
        self.clock = arena.domain(words.CLOCK)
        self.parties = [arena.party(p) for p in parties]
        self.lockstep = lockstep
        self.target = 0
        self.active = False
        wide = bool(arena.plan.elsewhere)
        least = WIDE_SECONDS if wide else LEASE_SECONDS
        self.seconds = min(max(least, crowd * CROWDED_SECONDS), MOST_SECONDS)
        self._look = WIDE_LOOK_SECONDS if wide else self.seconds / 5
        self._rate = 0.0
        self._mark = (0.0, 0)
        self._steps = LEAST_STEPS
        self._granted_at = 0.0
        self._hungry = False  # since the last grant: what others have done is known later

    def start(self, steps: int | None, runs: Party) -> None:
        """Begin a run of ``steps`` steps (None: until told otherwise) from the last fence.

        The run counter is the turn of ``runs``. The fence moves first, and actors look at it last:
        none may take the end of the last run for the end of this one.
        """
        here = self.clock.fence
        self.target = (1 << 61) if steps is None else here + steps
        self.clock.fence = self.target
        runs.turn += 1
        self.clock.thaw()
        self._mark = (time.monotonic(), here)
        if self.lockstep:
            self.clock.raise_horizon(here + 1)
            return
        self._grant(here)

    def extend(self, *, hungry: bool = False) -> None:
        """Raise the horizon; ``hungry`` says that an actor has reached it."""
        if self.lockstep:  # granted by an actor, perhaps during a hold
            self.clock.raise_horizon(min(int(self.clock.fence), int(self.clock.granted)))
        if not self.active:
            return
        done = self.clock.slowest
        hungry = self._hungry = hungry or self._hungry
        now = time.monotonic()
        since, at = self._mark
        nearly_used = self.clock.granted - done <= self._steps / 2
        if now - since >= self.seconds / 2 and done > at:
            rate = (done - at) / (now - since)
            self._rate = rate if self._rate == 0.0 else 0.5 * (self._rate + rate)
            self._mark = (now, done)
            self._steps = max(LEAST_STEPS, int(self._rate * self.seconds) + 1)
        elif hungry and nearly_used and now - self._granted_at < self.seconds / 4:
            self._steps *= 2
        self._grant(done)

    def _grant(self, done: int) -> None:
        horizon = min(self.target, done + self._steps)
        more = horizon - self.clock.granted
        if more > 0 and (more >= self._steps / 4 or horizon == self.target):
            self._granted_at, self._hungry = time.monotonic(), False
            self.clock.raise_horizon(horizon)
        self.active = self.clock.granted < self.target

    @property
    def period(self) -> float:
        """When to look again: soon, unless there is nothing to grant before the user acts."""
        waits = self.clock.horizon < self.clock.granted
        return self._look if self.active and not waits else PATIENT_SECONDS

    def hold(self) -> int:
        """Grant nothing more for now; the last step that may start."""
        self.active = False
        return min(int(self.clock.fence), int(self.clock.freeze()))

    def release(self) -> None:
        """Grant steps again after a `hold`, unless the run has been told to end since."""
        if self.clock.horizon < min(self.target, int(self.clock.fence)):
            self.clock.thaw()
            self.active = not self.lockstep
            self.extend()

    def end_at(self, step: int) -> None:
        """Let the run end with a step, the one of `hold` or a later one."""
        self.clock.fence = self.target = step
        if step > self.clock.horizon:
            self.clock.thaw()
            self.clock.raise_horizon(step)
        for party in self.parties:
            party.post()

    def catch_up(self, step: int) -> None:
        """Let everybody come to a step that others have reached, who have clocks of their own."""
        if not self.lockstep and step > self.clock.horizon:
            self.clock.thaw()
            self.clock.raise_horizon(step)

    def end_here(self) -> None:
        """Let nobody begin a step that nobody has begun; to be called again and again.

        For somebody may just have looked, and begin one: then the others do it as well.
        """
        furthest = max((int(party.step) for party in self.parties), default=0)
        if self.clock.limit != furthest:
            self.clock.limit = furthest
            for party in self.parties:
                party.post()

    def stop(self) -> None:
        """The run is over."""
        self.active = False
