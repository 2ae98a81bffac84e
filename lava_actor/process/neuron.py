"""LearningNeuronProcess: ports and Vars of a neuron that takes part in three-factor learning."""

from __future__ import annotations

from typing import Any

from lava_actor.process.ports.ports import InPort, OutPort
from lava_actor.process.variable import Var


class LearningNeuronProcess:
    """Mixin for neurons; use as ``class X(LearningNeuronProcess, SomeNeuron)``.

    Parameters
    ----------
    shape : tuple of int
    learning_rule : LoihiLearningRule
    """

    def __init__(
        self, shape: tuple[int, ...], learning_rule: Any, *args: Any, **kwargs: Any
    ) -> None:
        kwargs["shape"] = shape
        kwargs["learning_rule"] = learning_rule
        self._learning_rule = learning_rule
        line = (shape[0],)
        self.a_third_factor_in = InPort(shape=line)
        self.s_out_bap = OutPort(shape=line)
        self.s_out_y1 = OutPort(shape=line)
        self.s_out_y2 = OutPort(shape=line)
        self.s_out_y3 = OutPort(shape=line)
        self.y1 = Var(shape=shape, init=0)
        self.y2 = Var(shape=shape, init=0)
        self.y3 = Var(shape=shape, init=0)
        super().__init__(*args, **kwargs)
