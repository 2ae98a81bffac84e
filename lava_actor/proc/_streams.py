"""Random streams by block: counters of Philox that begin at the number of the block.

What is drawn for a neuron depends on a seed and on the block that the neuron lies in, not on where
or in which order blocks are worked on.
"""

from __future__ import annotations

import functools
import hashlib

import numpy as np


def stream(seed: int, purpose: int, block: int = 0) -> np.random.Generator:
    """Return the generator for one purpose and one block of neurons."""
    return np.random.Generator(np.random.Philox(key=key_of(seed), counter=[0, 0, block, purpose]))


@functools.lru_cache(16)
def key_of(seed: int) -> np.ndarray:
    """Return the two words of 64 bits that a seed stands for."""
    return np.frombuffer(hashlib.sha256(str(seed).encode()).digest()[:16], np.uint64)
