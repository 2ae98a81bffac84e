"""A rule as data: a sum of products, each of a scale, a condition and factors.

A product stands for ``s_mantissa * 2^(s_exp - 7) * dependency * factor * factor * …``.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from lava_actor.errors import InvalidValueError
from lava_actor.learning import string_symbols as names
from lava_actor.learning.constants import FACTOR_TO_WIDTH_DICT, W_ACCUMULATOR_U, W_S_MANT

__all__ = ["Factor", "Product"]

EXPONENT_OFFSET = 7
"""`Product.s_exp` counts from here, so that it is never negative."""


def _check(what: str, given: str, known: Set[str]) -> None:
    if given not in known:
        raise InvalidValueError(f"{what} one of {', '.join(sorted(known))}, got {given!r}")


@dataclass(frozen=True)
class Factor:
    """One factor: a state variable, plus a constant, or the sign of that sum.

    Parameters
    ----------
    state_var : str
        One of x0 x1 x2 y0 y1 y2 y3 w d t, or ``"C"`` for a constant alone.
    const : int or float, optional
        What is added to the variable.
    is_sgn : bool
        Take the sign (-1, 0, 1) of the sum; for synaptic variables only.

    Raises
    ------
    InvalidValueError
        If there is no such variable, or its sign cannot be taken.
    """

    state_var: str
    const: int | float | None = None
    is_sgn: bool = False

    def __post_init__(self) -> None:
        _check("Factor.state_var: expected", self.state_var, names.FACTOR_STATE_VARS)
        if self.is_sgn:
            _check("Factor.is_sgn: sgn takes", self.state_var, names.SYNAPTIC_VARIABLES)

    @property
    def factor_type(self) -> str:
        """The form of the factor, for example ``"x1+C"``, ``"w+2C"`` or ``"sgn(d+C)"``."""
        if self.state_var == names.C:
            return names.C
        form = f"{self.state_var}+{'2' * (self.state_var in (names.W, names.T))}C"
        return f"sgn({form})" if self.is_sgn else form

    def has_const(self) -> bool:
        """Whether something is added to the variable."""
        return self.const is not None

    def __repr__(self) -> str:
        text = self.state_var if self.const is None else f"{self.state_var}{self.const:+g}"
        return f"sgn({text})" if self.is_sgn else f"({text})"


@dataclass(frozen=True, eq=False)
class Product:
    """One term of a rule.

    Parameters
    ----------
    target : str
        What the product changes: dw, dd or dt.
    dependency : str
        The condition: x0, y0 or u. It also decides at which time traces are taken.
    s_mantissa, s_exp : int
        The scale, ``s_mantissa * 2^(s_exp - 7)``, with a mantissa of -8 … 7.
    factors : sequence of Factor
        What is multiplied, in order.
    decimate_exponent : int, optional
        The k of ``uk``, for dependency u only.

    Raises
    ------
    InvalidValueError
        If there is no such target or dependency, or `decimate_exponent` does not go with it.
    """

    target: str
    dependency: str
    s_mantissa: int
    s_exp: int
    factors: Sequence[Factor]
    decimate_exponent: int | None = None

    def __post_init__(self) -> None:
        _check("Product.target: expected", self.target, names.LEARNING_RULE_TARGETS)
        _check("Product.dependency: expected", self.dependency, names.DEPENDENCIES)
        if (self.decimate_exponent is not None) != (self.dependency == names.U):
            raise InvalidValueError(
                "Product.decimate_exponent: expected an integer for dependency u and None for any "
                f"other, got {self.decimate_exponent!r} for dependency {self.dependency}"
            )

    @property
    def exponent(self) -> int:
        """Exponent of the scale."""
        return self.s_exp - EXPONENT_OFFSET

    @property
    def right_shift(self) -> int:
        """By how much fixed-point products of this width are scaled down to fit the accumulator."""
        width = W_S_MANT + sum(FACTOR_TO_WIDTH_DICT[f.state_var] for f in self.factors)
        return max(0, width - W_ACCUMULATOR_U)

    @property
    def traces(self) -> set[str]:
        """Names of the traces among the factors."""
        return {factor.state_var for factor in self.factors} & names.TRACES

    def __repr__(self) -> str:
        k = "" if self.decimate_exponent is None else str(self.decimate_exponent)
        scale = f"{self.s_mantissa}*2^{self.exponent}"
        return "*".join([scale, self.dependency + k, *map(repr, self.factors)])
