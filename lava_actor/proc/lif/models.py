"""Models of the LIF neurons.

`subthr_dynamics`, `spiking_activation`, `reset_voltage` and, in fixed point, `scale_bias` and
`scale_threshold` say in NumPy what a step is; subclasses may override any of them. A model that
overrides none does its steps natively (``native_step``), with the same result to the last bit, and
sends its spikes as events.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Never

import numpy as np

from lava_actor.errors import InvalidValueError
from lava_actor.model.cuts import Cut
from lava_actor.model.members import declares
from lava_actor.model.native import INT32, NativeStep, Part, replaceable
from lava_actor.proc._arithmetic import integral_input, mag, require_integral, shl
from lava_actor.proc._model import (
    LavaPyType,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    cpu_model,
    is_as_seen,
    seen,
)
from lava_actor.proc._siblings import of_sibling
from lava_actor.proc.lif.process import LIF, LIFRefractory, LIFReset, TernaryLIF

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lava_actor.proc.lif.learning_models import (
        PyLearningLIFModelFixed,
        PyLearningLifModelFloat,
    )
    from lava_actor.process.process import AbstractProcess

__all__ = [
    "AbstractPyLifModelFloat", "AbstractPyLifModelFixed", "PyLifModelFloat", "PyLifModelBitAcc",
    "PyLifResetModelFloat", "PyLifResetModelBitAcc", "PyLifRefractoryModelFloat",
    "PyLifRefractoryModelFixed", "PyTernLifModelFloat", "PyTernLifModelFixed",
    "PyLearningLifModelFloat", "PyLearningLIFModelFixed",
]  # fmt: skip


__getattr__ = of_sibling(__name__, "PyLearningLifModelFloat PyLearningLIFModelFixed")


class _LifModel(PyLoihiProcessModel):
    """What floating-point and fixed-point models share."""

    a_in: PyInPort
    s_out: PyOutPort
    u: np.ndarray
    v: np.ndarray
    bias_mant: np.ndarray
    bias_exp: np.ndarray
    vth: float | np.ndarray
    """Threshold; only models with one threshold have it."""
    s_out_buff: np.ndarray
    """The spikes of this step."""

    @classmethod
    def _la_doubts_of(cls, process: AbstractProcess) -> Iterable[str]:
        """Refuse parameters that fit no population."""
        shape = process.vars.u.shape
        for name in ("du", "dv", "vth"):
            given = np.asarray(process.vars[name].init if name in process.vars else 0)
            try:
                np.broadcast_to(given, shape)
            except ValueError:
                raise InvalidValueError(
                    f"{process.name}.{name}: expected one number, or shape {shape}, got shape "
                    f"{given.shape}"
                ) from None
        return ()

    def subthr_dynamics(self, activation_in: np.ndarray) -> None:
        """Update u and v with the input of this step."""
        raise NotImplementedError

    def spiking_activation(self) -> np.ndarray:
        """Return the spikes: a boolean array of the shape of v.

        Raises
        ------
        NotImplementedError
            If the model has no Var `vth` and does not override this method.
        """
        raise NotImplementedError

    @replaceable
    def reset_voltage(self, spike_vector: np.ndarray) -> None:
        """Set v to zero where there is a spike."""
        self.v[spike_vector.astype(bool, copy=False)] = 0

    def run_spk(self) -> None:
        """Receive, update, send spikes."""
        self._la_begin()
        self.subthr_dynamics(self.a_in.recv())
        self.s_out_buff = self.spiking_activation()
        self.reset_voltage(self.s_out_buff)
        self.s_out.send(self.s_out_buff)

    def _la_begin(self) -> None:
        """Prepare what the hooks use."""

    def _la_threshold(self, method: str) -> float | np.ndarray:
        """Return `vth`, without which this method has to be overridden."""
        vth: float | np.ndarray | None = getattr(self, "vth", None)
        if vth is None:
            raise NotImplementedError(f"{type(self).__name__}.{method}")
        return vth


BY_NEURON = Cut(
    "s_out",
    ("a_in", "s_out", "u", "v", "bias_mant", "bias_exp", "refractory_period_end", "du", "dv", "vth",
     "vth_hi", "vth_lo"),
    remade=("effective_bias", "s_out_buff"),
)

FIXED_RANGES = {"du": (-1, 4095), "dv": (0, 4096), "vth": INT32}
FIXED_CONSTANTS = {
    "ds_offset": 1, "dm_offset": 0, "max_uv_val": 2**23, "decay_shift": 12, "decay_unity": 4096,
    "vth_shift": 6, "act_shift": 6,
}  # fmt: skip
"""What the native steps of fixed-point models take for granted."""


def _methods(
    function: str, bias: str | None, clear: bool, period: bool, thresholds: tuple[str, ...]
) -> list[Part]:  # fmt: skip
    """The methods that make up a step; ``bias``: function of those with scaled parameters."""
    dynamics = "_la_decayed", "_la_update_current", "scale_bias"
    resting = ("process_spikes",) if period else ()
    return [
        *([Part("_la_clear", f"{function}_clear")] if clear else ()),
        *([Part("scale_bias", bias, makes={"effective_bias": np.int64}),
           Part("_la_scale_threshold_once", None, unless="_la_is_scaled")] if bias else ()),
        Part("subthr_dynamics", f"{function.replace('_reset', '')}_subthr", takes="a_in",
             uses=dynamics if bias else ()),
        Part("spiking_activation", f"{function.replace('_reset', '')}_fires", gives="s_out",
             uses=("scale_threshold",) if bias else (), alone=thresholds),
        Part("reset_voltage", f"{function.replace('_reset', '')}_rests", takes="s_out",
             uses=resting),
    ]  # fmt: skip


_NONE: Mapping[str, Never] = MappingProxyType({})


def _of_each(function: str) -> str:
    """The function for decays and thresholds that each neuron has of its own."""
    name, _, number = function.rpartition("_")
    return f"{name}_each_{number}"


def _step(
    number: type, function: str, thresholds: tuple[str, ...] = ("vth",), sent: type = bool,
    state: Mapping[str, type] = _NONE, integers: Mapping[str, tuple[int, int]] = _NONE,
    clear: bool = False, period: bool = False, bias: str = "lif_bias",
) -> NativeStep:  # fmt: skip
    """The native step of a model, see ``lif.h``: in double precision, or in integers."""
    fixed, own = number is np.int32, ("du", "dv", *thresholds)
    vectors = "bias_mant bias_exp" if fixed else "bias_mant"
    limits = {name: FIXED_RANGES.get(name, INT32) for name in own} if fixed else {}
    step = partial(
        NativeStep.of, number, inputs="a_in", outputs={"s_out": sent},
        state={"u": number, "v": number, **state}, shows={"s_out": "s_out_buff"},
        constants=FIXED_CONSTANTS if fixed else {}, stands_for=("_la_begin",),
    )  # fmt: skip
    return step(
        function=function,
        parameters=vectors,
        numbers=() if fixed else own,
        integers={**limits, **integers},
        parts=_methods(function, bias if fixed else None, clear, period, thresholds),
        in_parts={name: f"effective_{name}" for name in thresholds} if fixed else {},
        each=step(
            function=_of_each(function),
            parameters=f"{vectors} {' '.join(own)}",
            integers={**integers},
        ),
    )


def _is_outside(given: object, low: float, high: float) -> bool:
    array = np.asarray(given)
    return array.dtype.kind in "biuf" and bool(((array < low) | (array > high)).any())


@declares(float, "a_in u v bias_mant bias_exp")
class AbstractPyLifModelFloat(_LifModel):
    """LIF dynamics in double precision.

    ::

        u = u*(1 - du) + a_in
        v = v*(1 - dv) + u + bias_mant
        s_out = [v > vth];  v = 0 where s_out
    """

    du: float = LavaPyType(float, float)
    dv: float = LavaPyType(float, float)

    native_step: ClassVar[NativeStep | None] = _step(float, "lif_f64")

    @classmethod
    def _la_doubts_of_value(cls, name: str, value: object) -> str | None:
        """Say which parameters make no sense in floating point."""
        if name in ("du", "dv") and _is_outside(value, 0, 1):
            return (
                f"expected the fraction that decays per step, from 0 to 1, got {value}; only "
                f"fixed-point models count in units of 1/4096"
            )
        if name == "vth" and _is_outside(value, 0, np.inf):
            return (
                f"{value} is below 0, to which a spike resets v: these neurons spike in every step"
            )
        return None

    @replaceable
    def subthr_dynamics(self, activation_in: np.ndarray) -> None:
        """Update u and v with the input of this step."""
        self.u[...] = self.u * (1 - self.du) + activation_in
        self.v[...] = self.v * (1 - self.dv) + self.u + self.bias_mant

    @replaceable
    def spiking_activation(self) -> np.ndarray:
        """Return ``v > vth``."""
        return self.v > self._la_threshold("spiking_activation")


class AbstractPyLifModelFixed(_LifModel):
    """LIF dynamics in the integers of Loihi.

    With the functions of `lava_actor.proc._arithmetic`::

        u = wrap24(mag(u*(4096 - (du + 1)), 12) + (a_in << 6))
        v = sat24(mag(v*(4096 - dv), 12) + u + shl(bias_mant, bias_exp))
        s_out = [v > (vth << 6)];  v = 0 where s_out

    ``a_in << 6`` wraps in 32 bits, or in 64 if the senders send that. Meant ranges: du, dv 0 to
    4095, bias_mant -4096 to 4095, bias_exp 0 to 7 (negative exponents shift right; beyond -31 and
    31 they count as these), vth 0 to 131071.

    Attributes
    ----------
    ds_offset, dm_offset : int
        Added to du and dv. With the offset of 1, even du = 0 decays, and du = 4095 removes u.
    uv_bitwidth, max_uv_val : int
        u wraps and v saturates at ``max_uv_val = 2**(uv_bitwidth - 1)``.
    decay_shift, decay_unity : int
        Decays are in units of ``1/decay_unity = 2**-decay_shift``.
    vth_shift, act_shift : int
        Threshold and input are shifted left by these.
    effective_bias, effective_vth : ndarray
        Bias and threshold in units of v.
    isthrscaled : bool
        Whether `effective_vth` is up to date.

    Raises
    ------
    InvalidValueError
        At start, if a parameter is not integral, or does not fit: 16 bits with a sign for biases,
        32 for the others.
    """

    @classmethod
    def _la_doubts_of_value(cls, name: str, value: object) -> str | None:
        """Say which parameters make no sense in fixed point."""
        if name not in ("du", "dv") or not _is_outside(value, *(range_ := FIXED_RANGES[name])):
            return None
        return (
            f"expected what decays per step in units of 1/4096, from {range_[0]} to {range_[1]}, "
            f"got {value}"
        )

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int16, precision=16)
    u: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)
    v: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)
    bias_mant: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=13)
    bias_exp: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=3)
    du: int = LavaPyType(int, np.int32, precision=12)
    dv: int = LavaPyType(int, np.int32, precision=12)

    effective_bias: np.ndarray
    effective_vth: int | np.ndarray

    native_step: ClassVar[NativeStep | None] = _step(np.int32, "lif_i32")

    _la_parameters: ClassVar[dict[str, type[np.integer]]] = {
        **dict.fromkeys(("u", "v", "du", "dv"), np.int32),
        **dict.fromkeys(("bias_mant", "bias_exp"), np.int16),
        **dict.fromkeys(("vth", "vth_lo", "vth_hi"), np.int32),
    }

    def __init__(self, proc_params: object = None) -> None:
        super().__init__(proc_params)
        self.ds_offset = 1
        self.dm_offset = 0
        self.uv_bitwidth = 24
        self.max_uv_val = 2 ** (self.uv_bitwidth - 1)
        self.decay_shift = 12
        self.decay_unity = 2**self.decay_shift
        self.vth_shift = 6
        self.act_shift = 6
        self.effective_bias = np.zeros(1, np.int64)
        self.effective_vth = 0
        self.isthrscaled = False
        self._la_scaled_from: dict[str, object] = {}

    def on_start(self) -> None:
        """Check the parameters: what is not integral has been cut off on the way here."""
        given = self.proc_params if self.proc_params is not None else {}
        for name, dtype in self._la_parameters.items():
            if name in given:
                require_integral(self, name, given[name], dtype)
        for name in self._la_parameters:
            self._la_check_value(name)

    def _la_var_written(self, name: str) -> None:
        if name in self._la_parameters:
            self._la_check_value(name)

    def _la_check_value(self, name: str) -> None:
        value: Any = getattr(self, name, None)
        is_state = name in ("u", "v") and isinstance(value, np.ndarray)
        if value is not None and not is_state:
            require_integral(self, name, value, self._la_parameters[name])

    # -- the step in NumPy -------------------------------------------------------------------

    @replaceable
    def scale_bias(self) -> None:
        """Set `effective_bias` from `bias_mant` and `bias_exp`; called in every step."""
        exponent = np.clip(self.bias_exp, -31, 31)
        self.effective_bias = shl(np.asarray(self.bias_mant).astype(np.int64), exponent)

    def scale_threshold(self) -> None:
        """Set `effective_vth` from `vth`; called before the first step and when `vth` has changed.

        Raises
        ------
        NotImplementedError
            If the model has no Var `vth` and does not override this method.
        """
        self.effective_vth = self._la_scaled(self._la_threshold("scale_threshold"))
        self.isthrscaled = True

    def _la_scaled(self, vth: object) -> np.ndarray:
        return np.asarray(np.left_shift(np.asarray(vth, np.int64), self.vth_shift))

    @replaceable
    def subthr_dynamics(self, activation_in: np.ndarray) -> None:
        """Update u and v with the input of this step."""
        self._la_update_current(activation_in)
        voltage = self._la_decayed(self.v, self.dv + self.dm_offset)
        voltage += self.u
        voltage += self.effective_bias
        self.v[...] = np.clip(voltage, 1 - self.max_uv_val, self.max_uv_val - 1)

    def _la_update_current(self, activation_in: np.ndarray) -> None:
        limit = self.max_uv_val
        activation = integral_input(self, "a_in", activation_in)
        if activation.dtype.itemsize < 4:
            activation = activation.astype(np.int32)
        current = self._la_decayed(self.u, self.du + self.ds_offset)
        current += activation << activation.dtype.type(self.act_shift)
        current -= 2 * limit * (current > limit)
        current += 2 * limit * (current <= -limit)
        self.u[...] = current

    def _la_decayed(self, state: np.ndarray, decay: object) -> np.ndarray:
        kept = state.astype(np.int64) * (self.decay_unity - np.asarray(decay, np.int64))
        return mag(kept, self.decay_shift)

    @replaceable
    def spiking_activation(self) -> np.ndarray:
        """Return ``v > effective_vth``."""
        self._la_threshold("spiking_activation")
        return self.v > self.effective_vth

    def _la_begin(self) -> None:
        super()._la_begin()
        self.scale_bias()
        self._la_scale_threshold_once()

    def _la_scale_threshold_once(self) -> None:
        if not self._la_is_scaled():
            self.scale_threshold()
            found = {n: vars(self)[n] for n in ("vth", "vth_hi", "vth_lo") if n in vars(self)}
            self._la_scaled_from = {name: seen(self, value) for name, value in found.items()}

    def _la_is_scaled(self) -> bool:
        """Whether `effective_vth` is of the thresholds as they are now, whoever wrote them."""
        before = self._la_scaled_from
        if not self.isthrscaled or type(before) is not dict:  # the latter out of a file of old
            return False
        for name, was in before.items():  # asked for in every step
            now = getattr(self, name)
            if now is not was and not is_as_seen(self, now, was):
                return False
        return True


class OneThresholdFloat(AbstractPyLifModelFloat):
    """LIF dynamics in double precision, with one threshold."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    vth: float = LavaPyType(float, float)


class OneThresholdFixed(AbstractPyLifModelFixed):
    """LIF dynamics in the integers of Loihi, with one threshold."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    vth: int = LavaPyType(int, np.int32, precision=17)


@cpu_model(LIF, "floating_pt")
class PyLifModelFloat(OneThresholdFloat):
    """Floating-point model of `LIF`."""

    cut = BY_NEURON


@cpu_model(LIF, "bit_accurate_loihi", "fixed_pt")
class PyLifModelBitAcc(OneThresholdFixed):
    """Fixed-point model of `LIF`, bit by bit as on Loihi."""

    cut = BY_NEURON


class _Resetting(_LifModel):
    """Clears the state at regular intervals."""

    def __init__(self, proc_params: Any = None) -> None:
        super().__init__(proc_params)
        self.reset_interval = int(proc_params["reset_interval"])
        self.reset_offset = int(proc_params["reset_offset"]) % self.reset_interval

    def _la_begin(self) -> None:
        self._la_clear()
        super()._la_begin()

    def _la_clear(self) -> None:
        """Clear the state if it is time."""
        if self.time_step % self.reset_interval == self.reset_offset:
            self.u[...] = 0
            self.v[...] = 0


_SCHEDULE: dict[str, Any] = {
    "integers": {"reset_interval": (1, INT32[1]), "reset_offset": INT32},
    "clear": True,
}


@cpu_model(LIFReset, "floating_pt")
class PyLifResetModelFloat(_Resetting, OneThresholdFloat):
    """Floating-point model of `LIFReset`."""

    native_step = _step(float, "lif_reset_f64", **_SCHEDULE)
    cut = BY_NEURON


@cpu_model(LIFReset, "bit_accurate_loihi", "fixed_pt")
class PyLifResetModelBitAcc(_Resetting, OneThresholdFixed):
    """Fixed-point model of `LIFReset`."""

    native_step = _step(np.int32, "lif_reset_i32", **_SCHEDULE)
    cut = BY_NEURON


class _Refractory(_LifModel):
    """Keeps v as it is for some steps after a spike."""

    refractory_period_end: np.ndarray = LavaPyType(np.ndarray, int)

    def __init__(self, proc_params: Any = None) -> None:
        super().__init__(proc_params)
        self.refractory_period = int(proc_params["refractory_period"])

    @replaceable
    def subthr_dynamics(self, activation_in: np.ndarray) -> None:
        """Update u everywhere, v where the refractory period is over."""
        resting = self.refractory_period_end >= self.time_step
        kept = self.v[resting]
        super().subthr_dynamics(activation_in)
        self.v[resting] = kept

    @replaceable
    def reset_voltage(self, spike_vector: np.ndarray) -> None:
        """Set v to zero where there is a spike, and begin the refractory period."""
        self.process_spikes(spike_vector)

    def process_spikes(self, spike_vector: np.ndarray) -> None:
        """Do what a spike does to its neuron, see `reset_voltage`."""
        super().reset_voltage(spike_vector)
        self.refractory_period_end[spike_vector] = self.time_step + self.refractory_period


_RESTING: dict[str, Any] = {
    "state": {"refractory_period_end": np.int64},
    "integers": {"refractory_period": INT32},
    "period": True,
}


@cpu_model(LIFRefractory, "floating_pt")
class PyLifRefractoryModelFloat(_Refractory, OneThresholdFloat):
    """Floating-point model of `LIFRefractory`."""

    native_step = _step(float, "lif_refractory_f64", **_RESTING)
    cut = BY_NEURON


@cpu_model(LIFRefractory, "fixed_pt")
class PyLifRefractoryModelFixed(_Refractory, OneThresholdFixed):
    """Fixed-point model of `LIFRefractory`: the equations of `PyLifModelBitAcc`, v rests."""

    native_step = _step(np.int32, "lif_refractory_i32", bias="lif_refractory_bias", **_RESTING)
    cut = BY_NEURON


@cpu_model(TernaryLIF, "floating_pt")
class PyTernLifModelFloat(AbstractPyLifModelFloat):
    """Floating-point model of `TernaryLIF`."""

    native_step = _step(float, "lif_ternary_f64", ("vth_hi", "vth_lo"), sent=np.int8)
    cut = BY_NEURON

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    vth_hi: float = LavaPyType(float, float)
    vth_lo: float = LavaPyType(float, float)

    @replaceable
    def spiking_activation(self) -> np.ndarray:
        """Return 1 above the upper threshold, -1 below the lower one."""
        return (self.v > self.vth_hi).astype(np.int8) - (self.v < self.vth_lo)


@cpu_model(TernaryLIF, "fixed_pt")
class PyTernLifModelFixed(AbstractPyLifModelFixed):
    """Fixed-point model of `TernaryLIF`."""

    native_step = _step(np.int32, "lif_ternary_i32", ("vth_hi", "vth_lo"), sent=np.int8)
    cut = BY_NEURON

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, int, precision=2)
    vth_hi: int = LavaPyType(int, np.int32, precision=24)
    vth_lo: int = LavaPyType(int, np.int32, precision=24)

    def __init__(self, proc_params: object = None) -> None:
        super().__init__(proc_params)
        self.effective_vth_hi: object = 0
        self.effective_vth_lo: object = 0

    def scale_threshold(self) -> None:
        """Set both effective thresholds."""
        self.effective_vth_hi, self.effective_vth_lo = (
            self._la_scaled(vth) for vth in (self.vth_hi, self.vth_lo)
        )
        self.isthrscaled = True

    @replaceable
    def spiking_activation(self) -> np.ndarray:
        """Return 1 above the upper threshold, -1 below the lower one."""
        above = (self.v > self.effective_vth_hi).astype(np.int8)
        return above - (self.v < self.effective_vth_lo)
