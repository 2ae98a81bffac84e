"""Models of the sources of spikes, for whole populations at once."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from lava_actor.model.cuts import Cut
from lava_actor.proc._arithmetic import owner_of
from lava_actor.proc._members import declares
from lava_actor.proc._model import LavaPyType, NativeStep, PyLoihiProcessModel, PyOutPort, cpu_model
from lava_actor.proc._streams import stream
from lava_actor.proc.sources.process import (
    PoissonSource,
    RegularSource,
    SpikeTimes,
    check_rates,
    check_steps,
)

BLOCK = 4096
"""Neurons that share a random stream."""

_SPARSE = 8
"""Below one spike for so many neurons, events are sent."""


class _Source(PyLoihiProcessModel):
    """Sends numbers of spikes, times an amplitude."""

    s_out: PyOutPort
    amplitude: np.ndarray

    def spikes(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Return (neurons, number of spikes of each; None: one each) of this step."""
        raise NotImplementedError

    def run_spk(self) -> None:
        """Send the spikes of this step."""
        at, numbers = self.spikes()
        values = self.amplitude.reshape(-1)[at]
        if numbers is not None:
            values = values * numbers
        if at.size * _SPARSE < self.amplitude.size:
            self.s_out.send_events(values, at.astype(np.int32))
        else:
            message = np.zeros(self.amplitude.size, self.amplitude.dtype)
            message[at] = values
            self.s_out.send(message.reshape(self.amplitude.shape))


class AbstractPyPoissonSource(_Source):
    """Draws numbers of spikes.

    Neurons of a block that have one rate are served from a table: 16 random bits decide for all
    but one in some thousands, whose number is drawn within the rest that these bits leave open.
    """

    rate: np.ndarray

    def __init__(self, proc_params: Any = None) -> None:
        super().__init__(proc_params)
        self._binary = bool(proc_params["binary"])
        self._seed: int | None = proc_params["seed"]
        self._streams: list[np.random.Generator] = []
        self._taken: np.ndarray | None = None
        self._uniform: list[float | None] = []

    def on_start(self) -> None:
        """Make the random streams."""
        seed = self._rng_seed if self._seed is None else self._seed
        blocks = -(-self.rate.size // BLOCK)
        self._streams = [stream(seed, 0, block) for block in range(blocks)]

    def _take_rates(self) -> None:
        """Look at new rates, and in which blocks they are the same."""
        check_rates(owner_of(self), self.rate)
        flat = self.rate.reshape(-1)
        parts = [flat[first : first + BLOCK] for first in range(0, flat.size, BLOCK)]
        self._uniform = [float(p[0]) if (p == p[0]).all() and p[0] < 30 else None for p in parts]
        self._taken = self.rate

    def spikes(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Draw the spikes of this step."""
        if self.rate is not self._taken:
            self._take_rates()
        flat = self.rate.reshape(-1)
        parts: list[np.ndarray] = [np.zeros(0, np.uint8)]
        for block, (rng, rate) in enumerate(zip(self._streams, self._uniform, strict=True)):
            rates = flat[block * BLOCK : (block + 1) * BLOCK]
            parts.append(rng.poisson(rates) if rate is None else drawn(rng, rate, rates.size))
        numbers = np.concatenate(parts)
        at = np.flatnonzero(numbers)
        return at, None if self._binary else numbers[at]


_OPEN = 255


def drawn(rng: np.random.Generator, rate: float, count: int) -> np.ndarray:
    """Return so many numbers of a Poisson distribution with a mean below 30, as uint8."""
    table, shares = _table(rate)
    bits = rng.integers(0, 1 << 16, count, np.uint16)
    numbers = table[bits]
    left = np.flatnonzero(numbers == _OPEN)
    if left.size:
        places = (bits[left] + rng.random(left.size)) / (1 << 16)
        numbers[left] = np.searchsorted(shares, places, "right")
    return numbers


@functools.lru_cache(16)
def _table(rate: float) -> tuple[np.ndarray, np.ndarray]:
    """The number that 16 bits decide on, or `_OPEN`; and the share of numbers up to each."""
    numbers = np.arange(_OPEN - 1)
    logs = np.array([math.lgamma(n + 1) for n in numbers])
    with np.errstate(divide="ignore", invalid="ignore"):
        chances = np.exp(numbers * np.log(rate) - rate - logs) if rate else numbers == 0
    shares = np.cumsum(chances)
    edges = np.arange((1 << 16) + 1) / (1 << 16)
    lowest = np.searchsorted(shares, edges[:-1], "right")
    highest = np.searchsorted(shares, np.nextafter(edges[1:], 0), "right")
    return np.where(lowest == highest, lowest, _OPEN).astype(np.uint8), shares


@cpu_model(PoissonSource, "floating_pt")
@declares(float, "s_out rate amplitude")
class PyPoissonSourceFloat(AbstractPyPoissonSource):
    """Floating-point model of `PoissonSource`."""


@cpu_model(PoissonSource, "fixed_pt")
class PyPoissonSourceFixed(AbstractPyPoissonSource):
    """Fixed-point model of `PoissonSource`."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    rate: np.ndarray = LavaPyType(np.ndarray, float)
    amplitude: np.ndarray = LavaPyType(np.ndarray, np.int32)


class AbstractPyRegularSource(_Source):
    """Counts steps."""

    cut = Cut("s_out", ("s_out", "period", "first", "amplitude"))

    period: np.ndarray
    first: np.ndarray

    _checked: tuple[Any, Any] = (None, None)
    """Period and first step the last time they were looked at."""

    @property
    def checked_period(self) -> np.ndarray:
        """The period, once it and the first step have been looked at."""
        if self._checked[0] is not self.period or self._checked[1] is not self.first:
            check_steps(f"{owner_of(self)}.period", self.period)
            check_steps(f"{owner_of(self)}.first", self.first)
            self._checked = self.period, self.first
        return self.period

    def on_var_update(self) -> None:
        """Look at what was set."""
        self._checked = None, None

    def spikes(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Find out whose period ends in this step."""
        period = self.checked_period
        since = self.time_step - self.first
        return np.flatnonzero((since >= 0) & (since % period == 0)), None


def _regular(function: str, number: DTypeLike) -> NativeStep:
    return NativeStep(
        function,
        outputs={"s_out": number},
        parameters={"checked_period": np.int64, "first": np.int64, "amplitude": number},
        stands_for=("spikes", "checked_period"),
    )


@cpu_model(RegularSource, "floating_pt")
@declares(float, "s_out amplitude")
@declares(int, "period first")
class PyRegularSourceFloat(AbstractPyRegularSource):
    """Floating-point model of `RegularSource`."""

    native_step = _regular("regular_f64", float)


@cpu_model(RegularSource, "fixed_pt")
@declares(np.int32, "s_out amplitude")
@declares(int, "period first")
class PyRegularSourceFixed(AbstractPyRegularSource):
    """Fixed-point model of `RegularSource`."""

    native_step = _regular("regular_i32", np.int32)


class AbstractPySpikeTimes(_Source):
    """Looks steps up."""

    def __init__(self, proc_params: Any = None) -> None:
        super().__init__(proc_params)
        self._steps: np.ndarray = proc_params["steps"]
        self._neurons: np.ndarray = proc_params["neurons"]

    def spikes(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Return what is given for this step."""
        first, end = np.searchsorted(self._steps, (self.time_step, self.time_step + 1))
        return np.unique(self._neurons[first:end], return_counts=True)


@cpu_model(SpikeTimes, "floating_pt")
class PySpikeTimesFloat(AbstractPySpikeTimes):
    """Floating-point model of `SpikeTimes`."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    amplitude: np.ndarray = LavaPyType(np.ndarray, float)


@cpu_model(SpikeTimes, "fixed_pt")
class PySpikeTimesFixed(AbstractPySpikeTimes):
    """Fixed-point model of `SpikeTimes`."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    amplitude: np.ndarray = LavaPyType(np.ndarray, np.int32)
