"""Numbers of a Poisson distribution that depend on key, step and neuron alone.

The reference of ``kernels/loops/poisson.h``. A large mean is that of several pieces, each with a
mean of at most 30. For a piece a neuron draws 16 bits, and, where these leave the number open, 53
more; together they are a place between 0 and 1, and the number is how many sums of chances lie at
or below it. Where neurons have one mean, what 16 bits decide is known beforehand, which changes
nothing but the time.
"""

from __future__ import annotations

import functools

import numpy as np

LARGEST = 30.0
"""Mean of a piece."""

_MOST = 254
_NOTHING = np.zeros(0, np.uint16)


class Means:
    """Expected numbers of spikes, in the forms that a step needs.

    Attributes
    ----------
    mean, none : np.ndarray of float
        Of a piece: the mean, and the chance of no spike.
    pieces : np.ndarray of int64
    lasts : np.ndarray of uint16
        For each number the last 16 bits that may still give it: by these alone it is open, smaller
        ones give it or less, larger ones more. Empty if neurons differ.
    """

    def __init__(self, rates: np.ndarray) -> None:
        flat = np.ascontiguousarray(rates, float).reshape(-1)
        if flat.size and (flat == flat[0]).all():
            flat = flat[:1]
        self.pieces = np.maximum(np.ceil(flat / LARGEST), 1).astype(np.int64)
        self.mean = flat / self.pieces
        self.none = np.exp(-self.mean)
        alone = flat.size == 1
        self.lasts = _lasts(float(self.mean[0]), float(self.none[0])) if alone else _NOTHING

    def draw(self, key: np.ndarray, step: int, first: int, count: int) -> np.ndarray:
        """Return how often each of ``count`` neurons from number ``first`` on spikes."""
        numbers = np.zeros(count, np.int64)
        forms = (self.pieces, self.mean, self.none)
        pieces, mean, none = (np.broadcast_to(form, count) for form in forms)
        for piece in range(int(self.pieces.max(initial=0))):
            bits = _words(key, step, 2 * piece, first, count, np.dtype("<u2"))
            found = np.searchsorted(self.lasts, bits)
            found[pieces <= piece] = 0
            decided = ~np.isin(bits, self.lasts) if self.lasts.size else np.zeros(count, bool)
            left = np.flatnonzero(~decided & (pieces > piece))
            if left.size:
                rest = _words(key, step, 2 * piece + 1, first, count, np.dtype("<u8"))[left]
                places = (bits[left] + (rest >> np.uint64(11)) * 2.0**-53) * 2.0**-16
                found[left] = _numbers(mean[left], none[left], places)
            numbers += found
        return numbers


def _words(
    key: np.ndarray, step: int, draw: int, first: int, count: int, dtype: np.dtype
) -> np.ndarray:
    """Random words, one per neuron, of which a block of 256 bits has several."""
    each = 32 // dtype.itemsize
    block, skipped = divmod(first, each)
    philox = np.random.Philox(key=key, counter=[block, draw, step, 0])
    words = philox.random_raw(4 * -(-(skipped + count) // each)).astype("<u8").view(dtype)
    return words[skipped : skipped + count]


def _numbers(mean: np.ndarray, none: np.ndarray, places: np.ndarray) -> np.ndarray:
    """How many sums of chances lie at or below each place."""
    numbers, chance, total = np.zeros(places.size, np.uint8), none.copy(), none.copy()
    for number in range(1, _MOST + 1):
        above = places >= total
        if not above.any():
            break
        numbers[above] = number
        chance = chance * mean / number
        total = np.where(above, total + chance, total)
    return numbers


@functools.lru_cache(16)
def _lasts(mean: float, none: float) -> np.ndarray:
    edges = np.arange((1 << 16) + 1) * 2.0**-16
    chance = total = none
    totals = [total]
    for number in range(1, _MOST):  # as in `_numbers`, with the same roundings
        chance = chance * mean / number
        total = total + chance
        totals.append(total)
    more = np.diff(np.searchsorted(totals, edges, side="right"))
    more[-1] = min(more[-1], 1)
    return np.repeat(np.arange(1 << 16, dtype=np.uint16), more)
