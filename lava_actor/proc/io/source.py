"""Source RingBuffer: sends an array over and over, one column per step."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from lava_actor.errors import InvalidValueError
from lava_actor.model.members import declares
from lava_actor.proc._model import NativeStep, PyLoihiProcessModel, PyOutPort, cpu_model
from lava_actor.process import AbstractProcess, OutPort, Var


class RingBuffer(AbstractProcess):
    """Sends ``data[..., (t - 1) mod T]`` in step t; T is the length of the last axis.

    Parameters
    ----------
    data : array_like (..., T)
        What is sent; the last axis is time. The fixed-point model cuts fractions off.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if there is no time axis, or it is empty.
    """

    def __init__(self, *, data: ArrayLike, **kwargs: object) -> None:
        array = np.asarray(data)
        if array.ndim < 1 or array.shape[-1] == 0:
            raise InvalidValueError(
                f"source RingBuffer.data: expected at least one step on the last axis, got shape "
                f"{array.shape}"
            )
        super().__init__(data=array, **kwargs)
        self.data = Var(shape=array.shape, init=array)
        self.s_out = OutPort(shape=array.shape[:-1])


class Columns(PyLoihiProcessModel):
    """Keeps an array whose last axis is time such that a step is one block of memory."""

    data: np.ndarray

    _la_arranged: np.ndarray | None = None
    """The data the last time they were looked at."""

    def on_start(self) -> None:
        """Arrange the data."""
        self._la_current_arranged()

    def _la_current_arranged(self) -> np.ndarray:
        """Return the data, as a step needs them."""
        if self.data is not self._la_arranged:
            self.data = self._la_arranged = time_major(self.data)
        return self.data

    @property
    def _la_rows(self) -> np.ndarray:
        """The data with a row per step."""
        return np.moveaxis(self._la_current_arranged(), -1, 0)

    @property
    def _la_itemsize(self) -> int:
        """Bytes of an element of the data."""
        return int(self.data.itemsize)


class AbstractPyRingBuffer(Columns):
    """Sends column by column; subclasses declare the number type."""

    s_out: PyOutPort

    def run_spk(self) -> None:
        """Send the column of this step."""
        data = self._la_current_arranged()
        self.s_out.send(data[..., (self.time_step - 1) % data.shape[-1]])


def _replayed(number: DTypeLike) -> NativeStep:
    return NativeStep.of(
        number,
        "replay",
        outputs="s_out",
        parameters="_la_rows",
        integers=("_la_itemsize",),
        stands_for=("_la_current_arranged", "_la_rows"),
        uniform=False,
    )


def time_major(data: np.ndarray) -> np.ndarray:
    """Return the same array, laid out such that ``data[..., t]`` is one block of memory."""
    steps = np.moveaxis(data, -1, 0)
    if steps.flags.c_contiguous:
        return data
    if not data.any():  # recordings begin like this: memory that is not touched costs nothing
        return np.moveaxis(np.zeros(steps.shape, data.dtype), 0, -1)
    return np.moveaxis(np.ascontiguousarray(steps), 0, -1)


@cpu_model(RingBuffer, "floating_pt")
@declares(float, "s_out data")
class PySendModelFloat(AbstractPyRingBuffer):
    """Floating-point model of the source RingBuffer."""

    native_step = _replayed(float)


@cpu_model(RingBuffer, "fixed_pt")
@declares(np.int32, "s_out data")
class PySendModelFixed(AbstractPyRingBuffer):
    """Fixed-point model of the source RingBuffer; data are 32-bit integers."""

    native_step = _replayed(np.int32)
