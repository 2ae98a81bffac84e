"""Patches of dense matrices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lava_actor.learning.patterns import Patch, Pattern, Spiking


class DensePattern(Pattern):
    """Every pair of neurons has a synapse; a patch is a block of the matrix."""

    def patch(
        self, pre: Spiking, post: Spiking, pre_spiked: bool | None, post_spiked: bool | None
    ) -> Patch | None:
        """Return a block of the matrix; see `Pattern.patch`."""
        rows, cols = post.neurons(post_spiked), pre.neurons(pre_spiked)
        if not rows.size or not cols.size:
            return None
        all_rows, all_cols = rows.size == post.mask.size, cols.size == pre.mask.size
        where = (
            slice(None) if all_rows else rows if all_cols else rows[:, np.newaxis],
            slice(None) if all_cols else cols,
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

    def read_elsewhere(self, data: np.ndarray, patch: Patch) -> np.ndarray:
        """Return values of the full matrix at some synapses; see `Pattern.read_elsewhere`."""
        return data[patch.rows, patch.cols]
