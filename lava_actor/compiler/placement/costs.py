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

BUSY = 0.02
"""Share of the numbers in a connection that a step works on: one neuron in fifty has fired."""


def cost_of(plan: ActorPlan, measured: Mapping[str, float]) -> float:
    """About how many nanoseconds a step takes, if connections work on all of their numbers."""
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
    """The same, if they work on few."""
    known = plan.process.name in measured
    return cost_of(plan, measured) * (BUSY if sends_first(plan) and not known else 1)


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
    """Numbers in the divided Vars."""
    found = divided(plan, declared)
    return sum(_elements(var) for var in plan.vars if var.name in found)


def _elements(var: VarPlan) -> int:
    """How many numbers a Var holds: stored ones of a sparse matrix, expected ones of a recipe.

    The initial value is that of all parts.
    """
    init, n = var.var.init, math.prod(var.shape)
    for stored in ("nnz", "expected"):
        if hasattr(init, stored):
            return int(getattr(init, stored) * n / max(1, math.prod(init.shape)))
    return n
