"""From the tokens of a rule to its products.

The language (learning rules of Loihi, Davies et al. 2018, written as text)::

    rule    = [sign] product { sign product }
    product = item { ["*"] item }
    item    = dependency | trace | synvar | literal | "(" inner ")" | "sgn(" inner ")"
    inner   = [sign] term | [sign] term sign term

`SyntaxTree` says how terms and signs belong together; here it is read, product by product.
"""

from __future__ import annotations

from lava_actor.learning import string_symbols as names
from lava_actor.learning import symbolic_equation as tokens
from lava_actor.learning.products import EXPONENT_OFFSET, Factor, Product
from lava_actor.learning.syntax_tree import SyntaxTree

MANTISSA_RANGE = (-8, 7)
EXPONENT_RANGE = (-7, 8)
WORD = 32
"""Bits of the integers that a constant is added to."""


def parse(equation: tokens.SymbolicEquation) -> list[Product]:
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
    terms = SyntaxTree(equation, equation.symbol_list).terms
    products = [_product(equation, sign, symbols) for sign, symbols in terms]
    decimations = [s for _, symbols in terms for s in symbols if isinstance(s, tokens.Uk)]
    for symbol in decimations:
        if symbol.expr != decimations[0].expr:
            raise equation.fault(
                f'"{symbol.expr}" and "{decimations[0].expr}": all u of a learning rule need the '
                "same digit",
                [symbol],
            )
    return products


def _product(
    equation: tokens.SymbolicEquation, mantissa: int, symbols: list[tokens.Symbol]
) -> Product:
    """Read one product: scale, condition and factors pile up item by item."""
    exponent, condition, factors = 0, None, []
    for symbol in symbols:
        if isinstance(symbol, tokens.Literal):
            scale: tuple[int, int] = symbol.mantissa, symbol.exponent
        elif isinstance(symbol, tokens.Expression):
            scale, factor = _bracket(equation, symbol)
            factors += [factor] if factor else []
        elif isinstance(symbol, tokens.Dependency) and condition is None:
            condition = symbol
            continue
        elif not isinstance(symbol, tokens.Uk):
            factors.append(Factor(symbol.expr))
            continue
        elif isinstance(condition, tokens.Uk):
            continue
        else:
            assert condition is not None
            raise equation.fault(
                f'"{symbol.expr}" comes after the condition "{condition.expr}": a product has one '
                "condition",
                [symbol],
            )
        mantissa, exponent = mantissa * scale[0], exponent + scale[1]
    if condition is None:
        raise equation.fault(
            "this product has no condition: multiply it by x0, y0 or u0 … u9", symbols
        )
    while abs(mantissa) > MANTISSA_RANGE[1] and mantissa % 2 == 0 and exponent < EXPONENT_RANGE[1]:
        mantissa, exponent = mantissa // 2, exponent + 1
    for what, value, (low, high) in (
        ("mantissa", mantissa, MANTISSA_RANGE),
        ("exponent", exponent, EXPONENT_RANGE),
    ):
        if not low <= value <= high:
            raise equation.fault(
                f"the numbers of this product multiply to {mantissa}*2^{exponent}, whose {what} is "
                f"not in {low} … {high}",
                symbols,
            )
    k = condition.decimate_exponent if isinstance(condition, tokens.Uk) else None
    dependency = condition.expr if k is None else names.U
    return Product(equation.target, dependency, mantissa, exponent + EXPONENT_OFFSET, factors, k)


def _bracket(
    equation: tokens.SymbolicEquation, bracket: tokens.Expression
) -> tuple[tuple[int, int], Factor | None]:
    """Read a pair of brackets: what it scales its product by, and the factor in it."""
    if not bracket.symbol_list:
        raise equation.fault("there is nothing between these brackets", [bracket])
    variable, literal, variable_sign, literal_sign = None, None, 1, 1
    for sign, symbols in SyntaxTree(equation, bracket.symbol_list).terms:
        symbol = symbols[0]
        if len(symbols) == 1 and isinstance(symbol, tokens.Uk):
            raise equation.fault(
                f'"{symbol.expr}" is a condition and cannot be bracketed', [bracket]
            )
        if len(symbols) == 1 and isinstance(symbol, tokens.Literal) and literal is None:
            literal, literal_sign = symbol, sign
        elif len(symbols) == 1 and not isinstance(symbol, tokens.Literal) and variable is None:
            variable, variable_sign = symbol, sign
        else:
            raise equation.fault(
                f'"{bracket.expr}": brackets hold a number, a variable, or a variable ± a number',
                [bracket],
            )
    is_sgn = isinstance(bracket, tokens.SgnExpression)
    if is_sgn and (variable is None or variable.expr not in names.SYNAPTIC_VARIABLES):
        raise equation.fault("sgn takes w, d or t, with or without a constant", [bracket])
    if is_sgn and variable_sign < 0:
        raise equation.fault(
            "a variable cannot be negative inside of sgn: negate the constant and the product",
            [bracket],
        )
    if variable is None:
        assert literal is not None
        return (literal.mantissa * literal_sign, literal.exponent), None
    constant = None
    if literal is not None:
        if literal.mantissa.bit_length() + max(0, literal.exponent) >= WORD:
            raise equation.fault(f'"{literal.expr}" is too large for a constant', [literal])
        # Relative to a variable with a plus sign: 5 - V is -(V - 5).
        size = literal.mantissa * 2.0**literal.exponent * literal_sign * variable_sign
        constant = int(size) if size.is_integer() else size
    return (variable_sign, 0), Factor(variable.expr, constant, is_sgn)
