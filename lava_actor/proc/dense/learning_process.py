"""LearningDense: all-to-all connections whose synapses change."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.learning.learning_rule import LoihiLearningRule
from lava_actor.proc._learning import learning_parameters
from lava_actor.proc.dense.process import Dense, weight_matrix
from lava_actor.process import LearningConnectionProcess


class LearningDense(LearningConnectionProcess, Dense):
    """Dense connections that learn.

    Activations are those of `Dense`: received in one step, sent in the next. They use the weights
    as they are before the learning phase of the step in which the spikes arrive.

    Ports beyond those of `Dense`: `s_in_bap` for spikes of the post-synaptic neurons, and
    `s_in_y1`, `s_in_y2`, `s_in_y3` for traces that a three-factor neuron sends. Vars: the three
    synaptic variables `weights`, `tag_1` and `tag_2`, all (post, pre), the traces and constants of
    the rule, and its strings `dw`, `dd`, `dt`. Setting constants or strings while the network is
    paused changes the rule of the running connection.

    Parameters
    ----------
    weights : array_like (post, pre)
    tag_2 : array_like (post, pre), optional
        Delay variable (letter d in rules); it can be learned but delays nothing. Default 0.
    tag_1 : array_like (post, pre), optional
        Tag (letter t in rules), for example an eligibility trace. Default 0.
    num_message_bits : int
        0: spikes are binary. More: payloads scale the weights, and may drive the trace x1.
    learning_rule : LoihiLearningRule
        With `graded_spike_cfg` other than the default, its ``x1_impulse`` is set to 0.
    graded_spike_cfg : GradedSpikeCfg
        What payloads do to the trace x1.
    **kwargs
        ``sign_mode`` (default MIXED, *not* found from the weights), ``weight_exp`` and
        ``num_weight_bits`` of the fixed-point model, and ``rounding_seed`` (default 2), the seed of
        its stochastic rounding of synaptic variables.

    Raises
    ------
    InvalidValueError
        If shapes do not fit, ``sign_mode`` is NULL, or a seed or `graded_spike_cfg` is none.
    MissingRuleError
        (a `TypeError`) if there is no learning rule.
    """

    _la_model_parameters: ClassVar[dict[str, type]] = {"rounding_seed": int}

    def __init__(
        self,
        *,
        weights: ArrayLike,
        tag_2: ArrayLike | None = None,
        tag_1: ArrayLike | None = None,
        learning_rule: LoihiLearningRule | None = None,
        graded_spike_cfg: GradedSpikeCfg = GradedSpikeCfg.USE_REGULAR_IMPULSE,
        **kwargs: object,
    ) -> None:
        weights = weight_matrix("LearningDense", weights, "LearningSparse")
        tags = {
            key: np.zeros(weights.shape, weights.dtype) if tag is None else np.array(tag)
            for key, tag in (("tag_2", tag_2), ("tag_1", tag_1))
        }
        made = learning_parameters(
            "LearningDense", weights, tags, learning_rule, graded_spike_cfg, kwargs
        )
        super().__init__(**made)
