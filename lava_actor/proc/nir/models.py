"""Models of the nodes of NIR: what a node computes, in double precision, in the same step."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_actor.model.native import NativeStep
from lava_actor.proc._model import LavaPyType, PyInPort, PyLoihiProcessModel, PyOutPort, cpu_model
from lava_actor.proc.nir import process as nodes
from lava_actor.process.parameters import ProcessParameters
from lava_actor.process.process import AbstractProcess


def _step(function: str, parameters: str = "", sent: type = float, **more: Any) -> NativeStep:
    """The native step of a node, see ``nir.h``."""
    return NativeStep.of(
        float, function, "a_in", {"s_out": sent}, parameters=parameters, stands_for=("_la_answer",),
        **more,
    )  # fmt: skip


class AbstractNIRModel(PyLoihiProcessModel):
    """Receives, computes, sends: all in one step."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

    def _la_answer(self, x: np.ndarray) -> np.ndarray:
        """Return what is sent for what was received."""
        raise NotImplementedError

    def run_spk(self) -> None:
        """Receive, compute, send."""
        self.s_out.send(self._la_answer(self.a_in.recv()))


@cpu_model(nodes.Passage, "floating_pt")
class PyPassageModel(AbstractNIRModel):
    """Passes on, reshaped."""

    native_step = _step("keep_64", uniform=False)

    def _la_answer(self, x: np.ndarray) -> np.ndarray:
        """Return the same numbers in the shape of `s_out`."""
        return x.reshape(self.proc_params["shape_out"])


@cpu_model(nodes.Affine, "floating_pt")
class PyAffineModel(AbstractNIRModel):
    """A matrix product and a bias."""

    weight: np.ndarray = LavaPyType(np.ndarray, float)
    bias: np.ndarray = LavaPyType(np.ndarray, float)

    def _la_answer(self, x: np.ndarray) -> np.ndarray:
        """Return ``weight @ x + bias``."""
        return np.matmul(self.weight, x[..., None])[..., 0] + self.bias


@cpu_model(nodes.Scale, "floating_pt")
class PyScaleModel(AbstractNIRModel):
    """A product, element by element."""

    native_step = _step("scaled", "scale")

    scale: np.ndarray = LavaPyType(np.ndarray, float)

    def _la_answer(self, x: np.ndarray) -> np.ndarray:
        """Return ``scale * x``."""
        return self.scale * x


@cpu_model(nodes.Threshold, "floating_pt")
class PyThresholdModel(AbstractNIRModel):
    """A comparison, element by element."""

    native_step = _step("above", "threshold", sent=bool)

    threshold: np.ndarray = LavaPyType(np.ndarray, float)

    def _la_answer(self, x: np.ndarray) -> np.ndarray:
        """Return ``x > threshold``."""
        return x > self.threshold


class _WindowModel(AbstractNIRModel):
    def _la_windows(
        self, x: np.ndarray, sizes: tuple[int, ...], dilation: tuple[int, ...]
    ) -> np.ndarray:
        """Views of shape (channels, places …, sizes …) of what the windows cover."""
        params = self.proc_params
        x = np.pad(x, [(0, 0), *params["pads"]])
        spans = tuple(d * (k - 1) + 1 for d, k in zip(dilation, sizes, strict=True))
        views = np.lib.stride_tricks.sliding_window_view(x, spans, tuple(range(1, x.ndim)))
        places = (slice(None), *(slice(None, None, s) for s in params["stride"]))
        return views[(*places, *(slice(None, None, d) for d in dilation))]


@cpu_model(nodes.Convolution, "floating_pt")
class PyConvolutionModel(_WindowModel):
    """A convolution by one product of windows and kernels per group."""

    weight: np.ndarray = LavaPyType(np.ndarray, float)
    bias: np.ndarray = LavaPyType(np.ndarray, float)

    def _la_answer(self, x: np.ndarray) -> np.ndarray:
        """Return the convolution of x, channels first."""
        params, w = self.proc_params, self.weight
        axes, groups = x.ndim - 1, params["groups"]
        views = self._la_windows(x, w.shape[2:], params["dilation"])
        over = (0, *range(1 + axes, 1 + 2 * axes))
        sums = [
            np.tensordot(kernels, part, ((1, *range(2, 2 + axes)), over))
            for kernels, part in zip(np.split(w, groups), np.split(views, groups), strict=True)
        ]
        return np.concatenate(sums) + self.bias.reshape(-1, *[1] * axes)


@cpu_model(nodes.Pool, "floating_pt")
class PyPoolModel(_WindowModel):
    """Sums or means of windows."""

    def _la_answer(self, x: np.ndarray) -> np.ndarray:
        """Return the sum, or mean, of each window."""
        params, axes = self.proc_params, tuple(range(x.ndim, 2 * x.ndim - 1))
        views = self._la_windows(x, params["sizes"], (1,) * len(params["sizes"]))
        return views.mean(axis=axes) if params["mean"] else views.sum(axis=axes)


@cpu_model(nodes.Delay, "floating_pt")
class PyDelayModel(AbstractNIRModel):
    """A ring of what was received; what is old enough is sent, before the next is awaited."""

    native_step = NativeStep(
        "delay_sends",
        outputs={"s_out": float},
        parameters={"buffer": float, "_la_late": np.int64},
        constants={"_la_first": True},
        stands_for=("_la_old",),
        uniform=False,
        then=NativeStep(
            "delay_keeps", inputs={"a_in": float}, state={"buffer": float}, uniform=False
        ),
    )

    buffer: np.ndarray = LavaPyType(np.ndarray, float)

    def __init__(self, proc_params: ProcessParameters) -> None:
        super().__init__(proc_params)
        self._la_late = proc_params["steps"]
        self._la_places = np.indices(self._la_late.shape, sparse=True)
        self._la_first = bool(np.all(self._la_late > 0))

    @classmethod
    def _la_obstacle_in(cls, process: AbstractProcess) -> str | None:
        """Say that what is not late is sent after it has been received."""
        if np.all(process.proc_params["steps"] > 0):
            return None
        return "an element is not late at all, so it sends after it has received"

    def _la_old(self) -> np.ndarray:
        now = self.time_step - self._la_late
        return self.buffer[(now % len(self.buffer), *self._la_places)]

    def run_spk(self) -> None:
        """Send what is old enough, and keep what arrives."""
        if self._la_first:
            self.s_out.send(self._la_old())
        self.buffer[self.time_step % len(self.buffer)] = self.a_in.recv()
        if not self._la_first:
            self.s_out.send(self._la_old())


@cpu_model(nodes.NIRNeuron, "floating_pt")
class PyNIRNeuronModel(AbstractNIRModel):
    """Integrators and neurons, see `NIRNeuron`."""

    native_step = _step(
        "nir_neuron", "r v_leak w_in v_reset v_threshold _la_share_mem _la_share_syn", state="i v",
        numbers=("_la_gain",),
        integers=dict.fromkeys(("_la_filters", "_la_leaks", "_la_spiking"), (0, 1)),
    )  # fmt: skip

    i: np.ndarray = LavaPyType(np.ndarray, float)
    v: np.ndarray = LavaPyType(np.ndarray, float)
    r: np.ndarray = LavaPyType(np.ndarray, float)
    v_leak: np.ndarray = LavaPyType(np.ndarray, float)
    w_in: np.ndarray = LavaPyType(np.ndarray, float)
    v_reset: np.ndarray = LavaPyType(np.ndarray, float)
    tau_mem: np.ndarray = LavaPyType(np.ndarray, float)
    tau_syn: np.ndarray = LavaPyType(np.ndarray, float)
    v_threshold: np.ndarray = LavaPyType(np.ndarray, float)

    def __init__(self, proc_params: ProcessParameters) -> None:
        super().__init__(proc_params)
        self._la_gain = float(proc_params["gain"])
        self._la_filters, self._la_leaks, self._la_spiking = (
            int(proc_params[name]) for name in ("filters", "leaks", "spiking")
        )

    def on_start(self) -> None:
        """Find the shares that time constants make."""
        self._la_var_written("tau_mem")

    def _la_var_written(self, name: str) -> None:
        """Let new time constants take effect."""
        self._la_share_mem = self._la_share(self.tau_mem)
        self._la_share_syn = self._la_share(self.tau_syn)

    def _la_share(self, tau: np.ndarray) -> np.ndarray:
        steps = self.proc_params["dt"] / tau
        return -np.expm1(-steps) if self.proc_params["exponential"] else steps

    def _la_answer(self, x: np.ndarray) -> np.ndarray:
        """Update current and voltage; return spikes, or the voltage."""
        if self._la_filters:
            self.i += self._la_share_syn * (self.w_in * x - self.i)
        else:
            self.i[...] = x
        if self._la_leaks:
            self.v += self._la_share_mem * (self.v_leak - self.v + self.r * self.i)
        else:
            self.v += self._la_gain * self.r * self.i
        if not self._la_spiking:
            return self.v
        spikes = self.v > self.v_threshold
        np.copyto(self.v, self.v_reset, where=spikes)
        return spikes
