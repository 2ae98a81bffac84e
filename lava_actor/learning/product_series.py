"""A rule as data: a sum of products, each of a scale, a condition and factors.

A product stands for ``s_mantissa * 2^(s_exp - 7) * dependency * factor * factor * …``.
"""

from __future__ import annotations

from collections.abc import Sequence

from lava_actor.errors import InvalidValueError
from lava_actor.learning import string_symbols as names
from lava_actor.learning.symbolic_equation import SymbolicEquation

__all__ = ["Factor", "Product", "ProductSeries"]

EXPONENT_OFFSET = 7
"""`Product.s_exp` counts from here, so that it is never negative."""


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

    def __init__(
        self, state_var: str, const: int | float | None = None, is_sgn: bool = False
    ) -> None:
        if state_var not in names.FACTOR_STATE_VARS:
            raise InvalidValueError(
                f"Factor.state_var: expected one of {_listed(names.FACTOR_STATE_VARS)}, "
                f"got {state_var!r}"
            )
        if is_sgn and state_var not in names.SYNAPTIC_VARIABLES:
            raise InvalidValueError(
                f"Factor.is_sgn: sgn takes one of {_listed(names.SYNAPTIC_VARIABLES)}, "
                f"got {state_var!r}"
            )
        self._state_var, self._const, self._is_sgn = state_var, const, is_sgn

    @property
    def state_var(self) -> str:
        """Name of the variable in the language of rules."""
        return self._state_var

    @property
    def const(self) -> int | float | None:
        """What is added to the variable, None if nothing is."""
        return self._const

    @property
    def is_sgn(self) -> bool:
        """Whether the factor is the sign of the sum."""
        return self._is_sgn

    @property
    def factor_type(self) -> str:
        """The form of the factor, for example ``"x1+C"``, ``"w+2C"`` or ``"sgn(d+C)"``."""
        if self._state_var == names.C:
            return names.C
        weight = "2" if self._state_var in (names.W, names.T) else ""
        form = f"{self._state_var}+{weight}C"
        return f"sgn({form})" if self._is_sgn else form

    def has_const(self) -> bool:
        """Whether something is added to the variable."""
        return self._const is not None

    def __repr__(self) -> str:
        text = self._state_var if self._const is None else f"{self._state_var}{self._const:+g}"
        return f"sgn({text})" if self._is_sgn else f"({text})"


class Product:
    """One term of a rule.

    Parameters
    ----------
    target : str
        What the product changes: dw, dd or dt.
    dependency : str
        The condition: x0, y0 or u. It also decides at which time traces are taken.
    s_mantissa, s_exp : int
        The scale, ``s_mantissa * 2^(s_exp - 7)``.
    factors : sequence of Factor
        What is multiplied, in order.
    decimate_exponent : int, optional
        The k of ``uk``, for dependency u only.

    Raises
    ------
    InvalidValueError
        If there is no such target or dependency, or `decimate_exponent` does not go with it.
    """

    def __init__(
        self,
        target: str,
        dependency: str,
        s_mantissa: int,
        s_exp: int,
        factors: Sequence[Factor],
        decimate_exponent: int | None = None,
    ) -> None:
        if target not in names.LEARNING_RULE_TARGETS:
            raise InvalidValueError(
                f"Product.target: expected one of {_listed(names.LEARNING_RULE_TARGETS)}, "
                f"got {target!r}"
            )
        if dependency not in names.DEPENDENCIES:
            raise InvalidValueError(
                f"Product.dependency: expected one of {_listed(names.DEPENDENCIES)}, "
                f"got {dependency!r}"
            )
        if (decimate_exponent is not None) != (dependency == names.U):
            raise InvalidValueError(
                "Product.decimate_exponent: expected an integer for dependency u and None for any "
                f"other, got {decimate_exponent!r} for dependency {dependency}"
            )
        self._target, self._dependency = target, dependency
        self._s_mantissa, self._s_exp = s_mantissa, s_exp
        self._factors = list(factors)
        self._decimate_exponent = decimate_exponent

    @property
    def target(self) -> str:
        """What the product changes: dw, dd or dt."""
        return self._target

    @property
    def dependency(self) -> str:
        """The condition: x0, y0 or u."""
        return self._dependency

    @property
    def decimate_exponent(self) -> int | None:
        """The k of ``uk``, None for other dependencies."""
        return self._decimate_exponent

    @property
    def s_mantissa(self) -> int:
        """Signed mantissa of the scale, -8 … 7."""
        return self._s_mantissa

    @property
    def s_exp(self) -> int:
        """Exponent of the scale, counted from -7: 0 … 15."""
        return self._s_exp

    @property
    def factors(self) -> list[Factor]:
        """What is multiplied, in order."""
        return self._factors

    @property
    def traces(self) -> set[str]:
        """Names of the traces among the factors."""
        return {factor.state_var for factor in self._factors} & names.TRACES

    def __repr__(self) -> str:
        k = "" if self._decimate_exponent is None else str(self._decimate_exponent)
        scale = f"{self._s_mantissa}*2^{self._s_exp - EXPONENT_OFFSET}"
        return "*".join([scale, self._dependency + k, *map(repr, self._factors)])


class ProductSeries:
    """The products of one rule string, in order.

    Parameters
    ----------
    symbolic_equation : SymbolicEquation
        The tokens of the rule.

    Raises
    ------
    RuleError
        If the tokens make no rule; see `lava_actor.learning.grammar`.
    """

    def __init__(self, symbolic_equation: SymbolicEquation) -> None:
        # The grammar makes Products; imported here because it is built on the classes above.
        from lava_actor.learning.grammar import parse

        self._target = symbolic_equation.target
        self._products = parse(symbolic_equation)
        exponents = {p.decimate_exponent for p in self._products} - {None}
        self._decimate_exponent = exponents.pop() if exponents else None

    @property
    def target(self) -> str:
        """What the rule changes: dw, dd or dt."""
        return self._target

    @property
    def products(self) -> list[Product]:
        """The terms, in order."""
        return self._products

    @property
    def decimate_exponent(self) -> int | None:
        """The common k of all ``uk``, None if there are none."""
        return self._decimate_exponent

    @property
    def active_traces_per_dependency(self) -> dict[str, set[str]]:
        """Which traces each condition needs: keys x0, y0, u as far as they occur."""
        needed: dict[str, set[str]] = {}
        for product in self._products:
            needed.setdefault(product.dependency, set()).update(product.traces)
        return needed

    def __repr__(self) -> str:
        return f"{self._target} = " + " + ".join(map(repr, self._products))


def _listed(words: set[str]) -> str:
    return ", ".join(sorted(words))
