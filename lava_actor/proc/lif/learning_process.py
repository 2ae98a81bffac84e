"""LearningLIF: a LIF neuron with the ports that three-factor learning needs."""

from __future__ import annotations

from typing import ClassVar

from lava_actor.learning.learning_rule import LoihiLearningRule
from lava_actor.proc.lif.process import AbstractLIF
from lava_actor.process import LearningNeuronProcess, Var
from lava_actor.process.inherited import given


class LearningLIF(LearningNeuronProcess, AbstractLIF):
    """Leaky integrate-and-fire neurons, to be extended to three-factor learning.

    The neurons of this class behave exactly like `LIF`; with a two-factor rule connect `s_out` to
    `s_in_bap` of the connection. For a three-factor rule write a model that receives
    `a_third_factor_in` and sends `s_out_bap`, `s_out_y1`, `s_out_y2` and `s_out_y3`
    (see `lava_actor.learning.neuron_models`).

    Parameters
    ----------
    vth : float
        Threshold; a neuron spikes if it is exceeded strictly. Fixed point: in units of 2**6.
    learning_rule : LoihiLearningRule, optional
        Kept for the model, which may read constants from it.
    **kwargs
        Go to ``proc_params``.
    """

    _la_for_own_models: ClassVar[bool] = True

    def __init__(
        self,
        *,
        vth: float = 10,
        learning_rule: LoihiLearningRule | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(**given(locals()))
        self.vth = Var(shape=(1,), init=vth)
