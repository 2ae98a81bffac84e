"""Models of LearningLIF: LIF dynamics, and the ports that three-factor learning needs.

They behave like the models of `LIF` and leave the learning ports alone. A three-factor neuron
derives from one of them, overrides ``run_spk``, calls ``super().run_spk()`` for the LIF step, and
finds the spikes in ``s_out_buff``.
"""

from __future__ import annotations

from lava_actor.learning.neuron_models import LearningNeuronModelFixed, LearningNeuronModelFloat
from lava_actor.proc._model import cpu_model
from lava_actor.proc.lif.learning_process import LearningLIF
from lava_actor.proc.lif.models import OneThresholdFixed, OneThresholdFloat

__all__ = ["PyLearningLIFModelFixed", "PyLearningLifModelFloat"]


@cpu_model(LearningLIF, "bit_accurate_loihi", "fixed_pt")
class PyLearningLIFModelFixed(LearningNeuronModelFixed, OneThresholdFixed):
    """Fixed-point model of `LearningLIF`; comes first where no tag is asked for."""


@cpu_model(LearningLIF, "floating_pt")
class PyLearningLifModelFloat(LearningNeuronModelFloat, OneThresholdFloat):
    """Floating-point model of `LearningLIF`."""
