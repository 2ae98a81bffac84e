"""Models of ATRLIF; equations in `lava_actor.proc.atrlif.process`."""

from __future__ import annotations

import numpy as np

from lava_actor.model.cuts import Cut
from lava_actor.model.members import declares
from lava_actor.model.native import NativeStep
from lava_actor.proc._arithmetic import integral_input, mag, sat24, shl, wrap24
from lava_actor.proc._model import LavaPyType, PyInPort, PyLoihiProcessModel, PyOutPort, cpu_model
from lava_actor.proc.atrlif.process import ATRLIF

DECAY_BITS = 12
DECAY_UNITY = 1 << DECAY_BITS
"""The fixed model multiplies by decays with 12 fractional bits."""
STATE_BITS = 6
STATE_UNITY = 1 << STATE_BITS
"""The fixed model keeps its state with 6 fractional bits."""

_NUMBERS = "delta_i delta_v delta_theta delta_r theta_0 theta_step"
_REPLACED = ("subthr_dynamics", "_la_spike", "_la_post_spike")

BY_NEURON = Cut("s_out", ("a_in", "s_out", "i", "v", "theta", "r", "s", "bias_mant", "bias_exp"))


class AbstractPyATRLIFModel(PyLoihiProcessModel):
    """Spiking and the reaction to a spike, which are the same in both number systems."""

    a_in: PyInPort
    s_out: PyOutPort
    i: np.ndarray
    v: np.ndarray
    theta: np.ndarray
    r: np.ndarray
    s: np.ndarray
    bias_mant: np.ndarray
    bias_exp: np.ndarray
    delta_i: np.ndarray
    delta_v: np.ndarray
    delta_theta: np.ndarray
    delta_r: np.ndarray
    theta_0: np.ndarray
    theta_step: np.ndarray

    def subthr_dynamics(self, activation_in: np.ndarray) -> None:
        """Update i, v, theta and r for one step without spikes."""
        raise NotImplementedError

    def _la_post_spike(self, spike_vector: np.ndarray, theta_step: np.ndarray) -> None:
        """Update r, then theta, where `spike_vector` is set."""
        self.r[spike_vector] += 2 * self.theta[spike_vector]
        self.theta += (spike_vector * theta_step).astype(self.theta.dtype, copy=False)

    def _la_spike(self, theta_step: np.ndarray) -> None:
        """Find who spikes, update their state, send."""
        spikes = self.v - self.r >= self.theta
        self.s[...] = spikes
        self._la_post_spike(spikes, theta_step)
        self.s_out.send(spikes)


@cpu_model(ATRLIF, "floating_pt")
@declares(float, f"a_in s_out i v theta r s bias_mant bias_exp {_NUMBERS}")
class PyATRLIFModelFloat(AbstractPyATRLIFModel):
    """Floating-point model of `ATRLIF`; `bias_exp` is not used."""

    cut = BY_NEURON
    native_step = NativeStep.of(
        float, "atrlif_f64", "a_in", {"s_out": bool}, "i v theta r s", "bias_mant",
        numbers=_NUMBERS.split(), stands_for=_REPLACED,
    )  # fmt: skip

    def subthr_dynamics(self, activation_in: np.ndarray) -> None:
        """Update i, v, theta and r for one step without spikes."""
        self.i[...] = (1 - self.delta_i) * self.i + activation_in
        self.v[...] = (1 - self.delta_v) * self.v + self.i + self.bias_mant
        self.theta[...] = (1 - self.delta_theta) * (self.theta - self.theta_0) + self.theta_0
        self.r[...] = (1 - self.delta_r) * self.r

    def run_spk(self) -> None:
        """Receive, update, send spikes."""
        self.subthr_dynamics(self.a_in.recv())
        self._la_spike(self.theta_step)


@cpu_model(ATRLIF, "bit_accurate_loihi", "fixed_pt")
@declares(np.int32, "s_out i v theta r", 24)
@declares(float, _NUMBERS)
class PyATRLIFModelFixed(AbstractPyATRLIFModel):
    """Fixed-point model of `ATRLIF`.

    ::

        i     = wrap24(mag(trunc(i * (4096 - (4096*delta_i + 1))), 12) + 64*a_in)
        v     = sat24(mag(v * int(4096 - 4096*delta_v), 12) + i + bias)
        theta = mag((theta - t0) * int(4096 - 4096*delta_theta), 12) + t0
        r     = mag(r * int(4096 - 4096*delta_r), 12)

    with ``t0 = int(64*theta_0)`` and ``int(64*theta_step)`` as the step of the threshold, both
    toward zero. `i`, `v`, `theta` and `r` are in units of 1/64; `theta_0` and `theta_step` stay in
    the units they were given in and may be set between runs. `theta` and `r` are int32 and do not
    saturate.
    """

    cut = BY_NEURON
    native_step = NativeStep.of(
        np.int32, "atrlif_i32", "a_in", {"s_out": bool},
        {**dict.fromkeys(("i", "v", "theta", "r"), np.int32), "s": bool}, "bias_mant bias_exp",
        numbers=_NUMBERS.split(), stands_for=_REPLACED,
    )  # fmt: skip

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=16)
    s: np.ndarray = LavaPyType(np.ndarray, bool)
    bias_mant: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=13)
    bias_exp: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=3)

    def on_start(self) -> None:
        """Bring the threshold into state scale."""
        given = self.proc_params.get("theta")
        start = self.theta_0 if given is None else np.asarray(given, dtype=float)
        self.theta[...] = _in_state_scale(start)

    def subthr_dynamics(self, activation_in: np.ndarray) -> None:
        """Update i, v, theta and r for one step without spikes."""
        decayed = np.trunc(self.i * (DECAY_UNITY - (DECAY_UNITY * self.delta_i + 1)))
        self.i[...] = wrap24(
            mag(decayed.astype(np.int64), DECAY_BITS)
            + (activation_in.astype(np.int64) << STATE_BITS)
        )
        bias = shl(self.bias_mant.astype(np.int64), self.bias_exp)
        self.v[...] = sat24(_decayed(self.v, self.delta_v) + self.i + bias)
        theta_0 = _in_state_scale(self.theta_0)
        self.theta[...] = _decayed(self.theta - theta_0, self.delta_theta) + theta_0
        self.r[...] = _decayed(self.r, self.delta_r)

    def run_spk(self) -> None:
        """Receive, update, send spikes."""
        self.subthr_dynamics(integral_input(self, "a_in", self.a_in.recv()))
        self._la_spike(_in_state_scale(self.theta_step))


def _decayed(state: np.ndarray, delta: np.ndarray) -> np.ndarray:
    factor = (DECAY_UNITY - DECAY_UNITY * delta).astype(np.int64)
    return mag(state.astype(np.int64) * factor, DECAY_BITS)


def _in_state_scale(value: np.ndarray) -> np.ndarray:
    return (value * STATE_UNITY).astype(np.int32)
