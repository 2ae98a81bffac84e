"""The text of a rule, taken apart into tokens.

The token classes are tried in a fixed order until the text is used up. The tokens remember where in
the text they stood, so that whoever reads them later can point there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lava_actor.learning.errors import RuleError
from lava_actor.learning.symbols import (
    X0,
    Y0,
    Addition,
    BracketExpression,
    Dependency,
    Expression,
    FactorSym,
    Literal,
    Multiplication,
    Operator,
    SgnExpression,
    Subtraction,
    Symbol,
    SymbolList,
    Uk,
    Variable,
)

__all__ = [
    "SymbolicEquation",
    "Symbol", "SymbolList",
    "Operator", "Addition", "Subtraction", "Multiplication",
    "FactorSym", "Dependency", "X0", "Y0", "Uk", "Variable",
    "Expression", "BracketExpression", "SgnExpression",
    "Literal",
]  # fmt: skip

_ORDER = (
    Addition, Subtraction, Multiplication, X0, Y0, Uk, Variable, BracketExpression, SgnExpression,
    Literal,
)  # fmt: skip


class SymbolicEquation:
    """The text of one rule as a list of tokens.

    Parameters
    ----------
    target : str
        What the rule changes: ``"dw"``, ``"dd"`` or ``"dt"``.
    str_learning_rule : str
        The text. Blanks mean nothing.

    Raises
    ------
    RuleError
        If a part of the text is no symbol of the language.
    """

    def __init__(self, target: str, str_learning_rule: str) -> None:
        self.target = target
        self.text = str_learning_rule
        self._columns = [i for i, char in enumerate(self.text) if not char.isspace()]
        if not self._columns:
            raise RuleError(target, self.text, 0, 0, "the rule is empty")
        self.symbol_list = self._tokens("".join(self.text.split()), 0)

    def _tokens(self, text: str, offset: int, inside: bool = False) -> SymbolList:
        found = SymbolList()
        rest = text
        while rest:
            start = offset + len(text) - len(rest)
            if inside and rest.startswith(("(", "sgn(")):
                raise self._fault("brackets cannot be nested", start, start + 1)
            symbol, rest = self._next(rest, start)
            end = offset + len(text) - len(rest)
            symbol.span = self._place(start, end)
            if isinstance(symbol, Expression):
                inner = start + symbol.expr.index("(") + 1
                symbol.symbol_list = self._tokens(symbol.sub_expr, inner, inside=True)
            found.append(symbol)
        return found

    def _next(self, text: str, start: int) -> tuple[Symbol, str]:
        symbol: Symbol | None
        for kind in _ORDER:
            try:
                symbol, rest = kind.find(text)
            except ValueError:
                end = start + 1 + text.index("(")
                raise self._fault("this bracket is never closed", start, end) from None
            if symbol is not None:
                return symbol, rest
        raise self._fault(*_unknown(text, start))

    def _place(self, start: int, end: int) -> tuple[int, int]:
        """Turn positions in the text without blanks into positions in the text as given."""
        return self._columns[start], self._columns[end - 1] + 1

    def _fault(self, what: str, start: int, end: int) -> RuleError:
        return RuleError(self.target, self.text, *self._place(start, end), what)

    def fault(self, what: str, symbols: Iterable[Symbol]) -> RuleError:
        """Return the error to raise, pointing at `symbols`; at the whole rule without any."""
        spans = [symbol.span for symbol in symbols] or [(self._columns[0], self._columns[-1] + 1)]
        start, end = min(s for s, _ in spans), max(e for _, e in spans)
        return RuleError(self.target, self.text, start, end, what)


def _unknown(text: str, start: int) -> tuple[str, int, int]:
    """Say what is wrong at the start of `text`, which no token matches."""
    if text[0] == "u":
        digits = re.match(r"u[0-9]*", text)
        word = digits[0] if digits else "u"
        return f'"{word}": u takes exactly one digit, u0 … u9', start, start + len(word)
    if text[0] == ")":
        return '")" closes a bracket that was never opened', start, start + 1
    if text[0] in "./":
        fault = (
            f'"{text[0]}" is not part of the rule language: write fractions as powers of two, '
            "for example 2^-1 for a half"
        )
        return fault, start, start + 1
    if text[0] == "^":
        return '"^" belongs to powers of two only, as in 2^-3 or 5*2^-3', start, start + 1
    name = re.match(r"[A-Za-z_][A-Za-z_0-9]*", text)
    length = len(name[0]) if name else 1
    known = "x0 x1 x2 y0 y1 y2 y3 w d t u0…u9 sgn( )"
    return f'unknown symbol "{text[:length]}" (known: {known})', start, start + length
