"""Models of the all-to-all connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lava_actor.errors import InvalidValueError
from lava_actor.kernels import dense_events, dense_events_delayed
from lava_actor.kernels.steps import DenseBurst
from lava_actor.model.members import declares
from lava_actor.proc._arithmetic import owner_of
from lava_actor.proc._connection import (
    BY_ROW,
    ConnectionModel,
    Delayed,
    FixedNumbers,
    FloatNumbers,
    Undelayed,
)
from lava_actor.proc._delays import delay_weights
from lava_actor.proc._model import LavaPyType, cpu_model
from lava_actor.proc._siblings import of_sibling
from lava_actor.proc.dense.process import DelayDense, Dense

if TYPE_CHECKING:
    from lava_actor.proc.dense.learning_models import (
        PyLearningDenseModelBitApproximate,
        PyLearningDenseModelFloat,
    )

__all__ = [
    "AbstractPyDenseModelFloat", "AbstractPyDenseModelBitAcc", "PyDenseModelFloat",
    "PyDenseModelBitAcc", "PyLearningDenseModelFloat", "PyLearningDenseModelBitApproximate",
    "AbstractPyDelayDenseModel", "PyDelayDenseModelFloat", "PyDelayDenseModelBitAcc",
]  # fmt: skip


__getattr__ = of_sibling(__name__, "PyLearningDenseModelFloat PyLearningDenseModelBitApproximate")


class _DenseWeights(ConnectionModel):
    """Keeps `weights` column-major; may be rebound, and written to, at any time."""

    weights: np.ndarray

    _la_columns: np.ndarray | None = None
    """The weights the last time they were looked at."""

    def on_start(self) -> None:
        """Arrange the weights; in fixed point clip and truncate them."""
        self._la_current_columns()

    def _la_current_columns(self) -> np.ndarray:
        """Return `weights`, column-major and of the number type of the model."""
        weights = self.weights
        if weights is not self._la_columns:
            used = self._la_used_weights(weights)
            self.weights = self._la_columns = weights = np.asfortranarray(used, self._la_number)
        return weights


class _DenseConnection(_DenseWeights, Undelayed):
    _la_burst = DenseBurst, "_la_current_columns"

    def _la_add_weights(self, at: np.ndarray, x: np.ndarray | None, sums: np.ndarray) -> None:
        """Add the weights of neurons `at`, times `x`, to `sums` (post,)."""
        dense_events(self._la_current_columns(), at, x, sums)


@declares(float, "a_buff weights")
class AbstractPyDenseModelFloat(FloatNumbers, _DenseConnection):
    """All-to-all connections in double precision: ``a_buff = W @ s``."""


class AbstractPyDenseModelBitAcc(FixedNumbers, _DenseConnection):
    """All-to-all connections in the integers of Loihi.

    Before the first output the weights become what the hardware would store
    (`lava_actor.utils.weightutils`)::

        W = truncate_weights(clip_weights(W, sign_mode, 8), sign_mode, num_weight_bits)

    `weights.get()` shows the result. Then ``a_buff = shl(W @ s, weight_exp)``: the sum comes first,
    then the shift; both in 32 bits, wrapping.
    """

    weights: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=8)


@cpu_model(Dense, "floating_pt")
class PyDenseModelFloat(AbstractPyDenseModelFloat):
    """Floating-point model of `Dense`."""

    cut = BY_ROW


@cpu_model(Dense, "bit_accurate_loihi", "fixed_pt")
class PyDenseModelBitAcc(AbstractPyDenseModelBitAcc):
    """Fixed-point model of `Dense`, bit by bit as on Loihi."""

    cut = BY_ROW


class AbstractPyDelayDenseModel(_DenseWeights, Delayed):
    """All-to-all connections with delays.

    With ``W_d`` the weights of delay d, in every step all columns of `a_buff` move one to the left
    and then ``a_buff[:, d] += W_d @ s``; in fixed point ``shl(W_d @ s, weight_exp)``.
    """

    delays: np.ndarray

    _la_late: np.ndarray | None = None
    """The delays the last time they were looked at."""

    def on_start(self) -> None:
        """Check the delays, arrange the weights."""
        self._la_check_delays()
        super().on_start()

    _la_burst = DenseBurst, "_la_current_columns", "_la_late_columns"

    def _la_late_columns(self) -> np.ndarray:
        """Return `delays`, column-major and int32."""
        if self.delays is not self._la_late:
            self.delays = self._la_late = np.asfortranarray(self.delays, np.int32)
        return self.delays

    def _la_add_weights(self, at: np.ndarray, x: np.ndarray | None, sums: np.ndarray) -> None:
        """Add the weights of neurons `at`, times `x`, to their columns of `sums`."""
        try:
            dense_events_delayed(self._la_current_columns(), self._la_late_columns(), at, x, sums)
        except IndexError as error:
            raise InvalidValueError(f"{owner_of(self)}.delays: {error}") from None

    get_delay_wgts_mat = staticmethod(delay_weights)


@cpu_model(DelayDense, "floating_pt")
@declares(float, "a_buff weights")
class PyDelayDenseModelFloat(FloatNumbers, AbstractPyDelayDenseModel):
    """Floating-point model of `DelayDense`."""

    cut = BY_ROW

    delays: np.ndarray = LavaPyType(np.ndarray, np.int32)


@cpu_model(DelayDense, "bit_accurate_loihi", "fixed_pt")
class PyDelayDenseModelBitAcc(FixedNumbers, AbstractPyDelayDenseModel):
    """Fixed-point model of `DelayDense`; delays up to 63."""

    cut = BY_ROW

    weights: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=8)
    delays: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=6)
