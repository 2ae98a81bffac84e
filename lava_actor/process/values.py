"""Parts of Vars: what an index selects."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_actor.errors import InvalidIndexError
from lava_actor.process import matrices


def plain_number(value: Any) -> Any:
    """Return Python's number for one of NumPy's, in an array of one too; all else as it is.

    What is computed with NumPy's narrow numbers wraps, or is rounded more than others.
    """
    single = isinstance(value, np.generic | np.ndarray) and value.size == 1
    if single and value.dtype.kind in "iuf" and not isinstance(value, np.ma.MaskedArray):
        number = value.item()
        return number if isinstance(number, int) else float(number)
    return value


def initial_part(init: object, shape: tuple[int, ...], idx: Any, where: str) -> Any:
    """Return ``init[idx]``, with ``init`` filling the shape first if it is a number or array."""
    try:
        if isinstance(init, str) or matrices.issparse(init):
            return init[idx]
        return np.broadcast_to(np.asarray(init), shape)[idx].copy()
    except IndexError as error:
        raise InvalidIndexError(f"{where} of shape {shape}: {error}") from None


def part_shape(shape: tuple[int, ...], idx: Any, where: str) -> tuple[int, ...]:
    """Return the shape of ``array[idx]`` for an array of ``shape``.

    Raises
    ------
    InvalidIndexError
        (an `IndexError`) if the index does not fit.
    """
    if idx is None or idx is ...:
        return shape
    # A view of one element with zero strides: nothing of the size of the Var is allocated.
    stand_in = np.broadcast_to(np.zeros((), bool), shape)
    try:
        return np.shape(stand_in[idx])
    except IndexError as error:
        raise InvalidIndexError(f"{where}: index {idx!r} for shape {shape}: {error}") from None
