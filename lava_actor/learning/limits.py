"""What a synaptic variable can hold after learning, in both engines.

========  =============================  =======================
variable  floating point                 fixed point
========  =============================  =======================
weights   any; >= 0 excitatory;          -256 … 255; 0 … 255;
          <= 0 inhibitory                -255 … 0
tag_2     >= 0                           0 … 255
tag_1     any                            -257 … 255
========  =============================  =======================

In fixed point a variable is held in an accumulator of seven more bits while it is changed; on the
way back it is rounded stochastically.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

from lava_actor.errors import InvalidValueError
from lava_actor.learning import constants as widths
from lava_actor.learning.utils import saturate

FRACTION_BITS = widths.W_ACCUMULATOR_U - widths.W_WEIGHTS_U
"""Bits that the accumulator has below the variable."""

assert FRACTION_BITS == widths.W_TRACE, "traces and accumulator fractions have the same width"


class Sign(Enum):
    """Which signs a variable can take."""

    ANY = "MIXED"
    POSITIVE = "EXCITATORY"
    NEGATIVE = "INHIBITORY"

    @staticmethod
    def of(sign_mode: Enum | None) -> Sign:
        """Return the sign that a connection's ``sign_mode`` stands for; None stands for mixed.

        Raises
        ------
        InvalidValueError
            If the mode leaves open what a weight can be (``NULL``), or is none.
        """
        if sign_mode is None:
            return Sign.ANY
        name = getattr(sign_mode, "name", repr(sign_mode))
        for sign in Sign:
            if sign.value == name:
                return sign
        raise InvalidValueError(
            f"sign_mode: expected MIXED, EXCITATORY or INHIBITORY for a connection that learns, "
            f"got {name}"
        )


@dataclass(frozen=True)
class Limits:
    """The range of one synaptic variable.

    Attributes
    ----------
    sign : Sign
        Applied to the accumulator before it is rounded.
    low, high : int
        Fixed-point range of the result.
    """

    sign: Sign
    low: int
    high: int

    def sign_limited(self, values: np.ndarray) -> np.ndarray:
        """Set values of the wrong sign to zero."""
        if self.sign is Sign.POSITIVE:
            return np.maximum(values, 0)
        if self.sign is Sign.NEGATIVE:
            return np.minimum(values, 0)
        return values

    def settled(self, values: np.ndarray) -> bool:
        """Whether an update without any change would leave fixed-point `values` as they are.

        The accumulator holds no less than -256·128: -257, which a tag can reach, does not stay.
        """
        low = max(self.low, -(1 << widths.W_WEIGHTS_U))
        return bool(values.min(initial=low) >= low and values.max(initial=low) <= self.high)


def limits_of(sign_mode: Enum | None) -> dict[str, Limits]:
    """Return the limits of all synaptic variables of a connection, by name of the Var."""
    sign = Sign.of(sign_mode)
    top = (1 << widths.W_WEIGHTS_U) - 1
    weights = {
        Sign.ANY: Limits(sign, -top - 1, top),
        Sign.POSITIVE: Limits(sign, 0, top),
        Sign.NEGATIVE: Limits(sign, -top, 0),
    }
    return {
        "weights": weights[sign],
        "tag_1": Limits(Sign.ANY, -(1 << widths.W_TAG_1_U) - 1, (1 << widths.W_TAG_1_U) - 1),
        "tag_2": Limits(Sign.POSITIVE, 0, (1 << widths.W_TAG_2_U) - 1),
    }


def to_accumulator(values: np.ndarray) -> np.ndarray:
    """Shift fixed-point values into the accumulator's format.

    Values far beyond every limit are brought to where the shift cannot overflow 32 bits; the
    accumulator saturates below that anyway.
    """
    room = 1 << (30 - FRACTION_BITS)
    return saturate(values, -room, room).astype(np.int32) << FRACTION_BITS


def from_accumulator(accumulator: np.ndarray, limits: Limits, random_number: float) -> np.ndarray:
    """Round an accumulator stochastically and limit the result.

    ``q = acc/128; z = floor(q) + [r < q - floor(q)]`` with one random number r for all synapses.

    Parameters
    ----------
    accumulator : ndarray of int32
    limits : Limits
    random_number : float
        In [0, 1).

    Returns
    -------
    ndarray of int32
    """
    accumulator = limits.sign_limited(accumulator) + carry(random_number)
    return saturate(accumulator >> FRACTION_BITS, limits.low, limits.high)


def carry(random_number: float) -> int:
    """Return what carries into the integer part exactly where ``random_number < fraction``."""
    unit = 1 << FRACTION_BITS
    return unit - 1 - math.floor(random_number * unit)
