"""All synapses of a connection, row by row: what recipes make and operators are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lava_actor.plain import plain
from lava_actor.process import matrices

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix


@plain
class Synapses:
    """Synapses in compressed rows; two neurons may have several.

    Attributes
    ----------
    shape : tuple of int
        (post, pre)
    pointers : ndarray of int64
        The synapses of row r are number ``pointers[r]`` to ``pointers[r + 1]``.
    sources : ndarray of int32
        Column of each.
    weights : ndarray
        Of each; with a table, numbers of its rows (uint8).
    table : ndarray or None
        At most 256 weights.
    delays : ndarray of integers, or None
        Of each, in steps; None: all 0.
    """

    shape: tuple[int, int]
    pointers: np.ndarray
    sources: np.ndarray
    weights: np.ndarray
    table: np.ndarray | None = None
    delays: np.ndarray | None = None

    def values(self) -> np.ndarray:
        """Return the weight of each synapse."""
        return self.weights if self.table is None else self.table[self.weights]

    def by_column(self, data: np.ndarray) -> csc_matrix:
        """Return a number of each synapse in compressed columns, targets in order.

        Several synapses of the same two neurons keep their order.
        """
        return matrices.csr_matrix((data, self.sources, self.pointers), shape=self.shape).tocsc()
