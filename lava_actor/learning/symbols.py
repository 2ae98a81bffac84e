"""Tokens of the rule language.

A token class knows one spelling and finds it at the start of a text (`find`).
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar


class Symbol(ABC):
    """One token: the text it was found in, and what that text means.

    Parameters
    ----------
    expr : str
        The text of the token.
    """

    pattern: ClassVar[re.Pattern[str]]
    span: tuple[int, int] = (0, 0)
    """First and last-plus-one index of the token in the text of the rule."""

    @abstractmethod
    def __init__(self, expr: str) -> None:
        self.expr = expr

    @property
    def expr(self) -> str:
        """The text of the token."""
        return self._expr

    @expr.setter
    def expr(self, expr: str) -> None:
        self._expr = expr

    def __str__(self) -> str:
        return f"{type(self).__name__}({self._shown()})"

    __repr__ = __str__

    def _shown(self) -> str:
        return self.expr

    @classmethod
    def _match(cls, expr: str) -> tuple[re.Match[str] | None, str]:
        match = cls.pattern.match(expr)
        return (match, expr[match.end() :]) if match else (None, expr)


class SymbolList(list[Symbol]):
    """Tokens in order; `expr` is their joined text."""

    def __init__(self, symbols: Iterable[Symbol] = ()) -> None:
        super().__init__(symbols)

    @property
    def expr(self) -> str:
        """The joined text of all tokens."""
        return "".join(symbol.expr for symbol in self)

    def __str__(self) -> str:
        return "[" + ", ".join(str(symbol) for symbol in self) + "]"

    __repr__ = __str__


class Operator(Symbol):
    """A sign between terms, or the sign of multiplication."""


class _FixedOperator(Operator):
    _spelling: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(self._spelling)


class Addition(_FixedOperator):
    """``+``: a product starts that is added."""

    _spelling = "+"
    pattern = re.compile(r"\+")

    @staticmethod
    def find(expr: str) -> tuple[Addition | None, str]:
        """Take a plus sign off the start of `expr`; ``(None, expr)`` if there is none."""
        match, rest = Addition._match(expr)
        return (Addition() if match else None), rest


class Subtraction(_FixedOperator):
    """``-``: a product starts that is subtracted."""

    _spelling = "-"
    pattern = re.compile(r"-")

    @staticmethod
    def find(expr: str) -> tuple[Subtraction | None, str]:
        """Take a minus sign off the start of `expr`; ``(None, expr)`` if there is none."""
        match, rest = Subtraction._match(expr)
        return (Subtraction() if match else None), rest


class Multiplication(_FixedOperator):
    """``*``: carries no information, items that follow each other are multiplied anyway."""

    _spelling = "*"
    pattern = re.compile(r"\*")

    @staticmethod
    def find(expr: str) -> tuple[Multiplication | None, str]:
        """Take an asterisk off the start of `expr`; ``(None, expr)`` if there is none."""
        match, rest = Multiplication._match(expr)
        return (Multiplication() if match else None), rest


class FactorSym(Symbol):
    """What can be multiplied, numbers aside."""


class Dependency(FactorSym):
    """The condition under which a product counts."""


class X0(Dependency):
    """``x0``: the pre-synaptic neuron spiked in this epoch."""

    pattern = re.compile(r"x0")

    def __init__(self, expr: str = "x0") -> None:
        super().__init__(expr)

    @staticmethod
    def find(expr: str) -> tuple[X0 | None, str]:
        """Take ``x0`` off the start of `expr`; ``(None, expr)`` if it is not there."""
        match, rest = X0._match(expr)
        return (X0() if match else None), rest


class Y0(Dependency):
    """``y0``: the post-synaptic neuron spiked in this epoch."""

    pattern = re.compile(r"y0")

    def __init__(self, expr: str = "y0") -> None:
        super().__init__(expr)

    @staticmethod
    def find(expr: str) -> tuple[Y0 | None, str]:
        """Take ``y0`` off the start of `expr`; ``(None, expr)`` if it is not there."""
        match, rest = Y0._match(expr)
        return (Y0() if match else None), rest


class Uk(Dependency):
    """``u0`` … ``u9``: every 2^k-th epoch."""

    pattern = re.compile(r"u([0-9])(?![0-9])")

    def __init__(self, expr: str) -> None:
        super().__init__(expr)
        self.decimate_exponent = int(expr[1:])
        """The digit k."""

    @staticmethod
    def find(expr: str) -> tuple[Uk | None, str]:
        """Take ``u`` and one digit off the start of `expr`; ``(None, expr)`` without a match."""
        match, rest = Uk._match(expr)
        return (Uk(match[0]) if match else None), rest


class Variable(FactorSym):
    """A trace (x1, x2, y1, y2, y3) or a synaptic variable (w, d, t)."""

    pattern = re.compile(r"x[12]|y[123]|[wdt]")

    def __init__(self, expr: str) -> None:
        super().__init__(expr)

    @staticmethod
    def find(expr: str) -> tuple[Variable | None, str]:
        """Take a variable's name off the start of `expr`; ``(None, expr)`` without a match."""
        match, rest = Variable._match(expr)
        return (Variable(match[0]) if match else None), rest


class Expression(FactorSym):
    """A pair of brackets and what is between them.

    Attributes
    ----------
    sub_expr : str
        The text between the brackets.
    symbol_list : SymbolList or None
        The same as tokens, once a `SymbolicEquation` has read it.
    """

    _opening: ClassVar[str]

    def __init__(self, expr: str) -> None:
        super().__init__(expr)
        self.sub_expr = expr[len(self._opening) : -1]
        self.symbol_list: SymbolList | None = None

    def _shown(self) -> str:
        return self.expr if self.symbol_list is None else str(self.symbol_list)

    @classmethod
    def _cut(cls, expr: str) -> tuple[str | None, str]:
        if not expr.startswith(cls._opening):
            return None, expr
        end = expr.find(")")
        if end < 0:
            raise ValueError(f'"{expr}": the bracket that opens here is never closed')
        return expr[: end + 1], expr[end + 1 :]


class BracketExpression(Expression):
    """``( … )``: a number, or a variable with a constant added."""

    _opening = "("

    @staticmethod
    def find(expr: str) -> tuple[BracketExpression | None, str]:
        """Take ``( … )`` off the start of `expr`, up to the first closing bracket.

        Raises
        ------
        ValueError
            If the bracket is never closed.
        """
        text, rest = BracketExpression._cut(expr)
        return (None if text is None else BracketExpression(text)), rest


class SgnExpression(Expression):
    """``sgn( … )``: the sign of a synaptic variable, with a constant added to it first."""

    _opening = "sgn("

    @staticmethod
    def find(expr: str) -> tuple[SgnExpression | None, str]:
        """Take ``sgn( … )`` off the start of `expr`, up to the first closing bracket.

        Raises
        ------
        ValueError
            If the bracket is never closed.
        """
        text, rest = SgnExpression._cut(expr)
        return (None if text is None else SgnExpression(text)), rest


class Literal(Symbol):
    """A number: ``a*2^b``, ``2^b`` or a bare integer ``a``.

    Attributes
    ----------
    mantissa, base, exponent : int
        The number is ``mantissa * base**exponent``; `base` is 2, or 1 for a bare integer.
    literal_type : int
        0: ``a*2^b``, 1: ``2^b``, 2: ``a``.
    """

    pattern = re.compile(r"([+-]?)(?:([0-9]+)\*2\^([+-]?[0-9]+)|2\^([+-]?[0-9]+)|([0-9]+))")

    def __init__(self, expr: str) -> None:
        super().__init__(expr)
        match = self.pattern.fullmatch(expr)
        if match is None:
            raise ValueError(f'"{expr}" is no number of the forms a*2^b, 2^b or a')
        sign, scaled, scaled_exponent, power_exponent, integer = match.groups()
        self.base, self.exponent = 2, 0
        if scaled is not None:
            self.literal_type, self.mantissa = 0, int(scaled)
            self.exponent = int(scaled_exponent)
        elif power_exponent is not None:
            self.literal_type, self.mantissa = 1, 1
            self.exponent = int(power_exponent)
        else:
            self.literal_type, self.mantissa, self.base = 2, int(integer), 1
        if sign == "-":
            self.mantissa = -self.mantissa

    @property
    def val(self) -> int:
        """The number, truncated toward zero."""
        return int(self.mantissa * self.base**self.exponent)

    @staticmethod
    def find(expr: str) -> tuple[Literal | None, str]:
        """Take a number, with or without sign, off the start of `expr`."""
        match, rest = Literal._match(expr)
        return (Literal(match[0]) if match else None), rest
