"""How frames are compressed into messages of hardware interfaces.

A message is a pair of equally long arrays (data, index), which a sparse port sends as they are. One
form holds values and positions; the two others are streams of bytes, four to a little-endian word.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

BYTES_PER_WORD = 4
ESCAPE = 255
"""A gap that does not fit one byte is announced by entries with this gap."""


def encode_sparse(frame: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Values and flat indices of what is not zero in `frame`; ([0], [0]) if all is zero."""
    flat = np.ravel(frame)
    index = np.flatnonzero(flat)
    if not index.size:
        return np.zeros(1, dtype=flat.dtype), np.zeros(1, dtype=index.dtype)
    return flat[index], index


def encode_packed_4(frame: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Every value of `frame` as a byte, four to a little-endian word; words alternate.

    The bytes (values modulo 256) are filled up with zeros to a multiple of eight; words 0, 2, 4, …
    are the data, words 1, 3, 5, … the index.
    """
    flat = np.ravel(frame)
    octets = np.zeros(-(-flat.size // 8) * 8, dtype=np.uint8)
    octets[: flat.size] = flat & 0xFF
    words = octets.view("<i4").astype(np.int32)
    return words[0::2], words[1::2]


def encode_delta_sparse_8(frame: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """What is not zero in `frame` as byte pairs (value, gap), each four to a little-endian word.

    A gap is the number of zeros since the entry before, for the first entry since the beginning. A
    gap of 255 or more is spread over escape entries in front, which have the gap byte 255 and stand
    for ``255 * value`` zeros; the entry itself carries the rest. Before a first entry beyond index
    255 comes the entry (0, 0), which stands for a zero at index 0. Both arrays are filled up with
    zeros.
    """
    flat = np.ravel(frame)
    values: list[int] = []
    gaps: list[int] = []
    previous = -1
    for position in np.flatnonzero(flat).tolist():
        if previous < 0 and position > ESCAPE:
            values.append(0)
            gaps.append(0)
            previous = 0
        count, rest = divmod(position - previous - 1, ESCAPE)
        full, part = divmod(count, ESCAPE)
        values += [ESCAPE] * full
        gaps += [ESCAPE] * full
        if count:
            values.append(part)
            gaps.append(ESCAPE)
        values.append(int(flat[position]) & 0xFF)
        gaps.append(rest)
        previous = position
    return _as_words(values), _as_words(gaps)


def decode_encode_delta_sparse_8(data: ArrayLike, idx: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Reverse `encode_delta_sparse_8`.

    Returns
    -------
    (values, indices)
        The non-zero values as unsigned bytes, and their flat indices.
    """
    values: list[int] = []
    indices: list[int] = []
    position, skipped = -1, 0
    octets = zip(_as_octets(data).tolist(), _as_octets(idx).tolist(), strict=True)
    for value, gap in octets:
        if gap == ESCAPE:
            skipped += ESCAPE * value
            continue
        position += skipped + gap + 1
        skipped = 0
        if value:
            values.append(value)
            indices.append(position)
    return np.array(values, dtype=np.uint8), np.array(indices, dtype=np.int64)


def _as_words(octets: list[int]) -> np.ndarray:
    count = max(1, -(-len(octets) // BYTES_PER_WORD))
    padded = np.zeros(count * BYTES_PER_WORD, dtype=np.uint8)
    padded[: len(octets)] = octets
    return padded.view("<i4").astype(np.int32)


def _as_octets(words: ArrayLike) -> np.ndarray:
    return np.asarray(words).astype("<i4").view(np.uint8)
