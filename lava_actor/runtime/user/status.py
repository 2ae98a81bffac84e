"""What every actor is doing, read from the arena."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lava_actor.process.tables import table
from lava_actor.protocol import words
from lava_actor.runtime.service.deadlock import WAITS_FOR, state_name
from lava_actor.runtime.user.hindrance import AtRing, at_ring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lava_actor.channels import Arena


@dataclass(frozen=True)
class ActorStatus:
    """One actor: ``step`` is the last completed one, times are seconds since the start."""

    process: str
    model: str
    step: int
    phase: str
    state: str
    waits_for: str
    busy: float
    waiting: float
    rank: int = 0  # on a cluster, where it lives
    worker: int | None = None  # the process that it shares with others
    at_ring: AtRing | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """One readable line."""
        waits = f", waits for {self.waits_for}" if self.waits_for else ""
        where = f" on rank {self.rank}" * bool(self.rank)
        where += f" in worker {self.worker}" * (self.worker is not None)
        return (
            f"{self.process} ({self.model}){where}: step {self.step}, {self.state}{waits}; "
            f"busy {self.busy:.3f} s, waiting {self.waiting:.3f} s"
        )


def busy_between(then: ActorStatus, now: ActorStatus, seconds: float) -> float:
    """Return how long an actor was busy between two looks at it, ``seconds`` apart.

    An actor accounts for a stretch of work when it parks, and for a wait when the wait ends. If it
    is parked now, its work is known, and its waits may reach back to before the first look;
    otherwise it is the other way round.
    """
    busy = now.busy - then.busy
    if now.state != words.STATE_NAMES[words.PARKED]:
        busy = max(busy, seconds - (now.waiting - then.waiting))
    return min(max(busy, 0.0), seconds)


def read_status(
    arena: Arena, actors: Iterable[tuple[int, str, str]], rank: int = 0
) -> dict[int, ActorStatus]:
    """What each of the actors (party, name, model) does, by party."""
    found = {}
    for index, name, model in actors:
        party = arena.party(index)
        blocked = party.blocked
        waits = ""
        if blocked is not None and blocked[0] in WAITS_FOR:
            waits = f"{WAITS_FOR[blocked[0]]} {arena.plan.rings[blocked[1]].name}"
        elif _waits_for_user(arena, index):
            waits = "the user's end of its external pipe"
        state = state_name(party)
        if waits and state == words.STATE_NAMES[words.STEPPING]:
            state = "waiting"
        phase, step = words.PHASE_NAMES.get(party.phase, "?"), int(party.done)
        found[index] = ActorStatus(
            name, model, step, phase, state, waits, busy=party.busy_ns / 1e9,
            waiting=party.wait_ns / 1e9, rank=rank, at_ring=at_ring(party),
        )  # fmt: skip
    return found


def table_of(title: str, actors: list[ActorStatus]) -> str:
    """An HTML table of what actors are doing."""
    rows = []
    for actor in actors:
        total = actor.busy + actor.waiting
        waits = f", waits for {actor.waits_for}" if actor.waits_for else ""
        busy = f"{actor.busy / total:.0%}" if total else ""
        rows.append((actor.process, actor.model, f"{actor.step:,}", busy, f"{actor.state}{waits}"))
    return table(title, ("actor", "model", "step", "busy", "state"), rows, "actors")


def _waits_for_user(arena: Arena, index: int) -> bool:
    """True if the network could go on if this actor did not have to wait for the user."""
    if index not in arena.plan.paced:
        return False
    clock, party = arena.domain(words.CLOCK), arena.party(index)
    return bool(party.done == party.ready == clock.horizon < clock.granted)
