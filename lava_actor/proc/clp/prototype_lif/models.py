"""Models of PrototypeLIF."""

from __future__ import annotations

import numpy as np

from lava_actor.learning.neuron_models import LearningNeuronModelFixed
from lava_actor.proc._arithmetic import integral_input
from lava_actor.proc._model import LavaPyType, NativeStep, PyInPort, cpu_model
from lava_actor.proc.clp.prototype_lif.process import PrototypeLIF
from lava_actor.proc.lif.models import FIXED_CONSTANTS, FIXED_RANGES, OneThresholdFixed

BAP_TRACE = 127
"""What y1 jumps to when a prototype is allocated: the largest trace of seven bits."""


@cpu_model(PrototypeLIF, "bit_accurate_loihi", "fixed_pt")
class PrototypeLIFBitAcc(LearningNeuronModelFixed, OneThresholdFixed):
    """Fixed-point model of `PrototypeLIF`."""

    native_step = NativeStep.of(
        np.int32, "lif_prototype_i32", "a_in a_third_factor_in reset_in",
        {
            "s_out": bool, "s_out_bap": bool, "s_out_y1": np.int32, "s_out_y2": np.int32,
            "s_out_y3": np.int32,
        },
        "u v y1", "bias_mant bias_exp y2 y3",
        integers=FIXED_RANGES,
        shows={"s_out": "s_out_buff"},
        constants=FIXED_CONSTANTS,
        stands_for=(
            "subthr_dynamics", "spiking_activation", "reset_voltage", "scale_bias",
            "scale_threshold",
        ),
    )  # fmt: skip

    reset_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)

    def run_spk(self) -> None:
        """Receive, update, allocate and reset, send spikes and traces."""
        a_in = self.a_in.recv()
        third_factor = integral_input(self, "a_third_factor_in", self.a_third_factor_in.recv())
        reset = self.reset_in.recv() > 0

        self.scale_bias()
        self.scale_threshold()
        self.subthr_dynamics(a_in)
        self.u[reset] = 0
        self.v[reset] = 0

        spikes = self.spiking_activation()
        allocated = np.zeros(self.v.shape, dtype=bool)
        if prototype := int(third_factor.flat[0]) if third_factor.size else 0:
            allocated.flat[prototype - 1] = True
            self.y1[...] = BAP_TRACE * allocated
            spikes = allocated
        self.s_out_buff = spikes

        self.s_out.send(spikes)
        self.s_out_bap.send(allocated)
        self.s_out_y1.send(self.y1)
        # a connection that learns from three factors waits for all traces
        self.s_out_y2.send(self.y2)
        self.s_out_y3.send(self.y3)
        self.reset_voltage(spikes)
