"""How the terms and signs of a rule belong together.

That is left to Python's own parser: every token is written as a name (``_0``, ``_1``, …) with
asterisks filled in, and `ast.parse` builds the tree. Nothing is ever evaluated. All tokens are
written equally wide, so that a column of the source leads back to its token, and the token to its
place in the text.
"""

from __future__ import annotations

import ast

from lava_actor.learning import symbolic_equation as tokens
from lava_actor.learning.errors import RuleError

_WIDTH = 8


class SyntaxTree:
    """A sum of products of tokens.

    Parameters
    ----------
    equation : SymbolicEquation
        Says where the tokens stand.
    symbols : SymbolList
        Of the whole rule, or between a pair of brackets.

    Attributes
    ----------
    terms : list of (int, list of Symbol)
        The products, each with its sign.

    Raises
    ------
    RuleError
        If operators are misplaced.
    """

    def __init__(self, equation: tokens.SymbolicEquation, symbols: tokens.SymbolList) -> None:
        self._fault, self._symbols = equation.fault, symbols
        try:
            root = ast.parse(f"({self._python()})", mode="eval").body
        except SyntaxError as error:
            raise self._misplaced(((error.offset or 1) - 2) // _WIDTH) from None
        self.terms = self._terms(root)

    def _python(self) -> str:
        text, before, asterisks = "", False, 0
        for number, symbol in enumerate(self._symbols):
            operator = isinstance(symbol, tokens.Operator)
            asterisks = asterisks + 1 if isinstance(symbol, tokens.Multiplication) else 0
            if asterisks > 2:
                raise self._fault("too many asterisks", [symbol])
            if asterisks == 2:  # a doubled asterisk is as good as one
                cell = ""
            else:
                cell = symbol.expr if operator else "*" * before + f"_{number}"
            text += f"{cell:{_WIDTH}}"
            before = not operator
        return text

    def _misplaced(self, near: int) -> RuleError:
        """Name the operator that Python stumbled over: nothing else can be out of place."""
        near = min(max(near, 0), len(self._symbols) - 1)
        for symbol in (*self._symbols[near::-1], *self._symbols[near + 1 :]):
            if isinstance(symbol, tokens.Operator):
                return self._fault(f'"{symbol.expr}" has nothing to work on here', [symbol])
        return self._fault("this cannot be read", [self._symbols[near]])

    def _terms(self, node: ast.expr) -> list[tuple[int, list[tokens.Symbol]]]:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            sign = -1 if isinstance(node.op, ast.Sub) else 1
            return [*self._terms(node.left), (sign, self._symbols_of(_items(node.right)))]
        first, *rest = _items(node)
        if not isinstance(first, ast.UnaryOp):
            return [(1, self._symbols_of([first, *rest]))]
        # Python binds a leading sign to the item behind it, the language to the whole product.
        sign = -1 if isinstance(first.op, ast.USub) else 1
        return [(sign, self._symbols_of([first.operand, *rest]))]

    def _symbols_of(self, items: list[ast.expr]) -> list[tokens.Symbol]:
        found = []
        for item in items:
            leaf = item
            while isinstance(leaf, ast.UnaryOp):
                leaf = leaf.operand
            assert isinstance(leaf, ast.Name), "items are written as names"
            found.append(self._symbols[int(leaf.id[1:])])
            if leaf is not item:
                fault = "a sign starts a new product: write a negative number as (-2)"
                raise self._fault(fault, found[-1:])
        return found


def _items(node: ast.expr) -> list[ast.expr]:
    """Take a product apart, left to right."""
    return [*_items(node.left), node.right] if isinstance(node, ast.BinOp) else [node]
