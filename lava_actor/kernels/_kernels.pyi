"""What the loops compute. Arrays are C-contiguous where nothing else is said.

Types, layouts and lengths are checked, and so are the indices of events; what comes from a
prepared matrix (``pointers``, ``rows``) is trusted: `lava_actor.proc._operators` makes it.
"""

from collections.abc import Sequence

import numpy as np

def as_unique(
    values: np.ndarray | None, indices: np.ndarray, size: int
) -> tuple[np.ndarray | None, np.ndarray]:
    """Return events with ascending unique indices (int32), values at one index summed.

    Events that are so already are returned as they are.

    Raises
    ------
    IndexError
        If an index is outside of 0 … size - 1.
    ValueError
        If there are not as many values as indices.
    """

def one_value(values: np.ndarray) -> np.generic | None:
    """Return the value that all elements have, or None if they differ or there are none."""

def dense_events(
    weights: np.ndarray, at: np.ndarray, x: np.ndarray | None, out: np.ndarray
) -> None:
    """Add ``weights[:, at] @ x`` to `out`.

    Parameters
    ----------
    weights : ndarray of float64 or int32
        (rows, columns), column-major.
    at : ndarray of int32
        Columns; the sum is taken in this order.
    x : ndarray of the type of `out`, or None
        A factor for each of `at`; None: all one.
    out : ndarray of the type of the weights; or int64, over weights of int32
        One element per row. Integers wrap at its width.

    Raises
    ------
    IndexError
        If a column does not exist.
    TypeError
        If an array is of another type, layout or length.
    """

def dense_events_delayed(
    weights: np.ndarray, delays: np.ndarray, at: np.ndarray, x: np.ndarray | None, out: np.ndarray
) -> None:
    """Add ``weights[r, c] * x`` to ``out[r, delays[r, c]]`` for all rows r and the columns `at`.

    Parameters
    ----------
    weights, at, x
        As for `dense_events`.
    delays : ndarray of int32
        Of the shape of the weights, column-major.
    out : ndarray of the type of the weights
        (rows, largest delay + 1), column-major.

    Raises
    ------
    IndexError
        If a column does not exist or a delay does not fit `out`.
    TypeError
        If an array is of another type, layout or length.
    """

def advance_columns(out: np.ndarray) -> None:
    """Move every column of a column-major matrix one to the left; the last becomes zero.

    Raises
    ------
    TypeError
        If `out` is not a writable column-major matrix.
    """

def csc_events(
    pointers: np.ndarray,
    rows: np.ndarray,
    weights: np.ndarray | None,
    one: float | np.generic | None,
    at: np.ndarray,
    x: np.ndarray | None,
    out: np.ndarray,
) -> None:
    """Add what `dense_events` does, for a matrix in compressed columns.

    Parameters
    ----------
    pointers : ndarray of int64
        Column c has the entries ``pointers[c]`` to ``pointers[c + 1]``.
    rows : ndarray of int32 or uint16
        Row of each entry; trusted to lie in `out`.
    weights : ndarray of the type of `out`, or None
        Weight of each entry. None: every weight is `one`.
    one : number or None
        Used without `weights` only.
    at, x
        As for `dense_events`.
    out : ndarray of float64 or int32; or int64, over weights of int32
        Any shape; rows are flat indices.
    """

def sort_by_delay(
    pointers: np.ndarray,
    rows: np.ndarray,
    values: np.ndarray | None,
    n_rows: int,
    may_swap: bool,
) -> int:
    """Put the entries of each column in the order of their delays; those of one delay keep theirs.

    Parameters
    ----------
    pointers : ndarray of int64
        As for `csc_events`.
    rows : ndarray of int32 or uint16, or of uint32 with codes
        Delay times `n_rows`, plus row; ascending rows in each column.
    values : ndarray, optional
        What belongs to the entries.
    n_rows : int
    may_swap : bool
        Whether several synapses of the same two neurons may change places. If not and they would,
        some columns are left as they are.

    Returns
    -------
    runs : int
        Entries of a column with the same delay count as one; 0: they are not in order.
    """

def picked_events(
    order: np.ndarray,
    starts: np.ndarray,
    rows: np.ndarray,
    weights: np.ndarray,
    at: np.ndarray,
    x: np.ndarray | None,
    out: np.ndarray,
) -> None:
    """Add what `csc_events` does; the entries of column c are ``order[starts[c] : starts[c + 1]]``.

    Parameters
    ----------
    order, starts : ndarray of int64
        They are trusted to lie within the entries.
    rows : ndarray of int32
        Row of each entry; trusted to lie within `out`.
    weights : ndarray of float64 or int32
        Of each entry.
    at, x, out
        See `csc_events`.
    """

def csc_events_coded(
    pointers: np.ndarray,
    rows: np.ndarray,
    codes: np.ndarray | None,
    table: np.ndarray,
    at: np.ndarray,
    x: np.ndarray | None,
    out: np.ndarray,
) -> None:
    """Add what `csc_events` does; the weight of entry k is ``table[codes[k]]``.

    Parameters
    ----------
    codes : ndarray of uint8, or None
        None: rows are uint32, 256 times the row plus the code.
    table : ndarray of the type of `out`
        256 elements.
    pointers, rows, at, x, out
        As for `csc_events`.
    """

def conv_events(
    kernel: np.ndarray,
    geometry: Sequence[int],
    at: np.ndarray,
    x: np.ndarray | None,
    out: np.ndarray,
) -> None:
    """Convolve events with a kernel.

    ``out[a, b, o]`` is the sum of ``kernel[c, m, n, o] * input[x, y, c]`` with
    ``x = a*stride_x + m*dilation_x - padding_x`` (y likewise, from b and n) over the input channels
    c of the group of o and over m, n; the input is zero outside of its shape.

    Parameters
    ----------
    kernel : ndarray of float64 or int32
        (input channels, kernel_x, kernel_y, output channels / groups). Integers wrap modulo 2**32.
    geometry : sequence of 15 int
        Sizes of input (x, y, channels), of output (x, y, channels) and of the kernel (x, y);
        padding, stride, dilation (x, y each); groups.
    at, x
        Flat indices in the input and their factors, as for `dense_events`.
    out : ndarray of the type of the kernel
        (x, y, channels); the result is added.
    """
