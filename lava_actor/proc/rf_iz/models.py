"""Models of RF_IZ."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lava_actor.proc._model import cpu_model
from lava_actor.proc.rf.models import (
    BY_NEURON,
    AbstractPyRFModel,
    AbstractPyRFModelFixed,
    AbstractPyRFModelFloat,
    fixed_step,
    float_step,
)
from lava_actor.proc.rf_iz.process import RF_IZ

EPSILON_FLOAT = 1e-5
EPSILON_FIXED = 1
"""How far below the threshold a spike leaves the imaginary part."""


class _Crossing(AbstractPyRFModel):
    """Spikes where the imaginary part reaches the threshold, and resets it."""

    _la_epsilon: ClassVar[float]

    def _la_fire(self, real: np.ndarray, imag: np.ndarray) -> np.ndarray:
        spikes = imag >= self.vth
        self.real[...] = np.where(spikes, 0, real)
        self.imag[...] = np.where(spikes, self.vth - self._la_epsilon, imag)
        return spikes


@cpu_model(RF_IZ, "floating_pt")
class PyRF_IZModelFloat(_Crossing, AbstractPyRFModelFloat):  # noqa: N801 - the documented name
    """Floating-point model of `RF_IZ`."""

    cut = BY_NEURON
    native_step = float_step("rf_iz_f64")
    _la_epsilon = EPSILON_FLOAT


@cpu_model(RF_IZ, "fixed_pt")
class PyRF_IZModelFixed(_Crossing, AbstractPyRFModelFixed):  # noqa: N801 - the documented name
    """Fixed-point model of `RF_IZ`."""

    cut = BY_NEURON
    native_step = fixed_step("rf_iz_i32")
    _la_epsilon = EPSILON_FIXED
