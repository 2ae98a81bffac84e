"""Lengths of time: how long a step is, and how a stretch of time is written."""

from __future__ import annotations

import math
import re
from numbers import Real

from lava_actor.errors import InvalidTypeError, InvalidValueError

#: Seconds per unit, the largest unit first.
UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def step_seconds(length: object, name: str = "step_length") -> float:
    """Seconds of a step whose length is written as ``"0.1 ms"``, or given in seconds.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if it has no unit, an unknown one, or is not positive and finite.
    InvalidTypeError
        (a `TypeError`) if it is neither text nor a number.
    """
    if isinstance(length, str):
        number = r"(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
        found = re.fullmatch(rf"\s*({number})\s*([a-zµμ]+)\s*", length)
        unit = UNITS.get(re.sub("[µμ]", "u", found[2])) if found else None
        seconds = float(found[1]) * unit if found and unit else math.nan
    elif isinstance(length, Real) and not isinstance(length, bool):
        seconds = float(length)
    else:
        raise InvalidTypeError(f"{name}: expected a time such as '0.1 ms', got {length!r}")
    if not 0.0 < seconds < math.inf:
        raise InvalidValueError(
            f"{name}: expected a positive time with one of the units {', '.join(UNITS)}, such as "
            f"'0.1 ms', got {length!r}"
        )
    return seconds


def unit_for(seconds: float) -> str:
    """The unit in which a stretch of time is a number from 1 on, if there is one."""
    return next((unit for unit, size in UNITS.items() if seconds >= size * 0.9995), "ns")


def written(seconds: float) -> str:
    """A stretch of time for people: ``"12.5 ms"``."""
    if seconds == 0.0:
        return "0 s"
    unit = unit_for(seconds)
    return f"{seconds / UNITS[unit]:.4g} {unit}"
