"""Extents of convolutions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.errors import InvalidValueError

Pair = tuple[int, int]


class OutputSizeError(InvalidValueError):
    """A convolution without output."""


def make_tuple(value: ArrayLike) -> Pair:
    """Return a number as a pair of equal numbers, and a pair as a tuple.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if there are more than two elements, or none.
    """
    found = np.asarray(value).reshape(-1).tolist()
    if len(found) == 1:
        found *= 2
    if len(found) != 2:
        raise InvalidValueError(f"expected one number or a pair (x, y), got {value!r}")
    return found[0], found[1]


def output_shape(
    input_shape: Sequence[int],
    out_channels: int,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
) -> tuple[int, int, int]:
    """Return the shape (x, y, channels) of the result.

    Per axis: ``floor((N + 2*padding - dilation*(K - 1) - 1) / stride) + 1``.

    Raises
    ------
    OutputSizeError
        (a `ValueError`) if there is no output.
    """
    sizes = [
        (n + 2 * pad - dil * (k - 1) - 1) // step + 1
        for n, k, step, pad, dil in zip(
            input_shape[:2], kernel_size, stride, padding, dilation, strict=True
        )
    ]
    if min(sizes) < 1:
        raise OutputSizeError(
            f"the convolution has no output: input_shape {tuple(input_shape)}, kernel "
            f"{kernel_size}, stride {stride}, padding {padding} and dilation {dilation} give "
            f"{sizes[0]} x {sizes[1]}"
        )
    return sizes[0], sizes[1], int(out_channels)
