"""What keeps an actor from resting or answering: in a step, it waits for one who need not act."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lava_actor.runtime.service.deadlock import ON_A_RING

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from lava_actor.channels import Party
    from lava_actor.channels.layout import ArenaPlan

#: How long an actor may wait for such a one before a request to it is refused.
PATIENCE_SECONDS = 2.0

AtRing = tuple[str, int, float]
"""A wait at a ring: its kind, the ring, how many seconds it has lasted."""


def at_ring(party: Party) -> AtRing | None:
    """The ring at which an actor waits."""
    blocked = party.blocked
    if blocked is None or blocked[0] not in ON_A_RING:
        return None
    return blocked[0], blocked[1], (time.monotonic_ns() - blocked[2]) / 1e9


def hindrance(
    plan: ArenaPlan, party: int, wait_of: Callable[[int], AtRing | None], others: AbstractSet[int]
) -> str | None:
    """In words, why a party cannot rest: too long it waits for one of ``others``, who need not act.

    Or for one that waits for one of these, and so on.
    """
    first, met = "", set[int]()
    while party not in met:
        met.add(party)
        wait = wait_of(party)
        if wait is None or wait[2] < PATIENCE_SECONDS:
            return None
        kind, index, _ = wait
        ring = plan.rings[index]
        first = first or ring.name
        ends = (ring.writer,) if kind == "data" else ring.readers
        if not others.isdisjoint(ends):
            return f"it is in the middle of a step, waiting for the other end of {first}"
        party = ends[0]
    return None
