"""Sinks: a RingBuffer for messages, and Read for Vars."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from lava_actor.errors import InvalidValueError
from lava_actor.model.members import declares
from lava_actor.model.ports import PyInPort, PyRefPort
from lava_actor.model.ports.ref_port import PyRefPortVectorDense
from lava_actor.proc._arithmetic import require_integral
from lava_actor.proc._model import LavaPyType, NativeStep, cpu_model
from lava_actor.proc._remote import Remote
from lava_actor.proc.io._scheduled import OnSchedule, Scheduled
from lava_actor.proc.io.source import Columns, time_major
from lava_actor.process import AbstractProcess, InPort, Var
from lava_actor.protocol.counts import whole_number
from lava_actor.protocol.rhythm import STEADY, Rhythm


class RingBuffer(AbstractProcess):
    """Stores what arrives in step t in ``data[..., (t - 1) mod buffer]``.

    Parameters
    ----------
    shape : tuple of int
        Shape of a message.
    buffer : int
        Number of steps that are kept, at least 1.

    Raises
    ------
    NetworkError
        (an `AssertionError`) if ``shape`` is no tuple.
    InvalidValueError
        (a `ValueError`) if ``buffer`` is below 1.
    """

    def __init__(self, *, shape: tuple[int, ...], buffer: int, **kwargs: object) -> None:
        steps = checked_buffer(buffer, "sink RingBuffer")
        super().__init__(shape=shape, buffer=buffer, **kwargs)
        self.a_in = InPort(shape=shape)
        self.data = Var(shape=(*shape, steps), init=0)
        self.shape = shape


def checked_buffer(buffer: object, owner: str) -> int:
    """Return ``buffer`` as an int of at least 1."""
    return whole_number(f"{owner}.buffer", buffer, 1)


class AbstractPyReceiveModel(Columns):
    """Stores column by column; subclasses declare the number type."""

    a_in: PyInPort

    def run_spk(self) -> None:
        """Store what arrived."""
        data = self._la_current_arranged()
        message = self._la_received()
        if not np.can_cast(message.dtype, data.dtype):
            self.data = self._la_arranged = data = time_major(data.astype(message.dtype))
        data[..., (self.time_step - 1) % data.shape[-1]] = message

    def _la_received(self) -> np.ndarray:
        """Return the message of this step."""
        return self.a_in.recv()


def _recorded(number: DTypeLike) -> NativeStep:
    return NativeStep.of(
        number,
        "record",
        "a_in",
        state="_la_rows",
        integers=("_la_itemsize",),
        stands_for=("_la_current_arranged", "_la_rows", "_la_received"),
        uniform=False,
    )


@cpu_model(RingBuffer, "floating_pt")
@declares(float, "a_in data")
class PyReceiveModelFloat(AbstractPyReceiveModel):
    """Floating-point model of the sink RingBuffer."""

    native_step = _recorded(float)


@cpu_model(RingBuffer, "fixed_pt")
@declares(np.int32, "a_in data")
class PyReceiveModelFixed(AbstractPyReceiveModel):
    """Fixed-point model of the sink RingBuffer: integers, refuses fractions.

    `data` have 32 bits, or 64 from the first message on that comes in 64.
    """

    native_step = _recorded(np.int32)

    def _la_received(self) -> np.ndarray:
        """Return the message of this step; `InvalidValueError` if it has fractions."""
        message = self.a_in.recv()
        if message.dtype.kind != "f":
            return message
        whole = require_integral(self, "a_in", message, np.int64)
        narrow = whole.astype(np.int32)
        return narrow if np.array_equal(narrow, whole) else whole


class Read(Scheduled, Remote):
    """Samples a Var on a schedule.

    In the post-management phase of the steps t with ``(t - 1) mod interval == offset mod
    interval`` the Var is read; sample n (from 0) goes to ``data[..., n mod buffer]``.

    Parameters
    ----------
    buffer : int
        Number of samples that are kept, at least 1.
    interval : int
        Steps between samples, at least 1.
    offset : int
        Which step of the interval.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if ``buffer`` or ``interval`` is below 1.

    Notes
    -----
    A Var of 4096 elements or more comes in no other steps. So `interval` and `offset` can be set,
    while the network lives, to what leaves out some of them; anything else is an
    `InvalidValueError`. That of a smaller one may change to any other schedule.

    Without a `select_tag` the fixed-point model is taken, which cuts fractions of the Var off.
    """

    _la_already = "this Read already samples"

    def __init__(
        self, *, buffer: int, interval: int = 1, offset: int = 0, **kwargs: object
    ) -> None:
        buffer = checked_buffer(buffer, "Read")
        interval = whole_number("Read.interval", interval, 1)
        super().__init__(buffer=buffer, interval=interval, offset=offset, **kwargs)
        self.buffer = buffer
        self._la_schedule(interval, offset)
        self._la_take_shape((1,))

    def _la_take_shape(self, shape: tuple[int, ...]) -> None:
        super()._la_take_shape(shape)
        self.data = Var(shape=(*shape, self.buffer), init=0)


#: Elements of a Var that is published in the steps of the schedule alone.
LARGE = 4096


def _rhythm(interval: ArrayLike, offset: ArrayLike) -> Rhythm:
    """The steps of a schedule."""
    every, first = (int(np.ravel(value)[0]) for value in (interval, offset))
    return Rhythm.of(every, first + 1) if every > 0 else STEADY


class AbstractPyRead(OnSchedule):
    """Samples on the schedule; subclasses declare the number type."""

    state: PyRefPortVectorDense
    data: np.ndarray

    @classmethod
    def _la_declared_for(
        cls, process: AbstractProcess, types: dict[str, LavaPyType]
    ) -> dict[str, LavaPyType]:
        """Return `state` with the rhythm of the schedule, unless a subclass may have another.

        What is small comes in every step, so that the schedule may change at any time.
        """
        mine = (AbstractPyRead.post_guard, AbstractPyRead.run_post_mgmt)
        if (cls.post_guard, cls.run_post_mgmt) != mine or not types["state"].reads_only:
            return types
        if math.prod(process.vars.data.shape[:-1]) < LARGE:
            return types
        rhythm = _rhythm(process.vars.interval.init, process.vars.offset.init)
        return {**types, "state": replace(types["state"], every=rhythm.every, offset=rhythm.offset)}

    def _la_var_written(self, name: str) -> None:
        """Refuse a schedule with steps in which the Var does not come."""
        super()._la_var_written(name)
        has, wanted = self.state._rhythm, _rhythm(self.interval, self.offset)
        if has.with_all_of(wanted) != has:
            raise InvalidValueError(
                f"{self._la_process_name}.{name}: the network is compiled to read after {has}, and "
                f"cannot read after {wanted}; stop(), assign to {name}.init and run() again"
            )

    def __init__(self, proc_params: object = None) -> None:
        super().__init__(proc_params)
        self.counter = 0

    def run_post_mgmt(self) -> None:
        """Read the Var."""
        self.data[..., self.counter % self.data.shape[-1]] = self.state.read()
        self.counter += 1


@cpu_model(Read, "fixed_pt")
@declares(np.int32, "data")
class PyReadFixed(AbstractPyRead):
    """Fixed-point model of `Read`: 32-bit integers, cuts fractions off."""

    state: PyRefPortVectorDense = LavaPyType(PyRefPort.VEC_DENSE, np.int32, reads_only=True)


@cpu_model(Read, "floating_pt")
@declares(float, "data")
class PyReadFloat(AbstractPyRead):
    """Floating-point model of `Read`."""

    state: PyRefPortVectorDense = LavaPyType(PyRefPort.VEC_DENSE, float, reads_only=True)
