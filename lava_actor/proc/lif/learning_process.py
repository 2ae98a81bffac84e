"""LearningLIF: a LIF neuron with the ports that three-factor learning needs."""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import ArrayLike

from lava_actor.learning.learning_rule import LoihiLearningRule
from lava_actor.proc.lif.process import AbstractLIF
from lava_actor.process import LearningNeuronProcess, LogConfig, Var
from lava_actor.process.parameters import given


class LearningLIF(LearningNeuronProcess, AbstractLIF):
    """Leaky integrate-and-fire neurons, to be extended to three-factor learning.

    The neurons of this class behave exactly like `LIF`; with a two-factor rule connect `s_out` to
    `s_in_bap` of the connection. For a three-factor rule write a model that receives
    `a_third_factor_in` and sends `s_out_bap`, `s_out_y1`, `s_out_y2` and `s_out_y3`
    (see `lava_actor.learning.neuron_models`).

    Parameters
    ----------
    shape : tuple of int, or int
        Shape of the population: of `u`, `v`, `bias_mant`, `bias_exp`, of the InPort `a_in` and of
        the OutPort `s_out`.
    u, v : float or array_like
        Initial current and voltage.
    du, dv : float
        Decay of current and voltage per step: a fraction in the floating-point models, in units of
        1/4096 in the fixed-point models.
    bias_mant, bias_exp : float or array_like
        The bias added to the voltage is ``bias_mant * 2**bias_exp`` in fixed point and
        ``bias_mant`` alone in floating point.
    vth : float
        Threshold; a neuron spikes if it is exceeded strictly. Fixed point: in units of 2**6.
    name : str, optional
        Default ``Process_<id>``; need not be unique.
    log_config : LogConfig, optional
        Without it, records go where the application wants them.
    learning_rule : LoihiLearningRule, optional
        Kept for the model, which may read constants from it.
    **kwargs
        Go to ``proc_params``.
    """

    _for_own_models: ClassVar[bool] = True

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
        super().__init__(**given(locals()))
        self.vth = Var(shape=(1,), init=vth)
