"""Model side of neurons that feed learning connections with post-synaptic traces.

A three-factor neuron derives from `LearningNeuronModelFloat` or `LearningNeuronModelFixed` and from
the model of a neuron. In its ``run_spk`` it sends, besides its spikes, what the connection needs::

    self.s_out_bap.send(spikes)
    self.s_out_y1.send(y1)      # for example a trace of its own spikes
    self.s_out_y2.send(y2)      # for example the reward from self.a_third_factor_in.recv()
    self.s_out_y3.send(y3)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lava_actor.learning.learning_rule import LoihiLearningRule
from lava_actor.model.members import UNDECLARED, declares
from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.py.loihi import PyLoihiProcessModel

if TYPE_CHECKING:
    from lava_actor.process.parameters import ProcessParameters

__all__ = ["LearningNeuronModel", "LearningNeuronModelFixed", "LearningNeuronModelFloat"]


class LearningNeuronModel(PyLoihiProcessModel):
    """Ports and states of a neuron that takes part in learning; no behaviour.

    Parameters
    ----------
    proc_params : ProcessParameters
        ``shape`` and ``learning_rule`` of the Process are kept as ``_shape`` and
        ``_learning_rule``.
    """

    a_third_factor_in = s_out_bap = s_out_y1 = s_out_y2 = s_out_y3 = UNDECLARED
    y1 = y2 = y3 = UNDECLARED

    def __init__(self, proc_params: ProcessParameters) -> None:
        super().__init__(proc_params)
        self._shape: tuple[int, ...] = proc_params["shape"]
        self._learning_rule: LoihiLearningRule | None = proc_params["learning_rule"]


@declares(np.int32, "a_third_factor_in", 7, PyInPort.VEC_DENSE)
@declares(bool, "s_out_bap", 1, PyOutPort.VEC_DENSE)
@declares(np.int32, "s_out_y1 s_out_y2 s_out_y3", 7, PyOutPort.VEC_DENSE)
@declares(np.int32, "y1 y2 y3", 7, np.ndarray)
class LearningNeuronModelFixed(LearningNeuronModel):
    """Post-synaptic traces as integers of seven bits."""


@declares(float, "a_third_factor_in", kind=PyInPort.VEC_DENSE)
@declares(bool, "s_out_bap", kind=PyOutPort.VEC_DENSE)
@declares(float, "s_out_y1 s_out_y2 s_out_y3", kind=PyOutPort.VEC_DENSE)
@declares(float, "y1 y2 y3", kind=np.ndarray)
class LearningNeuronModelFloat(LearningNeuronModel):
    """Post-synaptic traces in double precision."""
