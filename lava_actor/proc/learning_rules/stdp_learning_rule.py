"""Spike-timing dependent plasticity of pairs."""

from __future__ import annotations

from typing import Any

from lava_actor.learning.learning_rule import Loihi2FLearningRule
from lava_actor.learning.utils import float_to_literal

__all__ = ["STDPLoihi"]

IMPULSE = 16
"""What a spike adds to a trace unless told otherwise."""


def pair_terms(rate: str, minus: str, plus: str) -> str:
    """What pairs of spikes add up to, of literals: post before pre, and pre before post."""
    return f"{rate} * {minus} * x0 * y1 + {rate} * {plus} * y0 * x1"


class STDPLoihi(Loihi2FLearningRule):
    """Two-factor STDP with exponential windows.

    ::

        dw = learning_rate · (A_minus · x0 · y1  +  A_plus · y0 · x1)

    after the trace formulation of pair-based STDP (Gerstner, Kempter, van Hemmen & Wagner,
    Nature 383, 1996; Song, Miller & Abbott, Nature Neuroscience 3, 2000). In floating point and
    with ``t_epoch=1``, a post-synaptic spike ``D`` steps after an isolated pre-synaptic one changes
    the weight by ``learning_rate · A_plus · x1_impulse · exp(-D/tau_plus)``, a pre-synaptic spike
    ``D`` steps after a post-synaptic one by
    ``learning_rate · A_minus · y1_impulse · exp(-D/tau_minus)``.

    Parameters
    ----------
    learning_rate : float
    A_plus : float
        Weight of "pre before post"; potentiation if positive.
    A_minus : float
        Weight of "post before pre"; depression needs a *negative* value.
    tau_plus, tau_minus : float
        Time constants of the windows, in steps.
    **kwargs
        Of `Loihi2FLearningRule`: ``t_epoch``, ``rng_seed``, …; ``x1_impulse`` and ``y1_impulse``
        are 16 by default.

    Attributes
    ----------
    learning_rate, A_plus, A_minus : str
        The literals of the rule. Numbers that are no product of an integer and a power of two are
        rounded, see `lava_actor.learning.utils.float_to_literal`.
    tau_plus, tau_minus : float
        As given.
    """

    def __init__(
        self,
        learning_rate: float,
        A_plus: float,  # noqa: N803  (the name in the literature and in Lava)
        A_minus: float,  # noqa: N803  (the name in the literature and in Lava)
        tau_plus: float,
        tau_minus: float,
        **kwargs: Any,
    ) -> None:
        self.learning_rate = float_to_literal(learning_rate)
        self.A_plus = float_to_literal(A_plus)
        self.A_minus = float_to_literal(A_minus)
        self.tau_plus = tau_plus
        self.tau_minus = tau_minus
        super().__init__(
            dw=pair_terms(self.learning_rate, self.A_minus, self.A_plus),
            x1_impulse=kwargs.pop("x1_impulse", IMPULSE),
            x1_tau=tau_plus,
            y1_impulse=kwargs.pop("y1_impulse", IMPULSE),
            y1_tau=tau_minus,
            **kwargs,
        )
