"""Patches of dense matrices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lava_actor.learning.patterns import Patch, Pattern, Spiking

WASTE = 3
"""How many times the elements of a block may be read to index one axis at a time."""


class DensePattern(Pattern):
    """Every pair of neurons has a synapse; a patch is a block of the matrix.

    Blocks are read and written one axis at a time, beginning with the one that leaves less to do
    for the other, unless that is much more than the block.
    """

    def patch(
        self, pre: Spiking, post: Spiking, pre_spiked: bool | None, post_spiked: bool | None
    ) -> Patch | None:
        """Return a block of the matrix; see `Pattern.patch`."""
        rows, cols = post.neurons(post_spiked), pre.neurons(pre_spiked)
        if not rows.size or not cols.size:
            return None
        where = (
            slice(None) if rows.size == post.mask.size else rows,
            slice(None) if cols.size == pre.mask.size else cols,
        )
        return Patch(self, rows[:, np.newaxis], cols[np.newaxis, :], where)

    def pieces(self, patch: Patch, size: int) -> Iterator[Patch]:
        """Cut a patch into some columns each."""
        rows, cols = patch.where
        width = max(1, size // max(1, patch.rows.size))
        for first in range(0, patch.cols.size, width):
            part = slice(first, first + width)
            where = (rows, part if isinstance(cols, slice) else cols[part])
            yield Patch(self, patch.rows, patch.cols[:, part], where)

    def read(self, data: np.ndarray, patch: Patch) -> np.ndarray:
        """Return a block; a view if it is the whole matrix."""
        rows, cols = patch.where
        first = _first_axis(data, patch)
        if first is None:
            return data[patch.where if _has_slice(patch) else (patch.rows, cols)]
        return data[rows].take(cols, 1) if first == 0 else data[:, cols].take(rows, 0)

    def write(self, data: np.ndarray, patch: Patch, values: np.ndarray) -> None:
        """Replace a block."""
        rows, cols = patch.where
        first = _first_axis(data, patch)
        if first is None:
            data[patch.where if _has_slice(patch) else (patch.rows, cols)] = values
        elif first == 0:
            half = data[rows]
            half[:, cols] = values
            data[rows] = half
        else:
            half = data[:, cols]
            half[rows] = values
            data[:, cols] = half

    def read_elsewhere(self, data: np.ndarray, patch: Patch) -> np.ndarray:
        """Return values of the full matrix at some synapses; see `Pattern.read_elsewhere`."""
        return data[patch.rows, patch.cols]


def _has_slice(patch: Patch) -> bool:
    return any(isinstance(index, slice) for index in patch.where)


def _first_axis(data: np.ndarray, patch: Patch) -> int | None:
    """The axis to index first, if not both at once."""
    if _has_slice(patch):
        return None
    by_axis = patch.rows.size * data.shape[1], patch.cols.size * data.shape[0]
    if min(by_axis) > WASTE * patch.rows.size * patch.cols.size:
        return None
    return int(by_axis[1] < by_axis[0])
