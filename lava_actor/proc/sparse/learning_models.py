"""Models of LearningSparse: a sparse connection, and a learning engine that changes its weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix

from lava_actor.kernels import csc_events, picked_events
from lava_actor.learning.arrears import Arrears, PlasticVar
from lava_actor.learning.connection_models import (
    LearningConnectionModelBitApproximate,
    LearningConnectionModelFloat,
)
from lava_actor.learning.sparse_pattern import SparsePattern
from lava_actor.learning.synapses import SynapticVariable
from lava_actor.proc._connection import FloatNumbers
from lava_actor.proc._learning_model import LEARNING_BY_ROW, LearningSteps, TruncatedWeights
from lava_actor.proc._model import LavaPyType, cpu_model
from lava_actor.proc.sparse.learning_process import LearningSparse

__all__ = ["PyLearningSparseModelFloat", "PyLearningSparseModelBitApproximate"]


class _LearningSparse(LearningSteps):
    """Activation from the very matrix that learning changes.

    While learning may wait, the weights are used by column; see `lava_actor.learning.arrears`.
    """

    weights: csr_matrix
    _la_synaptic_variable: Callable[[str], SynapticVariable]
    _la_arrears: Arrears | None
    _la_current_arrears: Callable[[], Arrears | None]

    def on_start(self) -> None:
        """Cut the weights as they are used; bring all three variables to one number type."""
        self.weights = _with_data(
            self.weights, self._la_used_weights(self.weights.data), self._la_number
        )
        self._la_arrange()

    def _la_arrange(self) -> None:
        """Bring all three variables to the number type of the model, whoever has set them."""
        for name in ("weights", "tag_1", "tag_2"):
            if self.__dict__[name].data.dtype != self._la_number:
                matrix = getattr(self, name)
                setattr(self, name, _with_data(matrix, matrix.data, self._la_number))

    def _la_add_weights(self, at: np.ndarray, x: np.ndarray | None, sums: np.ndarray) -> None:
        """Add the weights of neurons `at`, times `x`, to `sums` (post,)."""
        if not at.size:
            return
        arrears = self._la_current_arrears()
        if arrears is not None and (columns := arrears.columns("weights", self._la_number)):
            arrears.catch_up(at)
            csc_events(*columns, None, at, x, sums)
            return
        self._la_arrange()
        variable: SynapticVariable = self._la_synaptic_variable("weights")
        pattern = variable.pattern
        assert isinstance(pattern, SparsePattern)
        picked_events(*pattern.by_column, pattern.rows, variable.data, at, x, sums)

    def _la_weights_of(self, arrears: Arrears) -> object:
        """Return starts of columns, rows and values."""
        return arrears.columns("weights", self._la_number)


def _with_data(matrix: csr_matrix, data: np.ndarray, number: np.dtype) -> csr_matrix:
    """Return a matrix of the same pattern, explicit zeros included, with other values."""
    return csr_matrix((data.astype(number), matrix.indices, matrix.indptr), shape=matrix.shape)


@cpu_model(LearningSparse, "floating_pt")
class PyLearningSparseModelFloat(LearningConnectionModelFloat, _LearningSparse, FloatNumbers):
    """Floating-point model of `LearningSparse`."""

    a_buff: np.ndarray = LavaPyType(np.ndarray, float)
    cut = LEARNING_BY_ROW
    _la_may_wait = True
    weights: csr_matrix = PlasticVar(csr_matrix, float)
    tag_1: csr_matrix = PlasticVar(csr_matrix, float)
    tag_2: csr_matrix = PlasticVar(csr_matrix, float)


@cpu_model(LearningSparse, "bit_approximate_loihi", "fixed_pt")
class PyLearningSparseModelBitApproximate(
    LearningConnectionModelBitApproximate, _LearningSparse, TruncatedWeights
):
    """Fixed-point model of `LearningSparse`, see `PyLearningDenseModelBitApproximate`."""

    cut = LEARNING_BY_ROW
    _la_may_wait = True
    weights: csr_matrix = PlasticVar(csr_matrix, np.int32, precision=8)
    tag_1: csr_matrix = PlasticVar(csr_matrix, int, precision=8)
    tag_2: csr_matrix = PlasticVar(csr_matrix, int, precision=6)
