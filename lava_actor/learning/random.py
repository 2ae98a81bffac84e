"""The random numbers of fixed-point learning.

Traces and synaptic variables are rounded stochastically, as in Loihi. Every stream is a
`numpy.random.default_rng` with a seed of its own, and one number at a time serves all neurons or
synapses: two runs with the same seeds give the same bits.

A generator shows its *current* numbers as attributes; `advance` replaces them. Each draws once when
it is made. Numbers are drawn in blocks; the streams are the same as drawn one by one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from lava_actor.learning.constants import W_TRACE

__all__ = ["AbstractRandomGenerator", "TraceRandom", "ConnVarRandom", "ROUNDING_SEED"]

ROUNDING_SEED = 2
"""Seed of the rounding of synaptic variables unless a connection sets another."""

_BLOCK = 256


class _Stream(ABC):
    """Numbers of one generator, one after the other, drawn a block at a time.

    All of it is plain data, so that a stream can be saved between two numbers.
    """

    def __init__(self, seed: int) -> None:
        self._generator = np.random.default_rng(seed)
        self._block = self._draw(_BLOCK)
        self._used = 0

    @abstractmethod
    def _draw(self, count: int) -> np.ndarray:
        """Return the next numbers of the generator."""

    def advance(self, count: int = 1) -> None:
        """Go on by so many numbers."""
        self._used += count
        while self._used > _BLOCK:
            self._block = self._draw(_BLOCK)
            self._used -= _BLOCK

    @property
    def current(self) -> Any:
        """The present number as NumPy drew it."""
        return self._block[self._used - 1]


class _Uniform(_Stream):
    """Floating-point numbers in [0, 1)."""

    def _draw(self, count: int) -> np.ndarray:
        return self._generator.random(count)


class _SevenBits(_Stream):
    """Integers of the width of a trace."""

    def _draw(self, count: int) -> np.ndarray:
        return self._generator.integers(0, 1 << W_TRACE, size=count, dtype=int)


class AbstractRandomGenerator(ABC):
    """Current random numbers, replaced by `advance`."""

    @abstractmethod
    def advance(self, count: int = 1) -> None:
        """Replace the current numbers by the next ones of their streams, so many times."""


class TraceRandom(AbstractRandomGenerator):
    """Random numbers for the traces of one side, pre- or post-synaptic.

    Parameters
    ----------
    seed_trace_decay : int
        Seed of the numbers that round decaying traces.
    seed_impulse_addition : int
        Seed of the numbers that round impulses with a fraction.
    """

    def __init__(self, seed_trace_decay: int = 0, seed_impulse_addition: int = 1) -> None:
        self._decay = _Uniform(seed_trace_decay)
        self._impulse = _SevenBits(seed_impulse_addition)
        self.advance()

    @property
    def random_trace_decay(self) -> float:
        """Current number for decay, in [0, 1)."""
        return float(self._decay.current)

    @property
    def random_impulse_addition(self) -> np.integer:
        """Current number for impulses, 0 … 127."""
        number: np.integer = self._impulse.current
        return number

    def advance(self, count: int = 1) -> None:
        """Replace both current numbers."""
        self._decay.advance(count)
        self._impulse.advance(count)


class ConnVarRandom(AbstractRandomGenerator):
    """Random numbers that round synaptic variables after learning.

    Parameters
    ----------
    seed_stochastic_rounding : int
        Seed of the numbers.
    """

    def __init__(self, seed_stochastic_rounding: int = ROUNDING_SEED) -> None:
        self._rounding = _Uniform(seed_stochastic_rounding)
        self.advance()

    @property
    def random_stochastic_round(self) -> float:
        """Current number, in [0, 1)."""
        return float(self._rounding.current)

    def advance(self, count: int = 1) -> None:
        """Replace the current number."""
        self._rounding.advance(count)
