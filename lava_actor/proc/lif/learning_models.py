"""Models of LearningLIF: LIF dynamics, and the ports that three-factor learning needs.

They behave like the models of `LIF` and leave the learning ports alone. A three-factor neuron
derives from one of them, overrides ``run_spk``, calls ``super().run_spk()`` for the LIF step, and
finds the spikes in ``s_out_buff``.
"""

from __future__ import annotations

import numpy as np

from lava_actor.learning.neuron_models import LearningNeuronModelFixed, LearningNeuronModelFloat
from lava_actor.proc._model import LavaPyType, PyOutPort, cpu_model
from lava_actor.proc.lif.learning_process import LearningLIF
from lava_actor.proc.lif.models import AbstractPyLifModelFixed, AbstractPyLifModelFloat

__all__ = ["PyLearningLIFModelFixed", "PyLearningLifModelFloat"]


@cpu_model(LearningLIF, "bit_accurate_loihi", "fixed_pt")
class PyLearningLIFModelFixed(LearningNeuronModelFixed, AbstractPyLifModelFixed):
    """Fixed-point model of `LearningLIF`; comes first where no tag is asked for."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    vth: int = LavaPyType(int, np.int32, precision=17)


@cpu_model(LearningLIF, "floating_pt")
class PyLearningLifModelFloat(LearningNeuronModelFloat, AbstractPyLifModelFloat):
    """Floating-point model of `LearningLIF`."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    vth: float = LavaPyType(float, float)
