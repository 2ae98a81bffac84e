"""Networks of this library as NIR graphs.

What NIR cannot say is refused, by the name of the Process: a file that others read as a different
network would be worse than none. Connections of the library take a step. NIR says so by a `Delay`
behind each; simulators that know no `Delay` get a graph without them if that changes nothing but
how soon the outputs come. Pictures of a `Conv` have their channels last and those of NIR first:
whatever lies between two of them is turned, and so are the weights of what takes them flattened.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.compiler.network import find_network
from lava_actor.errors import UnsupportedError
from lava_actor.exchange.graph import Edge, closing_edges
from lava_actor.exchange.hdf5 import h5py
from lava_actor.model.sub import free_name
from lava_actor.proc.conv.process import Conv
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.extractor import Extractor
from lava_actor.proc.io.injector import Injector
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.nir import process as nir
from lava_actor.proc.sdn.process import Sigma
from lava_actor.proc.sparse.process import Sparse
from lava_actor.process.ports.paths import Path, index_map, is_index_map, outgoing_paths
from lava_actor.process.process import AbstractProcess
from lava_actor.process.times import step_seconds

if TYPE_CHECKING:
    from lava_actor.process.ports.base import AbstractPort

VERSION = "1.0.8"
"""The version of NIR whose nodes are written."""

Node = dict[str, Any]


def write_nir(
    path: str | os.PathLike[str],
    processes: AbstractProcess | Iterable[AbstractProcess],
    *,
    dt: float | str,
    delays: bool = True,
) -> None:
    """Write the network of a Process as a NIR graph, with its initial values.

    The graph says what the floating-point models do. `LIF`, `Dense`, `Sparse`, `Conv`, `Sigma` and
    the Processes of `lava_actor.proc.nir` are nodes; sources and Injectors become inputs, sinks and
    Extractors outputs, and so do ports that nothing is connected to; Monitors are left out.

    Parameters
    ----------
    path : path
        An HDF5 file; one that exists is replaced.
    processes : Process or several
        Any of the network.
    dt : float or str
        What a step stands for, in the unit that time constants are written in; ``"1 ms"`` counts in
        seconds.
    delays : bool
        Whether the step that a connection takes is written, as a node `Delay`. Without, outputs
        come earlier, and a network in which anything else would change is refused.

    Raises
    ------
    UnsupportedError
        If NIR cannot say what a Process does; names Process, attribute and reason.
    """
    dt = step_seconds(dt, "dt")
    seeds = [processes] if isinstance(processes, AbstractProcess) else list(processes)
    nodes, edges, stepping = _graph(find_network(seeds), dt)
    if delays:
        _add_delays(nodes, edges, stepping, dt)
    else:
        _check_without(nodes, edges, stepping)
    module = h5py()
    with module.File(path, "w") as file:
        text = module.string_dtype()
        file.create_dataset("version", data=VERSION, dtype=text)
        group = file.create_group("node")
        group.create_dataset("type", data="NIRGraph", dtype=text)
        group.create_dataset("edges", data=np.array(edges, dtype=object).reshape(-1, 2), dtype=text)
        for name, node in nodes.items():
            for key, value in node.items():
                kind = {"dtype": text} if isinstance(value, str) else {}
                group.create_dataset(f"nodes/{name}/{key}", data=value, **kind)


def _graph(
    network: list[AbstractProcess], dt: float
) -> tuple[dict[str, Node], list[Edge], dict[str, tuple[int, ...]]]:
    """Nodes, edges, and the nodes that take a step with the shapes of what they send."""
    known = [p for p in network if not isinstance(p, Monitor)]
    names = _names(known)
    pictures = _pictures(known)
    nodes = {names[p]: _node(p, dt, pictures) for p in known}
    edges: list[Edge] = []
    middles: dict[Edge, str] = {}
    flattened: dict[str, dict[tuple[int, ...] | None, Path]] = {}  # how each takes elements
    for process in known:
        for port in process.out_ports.members:
            ways = [w for w in outgoing_paths(port) if w.destination.process in names]
            for way in ways:
                source, end = names[process], names[way.destination.process]
                if not is_index_map(way) or index_map(way) is not None:
                    raise UnsupportedError(f"{way}: NIR has no node for what is done on this way")
                wanted = way.destination.shape
                if process in pictures and way.destination.process in pictures:
                    pass  # both are turned
                elif _without_batch(port.shape) == _without_batch(wanted):
                    for name, shape in ((source, wanted), (end, port.shape)):
                        if "shape" in nodes[name]:  # of an Input or Output
                            nodes[name]["shape"] = np.array(_without_batch(shape))
                elif wanted != port.shape:
                    if (source, end) not in middles:
                        middles[source, end] = free_name(f"{source}_to_{end}", nodes)
                    middle = middles[source, end]
                    nodes[middle] = _flattening(_seen(process, port, pictures), wanted, way)
                    edges.append((source, middle))
                    source = middle
                turned = process in pictures and way.destination.process not in pictures
                flattened.setdefault(end, {}).setdefault(port.shape if turned else None, way)
                _add_edge(edges, (source, end), str(way))
                _check_spikes(process, way)
            if not ways and nodes[names[process]]["type"] != "Output":
                end = _add_end(nodes, "Output", names[process], _seen(process, port, pictures))
                edges.append((names[process], end))
        for inlet in process.in_ports.members:
            fed = any(b == names[process] for _, b in edges) or inlet.get_src_ports()
            if not fed and nodes[names[process]]["type"] != "Input":
                end = _add_end(nodes, "Input", names[process], _seen(process, inlet, pictures))
                edges.append((end, names[process]))
    for process in known:
        heads = [b for _, b in edges].count(names[process])
        joined = isinstance(process, Dense | Sparse | Conv) and heads > 1
        if joined and not process.proc_params["num_message_bits"]:
            raise UnsupportedError(
                f"{process.name}.s_in: {heads} senders, whose spikes in one step count once "
                f"(num_message_bits is 0); NIR adds them up"
            )
    for end, orders in flattened.items():
        _take_turned(nodes[end], orders)
    for process in known:
        name, params = names[process], process.proc_params
        inner = {a for a, _ in edges} if params.get("kind") == "Output" else {b for _, b in edges}
        passes = isinstance(process, nir.Passage) and params["kind"] != "Flatten" and name in inner
        if passes or (isinstance(process, nir.Delay) and params["closes"]):
            _leave_out(name, nodes, edges)
    stepping = {
        names[p]: _seen(p, p.out_ports.members[0], pictures)
        for p in known
        if isinstance(p, Dense | Sparse | Conv)
    }
    return nodes, edges, stepping


def _add_end(nodes: dict[str, Node], kind: str, of: str, shape: tuple[int, ...]) -> str:
    """Add a node for a port that nothing is connected to; returns its name."""
    name = free_name(f"{kind.lower()}_{of}", nodes)
    nodes[name] = {"type": kind, "shape": np.array(shape)}
    return name


_ELEMENTWISE = (
    LIF, Sigma, Source, Injector, Sink, Extractor,
    nir.Passage, nir.Scale, nir.Threshold, nir.Delay, nir.NIRNeuron,
)  # fmt: skip
"""Processes that do not care which element of a picture lies where."""


def _pictures(known: list[AbstractProcess]) -> set[AbstractProcess]:
    """Processes whose pictures have their channels last: each `Conv`, and what it is joined to."""
    ways = [way for p in known for port in p.out_ports.members for way in outgoing_paths(port)]
    found: set[AbstractProcess] = {p for p in known if isinstance(p, Conv)}
    todo = [*found]
    while todo:
        process = todo.pop()
        for way in ways:
            ends = way.source, way.destination
            if process not in (end.process for end in ends) or ends[0].shape != ends[1].shape:
                continue
            for other in {end.process for end in ends} - found - {None}:
                if isinstance(other, Monitor):
                    continue
                shapes = {port.shape for port in (*other.in_ports, *other.out_ports)}
                if not isinstance(other, _ELEMENTWISE) or len(shapes) > 1:
                    raise UnsupportedError(
                        f"{way}: the channels of {process.name} come last, and those of "
                        f"{other.name} do not"
                    )
                found.add(other)
                todo.append(other)
    return found


def _turned(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array.transpose(2, 0, 1))


def _turned_value(key: str, value: np.ndarray) -> np.ndarray:
    if key == "shape":
        return value[[2, 0, 1]]
    return _turned(value) if np.ndim(value) == 3 else value


def _seen(
    process: AbstractProcess, port: AbstractPort, pictures: set[AbstractProcess]
) -> tuple[int, ...]:
    """The shape of a port as NIR sees it."""
    return (port.shape[2], *port.shape[:2]) if process in pictures else tuple(port.shape)


def _take_turned(node: Node, orders: dict[tuple[int, ...] | None, Path]) -> None:
    """Let a connection take the elements of a picture in the order that they have in NIR.

    ``orders`` has the shapes of the pictures, None for what was no picture.
    """
    shape, way = next(iter(orders.items()))
    if set(orders) == {None}:
        return
    if shape is None or len(orders) > 1 or node["type"] not in ("Linear", "Affine"):
        raise UnsupportedError(
            f"{way}: NIR has channels first, so elements of pictures would come in another order; "
            f"only a connection that takes nothing else can take them so"
        )
    order_in_nir = _turned(np.arange(int(np.prod(shape))).reshape(shape)).ravel()
    node["weight"] = node["weight"][..., order_in_nir]


def _add_edge(edges: list[Edge], edge: Edge, where: str) -> None:
    if edge in edges:
        raise UnsupportedError(f"{where}: NIR knows no second edge between two nodes")
    edges.append(edge)


def _leave_out(name: str, nodes: dict[str, Node], edges: list[Edge]) -> None:
    """Replace a node by edges."""
    del nodes[name]
    before, after = [a for a, b in edges if b == name], [b for a, b in edges if a == name]
    edges[:] = [edge for edge in edges if name not in edge]
    for edge in ((a, b) for a in before for b in after):
        _add_edge(edges, edge, " -> ".join(edge))


def _check_spikes(process: AbstractProcess, way: Path) -> None:
    """Refuse a connection that takes for a spike whatever is not 0, behind what sends numbers."""
    end = way.destination.process
    counts = isinstance(end, Dense | Sparse | Conv) and not end.proc_params["num_message_bits"]
    if counts and not _sends_spikes(process):
        raise UnsupportedError(
            f"{way}: {end.name} has num_message_bits 0 and takes all numbers but 0 for spikes, "
            f"which NIR cannot say"
        )


def _sends_spikes(process: AbstractProcess) -> bool:
    """Whether all that a Process sends is 0 or 1; who feeds an Injector, or nothing, vouches."""
    if isinstance(process, nir.Passage):
        senders = process.a_in.get_src_ports()
        return len(senders) < 2 and all(_sends_spikes(port.process) for port in senders)
    if isinstance(process, Source):
        return bool(np.isin(_initial(process, "data"), (0, 1)).all())
    if isinstance(process, nir.NIRNeuron):
        return bool(process.proc_params["spiking"])
    return isinstance(process, LIF | nir.Threshold | Injector)


def _names(processes: list[AbstractProcess]) -> dict[AbstractProcess, str]:
    """Names that are there once, and that HDF5 takes."""
    found: dict[AbstractProcess, str] = {}
    for process in processes:
        name = process.name.replace("/", "_")
        name = "_" if name == "." else name
        found[process] = free_name(name, dict.fromkeys(found.values()))
    return found


def _without_batch(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without leading ones: some simulators count samples of a batch of one."""
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return shape


def _flattening(shape: tuple[int, ...], wanted: tuple[int, ...], way: object) -> Node:
    if len(wanted) != 1:
        raise UnsupportedError(
            f"{way}: NIR flattens, but has no node that makes {wanted} of {shape}"
        )
    return {"type": "Flatten", "input_type": np.array(shape), "start_dim": 0, "end_dim": -1}


def _add_delays(
    nodes: dict[str, Node], edges: list[Edge], stepping: dict[str, tuple[int, ...]], dt: float
) -> None:
    for name, shape in stepping.items():
        late = free_name(f"{name}_delay", nodes)
        nodes[late] = {"type": "Delay", "delay": np.full(shape, dt)}
        edges[:] = [(late if a == name else a, b) for a, b in edges]
        edges.append((name, late))


def _check_without(nodes: dict[str, Node], edges: list[Edge], stepping: Collection[str]) -> None:
    """Refuse a graph that would mean something else without the steps of its connections.

    Without them, an edge that closes a loop takes one step and all others none. That is the same
    network if nodes can be told how much sooner they act, such that every edge agrees, and whatever
    acts unasked, at the same step as ever, is told the same.
    """
    heads = {b for _, b in edges}
    late = {n for n, node in nodes.items() if node["type"] == "Delay" and np.all(node["delay"] > 0)}
    closing = closing_edges(edges, [n for n in nodes if n not in heads], late)
    links: dict[str, list[tuple[str, int]]] = {name: [] for name in nodes}
    for a, b in edges:
        gain = (a in stepping) - ((a, b) in closing)
        links[a].append((b, gain))
        links[b].append((a, -gain))
    sooner: dict[str, int] = {}
    for start in nodes:
        todo = [] if start in sooner else [(start, 0)]
        unasked: tuple[str, int] | None = None
        while todo:
            name, steps = todo.pop()
            if sooner.setdefault(name, steps) != steps:
                raise UnsupportedError(
                    f"{name}: without the steps that connections take, it would add up other "
                    f"messages than here; write them with delays=True"
                )
            if _acts_unasked(nodes[name]):
                unasked = unasked or (name, steps)
                if steps != unasked[1]:
                    raise UnsupportedError(
                        f"{unasked[0]} and {name} act of themselves (inputs, a bias, a threshold "
                        f"below 0): without the steps that connections take, what they do would "
                        f"meet {abs(steps - unasked[1])} step(s) apart from here; write them with "
                        f"delays=True"
                    )
            todo += [(n, steps + by) for n, by in links.pop(name, ())]


def _acts_unasked(node: Node) -> bool:
    """Whether a node begins on its own: an input, a bias, or a threshold that 0 exceeds."""
    return (
        node["type"] == "Input"
        or any(np.any(node.get(key, 0)) for key in ("v_leak", "bias"))
        or any(np.any(node.get(key, 0) < 0) for key in ("v_threshold", "threshold"))
    )


# -- Processes --------------------------------------------------------------------------------


def _node(process: AbstractProcess, dt: float, pictures: set[AbstractProcess]) -> Node:
    if type(process) not in _MAKERS:
        raise UnsupportedError(
            f"{process.name}: NIR has no node for a {type(process).__name__}; there are nodes for "
            f"{', '.join(dict.fromkeys(c.__name__ for c in _MAKERS))}"
        )
    node = _MAKERS[type(process)](process, dt)
    if process in pictures and type(process) is not Conv:
        return {key: _turned_value(key, value) for key, value in node.items()}
    return node


def _initial(process: AbstractProcess, name: str) -> np.ndarray:
    variable = getattr(process, name)
    value = variable.init
    if hasattr(value, "toarray"):
        value = value.toarray()
    return np.array(np.broadcast_to(np.asarray(value, float), variable.shape))


def _expect(
    process: AbstractProcess, name: str, right: Callable[[np.ndarray], np.ndarray], why: str
) -> None:
    """Refuse a Var unless all its initial values are right; the first that is not gets named."""
    value = _initial(process, name)
    if (wrong := value[~right(value)]).size:
        raise UnsupportedError(f"{process.name}.{name}: {why}, got {wrong[0]}")


def _at_rest(process: AbstractProcess, *names: str) -> None:
    for name in names:
        _expect(process, name, np.logical_not, "NIR has no initial states, expected 0")


def _lif(process: AbstractProcess, dt: float) -> Node:
    _at_rest(process, "u", "v")
    for name, right, becomes in (
        ("du", lambda du: (du > 0) & (du <= 1), "above 0 and up to 1: it becomes dt/tau_syn"),
        ("dv", lambda dv: (dv >= 0) & (dv <= 1), "from 0 to 1: it becomes dt/tau"),
    ):
        _expect(process, name, right, f"expected a share {becomes}")
    shape = process.out_ports.members[0].shape
    du, dv, bias, vth = (
        np.full(shape, _initial(process, name)) for name in ("du", "dv", "bias_mant", "vth")
    )
    node: Node = {"v_reset": np.zeros(shape), "v_threshold": vth}
    if not dv.any():
        why = "NIR has no neuron whose current leaks while its voltage does not, expected 1"
        _expect(process, "du", lambda du: du == 1, why)
        why = "NIR has no bias for neurons without leak (dv is 0), expected 0"
        _expect(process, "bias_mant", np.logical_not, why)
        return {"type": "IF", "r": np.full(shape, 1 / dt), **node}
    why = "NIR has no node of which some neurons leak and some do not, expected above 0"
    _expect(process, "dv", lambda dv: dv > 0, why)
    node |= {"r": 1 / dv, "v_leak": bias / dv}
    if np.all(du == 1):
        return {"type": "LIF", "tau": dt / dv, **node}
    return {"type": "CubaLIF", "tau_mem": dt / dv, "tau_syn": dt / du, "w_in": 1 / du, **node}


def _connection(process: AbstractProcess, dt: float) -> Node:
    _at_rest(process, *(("a_buff",) if "a_buff" in process.vars else ()))
    if process.proc_params.get("weight_exp"):
        raise UnsupportedError(
            f"{process.name}.weight_exp: expected 0, got {process.proc_params['weight_exp']}; "
            f"scale the weights"
        )
    return {"type": "Linear", "weight": _initial(process, "weights")}


def _conv(process: AbstractProcess, dt: float) -> Node:
    """Groups are written as kernels of 0 between them: readers do not agree about groups."""
    _at_rest(process, "a_buf")
    params = process.proc_params
    kernel = _initial(process, "weight")[:, ::-1, ::-1].transpose(0, 3, 1, 2)
    groups = int(np.ravel(params["groups"])[0])
    weight = np.zeros((len(kernel), groups, *kernel.shape[1:]))
    weight[np.arange(len(kernel)), np.arange(len(kernel)) * groups // len(kernel)] = kernel
    return {
        "type": "Conv2d",
        "input_shape": np.array(process.in_ports.members[0].shape[:2]),
        **{key: np.array(params[key]) for key in ("stride", "padding", "dilation")},
        "groups": 1,
        "bias": np.zeros(len(kernel)),
        "weight": weight.reshape(len(kernel), -1, *kernel.shape[2:]),
    }


def _sigma(process: AbstractProcess, dt: float) -> Node:
    _at_rest(process, "sigma")
    return {"type": "I", "r": np.full(process.out_ports.members[0].shape, 1 / dt)}


def _end(kind: str) -> Callable[[AbstractProcess, float], Node]:
    def make(process: AbstractProcess, dt: float) -> Node:
        ports = process.in_ports if kind == "Output" else process.out_ports
        return {"type": kind, "shape": np.array(ports.members[0].shape)}

    return make


def _passage(process: AbstractProcess, dt: float) -> Node:
    params = process.proc_params
    shape = np.array(params["shape_in"])
    if params["kind"] != "Flatten":
        return {"type": params["kind"], "shape": shape}
    return _flattening(params["shape_in"], params["shape_out"], process.name)


def _affine(process: AbstractProcess, dt: float) -> Node:
    weight, bias = _initial(process, "weight"), _initial(process, "bias")
    if process.proc_params["bias"] is None and not bias.any():
        return {"type": "Linear", "weight": weight}
    return {"type": "Affine", "weight": weight, "bias": bias}


def _held(kind: str, *names: str) -> Callable[[AbstractProcess, float], Node]:
    return lambda process, dt: {"type": kind, **{name: _initial(process, name) for name in names}}


def _convolution(process: AbstractProcess, dt: float) -> Node:
    params, axes = process.proc_params, len(process.proc_params["stride"])
    spatial = np.array(params["shape_in"][1:])
    padding = params["padding"]
    plain = {key: np.array(params[key]) for key in ("stride", "dilation")}
    if not isinstance(padding, str):
        plain["padding"] = np.array(nir.per_axis(padding, axes))
    if axes == 1:
        plain = {key: value[0] for key, value in plain.items()}
    return {
        "type": f"Conv{axes}d", "input_shape": spatial[0] if axes == 1 else spatial,
        "padding": padding, **plain, "groups": params["groups"],
        "weight": _initial(process, "weight"), "bias": _initial(process, "bias"),
    }  # fmt: skip


def _pool(process: AbstractProcess, dt: float) -> Node:
    params = process.proc_params
    return {
        "type": "AvgPool2d" if params["mean"] else "SumPool2d",
        "kernel_size": np.array(params["sizes"]), "stride": np.array(params["stride"]),
        "padding": np.array([before for before, _ in params["pads"]]),
    }  # fmt: skip


def _delay(process: AbstractProcess, dt: float) -> Node:
    if not process.proc_params["closes"]:  # what such an edge brings first follows from the graph
        _at_rest(process, "buffer")
    return {"type": "Delay", "delay": process.proc_params["steps"] * dt}


def _neuron(process: AbstractProcess, dt: float) -> Node:
    _at_rest(process, "i", "v")
    params = process.proc_params
    leaks, filters, spiking = params["leaks"], params["filters"], params["spiking"]
    if params["exponential"]:
        raise UnsupportedError(f"{process.name}: NIR does not say that leaks are exponential")
    if filters and not leaks:
        raise UnsupportedError(f"{process.name}: NIR has no integrator whose current leaks")
    unit = dt / params["dt"]
    node = {"r": _initial(process, "r") * (1 if leaks else params["gain"] / dt)}
    if filters:
        node |= {"tau_syn": _initial(process, "tau_syn") * unit, "w_in": _initial(process, "w_in")}
    if leaks:
        tau = "tau_mem" if filters else "tau"
        node |= {tau: _initial(process, "tau_mem") * unit, "v_leak": _initial(process, "v_leak")}
    if spiking:
        node |= {key: _initial(process, key) for key in ("v_threshold", "v_reset")}
    kind = "Cuba" * filters + "L" * leaks + "I" + "F" * spiking
    return {"type": kind, **node}


_MAKERS: dict[type, Callable[[Any, float], Node]] = {
    LIF: _lif, Dense: _connection, Sparse: _connection, Conv: _conv, Sigma: _sigma,
    Source: _end("Input"), Injector: _end("Input"),
    Sink: _end("Output"), Extractor: _end("Output"),
    nir.Passage: _passage, nir.Affine: _affine, nir.Scale: _held("Scale", "scale"),
    nir.Threshold: _held("Threshold", "threshold"), nir.Convolution: _convolution,
    nir.Pool: _pool, nir.Delay: _delay, nir.NIRNeuron: _neuron,
}  # fmt: skip
"""What makes a node of a Process of exactly this class."""
