"""Models of RF_IZ."""

from __future__ import annotations

import numpy as np

from lava_actor.proc._model import cpu_model
from lava_actor.proc.rf.models import (
    BY_NEURON,
    AbstractPyRFModelFixed,
    AbstractPyRFModelFloat,
    fixed_step,
    float_step,
)
from lava_actor.proc.rf_iz.process import RF_IZ

EPSILON_FLOAT = 1e-5
EPSILON_FIXED = 1
"""How far below the threshold a spike leaves the imaginary part."""


@cpu_model(RF_IZ, "floating_pt")
class PyRF_IZModelFloat(AbstractPyRFModelFloat):  # noqa: N801 - the documented name
    """Floating-point model of `RF_IZ`."""

    cut = BY_NEURON
    native_step = float_step("rf_iz_f64")

    def run_spk(self) -> None:
        """Receive, turn, send spikes, reset."""
        _step(self, EPSILON_FLOAT)


@cpu_model(RF_IZ, "fixed_pt")
class PyRF_IZModelFixed(AbstractPyRFModelFixed):  # noqa: N801 - the documented name
    """Fixed-point model of `RF_IZ`."""

    cut = BY_NEURON
    native_step = fixed_step("rf_iz_i32")

    def run_spk(self) -> None:
        """Receive, turn, send spikes, reset."""
        _step(self, EPSILON_FIXED)


def _step(model: AbstractPyRFModelFloat | AbstractPyRFModelFixed, epsilon: float) -> None:
    real, imag = model.resonator_dynamics(model.a_real_in.recv(), model.a_imag_in.recv())
    spikes = imag >= model.vth
    model.real[...] = np.where(spikes, 0, real)
    model.imag[...] = np.where(spikes, model.vth - epsilon, imag)
    model.s_out.send(spikes)
