"""How the terms and signs of a rule belong together.

That is left to Python's own parser: every token is written as a name (``_0``, ``_1``, …; brackets
as calls) with asterisks filled in, and `ast.parse` builds the tree. Nothing is ever evaluated. A
name leads back to its token and the token to its place in the text, so that each error points at
the term at fault.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from lava_actor.learning.errors import RuleError
from lava_actor.learning.symbolic_equation import SymbolicEquation
from lava_actor.learning.symbols import Expression, Multiplication, Operator, Symbol, SymbolList


class SyntaxTree:
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
