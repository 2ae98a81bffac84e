"""Tokens of Lava's management channels; ours are framed requests (`lava_actor.channels.pipe`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike


def enum_to_np(value: float, d_type: DTypeLike = np.float64) -> np.ndarray:
    """Return `value` as an array of one element, the form in which tokens travel."""
    return np.array([value], dtype=d_type)


def enum_equal(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two tokens, arrays of at least one element each, carry the same first element."""
    return bool(a[0] == b[0])


class MGMT_COMMAND:  # noqa: N801  (Lava's name)
    """What a runtime asks of a service; a non-negative number asks for that many steps."""

    RUN = enum_to_np(0)
    STOP = enum_to_np(-1)
    PAUSE = enum_to_np(-2)
    GET_DATA = enum_to_np(-3)
    SET_DATA = enum_to_np(-4)


class MGMT_RESPONSE:  # noqa: N801  (Lava's name)
    """What a service answers."""

    DONE = enum_to_np(0)
    TERMINATED = enum_to_np(-1)
    ERROR = enum_to_np(-2)
    PAUSED = enum_to_np(-3)
    REQ_PAUSE = enum_to_np(-4)
    REQ_STOP = enum_to_np(-5)
    SET_COMPLETE = enum_to_np(-6)
