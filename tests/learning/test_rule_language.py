"""The rule language: what a string means, and what the error points at when it means nothing."""

from __future__ import annotations

import pickle

import pytest

from lava_actor.errors import LavaActorError
from lava_actor.learning.errors import RuleError
from lava_actor.learning.product_series import Factor, Product, ProductSeries
from lava_actor.learning.symbolic_equation import (
    X0,
    Y0,
    Addition,
    BracketExpression,
    Literal,
    Multiplication,
    SgnExpression,
    Subtraction,
    SymbolicEquation,
    SymbolList,
    Uk,
    Variable,
)


def series(text: str, target: str = "dw") -> ProductSeries:
    return ProductSeries(SymbolicEquation(target, text))


def only(text: str) -> Product:
    (product,) = series(text).products
    return product


def as_tuples(product: Product) -> list[tuple[str, object, bool]]:
    return [(f.state_var, f.const, f.is_sgn) for f in product.factors]


@pytest.mark.parametrize(
    ("text", "mantissa", "exponent"),
    [
        ("x0*y1", 1, 0),
        ("-2*x0*y1", -2, 0),
        ("+x0", 1, 0),
        ("3*2^-4*x0", 3, -4),
        ("x0*(-1)*2^-1*y1", -1, -1),
        ("8*x0", 4, 1),
        ("-8*x0", -4, 1),
        ("12*x0", 6, 1),
        ("1024*x0", 4, 8),
        ("x0*3*4*y1*2", 6, 2),
        ("0*x0", 0, 0),
        ("x0*(5)", 5, 0),
        ("x0*(-5)", -5, 0),
        ("-x0*(-5)", 5, 0),
        ("x0*(2^3)", 1, 3),
        ("x0*(-3*2^2)", -3, 2),
        ("2^-8*2^4*x0", 1, -4),
        ("2^+2*x0", 1, 2),
    ],
)
def test_the_scale_is_the_product_of_all_numbers(text: str, mantissa: int, exponent: int) -> None:
    product = only(text)
    assert (product.s_mantissa, product.s_exp) == (mantissa, exponent + 7)


@pytest.mark.parametrize("text", ["2048*x0", "9*x0", "5*5*x0", "2^-8*x0", "2^9*x0", "15*x0"])
def test_a_scale_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"the numbers of this product multiply to"):
        series(text)


@pytest.mark.parametrize(
    ("text", "factors", "mantissa"),
    [
        ("x0*w", [("w", None, False)], 1),
        ("x0*(w)", [("w", None, False)], 1),
        ("x0*(-w)", [("w", None, False)], -1),
        ("x0*(w+5)", [("w", 5, False)], 1),
        ("x0*(5+w)", [("w", 5, False)], 1),
        ("x0*(w-5)", [("w", -5, False)], 1),
        ("x0*(-5+w)", [("w", -5, False)], 1),
        ("x0*(5-w)", [("w", -5, False)], -1),
        ("x0*(-w+5)", [("w", -5, False)], -1),
        ("x0*(-w-5)", [("w", 5, False)], -1),
        ("x0*(w+2^-1)", [("w", 0.5, False)], 1),
        ("x0*(w+3*2^1)", [("w", 6, False)], 1),
        ("x0*sgn(w)", [("w", None, True)], 1),
        ("x0*sgn(d+5)", [("d", 5, True)], 1),
        ("x0*sgn(t-5)", [("t", -5, True)], 1),
        ("x0*sgn(5+t)", [("t", 5, True)], 1),
        ("x0*y0*w", [("y0", None, False), ("w", None, False)], 1),
        ("x0*(x0)", [("x0", None, False)], 1),
        ("x0*(y0+1)", [("y0", 1, False)], 1),
        ("u1*u1*x2", [("x2", None, False)], 1),
        ("u1*x0", [("x0", None, False)], 1),
        ("x0 y1 y3", [("y1", None, False), ("y3", None, False)], 1),
        ("x0**y1", [("y1", None, False)], 1),
        ("\tx0\n*y1 ", [("y1", None, False)], 1),
    ],
)
def test_factors_keep_their_order_constants_and_signs(
    text: str, factors: list[tuple[str, object, bool]], mantissa: int
) -> None:
    product = only(text)
    assert as_tuples(product) == factors
    assert product.s_mantissa == mantissa


def test_the_first_condition_is_the_dependency() -> None:
    assert only("w*y0*x0").dependency == "y0"
    assert only("u3*x0*y0").dependency == "u"
    assert only("u3*x0*y0").decimate_exponent == 3


def test_products_come_in_the_order_of_the_text() -> None:
    found = series("-x0*y1 + 2*y0*x1 - u0*w")
    assert [p.dependency for p in found.products] == ["x0", "y0", "u"]
    assert [p.s_mantissa for p in found.products] == [-1, 2, -1]
    assert found.decimate_exponent == 0
    assert found.active_traces_per_dependency == {"x0": {"y1"}, "y0": {"x1"}, "u": set()}


@pytest.mark.parametrize(
    ("text", "at", "fault"),
    [
        ("0.5*x0", ".", "powers of two"),
        ("x0/2", "/", "powers of two"),
        ("x0*a", "a", 'unknown symbol "a"'),
        ("x0*x3", "x3", 'unknown symbol "x3"'),
        ("x0*y1)", ")", "never opened"),
        ("x0*(y1", "(", "never closed"),
        ("x0*sgn(w", "sgn(w", "never closed"),
        ("x0*u", "u", "exactly one digit"),
        ("u12*x0", "u12", "exactly one digit"),
        ("x0*3^2", "^", "powers of two"),
        ("x0 + w*t", "w*t", "no condition"),
        ("x0*u1", "u1", "one condition"),
        ("u1*w - u2*t", "u2", "the same digit"),
        ("x0*-1*y1", "1", "a sign starts a new product"),
        ("x0 + -2*y0", "2", "a sign starts a new product"),
        ("--x0", "x0", "a sign starts a new product"),
        ("x0 +", "+", "nothing to work on"),
        ("*x0", "*", "nothing to work on"),
        ("x0*y1 + x0*y1 -", "-", "nothing to work on"),
        ("x0*(w+)*y1", "+)", "nothing to work on"),
        ("x0*(*w)", "*w", "nothing to work on"),
        ("x0***y1", "*y1", "too many"),
        ("x0*y1**2", "**2", "a square is"),
        ("x0*(w+t)", "(w+t)", "brackets hold"),
        ("x0*(2*y1)", "(2*y1)", "brackets hold"),
        ("x0*(2 y1)", "(2 y1)", "brackets hold"),
        ("x0*(w+1+2)", "(w+1+2)", "brackets hold"),
        ("x0*((w))", "(w))", "cannot be nested"),
        ("x0*(sgn(w))", "sgn(w))", "cannot be nested"),
        ("x0*()", "()", "nothing between"),
        ("x0*(u0)", "(u0)", "cannot be bracketed"),
        ("x0*sgn(y1)", "sgn(y1)", "sgn takes"),
        ("x0*sgn(3)", "sgn(3)", "sgn takes"),
        ("x0*sgn(5-w)", "sgn(5-w)", "cannot be negative"),
        ("x0*sgn(-w)", "sgn(-w)", "cannot be negative"),
        ("x0*(w+2^40)", "2^40", "too large"),
        ("2^-9 * x0", "2^-9", "exponent"),
        ("", "", "empty"),
        ("  ", "", "empty"),
    ],
)
def test_an_error_points_at_the_term_at_fault(text: str, at: str, fault: str) -> None:
    with pytest.raises(RuleError, match=r"^dd: ") as caught:
        series(text, "dd")
    error = caught.value
    assert fault in str(error)
    assert text[error.position :].startswith(at)
    line, caret = str(error).splitlines()[-2:]
    assert line.strip() == text.strip()
    assert caret.index("^") == 4 + error.position
    assert isinstance(error, ValueError | AttributeError | LavaActorError)


def test_a_rule_error_travels_between_interpreters() -> None:
    with pytest.raises(RuleError) as caught:
        series("x0*a")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.rule, copy.position) == (str(caught.value), "x0*a", 3)


def test_tokens_of_a_rule() -> None:
    tokens = SymbolicEquation("dw", "x0*(-1)*2^-1*y1 + y0*1*2^1*x1").symbol_list
    assert str(tokens) == (
        "[X0(x0), Multiplication(*), BracketExpression([Subtraction(-), Literal(1)]), "
        "Multiplication(*), Literal(2^-1), Multiplication(*), Variable(y1), Addition(+), Y0(y0), "
        "Multiplication(*), Literal(1*2^1), Multiplication(*), Variable(x1)]"
    )
    assert tokens.expr == "x0*(-1)*2^-1*y1+y0*1*2^1*x1"


@pytest.mark.parametrize(
    ("kind", "text", "found", "rest"),
    [
        (X0, "x0*y1", "x0", "*y1"),
        (Y0, "y0*y1", "y0", "*y1"),
        (Uk, "u4*y1", "u4", "*y1"),
        (Variable, "y1*x1", "y1", "*x1"),
        (Variable, "w*x1", "w", "*x1"),
        (Addition, "+x1", "+", "x1"),
        (Subtraction, "-x1", "-", "x1"),
        (Multiplication, "*x1", "*", "x1"),
        (BracketExpression, "(x0+1)*w", "(x0+1)", "*w"),
        (SgnExpression, "sgn(w)*w", "sgn(w)", "*w"),
        (Literal, "2^-3*w", "2^-3", "*w"),
        (Literal, "4*2^3*w", "4*2^3", "*w"),
        (Literal, "-12w", "-12", "w"),
    ],
)
def test_a_token_is_taken_off_the_start(kind: type, text: str, found: str, rest: str) -> None:
    symbol, remaining = kind.find(text)
    assert (symbol.expr, remaining) == (found, rest)
    assert str(symbol) == f"{kind.__name__}({found})"
    assert kind.find("?" + text) == (None, "?" + text)


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("1*2^3", 8, 0),
        ("+2*2^-3", 0, 0),
        ("-3*2^+3", -24, 0),
        ("2^-3", 0, 1),
        ("-2^+3", -8, 1),
        ("7", 7, 2),
        ("-7", -7, 2),
    ],
)
def test_the_value_of_a_literal_is_truncated(text: str, value: int, kind: int) -> None:
    literal, rest = Literal.find(text)
    assert literal is not None
    assert (literal.val, literal.literal_type, rest) == (value, kind, "")
    assert literal.base == (1 if kind == 2 else 2)


def test_an_expression_knows_what_is_between_its_brackets() -> None:
    bracket, _ = BracketExpression.find("(w+3)")
    sgn, _ = SgnExpression.find("sgn(w+3)")
    assert bracket is not None
    assert sgn is not None
    assert (bracket.sub_expr, sgn.sub_expr) == ("w+3", "w+3")
    assert str(bracket) == "BracketExpression((w+3))"
    bracket.symbol_list = SymbolList([Variable("w")])
    assert str(bracket) == "BracketExpression([Variable(w)])"
    for kind, text in ((BracketExpression, "(w+3"), (SgnExpression, "sgn(w+3")):
        with pytest.raises(ValueError, match="never closed"):
            kind.find(text)


@pytest.mark.parametrize(
    ("factor", "form"),
    [
        (Factor("x1"), "x1+C"),
        (Factor("w", 2), "w+2C"),
        (Factor("t"), "t+2C"),
        (Factor("d", is_sgn=True), "sgn(d+C)"),
        (Factor("C", 3), "C"),
    ],
)
def test_the_form_of_a_factor(factor: Factor, form: str) -> None:
    assert factor.factor_type == form
    assert factor.has_const() == (factor.const is not None)


def test_factors_and_products_check_what_they_are_made_of() -> None:
    with pytest.raises(ValueError, match=r"Factor\.state_var: expected one of .* got 'z'"):
        Factor("z")
    with pytest.raises(ValueError, match=r"Factor\.is_sgn: .* got 'x1'"):
        Factor("x1", is_sgn=True)
    with pytest.raises(ValueError, match=r"Product\.target"):
        Product("dq", "x0", 1, 7, [])
    with pytest.raises(ValueError, match=r"Product\.dependency"):
        Product("dw", "x1", 1, 7, [])
    with pytest.raises(ValueError, match=r"Product\.decimate_exponent"):
        Product("dw", "u", 1, 7, [])
    with pytest.raises(ValueError, match=r"Product\.decimate_exponent"):
        Product("dw", "x0", 1, 7, [], 1)
