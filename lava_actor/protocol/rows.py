"""Which rows of a Process belong to one of its parts, and how values are divided and joined.

A Process that is cut has its neurons in order, and each part has some that follow each other. An
array with an element, or a row, per neuron is divided between the parts; everything else every part
has whole. So the parts of a value, one after the other in C order, are the value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from types import EllipsisType
from typing import Any, TypeGuard

import numpy as np

from lava_actor.errors import InvalidValueError
from lava_actor.plain import plain
from lava_actor.process import matrices
from lava_actor.protocol.values import fitted, numbers


@plain(frozen=True)
class Rows:
    """Rows ``first`` to ``end`` of ``total``; so many of them are a slice of an array."""

    first: int
    end: int
    total: int
    slice: int = 1

    def shape(self, whole: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the part of an array: its first axis is cut, or all of them in C order."""
        own = self.end - self.first
        if self.slice > 1 and math.prod(whole) == self.total:
            return (own // self.slice, *whole[1:])
        return (own, *whole[1:]) if whole and whole[0] == self.total else (own,)

    def of(self, value: Any, whole: tuple[int, ...], where: str) -> object:
        """The part of a value of a Var of shape ``whole``; one number stands for all.

        Raises
        ------
        InvalidValueError
            (a `ValueError`) if the value does not fit the shape.
        """
        if hasattr(value, "targets"):  # a recipe
            return value.targets(self.first, self.end)
        if matrices.issparse(value):
            return value.tocsr()[self.first : self.end]
        if value is None or isinstance(value, str) or np.ndim(value) == 0:
            return value
        found = fitted(numbers(value, where), whole, where)
        return found.reshape(self.total, -1)[self.first : self.end].reshape(self.shape(whole))


def is_divided(shape: tuple[int, ...], total: int) -> bool:
    """Whether an array of a shape has an element, or a row, for each of ``total`` neurons."""
    return total > 1 and (math.prod(shape) == total or shape[:1] == (total,))


@plain(frozen=True)
class Piece:
    """What one part has of that which an index selects of an array.

    Parameters
    ----------
    part : int
        Which part.
    index : tuple
        Of the part's own array.
    places : slice or ndarray
        Where along the first axis of the selection; ``...`` if the part has all of it.
    """

    part: int
    index: tuple[object, ...]
    places: slice | EllipsisType | np.ndarray


def pieces(index: object, shape: tuple[int, ...], parts: Sequence[Rows]) -> list[Piece] | None:
    """Which parts have what an index selects of an array of ``shape``, which it fits.

    Returns
    -------
    list of Piece or None
        None if the parts have no whole rows of the first axis, or the index is no integer, slice
        that ascends or list of integers, perhaps with integers and slices for the other axes; or
        if it selects nothing.
    """
    first, *rest = index if isinstance(index, tuple) and index else (index,)
    own = [part.shape(shape) for part in parts]
    others_fit = all(_is_row(each) or each is ... or isinstance(each, slice) for each in rest)
    if any(len(one) != len(shape) for one in own) or not others_fit:
        return None
    ends = list(accumulate(one[0] for one in own))
    found = [
        Piece(k, (had[0], *rest), had[1])
        for k, (begin, end) in enumerate(pairwise([0, *ends]))
        if (had := _rows_of(first, shape[0], begin, end)) is not None
    ]
    return found or None


def _is_row(index: object) -> TypeGuard[int | np.integer]:
    return isinstance(index, (int, np.integer)) and not isinstance(index, bool)


def _rows_of(
    index: object, count: int, begin: int, end: int
) -> tuple[object, slice | EllipsisType | np.ndarray] | None:
    """What an index of ``count`` rows selects of those from begin to end, and where it goes."""
    if isinstance(index, slice):
        found = range(count)[index]
        step = found.step
        low, high = (max(0, -((found.start - edge) // step)) for edge in (begin, end))
        taken = found[low:high]
        if step < 0 or not taken:
            return None
        return slice(taken[0] - begin, taken[-1] + 1 - begin, step), slice(low, low + len(taken))
    if _is_row(index):
        row = int(index) + count * (index < 0)
        return (row - begin, ...) if begin <= row < end else None
    rows = np.asarray(index) if isinstance(index, (list, np.ndarray)) else np.empty(0)
    if rows.dtype.kind not in "iu" or rows.ndim != 1:
        return None
    rows = rows.astype(np.intp, copy=False)
    rows = np.where(rows < 0, rows + count, rows)
    places = np.flatnonzero((begin <= rows) & (rows < end))
    return (rows[places] - begin, places) if places.size else None


def joined(parts: Sequence[object], whole: tuple[int, ...]) -> object:
    """The value of which these are the parts, in order."""
    if any(matrices.issparse(part) for part in parts):
        return matrices.vstack(list(parts), format="csr")
    return np.concatenate([np.asarray(part).reshape(-1) for part in parts]).reshape(whole)


def one_for_all(value: Any, where: str) -> object:
    """A value that every part has whole.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if it has a number per neuron nevertheless.
    """
    if not isinstance(value, str) and np.size(value) > 1:
        raise InvalidValueError(
            f"{where}: expected one value for all neurons of a Process that is cut into parts, got "
            f"{np.size(value)}"
        )
    return value
