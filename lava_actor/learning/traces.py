"""Spike traces: low-pass filters of spike trains that learning rules read.

A trace decays exponentially and jumps at each spike (Davies et al. 2018). Within a learning epoch
only the position of the last spike of a neuron is known, so the whole course of a trace is
computed at the end of the epoch, in a native loop or in the NumPy text that says the same::

    H[0] = trace as stored
    H[k] = decay(H[k-1]) + impulse·[last spike was at position k],   k = 1 … t_epoch

Two kinds of arithmetic implement `decay` and `add`; `history` is the same for both. Traces of one
side are handled together: arrays of shape (traces, neurons).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from lava_actor.kernels._learning import trace_history
from lava_actor.learning.constants import W_TRACE, W_TRACE_FRACTIONAL_PART
from lava_actor.learning.utils import saturate

MAX_TRACE = (1 << W_TRACE) - 1
"""Largest value of a fixed-point trace."""


class Traces(ABC):
    """The constants of several traces of one side, and how the traces change.

    Parameters
    ----------
    impulses, taus : sequence of float
        One each per trace; `taus` in steps.
    """

    dtype: type[np.generic]

    varies = False
    """Whether impulses depend on random numbers."""

    def __init__(self, impulses: Sequence[float], taus: Sequence[float]) -> None:
        self.decays = np.array([decay_factor(tau) for tau in taus], np.float64)[:, np.newaxis]

    @abstractmethod
    def decay(self, traces: np.ndarray, random_number: float) -> np.ndarray:
        """Return the traces one step later."""

    @abstractmethod
    def add(self, traces: np.ndarray, random_number: int) -> np.ndarray:
        """Return the traces after one impulse each."""

    def impulses_now(self, random_number: int) -> np.ndarray | None:
        """Return what `add` adds, for the native loops; None where only NumPy knows."""
        return None

    def history(
        self,
        start: np.ndarray,
        last_spikes: np.ndarray,
        t_epoch: int,
        random_decay: float = 0.0,
        random_impulse: int = 0,
    ) -> np.ndarray:
        """Return the course of the traces over an epoch.

        Parameters
        ----------
        start : ndarray (traces, neurons)
            Values before the epoch, including impulses booked during it.
        last_spikes : ndarray (neurons,) of int
            Position of the last spike in the epoch, 1 … t_epoch; 0 for none.
        t_epoch : int
            Length of the epoch in steps.
        random_decay, random_impulse
            The random numbers of fixed-point arithmetic; the same for all steps of the epoch.

        Returns
        -------
        ndarray (t_epoch + 1, traces, neurons)
        """
        course = np.empty((t_epoch + 1, *start.shape), self.dtype)
        course[0] = start
        impulses = self.impulses_now(random_impulse)
        if impulses is not None:
            last = np.ascontiguousarray(last_spikes, np.int32)
            trace_history(course, last, self.decays, impulses, random_decay)
            return course
        spiking = np.flatnonzero(last_spikes)
        positions = last_spikes[spiking]
        for k in range(1, t_epoch + 1):
            now = self.decay(course[k - 1], random_decay)
            if spiking.size:
                here = spiking[positions == k]
                now[:, here] = self.add(now[:, here], random_impulse)
            course[k] = now
        return course


class FloatTraces(Traces):
    """Traces in double precision."""

    dtype = np.float64

    def __init__(self, impulses: Sequence[float], taus: Sequence[float]) -> None:
        super().__init__(impulses, taus)
        self.impulses = np.array(impulses, np.float64)[:, np.newaxis]

    def impulses_now(self, random_number: int) -> np.ndarray | None:
        """Return the impulses."""
        return self.impulses if type(self) is FloatTraces else None

    def decay(self, traces: np.ndarray, random_number: float = 0.0) -> np.ndarray:
        """Return ``exp(-1/tau) · trace``."""
        return self.decays * traces

    def add(self, traces: np.ndarray, random_number: int = 0) -> np.ndarray:
        """Return ``trace + impulse``."""
        return traces + self.impulses


class FixedTraces(Traces):
    """Traces as integers 0 … 127, rounded stochastically.

    An impulse has an integer part I and a fraction F of eight bits. The random numbers that decide
    about F have seven bits, so a fraction of a half and more always rounds up.
    """

    dtype = np.int32

    def __init__(self, impulses: Sequence[float], taus: Sequence[float]) -> None:
        super().__init__(impulses, taus)
        given = np.array(impulses, np.float64)[:, np.newaxis]
        integers = np.floor(given)
        self.integers = integers.astype(np.int32)
        self.fractions = np.rint((given - integers) * (1 << W_TRACE_FRACTIONAL_PART)).astype(int)
        self.varies = bool(self.fractions.any())

    def impulses_now(self, random_number: int) -> np.ndarray | None:
        """Return the impulses, rounded."""
        return self._jump(random_number) if type(self) is FixedTraces else None

    def _jump(self, random_number: int) -> np.ndarray:
        jump: np.ndarray = self.integers + (random_number < self.fractions)
        return jump

    def decay(self, traces: np.ndarray, random_number: float) -> np.ndarray:
        """Return ``floor(g) + [r < g - floor(g)]`` with ``g = exp(-1/tau) · trace``."""
        exact = self.decays * traces
        floor = np.floor(exact)
        return (floor + (random_number < exact - floor)).astype(np.int32)

    def add(self, traces: np.ndarray, random_number: int) -> np.ndarray:
        """Return ``trace + I + [r < F]``, limited to 0 … 127."""
        return saturate(traces + self._jump(random_number), 0, MAX_TRACE)


def decay_factor(tau: float) -> float:
    """Return the factor by which a trace of time constant `tau` (steps) decays in one step.

    A time constant of 0 means that nothing is left after a step.
    """
    return np.exp(-1 / tau) if tau > 0 else 0.0
