"""Models of ConvInTime."""

from __future__ import annotations

import numpy as np

from lava_actor.model.decorator import implements, requires, tag
from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.resources import CPU
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.types import LavaPyType
from lava_actor.proc._arithmetic import integral_input
from lava_actor.proc.conv_in_time.process import ConvInTime


class AbstractPyConvInTimeModel(PyLoihiProcessModel):
    """Sends the first column of the buffer, shifts it, adds what the input does to all columns."""

    s_in: PyInPort
    a_out: PyOutPort
    weights: np.ndarray
    a_buff: np.ndarray
    num_message_bits: np.ndarray

    def on_start(self) -> None:
        """Lay the kernel out by input: what one input does is then one block of memory."""
        by_input = np.ascontiguousarray(self.weights.transpose(2, 0, 1))
        self.weights = by_input.transpose(1, 2, 0)

    def on_var_update(self) -> None:
        """Lay a new kernel out again."""
        self.on_start()

    def run_spk(self) -> None:
        """Send what was computed before, then receive and compute."""
        self.a_out.send(self.a_buff[:, 0])
        values, indices = self.s_in.recv_events()
        self.a_buff[:, :-1] = self.a_buff[:, 1:]
        self.a_buff[:, -1] = 0
        if values is not None:
            values = self.payload(values)
            if not self.num_message_bits[0]:
                indices, values = indices[values != 0], None
        if indices.size:
            self.a_buff += self._activation(values, indices)[::-1].T

    def payload(self, values: np.ndarray) -> np.ndarray:
        """Return received values as numbers to compute with."""
        return values

    def _activation(self, values: np.ndarray | None, indices: np.ndarray) -> np.ndarray:
        columns = self.weights[:, :, indices]
        return columns.sum(axis=2, dtype=columns.dtype) if values is None else columns @ values


@implements(proc=ConvInTime, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyConvInTimeFloat(AbstractPyConvInTimeModel):
    """Floating-point model of `ConvInTime`."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, bool, precision=1)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    weights: np.ndarray = LavaPyType(np.ndarray, float)
    a_buff: np.ndarray = LavaPyType(np.ndarray, float)
    num_message_bits: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=5)


@implements(proc=ConvInTime, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyConvInTimeFixed(AbstractPyConvInTimeModel):
    """Fixed-point model of `ConvInTime`."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, bool, precision=1)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=16)
    weights: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=8)
    a_buff: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)
    num_message_bits: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=5)

    def payload(self, values: np.ndarray) -> np.ndarray:
        """Return received values as integers of 32 bits, like everything here."""
        if self.num_message_bits[0]:
            return integral_input(self, "s_in", values).astype(np.int32, copy=False)
        return values
