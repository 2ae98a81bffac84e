"""Reading the wait graph: what still moves, and if nothing does, who waits for whom.

Every actor keeps in the arena what it is blocked on and a counter of completed operations. A look
costs a few loads per actor and nothing in the actors' hot path. A network is stuck when, between
two looks, no counter moved, every actor is parked or blocked on a ring, and at least one is
blocked on a ring whose other end is neither the user's interpreter nor still at work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lava_actor.errors import Failure
from lava_actor.runtime import words

if TYPE_CHECKING:
    from lava_actor.channels import Arena, Party
    from lava_actor.runtime.plan import ServicePlan

#: Kinds of `Party.blocked` that name a ring: waiting for a message, waiting for a free slot.
ON_A_RING = ("data", "space")

#: Looks without any movement before a network counts as stuck.
STILL_LOOKS = 4


def at_barrier(party: Party) -> bool:
    """True if the actor waits for the others at the end of a step or phase."""
    blocked = party.blocked
    return blocked is not None and blocked[0] == "barrier"


def waits_for_others(party: Party) -> bool:
    """True if the actor does nothing by itself: parked, gone, at a barrier, not its turn."""
    return party.state in (words.PARKED, words.TURN, words.GONE) or at_barrier(party)


def has_nothing_to_do(party: Party) -> bool:
    """True if an actor would do nothing more, now that the network ends: nobody waits for it."""
    blocked = party.blocked
    return waits_for_others(party) or (blocked is not None and blocked[0] in ON_A_RING)


def state_name(party: Party) -> str:
    """What the actor is doing, in words."""
    if at_barrier(party):
        return "waiting for the others"
    return words.STATE_NAMES.get(party.state, "?")


class Watch:
    """Looks at all actors of a network, whatever domain they are in."""

    def __init__(self, arena: Arena, plan: ServicePlan) -> None:
        self._arena = arena
        self._plan = plan
        self._parties = [arena.party(i) for i in range(plan.n_actors)]
        self._clock = set(plan.clock_parties)
        self._external = set(plan.external_parties)
        self._last: tuple[int, ...] = ()
        self._still = 0

    def forget(self) -> None:
        """A new run begins."""
        self._last, self._still = (), 0

    def _picture(self) -> tuple[int, ...]:
        return tuple(p.progress + p.done + p.step for p in self._parties)

    def look(self) -> Failure | None:
        """The deadlock, once nothing has moved for a while; None as long as something may move."""
        now = self._picture()
        self._still = self._still + 1 if now == self._last else 0
        self._last = now
        if self._still < STILL_LOOKS:
            return None
        blocked = self._blocked()
        if not blocked or not self._all_waiting(blocked):
            return None
        if any(self._waits_for_user(ring, kind) for _, kind, ring in blocked):
            return None
        return self._report(blocked)

    def _blocked(self) -> list[tuple[Party, str, int]]:
        found = []
        for party in self._parties:
            what = party.blocked
            if what is not None and what[0] in ON_A_RING:
                found.append((party, what[0], what[1]))
        return found

    def _all_waiting(self, blocked: list[tuple[Party, str, int]]) -> bool:
        stuck = {party.index for party, _, _ in blocked}
        return all(p.index in stuck or waits_for_others(p) for p in self._parties)

    def _waits_for_user(self, ring: int, kind: str) -> bool:
        plan = self._arena.plan.rings[ring]
        ends = (plan.writer,) if kind == "data" else plan.readers
        return any(end in self._external for end in ends)

    def resting(self) -> bool:
        """True if every actor is parked or gone."""
        return all(p.state in (words.PARKED, words.GONE) for p in self._parties)

    def settled(self) -> bool:
        """True if nobody will complete anything more: parked, gone or waiting."""
        clock = self._arena.domain(words.CLOCK)
        limit, horizon = clock.limit, clock.horizon
        for party in self._parties:
            if party.index not in self._clock:
                continue
            may_step = party.done < min(limit, horizon)
            if not waits_for_others(party) or (party.state == words.PARKED and may_step):
                return False
        return True

    def blocked_for_good(self) -> bool:
        """True if a pause cannot complete: nothing moves and somebody is blocked on a ring."""
        now = self._picture()
        self._still = self._still + 1 if now == self._last else 0
        self._last = now
        blocked = self._blocked()
        return self._still >= 10 and bool(blocked) and self._all_waiting(blocked)

    def _report(self, blocked: list[tuple[Party, str, int]]) -> Failure:
        rings = self._arena.plan.rings
        names = self._arena.plan.parties
        lines = []
        edges: dict[int, tuple[int, str]] = {}
        for party, kind, ring in blocked:
            plan = rings[ring]
            if kind == "data":
                cursor = plan.readers.index(party.index)
                text = f"{plan.reader_names[cursor]} waits for a message from {plan.name}"
                edges[party.index] = (plan.writer, text)
            else:
                slow = self._slowest_reader(ring)
                text = (
                    f"{plan.name} waits for {plan.reader_names[slow]} to receive "
                    f"({plan.depth} messages are queued)"
                )
                edges[party.index] = (plan.readers[slow], text)
            lines.append(text)
        cycle = self._cycle(edges)
        first = blocked[0][0]
        shown = [edges[i][1] for i in cycle] if cycle else lines
        head = "the network waits on itself" if cycle else "the network cannot go on"
        others = [
            f"{names[p.index]} is {state_name(p)} after step {p.done}"
            for p in self._parties
            if p.index not in edges
        ]
        return Failure(
            process=first.name,
            model="",
            phase=words.PHASE_NAMES.get(first.phase, "?"),
            step=int(first.step),
            kind="Deadlock",
            message=f"{head}: " + "; ".join(shown + ([] if cycle else others)),
            traceback="",
            exception=None,
        )

    def _slowest_reader(self, ring: int) -> int:
        queued = [
            self._arena.reader(ring, cursor).available()
            for cursor in range(len(self._arena.plan.rings[ring].readers))
        ]
        return max(range(len(queued)), key=queued.__getitem__)

    @staticmethod
    def _cycle(edges: dict[int, tuple[int, str]]) -> list[int]:
        for start in edges:
            path: list[int] = []
            current = start
            while current in edges and current not in path:
                path.append(current)
                current = edges[current][0]
            if current in path:
                return path[path.index(current) :]
        return []
