"""Models of Sigma, Delta and SigmaDelta.

Equations are in `lava_actor.proc.sdn.process`. The models are put together from three stages, one
method each, which subclasses may override: `sigma_dynamics` (sum up), `activation_dynamics` and
`delta_dynamics` (send what changed).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from lava_actor.errors import UnsupportedError
from lava_actor.model.cuts import Cut
from lava_actor.model.members import declares
from lava_actor.model.native import INT32, NativeStep
from lava_actor.proc._arithmetic import asr, integral_input, kept, shl
from lava_actor.proc._model import LavaPyType, PyInPort, PyLoihiProcessModel, PyOutPort, cpu_model
from lava_actor.proc.sdn.process import ActivationMode, Delta, Sigma, SigmaDelta

BY_NEURON = Cut("s_out", ("a_in", "s_out", "sigma", "act", "residue", "error", "bias"))


def ReLU(x: np.ndarray) -> np.ndarray:  # noqa: N802 - the documented name
    """Return what is positive; zero elsewhere."""
    return np.maximum(x, 0)


_EXPONENT = (-(2**30), 2**30)
"""The sum of two does not wrap."""
_STAGES = ("sigma_dynamics", "activation_dynamics", "dynamics", "_la_rectifies")


def _sigma_step(function: str, number: DTypeLike) -> NativeStep:
    return NativeStep.of(
        number, function, "a_in", "s_out", "sigma", stands_for=("sigma_dynamics",)
    )


def _delta_step(function: str, number: DTypeLike, *last: str) -> NativeStep:
    """The native step of a model with a delta stage, see ``sigma_delta.h``."""
    fixed = np.dtype(number).kind == "i"
    sums = "_la_rectifies" in last
    state = "act residue error sigma" if sums else "act residue error"
    return NativeStep.of(
        number, function, "a_in", "s_out", state, "bias" if sums else "",
        numbers=() if fixed else ("vth",),
        integers={
            "cum_error": INT32,
            **({"vth": INT32, "state_exp": _EXPONENT} if fixed else {}),
            **dict.fromkeys(last, _EXPONENT),
        },
        stands_for=("delta_dynamics", *(_STAGES if sums else ())),
    )  # fmt: skip


class AbstractSigmaModel(PyLoihiProcessModel):
    """The sigma stage: sums up the input."""

    a_in: PyInPort
    s_out: PyOutPort
    sigma: np.ndarray

    def sigma_dynamics(self, a_in_data: np.ndarray) -> np.ndarray:
        """Add the input to `sigma`; returns the new sum."""
        self.sigma = kept(self.sigma, self.sigma + a_in_data)
        return self.sigma

    def run_spk(self) -> None:
        """Receive, sum up, send the sum."""
        self.s_out.send(self.sigma_dynamics(self.a_in.recv()))


class AbstractDeltaModel(PyLoihiProcessModel):
    """The delta stage: sends what changed by at least the threshold."""

    a_in: PyInPort
    s_out: PyOutPort
    vth: np.ndarray
    sigma: np.ndarray
    act: np.ndarray
    residue: np.ndarray
    error: np.ndarray
    spike_exp: np.ndarray
    state_exp: np.ndarray
    cum_error: np.ndarray

    @classmethod
    def _la_doubts_of_value(cls, name: str, value: object) -> str | None:
        """Say which thresholds make no sense."""
        below = name == "vth" and np.any(np.asarray(value) < 0)
        return f"{value} is below 0: every change is sent in every step" if below else None

    def delta_dynamics(self, act_data: np.ndarray) -> np.ndarray:
        """Return the change to send for a new activation, both in state scale."""
        delta = act_data - self.act + self.residue
        compared = delta
        if self.cum_error:
            self.error = kept(self.error, self.error + delta)
            compared = self.error
        s_out = np.where(np.abs(compared) >= self.vth, delta, 0)
        if self.cum_error:
            self.error[s_out != 0] = 0
        self.residue = kept(self.residue, delta - s_out)
        self.act = kept(self.act, act_data)
        return s_out


@cpu_model(Sigma, "floating_pt")
@declares(float, "a_in s_out sigma")
class PySigmaModelFloat(AbstractSigmaModel):
    """Floating-point model of `Sigma`."""

    cut = BY_NEURON
    native_step = _sigma_step("sigma_f64", float)


@cpu_model(Sigma, "fixed_pt")
@declares(np.int32, "a_in s_out sigma", 24)
class PySigmaModelFixed(AbstractSigmaModel):
    """Fixed-point model of `Sigma`."""

    cut = BY_NEURON
    native_step = _sigma_step("sigma_i32", np.int32)

    def sigma_dynamics(self, a_in_data: np.ndarray) -> np.ndarray:
        """Add the input to `sigma`; returns the new sum."""
        return super().sigma_dynamics(integral_input(self, "a_in", a_in_data))


@cpu_model(Delta, "floating_pt")
@declares(float, "a_in s_out vth sigma act residue error")
@declares(np.int32, "spike_exp state_exp")
class PyDeltaModelFloat(AbstractDeltaModel):
    """Floating-point model of `Delta`."""

    cut = BY_NEURON
    native_step = _delta_step("delta_f64", float)

    cum_error: np.ndarray = LavaPyType(np.ndarray, bool)

    def run_spk(self) -> None:
        """Receive the activation, send its change."""
        self.s_out.send(self.delta_dynamics(self.a_in.recv()))


@cpu_model(Delta, "fixed_pt")
@declares(np.int32, "a_in s_out vth sigma act residue error", 24)
@declares(np.int32, "spike_exp state_exp", 3)
class PyDeltaModelFixed(AbstractDeltaModel):
    """Fixed-point model of `Delta`."""

    cut = BY_NEURON
    native_step = _delta_step("delta_i32", np.int32, "spike_exp")

    cum_error: np.ndarray = LavaPyType(np.ndarray, bool, precision=1)

    def run_spk(self) -> None:
        """Receive the activation, send its change, both in message scale."""
        a_in = integral_input(self, "a_in", self.a_in.recv())
        delta = self.delta_dynamics(shl(a_in, self.spike_exp + self.state_exp))
        self.s_out.send(asr(delta, self.state_exp))


class AbstractSigmaDeltaModel(AbstractSigmaModel, AbstractDeltaModel):
    """Sigma stage, activation function and delta stage in one."""

    bias: np.ndarray

    @property
    def _la_rectifies(self) -> int | None:
        """1 or 0: whether the activation function is `ReLU`; None for an unknown one."""
        modes = {ActivationMode.UNIT: 0, ActivationMode.RELU: 1}
        return modes.get(self.proc_params["act_mode"])

    def activation_dynamics(self, sigma_data: np.ndarray) -> np.ndarray:
        """Return the activation for the summed input, bias included."""
        if self._la_rectifies is None:
            raise UnsupportedError(
                f"SigmaDelta.act_mode: expected a member of ActivationMode, got "
                f"{self.proc_params['act_mode']!r}"
            )
        total = sigma_data + self.bias
        return ReLU(total) if self._la_rectifies else total

    def dynamics(self, a_in_data: np.ndarray) -> np.ndarray:
        """Run all three stages; returns the change to send, in state scale."""
        sigma = self.sigma_dynamics(a_in_data)
        return self.delta_dynamics(self.activation_dynamics(sigma))

    def run_spk(self) -> None:
        """Receive changes, send changes."""
        self.s_out.send(self.dynamics(self.a_in.recv()))


@declares(float, "a_in s_out vth sigma act residue error bias")
@declares(np.int32, "spike_exp state_exp")
class AbstractSigmaDeltaModelFloat(AbstractSigmaDeltaModel):
    """All stages in double precision."""

    cum_error: np.ndarray = LavaPyType(np.ndarray, bool)


@cpu_model(SigmaDelta, "floating_pt")
class PySigmaDeltaModelFloat(AbstractSigmaDeltaModelFloat):
    """Floating-point model of `SigmaDelta`."""

    cut = BY_NEURON
    native_step = _delta_step("sigma_delta_f64", float, "_la_rectifies")


@declares(np.int32, "a_in s_out vth sigma act residue error bias", 24)
@declares(np.int32, "spike_exp state_exp", 3)
class AbstractSigmaDeltaModelFixed(AbstractSigmaDeltaModel):
    """What the two fixed-point models of `SigmaDelta` have in common."""

    cum_error: np.ndarray = LavaPyType(np.ndarray, bool, precision=1)

    def sigma_dynamics(self, a_in_data: np.ndarray) -> np.ndarray:
        """Add the input to `sigma`; returns the new sum."""
        return super().sigma_dynamics(integral_input(self, "a_in", a_in_data))

    def run_spk(self) -> None:
        """Receive changes in state scale, send changes in message scale."""
        self.s_out.send(asr(self.dynamics(self.a_in.recv()), self.state_exp))


@cpu_model(SigmaDelta, "fixed_pt")
class PySigmaDeltaModelFixed(AbstractSigmaDeltaModelFixed):
    """Fixed-point model of `SigmaDelta`."""

    cut = BY_NEURON
    native_step = _delta_step("sigma_delta_i32", np.int32, "_la_rectifies")


@cpu_model(SigmaDelta, "fixed_pt")
class PySigmaDeltaModelFixedCorrected(AbstractSigmaDeltaModelFixed):
    """Fixed-point model of `SigmaDelta` that loses no bits in what it sends.

    ::

        delta = f(sigma + bias) - act
        s_out = floor([|delta| >= vth] * delta / 2**state_exp)
        act  += s_out * 2**state_exp

    `act` is what receivers have summed up so far, so that bits cut off from one message are part of
    the next; `residue`, `error` and `cum_error` are not used. Chosen through the
    ``exception_proc_model_map`` of a run configuration only.
    """

    cut = BY_NEURON
    native_step = NativeStep.of(
        np.int32, "sigma_delta_corrected_i32", "a_in", "s_out", "act sigma", "bias",
        integers=("_la_rectifies", "state_exp", "vth"), stands_for=("delta_dynamics", *_STAGES),
    )  # fmt: skip

    def delta_dynamics(self, act_data: np.ndarray) -> np.ndarray:
        """Return the change to send for a new activation, both in state scale."""
        delta = act_data - self.act
        sent = asr(np.where(np.abs(delta) >= self.vth, delta, 0), self.state_exp) << self.state_exp
        self.act = kept(self.act, self.act + sent)
        return sent
