"""What is decided: into how many parts each Process is cut, and why others stay whole."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.compiler.executable import why_in_python
from lava_actor.compiler.parts import CutPlan, Placement
from lava_actor.compiler.placement.cores import cores
from lava_actor.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from lava_actor.model.cuts import Cut, why_not
from lava_actor.process.hints import did_you_mean
from lava_actor.protocol.rows import Rows, is_divided

if TYPE_CHECKING:
    from lava_actor.compiler.executable import ActorPlan, Lowered

ACTORS, CORES = "actors", "cores"

WORTHWHILE = 50_000
"""Nanoseconds that a step of a part takes at least, where the compiler decides: with less to do, it
would spend more on the exchange with other parts than it saves.
"""


def place(network: Lowered, compile_config: Mapping[str, Any]) -> Placement:
    """Decide by ``compile_config["placement"]``.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        If it is none of "actors", "cores" and {Process or its name: number of parts}.
    UnsupportedError
        (a `NotImplementedError`) if a Process is to be cut that cannot be.
    """
    asked = compile_config.get("placement", ACTORS)
    available = cores()
    if asked == ACTORS or asked is None:
        return Placement(available)
    if isinstance(asked, Mapping):
        wanted = _wanted(network, asked)
    elif asked == CORES:
        wanted = {plan.party: available for plan in network.actors}
    else:
        raise InvalidValueError(
            f"compile_config['placement']: expected '{ACTORS}', '{CORES}' or a dict with numbers "
            f"of parts of Processes, got {asked!r}"
        )
    cuts, whole = [], []
    for plan in network.actors:
        parts = wanted.get(plan.party, 1)
        if parts == 1:
            continue
        found = _cut_of(plan, network, parts, of_its_own=asked == CORES)
        if isinstance(found, CutPlan):
            cuts.append(found)
        elif asked == CORES:
            whole.append((plan.name, found))
        else:
            raise UnsupportedError(
                f"compile_config['placement']: {plan.name} cannot be cut into {parts} parts: "
                f"{found}"
            )
    return Placement(available, tuple(cuts), tuple(whole))


def _wanted(network: Lowered, asked: Mapping[Any, Any]) -> dict[int, int]:
    """Parts by actor, of what is asked for by Process or name."""
    names: dict[str, list[ActorPlan]] = {}
    for plan in network.actors:
        names.setdefault(plan.name, []).append(plan)
    found = {}
    for key, parts in asked.items():
        plans = names.get(key, []) if isinstance(key, str) else _plans_of(key, network)
        if not plans:
            called = key if isinstance(key, str) else getattr(key, "name", repr(key))
            raise InvalidValueError(
                f"compile_config['placement']: no model of this network runs a Process "
                f"{called!r}{did_you_mean(str(called), names)}"
            )
        if not hasattr(parts, "__index__") or isinstance(parts, bool):
            raise InvalidTypeError(
                f"compile_config['placement']: expected a number of parts of {plans[0].name}, got "
                f"{parts!r}"
            )
        if parts < 1:
            raise InvalidValueError(
                f"compile_config['placement']: expected at least one part of {plans[0].name}, got "
                f"{parts!r}"
            )
        found.update(dict.fromkeys((plan.party for plan in plans), int(parts)))
    return found


def _plans_of(process: Any, network: Lowered) -> list[ActorPlan]:
    return [plan for plan in network.actors if plan.process is process]


def _cut_of(
    plan: ActorPlan, network: Lowered, parts: int, *, of_its_own: bool
) -> CutPlan | str:
    """How an actor is cut, or why it is not; ``of_its_own``: only if that is worthwhile."""
    model: Any = plan.model_class
    why = why_not(model) or _in_the_way(plan, network)
    if why is not None:
        return why
    declared: Cut = model.cut
    total = math.prod(next(p.shape for p in plan.out_ports if p.name == declared.along))
    if total < parts:
        return f"it has {total} neurons" if total != 1 else "it has one neuron"
    members: list[Any] = [*plan.vars, *plan.in_ports, *plan.out_ports]
    divided = {m.name for m in members if m.name in declared.divided}
    divided -= {m.name for m in members if not is_divided(m.shape, total)}
    for var in plan.vars:
        if var.name not in divided and np.size(var.var.init) > 1:
            return f"its {var.name} has {np.size(var.var.init)} values, which parts cannot share"
    size = sum(_elements(var) for var in plan.vars if var.name in divided)
    if of_its_own:
        parts = min(parts, total, int(size * declared.cost) // WORTHWHILE)
        if parts < 2:
            return f"it is small ({size} numbers)"
    try:
        model.parameters_of_parts(plan.process)
    except UnsupportedError as error:
        return str(error)
    ends = [total * k // parts for k in range(parts + 1)]
    rows = tuple(Rows(first, end, total) for first, end in pairwise(ends))
    return CutPlan(plan.party, plan.name, rows, frozenset(divided))


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
    if any(external.process_id == plan.process.id for external in network.externals):
        return "a port of it is an external pipe"
    return None


def _elements(var: Any) -> int:
    """How many numbers a Var holds: stored ones of a sparse matrix, expected ones of a recipe."""
    init = var.var.init
    for stored in ("nnz", "expected"):
        if hasattr(init, stored):
            return int(getattr(init, stored))
    return math.prod(var.shape)
