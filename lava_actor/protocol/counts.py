"""A whole number that a user gives: of steps, of places in a buffer, a seed."""

from __future__ import annotations

import contextlib
import math
import numbers
import operator
from decimal import Decimal
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
    number: Any = value.item() if isinstance(value, np.ndarray) and value.size == 1 else value
    counts = isinstance(number, (numbers.Real, Decimal)) and not isinstance(number, bool)
    if counts and not isinstance(number, int) and math.isfinite(number) and number == int(number):
        number = int(number)
    if not isinstance(number, (bool, np.bool_)):
        with contextlib.suppress(TypeError):  # integers of other libraries say that they are
            if (found := operator.index(number)) >= least:
                return found
            counts = True
    wrong = InvalidValueError if counts else InvalidTypeError
    raise wrong(f"{what}: expected an integer, at least {least}, got {value!r}")
