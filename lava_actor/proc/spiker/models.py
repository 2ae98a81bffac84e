"""Models of Spiker and Spiker32bit."""

from __future__ import annotations

import numpy as np

from lava_actor.proc._model import LavaPyType, NativeStep, PyLoihiProcessModel, PyOutPort, cpu_model
from lava_actor.proc.spiker.process import Spiker, Spiker32bit
from lava_actor.process.parameters import ProcessParameters


@cpu_model(Spiker)
class SpikerModel(PyLoihiProcessModel):
    """Model of `Spiker`."""

    native_step = NativeStep.of(np.int64, "spiker_i64", "", "s_out", "counter", "rate payload")

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, int)
    rate: np.ndarray = LavaPyType(np.ndarray, int, precision=32)
    counter: np.ndarray = LavaPyType(np.ndarray, int, precision=32)
    payload: np.ndarray = LavaPyType(np.ndarray, int, precision=32)

    def run_spk(self) -> None:
        """Send the payload where the counter has reached the period."""
        hit = self.counter == self.rate
        self.s_out.send(self.payload * hit)
        self.counter[...] = np.where(hit, 1, self.counter + 1)


@cpu_model(Spiker32bit)
class Spiker32bitModel(PyLoihiProcessModel):
    """Model of `Spiker32bit`; messages are int64, so that unsigned payloads fit."""

    native_step = NativeStep.of(
        np.int64, "spiker_i64", "", "s_out", "counter", "_la_period _la_payload"
    )

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)
    counter: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def __init__(self, proc_params: ProcessParameters) -> None:
        super().__init__(proc_params)
        self._la_period: np.ndarray = proc_params["period"]
        self._la_payload: np.ndarray = proc_params["payload"]

    def run_spk(self) -> None:
        """Send the payload where the counter has reached the period."""
        hit = self.counter == self._la_period
        self.s_out.send(self._la_payload * hit)
        self.counter[...] = np.where(hit, 1, self.counter + 1)
