"""The text of a rule, taken apart into tokens, a class each that knows its spelling.

The classes are tried in a fixed order until the text is used up. The tokens remember where in
the text they stood, so that whoever reads them later can point there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, Self

from lava_actor.learning.errors import RuleError

__all__ = [
    "SymbolicEquation",
    "Symbol", "SymbolList",
    "Operator", "Addition", "Subtraction", "Multiplication",
    "FactorSym", "Dependency", "X0", "Y0", "Uk", "Variable",
    "Expression", "BracketExpression", "SgnExpression",
    "Literal",
]  # fmt: skip


class Symbol:
    """One token: the text it was found in, and what that text means.

    Parameters
    ----------
    expr : str, optional
        The text of the token; tokens with one spelling know it.
    """

    pattern: ClassVar[str]
    expr: str
    span: tuple[int, int] = (0, 0)
    """First and last-plus-one index of the token in the text of the rule."""

    def __init__(self, expr: str | None = None) -> None:
        if expr is not None:
            self.expr = expr

    @classmethod
    def find(cls, expr: str) -> tuple[Self | None, str]:
        """Take the token off the start of `expr`; ``(None, expr)`` if it is not there."""
        match = re.match(cls.pattern, expr)
        return (cls(match[0]), expr[match.end() :]) if match else (None, expr)

    def __str__(self) -> str:
        return f"{type(self).__name__}({self.expr})"

    __repr__ = __str__


class SymbolList(list[Symbol]):
    """Tokens in order; `expr` is their joined text."""

    @property
    def expr(self) -> str:
        """The joined text of all tokens."""
        return "".join(symbol.expr for symbol in self)

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self))}]"

    __repr__ = __str__


class Operator(Symbol):
    """A sign between terms, or the sign of multiplication."""


class Addition(Operator):
    """``+``: a product starts that is added."""

    pattern, expr = r"\+", "+"


class Subtraction(Operator):
    """``-``: a product starts that is subtracted."""

    pattern, expr = "-", "-"


class Multiplication(Operator):
    """``*``: carries no information, items that follow each other are multiplied anyway."""

    pattern, expr = r"\*", "*"


class FactorSym(Symbol):
    """What can be multiplied, numbers aside."""


class Dependency(FactorSym):
    """The condition under which a product counts."""


class X0(Dependency):
    """``x0``: the pre-synaptic neuron spiked in this epoch."""

    pattern, expr = "x0", "x0"


class Y0(Dependency):
    """``y0``: the post-synaptic neuron spiked in this epoch."""

    pattern, expr = "y0", "y0"


class Uk(Dependency):
    """``u0`` … ``u9``: every 2^k-th epoch."""

    pattern = "u[0-9](?![0-9])"

    @property
    def decimate_exponent(self) -> int:
        """The digit k."""
        return int(self.expr[1:])


class Variable(FactorSym):
    """A trace (x1, x2, y1, y2, y3) or a synaptic variable (w, d, t)."""

    pattern = "(?:x[12]|y[123]|[wdt])(?![0-9])"


class Expression(FactorSym):
    """A pair of brackets and what is between them."""

    symbol_list: SymbolList | None = None
    """What is between the brackets as tokens, once a `SymbolicEquation` has read it."""

    @property
    def sub_expr(self) -> str:
        """The text between the brackets."""
        return self.expr[self.expr.index("(") + 1 : -1]

    @classmethod
    def find(cls, expr: str) -> tuple[Self | None, str]:
        """Take the brackets off the start of `expr`, up to the first that closes.

        Raises
        ------
        ValueError
            If the bracket is never closed.
        """
        symbol, rest = super().find(expr)
        if symbol and not symbol.expr.endswith(")"):
            raise ValueError(f'"{expr}": the bracket that opens here is never closed')
        return symbol, rest

    def __str__(self) -> str:
        return f"{type(self).__name__}({self.symbol_list or self.expr})"


class BracketExpression(Expression):
    """``( … )``: a number, or a variable with a constant added."""

    pattern = r"\([^)]*\)?"


class SgnExpression(Expression):
    """``sgn( … )``: the sign of a synaptic variable, with a constant added to it first."""

    pattern = r"sgn\([^)]*\)?"


class Literal(Symbol):
    """A number: ``a*2^b``, ``2^b`` or a bare integer ``a``.

    Attributes
    ----------
    mantissa, base, exponent : int
        The number is ``mantissa * base**exponent``; `base` is 2, or 1 for a bare integer.
    literal_type : int
        0: ``a*2^b``, 1: ``2^b``, 2: ``a``.
    """

    pattern = r"([+-]?)(?:(?:([0-9]+)\*)?2\^([+-]?[0-9]+)|([0-9]+))"

    def __init__(self, expr: str) -> None:
        super().__init__(expr)
        match = re.fullmatch(self.pattern, expr)
        if match is None:
            raise ValueError(f'"{expr}" is no number of the forms a*2^b, 2^b or a')
        sign, scaled, exponent, integer = match.groups()
        self.literal_type = 2 if integer else 0 if scaled else 1
        self.mantissa = int(sign + (integer or scaled or "1"))
        self.base, self.exponent = (1, 0) if integer else (2, int(exponent))

    @property
    def val(self) -> int:
        """The number, truncated toward zero."""
        return int(self.mantissa * self.base**self.exponent)


_ORDER: tuple[type[Symbol], ...] = (
    Addition, Subtraction, Multiplication, X0, Y0, Uk, Variable, BracketExpression, SgnExpression,
    Literal,
)  # fmt: skip

_UNKNOWN = (
    (r"u[0-9]*", '"{}": u takes exactly one digit, u0 … u9'),
    (r"\)", '"{}" closes a bracket that was never opened'),
    (r"[./]", '"{}" is not part of the language: fractions are powers of two, 2^-1 for a half'),
    (r"\^", '"{}" belongs to powers of two only, as in 2^-3 or 5*2^-3'),
    (r"[A-Za-z_][A-Za-z_0-9]*|.",
     'unknown symbol "{}" (known: x0 x1 x2 y0 y1 y2 y3 w d t u0…u9 sgn( ))'),
)  # fmt: skip
"""What is wrong where no token matches: the first pattern that does says it."""


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
        self.target, self.text = target, str_learning_rule
        self._columns = [i for i, char in enumerate(self.text) if not char.isspace()]
        if not self._columns:
            raise RuleError(target, self.text, 0, 0, "the rule is empty")
        self.symbol_list = self._tokens("".join(self.text.split()), 0)

    def _tokens(self, text: str, start: int, inside: bool = False) -> SymbolList:
        found = SymbolList()
        while text:
            if inside and text.startswith(("(", "sgn(")):
                raise self._fault("brackets cannot be nested", start, start + 1)
            if text.startswith("**") and text[2:3].isdigit():  # one asterisk or two mean the same
                raise self._fault('"**": a square is y1*y1, a power of two 2^-3', start, start + 2)
            symbol, text = self._next(text, start)
            end = start + len(symbol.expr)
            symbol.span = self._place(start, end)
            if isinstance(symbol, Expression):
                inner = start + symbol.expr.index("(") + 1
                symbol.symbol_list = self._tokens(symbol.sub_expr, inner, inside=True)
            found.append(symbol)
            start = end
        return found

    def _next(self, text: str, start: int) -> tuple[Symbol, str]:
        try:
            for kind in _ORDER:
                symbol, rest = kind.find(text)
                if symbol is not None:
                    return symbol, rest
        except ValueError:
            end = start + 1 + text.index("(")
            raise self._fault("this bracket is never closed", start, end) from None
        faults = ((re.match(pattern, text), fault) for pattern, fault in _UNKNOWN)
        word, fault = next((match[0], fault) for match, fault in faults if match)
        raise self._fault(fault.format(word), start, start + len(word))

    def _place(self, start: int, end: int) -> tuple[int, int]:
        """Turn positions in the text without blanks into positions in the text as given."""
        return self._columns[start], self._columns[end - 1] + 1

    def _fault(self, what: str, start: int, end: int) -> RuleError:
        return RuleError(self.target, self.text, *self._place(start, end), what)

    def fault(self, what: str, symbols: Iterable[Symbol]) -> RuleError:
        """Return the error to raise, pointing at `symbols`."""
        spans = [symbol.span for symbol in symbols]
        start, end = min(start for start, _ in spans), max(end for _, end in spans)
        return RuleError(self.target, self.text, start, end, what)
