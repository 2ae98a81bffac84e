"""Which actors share a worker: a process in which one thread drives all of them.

Only those that step natively may, since none may wait inside a step (`kernels/steps/_team.pxi`). A
worker is best given neighbours: what they send each other stays in one core's cache, and wakes
nobody. So the actors are put into an order in which each comes after those that feed nobody else,
and that order is cut into pieces of about the same cost (with "cores", `filling.py` has done so).
Part k of a Process that the user has cut into n goes k/n of the way, beside the parts that feed it,
or a little beside that where others have less to do.

A network in lockstep shares if nothing is said about its placement: a barrier wakes every process
in every step, and that takes longer than most steps. For the same reason actors whose messages come
back to them stay in one worker if their steps take less than it costs to wait for another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lava_actor.channels.layout import default_depth, slot_bytes
from lava_actor.compiler.circles import circles
from lava_actor.compiler.executable import why_in_python
from lava_actor.compiler.placement.costs import WORTH_A_BARRIER, cost_of, sends_first
from lava_actor.model.native import by_the_model

if TYPE_CHECKING:
    from lava_actor.channels.layout import RingRequest
    from lava_actor.compiler.executable import ActorPlan, Schedule, TurnPlan
    from lava_actor.compiler.parts import Placement

#: Slots of a ring whose ends share a worker: those who go round together need no more, and what
#: lies in few slots stays in the cache.
SHALLOW = 4

#: Slots of a ring between workers: a few steps of slack, in few pages of memory.
BETWEEN = 16


def share(
    actors: Sequence[ActorPlan], rings: Sequence[RingRequest], placement: Placement,
    schedule: Schedule, turns: Iterable[TurnPlan], *, in_threads: bool,
) -> tuple[tuple[ActorPlan, ...], Placement]:  # fmt: skip
    """Say of each actor in which worker it lives, and of the others why in none.

    ``in_threads``: all actors live in the user's interpreter anyhow.
    """
    asked = placement.workers is not None
    if in_threads or not (placement.workers if asked else schedule.lockstep):
        return tuple(actors), replace(placement, workers=0)
    taking_turns = {party for plan in turns for party in plan.members}
    reasons: dict[int, str] = {}
    for plan in actors:
        why = _alone(plan, rings, schedule, taking_turns)
        if why is not None:
            reasons[plan.party] = why
    willing = [actors[p] for p in in_order(actors, rings) if p not in reasons]
    houses: dict[tuple[str, int], list[int]] = {}
    costs = {plan.party: cost_of(plan, placement.costs) for plan in willing}
    workers = placement.workers or _few(costs.values(), placement.cores)
    homes = _divide(costs, willing, workers, placement)
    if placement.together:
        homes = _together(homes, willing, costs, circles(list(costs), rings))
    for plan, worker in zip(willing, homes, strict=True):
        houses.setdefault((plan.domain, worker), []).append(plan.party)
    shared = [house for house in houses.values() if len(house) > 1]
    worker_of = {party: number for number, house in enumerate(shared) for party in house}
    return (
        tuple(replace(plan, worker=worker_of.get(plan.party)) for plan in actors),
        replace(
            placement,
            workers=len(shared),
            placed={},
            alone=tuple((actors[party].name, why) for party, why in reasons.items() if asked),
        ),
    )


def shallow(rings: Iterable[RingRequest], actors: Sequence[ActorPlan]) -> Iterator[RingRequest]:
    """Yield the rings, those within and between workers with few slots."""
    for ring in rings:
        ends = {ring.writer, *ring.readers}
        if ring.depth is None and max(ends) < len(actors):
            homes = {actors[party].worker for party in ends}
            if None not in homes:
                size = slot_bytes(math.prod(ring.shape), np.dtype(ring.dtype).itemsize, ring.events)
                most = SHALLOW if len(homes) == 1 else BETWEEN
                ring = replace(ring, depth=min(most, default_depth(size)))
        yield ring


def _alone(
    plan: ActorPlan, rings: Sequence[RingRequest], schedule: Schedule, taking_turns: set[int]
) -> str | None:
    """Why an actor has a process of its own."""
    if plan.is_async:
        return "its model runs freely"
    if schedule.lockstep and schedule.phase_barriers:
        return "all meet in every phase of a step"
    if (why := why_in_python(plan, rings)) is not None:
        return f"it steps in Python: {why}"
    if by_hand := by_the_model(plan.model_class):
        return f"it steps in Python in part: {next(iter(by_hand.values()))}"
    if plan.party in taking_turns or plan.var_servers:
        return "it takes turns with those who access its Vars"
    if plan.phases.paced:
        return "it waits for the user's program"
    if plan.phases.guarded and not getattr(plan.model_class, "_la_native_step_is_whole", False):
        return "its step has more phases than the first"
    return None


def in_order(actors: Sequence[ActorPlan], rings: Sequence[RingRequest]) -> list[int]:
    """Return the parties, each after those that feed only it."""
    readers: dict[int, set[int]] = {plan.party: set() for plan in actors}
    for ring in rings:
        if ring.writer in readers:
            readers[ring.writer].update(ring.readers)
    feeders: dict[int, list[int]] = {}
    for party, fed in readers.items():
        others = fed - {party}
        if len(others) == 1:
            feeders.setdefault(others.pop(), []).append(party)
    found: dict[int, None] = {}
    for plan in actors:
        path = [plan.party]
        met = {plan.party}
        while path:
            missing = [p for p in feeders.get(path[-1], ()) if p not in found and p not in met]
            if missing:
                path.append(missing[0])
                met.add(missing[0])
            else:
                found[path.pop()] = None
    return list(found)


def _few(costs: Iterable[float], cores: int) -> int:
    """As many workers as a barrier per step is worth."""
    return max(1, min(cores, int(sum(costs) // WORTH_A_BARRIER)))


def _divide(
    costs: Mapping[int, float], actors: Sequence[ActorPlan], workers: int, placement: Placement
) -> list[int]:
    """A worker for each of the actors, which come in order; those that are placed have theirs.

    Where connections that are cut are most of the work, connections are shared out by themselves:
    what they cost depends on spikes that nobody knows beforehand, and nothing else is to make up
    for a wrong guess.
    """
    cut = sum(costs[p.party] for p in actors if p.part is not None and sends_first(p))
    apart = 2 * cut > sum(costs.values())
    found: dict[int, int] = {}
    for plan in actors:
        home = placement.placed.get((plan.process, plan.part.number if plan.part else 0))
        if home is not None:
            found[plan.party] = home
    placed = [plan for plan in actors if plan.party in found]
    others = [plan for plan in actors if plan.party not in found]
    for group in (True, False) if apart else (None,):
        members = [plan for plan in others if group in (None, sends_first(plan))]
        load = [0.0] * workers
        for plan in placed:
            if group in (None, sends_first(plan)):
                load[found[plan.party]] += costs[plan.party]
        for plan in members:
            if plan.part is not None:
                first, n = plan.part.number * workers, plan.part.count
                near = range(first // n, max((first + workers) // n, first // n + 1))
                found[plan.party] = min(near, key=load.__getitem__)
                load[found[plan.party]] += costs[plan.party]
        share, worker = sum(costs[plan.party] for plan in members) / workers, 0
        for plan in members:
            if plan.part is None:
                while worker < workers - 1 and 0 < load[worker] > share - costs[plan.party] / 2:
                    worker += 1
                found[plan.party] = worker
                load[worker] += costs[plan.party]
    return [found[plan.party] for plan in actors]


def _together(
    homes: list[int], actors: Sequence[ActorPlan], costs: Mapping[int, float],
    groups: Iterable[Sequence[int]],
) -> list[int]:  # fmt: skip
    """The same, but with each group whose steps are short at the home of its first member."""
    home = {plan.party: worker for plan, worker in zip(actors, homes, strict=True)}
    for group in groups:
        if sum(costs[party] for party in group) < 2 * WORTH_A_BARRIER:
            home |= dict.fromkeys(group, home[group[0]])
    return [home[plan.party] for plan in actors]
