"""What a step of an actor costs, as far as anybody knows before it has run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lava_actor.model.cuts import Cut
from lava_actor.protocol.rows import is_divided

if TYPE_CHECKING:
    from lava_actor.compiler.executable import ActorPlan, VarPlan

LEAST_COST = 200
"""Nanoseconds that a step takes whatever the size of the model."""

WORTH_A_BARRIER = 20_000
"""Nanoseconds of steps per worker below which it takes longer to wait for another one."""

QUIET = 0.1
"""Of the work that connections publish, for one neuron in a hundred that has fired: one in 1000."""


def cost_of(plan: ActorPlan, measured: Mapping[str, float]) -> float:
    """About how many nanoseconds a step takes, by what is published."""
    share = 1.0
    if (part := plan.part) is not None:
        share = (part.rows.end - part.rows.first) / part.rows.total
    if plan.process.name in measured:
        return 1e9 * share * measured[plan.process.name]
    if (declared := declared_cut(plan)) is not None:
        return LEAST_COST + declared.cost * numbers_in(plan, declared)
    shapes = [p.shape for p in plan.in_ports] + [p.shape for p in plan.out_ports]
    return LEAST_COST + sum(map(math.prod, shapes))


def work_of(plan: ActorPlan, measured: Mapping[str, float]) -> float:
    """The same in a network that is quiet: with steps of 0.1 ms most are."""
    known = plan.process.name in measured
    return cost_of(plan, measured) * (QUIET if sends_first(plan) and not known else 1)


def declared_cut(plan: ActorPlan) -> Cut | None:
    """What a model declares, if that is one of ours."""
    declared: object = getattr(plan.model_class, "cut", None)
    return declared if isinstance(declared, Cut) else None


def sends_first(plan: ActorPlan) -> bool:
    """Whether a model sends before it receives, as connections do."""
    declared = declared_cut(plan)
    return declared is not None and declared.sends_first


def total(plan: ActorPlan, declared: Cut) -> int:
    """How many neurons there are to be divided."""
    return math.prod(shape(plan, declared))


def shape(plan: ActorPlan, declared: Cut) -> tuple[int, ...]:
    """How they are arranged."""
    return next(p.shape for p in plan.out_ports if p.name == declared.along)


def divided(plan: ActorPlan, declared: Cut) -> frozenset[str]:
    """What is divided with them."""
    members: list[Any] = [*plan.vars, *plan.in_ports, *plan.out_ports]
    n = total(plan, declared)
    return frozenset(
        m.name for m in members if m.name in declared.divided and is_divided(m.shape, n)
    )


def numbers_in(plan: ActorPlan, declared: Cut) -> int:
    """Numbers in the divided Vars: of a sparse matrix, and what goes with it, those stored."""
    names = divided(plan, declared)
    found = [(var, _stored(var)) for var in plan.vars if var.name in names]
    sparse = {var.shape: stored for var, stored in found if stored is not None}
    return sum(sparse.get(var.shape, math.prod(var.shape)) for var, _ in found)


def _stored(var: VarPlan) -> int | None:
    """How many numbers of a sparse matrix are stored, or expected of a recipe; None: no such.

    The initial value is that of all parts.
    """
    init = var.var.init
    for stored in ("nnz", "expected"):
        if hasattr(init, stored):
            share = math.prod(var.shape) / max(1, math.prod(init.shape))
            return int(getattr(init, stored) * share)
    return None
