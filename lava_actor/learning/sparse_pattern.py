"""Patches of sparse matrices."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lava_actor.learning.patterns import Patch, Pattern, Spiking

if TYPE_CHECKING:
    from scipy.sparse import csr_array, csr_matrix


class SparsePattern(Pattern):
    """Stored entries of a matrix in compressed-row format; explicit zeros are synapses too.

    Parameters
    ----------
    matrix : csr_matrix, csr_array
        Only the pattern is kept.
    """

    def __init__(self, matrix: csr_matrix | csr_array) -> None:
        self.shape: tuple[int, int] = matrix.shape
        self.indptr, self.indices = matrix.indptr, matrix.indices
        self.rows = np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self.indptr))

    @cached_property
    def by_column(self) -> tuple[np.ndarray, np.ndarray]:
        """Entries ordered by column, and where each column starts in that order."""
        counts = np.bincount(self.indices, minlength=self.shape[1])
        starts = np.concatenate(([0], np.cumsum(counts)))
        return np.argsort(self.indices, kind="stable"), starts

    @property
    def is_short(self) -> bool:
        """Whether the loops can take the pattern: its indices have 32 bits."""
        return bool(self.indices.dtype == np.int32)

    def patch(
        self, pre: Spiking, post: Spiking, pre_spiked: bool | None, post_spiked: bool | None
    ) -> Patch | None:
        """Return some stored entries; see `Pattern.patch`."""
        if pre_spiked:
            order, starts = self.by_column
            entries = order[_ranges(starts, pre.neurons(True))]
        elif post_spiked:
            entries = _ranges(self.indptr, post.neurons(True))
        else:
            entries = np.arange(self.indices.size)
        keep = np.ones(entries.size, bool)
        if pre_spiked is not None:
            keep &= pre.mask[self.indices[entries]] == pre_spiked
        if post_spiked is not None:
            keep &= post.mask[self.rows[entries]] == post_spiked
        if not keep.all():
            entries = entries[keep]
        if not entries.size:
            return None
        return Patch(self, self.rows[entries], self.indices[entries], entries)

    def pieces(self, patch: Patch, size: int) -> Iterator[Patch]:
        """Cut a patch into runs of entries."""
        for first in range(0, patch.rows.size, size):
            part = slice(first, first + size)
            yield Patch(self, patch.rows[part], patch.cols[part], patch.where[part])

    @cached_property
    def _keys(self) -> tuple[np.ndarray, np.ndarray]:
        """One ascending number per entry, and the entry it belongs to."""
        keys = self.rows.astype(np.int64) * self.shape[1] + self.indices
        order = np.argsort(keys, kind="stable")
        return keys[order], order

    def read_elsewhere(self, data: np.ndarray, patch: Patch) -> np.ndarray:
        """Look synapses up by their neurons; see `Pattern.read_elsewhere`."""
        keys, order = self._keys
        if not keys.size:
            return np.zeros(patch.shape, data.dtype)
        wanted = patch.rows.astype(np.int64) * self.shape[1] + patch.cols
        place = np.minimum(np.searchsorted(keys, wanted), keys.size - 1)
        return np.where(keys[place] == wanted, data[order[place]], 0).astype(data.dtype)


def _ranges(starts: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return ``starts[i] … starts[i+1]-1`` of all chosen i, one after the other."""
    first, count = starts[chosen], starts[chosen + 1] - starts[chosen]
    ends = np.cumsum(count)
    return np.arange(ends[-1] if ends.size else 0) + np.repeat(first - (ends - count), count)
