"""Masked arrays: whatever takes an array by `numpy.asarray` loses the mask, so it is refused."""

from __future__ import annotations

import numpy as np

from lava_actor.errors import InvalidTypeError


def refuse_mask(value: object, where: str) -> None:
    """Raise `InvalidTypeError` for an array of which some elements are masked."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise InvalidTypeError(
            f"{where}: expected an array without a mask, which would be lost; give .filled(…)"
        )
