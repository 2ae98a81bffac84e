"""Networks from NIR, the Neuromorphic Intermediate Representation.

A NIR graph says by differential equations what its nodes do; a step is what a simulator makes of
them. This reader makes of them what snnTorch, Norse and others do: Euler's method, all nodes within
the same step. Where simulators do not agree, the caller has to say which way is meant.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lava_actor.errors import InvalidValueError, UnsupportedError
from lava_actor.exchange.graph import Edge, Network, closing_edges, order
from lava_actor.exchange.hdf5 import contents
from lava_actor.proc.nir import models
from lava_actor.proc.nir import process as nir
from lava_actor.proc.nir.process import NIRProcess
from lava_actor.process.times import step_seconds

Shape = tuple[int, ...]


def read_nir(
    source: str | os.PathLike[str] | Any,
    *,
    dt: float | str,
    integrators: Literal["dt", "step"] | None = None,
    decay: Literal["euler", "exponential"] = "euler",
) -> Network:
    """Read a NIR graph; every node becomes a Process of `lava_actor.proc.nir`.

    All nodes answer in the same step. The edge that closes a loop takes one step.

    Parameters
    ----------
    source : path or nir.NIRGraph
        A file of any version of NIR, or a graph.
    dt : float or str
        What a step stands for, in the unit of the graph's time constants; the simulator that wrote
        the graph knows it (Norse: 0.001, snnTorch: 0.0001); ``"1 ms"`` counts in seconds.
    integrators : {"dt", "step"}, optional
        Whether a node without leak (I, IF) adds ``dt*r*input`` per step, as its equation says, or
        ``r*input``, as Norse and Sinabs do. Has to be said where there is such a node.
    decay : {"euler", "exponential"}
        Whether a leak takes ``dt/tau`` or ``1 - exp(-dt/tau)`` per step.

    Returns
    -------
    Network
        Connect to its `inputs` and `outputs`. Run it with `select_tag="floating_pt"` or without
        a tag.

    Raises
    ------
    UnsupportedError
        If a node cannot be kept exactly; names the node and the reason.
    InvalidValueError
        If the graph contradicts itself.

    Examples
    --------
    >>> network = read_nir("trained.nir", dt=1e-3)
    >>> source.s_out.connect(network.inputs["input"].a_in)
    >>> network.outputs["output"].s_out.connect(sink.a_in)
    """
    dt = step_seconds(dt, "dt")
    for name, value, known in (
        ("integrators", integrators, (None, "dt", "step")),
        ("decay", decay, ("euler", "exponential")),
    ):
        if value not in known:
            raise InvalidValueError(f"{name}: expected one of {known}, got {value!r}")
    graph = source.to_dict() if hasattr(source, "to_dict") else contents(source).get("node")
    if not isinstance(graph, dict) or graph.get("type") != "NIRGraph":
        raise InvalidValueError("expected a graph of NIR, found none")
    nodes, edges = _flat(graph)
    return _built(nodes, edges, _Reading(dt, integrators, decay == "exponential"))


@dataclass(frozen=True)
class _Reading:
    """How equations become steps."""

    dt: float
    integrators: str | None
    exponential: bool


def _flat(graph: Mapping[str, Any]) -> tuple[dict[str, dict[str, object]], list[Edge]]:
    """Nodes and edges with those of subgraphs, named after the way to them."""
    nodes: dict[str, dict[str, object]] = {}
    doors: dict[str, dict[str, str]] = {}
    edges: list[Edge] = []
    for name, node in graph["nodes"].items():
        if node.get("type") != "NIRGraph":
            nodes[name] = dict(node)
            continue
        inner, between = _flat(node)
        nodes |= {f"{name}.{n}": v for n, v in inner.items()}
        edges += [(f"{name}.{a}", f"{name}.{b}") for a, b in between]
        doors[name] = {}
        for kind in ("Input", "Output"):
            found = [n for n in node["nodes"] if node["nodes"][n].get("type") == kind]
            if len(found) != 1:
                raise UnsupportedError(
                    f"subgraph {name!r}: expected one {kind}, since edges name none; got "
                    f"{', '.join(found) or 'none'}"
                )
            doors[name][kind] = f"{name}.{found[0]}"
    for a, b in graph["edges"]:
        for end in (a, b):
            if end not in graph["nodes"]:
                raise InvalidValueError(f"edge ({a}, {b}): there is no node {end!r}")
        edge = doors.get(a, {}).get("Output", a), doors.get(b, {}).get("Input", b)
        if edge in edges:
            raise InvalidValueError(f"edge ({a}, {b}) stands there twice")
        edges.append(edge)
    return nodes, edges


def _built(nodes: dict[str, dict[str, object]], edges: list[Edge], reading: _Reading) -> Network:
    heads, kinds = {b for _, b in edges}, {n: str(node.get("type")) for n, node in nodes.items()}
    roots = [n for n in nodes if n not in heads or kinds[n] == "Input"]
    late = [n for n in nodes if kinds[n] == "Delay" and _steps(n, nodes[n], reading).all()]
    closing = closing_edges(edges, roots, late)
    forward = [edge for edge in edges if edge not in closing and edge[1] not in late]
    processes: dict[str, NIRProcess] = {}
    for name in order(forward, nodes):
        shapes = [processes[a].s_out.shape for a, b in forward if b == name]
        processes[name] = _process(name, nodes[name], shapes[0] if shapes else None, reading)
    for edge in edges:
        a, b = (processes[end] for end in edge)
        out = a.s_out if a.s_out.shape == b.a_in.shape else _fitted(a, b, edge)
        if edge in closing:
            at_first = _silence(edge[0], edges, processes).reshape(b.a_in.shape)
            delay = nir.Delay(
                np.ones(b.a_in.shape, int), at_first, closes=True, name=f"{edge[0]} -> {edge[1]}"
            )
            processes[delay.name] = delay
            out.connect(delay.a_in)
            out = delay.s_out
        out.connect(b.a_in)
    return Network(
        processes,
        [n for n in roots if kinds[n] == "Input" and n not in heads],
        [n for n in nodes if kinds[n] == "Output" and all(a != n for a, _ in edges)],
    )


def _fitted(a: NIRProcess, b: NIRProcess, edge: Edge) -> Any:
    """An output as the input wants it: some simulators count samples of a batch of one."""
    has, wants = a.s_out.shape, b.a_in.shape
    longer, shorter = sorted((has, wants), key=len, reverse=True)
    extra = len(longer) - len(shorter)
    if longer[extra:] != shorter or set(longer[:extra]) - {1}:
        raise InvalidValueError(
            f"edge ({edge[0]}, {edge[1]}): expected one shape at both ends, got {has} and {wants}"
        )
    return a.s_out.reshape(wants)


def _silence(
    name: str,
    edges: list[Edge],
    processes: Mapping[str, NIRProcess],
    seen: frozenset[str] = frozenset(),
) -> np.ndarray:
    """What a node sends while all neurons before it are silent: a bias, more often than not."""
    process = processes[name]
    stateless = type(process) in _MODELS and name not in seen
    if not stateless or all(b != name for _, b in edges):
        return np.zeros(process.s_out.shape)
    model = _MODELS[type(process)](process.proc_params)
    for variable in process.vars.members:
        setattr(model, variable.name, variable.init)
    shape = process.a_in.shape
    seen |= {name}
    given = (_silence(a, edges, processes, seen).reshape(shape) for a, b in edges if b == name)
    return np.asarray(model._la_answer(sum(given, np.zeros(shape))), float)


# -- nodes ------------------------------------------------------------------------------------


def _process(
    name: str, node: dict[str, object], shape: Shape | None, reading: _Reading
) -> NIRProcess:
    kind = str(node.get("type"))
    for ignored in ("type", "metadata", "output_type"):
        node.pop(ignored, None)
    if kind not in _BUILDERS:
        raise UnsupportedError(
            f"node {name!r}: {kind} is not known; known are {', '.join(_BUILDERS)}"
        )
    needed, optional, build = _BUILDERS[kind]
    if missing := sorted(set(needed) - set(node)):
        raise InvalidValueError(f"node {name!r}: {kind} lacks {', '.join(missing)}")
    if unknown := sorted(set(node) - set(needed) - set(optional)):
        raise UnsupportedError(
            f"node {name!r}: {kind} has {', '.join(unknown)}, whose meaning is not known"
        )
    for key in _NUMBERS & set(node):
        values = np.asarray(node[key])
        if values.dtype.kind not in "fiub" or not np.all(np.isfinite(values)):
            raise InvalidValueError(f"node {name!r}: {key} has to be finite real numbers")
        node[key] = values
    return build(name, node, shape, reading)


_MODELS: dict[type[NIRProcess], type[models.AbstractNIRModel]] = {
    nir.Passage: models.PyPassageModel, nir.Affine: models.PyAffineModel,
    nir.Scale: models.PyScaleModel, nir.Threshold: models.PyThresholdModel,
    nir.Convolution: models.PyConvolutionModel, nir.Pool: models.PyPoolModel,
}  # fmt: skip
_NUMBERS = frozenset(
    {"r", "tau", "tau_mem", "tau_syn", "v_leak", "v_threshold", "v_reset", "w_in", "weight"}
    | {"bias", "scale", "threshold"}
)


def _common(node: dict[str, Any], keys: tuple[str, ...], shape: Shape | None) -> Shape:
    """The shape of a population: that of its parameters, unless they are single numbers."""
    for key in keys:
        if key in node and node[key].size != 1:
            return np.shape(node[key])
    return shape or np.shape(node[keys[0]]) or (1,)


def _neuron(name: str, node: dict[str, Any], shape: Shape | None, reading: _Reading) -> NIRProcess:
    shape = _common(node, ("r", *node), shape)
    if "tau" in node:
        node["tau_mem"] = node.pop("tau")
    gain = 1.0
    if "tau_mem" not in node:
        if reading.integrators is None:
            raise UnsupportedError(
                f"node {name!r}: simulators do not agree on what an input adds to a neuron without "
                f"leak; say integrators='dt' for dt*r*input per step, as the equation of NIR does, "
                f"or integrators='step' for r*input, as Norse and Sinabs do"
            )
        gain = reading.dt if reading.integrators == "dt" else 1.0
    return nir.NIRNeuron(
        shape, dt=reading.dt, gain=gain, exponential=reading.exponential, name=name, **node
    )


def _elementwise(cls: Callable[..., NIRProcess], key: str) -> Callable[..., NIRProcess]:
    def build(name: str, node: dict[str, Any], shape: Shape | None, _: _Reading) -> NIRProcess:
        values = np.broadcast_to(node[key], _common(node, (key,), shape))
        return cls(values, name=name)

    return build


def _passage(name: str, node: dict[str, object], shape: Shape | None, _: _Reading) -> NIRProcess:
    declared = _shape(node.get("shape", node.get("input_type")))
    return nir.Passage(declared or shape or (1,), kind="Input", name=name)


def _output(name: str, node: dict[str, object], shape: Shape | None, _: _Reading) -> NIRProcess:
    return nir.Passage(shape or _shape(node.get("shape")) or (1,), kind="Output", name=name)


def _flatten(name: str, node: dict[str, Any], shape: Shape | None, _: _Reading) -> NIRProcess:
    inside = _known(name, _shape(node.get("input_type")) or shape)
    first, last = (int(node[k]) % len(inside) for k in ("start_dim", "end_dim"))
    middle = int(np.prod(inside[first : last + 1]))
    return nir.Passage(inside, (*inside[:first], middle, *inside[last + 1 :]), name=name)


def _affine(name: str, node: dict[str, Any], shape: Shape | None, _: _Reading) -> NIRProcess:
    return nir.Affine(node["weight"], node.get("bias"), name=name)


def _convolution(name: str, node: dict[str, Any], shape: Shape | None, _: _Reading) -> NIRProcess:
    weight = node["weight"]
    axes = weight.ndim - 2
    inside = node.get("input_shape")
    spatial = _known(name, shape)[-axes:] if inside is None else nir.per_axis(inside, axes)
    padding = node["padding"]
    return nir.Convolution(
        weight, node["bias"], spatial,
        stride=nir.per_axis(node["stride"], axes),
        padding=padding if isinstance(padding, str) else nir.per_axis(padding, axes),
        dilation=nir.per_axis(node["dilation"], axes), groups=int(node["groups"]), name=name,
    )  # fmt: skip


def _pool(mean: bool) -> Callable[..., NIRProcess]:
    def build(name: str, node: dict[str, Any], shape: Shape | None, _: _Reading) -> NIRProcess:
        kernel, stride, padding = (nir.per_axis(node[key], 2) for key in _WINDOW)
        return nir.Pool(_known(name, shape)[-3:], kernel, stride, padding, mean, name)

    return build


def _steps(name: str, node: dict[str, object], reading: _Reading) -> np.ndarray:
    """Whole steps of a Delay."""
    steps = np.asarray(node["delay"], float) / reading.dt
    whole = np.rint(steps)
    if not np.allclose(steps, whole, rtol=1e-7, atol=1e-3) or np.any(whole < 0):
        raise UnsupportedError(
            f"node {name!r}: expected delays of whole steps of {reading.dt}, got {node['delay']}"
        )
    return whole.astype(np.int64)


def _delay(
    name: str, node: dict[str, object], shape: Shape | None, reading: _Reading
) -> NIRProcess:
    steps = _steps(name, node, reading)
    if steps.size == 1 and shape is not None:
        steps = np.broadcast_to(steps, shape)
    return nir.Delay(steps, name=name)


def _shape(value: Any) -> Shape | None:
    if isinstance(value, Mapping):
        value = next(iter(value.values()), None)
    return None if value is None else tuple(int(n) for n in np.atleast_1d(value)) or (1,)


def _known(name: str, shape: Shape | None) -> Shape:
    if shape is None:
        raise InvalidValueError(f"node {name!r}: nothing says the shape of its input")
    return shape


_CONV = ("weight", "stride", "padding", "dilation", "groups", "bias")
_WINDOW = ("kernel_size", "stride", "padding")
_BUILDERS: dict[str, tuple[tuple[str, ...], tuple[str, ...], Callable[..., NIRProcess]]] = {
    "Input": ((), ("shape", "input_type"), _passage),
    "Output": ((), ("shape", "input_type"), _output),
    "Flatten": (("start_dim", "end_dim"), ("input_type",), _flatten),
    "Linear": (("weight",), ("input_type",), _affine),
    "Affine": (("weight", "bias"), ("input_type",), _affine),
    "Scale": (("scale",), ("input_type",), _elementwise(nir.Scale, "scale")),
    "Threshold": (("threshold",), ("input_type",), _elementwise(nir.Threshold, "threshold")),
    "Conv1d": (_CONV, ("input_shape", "input_type"), _convolution),
    "Conv2d": (_CONV, ("input_shape", "input_type"), _convolution),
    "SumPool2d": (_WINDOW, ("input_type",), _pool(mean=False)),
    "AvgPool2d": (_WINDOW, ("input_type",), _pool(mean=True)),
    "Delay": (("delay",), ("input_type",), _delay),
    "I": (("r",), (), _neuron),
    "IF": (("r", "v_threshold"), ("v_reset",), _neuron),
    "LI": (("tau", "r", "v_leak"), (), _neuron),
    "LIF": (("tau", "r", "v_leak", "v_threshold"), ("v_reset",), _neuron),
    "CubaLI": (("tau_syn", "tau_mem", "r", "v_leak"), ("w_in",), _neuron),
    "CubaLIF": (
        ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold"), ("v_reset", "w_in"), _neuron,
    ),
}  # fmt: skip
"""{type of a node: (what it must have, what it may have, what makes a Process of it)}"""
