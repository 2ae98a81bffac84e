"""Source RingBuffer: sends an array over and over, one column per step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.errors import InvalidValueError
from lava_actor.model.decorator import implements, requires, tag
from lava_actor.model.ports import PyOutPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.resources import CPU
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.types import LavaPyType
from lava_actor.process.ports.ports import OutPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var


class RingBuffer(AbstractProcess):
    """Sends ``data[..., (t - 1) mod T]`` in step t; T is the length of the last axis.

    Parameters
    ----------
    data : array_like (*shape, T)
        What is sent; the last axis is time..

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if there is no time axis, or it is empty.
    """

    def __init__(self, *, data: ArrayLike, **kwargs: Any) -> None:
        array = np.asarray(data)
        if array.ndim < 1 or array.shape[-1] == 0:
            raise InvalidValueError(
                f"source RingBuffer.data: expected at least one step on the last axis, got shape "
                f"{array.shape}"
            )
        super().__init__(data=array, **kwargs)
        self.data = Var(shape=array.shape, init=array)
        self.s_out = OutPort(shape=array.shape[:-1])


class AbstractPyRingBuffer(PyLoihiProcessModel):
    """Sends column by column; subclasses declare the number type."""

    s_out: PyOutPort
    data: np.ndarray

    def __init__(self, proc_params: Any = None) -> None:
        super().__init__(proc_params)
        self._columns: np.ndarray | None = None

    def on_var_update(self) -> None:
        """Take over data that were set."""
        self._columns = None

    def run_spk(self) -> None:
        """Send the column of this step."""
        if self._columns is None:  # time first: a column is then one contiguous block
            self._columns = np.ascontiguousarray(np.moveaxis(self.data, -1, 0))
        self.s_out.send(self._columns[(self.time_step - 1) % len(self._columns)])


@implements(proc=RingBuffer, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PySendModelFloat(AbstractPyRingBuffer):
    """Floating-point model of the source RingBuffer."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    data: np.ndarray = LavaPyType(np.ndarray, float)


@implements(proc=RingBuffer, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PySendModelFixed(AbstractPyRingBuffer):
    """Fixed-point model of the source RingBuffer; data are 32-bit integers."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    data: np.ndarray = LavaPyType(np.ndarray, np.int32)
