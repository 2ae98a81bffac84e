"""LearningNeuronProcess: the ports and Vars of a neuron that plastic connections listen to."""

from __future__ import annotations

from lava_actor.process.ports.ports import InPort, OutPort
from lava_actor.process.variable import Var


class LearningNeuronProcess:
    """A mixin, not a Process: ``class X(LearningNeuronProcess, SomeNeuron)``, in this order.

    Parameters
    ----------
    shape : tuple of int
        Of the neurons; handed on as a keyword.
    learning_rule : LoihiLearningRule
        Handed on as a keyword.
    *args, **kwargs
        Go on to the next class.

    Attributes
    ----------
    a_third_factor_in : InPort, shape (shape[0],)
        The third factor of learning, reward for example.
    s_out_bap, s_out_y1, s_out_y2, s_out_y3 : OutPort, shape (shape[0],)
        Back-propagating action potentials and traces, for plastic connections.
    y1, y2, y3 : Var, shape ``shape``
        The traces.
    """

    def __init__(
        self, shape: tuple[int, ...], learning_rule: object, *args: object, **kwargs: object
    ) -> None:
        line = (shape[0],)
        self.a_third_factor_in = InPort(shape=line)
        self.s_out_bap = OutPort(shape=line)
        for trace in ("y1", "y2", "y3"):
            setattr(self, f"s_out_{trace}", OutPort(shape=line))
            setattr(self, trace, Var(shape=shape, init=0))

        kwargs.update(shape=shape, learning_rule=learning_rule)
        super().__init__(*args, **kwargs)
