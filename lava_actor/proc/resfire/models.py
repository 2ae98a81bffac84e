"""Models of RFZero."""

from __future__ import annotations

import numpy as np

from lava_actor.model.native import NativeStep
from lava_actor.proc._arithmetic import integral_input, kept
from lava_actor.proc._model import LavaPyType, PyInPort, PyLoihiProcessModel, PyOutPort, cpu_model
from lava_actor.proc.resfire.process import DECAY_SCALE, RFZero


@cpu_model(RFZero, "fixed_pt")
class PyRFZeroModelFixed(PyLoihiProcessModel):
    """Fixed-point model of `RFZero`."""

    native_step = NativeStep.of(
        np.int32, "rf_zero_i32", "u_in v_in", "s_out", "u v", "lct lst", integers=("uth",)
    )

    u_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    v_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    u: np.ndarray = LavaPyType(np.ndarray, np.int32)
    v: np.ndarray = LavaPyType(np.ndarray, np.int32)
    lct: np.ndarray = LavaPyType(np.ndarray, np.int32)
    lst: np.ndarray = LavaPyType(np.ndarray, np.int32)
    uth: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        """Receive, turn, send."""
        u_in = integral_input(self, "u_in", self.u_in.recv())
        v_in = integral_input(self, "v_in", self.v_in.recv())
        u = self.u * self.lct // DECAY_SCALE - self.v * self.lst // DECAY_SCALE + u_in
        v = self.v * self.lct // DECAY_SCALE + self.u * self.lst // DECAY_SCALE + v_in
        crossed = (v >= 0) & (self.v < 0)
        self.u = kept(self.u, u)
        self.v = kept(self.v, v)
        self.s_out.send(u * ((u > self.uth) & crossed))
