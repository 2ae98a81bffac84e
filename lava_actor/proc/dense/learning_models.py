"""Models of LearningDense: a dense connection, and a learning engine that changes its weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lava_actor.kernels import dense_events
from lava_actor.learning.arrears import Arrears, PlasticVar
from lava_actor.learning.connection_models import (
    LearningConnectionModelBitApproximate,
    LearningConnectionModelFloat,
)
from lava_actor.proc._learning_model import LEARNING_BY_ROW, LearningSteps, TruncatedWeights
from lava_actor.proc._model import cpu_model
from lava_actor.proc.dense.learning_process import LearningDense
from lava_actor.proc.dense.models import AbstractPyDenseModelBitAcc, AbstractPyDenseModelFloat

__all__ = ["PyLearningDenseModelFloat", "PyLearningDenseModelBitApproximate"]


class _LearningDense(LearningSteps):
    tag_1: object
    tag_2: object
    _la_arrears: Arrears | None
    _la_columns: np.ndarray | None
    _la_current_columns: Callable[[], np.ndarray]

    def on_start(self) -> None:
        """Arrange all three variables."""
        super().on_start()
        self._la_arrange()

    def _la_arrange(self) -> None:
        """Arrange all three variables alike, by column: rules compute with them together."""
        if self.__dict__["weights"] is not self._la_columns:
            self._la_current_columns()
        for name in ("tag_1", "tag_2"):
            if not self.__dict__[name].flags.f_contiguous:
                setattr(self, name, np.asfortranarray(getattr(self, name)))

    def _la_add_weights(self, at: np.ndarray, x: np.ndarray | None, sums: np.ndarray) -> None:
        """Add the weights of neurons `at`, times `x`, to `sums` (post,)."""
        if self._la_arrears is None or self.__dict__["weights"] is not self._la_columns:
            super()._la_add_weights(at, x, sums)
        else:
            self._la_arrears.catch_up(at)
            dense_events(self._la_columns, at, x, sums)

    def _la_weights_of(self, arrears: Arrears) -> object:
        """Return the matrix, as it is held."""
        held = self.__dict__["weights"]
        return held if held is self._la_columns and held is arrears.data["weights"] else None


@cpu_model(LearningDense, "floating_pt")
class PyLearningDenseModelFloat(
    LearningConnectionModelFloat, _LearningDense, AbstractPyDenseModelFloat
):
    """Floating-point model of `LearningDense`."""

    cut = LEARNING_BY_ROW
    _la_may_wait = True
    weights: np.ndarray = PlasticVar(np.ndarray, float)
    tag_1 = PlasticVar(np.ndarray, float)
    tag_2 = PlasticVar(np.ndarray, float)


@cpu_model(LearningDense, "bit_approximate_loihi", "fixed_pt")
class PyLearningDenseModelBitApproximate(
    LearningConnectionModelBitApproximate,
    _LearningDense,
    TruncatedWeights,
    AbstractPyDenseModelBitAcc,
):
    """Fixed-point model of `LearningDense`: widths and rounding as on Loihi, not bit-exact to it.

    Initial weights lose their lowest bits (one of eight with the default sign mode MIXED), learned
    ones do not.
    """

    cut = LEARNING_BY_ROW
    _la_may_wait = True
    weights: np.ndarray = PlasticVar(np.ndarray, np.int32, precision=8)
    tag_1 = PlasticVar(np.ndarray, int, precision=8)
    tag_2 = PlasticVar(np.ndarray, int, precision=6)
