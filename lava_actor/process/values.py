"""Values of Vars on the user's side: what `Var.set` accepts, checked before anything is sent.

Pure functions of a value, a shape and an index. A value that passes here can be refused by the
model only for reasons that the model alone knows (its dtype, its ``on_var_update``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_actor.errors import InvalidIndexError, InvalidTypeError, InvalidValueError
from lava_actor.process import matrices


def initial_part(init: Any, shape: tuple[int, ...], idx: Any, where: str) -> Any:
    """Return ``init[idx]``, with ``init`` filling the shape first if it is a number or array."""
    try:
        if isinstance(init, str) or matrices.issparse(init):
            return init[idx]
        return np.broadcast_to(np.asarray(init), shape)[idx].copy()
    except IndexError as error:
        raise InvalidIndexError(f"{where} of shape {shape}: {error}") from None


def checked_value(value: Any, shape: tuple[int, ...], init: Any, idx: Any, where: str) -> Any:
    """Return ``value`` in the form in which it is sent to the model.

    Parameters
    ----------
    value : array_like, str or sparse matrix
    shape : tuple of int
        The Var's.
    init : object
        The Var's initial value, which says whether it is a string or sparse Var.
    idx : NumPy index or None
    where : str
        What to call the Var in messages.

    Returns
    -------
    ndarray, str or csr_matrix
        An array broadcasts to the shape, or to the indexed part of it; a sparse matrix has the
        pattern of ``init``.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if the shape or the sparsity pattern does not fit.
    InvalidTypeError
        (a `TypeError`) if the value is of another kind than the Var.
    InvalidIndexError
        (an `IndexError`) if ``idx`` does not fit the shape.
    """
    if isinstance(init, str) or (init is None and isinstance(value, str)):
        return _checked_text(value, idx, where)
    if isinstance(value, str):
        raise InvalidTypeError(f"{where}: expected numbers, got the str {value!r}")
    if matrices.issparse(init) and idx is None:
        return _checked_sparse(value, shape, init, where)
    if matrices.issparse(value):
        _check_shape(value.shape, part_shape(shape, idx, where), where, exact=True)
        return value
    try:
        found = np.asarray(value)
    except ValueError as error:  # nested lists of unequal lengths
        raise InvalidValueError(f"{where}: expected an array of shape {shape}: {error}") from None
    if found.dtype.kind not in "biufc":
        raise InvalidTypeError(
            f"{where}: expected numbers, got {type(value).__name__} with dtype {found.dtype}"
        )
    _check_shape(found.shape, part_shape(shape, idx, where), where)
    return found


def part_shape(shape: tuple[int, ...], idx: Any, where: str) -> tuple[int, ...]:
    """Return the shape of ``array[idx]`` for an array of ``shape``.

    Raises
    ------
    InvalidIndexError
        (an `IndexError`) if the index does not fit.
    """
    if idx is None:
        return shape
    # A view of one element with zero strides: nothing of the size of the Var is allocated.
    stand_in = np.broadcast_to(np.zeros((), bool), shape)
    try:
        return np.shape(stand_in[idx])
    except IndexError as error:
        raise InvalidIndexError(f"{where}: index {idx!r} for shape {shape}: {error}") from None


def _check_shape(
    found: tuple[int, ...], expected: tuple[int, ...], where: str, exact: bool = False
) -> None:
    try:
        fits = found == expected or (not exact and np.broadcast_shapes(found, expected) == expected)
    except ValueError:
        fits = False
    if not fits:
        broadcastable = "" if exact else " or something that broadcasts to it"
        raise InvalidValueError(f"{where}: expected shape {expected}{broadcastable}, got {found}")


def _checked_text(value: Any, idx: Any, where: str) -> str:
    if not isinstance(value, str):
        raise InvalidTypeError(f"{where}: expected a str, got {type(value).__name__}")
    if idx is not None:
        raise InvalidIndexError(f"{where}: a string Var is set as a whole, got index {idx!r}")
    return value


def _checked_sparse(value: Any, shape: tuple[int, ...], init: Any, where: str) -> Any:
    own = matrices.csr_matrix(init, copy=True)
    own.sort_indices()
    if matrices.issparse(value):
        given = matrices.csr_matrix(value, copy=True)
        given.sort_indices()
        if (
            given.shape != own.shape
            or not np.array_equal(given.indptr, own.indptr)
            or not np.array_equal(given.indices, own.indices)
        ):
            raise InvalidValueError(
                f"{where}: expected the sparsity pattern of the initial value (shape {own.shape}, "
                f"{own.nnz} stored entries), got shape {given.shape} with {given.nnz}"
            )
        return given
    dense = checked_value(value, shape, 0, None, where)
    dense = np.broadcast_to(dense, shape)
    rows = np.repeat(np.arange(shape[0]), np.diff(own.indptr))
    data = dense[rows, own.indices]
    if np.count_nonzero(dense) != np.count_nonzero(data):
        raise InvalidValueError(
            f"{where}: expected zeros wherever the initial value stores no entry, got "
            f"{np.count_nonzero(dense) - np.count_nonzero(data)} others"
        )
    return matrices.csr_matrix((data, own.indices, own.indptr), shape=shape)
