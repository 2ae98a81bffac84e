"""Models of RF; the rotation is shared with RF_IZ."""

from __future__ import annotations

import numpy as np

from lava_actor.errors import InvalidValueError
from lava_actor.model.cuts import Cut
from lava_actor.model.native import NativeStep
from lava_actor.proc._arithmetic import integral_input, mag, sat24, shl
from lava_actor.proc._model import LavaPyType, PyInPort, PyLoihiProcessModel, PyOutPort, cpu_model
from lava_actor.proc.rf.process import RF
from lava_actor.process.parameters import ProcessParameters

BY_NEURON = Cut("s_out", ("a_real_in", "a_imag_in", "s_out", "real", "imag"))


def float_step(function: str) -> NativeStep:
    """The native step of a floating-point model, see ``resonators.h``."""
    return NativeStep(
        function,
        inputs={"a_real_in": float, "a_imag_in": float},
        outputs={"s_out": bool},
        state={"real": float, "imag": float},
        numbers=("sin_decay", "cos_decay", "vth"),
        stands_for=("resonator_dynamics",),
    )


def fixed_step(function: str) -> NativeStep:
    """The native step of a fixed-point model, see ``resonators.h``."""
    return NativeStep(
        function,
        inputs={"a_real_in": np.int32, "a_imag_in": np.int32},
        outputs={"s_out": bool},
        state={"real": np.int32, "imag": np.int32},
        integers=("sin_decay", "cos_decay", "vth", "state_exp", "decay_bits"),
        stands_for=("resonator_dynamics", "_decayed"),
    )


class AbstractPyRFModelFloat(PyLoihiProcessModel):
    """The damped oscillation in double precision."""

    a_real_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_imag_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, bool)
    real: np.ndarray = LavaPyType(np.ndarray, float)
    imag: np.ndarray = LavaPyType(np.ndarray, float)
    sin_decay: np.ndarray = LavaPyType(np.ndarray, float)
    cos_decay: np.ndarray = LavaPyType(np.ndarray, float)
    state_exp: np.ndarray = LavaPyType(np.ndarray, np.int32)
    decay_bits: np.ndarray = LavaPyType(np.ndarray, np.int32)
    vth: np.ndarray = LavaPyType(np.ndarray, float)

    def resonator_dynamics(
        self, a_real_in: np.ndarray, a_imag_in: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return real and imaginary part after this step."""
        real = self.cos_decay * self.real - self.sin_decay * self.imag + a_real_in
        imag = self.sin_decay * self.real + self.cos_decay * self.imag + a_imag_in
        return real, imag


class AbstractPyRFModelFixed(PyLoihiProcessModel):
    """The damped oscillation in fixed point.

    Each of the four products is 64 bits wide and shifted back by `decay_bits` toward zero; the new
    state saturates at 24 bits.
    """

    a_real_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    a_imag_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    real: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)
    imag: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)
    sin_decay: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=12)
    cos_decay: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=12)
    state_exp: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=6)
    decay_bits: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=6)
    vth: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)

    def __init__(self, proc_params: ProcessParameters) -> None:
        super().__init__(proc_params)
        decay_bits = proc_params.get("decay_bits", 0)
        if decay_bits < 1:
            raise InvalidValueError(
                f"RF.decay_bits: the fixed-point model needs at least 1 fractional bit for the "
                f"decays (12 are usual), got {decay_bits!r}"
            )

    def resonator_dynamics(
        self, a_real_in: np.ndarray, a_imag_in: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return real and imaginary part after this step."""
        real = self._decayed(self.cos_decay, self.real) - self._decayed(self.sin_decay, self.imag)
        imag = self._decayed(self.sin_decay, self.real) + self._decayed(self.cos_decay, self.imag)
        real += shl(integral_input(self, "a_real_in", a_real_in), self.state_exp)
        imag += shl(integral_input(self, "a_imag_in", a_imag_in), self.state_exp)
        return sat24(real), sat24(imag)

    def _decayed(self, decay: np.ndarray, state: np.ndarray) -> np.ndarray:
        return mag(decay.astype(np.int64) * state, self.decay_bits)


@cpu_model(RF, "floating_pt")
class PyRFModelFloat(AbstractPyRFModelFloat):
    """Floating-point model of `RF`."""

    cut = BY_NEURON
    native_step = float_step("rf_f64")

    def run_spk(self) -> None:
        """Receive, turn, send spikes."""
        _step(self)


@cpu_model(RF, "fixed_pt")
class PyRFModelFixed(AbstractPyRFModelFixed):
    """Fixed-point model of `RF`."""

    cut = BY_NEURON
    native_step = fixed_step("rf_i32")

    def run_spk(self) -> None:
        """Receive, turn, send spikes."""
        _step(self)


def _step(model: AbstractPyRFModelFloat | AbstractPyRFModelFixed) -> None:
    real, imag = model.resonator_dynamics(model.a_real_in.recv(), model.a_imag_in.recv())
    spikes = (real >= model.vth) & (imag >= 0) & (model.imag < 0)
    model.real[...] = real
    model.imag[...] = imag
    model.s_out.send(spikes)
