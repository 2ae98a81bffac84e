"""Spike-timing dependent plasticity that waits for a reward."""

from __future__ import annotations

from typing import Any

from lava_actor.learning.learning_rule import Loihi3FLearningRule
from lava_actor.learning.utils import float_to_literal
from lava_actor.proc.learning_rules.stdp_learning_rule import pair_terms

__all__ = ["RewardModulatedSTDP"]


class RewardModulatedSTDP(Loihi3FLearningRule):
    """Three-factor STDP: pairs of spikes leave a tag, a reward turns the tag into a weight.

    ::

        dt = learning_rate · (A_minus · x0 · y1 + A_plus · y0 · x1)
             - u0 · t · eligibility_trace_decay_tau
        dw = u0 · t · y2

    (eligibility traces: Izhikevich, Cerebral Cortex 17, 2007; Frémaux & Gerstner, Frontiers in
    Neural Circuits 9, 2016). The post-synaptic neuron sends its trace as ``y1`` and the reward as
    ``y2``; it reads `post_trace_decay_tau` and `post_trace_kernel_magnitude` from this rule.

    In fixed point ``u0*t*y2`` is scaled down by 32: rewards need to be large.

    Parameters
    ----------
    learning_rate : float
    A_plus : float
        Weight of "pre before post".
    A_minus : float
        Weight of "post before pre"; depression needs a *negative* value.
    pre_trace_decay_tau, post_trace_decay_tau : float
        Time constants of the traces, in steps.
    pre_trace_kernel_magnitude, post_trace_kernel_magnitude : float
        What a spike adds to the trace.
    eligibility_trace_decay_tau : float
        The *fraction* by which the tag decays in an epoch (a rate, in spite of its name).
    **kwargs
        Of `Loihi3FLearningRule`: ``t_epoch``, ``rng_seed``, ….

    Attributes
    ----------
    learning_rate, A_plus, A_minus, eligibility_trace_decay_tau : str
        The literals of the rule, rounded where needed, see
        `lava_actor.learning.utils.float_to_literal`.
    pre_trace_decay_tau, post_trace_decay_tau : float
    pre_trace_kernel_magnitude, post_trace_kernel_magnitude : float
        As given.
    """

    def __init__(
        self,
        learning_rate: float,
        A_plus: float,  # noqa: N803  (the name in the literature and in Lava)
        A_minus: float,  # noqa: N803  (the name in the literature and in Lava)
        pre_trace_decay_tau: float,
        post_trace_decay_tau: float,
        pre_trace_kernel_magnitude: float,
        post_trace_kernel_magnitude: float,
        eligibility_trace_decay_tau: float,
        **kwargs: Any,
    ) -> None:
        self.learning_rate = float_to_literal(learning_rate)
        self.A_plus = float_to_literal(A_plus)
        self.A_minus = float_to_literal(A_minus)
        self.pre_trace_decay_tau = pre_trace_decay_tau
        self.post_trace_decay_tau = post_trace_decay_tau
        self.pre_trace_kernel_magnitude = pre_trace_kernel_magnitude
        self.post_trace_kernel_magnitude = post_trace_kernel_magnitude
        self.eligibility_trace_decay_tau = float_to_literal(eligibility_trace_decay_tau)
        pairs = pair_terms(self.learning_rate, self.A_minus, self.A_plus)
        super().__init__(
            dw=" u0 * t * y2 ",
            dt=f"{pairs} - u0 * t * {self.eligibility_trace_decay_tau}",
            x1_impulse=pre_trace_kernel_magnitude,
            x1_tau=pre_trace_decay_tau,
            **kwargs,
        )
