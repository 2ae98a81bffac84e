"""Weights as Loihi stores them: signs, ranges, bits.

All functions take arrays and scipy sparse matrices alike.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, unique
from math import floor, log2
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from lava_actor.errors import InvalidValueError
from lava_actor.process import matrices

if TYPE_CHECKING:
    from scipy.sparse import sparray, spmatrix

__all__ = [
    "SignMode", "OptimizedWeights", "determine_sign_mode", "clip_weights", "truncate_weights",
    "optimize_weight_bits",
]  # fmt: skip

Weights: TypeAlias = "np.ndarray | spmatrix | sparray"
"""ndarray or scipy sparse matrix."""


@unique
class SignMode(Enum):
    """Which signs the weights of a connection may have."""

    NULL = 0
    """Not said."""
    MIXED = 1
    """Both; costs one bit of precision."""
    EXCITATORY = 2
    """None negative."""
    INHIBITORY = 3
    """None positive."""


class OptimizedWeights(NamedTuple):
    """Result of `optimize_weight_bits`."""

    weights: np.ndarray
    num_weight_bits: int
    weight_exp: int



def _range(sign_mode: SignMode, num_bits: int) -> tuple[int, int]:
    """The lowest and the highest weight of so many bits."""
    highest = 2**num_bits - 1
    if sign_mode is SignMode.MIXED:
        return -highest - 1, highest
    return (-highest, 0) if sign_mode is SignMode.INHIBITORY else (0, highest)


def determine_sign_mode(weights: Weights) -> SignMode:
    """Find the sign mode that the weights need.

    Returns
    -------
    SignMode
        EXCITATORY if no weight is negative (so also if all are zero), else INHIBITORY if none is
        positive, else MIXED.
    """
    lowest, highest = _extremes(weights)
    if lowest >= 0:
        return SignMode.EXCITATORY
    return SignMode.INHIBITORY if highest <= 0 else SignMode.MIXED


def clip_weights(
    weights: Weights, sign_mode: SignMode, num_bits: int, learning_simulation: bool = False
) -> Weights:
    """Limit weights to what `num_bits` bits hold.

    Parameters
    ----------
    weights : array_like or sparse matrix
        Fractions are cut off toward zero.
    sign_mode : SignMode
        MIXED: from ``-2**n`` to ``2**n - 1``; INHIBITORY: from ``-(2**n - 1)`` to 0; otherwise from
        0 to ``2**n - 1``.
    num_bits : int
        The n above.
    learning_simulation : bool
        Lowers the upper limit of MIXED by one.

    Returns
    -------
    ndarray or sparse matrix of int32
        A copy; a sparse matrix keeps its pattern.
    """
    low, high = _range(sign_mode, num_bits)
    if sign_mode is SignMode.MIXED:
        high -= learning_simulation
    # Clipped before the cast, so that what lies beyond 32 bits does not wrap into the range.
    return _elementwise(weights, lambda w: np.clip(w, low, high).astype(np.int32))


def truncate_weights(
    weights: Weights, sign_mode: SignMode, num_weight_bits: int, max_num_weight_bits: int = 8
) -> Weights:
    """Clear the lowest bits, which the hardware would not store.

    Parameters
    ----------
    weights : array_like or sparse matrix
        Fractions are cut off toward zero first.
    sign_mode : SignMode
        MIXED clears one bit more. INHIBITORY clears bits of the magnitude; otherwise results are
        rounded down.
    num_weight_bits, max_num_weight_bits : int
        The difference is the number of cleared bits.

    Returns
    -------
    ndarray or sparse matrix of int32
        A copy. Entries of a sparse matrix that become zero are removed.
    """
    truncated = _elementwise(
        weights, lambda w: truncated_bits(w, sign_mode, num_weight_bits, max_num_weight_bits)
    )
    if matrices.issparse(truncated):
        truncated.eliminate_zeros()
    return truncated


def truncated_bits(
    weights: np.ndarray, sign_mode: SignMode, num_weight_bits: int, max_num_weight_bits: int = 8
) -> np.ndarray:
    """Do what `truncate_weights` does, for an array."""
    cleared = max_num_weight_bits - num_weight_bits + (sign_mode is SignMode.MIXED)
    whole = np.asarray(weights).astype(np.int32)
    if cleared <= 0:
        return whole
    if sign_mode is SignMode.INHIBITORY:
        return -((-whole >> cleared) << cleared)
    return (whole >> cleared) << cleared


def optimize_weight_bits(
    weights: Weights, sign_mode: SignMode, loihi2: bool = False
) -> OptimizedWeights:
    """Use the range of the hardware's weights as well as possible.

    Parameters
    ----------
    weights : array_like or sparse matrix
        Integers in [-256, 255] (MIXED), [0, 255] (EXCITATORY) or [-255, 0] (INHIBITORY).
    sign_mode : SignMode
    loihi2 : bool
        Return weights without the bits that are not used.

    Returns
    -------
    OptimizedWeights
        ``weights * 2**-weight_exp`` as int32, with the number of bits and the exponent that
        together stand for the same weights.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if a weight is out of range, or the sign mode NULL.
    """
    if sign_mode not in (SignMode.MIXED, SignMode.EXCITATORY, SignMode.INHIBITORY):
        raise InvalidValueError(
            f"optimize_weight_bits: expected sign_mode MIXED, EXCITATORY or INHIBITORY, "
            f"got {sign_mode}"
        )
    low, high = _range(sign_mode, 8)
    lowest, highest = _extremes(weights)
    if not (low <= lowest and highest <= high):  # NaN neither
        raise InvalidValueError(
            f"optimize_weight_bits: expected weights from {low} to {high} for {sign_mode.name}, "
            f"got {lowest} to {highest}"
        )
    weight_exp = _determine_weight_exp(weights, sign_mode)
    num_weight_bits = _determine_num_weight_bits(weights, weight_exp, sign_mode)

    def scaled(w: np.ndarray) -> np.ndarray:
        whole = w.astype(np.int32) * 2.0**-weight_exp
        if loihi2:
            whole = np.trunc(whole / 2.0 ** (8 - num_weight_bits))
            if sign_mode is SignMode.MIXED:
                whole = np.trunc(whole / 2)
        return whole.astype(np.int32)

    return OptimizedWeights(_elementwise(weights, scaled), num_weight_bits, weight_exp)


def _determine_weight_exp(weights: Weights, sign_mode: SignMode) -> int:
    """Return the exponent (0 or negative, or 1) at which the weights fill their range."""
    lowest, highest = _extremes(weights)
    mixed = sign_mode is SignMode.MIXED
    low, high = (-128, 127) if mixed else (-255, 255)
    scales = [high / highest] if highest > 0 else []
    scales += [low / lowest] if lowest < 0 else []
    return -(floor(log2(min(scales))) + mixed) if scales else 0


def _determine_num_weight_bits(weights: Weights, weight_exp: int, sign_mode: SignMode) -> int:
    """Return how many bits are needed, as the lowest ones may be zero in all weights."""
    stored = _stored(weights).astype(np.int64)
    low_zeros = next((n for n in range(8, 0, -1) if not np.any(stored % 2**n)), 0)
    return 8 + weight_exp - low_zeros + (sign_mode is SignMode.MIXED)


def _stored(weights: Weights) -> np.ndarray:
    return np.asarray(_with_data(weights).data if matrices.issparse(weights) else weights)


def _with_data(matrix: spmatrix | sparray) -> spmatrix | sparray:
    """Return a sparse matrix in a format that has its entries in one array."""
    return matrix.tocsr() if matrix.format in ("lil", "dok") else matrix


def _extremes(weights: Weights) -> tuple[float, float]:
    """Smallest and largest weight, elements that a sparse matrix does not store included."""
    stored = _stored(weights)
    rest = (0,) if matrices.issparse(weights) or not stored.size else ()
    found = [*rest, *((stored.min(), stored.max()) if stored.size else ())]
    return min(found), max(found)


def _elementwise(weights: Weights, function: Callable[..., object]) -> Weights:
    """Apply a function to the elements; of a sparse matrix to the stored ones."""
    if not matrices.issparse(weights):
        return function(np.asarray(weights))
    result = _with_data(weights).copy()
    result.data = function(result.data)
    return result
