"""What is decided: into how many parts each Process is cut, and why others stay whole."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from lava_actor.compiler.executable import why_in_python
from lava_actor.compiler.parts import CutPlan, Home, Placement
from lava_actor.compiler.placement.cores import cores
from lava_actor.compiler.placement.costs import (
    WORTH_A_BARRIER,
    cost_of,
    divided,
    shape,
    total,
    work_of,
)
from lava_actor.compiler.placement.filling import LEAST_PIECE, Cuttable, fill
from lava_actor.compiler.placement.sharing import in_order
from lava_actor.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from lava_actor.model.cuts import Cut, why_not
from lava_actor.process.hints import did_you_mean, warn
from lava_actor.protocol.rows import Rows

if TYPE_CHECKING:
    from lava_actor.compiler.executable import ActorPlan, Lowered

ACTORS, CORES, AUTO = MODES = "actors", "cores", "auto"
WORKERS, MEASURED = "workers", "measured"

WORTHWHILE = 50_000
"""Nanoseconds that a step of a part takes at least, where the compiler decides: with less to do, it
would spend more on the exchange with other parts than it saves.
"""


def place(network: Lowered, compile_config: Mapping[str, object]) -> Placement:
    """Decide by ``compile_config["placement"]``.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        If it is none of "actors", "cores", "auto", {Process or its name: number of parts}, and a
        pair of both, the dict for exceptions. There "workers" stands for the number of processes
        that others share.
    UnsupportedError
        (a `NotImplementedError`) if a Process is to be cut that cannot be.
    """
    available = cores()
    asked = compile_config.get("placement")
    mode, said = _asked(asked)
    wanted = _wanted(network, {k: n for k, n in said.items() if k not in (WORKERS, MEASURED)})
    workers = available if mode == CORES else None if asked is None else 0
    if WORKERS in said:
        workers = _number(said[WORKERS], WORKERS)
    costs = _costs(said.get(MEASURED, {}), network)
    found: dict[int, CutPlan | str] = {}
    homes: dict[Home, int] = {}
    if mode == CORES and workers:
        found, homes = _filled(network, workers, costs, wanted)
    elif mode == AUTO and available > 1:
        found = _limited(network, available, costs)
    for party, parts in wanted.items():
        plan = network.actors[party]
        found.pop(party, None)
        if parts == 1:
            continue
        found[party] = cut = _cut_of(plan, network, parts)
        if isinstance(cut, str):
            raise UnsupportedError(
                f"compile_config['placement']: {plan.name} cannot be cut into {parts} parts: {cut}"
            )
    cuts = [cut for _, cut in sorted(found.items()) if isinstance(cut, CutPlan)]
    whole = [(network.actors[p].name, y) for p, y in sorted(found.items()) if isinstance(y, str)]
    return Placement(
        available, tuple(cuts), tuple(whole), workers, costs=costs, placed=homes,
        together=mode == CORES and WORKERS not in said,
    )  # fmt: skip


def _asked(asked: object) -> tuple[str, Mapping[object, object]]:
    """The mode, and the Processes for which something else is said."""
    mode, said = asked if isinstance(asked, (tuple, list)) and len(asked) == 2 else (asked, None)
    if isinstance(mode, Mapping) and said is None:
        mode, said = ACTORS, mode
    mode = ACTORS if mode is None else mode
    said = {} if said is None else said
    if mode in MODES and isinstance(said, Mapping):
        return mode, said
    raise InvalidValueError(
        f"compile_config['placement']: expected '{ACTORS}', '{CORES}', '{AUTO}', a dict with "
        f"numbers of parts of Processes, or a pair of both, got {asked!r}"
    )


def _costs(measured: object, network: Lowered) -> Mapping[str, float]:
    """What was measured, checked."""
    if not isinstance(measured, Mapping) or not all(
        isinstance(name, str) and isinstance(cost, float | int) and 0 <= cost < math.inf
        for name, cost in measured.items()
    ):
        raise InvalidValueError(
            f"compile_config['placement']: expected seconds per step by name, as runtime.costs() "
            f"returns them, got {measured!r}"
        )
    names = [plan.name for plan in network.actors]
    unknown = [name for name in measured if name not in names]
    if len(unknown) < len(measured):  # default names are others in each network
        unknown = [name for name in unknown if not re.fullmatch(r"Process_\d+", name)]
    for name in unknown:
        warn(
            f"compile_config['placement']: what was measured of {name!r} has no effect, as no "
            f"model of this network runs a Process of that name{did_you_mean(name, names)}"
        )
    return measured


def _filled(
    network: Lowered, workers: int, measured: Mapping[str, float], wanted: Mapping[int, int]
) -> tuple[dict[int, CutPlan | str], dict[Home, int]]:
    """What is cut where a core ends, and why others are not; and who lives in which worker."""
    found: dict[int, CutPlan | str] = {}
    cuts: dict[int, Cut] = {}
    cuttable: dict[int, Cuttable] = {}
    work: dict[int, float] = {}
    order = [
        network.actors[party]
        for party in in_order(network.actors, network.rings)
        if wanted.get(party, 1) == 1
    ]
    for plan in order:
        cut = _possible(plan, network)
        work[plan.party] = work_of(plan, measured)
        if isinstance(cut, Cut):
            rows, unit = total(plan, cut), _slice(plan, cut)
            why = _too_few(rows // unit, unit, 2)
            if why is None and plan.party not in wanted:
                cuts[plan.party], cuttable[plan.party] = cut, Cuttable(rows, unit)
            why = why or _why_whole(work[plan.party], LEAST_PIECE)
        else:
            why = cut
            if why_in_python(plan, network.rings) is not None:
                work[plan.party] = 0  # in a process of its own
        if workers > 1:
            found[plan.party] = why
    if sum(cost_of(plan, measured) for plan in order) < 2 * WORTH_A_BARRIER:
        cuttable = {}  # it is all done before another worker has been waited for
    filling = fill(order, network.rings, cuttable, work, workers)
    for party, ends in filling.ends.items():
        found[party] = _cut_at(network.actors[party], cuts[party], ends)
    homes = {
        (network.actors[party].process, number): worker
        for party, places in filling.homes.items()
        for number, worker in enumerate(places)
    }
    return found, homes


def _limited(
    network: Lowered, available: int, measured: Mapping[str, float]
) -> dict[int, CutPlan | str]:
    """What is cut into as many parts as it would otherwise keep cores busy, and why others are not.

    That is its share of the work that is done at the same time.
    """
    found: dict[int, CutPlan | str] = {}
    costs: dict[int, tuple[Cut, float]] = {}
    for plan in network.actors:
        cut = _possible(plan, network)
        if isinstance(cut, str):
            found[plan.party] = cut
        else:
            costs[plan.party] = cut, cost_of(plan, measured)
    for party, (declared, cost) in costs.items():
        same = (c for other, c in costs.values() if other.sends_first == declared.sends_first)
        share = sum(same) / available
        plan = network.actors[party]
        pieces = total(plan, declared) // _slice(plan, declared)
        parts = min(math.ceil(cost / share) if share else 1, pieces, int(cost) // WORTHWHILE)
        found[party] = (
            _cut_of(plan, network, parts) if parts > 1 else _why_whole(cost, WORTHWHILE)
        )
    return found


def _why_whole(cost: float, worthwhile: float) -> str:
    why = "it is small" if cost < 2 * worthwhile else "it is no more than the work of one core"
    return f"{why}: {cost / 1000:.0f} microseconds per step"


def _wanted(network: Lowered, asked: Mapping[object, object]) -> dict[int, int]:
    """Parts by actor, of what is asked for by Process or name."""
    found = {}
    for key, parts in asked.items():
        plans = [p for p in network.actors if p.process is key or p.name == key]
        if not plans:
            names = [plan.name for plan in network.actors]
            called = key if isinstance(key, str) else getattr(key, "name", repr(key))
            raise InvalidValueError(
                f"compile_config['placement']: no model of this network runs a Process "
                f"{called!r}{did_you_mean(str(called), names)}"
            )
        number = _number(parts, f"parts of {plans[0].name}")
        found.update(dict.fromkeys((plan.party for plan in plans), number))
    return found


def _number(asked: object, what: str) -> int:
    """A number of parts or workers."""
    where = "compile_config['placement']"
    if not isinstance(asked, SupportsIndex) or isinstance(asked, bool):
        raise InvalidTypeError(f"{where}: expected a number of {what}, got {asked!r}")
    if (number := int(asked)) < 1:
        one = what.replace("parts", "part").replace("workers", "worker")
        raise InvalidValueError(f"{where}: expected at least one {one}, got {asked!r}")
    return number


def _possible(plan: ActorPlan, network: Lowered) -> Cut | str:
    """How an actor may be cut, or why it may not."""
    model: Any = plan.model_class
    why = why_not(model) or _in_the_way(plan, network)
    if why is not None:
        return why
    declared: Cut = model.cut
    if total(plan, declared) == 1:
        return "it has one neuron"
    shared = divided(plan, declared)
    for var in plan.vars:
        if var.name not in shared and var.name not in declared.alike and np.size(var.var.init) > 1:
            return f"its {var.name} has {np.size(var.var.init)} values, which parts cannot share"
    try:
        model._la_parameters_of_parts(plan.process)
    except UnsupportedError as error:
        return str(error)
    return declared


def _cut_of(plan: ActorPlan, network: Lowered, parts: int) -> CutPlan | str:
    """How an actor is cut into so many parts, or why it cannot be."""
    declared = _possible(plan, network)
    if isinstance(declared, str):
        return declared
    unit = _slice(plan, declared)
    pieces = total(plan, declared) // unit
    if (why := _too_few(pieces, unit, parts)) is not None:
        return why
    return _cut_at(plan, declared, [pieces * (k + 1) // parts * unit for k in range(parts)])


def _too_few(pieces: int, unit: int, parts: int) -> str | None:
    what = "neuron" if unit == 1 else "slice"
    if pieces >= parts:
        return None
    return f"it has {pieces} {what}s" if pieces != 1 else f"it has one {what}"


def _cut_at(plan: ActorPlan, declared: Cut, ends: Sequence[int]) -> CutPlan:
    n, unit = total(plan, declared), _slice(plan, declared)
    rows = tuple(Rows(first, end, n, unit) for first, end in pairwise([0, *ends]))
    return CutPlan(plan.party, plan.name, rows, divided(plan, declared))


def _slice(plan: ActorPlan, declared: Cut) -> int:
    """How many neurons have to stay together."""
    return math.prod(shape(plan, declared)[1:]) if declared.by_slices else 1


def _in_the_way(plan: ActorPlan, network: Lowered) -> str | None:
    """Say what else than the model's declaration keeps an actor whole."""
    if plan.is_async:
        return "its model runs freely"
    if (why := why_in_python(plan, network.rings)) is not None:
        return f"it steps in Python: {why}"
    if plan.ref_ports or plan.recordings:
        return "it reaches into other Processes"
    if plan.var_servers:
        return f"{plan.var_servers[0].port} takes turns with it"
    if any(external.port.process is plan.process for external in network.externals):
        return "a port of it is an external pipe"
    return None
