"""LearningSparse: sparse connections whose synapses change."""

from __future__ import annotations

from typing import ClassVar

from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix, sparray, spmatrix

from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.learning.learning_rule import LoihiLearningRule
from lava_actor.proc._learning import learning_parameters
from lava_actor.proc._projection import canonical_csr
from lava_actor.proc.sparse.process import Sparse
from lava_actor.process import LearningConnectionProcess


class LearningSparse(LearningConnectionProcess, Sparse):
    """Sparse connections that learn; only stored synapses exist.

    Every synaptic variable changes at its own stored entries, explicit zeros included, by the same
    arithmetic as in `LearningDense`. Where another variable of a rule has no entry it counts as 0.
    So a tag needs a pattern to be learned: by default the tags have none.

    Ports and Vars are those of `LearningDense`; `weights`, `tag_1` and `tag_2` are csr matrices.

    Parameters
    ----------
    weights : sparse matrix or array_like (post, pre)
    tag_2, tag_1 : sparse matrix or array_like (post, pre), optional
        Delay variable (letter d in rules) and tag (letter t). Default: no entries.
    num_message_bits, learning_rule, graded_spike_cfg, **kwargs
        As for `LearningDense`.

    Raises
    ------
    InvalidValueError
        If shapes do not fit, ``sign_mode`` is NULL, or a seed or `graded_spike_cfg` is none.
    MissingRuleError
        (a `TypeError`) if there is no learning rule.

    Notes
    -----
    ``proc_params["x_idx_active_syn_vars"]`` holds the column indices of the non-zero entries of
    weights, tag_2 and tag_1.
    """

    _la_model_parameters: ClassVar[dict[str, type]] = {"rounding_seed": int}

    def __init__(
        self,
        *,
        weights: ArrayLike | spmatrix | sparray,
        tag_2: ArrayLike | spmatrix | sparray | None = None,
        tag_1: ArrayLike | spmatrix | sparray | None = None,
        learning_rule: LoihiLearningRule | None = None,
        graded_spike_cfg: GradedSpikeCfg = GradedSpikeCfg.USE_REGULAR_IMPULSE,
        **kwargs: object,
    ) -> None:
        weights = canonical_csr("LearningSparse", "weights", weights)
        blank = csr_matrix(weights.shape, dtype=weights.dtype)
        tags = {
            key: blank.copy() if tag is None else canonical_csr("LearningSparse", key, tag)
            for key, tag in (("tag_2", tag_2), ("tag_1", tag_1))
        }
        kwargs["x_idx_active_syn_vars"] = {
            key: matrix.nonzero()[1] for key, matrix in {"weights": weights, **tags}.items()
        }
        made = learning_parameters(
            "LearningSparse", weights, tags, learning_rule, graded_spike_cfg, kwargs
        )
        super().__init__(**made)
