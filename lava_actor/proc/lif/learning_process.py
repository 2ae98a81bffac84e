"""LearningLIF: a LIF neuron with the ports that three-factor learning needs."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from lava_actor.learning.learning_rule import LoihiLearningRule
from lava_actor.proc.lif.process import AbstractLIF
from lava_actor.process.neuron import LearningNeuronProcess
from lava_actor.process.process import LogConfig
from lava_actor.process.variable import Var


class LearningLIF(LearningNeuronProcess, AbstractLIF):
    """Leaky integrate-and-fire neurons, to be extended to three-factor learning.

    The neurons of this class behave exactly like `LIF`; with a two-factor rule connect `s_out` to
    `s_in_bap` of the connection. For a three-factor rule write a model that receives
    `a_third_factor_in` and sends `s_out_bap`, `s_out_y1`, `s_out_y2` and `s_out_y3`
    (see `lava_actor.learning.neuron_models`).

    Parameters
    ----------
    shape, u, v, du, dv, bias_mant, bias_exp, vth, name, log_config
        See `LIF`.
    learning_rule : LoihiLearningRule, optional
        Kept for the model, which may read constants from it.
    **kwargs
        Go to ``proc_params``.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        u: ArrayLike = 0,
        v: ArrayLike = 0,
        du: float = 0,
        dv: float = 0,
        bias_mant: ArrayLike = 0,
        bias_exp: ArrayLike = 0,
        vth: float = 10,
        name: str | None = None,
        log_config: LogConfig | None = None,
        learning_rule: LoihiLearningRule | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            shape=shape,
            u=u,
            v=v,
            du=du,
            dv=dv,
            bias_mant=bias_mant,
            bias_exp=bias_exp,
            vth=vth,
            name=name,
            log_config=log_config,
            learning_rule=learning_rule,
            **kwargs,
        )
        self.vth = Var(shape=(1,), init=vth)
