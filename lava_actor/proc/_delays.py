"""Delays of synapses: checks, and the matrices that spell them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.proc.connectivity import Distribution
from lava_actor.proc.connectivity.distributions import as_distribution
from lava_actor.process import matrices

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    Matrix: TypeAlias = np.ndarray | csr_matrix

MAX_FIXED_DELAY = 63
"""Longest delay of the fixed-point models, in steps: 6 bits."""


def checked_delays(process: str, delays: object, shape: tuple[int, ...]) -> int | Matrix:
    """Return delays as an int, an integer array or an integer csr matrix.

    Parameters
    ----------
    process : str
        Name for messages.
    delays : int, array_like or sparse matrix
    shape : tuple of int
        Of the weights.

    Raises
    ------
    InvalidValueError
        If a delay is negative or not an integer, or the shape is another one.
    InvalidTypeError
        If delays are a distribution.
    """
    if isinstance(delays, Distribution):
        raise InvalidTypeError(
            f"{process}.delays: distributions are only for weights by recipe, got {delays!r}"
        )
    if matrices.issparse(delays):
        values = matrices.csr_matrix(delays, copy=True)
        values.sum_duplicates()
        numbers = values.data
    else:
        values = numbers = np.asarray(delays)
    if numbers.dtype.kind not in "iu":
        raise InvalidValueError(
            f"{process}.delays: expected integers (steps), got dtype {numbers.dtype}"
        )
    if numbers.size and numbers.min() < 0:
        raise InvalidValueError(f"{process}.delays: expected at least 0, got {numbers.min()}")
    if not matrices.issparse(values) and values.ndim == 0:
        return int(values)
    if tuple(values.shape) != tuple(shape):
        raise InvalidValueError(
            f"{process}.delays: expected one int, or the shape of the weights, {tuple(shape)}, "
            f"got {tuple(values.shape)}"
        )
    return values


def drawn_delays(process: str, delays: object, max_delay: int) -> tuple[Distribution, int]:
    """Return the distribution of delays that belongs to a recipe, and the longest delay there is.

    Raises
    ------
    InvalidTypeError
        If `delays` is neither a number nor a distribution.
    InvalidValueError
        If a delay may be negative, infinite or longer than `max_delay`, or a number is no integer.
    """
    where = f"{process}.delays"
    found = as_distribution(where, delays)
    low, high = found.bounds()
    found.check_whole(where)
    if low < 0:
        raise InvalidValueError(f"{where}: expected at least 0, got {found!r}; set its low")
    if not high < 2**31:
        raise InvalidValueError(f"{where}: expected a longest delay, got {found!r}; set its high")
    return found, delay_range(process, round(high), max_delay)


def delay_range(process: str, delays: object, max_delay: int) -> int:
    """Return the longest delay there may be; `max_delay` 0 means the longest there is.

    Raises
    ------
    InvalidValueError
        If `max_delay` is shorter than a delay.
    """
    numbers = np.asarray(delays.data if matrices.issparse(delays) else delays)
    longest = int(numbers.max()) if numbers.size else 0
    if max_delay and max_delay < longest:
        raise InvalidValueError(
            f"{process}.max_delay: expected at least {longest}, the longest of delays, "
            f"got {max_delay}"
        )
    return int(max_delay) or longest


def longest_in_line(process: str, delays: Matrix, depth: int) -> int:
    """Return the longest delay, if a line of `depth` columns has one for each.

    Raises
    ------
    InvalidValueError
        If a delay is negative, or not below `depth`.
    """
    numbers = delays.data if matrices.issparse(delays) else np.asarray(delays)
    if not numbers.size:
        return 0
    low, high = int(numbers.min()), int(numbers.max())
    if not 0 <= low <= high < depth:
        raise InvalidValueError(
            f"{process}.delays: expected values from 0 to {depth - 1}, the longest of the "
            f"connection, got {low} to {high}; max_delay allows longer ones"
        )
    return high


def check_fixed_delays(process: str, max_delay: int) -> None:
    """Refuse delays that the fixed-point models cannot have.

    Raises
    ------
    InvalidValueError
        If the longest possible delay exceeds 63.
    """
    if max_delay > MAX_FIXED_DELAY:
        raise InvalidValueError(
            f"{process}.delays: expected at most {MAX_FIXED_DELAY} in the fixed-point model, "
            f"got {max_delay}"
        )


def delay_weights(weights: Matrix, delays: object, max_delay: int) -> Matrix:
    """Stack the weights by delay.

    Parameters
    ----------
    weights : ndarray or sparse matrix (post, pre)
    delays : int, ndarray or sparse matrix (post, pre)
        Sparse: entries that are not stored are 0.
    max_delay : int

    Returns
    -------
    ndarray or csr_matrix
        (post * (max_delay + 1), pre): block k holds the weights with delay k, zero elsewhere.
        Sparse if the weights are.
    """
    if not matrices.issparse(weights):
        blocks = [np.where(np.asarray(delays) == k, weights, 0) for k in range(max_delay + 1)]
        return np.vstack(blocks)
    entries = weights.tocoo()
    if matrices.issparse(delays):
        found = np.asarray(delays.tocsr()[entries.row, entries.col]).reshape(-1)
    else:
        every = np.broadcast_to(np.asarray(delays), weights.shape)
        found = every[entries.row, entries.col]
    post, pre = weights.shape
    return matrices.csr_matrix(
        (entries.data, (entries.row + post * found.astype(np.int64), entries.col)),
        shape=(post * (max_delay + 1), pre),
    )
