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
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Patch:
    """A group of synapses that share the conditions x0 and y0.

    Attributes
    ----------
    pattern : Pattern
        What the patch is a part of.
    rows, cols : ndarray of int
        Post- and pre-synaptic neuron of each synapse; they broadcast to the shape of the patch.
    where : index
        Index of the patch in the data of a variable of this pattern.
    shared : dict
        What has been computed for this patch and serves all targets of a rule.
    """

    pattern: Pattern
    rows: np.ndarray
    cols: np.ndarray
    where: Any
    shared: dict[str, np.ndarray | None] = field(default_factory=dict)

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
        on, off = np.flatnonzero(self.mask), np.flatnonzero(~self.mask)
        self._neurons = {True: on, False: off, None: np.arange(self.mask.size)}

    def neurons(self, spiked: bool | None) -> np.ndarray:
        """Indices of the neurons that did or did not spike; of all for None."""
        return self._neurons[spiked]


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
    def pieces(self, patch: Patch, size: int) -> Iterator[Patch]:
        """Cut a patch of this pattern into patches of about `size` synapses."""

    def read(self, data: np.ndarray, patch: Patch) -> np.ndarray:
        """Return the values of a variable of this pattern at a patch of this pattern."""
        return data[patch.where]

    def write(self, data: np.ndarray, patch: Patch, values: np.ndarray) -> None:
        """Replace the values of a variable of this pattern at a patch of this pattern."""
        data[patch.where] = values

    @abstractmethod
    def read_elsewhere(self, data: np.ndarray, patch: Patch) -> np.ndarray:
        """Return the values of a variable of this pattern at a patch of another pattern.

        Synapses that this pattern does not have read as 0.
        """
