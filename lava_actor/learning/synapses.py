"""Which synapses a learning epoch can change, in dense and in sparse matrices.

The conditions of a rule, ``x0`` and ``y0``, depend on the pre- and the post-synaptic neuron alone.
They divide all synapses into four groups, and within a group each product of the rule either counts
everywhere or nowhere. Groups in which nothing counts are left alone, so that learning costs what
spiked, not what exists.

A `Patch` is such a group: row and column indices that broadcast against each other. For a dense
matrix they are a column and a row vector (a block of the matrix), for a sparse one two vectors (one
element per stored entry). Whoever computes with patches need not know which.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from lava_actor.errors import InvalidTypeError


@dataclass(frozen=True, eq=False)
class Patch:
    """A group of synapses that share the conditions x0 and y0.

    Attributes
    ----------
    pattern : Pattern
        What the patch is a part of.
    rows, cols : ndarray of int
        Post- and pre-synaptic neuron of each synapse; they broadcast to the shape of the patch.
    where : Any
        Index of the patch in the data of a variable of this pattern.
    shared : dict
        What has been computed for this patch and serves all targets of a rule.
    """

    pattern: Pattern
    rows: np.ndarray
    cols: np.ndarray
    where: Any
    shared: dict[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the values of the patch."""
        return np.broadcast_shapes(self.rows.shape, self.cols.shape)


class Spiking:
    """Which neurons spiked in an epoch, for one side of a connection.

    Parameters
    ----------
    last_spikes : ndarray (neurons,) of int
        Position of the last spike in the epoch, 0 for none.
    """

    def __init__(self, last_spikes: np.ndarray) -> None:
        self.mask = last_spikes > 0
        self.any = bool(self.mask.any())

    @cached_property
    def _on(self) -> np.ndarray:
        return np.flatnonzero(self.mask)

    @cached_property
    def _off(self) -> np.ndarray:
        return np.flatnonzero(~self.mask)

    @cached_property
    def _all(self) -> np.ndarray:
        return np.arange(self.mask.size)

    def neurons(self, spiked: bool | None) -> np.ndarray:
        """Indices of the neurons that did or did not spike; of all for None."""
        if spiked is None:
            return self._all
        return self._on if spiked else self._off


class Pattern(ABC):
    """Which synapses of a matrix exist."""

    @abstractmethod
    def patch(
        self, pre: Spiking, post: Spiking, pre_spiked: bool | None, post_spiked: bool | None
    ) -> Patch | None:
        """Return the synapses between neurons that did or did not spike, None if there are none.

        None for `pre_spiked` or `post_spiked` takes all neurons of that side.
        """

    @abstractmethod
    def read_elsewhere(self, data: np.ndarray, patch: Patch) -> np.ndarray:
        """Return the values of a variable of this pattern at a patch of another pattern.

        Synapses that this pattern does not have read as 0.
        """


class DensePattern(Pattern):
    """Every pair of neurons has a synapse."""

    def patch(
        self, pre: Spiking, post: Spiking, pre_spiked: bool | None, post_spiked: bool | None
    ) -> Patch | None:
        """Return a block of the matrix; see `Pattern.patch`."""
        rows, cols = post.neurons(post_spiked), pre.neurons(pre_spiked)
        if not rows.size or not cols.size:
            return None
        all_rows, all_cols = rows.size == post.mask.size, cols.size == pre.mask.size
        where: Any
        if all_rows or all_cols:  # a slice spares the copy, or half of the index
            where = (slice(None) if all_rows else rows, slice(None) if all_cols else cols)
        else:
            where = np.ix_(rows, cols)
        return Patch(self, rows[:, np.newaxis], cols[np.newaxis, :], where)

    def read_elsewhere(self, data: np.ndarray, patch: Patch) -> np.ndarray:
        """Return values of the full matrix at some synapses; see `Pattern.read_elsewhere`."""
        return data[patch.rows, patch.cols]


class SparsePattern(Pattern):
    """Stored entries of a matrix in compressed-row format; explicit zeros are synapses too.

    Parameters
    ----------
    matrix : csr_matrix, csr_array
        Only the pattern is kept.
    """

    def __init__(self, matrix: Any) -> None:
        self.shape: tuple[int, int] = matrix.shape
        self.indptr, self.cols = matrix.indptr, matrix.indices
        self.rows = np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self.indptr))

    def same_as(self, matrix: Any) -> bool:
        """Whether `matrix` has exactly this pattern, in the same order."""
        return (
            matrix.shape == self.shape
            and np.array_equal(matrix.indptr, self.indptr)
            and np.array_equal(matrix.indices, self.cols)
        )

    @cached_property
    def _by_column(self) -> tuple[np.ndarray, np.ndarray]:
        """Entries ordered by column, and where each column starts in that order."""
        counts = np.bincount(self.cols, minlength=self.shape[1])
        starts = np.concatenate(([0], np.cumsum(counts)))
        return np.argsort(self.cols, kind="stable"), starts

    def patch(
        self, pre: Spiking, post: Spiking, pre_spiked: bool | None, post_spiked: bool | None
    ) -> Patch | None:
        """Return some stored entries; see `Pattern.patch`."""
        if pre_spiked:
            entries, _ = self.of_columns(pre.neurons(True))
        elif post_spiked:
            entries = _ranges(self.indptr, post.neurons(True))
        else:
            entries = np.arange(self.cols.size)
        keep = np.ones(entries.size, bool)
        if pre_spiked is not None:
            keep &= pre.mask[self.cols[entries]] == pre_spiked
        if post_spiked is not None:
            keep &= post.mask[self.rows[entries]] == post_spiked
        if not keep.all():
            entries = entries[keep]
        if not entries.size:
            return None
        return Patch(self, self.rows[entries], self.cols[entries], entries)

    def of_columns(self, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the entries of some columns, one column after the other, and their numbers.

        Parameters
        ----------
        columns : ndarray of int

        Returns
        -------
        entries : ndarray of int
            Places in the data of a variable of this pattern; rows ascend within a column.
        counts : ndarray of int
            How many of them belong to each column.
        """
        order, starts = self._by_column
        return order[_ranges(starts, columns)], starts[columns + 1] - starts[columns]

    @cached_property
    def _keys(self) -> tuple[np.ndarray, np.ndarray]:
        """One ascending number per entry, and the entry it belongs to."""
        keys = self.rows.astype(np.int64) * self.shape[1] + self.cols
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


class SynapticVariable:
    """One variable of all synapses of a connection, read and written patch by patch.

    Parameters
    ----------
    matrix : ndarray, csr_matrix or csr_array
        The variable, shape (post, pre); written in place.
    like : sequence of SynapticVariable
        Variables whose pattern is shared if it is the same.

    Attributes
    ----------
    data : ndarray
        The values: the matrix itself, or its stored entries.
    settled : bool
        Whether the limits of the variable are known to hold for all synapses, so that those without
        any active product need no work.
    """

    def __init__(self, matrix: Any, like: tuple[SynapticVariable, ...] = ()) -> None:
        self.matrix = matrix
        self.settled = False
        self.pattern: Pattern
        self.data: np.ndarray
        if isinstance(matrix, np.ndarray):
            self.data = matrix
            known = [v.pattern for v in like if isinstance(v.pattern, DensePattern)]
            self.pattern = known[0] if known else DensePattern()
        elif sparse.issparse(matrix) and matrix.format == "csr":
            self.data = matrix.data
            same = [
                v.pattern
                for v in like
                if isinstance(v.pattern, SparsePattern) and v.pattern.same_as(matrix)
            ]
            self.pattern = same[0] if same else SparsePattern(matrix)
        else:
            raise InvalidTypeError(
                "a synaptic variable is an ndarray or a csr matrix of shape (post, pre), "
                f"got {type(matrix).__name__}"
            )

    def is_of(self, matrix: Any) -> bool:
        """Whether this still is the variable that `matrix` holds."""
        if matrix is not self.matrix:
            return False
        return isinstance(matrix, np.ndarray) or matrix.data is self.data

    def read(self, patch: Patch) -> np.ndarray:
        """Return the values at a patch, of this variable's pattern or of another one."""
        if patch.pattern is self.pattern:
            return self.data[patch.where]
        return self.pattern.read_elsewhere(self.data, patch)

    def write(self, patch: Patch, values: np.ndarray) -> None:
        """Replace the values at a patch of this variable's own pattern."""
        self.data[patch.where] = values
