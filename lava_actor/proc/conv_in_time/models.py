"""Models of ConvInTime: connections in which every synapse has a weight for each delay."""

from __future__ import annotations

import numpy as np

from lava_actor.kernels import dense_events
from lava_actor.kernels.steps import InTimeBurst
from lava_actor.model.members import declares
from lava_actor.proc._arithmetic import integral_input
from lava_actor.proc._connection import Delayed, FloatNumbers
from lava_actor.proc._model import LavaPyType, cpu_model
from lava_actor.proc.conv_in_time.process import ConvInTime


class AbstractPyConvInTimeModel(Delayed):
    """Adds what the input does to all columns of the buffer at once."""

    weights: np.ndarray

    def on_start(self) -> None:
        """Lay the kernel out by input: what one input does is then one block of memory.

        `_la_columns`, ``(K * n_out, n_in)``, holds the slices in the order in which they act;
        `weights` becomes a view of it, so that there is one copy.
        """
        size, n_out, n_in = self.weights.shape
        flat = self.weights[::-1].reshape(size * n_out, n_in)
        self._la_columns = np.asfortranarray(flat, self._la_number)
        self.weights = self._la_columns.T.reshape(n_in, size, n_out).transpose(1, 2, 0)[::-1]

    def _la_current_columns(self) -> np.ndarray:
        """Return the kernel, (K * n_out, n_in), as it is summed up."""
        if self.weights.base is not self._la_columns:
            self.on_start()  # somebody has replaced it
        return self._la_columns

    _la_burst = InTimeBurst, "_la_current_columns"

    def _la_add_weights(self, at: np.ndarray, x: np.ndarray | None, sums: np.ndarray) -> None:
        """Add the kernels of neurons `at`, times `x`, to `sums` (post, K)."""
        dense_events(self._la_current_columns(), at, x, sums.T.reshape(-1))


@cpu_model(ConvInTime, "floating_pt")
@declares(float, "weights a_buff")
class PyConvInTimeFloat(AbstractPyConvInTimeModel, FloatNumbers):
    """Floating-point model of `ConvInTime`."""

    num_message_bits: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=5)


@cpu_model(ConvInTime, "fixed_pt")
class PyConvInTimeFixed(AbstractPyConvInTimeModel, FloatNumbers):
    """Fixed-point model of `ConvInTime`: whole numbers, in double precision; nothing is clipped."""

    weights: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=8)
    a_buff: np.ndarray = LavaPyType(np.ndarray, float)
    num_message_bits: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=5)

    _la_checks_fractions = True

    @classmethod
    def _la_arithmetic_of(cls) -> type[object]:
        return PyConvInTimeFixed

    def _la_factors(self, values: np.ndarray) -> np.ndarray:
        """Return received values as float64; `InvalidValueError` for fractions."""
        return super()._la_factors(integral_input(self, "s_in", values))
