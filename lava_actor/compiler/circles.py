"""Which actors wait for each other in every step, because what they send comes back to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lava_actor.channels.layout import RingPlan, RingRequest


def circles(parties: Sequence[int], rings: Iterable[RingRequest | RingPlan]) -> list[list[int]]:
    """The largest groups of these parties in which everybody's messages reach everybody.

    Only by ways among the ``parties``; groups of one are left out.
    """
    from scipy.sparse import coo_array  # of which a network without workers needs nothing
    from scipy.sparse.csgraph import connected_components

    place = {party: i for i, party in enumerate(parties)}
    ways = [
        (place[ring.writer], place[reader])
        for ring in rings
        if ring.writer in place
        for reader in ring.readers
        if reader in place
    ]
    if not ways:
        return []
    fed = coo_array((np.ones(len(ways)), tuple(zip(*ways, strict=True))), (len(place),) * 2)
    _, labels = connected_components(fed, directed=True, connection="strong")
    groups: dict[int, list[int]] = {}
    for party, label in zip(parties, labels.tolist(), strict=True):
        groups.setdefault(label, []).append(party)
    return [group for group in groups.values() if len(group) > 1]
