"""Models of the state-space Processes."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_actor.model.decorator import implements, tag
from lava_actor.model.native import INT32, NativeStep
from lava_actor.model.sub import AbstractSubProcessModel
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.proc._model import LavaPyType, PyInPort, PyLoihiProcessModel, PyOutPort, cpu_model
from lava_actor.proc.s4d.process import S4d, SigmaS4dDelta, SigmaS4dDeltaLayer
from lava_actor.proc.sdn.models import AbstractSigmaDeltaModelFloat
from lava_actor.proc.sparse.process import Sparse


def _step(function: str, *sums: str, **more: Any) -> NativeStep:
    """The native step of a model around the recurrence, see ``state_space.h``."""
    state = {**dict.fromkeys(sums, float), "s4_state": complex}
    vectors = dict.fromkeys("abc", complex)
    return NativeStep.of(float, function, "a_in", "s_out", state, vectors, **more)


class _Recurrent(PyLoihiProcessModel):
    """What models around the recurrence have in common."""

    a: np.ndarray = LavaPyType(np.ndarray, complex)
    b: np.ndarray = LavaPyType(np.ndarray, complex)
    c: np.ndarray = LavaPyType(np.ndarray, complex)
    s4_state: np.ndarray = LavaPyType(np.ndarray, complex)
    s4_exp: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def _la_recurrence(self, given: np.ndarray) -> np.ndarray:
        """Update the state, return its read-out.

        Products are written out in real numbers: how NumPy rounds those of complex ones depends on
        the processor.
        """
        x, a, b, c = self.s4_state, self.a, self.b, self.c
        re = x.real * a.real - x.imag * a.imag + b.real * given
        im = x.real * a.imag + x.imag * a.real + b.imag * given
        x.real, x.imag = re, im
        return np.asarray(2 * (c.real * re - c.imag * im))


class AbstractS4dModel(_Recurrent):
    """The state-space recurrence in double precision."""

    native_step = _step("s4d")

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    inp_exp: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        """Receive, update the state, send."""
        self.s_out.send(self._la_recurrence(self.a_in.recv()))


@cpu_model(S4d, "floating_pt")
class S4dModel(AbstractS4dModel):
    """Floating-point model of `S4d`."""


class AbstractSigmaS4dDeltaModel(_Recurrent, AbstractSigmaDeltaModelFloat):
    """Sigma-delta around the recurrence, in double precision."""

    native_step = _step(
        "sigma_s4d_delta", "act", "residue", "error", "sigma",
        numbers=("vth",), integers={"cum_error": INT32},
        stands_for=("sigma_dynamics", "activation_dynamics", "delta_dynamics", "dynamics"),
    )  # fmt: skip

    def activation_dynamics(self, sigma_data: np.ndarray) -> np.ndarray:
        """Update the state, return its read-out; there is neither bias nor rectification."""
        return self._la_recurrence(sigma_data)


@cpu_model(SigmaS4dDelta, "floating_pt")
class PySigmaS4dDeltaModelFloat(AbstractSigmaS4dDeltaModel):
    """Floating-point model of `SigmaS4dDelta`."""


@implements(proc=SigmaS4dDeltaLayer, protocol=LoihiProtocol)
@tag("floating_pt")
class SubSigmaS4dDeltaLayerModel(AbstractSubProcessModel):
    """Builds a `SigmaS4dDeltaLayer` from two Sparse connections and the neurons between."""

    def __init__(self, proc: SigmaS4dDeltaLayer) -> None:
        params = proc.proc_params
        weights = params["conn_weights"]
        flat_shape = (weights.shape[0],)
        connection = {
            "weight_exp": params["state_exp"],
            "num_message_bits": params["num_message_bits"],
        }
        self.sparse1 = Sparse(weights=weights.T, **connection)
        neurons = self.sigma_s4d_delta = SigmaS4dDelta(
            shape=(weights.shape[1],), a=proc.a.init, b=proc.b.init, c=proc.c.init,
            **{name: params[name] for name in ("vth", "state_exp", "s4_exp")},
        )  # fmt: skip
        self.sparse2 = Sparse(weights=weights, **connection)

        proc.s_in.reshape(flat_shape).connect(self.sparse1.s_in)
        self.sparse1.a_out.connect(neurons.a_in)
        neurons.s_out.connect(self.sparse2.s_in)
        self.sparse2.a_out.reshape(proc.a_out.shape).connect(proc.a_out)

        for name in ("a", "b", "c", "s4_state", "S4_exp", "state_exp"):
            getattr(proc, name).alias(getattr(neurons, name.lower()))
