"""Nodes of the Neuromorphic Intermediate Representation, as Processes that answer at once.

NIR describes what a node computes, without time steps. Connections of this library take a step, as
Lava's do; those of other simulators do not. These Processes do not, so a network that another
simulator wrote computes here what it computes there, step by step. Only a `Delay` takes time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.errors import InvalidValueError
from lava_actor.process import AbstractProcess, InPort, OutPort, Var

__all__ = [
    "NIRProcess", "Passage", "Affine", "Scale", "Threshold", "Convolution", "Pool", "Delay",
    "NIRNeuron",
]  # fmt: skip

Shape = tuple[int, ...]


class NIRProcess(AbstractProcess):
    """What all nodes have: one input `a_in`, one output `s_out`, numbers in double precision.

    Parameters
    ----------
    shape_in, shape_out : tuple of int
        Shapes of `a_in` and `s_out`.
    name : str, optional
        Default ``Process_<id>``.
    **params
        What the node's model finds in ``proc_params``.
    """

    def __init__(
        self, shape_in: Shape, shape_out: Shape, name: str | None = None, **params: object
    ) -> None:
        super().__init__(name=name, shape_in=shape_in, shape_out=shape_out, **params)
        self.a_in = InPort(shape=shape_in)
        self.s_out = OutPort(shape=shape_out)

    def _la_hold(self, **values: ArrayLike) -> None:
        for key, value in values.items():
            setattr(self, key, Var(shape=np.shape(value) or (1,), init=value))

    def _la_of_one(self, key: str, value: ArrayLike, name: str | None) -> None:
        """Be a node whose ports have the shape of its only array."""
        array = np.atleast_1d(np.asarray(value, float))
        NIRProcess.__init__(self, array.shape, array.shape, name)
        self._la_hold(**{key: array})


class Passage(NIRProcess):
    """Passes on what it receives, reshaped: the nodes Input, Output and Flatten.

    Parameters
    ----------
    shape_in : tuple of int
        Shape of `a_in`.
    shape_out : tuple of int, optional
        Shape of `s_out`, of as many elements; without it that of `a_in`.
    kind : str
        Which node it is: ``"Input"``, ``"Output"`` or ``"Flatten"``.
    name : str, optional
        Default ``Process_<id>``.
    """

    def __init__(
        self,
        shape_in: Shape,
        shape_out: Shape | None = None,
        kind: str = "Flatten",
        name: str | None = None,
    ) -> None:
        shape_out = shape_in if shape_out is None else shape_out
        if np.prod(shape_in) != np.prod(shape_out):
            raise InvalidValueError(
                f"{name or 'Passage'}: expected shapes of as many elements, got {shape_in} and "
                f"{shape_out}"
            )
        super().__init__(shape_in, shape_out, name, kind=kind)


class Affine(NIRProcess):
    """``s_out = weight @ a_in + bias``: the nodes Affine and Linear.

    Parameters
    ----------
    weight : array_like
        Of shape (…, post, pre): `a_in` has the shape (…, pre), `s_out` the shape (…, post).
    bias : array_like, optional
        Of the shape of `s_out`; without it there is none.
    name : str, optional
        Default ``Process_<id>``.
    """

    def __init__(
        self, weight: ArrayLike, bias: ArrayLike | None = None, name: str | None = None
    ) -> None:
        weight = np.asarray(weight, float)
        if weight.ndim < 2:
            raise InvalidValueError(
                f"{name or 'Affine'}.weight: expected a matrix, got shape {weight.shape}"
            )
        shape = (*weight.shape[:-2], weight.shape[-2])
        super().__init__((*weight.shape[:-2], weight.shape[-1]), shape, name, bias=bias)
        self._la_hold(weight=weight, bias=_filled(self, "bias", 0 if bias is None else bias, shape))


class Scale(NIRProcess):
    """``s_out = scale * a_in``, element by element.

    Parameters
    ----------
    scale : array_like
        Of the shape of both ports.
    name : str, optional
        Default ``Process_<id>``.
    """

    def __init__(self, scale: ArrayLike, name: str | None = None) -> None:
        self._la_of_one("scale", scale, name)


class Threshold(NIRProcess):
    """``s_out = 1 where a_in > threshold, 0 elsewhere``.

    Parameters
    ----------
    threshold : array_like
        Of the shape of both ports.
    name : str, optional
        Default ``Process_<id>``.
    """

    def __init__(self, threshold: ArrayLike, name: str | None = None) -> None:
        self._la_of_one("threshold", threshold, name)


class Convolution(NIRProcess):
    """A convolution over one or two dimensions: the nodes Conv1d and Conv2d.

    As in deep learning, kernels are not flipped.

    Parameters
    ----------
    weight : array_like
        Of shape (channels out, channels in / groups, size, …).
    bias : array_like
        One number per output channel.
    input_shape : sequence of int
        Shape of the input without its channels; `a_in` has the channels first.
    stride, dilation : int or sequence of int
        Per dimension.
    padding : int, sequence of int, ``"same"`` or ``"valid"``
        Zeros on either side; ``"same"`` keeps the shape, and puts an odd zero at the end.
    groups : int
        Into how many groups channels are divided.
    name : str, optional
        Default ``Process_<id>``.
    """

    def __init__(
        self,
        weight: ArrayLike,
        bias: ArrayLike,
        input_shape: Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | str = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        name: str | None = None,
    ) -> None:
        weight = np.asarray(weight, float)
        spatial = tuple(int(n) for n in input_shape)
        stride, dilation = per_axis(stride, len(spatial)), per_axis(dilation, len(spatial))
        sizes = weight.shape[2:]
        if len(sizes) != len(spatial) or groups < 1 or weight.shape[0] % groups:
            raise InvalidValueError(
                f"{name or 'Convolution'}.weight: expected (channels out, channels in / {groups}, "
                f"a size per dimension of {spatial}), got shape {weight.shape}"
            )
        spans = [d * (k - 1) for d, k in zip(dilation, sizes, strict=True)]
        pads = _pads(padding, spans, stride, name)
        out = _swept(spatial, pads, spans, stride, name)
        shape_in, shape_out = (weight.shape[1] * groups, *spatial), (weight.shape[0], *out)
        super().__init__(
            shape_in, shape_out, name,
            stride=stride, padding=padding, dilation=dilation, groups=int(groups), pads=pads,
        )  # fmt: skip
        self._la_hold(weight=weight, bias=_filled(self, "bias", bias, (weight.shape[0],)))


class Pool(NIRProcess):
    """Sums or averages over windows: the nodes SumPool2d and AvgPool2d.

    Parameters
    ----------
    shape : tuple of int
        Of `a_in`, channels first.
    kernel_size, stride, padding : int or sequence of int
        Per dimension; padded zeros count in averages.
    mean : bool
        Whether to average.
    name : str, optional
        Default ``Process_<id>``.
    """

    def __init__(
        self,
        shape: Shape,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int],
        padding: int | Sequence[int] = 0,
        mean: bool = False,
        name: str | None = None,
    ) -> None:
        spatial = tuple(shape[1:])
        sizes, stride = per_axis(kernel_size, len(spatial)), per_axis(stride, len(spatial))
        spans = [k - 1 for k in sizes]
        pads = _pads(padding, spans, stride, name)
        shape_out = (shape[0], *_swept(spatial, pads, spans, stride, name))
        super().__init__(
            tuple(shape), shape_out, name, sizes=sizes, stride=stride, pads=pads, mean=mean
        )


class Delay(NIRProcess):
    """Sends what it received ``steps`` steps before.

    Parameters
    ----------
    steps : array_like of int
        Of the shape of both ports, 0 or more. Where all are 1 or more, a loop may go through.
    initial : array_like
        What is sent until then.
    closes : bool
        Whether it stands for the step of an edge that closes a loop, and is no node.
    name : str, optional
        Default ``Process_<id>``.
    """

    def __init__(
        self,
        steps: ArrayLike,
        initial: ArrayLike = 0.0,
        closes: bool = False,
        name: str | None = None,
    ) -> None:
        steps = np.atleast_1d(np.asarray(steps))
        if steps.dtype.kind not in "iu" or np.any(steps < 0):
            raise InvalidValueError(
                f"{name or 'Delay'}.steps: expected whole numbers from 0, got {steps}"
            )
        super().__init__(
            steps.shape, steps.shape, name, steps=steps.astype(np.int64), closes=closes
        )
        shape = (int(steps.max(initial=0)) + 1, *steps.shape)
        self._la_hold(buffer=np.array(np.broadcast_to(np.asarray(initial, float), shape)))


class NIRNeuron(NIRProcess):
    """Integrators and neurons: the nodes I, IF, LI, LIF, CubaLI and CubaLIF.

    In each step, with ``share(tau) = dt/tau``, or ``1 - exp(-dt/tau)``::

        i = i + share(tau_syn)*(w_in*a_in - i)         # i = a_in without tau_syn
        v = v + share(tau_mem)*(v_leak - v + r*i)      # v = v + gain*r*i without tau_mem
        s_out = 1 and v = v_reset where v > v_threshold, 0 elsewhere   # s_out = v without it

    Parameters
    ----------
    shape : tuple of int
        Of both ports, and of all Vars; parameters are numbers or arrays of this shape.
    r : array_like
        Resistance.
    dt : float
        Seconds that a step stands for, or the unit of the time constants.
    tau_mem, v_leak : array_like, optional
        Time constant and rest of the voltage; without `tau_mem` it does not leak.
    tau_syn, w_in : array_like, optional
        Time constant of the current and weight of the input; without `tau_syn` the input is the
        current.
    v_threshold, v_reset : array_like, optional
        Without a threshold there are no spikes: the voltage is sent.
    gain : float
        What an integrator without leak multiplies its input with: `dt` or 1.
    exponential : bool
        Which ``share`` is taken.
    name : str, optional
        Default ``Process_<id>``.
    """

    def __init__(
        self,
        shape: Shape,
        r: ArrayLike,
        dt: float,
        *,
        tau_mem: ArrayLike | None = None,
        v_leak: ArrayLike = 0.0,
        tau_syn: ArrayLike | None = None,
        w_in: ArrayLike = 1.0,
        v_threshold: ArrayLike | None = None,
        v_reset: ArrayLike = 0.0,
        gain: float = 1.0,
        exponential: bool = False,
        name: str | None = None,
    ) -> None:
        spiking = v_threshold is not None
        leaks, filters = tau_mem is not None, tau_syn is not None
        super().__init__(
            shape, shape, name, dt=dt, gain=gain, exponential=exponential,
            leaks=leaks, filters=filters, spiking=spiking,
        )  # fmt: skip
        values = {
            "i": 0.0, "v": 0.0, "r": r, "v_leak": v_leak, "w_in": w_in, "v_reset": v_reset,
            "tau_mem": 1.0 if tau_mem is None else tau_mem,
            "tau_syn": 1.0 if tau_syn is None else tau_syn,
            "v_threshold": 0.0 if v_threshold is None else v_threshold,
        }  # fmt: skip
        for key in ("tau_mem", "tau_syn"):
            if not np.all(np.asarray(values[key]) > 0):
                raise InvalidValueError(
                    f"{self.name}.{key}: expected time above 0, got {values[key]}"
                )
        self._la_hold(**{key: _filled(self, key, value, shape) for key, value in values.items()})


def per_axis(value: ArrayLike, axes: int) -> tuple[int, ...]:
    """One integer per axis, from one for all or from one for each."""
    return tuple(int(n) for n in np.broadcast_to(np.ravel(value), (axes,)))


def _filled(process: AbstractProcess, name: str, value: ArrayLike, shape: Shape) -> np.ndarray:
    """An array of this shape; one number stands for all."""
    array = np.asarray(value, float)
    if array.shape != shape and array.size != 1:
        raise InvalidValueError(f"{process.name}.{name}: expected shape {shape}, got {array.shape}")
    return np.array(np.broadcast_to(array.reshape(()) if array.size == 1 else array, shape))


def _pads(
    padding: ArrayLike, spans: Sequence[int], stride: Sequence[int], name: str | None
) -> list[tuple[int, int]]:
    """Zeros before and after, per axis."""
    if isinstance(padding, str):
        if padding == "valid":
            return [(0, 0) for _ in spans]
        if padding == "same" and all(s == 1 for s in stride):
            return [(span // 2, span - span // 2) for span in spans]
        raise InvalidValueError(
            f"{name or 'Convolution'}.padding: expected numbers, 'valid', or 'same' with stride 1, "
            f"got {padding!r} with stride {tuple(stride)}"
        )
    return [(n, n) for n in per_axis(padding, len(spans))]


def _swept(
    spatial: Shape,
    pads: list[tuple[int, int]],
    spans: Sequence[int],
    stride: Sequence[int],
    name: str | None,
) -> Shape:
    """How many places a window has along each axis."""
    rooms = [n + sum(pad) - span - 1 for n, pad, span in zip(spatial, pads, spans, strict=True)]
    if min(rooms) < 0 or min(stride) < 1:
        raise InvalidValueError(
            f"{name or 'Convolution'}: no window of {[s + 1 for s in spans]} with stride "
            f"{tuple(stride)} fits an input of {spatial}"
        )
    return tuple(room // step + 1 for room, step in zip(rooms, stride, strict=True))
