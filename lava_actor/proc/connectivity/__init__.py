"""Synapses by recipe: plain data, from which a connection builds its synapses in its own actor."""

from lava_actor.proc.connectivity.distributions import (
    Constant,
    Distribution,
    LogNormal,
    Normal,
    Uniform,
)
from lava_actor.proc.connectivity.recipes import (
    Recipe,
    all_to_all,
    fixed_indegree,
    fixed_probability,
    fixed_total_number,
    one_to_one,
)

__all__ = [
    "Constant", "Distribution", "LogNormal", "Normal", "Recipe", "Uniform", "all_to_all",
    "fixed_indegree", "fixed_probability", "fixed_total_number", "one_to_one",
]  # fmt: skip
