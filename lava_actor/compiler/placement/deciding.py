"""What is decided: into how many parts each Process is cut, and why others stay whole."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, SupportsIndex, cast

import numpy as np

from lava_actor.compiler.executable import why_in_python
from lava_actor.compiler.parts import CutPlan, Placement
from lava_actor.compiler.placement.cores import cores
from lava_actor.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from lava_actor.model.cuts import Cut, why_not
from lava_actor.process.hints import did_you_mean, warn
from lava_actor.protocol.rows import Rows, is_divided

if TYPE_CHECKING:
    from lava_actor.compiler.executable import ActorPlan, Lowered, VarPlan

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
    cuts, whole = [], []
    costs = _costs(said.get(MEASURED, {}), network)
    limits = _limits(network, mode, available, costs)
    for plan in network.actors:
        if (parts := wanted.get(plan.party)) is not None:
            found: CutPlan | str | None = _cut_of(plan, network, parts) if parts > 1 else None
            if isinstance(found, str):
                raise UnsupportedError(
                    f"compile_config['placement']: {plan.name} cannot be cut into {parts} parts: "
                    f"{found}"
                )
        elif (limit := limits.get(plan.party)) is not None:
            found = limit if isinstance(limit, str) else _cut_of(plan, network, limit)
        else:
            continue
        if isinstance(found, CutPlan):
            cuts.append(found)
        elif found is not None:
            whole.append((plan.name, found))
    together = mode == CORES and WORKERS not in said
    return Placement(available, tuple(cuts), tuple(whole), workers, costs=costs, together=together)


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


def _limits(
    network: Lowered, mode: str, available: int, measured: Mapping[str, float]
) -> dict[int, int | str]:
    """Parts of each actor, or why it is whole, as far as the compiler decides.

    With "cores" everything large has a part for each core. With "auto" it has as many parts as it
    would otherwise keep cores busy: its share of the work that is done at the same time.
    """
    if mode == ACTORS or available == 1:
        return {}
    found: dict[int, int | str] = {}
    costs: dict[int, tuple[bool, float]] = {}
    for plan in network.actors:
        cut = _possible(plan, network)
        if isinstance(cut, str):
            found[plan.party] = cut
        else:
            estimate = numbers_in(plan, cut) * cut.cost
            cost = 1e9 * measured[plan.name] if plan.name in measured else estimate
            costs[plan.party] = cut.sends_first, cost
    for party, (stage, cost) in costs.items():
        share = sum(c for s, c in costs.values() if s == stage) / available
        parts = math.ceil(cost / share) if mode == AUTO and share else available
        plan = network.actors[party]
        parts = min(parts, _total(plan) // _slice(plan), int(cost) // WORTHWHILE)
        why = "it is small" if cost < 2 * WORTHWHILE else "it is no more than the work of one core"
        found[party] = parts if parts > 1 else f"{why}: {cost / 1000:.0f} microseconds per step"
    return found


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
    declared = _declared(plan)
    if _total(plan) == 1:
        return "it has one neuron"
    divided = _divided(plan, declared)
    for var in plan.vars:
        if var.name not in divided and var.name not in declared.alike and np.size(var.var.init) > 1:
            return f"its {var.name} has {np.size(var.var.init)} values, which parts cannot share"
    try:
        model._la_parameters_of_parts(plan.process)
    except UnsupportedError as error:
        return str(error)
    return declared


def _total(plan: ActorPlan) -> int:
    """How many neurons there are to be divided."""
    return math.prod(_shape(plan))


def _slice(plan: ActorPlan) -> int:
    """How many of them have to stay together."""
    return math.prod(_shape(plan)[1:]) if _declared(plan).by_slices else 1


def _shape(plan: ActorPlan) -> tuple[int, ...]:
    return next(p.shape for p in plan.out_ports if p.name == _declared(plan).along)


def _declared(plan: ActorPlan) -> Cut:
    return cast(Any, plan.model_class).cut


def _divided(plan: ActorPlan, declared: Cut) -> frozenset[str]:
    members: list[Any] = [*plan.vars, *plan.in_ports, *plan.out_ports]
    total = _total(plan)
    return frozenset(
        m.name for m in members if m.name in declared.divided and is_divided(m.shape, total)
    )


def numbers_in(plan: ActorPlan, declared: Cut) -> int:
    """Numbers in the divided Vars."""
    divided = _divided(plan, declared)
    return sum(_elements(var) for var in plan.vars if var.name in divided)


def _cut_of(plan: ActorPlan, network: Lowered, parts: int) -> CutPlan | str:
    """How an actor is cut into so many parts, or why it cannot be."""
    declared = _possible(plan, network)
    if isinstance(declared, str):
        return declared
    total, unit = _total(plan), _slice(plan)
    if (pieces := total // unit) < parts:
        what = "neuron" if unit == 1 else "slice"
        return f"it has {pieces} {what}s" if pieces != 1 else f"it has one {what}"
    ends = [pieces * k // parts * unit for k in range(parts + 1)]
    rows = tuple(Rows(first, end, total, unit) for first, end in pairwise(ends))
    return CutPlan(plan.party, plan.name, rows, _divided(plan, declared))


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


def _elements(var: VarPlan) -> int:
    """How many numbers a Var holds: stored ones of a sparse matrix, expected ones of a recipe."""
    init = var.var.init
    for stored in ("nnz", "expected"):
        if hasattr(init, stored):
            return int(getattr(init, stored))
    return math.prod(var.shape)
