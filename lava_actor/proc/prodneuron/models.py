"""Models of ProdNeuron."""

from __future__ import annotations

import numpy as np

from lava_actor.model.native import NativeStep
from lava_actor.proc._arithmetic import asr, integral_input, kept
from lava_actor.proc._model import LavaPyType, PyInPort, cpu_model
from lava_actor.proc.graded.models import GradedModel
from lava_actor.proc.prodneuron.process import ProdNeuron


@cpu_model(ProdNeuron, "fixed_pt")
class PyProdNeuronModelFixed(GradedModel):
    """Fixed-point model of `ProdNeuron`."""

    native_step = NativeStep.of(
        np.int32, "product_i32", "a_in1 a_in2", "s_out", "v", integers=("vth", "exp")
    )

    a_in1: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    a_in2: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)

    def run_spk(self) -> None:
        """Receive both factors, send their product."""
        a_in1 = integral_input(self, "a_in1", self.a_in1.recv())
        a_in2 = integral_input(self, "a_in2", self.a_in2.recv())
        self.v = kept(self.v, asr(a_in1 * a_in2, self.exp))
        self.s_out.send(self.v * (np.abs(self.v) > self.vth))
