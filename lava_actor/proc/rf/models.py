"""Models of RF; the rotation is shared with RF_IZ."""

from __future__ import annotations

import numpy as np

from lava_actor.errors import InvalidValueError
from lava_actor.model.cuts import Cut
from lava_actor.model.members import declares
from lava_actor.model.native import NativeStep
from lava_actor.proc._arithmetic import integral_input, mag, sat24, shl
from lava_actor.proc._model import LavaPyType, PyInPort, PyLoihiProcessModel, PyOutPort, cpu_model
from lava_actor.proc.rf.process import RF
from lava_actor.process.parameters import ProcessParameters

State = tuple[np.ndarray, np.ndarray]
"""Real and imaginary part."""

BY_NEURON = Cut("s_out", ("a_real_in", "a_imag_in", "s_out", "real", "imag"))


def float_step(function: str) -> NativeStep:
    """The native step of a floating-point model, see ``resonators.h``."""
    return NativeStep.of(
        float, function, "a_real_in a_imag_in", {"s_out": bool}, "real imag",
        numbers=("sin_decay", "cos_decay", "vth"),
        stands_for=("resonator_dynamics", "_la_fire"),
    )  # fmt: skip


def fixed_step(function: str) -> NativeStep:
    """The native step of a fixed-point model, see ``resonators.h``."""
    return NativeStep.of(
        np.int32, function, "a_real_in a_imag_in", {"s_out": bool}, "real imag",
        integers=("sin_decay", "cos_decay", "vth", "state_exp", "decay_bits"),
        stands_for=("resonator_dynamics", "_la_decayed", "_la_fire"),
    )  # fmt: skip


class AbstractPyRFModel(PyLoihiProcessModel):
    """Receives, turns the state, sends spikes."""

    a_real_in: PyInPort
    a_imag_in: PyInPort
    s_out: PyOutPort
    real: np.ndarray
    imag: np.ndarray
    sin_decay: np.ndarray
    cos_decay: np.ndarray
    state_exp: np.ndarray
    decay_bits: np.ndarray
    vth: np.ndarray

    def resonator_dynamics(self, a_real_in: np.ndarray, a_imag_in: np.ndarray) -> State:
        """Return real and imaginary part after this step."""
        raise NotImplementedError

    def _la_fire(self, real: np.ndarray, imag: np.ndarray) -> np.ndarray:
        """Take over the state after this step; return who spikes."""
        spikes = (real >= self.vth) & (imag >= 0) & (self.imag < 0)
        self.real[...] = real
        self.imag[...] = imag
        return spikes

    def run_spk(self) -> None:
        """Receive, turn, send spikes."""
        turned = self.resonator_dynamics(self.a_real_in.recv(), self.a_imag_in.recv())
        self.s_out.send(self._la_fire(*turned))


@declares(float, "a_real_in a_imag_in real imag sin_decay cos_decay vth")
@declares(np.int32, "state_exp decay_bits")
class AbstractPyRFModelFloat(AbstractPyRFModel):
    """The damped oscillation in double precision."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, bool)

    def resonator_dynamics(self, a_real_in: np.ndarray, a_imag_in: np.ndarray) -> State:
        """Return real and imaginary part after this step."""
        real = self.cos_decay * self.real - self.sin_decay * self.imag + a_real_in
        imag = self.sin_decay * self.real + self.cos_decay * self.imag + a_imag_in
        return real, imag


@declares(np.int32, "a_real_in a_imag_in s_out real imag vth", 24)
@declares(np.int32, "sin_decay cos_decay", 12)
@declares(np.int32, "state_exp decay_bits", 6)
class AbstractPyRFModelFixed(AbstractPyRFModel):
    """The damped oscillation in fixed point.

    Each of the four products is 64 bits wide and shifted back by `decay_bits` toward zero; the new
    state saturates at 24 bits.
    """

    def __init__(self, proc_params: ProcessParameters) -> None:
        super().__init__(proc_params)
        decay_bits = proc_params.get("decay_bits", 0)
        if decay_bits < 1:
            raise InvalidValueError(
                f"RF.decay_bits: the fixed-point model needs at least 1 fractional bit for the "
                f"decays (12 are usual), got {decay_bits!r}"
            )

    def resonator_dynamics(self, a_real_in: np.ndarray, a_imag_in: np.ndarray) -> State:
        """Return real and imaginary part after this step."""
        decayed, cos, sin = self._la_decayed, self.cos_decay, self.sin_decay
        real = decayed(cos, self.real) - decayed(sin, self.imag)
        imag = decayed(sin, self.real) + decayed(cos, self.imag)
        real += shl(integral_input(self, "a_real_in", a_real_in), self.state_exp)
        imag += shl(integral_input(self, "a_imag_in", a_imag_in), self.state_exp)
        return sat24(real), sat24(imag)

    def _la_decayed(self, decay: np.ndarray, state: np.ndarray) -> np.ndarray:
        return mag(decay.astype(np.int64) * state, self.decay_bits)


@cpu_model(RF, "floating_pt")
class PyRFModelFloat(AbstractPyRFModelFloat):
    """Floating-point model of `RF`."""

    cut = BY_NEURON
    native_step = float_step("rf_f64")


@cpu_model(RF, "fixed_pt")
class PyRFModelFixed(AbstractPyRFModelFixed):
    """Fixed-point model of `RF`."""

    cut = BY_NEURON
    native_step = fixed_step("rf_i32")
