"""Synaptic variables, dense or sparse, read and written group by group."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_actor.errors import InvalidTypeError
from lava_actor.learning.dense_pattern import DensePattern
from lava_actor.learning.patterns import Patch, Pattern
from lava_actor.learning.sparse_pattern import SparsePattern
from lava_actor.process import matrices


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
        elif matrices.issparse(matrix) and matrix.format == "csr":
            self.data = matrix.data
            patterns = [v.pattern for v in like if isinstance(v.pattern, SparsePattern)]
            same = [pattern for pattern in patterns if matrices.same_places(pattern, matrix)]
            self.pattern = same[0] if same else SparsePattern(matrix)
        else:
            raise InvalidTypeError(
                "a synaptic variable is an ndarray or a csr matrix of shape (post, pre), "
                f"got {type(matrix).__name__}"
            )

    def is_of(self, matrix: object) -> bool:
        """Whether this still is the variable that `matrix` holds."""
        if matrix is not self.matrix:
            return False
        return isinstance(matrix, np.ndarray) or matrix.data is self.data

    def read(self, patch: Patch) -> np.ndarray:
        """Return the values at a patch, of this variable's pattern or of another one."""
        if patch.pattern is self.pattern:
            return self.pattern.read(self.data, patch)
        return self.pattern.read_elsewhere(self.data, patch)

    def write(self, patch: Patch, values: np.ndarray) -> None:
        """Replace the values at a patch of this variable's own pattern."""
        self.pattern.write(self.data, patch, values)
