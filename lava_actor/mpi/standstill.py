"""Deadlocks of a network that lives on several ranks.

No rank can see one alone: for its own services whoever waits for another rank may be helped from
there. So rank 0 puts together what all of them say. From time to time it asks every rank how many
items have crossed its borders. If as many have come as were sent, nothing is on the way, and it
asks the services who cannot move unless somebody elsewhere does. Those who wait only for each
other, over all ranks, are stuck, if the next look finds the same: the same picture everywhere, and
not one item more on any border.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from lava_actor.protocol import words
from lava_actor.runtime.service.deadlock import FAR, Picture, Seen, fixed, report, stuck_of

if TYPE_CHECKING:
    from lava_actor.channels.layout import ArenaPlan
    from lava_actor.errors import Failure

#: Seconds between two looks.
LOOK_SECONDS = 0.4

Counts = dict[int, tuple[int, int]]
"""Items sent and received, by rank."""


class Standstill:
    """Puts together what ranks and services say; see the module.

    Parameters
    ----------
    plan : ArenaPlan
    ranks : the ranks that have actors
    watchers : the services that watch, by number
    count, ask : ask all ranks for their counts, or all watchers who waits
    """

    def __init__(
        self,
        plan: ArenaPlan,
        ranks: set[int],
        watchers: set[int],
        count: Callable[[], None],
        ask: Callable[[], None],
    ) -> None:
        self._plan = plan
        self._ranks = ranks
        self._watchers = watchers
        self._count, self._ask = count, ask
        self._next = 0.0
        self._counts: Counts = {}
        self._answers: dict[int, Picture] = {}
        self._last: object = None

    def tick(self) -> None:
        """Look again, if it is time."""
        now = time.monotonic()
        if now > self._next:
            self._next = now + LOOK_SECONDS
            self._counts, self._answers = {}, {}
            self._count()

    def counted(self, rank: int, sent: int, received: int) -> None:
        """A rank says what has crossed its borders."""
        self._counts[rank] = sent, received
        if self._counts.keys() != self._ranks:
            return
        if sum(s for s, _ in self._counts.values()) == sum(r for _, r in self._counts.values()):
            self._ask()
        else:
            self._last = None

    def judge(self, index: int, answer: Picture) -> Failure | None:
        """A service says who waits; the deadlock, if all have and it is one."""
        self._answers[index] = answer
        if self._answers.keys() != self._watchers or self._counts.keys() != self._ranks:
            return None
        waits = {i: w for held, _, _ in self._answers.values() for i, w in held.items()}
        seen = {i: s for _, those, _ in self._answers.values() for i, s in those.items()}
        slowest = self._slowest(seen)
        for i, wait in waits.items():
            if FAR in wait.needs:
                waits[i] = wait._replace(needs=wait.needs - {FAR} | slowest)
        changing = {number: what for number, (_, _, what) in self._answers.items()}
        held = fixed(waits)
        picture = (held, changing, self._counts)
        last, self._last = self._last, picture
        if not stuck_of(held) or picture != last:
            return None
        return report(self._plan, held, seen.__getitem__)

    def _slowest(self, seen: dict[int, Seen]) -> frozenset[int]:
        """Who holds the clocks of all machines down."""
        done = {i: seen[i].done for i in self._plan.domains[words.CLOCK] if i in seen}
        least = min(done.values(), default=0)
        return frozenset(i for i, step in done.items() if step == least)
