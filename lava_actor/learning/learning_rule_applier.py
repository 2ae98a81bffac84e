"""From a rule to the new value of a synaptic variable.

`apply` works element by element on whatever it is given, the whole matrix or only the synapses that
can change: all arguments need to broadcast against each other, nothing else. The native loops
(`lava_actor.learning.native`) compute the same; what is written here is the reference.

Equations: the sum-of-products form of Loihi's learning engine (Davies et al. 2018),

    z ← z + Σ_products  m·2^e · condition · Π_factors (variable + constant)

in double precision (`LearningRuleApplierFloat`), or in the widths of the hardware
(`LearningRuleApplierBitApprox`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeVar

import numpy as np

from lava_actor.learning import string_symbols as names
from lava_actor.learning.constants import FACTOR_TO_WIDTH_DICT, W_ACCUMULATOR_U
from lava_actor.learning.product_series import Factor, Product, ProductSeries
from lava_actor.learning.utils import saturate

__all__ = [
    "AbstractLearningRuleApplier", "LearningRuleApplierFloat", "LearningRuleApplierBitApprox",
]  # fmt: skip

Values = np.ndarray | float
T = TypeVar("T", bound=Values)

ACCUMULATOR_RANGE = (-(1 << W_ACCUMULATOR_U) - 1, (1 << W_ACCUMULATOR_U) - 1)
"""Products and the accumulator saturate here."""


class AbstractLearningRuleApplier(ABC):
    """Applies one parsed rule.

    Parameters
    ----------
    product_series : ProductSeries
        The rule.
    """

    touches_spiking_synapses_only = False
    """True if `apply` returns its first argument wherever every condition is 0.

    Learning connections use it to leave out such synapses.
    """

    def __init__(self, product_series: ProductSeries) -> None:
        self._product_series = product_series

    @abstractmethod
    def apply(self, init_accumulator: np.ndarray, **applier_args: object) -> np.ndarray:
        """Return the variable after the update.

        Parameters
        ----------
        init_accumulator : ndarray
            The variable before the update, shape (post, pre) or any part of it.
        **applier_args
            All of them broadcast against `init_accumulator`; what the rule does not need may be
            missing, what it does not know is ignored.

            ``x0``, ``y0``, ``u``
                The conditions: 0 or 1, as arrays (1, pre), (post, 1) or as numbers.
            ``weights``, ``tag_1``, ``tag_2``
                The synaptic variables before the update.
            ``x1_x0``, ``x1_y0``, ``x1_u``, … ``y3_u``
                Traces at the time that belongs to a condition.

        Returns
        -------
        ndarray
            Not yet rounded or limited.
        """


def _argument(factor: Factor, dependency: str) -> str:
    """Name of the argument that holds the variable of a factor."""
    variable = factor.state_var
    if variable in names.TRACES:
        return f"{variable}_{dependency}"
    return names.SYNAPTIC_VARIABLE_VAR_MAPPING.get(variable, variable)


class LearningRuleApplierFloat(AbstractLearningRuleApplier):
    """Double precision: products from left to right, summed from left to right, then added."""

    touches_spiking_synapses_only = True

    def apply(self, init_accumulator: np.ndarray, **applier_args: Any) -> np.ndarray:
        """Return ``init_accumulator + Σ products``; see `AbstractLearningRuleApplier.apply`."""
        change: np.ndarray | None = None
        for product in self._product_series.products:
            condition = applier_args[product.dependency]
            if _is_off(condition):
                continue
            value: Any = product.s_mantissa * 2.0**product.exponent
            for factor in product.factors:
                value = value * _real(applier_args[_argument(factor, product.dependency)], factor)
            value = _where(condition, value)
            change = value if change is None else change + value
        return init_accumulator if change is None else init_accumulator + change


class LearningRuleApplierBitApprox(AbstractLearningRuleApplier):
    """Integers with the widths of the hardware; deterministic.

    With ``width = 4 + Σ widths of the factors`` (1 for x0 and y0, 7 for traces, 9 for w, d, t) and
    each factor saturated to its own width::

        p = m · Π factors                      in 32 bits, which wrap
        p = p >> max(0, width - 15)
        p = p << (e + 7)
        acc = sat(acc + sat(p))                saturating at -2^15 - 1 and 2^15 - 1

    Products of many wide factors are thus scaled down, by 2^(width-15). `apply` takes and returns
    the accumulator, which is the variable shifted left by 7 bits.
    """

    touches_spiking_synapses_only = True

    def apply(self, init_accumulator: np.ndarray, **applier_args: Any) -> np.ndarray:
        """Return the accumulator after the update; see `AbstractLearningRuleApplier.apply`."""
        accumulator = np.asarray(init_accumulator)
        saturated = False
        for product in self._product_series.products:
            condition = applier_args[product.dependency]
            if _is_off(condition):
                if saturated:
                    continue
                accumulator = saturate(accumulator, *ACCUMULATOR_RANGE)
            else:
                value = _where(condition, self._value(product, applier_args))
                value = saturate(value, *ACCUMULATOR_RANGE)
                accumulator = saturate(accumulator + value, *ACCUMULATOR_RANGE)
            saturated = True
        return accumulator

    @staticmethod
    def _value(product: Product, applier_args: dict[str, Values]) -> np.ndarray:
        # One element at least: NumPy's scalars would warn where arrays wrap.
        value = np.array([product.s_mantissa], np.int32)
        for factor in product.factors:
            value = value * _integer(applier_args[_argument(factor, product.dependency)], factor)
        if product.right_shift:
            value = value >> product.right_shift
        return value << product.s_exp


def _is_off(condition: Values) -> bool:
    return np.ndim(condition) == 0 and not condition


def _where(condition: Values, product: T) -> T | np.ndarray:
    """Keep the product where the condition holds: where it does not, not even NaN comes through."""
    return product if np.ndim(condition) == 0 else np.where(condition, product, 0)


def _real(variable: Values, factor: Factor) -> Values:
    value = variable if factor.const is None else variable + factor.const
    return np.sign(value) if factor.is_sgn else value


def _integer(variable: Values, factor: Factor) -> np.ndarray:
    value: np.ndarray = np.atleast_1d(variable)
    if factor.const is not None:
        wide = np.int64 if isinstance(factor.const, int) else np.float64
        value = value.astype(wide) + factor.const
    if factor.is_sgn:
        value = np.sign(value)
    bound = 1 << FACTOR_TO_WIDTH_DICT[factor.state_var]
    # The cast to integers truncates a fractional sum toward zero.
    return saturate(np.asarray(value), -bound, bound - 1).astype(np.int32)
