"""A three-factor neuron for recordings: LIF with a post-synaptic trace and a reward.

In each step: ``y1 = y1*exp(-1/tau) + m*p`` with the spikes p of the step before (the fixed model
takes the floor), then the LIF step, then ``y2`` = the third factor. Spikes and traces go out on
the learning ports.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_actor.learning.neuron_models import LearningNeuronModelFixed, LearningNeuronModelFloat
from lava_actor.model.decorator import implements, requires, tag
from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.resources import CPU
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.types import LavaPyType
from lava_actor.proc.lif.models import AbstractPyLifModelFixed, AbstractPyLifModelFloat
from lava_actor.proc.lif.process import LearningLIF


class RewardLIF(LearningLIF):
    """A `LearningLIF` whose models send on the learning ports."""


class _Reward:
    """The trace and the reward, around the LIF step of the other base class."""

    y1: np.ndarray
    y2: np.ndarray
    s_out_buff: np.ndarray

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        rule = proc_params["learning_rule"]
        self._decay = np.exp(-1 / rule.post_trace_decay_tau)
        self._magnitude = rule.post_trace_kernel_magnitude
        self._spikes = np.zeros(proc_params["shape"])

    def rounded(self, trace: np.ndarray) -> np.ndarray:
        return trace

    def run_spk(self) -> None:
        self.y1[...] = self.rounded(self.y1 * self._decay + self._magnitude * self._spikes)
        super().run_spk()  # type: ignore[misc]
        self._spikes = np.array(self.s_out_buff, dtype=float)
        self.y2[...] = self.a_third_factor_in.recv()
        self.s_out_bap.send(self._spikes)
        self.s_out_y1.send(self.y1)
        self.s_out_y2.send(self.y2)
        self.s_out_y3.send(self.y3)


@implements(proc=RewardLIF, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyRewardLifModelFloat(_Reward, LearningNeuronModelFloat, AbstractPyLifModelFloat):
    """Floating-point model of `RewardLIF`."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    vth: float = LavaPyType(float, float)

    def spiking_activation(self) -> np.ndarray:
        return self.v > self.vth


@implements(proc=RewardLIF, protocol=LoihiProtocol)
@requires(CPU)
@tag("bit_accurate_loihi", "fixed_pt")
class PyRewardLifModelFixed(_Reward, LearningNeuronModelFixed, AbstractPyLifModelFixed):
    """Fixed-point model of `RewardLIF`."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int16, precision=16)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    vth: int = LavaPyType(int, np.int32, precision=17)

    def rounded(self, trace: np.ndarray) -> np.ndarray:
        return np.floor(trace)

    def scale_threshold(self) -> None:
        self.effective_vth = np.left_shift(self.vth, self.vth_shift)
        self.isthrscaled = True

    def spiking_activation(self) -> np.ndarray:
        return self.v > self.effective_vth
