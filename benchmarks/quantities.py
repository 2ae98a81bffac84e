"""What a case measures: mostly time, now and then memory or a share of a core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """How a figure is called and written.

    Parameters
    ----------
    name : str
        Of the figures in JSON: what one of them counts.
    symbol, factor : str, float
        Unit of pictures, and how many of it make one.
    text : callable
        A figure, readable.
    """

    name: str
    symbol: str
    factor: float
    text: Callable[[float], str]


def duration(seconds: float) -> str:
    """A duration in a unit that fits."""
    for limit, factor, unit in ((1e-6, 1e9, "ns"), (1e-3, 1e6, "µs"), (1.0, 1e3, "ms")):
        if abs(seconds) < limit:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"


TIME = Quantity("seconds", "µs", 1e6, duration)
MEMORY = Quantity("bytes", "MB", 1e-6, lambda size: f"{size / 1e6:.3g} MB")
SHARE = Quantity("share of a core", "% of a core", 100, lambda share: f"{share:.2%}")
