"""A whole number that a user gives: of steps, of places in a buffer, a seed."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from lava_actor.errors import InvalidTypeError, InvalidValueError


def whole_number(what: str, value: object, least: int = 0) -> int:
    """Return an integer that is at least `least`, also out of an array of one element.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        If it is no number, or another one; `what` names the Process and its parameter.
    """
    number = value.item() if isinstance(value, np.ndarray) and value.size == 1 else value
    wrong: type[Exception] = InvalidTypeError
    if isinstance(number, numbers.Real) and not isinstance(number, bool):
        wrong = InvalidValueError
        whole: Any = number
        if math.isfinite(number) and (found := int(whole)) == number and found >= least:
            return found
    raise wrong(f"{what}: expected an integer, at least {least}, got {value!r}")
