"""Small arithmetic that the learning engine and its users share."""

from __future__ import annotations

import math

import numpy as np

from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.process.hints import warn
from lava_actor.process.values import plain_number

__all__ = ["stochastic_round", "apply_mask", "saturate", "float_to_literal"]

LITERAL_TOLERANCE = 2.0**-8
"""Relative change of a number that counts as rounding when it is written as a literal."""


def stochastic_round(
    values: np.ndarray, random_numbers: np.ndarray | float, probabilities: np.ndarray
) -> np.ndarray:
    """Add 1 to integers with given probabilities.

    Parameters
    ----------
    values : ndarray
        Integers, of any dtype.
    random_numbers : ndarray or float
        One number for all, or one for each.
    probabilities : ndarray
        On the scale of `random_numbers`: 1 is added where the random number is smaller.

    Returns
    -------
    ndarray of int
    """
    return (values + (random_numbers < probabilities)).astype(int)


def apply_mask(item: np.ndarray | int, nb_bits: int) -> np.ndarray | int:
    """Keep the lowest `nb_bits` bits of an integer or of an array of integers."""
    return item & ((1 << nb_bits) - 1)


def saturate(values: np.ndarray, low: int, high: int) -> np.ndarray:
    """Limit integers to a range (`numpy.clip`, without its overhead on small arrays)."""
    return np.minimum(np.maximum(values, low), high)


def one_number(what: str, value: object) -> float:
    """Return a number, out of an array of one element too; all else is an `InvalidTypeError`."""
    number = plain_number(value)
    if not isinstance(number, int | float):
        raise InvalidTypeError(f"{what}: expected one number, got {value!r}")
    return number


def float_to_literal(learning_parameter: float) -> str:
    """Write a number as a literal of the rule language, ``(a) * 2 ^ b``.

    The language has integers and powers of two only, so most numbers change: what is written is the
    nearest ``a * 2^b`` (on the scale of logarithms) with ``a`` the integer part of the number, at
    least 1.

    Parameters
    ----------
    learning_parameter : float
        Any finite number.

    Returns
    -------
    str
        ``"0"``, ``"(a)"`` or ``"(a) * 2 ^ b"``.

    Warns
    -----
    LavaActorWarning
        If the literal differs from the number by more than a rounding.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        If it is no number, or not finite.
    """
    number = float(one_number("learning rule", learning_parameter))
    if not math.isfinite(number):
        raise InvalidValueError(f"learning rule: expected a finite number, got {number}")
    if number == 0:
        return "0"
    magnitude = abs(number)
    mantissa = max(int(magnitude), 1)
    remainder = magnitude / mantissa
    signed = f"({'-' if number < 0 else ''}{mantissa})"
    if remainder == 1:
        return signed
    exponent = round(math.log2(remainder))
    literal = f"{signed} * 2 ^ {exponent}"
    written = mantissa * 2.0**exponent
    if abs(written - magnitude) > LITERAL_TOLERANCE * magnitude:
        warn(
            f"a learning rule cannot hold {number:g}: {literal}, which is "
            f"{math.copysign(written, number):g}, takes its place"
        )
    return literal
