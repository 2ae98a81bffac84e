"""From the tokens of a rule to its products.

The language (learning rules of Loihi, Davies et al. 2018, written as text)::

    rule    = [sign] product { sign product }
    product = item { ["*"] item }
    item    = dependency | trace | synvar | literal | "(" inner ")" | "sgn(" inner ")"
    inner   = [sign] term | [sign] term sign term

`SyntaxTree` says how terms and signs belong together; here it is read, product by product.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from lava_actor.learning import string_symbols as names
from lava_actor.learning.errors import RuleError
from lava_actor.learning.product_series import EXPONENT_OFFSET, Factor, Product
from lava_actor.learning.symbolic_equation import SymbolicEquation
from lava_actor.learning.symbols import (
    X0,
    Y0,
    Expression,
    Literal,
    SgnExpression,
    Symbol,
    Uk,
    Variable,
)
from lava_actor.learning.syntax_tree import SyntaxTree

MANTISSA_RANGE = (-8, 7)
EXPONENT_RANGE = (-7, 8)


def parse(equation: SymbolicEquation) -> list[Product]:
    """Read the products of a rule.

    Parameters
    ----------
    equation : SymbolicEquation
        The rule as tokens.

    Returns
    -------
    list of Product
        In the order of the text.

    Raises
    ------
    RuleError
        If a product has no dependency or a scale that does not fit, if brackets hold anything but
        a number or one variable with a constant, or if signs are misplaced.
    """
    tree = SyntaxTree(equation)
    terms = [
        _Term(tree, sign, node, leading=index == 0)
        for index, (sign, node) in enumerate(tree.sum_of(tree.root))
    ]
    products = [term.product(equation.target) for term in terms]
    _check_common_decimation(terms, tree.fault)
    return products


@dataclass(frozen=True)
class _Inner:
    """What a pair of brackets holds: a variable or none, a constant or none, a sign."""

    variable: Symbol | None
    variable_sign: int
    literal: Literal | None
    literal_sign: int

    @staticmethod
    def read(tree: SyntaxTree, bracket: Expression, node: ast.expr) -> _Inner:
        fault = f'"{bracket.expr}": brackets hold a number, a variable, or a variable ± a number'
        variables: list[tuple[Symbol, int]] = []
        literals: list[tuple[Literal, int]] = []
        for index, (outer_sign, term) in enumerate(tree.sum_of(node)):
            items = tree.items_of(term)
            sign, items = tree.signless(items, leading=index == 0)
            symbols = [tree.symbol(item) for item in items]
            if len(symbols) != 1:
                raise tree.fault(fault, [bracket])
            symbol = symbols[0]
            if isinstance(symbol, Literal):
                literals.append((symbol, sign * outer_sign))
            elif isinstance(symbol, Uk):
                raise tree.fault(
                    f'"{symbol.expr}" is a condition and cannot be bracketed', [bracket]
                )
            else:
                variables.append((symbol, sign * outer_sign))
        if len(variables) > 1 or len(literals) > 1:
            raise tree.fault(fault, [bracket])
        variable, variable_sign = variables[0] if variables else (None, 1)
        literal, literal_sign = literals[0] if literals else (None, 1)
        if variable and literal and not _fits_a_word(literal):
            raise tree.fault(f'"{literal.expr}" is too large for a constant', [literal])
        return _Inner(variable, variable_sign, literal, literal_sign)

    @property
    def const(self) -> int | float | None:
        """The constant relative to a variable with a plus sign: ``5 - V`` is ``-(V - 5)``."""
        if self.literal is None:
            return None
        size = self.literal.mantissa * 2.0**self.literal.exponent
        signed = size * self.literal_sign * self.variable_sign
        return int(signed) if signed.is_integer() else signed


def _fits_a_word(literal: Literal) -> bool:
    return literal.mantissa.bit_length() + max(0, literal.exponent) < 32


class _Term:
    """One product while it is read: scale, condition and factors pile up item by item."""

    def __init__(self, tree: SyntaxTree, sign: int, node: ast.expr, *, leading: bool) -> None:
        self._tree = tree
        self._mantissa, self._exponent = sign, 0
        self._dependency: Symbol | None = None
        self._factors: list[Factor] = []
        self.decimations: list[Uk] = []
        self.symbols = tree.symbols_of(node)
        leading_sign, items = tree.signless(tree.items_of(node), leading)
        self._mantissa *= leading_sign
        for item in items:
            self._take(item)

    def _take(self, item: ast.expr) -> None:
        symbol = self._tree.symbol(item)
        if isinstance(symbol, Literal):
            self._scale(symbol, 1)
        elif isinstance(symbol, X0 | Y0):
            if self._dependency is None:
                self._dependency = symbol
            else:
                self._factors.append(Factor(symbol.expr))
        elif isinstance(symbol, Uk):
            self._take_decimation(symbol)
        elif isinstance(symbol, Variable):
            self._factors.append(Factor(symbol.expr))
        else:
            assert isinstance(symbol, Expression)
            assert isinstance(item, ast.Call)
            inner = _Inner.read(self._tree, symbol, item.args[0])
            if isinstance(symbol, SgnExpression):
                self._take_sgn(symbol, inner)
            else:
                self._take_bracket(inner)

    def _take_decimation(self, symbol: Uk) -> None:
        if isinstance(self._dependency, X0 | Y0):
            raise self._tree.fault(
                f'"{symbol.expr}" comes after the condition "{self._dependency.expr}": '
                "a product has one condition",
                [symbol],
            )
        self._dependency = self._dependency or symbol
        self.decimations.append(symbol)

    def _take_bracket(self, inner: _Inner) -> None:
        if inner.variable is None:
            assert inner.literal is not None
            self._scale(inner.literal, inner.literal_sign)
            return
        self._mantissa *= inner.variable_sign
        self._factors.append(Factor(inner.variable.expr, inner.const))

    def _take_sgn(self, bracket: SgnExpression, inner: _Inner) -> None:
        if inner.variable is None or inner.variable.expr not in names.SYNAPTIC_VARIABLES:
            raise self._tree.fault("sgn takes w, d or t, with or without a constant", [bracket])
        if inner.variable_sign < 0:
            raise self._tree.fault(
                "a variable cannot be negative inside of sgn: negate the constant and the product",
                [bracket],
            )
        self._factors.append(Factor(inner.variable.expr, inner.const, is_sgn=True))

    def _scale(self, literal: Literal, sign: int) -> None:
        self._mantissa *= literal.mantissa * sign
        self._exponent += literal.exponent

    def product(self, target: str) -> Product:
        """Finish: the product with its scale normalised."""
        if self._dependency is None:
            raise self._tree.fault(
                "this product has no condition: multiply it by x0, y0 or u0 … u9", self.symbols
            )
        mantissa, exponent = self._mantissa, self._exponent
        while abs(mantissa) > MANTISSA_RANGE[1] and mantissa % 2 == 0:
            if exponent >= EXPONENT_RANGE[1]:
                break
            mantissa, exponent = mantissa // 2, exponent + 1
        for what, value, (low, high) in (
            ("mantissa", mantissa, MANTISSA_RANGE),
            ("exponent", exponent, EXPONENT_RANGE),
        ):
            if not low <= value <= high:
                raise self._tree.fault(
                    f"the numbers of this product multiply to {mantissa}*2^{exponent}, whose "
                    f"{what} is not in {low} … {high}",
                    self.symbols,
                )
        decimated = isinstance(self._dependency, Uk)
        return Product(
            target,
            names.U if decimated else self._dependency.expr,
            mantissa,
            exponent + EXPONENT_OFFSET,
            self._factors,
            self._dependency.decimate_exponent if isinstance(self._dependency, Uk) else None,
        )


def _check_common_decimation(
    terms: list[_Term], fault: Callable[[str, list[Symbol]], RuleError]
) -> None:
    seen = [symbol for term in terms for symbol in term.decimations]
    for symbol in seen:
        if symbol.decimate_exponent != seen[0].decimate_exponent:
            raise fault(
                f'"{symbol.expr}" and "{seen[0].expr}": all u of a learning rule need the same '
                "digit",
                [symbol],
            )
