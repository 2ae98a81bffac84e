"""Looking into scipy sparse matrices."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix

__all__ = ["find"]


def find(mat: object, explicit_zeros: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """List the entries of a matrix.

    Parameters
    ----------
    mat : sparse matrix or array_like
    explicit_zeros : bool
        Whether stored entries with the value zero count, too.

    Returns
    -------
    tuple of (rows, columns, values)
        Three arrays of equal length; entries stored twice are summed.
    """
    entries = coo_matrix(mat, copy=True)
    entries.sum_duplicates()
    if explicit_zeros:
        return entries.row, entries.col, entries.data
    stored = entries.data != 0
    return entries.row[stored], entries.col[stored], entries.data[stored]
