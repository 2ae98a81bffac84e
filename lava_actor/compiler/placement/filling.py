"""Filling the cores: which actors live together there, and what is cut for that.

A population and what feeds it alone, row by row, are a group: a core that has one needs to be told
nothing but spikes. Each part of a connection works off as many columns as the whole one, so little
is cut: the groups stand in a line, as long as their work, which is divided between the cores, and a
group is cut only where a core ends within it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from lava_actor.compiler.placement.costs import sends_first
from lava_actor.plain import plain

if TYPE_CHECKING:
    from lava_actor.channels.layout import RingRequest
    from lava_actor.compiler.executable import ActorPlan

LEAST_PIECE = 5_000
"""Nanoseconds of work for whose sake a group is cut."""

LEAST_SHARE = 0.05
"""The same as a share of the work of one core."""


@plain(frozen=True)
class Cuttable:
    """How many rows an actor has, and how many of them have to stay together."""

    rows: int
    slice: int


@plain(frozen=True)
class Filling:
    """Where the parts of each actor that is cut end, and the workers of its parts, by party."""

    ends: Mapping[int, tuple[int, ...]]
    homes: Mapping[int, tuple[int, ...]]


def fill(
    order: Sequence[ActorPlan], rings: Sequence[RingRequest], cuttable: Mapping[int, Cuttable],
    work: Mapping[int, float], workers: int,
) -> Filling:  # fmt: skip
    """Divide actors between so many workers.

    Parameters
    ----------
    order : actors
        Neighbours in the line.
    rings : RingRequests
        Between them.
    cuttable, work : dict
        Of each party that can be cut, what it may be cut into; of each, nanoseconds per step.
    workers : int
        How many there are.
    """
    share = sum(work.values()) / workers
    least = max(LEAST_PIECE, LEAST_SHARE * share)
    ends: dict[int, tuple[int, ...]] = {}
    homes: dict[int, tuple[int, ...]] = {}
    begin = 0.0
    for group in _groups(order, rings, cuttable):
        own = sum(work[party] for party in group)
        rows, unit = 1, 1
        marks: list[float] = []  # where it is cut
        if group[0] in cuttable:
            rows = cuttable[group[0]].rows
            unit = math.lcm(*(cuttable[party].slice for party in group))
            ends_of_cores = ((k * share - begin) / own for k in range(1, workers) if own)
            marks = [at for at in ends_of_cores if least <= at * own <= own - least]
            if len(marks) >= (most := max(1, int(own // least))):
                marks = [k / most for k in range(1, most)]
        pieces = list(pairwise(sorted({0, *(round(m * rows / unit) * unit for m in marks), rows})))
        middles = (begin + own * (first + end) / 2 / rows for first, end in pieces)
        at = tuple(min(workers - 1, int(middle / share)) if share else 0 for middle in middles)
        homes.update(dict.fromkeys(group, at))
        if len(pieces) > 1:
            ends.update(dict.fromkeys(group, tuple(end for _, end in pieces)))
        begin += own
    return Filling(ends, homes)


def _groups(
    order: Sequence[ActorPlan], rings: Sequence[RingRequest], cuttable: Mapping[int, Cuttable]
) -> Iterator[list[int]]:
    """Yield parties that are cut alike, if at all: what feeds one of them alone, and that one."""
    readers: dict[int, set[int]] = {}
    recorders = {plan.party for plan in order if plan.recordings}
    for ring in rings:
        readers.setdefault(ring.writer, set()).update({*ring.readers} - recorders)
    mapped = {
        rings[edge.ring].writer
        for plan in order for port in plan.in_ports for edge in port.edges
        if edge.index_map is not None
    }  # fmt: skip
    feeds = {plan.party for plan in order if sends_first(plan) or not plan.in_ports}
    groups: dict[int, list[int]] = {}
    for plan in order:
        goal = plan.party
        if goal in feeds - mapped and len(fed := readers.get(goal, set())) == 1:
            (other,) = fed
            if other not in feeds and goal in cuttable and other in cuttable:
                goal = other if cuttable[goal].rows == cuttable[other].rows else goal
        groups.setdefault(goal, []).append(plan.party)
    yield from groups.values()
