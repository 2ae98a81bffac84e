"""The products of one target of a rule."""

from __future__ import annotations

from collections.abc import Iterable

from lava_actor.learning.grammar import parse
from lava_actor.learning.products import EXPONENT_OFFSET, Factor, Product
from lava_actor.learning.symbolic_equation import SymbolicEquation

__all__ = ["Factor", "Product", "ProductSeries", "EXPONENT_OFFSET"]


def traces_per_dependency(given: Iterable[ProductSeries]) -> dict[str, set[str]]:
    """Return which traces are used under which condition (x0, y0, u), as far as these occur."""
    used: dict[str, set[str]] = {}
    for product in (product for series in given for product in series.products):
        used.setdefault(product.dependency, set()).update(product.traces)
    return used


class ProductSeries:
    """The products of one rule string, in order.

    Parameters
    ----------
    symbolic_equation : SymbolicEquation
        The tokens of the rule.

    Attributes
    ----------
    target : str
        What the rule changes: dw, dd or dt.
    products : list of Product
        The terms, in order.
    decimate_exponent : int or None
        The common k of all ``uk``, None if there are none.
    active_traces_per_dependency : dict from str to set of str
        Which traces each condition needs: keys x0, y0, u as far as they occur.

    Raises
    ------
    RuleError
        If the tokens make no rule; see `lava_actor.learning.grammar`.
    """

    def __init__(self, symbolic_equation: SymbolicEquation) -> None:
        self.target = symbolic_equation.target
        self.products = parse(symbolic_equation)
        exponents = {p.decimate_exponent for p in self.products} - {None}
        self.decimate_exponent = exponents.pop() if exponents else None
        self.active_traces_per_dependency = traces_per_dependency([self])

    def __repr__(self) -> str:
        return f"{self.target} = {' + '.join(map(repr, self.products))}"
