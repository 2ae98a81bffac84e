"""Models of LearningDense: a dense connection, and a learning engine that changes its weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_actor.learning.connection_models import (
    LearningConnectionModelBitApproximate,
    LearningConnectionModelFloat,
)
from lava_actor.proc._learning_model import LearningSteps, TruncatedWeights
from lava_actor.proc._model import cpu_model
from lava_actor.proc.dense.learning_process import LearningDense
from lava_actor.proc.dense.models import AbstractPyDenseModelBitAcc, AbstractPyDenseModelFloat

__all__ = ["PyLearningDenseModelFloat", "PyLearningDenseModelBitApproximate"]


class _LearningDense(LearningSteps):
    tag_1: Any
    tag_2: Any

    def on_start(self) -> None:
        """Arrange all three variables alike, by column: rules compute with them together."""
        super().on_start()
        self.tag_1 = np.asfortranarray(self.tag_1)
        self.tag_2 = np.asfortranarray(self.tag_2)


@cpu_model(LearningDense, "floating_pt")
class PyLearningDenseModelFloat(
    LearningConnectionModelFloat, _LearningDense, AbstractPyDenseModelFloat
):
    """Floating-point model of `LearningDense`."""


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
