"""Models of IdBroadcast."""

from __future__ import annotations

import numpy as np

from lava_actor.model.native import NativeStep
from lava_actor.proc._arithmetic import integral_input, kept
from lava_actor.proc._model import LavaPyType, PyInPort, PyLoihiProcessModel, PyOutPort, cpu_model
from lava_actor.proc.clp.id_broadcast.process import IdBroadcast


@cpu_model(IdBroadcast, "fixed_pt")
class PyIdBroadcastModel(PyLoihiProcessModel):
    """Fixed-point model of `IdBroadcast`."""

    native_step = NativeStep.of(np.int32, "broadcast_i32", "a_in", "s_out", "val")

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    val: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        """Receive and pass on."""
        self.val = kept(self.val, integral_input(self, "a_in", self.a_in.recv()))
        self.s_out.send(self.val)
