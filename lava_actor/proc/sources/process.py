"""Sources of spikes: at random, at regular intervals, at given times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.process import AbstractProcess, OutPort, Var
from lava_actor.protocol.counts import whole_number


class PoissonSource(AbstractProcess):
    """Sends the spikes of independent Poisson processes.

    In every step, the number of spikes of a neuron is drawn from a Poisson distribution with mean
    `rate`; `s_out` is that number times `amplitude`. So a source can feed `a_in` of neurons
    directly, without a connection between them.

    Parameters
    ----------
    shape : tuple of int, or int
        Shape of `s_out` and of the Vars `rate` and `amplitude`.
    rate : float or array_like
        Expected number of spikes per step, from 0 to below 2**31.
    amplitude : float or array_like
        What a spike counts; an integer in the fixed-point model.
    binary : bool
        Whether several spikes of one neuron in one step count as one.
    seed : int, optional
        Default: from the seed of the network and the name of the Process.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if a rate is negative or not below 2**31, or does not fit the shape.

    Notes
    -----
    What a neuron sends in a step depends on the seed, the step and the neuron's number in C order
    alone: it is the same in a population of any size, and however the Process is cut. The numbers
    are drawn from counters: Philox4x64-10 of Salmon et al. (2011), doi:10.1145/2063384.2063405.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        rate: ArrayLike,
        amplitude: ArrayLike = 1,
        binary: bool = False,
        seed: int | None = None,
        **inherited: Any,
    ) -> None:
        owner = inherited.get("name") or type(self).__name__
        check_rates(owner, rate)
        seed = None if seed is None else whole_number(f"{owner}.seed", seed)
        super().__init__(shape=shape, binary=bool(binary), seed=seed, **inherited)
        self.s_out = OutPort(shape=shape)
        self.rate = Var(shape=shape, init=rate)
        self.amplitude = Var(shape=shape, init=amplitude)


class RegularSource(AbstractProcess):
    """Sends a spike every `period` steps, for the first time in step `first`.

    Parameters
    ----------
    shape : tuple of int, or int
        Shape of `s_out` and of the Vars `period`, `first` and `amplitude`.
    period : int or array_like
        Steps between spikes, at least 1.
    first : int or array_like
        Step of the first spike, at least 1.
    amplitude : float or array_like
        What a spike counts; an integer in the fixed-point model.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if a step is below 1.
    InvalidTypeError
        (a `TypeError`) if a step is no integer.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        period: ArrayLike,
        first: ArrayLike = 1,
        amplitude: ArrayLike = 1,
        **inherited: object,
    ) -> None:
        owner = inherited.get("name") or type(self).__name__
        for member, given in (("period", period), ("first", first)):
            check_steps(f"{owner}.{member}", given)
        super().__init__(shape=shape, **inherited)
        self.s_out = OutPort(shape=shape)
        self.period = Var(shape=shape, init=period)
        self.first = Var(shape=shape, init=first)
        self.amplitude = Var(shape=shape, init=amplitude)


class SpikeTimes(AbstractProcess):
    """Sends spikes in given steps.

    Parameters
    ----------
    times : sequence of sequences of int
        For each neuron the steps in which it spikes, in any order; the first step is 1. A step
        that is given twice is two spikes.
    amplitude : float or array_like
        What a spike counts; an integer in the fixed-point model. `s_out` is the number of spikes
        times this.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if a step is below 1.
    InvalidTypeError
        (a `TypeError`) if `times` are not sequences of integers.

    Examples
    --------
    >>> SpikeTimes(times=[[1, 5, 9], [], [5]])
    """

    def __init__(
        self,
        *,
        times: Sequence[ArrayLike],
        amplitude: ArrayLike = 1,
        **inherited: object,
    ) -> None:
        owner = inherited.get("name") or type(self).__name__
        if isinstance(times, (str, Mapping)) or not all(
            map(np.ndim, times if np.iterable(times) else [0])
        ):
            raise InvalidTypeError(
                f"{owner}.times: expected a sequence of steps for each neuron, such as "
                f"[[1, 5], [], [5]], got {times!r}"
            )
        steps = [
            check_steps(f"{owner}.times[{neuron}]", given, dimensions=1)
            for neuron, given in enumerate(times)
        ]
        neurons = np.repeat(np.arange(len(steps)), [found.size for found in steps])
        together = np.concatenate([np.zeros(0, np.int64), *steps])
        order = np.argsort(together, kind="stable")
        super().__init__(steps=together[order], neurons=neurons[order], **inherited)
        self.s_out = OutPort(shape=(len(steps),))
        self.amplitude = Var(shape=(len(steps),), init=amplitude)


def check_rates(where: str, given: object) -> None:
    """Refuse rates that are none.

    Raises
    ------
    InvalidTypeError
        If they are no real numbers.
    InvalidValueError
        If one is negative, or more than an int32 can count.
    """
    rates = np.asarray(given)
    if rates.dtype.kind not in "iuf":
        raise InvalidTypeError(f"{where}.rate: expected numbers, got {given!r}")
    fit = (rates >= 0) & (rates < 2**31)
    if not fit.all():
        worst = rates[~fit].flat[0]
        raise InvalidValueError(f"{where}.rate: expected numbers from 0 to 2**31 - 1, got {worst}")


def check_steps(where: str, given: object, dimensions: int | None = None) -> np.ndarray:
    """Return steps as int64.

    Raises
    ------
    InvalidTypeError
        If they are no integers, or have other dimensions.
    InvalidValueError
        If one is below 1, or no int64.
    """
    try:
        steps = np.asarray(given)
    except ValueError:
        steps = np.asarray(None)
    if steps.size == 0 and steps.dtype.kind == "f":
        steps = steps.astype(np.int64)
    if steps.dtype.kind not in "iu" or dimensions not in (None, steps.ndim):
        raise InvalidTypeError(f"{where}: expected integers (steps), got {given!r}")
    if steps.size and steps.min() < 1:
        raise InvalidValueError(f"{where}: expected steps from 1, got {steps.min()}")
    if steps.size and steps.max() >= 2**63:
        raise InvalidValueError(f"{where}: expected steps below 2**63, got {steps.max()}")
    return steps.astype(np.int64)
