"""Models of Receiver and Receiver32Bit."""

from __future__ import annotations

import numpy as np

from lava_actor.proc._arithmetic import integral_input
from lava_actor.proc._model import LavaPyType, NativeStep, PyInPort, PyLoihiProcessModel, cpu_model
from lava_actor.proc.receiver.process import Receiver, Receiver32Bit


@cpu_model(Receiver)
class ReceiverModel(PyLoihiProcessModel):
    """Model of `Receiver`; the payload takes the number type of what is received."""

    native_step = NativeStep.of(np.int64, "keep_64", "a_in", "", "payload")

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, int)
    payload: np.ndarray = LavaPyType(np.ndarray, int)

    def run_spk(self) -> None:
        """Receive and keep."""
        self.payload = self.a_in.recv()


@cpu_model(Receiver32Bit)
class Receiver32BitModel(PyLoihiProcessModel):
    """Model of `Receiver32Bit`."""

    native_step = NativeStep.of(
        np.int32, "keep_bytes", {"a_in": np.int64}, "", "payload_last_bytes payload_first_byte"
    )

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    payload_last_bytes: np.ndarray = LavaPyType(np.ndarray, np.int32)
    payload_first_byte: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        """Receive, take apart, keep."""
        message = integral_input(self, "a_in", self.a_in.recv(), np.int64)
        self.payload_last_bytes[...] = message & 0xFFFFFF
        self.payload_first_byte[...] = (message >> 24) & 0xFF
