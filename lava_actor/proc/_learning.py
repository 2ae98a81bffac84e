"""What the Processes of learning connections have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lava_actor.errors import InvalidValueError
from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.learning.errors import MissingRuleError
from lava_actor.learning.learning_rule import LoihiLearningRule
from lava_actor.learning.limits import Sign
from lava_actor.learning.random import ROUNDING_SEED
from lava_actor.protocol.counts import whole_number

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_matrix


def learning_parameters(
    owner: str,
    weights: csr_matrix | np.ndarray,
    tags: dict[str, csr_matrix] | dict[str, np.ndarray],
    learning_rule: object,
    graded_spike_cfg: GradedSpikeCfg | int,
    others: dict[str, Any],
) -> dict[str, Any]:
    """Check what a learning connection is made of, and return it, as keywords, with the shape.

    With graded spikes the payload takes the place of the impulse: ``x1_impulse`` of the rule that
    was passed in becomes 0, as in Lava.

    Parameters
    ----------
    owner : str
        Class of the connection, for messages.
    weights, tags
        The synaptic variables.
    learning_rule : LoihiLearningRule
    graded_spike_cfg : GradedSpikeCfg or int
    others : dict
        Further keywords; ``sign_mode`` and ``rounding_seed`` may be among them.

    Raises
    ------
    MissingRuleError
        If there is no rule, or something that is none.
    InvalidValueError
        If a tag has another shape than the weights, ``sign_mode`` leaves the sign of the weights
        open, the seed is no seed, or `graded_spike_cfg` is none.
    """
    for name, tag in tags.items():
        if tag.shape != weights.shape:
            raise InvalidValueError(
                f"{owner}.{name}: expected the shape of the weights, {weights.shape}, "
                f"got {tag.shape}"
            )
    if not isinstance(learning_rule, LoihiLearningRule):
        raise MissingRuleError.of(owner, learning_rule)
    config = GradedSpikeCfg(graded_spike_cfg)
    Sign.of(others.get("sign_mode"))
    whole_number(f"{owner}.rounding_seed", others.get("rounding_seed", ROUNDING_SEED))
    if config is not GradedSpikeCfg.USE_REGULAR_IMPULSE:
        learning_rule.x1_impulse = 0
    given = {"learning_rule": learning_rule, "graded_spike_cfg": config, **others}
    return {"weights": weights, **tags, "shape": weights.shape, **given}
