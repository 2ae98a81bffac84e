"""Models of the sources of spikes, for whole populations at once."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from lava_actor.model.cuts import Cut
from lava_actor.model.members import declares
from lava_actor.model.native import INT64, NativeStep
from lava_actor.proc._arithmetic import owner_of
from lava_actor.proc._model import PyLoihiProcessModel, PyOutPort, cpu_model, is_as_seen, seen
from lava_actor.proc._streams import key_of
from lava_actor.proc.sources.poisson import Means
from lava_actor.proc.sources.process import (
    PoissonSource,
    RegularSource,
    SpikeTimes,
    check_rates,
    check_steps,
)

_SPARSE = 8
"""Below one spike for so many neurons, events are sent."""


class _Source(PyLoihiProcessModel):
    """Sends numbers of spikes, times an amplitude."""

    s_out: PyOutPort
    amplitude: np.ndarray

    def _la_spikes(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Return (neurons, number of spikes of each; None: one each) of this step."""
        raise NotImplementedError

    def run_spk(self) -> None:
        """Send the spikes of this step."""
        at, numbers = self._la_spikes()
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
    """Draws numbers of spikes from counters, see `poisson`."""

    cut = Cut(
        "s_out",
        ("s_out", "rate", "amplitude"),
        cost=1.5,
        remade=("_la_key", "_la_means", "_la_rates"),
    )

    rate: np.ndarray

    _la_means: Means | None = None
    _la_rates: object = None
    """Those of `_la_means`."""

    def __init__(self, proc_params: Any = None) -> None:
        super().__init__(proc_params)
        self._la_binary = int(proc_params["binary"])
        self._la_seed: int | None = proc_params["seed"]

    @functools.cached_property
    def _la_key(self) -> np.ndarray:
        """What makes this source's numbers differ from others'."""
        return key_of(self._la_rng_seed if self._la_seed is None else self._la_seed)

    @property
    def _la_current_means(self) -> Means:
        """The rates, once they have been looked at, as a step needs them."""
        if self._la_means is None or not is_as_seen(self, self.rate, self._la_rates):
            check_rates(owner_of(self), self.rate)
            self._la_means, self._la_rates = Means(self.rate), seen(self, self.rate)
        return self._la_means

    def _la_var_written(self, name: str) -> None:
        """Look at what was set."""
        self._la_means = None

    def _la_spikes(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Draw the spikes of this step."""
        count = self.s_out.size
        numbers = self._la_current_means.draw(
            self._la_key, self.time_step, self._la_first_row, count
        )
        at = np.flatnonzero(numbers)
        return at, None if self._la_binary else numbers[at]

    _la_mean = property(lambda self: self._la_current_means.mean)
    _la_none = property(lambda self: self._la_current_means.none)
    _la_pieces = property(lambda self: self._la_current_means.pieces)
    _la_lasts = property(lambda self: self._la_current_means.lasts)
    _la_key_0 = property(lambda self: int(self._la_key.view(np.int64)[0]))
    _la_key_1 = property(lambda self: int(self._la_key.view(np.int64)[1]))


_TWO_WORDS = {"_la_key_0": INT64, "_la_key_1": INT64}
_FORMS = ("_la_mean", "_la_none", "_la_pieces", "_la_lasts")


def _poisson(function: str, number: DTypeLike) -> NativeStep:
    return NativeStep(
        function,
        outputs={"s_out": number},
        parameters={
            "_la_mean": float,
            "_la_none": float,
            "_la_pieces": np.int64,
            "amplitude": number,
            "_la_lasts": np.uint16,
        },
        integers={**_TWO_WORDS, "_la_first_row": INT64, "_la_binary": (0, 1)},
        stands_for=("_la_spikes", "_la_key", "_la_current_means", *_FORMS, *_TWO_WORDS),
        uniform=False,
    )


@cpu_model(PoissonSource, "floating_pt")
@declares(float, "s_out rate amplitude")
class PyPoissonSourceFloat(AbstractPyPoissonSource):
    """Floating-point model of `PoissonSource`."""

    native_step = _poisson("poisson_f64", float)


@cpu_model(PoissonSource, "fixed_pt")
@declares(np.int32, "s_out amplitude")
@declares(float, "rate")
class PyPoissonSourceFixed(AbstractPyPoissonSource):
    """Fixed-point model of `PoissonSource`."""

    native_step = _poisson("poisson_i32", np.int32)


class AbstractPyRegularSource(_Source):
    """Counts steps."""

    cut = Cut("s_out", ("s_out", "period", "first", "amplitude"), remade=("_la_checked",))

    period: np.ndarray
    first: np.ndarray

    _la_checked: tuple[object, object] = (None, None)
    """Period and first step the last time they were looked at."""

    @property
    def _la_checked_period(self) -> np.ndarray:
        """The period, once it and the first step have been looked at."""
        now = self.period, self.first
        if not all(map(is_as_seen, (self, self), now, self._la_checked)):
            check_steps(f"{owner_of(self)}.period", self.period)
            check_steps(f"{owner_of(self)}.first", self.first)
            self._la_checked = seen(self, self.period), seen(self, self.first)
        return self.period

    def _la_var_written(self, name: str) -> None:
        """Look at what was set."""
        self._la_checked = None, None

    def _la_spikes(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Find out whose period ends in this step."""
        period = self._la_checked_period
        since = self.time_step - self.first
        return np.flatnonzero((since >= 0) & (since % period == 0)), None


def _regular(function: str, number: DTypeLike) -> NativeStep:
    read = {"_la_checked_period": np.int64, "first": np.int64, "amplitude": number}
    return NativeStep.of(
        number, function, "", "s_out", "", read, stands_for=("_la_spikes", "_la_checked_period")
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

    cut = Cut("s_out", ("s_out", "amplitude"), cost=0.2)

    def __init__(self, proc_params: Any = None) -> None:
        super().__init__(proc_params)
        self._la_steps = np.ascontiguousarray(proc_params["steps"], np.int64)
        self._la_neurons = np.ascontiguousarray(proc_params["neurons"], np.int64)

    def _la_spikes(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Return what is given for this step."""
        first, end = np.searchsorted(self._la_steps, (self.time_step, self.time_step + 1))
        at, numbers = np.unique(
            self._la_neurons[first:end] - self._la_first_row, return_counts=True
        )
        own = (at >= 0) & (at < self.s_out.size)
        return at[own], numbers[own]


def _given(function: str, number: DTypeLike) -> NativeStep:
    return NativeStep(
        function,
        outputs={"s_out": number},
        parameters={"amplitude": number, "_la_steps": np.int64, "_la_neurons": np.int64},
        integers={"_la_first_row": INT64},
        stands_for=("_la_spikes",),
        uniform=False,
    )


@cpu_model(SpikeTimes, "floating_pt")
@declares(float, "s_out amplitude")
class PySpikeTimesFloat(AbstractPySpikeTimes):
    """Floating-point model of `SpikeTimes`."""

    native_step = _given("given_f64", float)


@cpu_model(SpikeTimes, "fixed_pt")
@declares(np.int32, "s_out amplitude")
class PySpikeTimesFixed(AbstractPySpikeTimes):
    """Fixed-point model of `SpikeTimes`."""

    native_step = _given("given_i32", np.int32)
