"""What the Processes of all-to-all and sparse connections have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from lava_actor.process import AbstractProcess, InPort, OutPort, Var
from lava_actor.utils.weightutils import SignMode


class Projection(AbstractProcess):
    """Weights (post, pre) between spikes and activations.

    Parameters
    ----------
    num_message_bits : int
        0: binary input. More: graded.
    **kwargs
        For the fixed-point model: ``weight_exp`` (default 0), ``num_weight_bits`` (default 8),
        ``sign_mode`` (default: found from the weights). See `PyDenseModelBitAcc`.
    """

    _model_parameters: ClassVar[dict[str, type]] = {
        "weight_exp": int, "num_weight_bits": int, "sign_mode": SignMode,
    }  # fmt: skip

    def _add_members(self, weights: Any, num_message_bits: int) -> None:
        post, pre = weights.shape
        self.s_in = InPort(shape=(pre,))
        self.a_out = OutPort(shape=(post,))
        self.weights = Var(shape=weights.shape, init=weights)
        self.a_buff = Var(shape=(post,), init=0)
        self.num_message_bits = Var(shape=(1,), init=num_message_bits)

    def _add_delays(self, delays: object, longest: int) -> None:
        self.delays = Var(shape=self.weights.shape, init=delays)
        self.a_buff = Var(shape=(*self.a_out.shape, longest + 1), init=0)
