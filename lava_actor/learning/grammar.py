"""From the tokens of a rule to its products.

The language (learning rules of Loihi, Davies et al. 2018, written as text)::

    rule    = [sign] product { sign product }
    product = item { ["*"] item }
    item    = dependency | trace | synvar | literal | "(" inner ")" | "sgn(" inner ")"
    inner   = [sign] term | [sign] term sign term

How terms and signs belong together is left to Python's own parser: every token is written as a name
(``_0``, ``_1``, …; brackets as calls) with asterisks filled in, `ast.parse` builds the tree, and
the tree is read back. Nothing is ever evaluated. A name leads back to its token and the token to
its place in the text, so that each error points at the term at fault.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lava_actor.learning import string_symbols as names
from lava_actor.learning.errors import RuleError
from lava_actor.learning.product_series import EXPONENT_OFFSET, Factor, Product
from lava_actor.learning.symbolic_equation import (
    X0,
    Y0,
    Expression,
    Literal,
    Multiplication,
    Operator,
    SgnExpression,
    Symbol,
    SymbolicEquation,
    SymbolList,
    Uk,
    Variable,
)

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
    tree = _Tree(equation)
    terms = [
        _Term(tree, sign, node, leading=index == 0)
        for index, (sign, node) in enumerate(tree.sum_of(tree.root))
    ]
    products = [term.product(equation.target) for term in terms]
    _check_common_decimation(terms, tree.fault)
    return products


class _Tree:
    """The syntax tree of a rule, whose leaves lead back to tokens."""

    def __init__(self, equation: SymbolicEquation) -> None:
        self.fault: Callable[[str, list[Symbol]], RuleError] = equation.fault
        self._symbols: list[Symbol] = []
        self._starts: list[int] = []
        source = self._python(equation.symbol_list, at=0)
        try:
            self.root = ast.parse(source, mode="eval").body
        except SyntaxError as error:
            raise self._misplaced((error.offset or 1) - 1) from None

    def _python(self, symbols: SymbolList, at: int) -> str:
        """Write tokens as an expression of Python that starts at column `at`."""
        text = ""
        before: Symbol | None = None
        asterisks = 0
        for symbol in symbols:
            asterisks = asterisks + 1 if isinstance(symbol, Multiplication) else 0
            if asterisks == 2:  # a doubled asterisk is as good as one
                continue
            if asterisks > 2:
                raise self.fault("too many asterisks", [symbol])
            needs_asterisk = not (before is None or isinstance(before, Operator))
            if needs_asterisk and not isinstance(symbol, Operator):
                text += "*"
            number = len(self._symbols)
            self._symbols.append(symbol)
            self._starts.append(at + len(text))
            if isinstance(symbol, Operator):
                text += symbol.expr
            elif isinstance(symbol, Expression):
                if not symbol.symbol_list:
                    raise self.fault("there is nothing between these brackets", [symbol])
                # In brackets of its own, so that Python cannot take "*w" for unpacking.
                text += f"_{number}(("
                text += self._python(symbol.symbol_list, at + len(text)) + "))"
            else:
                text += f"_{number}"
            before = symbol
        return text

    def _misplaced(self, column: int) -> RuleError:
        """Name the operator that Python stumbled over: nothing else can be out of place."""
        near = max((i for i, start in enumerate(self._starts) if start <= column), default=0)
        candidates = [*range(near, -1, -1), *range(near + 1, len(self._symbols))]
        for index in candidates:
            if isinstance(self._symbols[index], Operator):
                symbol = self._symbols[index]
                return self.fault(f'"{symbol.expr}" has nothing to work on here', [symbol])
        return self.fault("this cannot be read", [self._symbols[near]])

    def symbol(self, node: ast.expr) -> Symbol:
        """Return the token that a leaf stands for."""
        name = node.func if isinstance(node, ast.Call) else node
        assert isinstance(name, ast.Name), "leaves are written as names"
        return self._symbols[int(name.id[1:])]

    def symbols_of(self, node: ast.expr) -> list[Symbol]:
        """All tokens below a node, brackets as one."""
        if isinstance(node, ast.BinOp):
            return self.symbols_of(node.left) + self.symbols_of(node.right)
        if isinstance(node, ast.UnaryOp):
            return self.symbols_of(node.operand)
        return [self.symbol(node)]

    def sum_of(self, node: ast.expr, sign: int = 1) -> Iterator[tuple[int, ast.expr]]:
        """Take a sum apart into signed terms, left to right."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            yield from self.sum_of(node.left, sign)
            yield -1 if isinstance(node.op, ast.Sub) else 1, node.right
        else:
            yield sign, node

    def items_of(self, node: ast.expr) -> list[ast.expr]:
        """Take a product apart, left to right."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            return [*self.items_of(node.left), node.right]
        return [node]

    def signless(self, items: list[ast.expr], leading: bool) -> tuple[int, list[ast.expr]]:
        """Take the sign off the first of `items`; any other sign is an error.

        `leading` tells whether the items come first in their sum, where a sign is allowed.
        Python binds a sign to the item behind it, the language to the whole product.
        """
        sign = 1
        first = items[0]
        if leading and isinstance(first, ast.UnaryOp):
            sign = -1 if isinstance(first.op, ast.USub) else 1
            items = [first.operand, *items[1:]]
        for item in items:
            if isinstance(item, ast.UnaryOp):
                raise self.fault(
                    "a sign starts a new product: write a negative number as (-2)",
                    self.symbols_of(item),
                )
        return sign, items


@dataclass(frozen=True)
class _Inner:
    """What a pair of brackets holds: a variable or none, a constant or none, a sign."""

    variable: Symbol | None
    variable_sign: int
    literal: Literal | None
    literal_sign: int

    @staticmethod
    def read(tree: _Tree, bracket: Expression, node: ast.expr) -> _Inner:
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

    def __init__(self, tree: _Tree, sign: int, node: ast.expr, *, leading: bool) -> None:
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
