"""Model side of neurons that feed learning connections with post-synaptic traces.

A three-factor neuron derives from `LearningNeuronModelFloat` or `LearningNeuronModelFixed` and from
the model of a neuron. In its ``run_spk`` it sends, besides its spikes, what the connection needs::

    self.s_out_bap.send(spikes)
    self.s_out_y1.send(y1)      # for example a trace of its own spikes
    self.s_out_y2.send(y2)      # for example the reward from self.a_third_factor_in.recv()
    self.s_out_y3.send(y3)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_actor.learning.learning_rule import LoihiLearningRule
from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.types import LavaPyType

__all__ = ["LearningNeuronModel", "LearningNeuronModelFixed", "LearningNeuronModelFloat"]


class LearningNeuronModel(PyLoihiProcessModel):
    """Ports and states of a neuron that takes part in learning; no behaviour.

    Parameters
    ----------
    proc_params : ProcessParameters
        ``shape`` and ``learning_rule`` of the Process are kept as ``_shape`` and
        ``_learning_rule``.
    """

    a_third_factor_in: Any = None
    s_out_bap: Any = None
    s_out_y1: Any = None
    s_out_y2: Any = None
    s_out_y3: Any = None
    y1: Any = None
    y2: Any = None
    y3: Any = None

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._shape: tuple[int, ...] = proc_params["shape"]
        self._learning_rule: LoihiLearningRule | None = proc_params["learning_rule"]


class LearningNeuronModelFixed(LearningNeuronModel):
    """Post-synaptic traces as integers of seven bits."""

    a_third_factor_in = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=7)
    s_out_bap = LavaPyType(PyOutPort.VEC_DENSE, bool, precision=1)
    s_out_y1 = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=7)
    s_out_y2 = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=7)
    s_out_y3 = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=7)
    y1 = LavaPyType(np.ndarray, np.int32, precision=7)
    y2 = LavaPyType(np.ndarray, np.int32, precision=7)
    y3 = LavaPyType(np.ndarray, np.int32, precision=7)


class LearningNeuronModelFloat(LearningNeuronModel):
    """Post-synaptic traces in double precision."""

    a_third_factor_in = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out_bap = LavaPyType(PyOutPort.VEC_DENSE, bool)
    s_out_y1 = LavaPyType(PyOutPort.VEC_DENSE, float)
    s_out_y2 = LavaPyType(PyOutPort.VEC_DENSE, float)
    s_out_y3 = LavaPyType(PyOutPort.VEC_DENSE, float)
    y1 = LavaPyType(np.ndarray, float)
    y2 = LavaPyType(np.ndarray, float)
    y3 = LavaPyType(np.ndarray, float)
