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
    for the other: several times as fast as indexing both at once. A column-major matrix is worked
    on as its transpose.
    """

    def patch(
        self, pre: Spiking, post: Spiking, pre_spiked: bool | None, post_spiked: bool | None
    ) -> Patch | None:
        """Return a block of the matrix; see `Pattern.patch`."""
        rows, cols = post.neurons(post_spiked), pre.neurons(pre_spiked)
        if not rows.size or not cols.size:
            return None
        where = (
            None if rows.size == post.mask.size else rows,
            None if cols.size == pre.mask.size else cols,
        )
        return Patch(self, rows[:, np.newaxis], cols[np.newaxis, :], where)

    def pieces(self, patch: Patch, size: int) -> Iterator[Patch]:
        """Cut a patch into some columns each."""
        rows, cols = patch.where
        width = max(1, size // max(1, patch.rows.size))
        total = patch.cols.size
        if width >= total:
            yield patch
            return
        for first in range(0, total, width):
            part = slice(first, first + width)
            where = (rows, part if cols is None else cols[part])
            yield Patch(self, patch.rows, patch.cols[:, part], where)

    def read(self, data: np.ndarray, patch: Patch) -> np.ndarray:
        """Return a block; a view if it is the whole matrix."""
        return _Block(data, patch).read()

    def write(self, data: np.ndarray, patch: Patch, values: np.ndarray) -> None:
        """Replace a block; nothing else of `data` may have changed since it was read."""
        _Block(data, patch).write(np.broadcast_to(values, patch.shape))

    def read_elsewhere(self, data: np.ndarray, patch: Patch) -> np.ndarray:
        """Return values of the full matrix at some synapses; see `Pattern.read_elsewhere`."""
        return data[patch.rows, patch.cols]


class _Block:
    """A block of one matrix: some places of some lines of it.

    Lines and places are arrays of indices, slices, or None for all.
    """

    def __init__(self, data: np.ndarray, patch: Patch) -> None:
        rows, cols = patch.where
        self.transposed = data.flags.f_contiguous and not data.flags.c_contiguous
        self.data, self.lines, self.places = data, rows, cols
        if self.transposed:
            self.data, self.lines, self.places = data.T, cols, rows
        # A slice costs nothing: leave it out of the problem.
        if isinstance(self.lines, slice):
            self.data, self.lines = self.data[self.lines], None
        if isinstance(self.places, slice):
            self.data, self.places = self.data[:, self.places], None
        self.key = f"half read {id(data)}"
        self.shared = patch.shared

    def read(self) -> np.ndarray:
        """Return the block, in the orientation of the matrix."""
        data, lines, places = self.data, self.lines, self.places
        if lines is None:
            block = data if places is None else data.take(places, axis=1)
        elif places is None:
            block = data.take(lines, axis=0)
        else:
            half = self._half(lines, places)
            if half is None:
                block = data[lines[:, np.newaxis], places]
            elif half.shape[0] == lines.size:
                block = half.take(places, axis=1)
            else:
                block = half.take(lines, axis=0)
        return block.T if self.transposed else block

    def write(self, values: np.ndarray) -> None:
        """Replace the block by `values`, in the orientation of the matrix."""
        values = values.T if self.transposed else values
        data, lines, places = self.data, self.lines, self.places
        if lines is None:
            data[slice(None) if places is None else (slice(None), places)] = values
        elif places is None:
            data[lines] = values
        else:
            half = self._half(lines, places)
            if half is None:
                data[lines[:, np.newaxis], places] = values
            elif half.shape[0] == lines.size:
                half[:, places] = values
                data[lines] = half
            else:
                half[lines] = values
                data[:, places] = half

    def _half(self, lines: np.ndarray, places: np.ndarray) -> np.ndarray | None:
        """Return all of the lines, or all lines of the places, whatever is less.

        None if both are much more than the block. What is returned is kept until the patch is
        written: elements outside of the patch are written back as they are.
        """
        if self.key not in self.shared:
            whole_lines = lines.size * self.data.shape[1]
            whole_places = places.size * self.data.shape[0]
            if min(whole_lines, whole_places) > WASTE * lines.size * places.size:
                half = None
            elif whole_lines <= whole_places:
                half = self.data.take(lines, axis=0)
            else:
                half = self.data.take(places, axis=1)
            self.shared[self.key] = half
        return self.shared[self.key]
