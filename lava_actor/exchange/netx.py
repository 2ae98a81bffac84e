"""Networks in the HDF5 layout of netx, in which tools for Loihi leave what they trained.

The layout is layer-wise: a group ``layer`` with groups ``0``, ``1``, … from input to output, each
with at least ``shape`` and ``type``. What is known of it is what its public description says; what
that leaves open (the order in which a picture is flattened, say) is refused rather than guessed.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from lava_actor.errors import InvalidValueError, UnsupportedError
from lava_actor.exchange.graph import Network
from lava_actor.exchange.hdf5 import contents
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF
from lava_actor.process.process import AbstractProcess

_FIELDS = {
    "input": {"neuron", "bias", "weight"},
    "flatten": set[str](),
    "dense": {"neuron", "inFeatures", "outFeatures", "weight", "delay", "bias"},
}
"""{type of a layer that can be read: fields beside ``shape`` and ``type``}"""

_NEURON = {"type", "iDecay", "vDecay", "vThMant", "refDelay", "gradedSpike"}
_CUBA = ("CUBA", "CUBA-LIF", "LIF")


def read_netx(path: str | os.PathLike[str]) -> Network:
    """Read an HDF5 network of netx: dense layers of current-based LIF neurons, in fixed point.

    Layer n is the `Dense` ``"n.synapses"`` and the `LIF` ``"n"``. Run them with
    ``Loihi2SimCfg(select_tag="fixed_pt")``. Each layer takes a step.

    Parameters
    ----------
    path : path

    Returns
    -------
    Network
        Its input is the first `Dense`, port `s_in`; its output the last `LIF`, port `s_out`.

    Raises
    ------
    UnsupportedError
        If a layer cannot be kept exactly; names layer, field and reason.
    InvalidValueError
        If the file contradicts itself.

    Examples
    --------
    >>> network = read_netx("trained.net")
    >>> source.s_out.connect(network.inputs["1.synapses"].s_in)
    """
    layers = contents(path).get("layer")
    if not isinstance(layers, dict) or not layers:
        raise InvalidValueError(f"{os.fspath(path)}: expected a group 'layer' with layers in it")
    if sorted(layers) != sorted(map(str, range(len(layers)))):
        raise InvalidValueError(
            f"layers: expected the names 0 to {len(layers) - 1}, got {[*layers]}"
        )
    processes: dict[str, AbstractProcess] = {}
    size, before = 0, None
    for number in map(str, range(len(layers))):
        layer = layers[number]
        kind = str(layer.get("type"))
        _check(number, kind, layer, first=number == "0")
        shape = tuple(int(n) for n in np.ravel(layer["shape"]))
        if kind != "dense":
            if sum(n > 1 for n in shape) > 1:
                raise UnsupportedError(
                    f"layer {number}, shape: expected one dimension, got {shape}; the layout does "
                    f"not say in which order its elements are counted"
                )
            if size and int(np.prod(shape)) != size:
                raise InvalidValueError(
                    f"layer {number}, shape: expected {size} elements, got {shape}"
                )
            size = int(np.prod(shape))
            continue
        weights = _weights(number, layer["weight"])
        if weights.shape[1] != size or weights.shape[0] != int(np.prod(shape)):
            raise InvalidValueError(
                f"layer {number}, weight: expected shape ({int(np.prod(shape))}, {size}), got "
                f"{weights.shape}"
            )
        synapses = Dense(weights=weights, name=f"{number}.synapses")
        cells = LIF(shape=(len(weights),), name=number, **_neuron(number, layer["neuron"]))
        if before is not None:
            before.s_out.connect(synapses.s_in)
        synapses.a_out.connect(cells.a_in)
        processes |= {synapses.name: synapses, cells.name: cells}
        size, before = len(weights), cells
    if before is None:
        raise InvalidValueError(f"{os.fspath(path)}: expected a dense layer, found none")
    return Network(processes, [next(iter(processes))], [before.name])


def _check(number: str, kind: str, layer: dict[str, Any], first: bool) -> None:
    if kind not in _FIELDS:
        raise UnsupportedError(
            f"layer {number}, type: {kind!r} cannot be read; can be: {', '.join(_FIELDS)}"
        )
    if first != (kind == "input"):
        raise InvalidValueError(f"layer {number}, type: the first layer, and no other, is an input")
    needed = {"shape"} | ({"weight", "neuron"} if kind == "dense" else set())
    if missing := needed - set(layer):
        raise InvalidValueError(f"layer {number}: expected {', '.join(sorted(missing))}")
    for name, value in layer.items():
        known = name in _FIELDS[kind] | {"shape", "type"}
        applied = name in ("delay", "bias") or (kind == "input" and name in _FIELDS[kind])
        if not known or (applied and (isinstance(value, dict) or np.any(value))):
            raise UnsupportedError(f"layer {number}, {name}: a {kind} layer is read without it")


def _weights(number: str, given: object) -> np.ndarray:
    """The weights as integers, if Loihi's synapses hold them as they are."""
    weights = np.asarray(given)
    if weights.ndim != 2 or weights.dtype.kind not in "fiu" or np.any(weights != np.rint(weights)):
        raise UnsupportedError(f"layer {number}, weight: expected a matrix of whole numbers")
    low, high = weights.min(initial=0), weights.max(initial=0)
    mixed = low < 0 < high
    if (np.any(weights % 2) or low < -256 or high > 254) if mixed else (low < -255 or high > 255):
        raise UnsupportedError(
            f"layer {number}, weight: expected whole numbers of 8 bits, of both signs even "
            f"ones from -256 to 254, of one sign up to 255; got {weights.min()} to {weights.max()}"
        )
    return weights.astype(np.int64)


def _neuron(number: str, neuron: dict[str, Any]) -> dict[str, int]:
    """Parameters of a `LIF`."""
    if unknown := sorted(set(neuron) - _NEURON):
        raise UnsupportedError(f"layer {number}, neuron: {', '.join(unknown)} is not known")
    if neuron.get("type", "CUBA") not in _CUBA:
        raise UnsupportedError(
            f"layer {number}, neuron type: expected one of {_CUBA}, got {neuron['type']!r}"
        )
    if int(neuron.get("refDelay", 1)) > 1 or int(neuron.get("gradedSpike", 0)):
        raise UnsupportedError(
            f"layer {number}, neuron: expected refDelay 1 and no gradedSpike, which LIF has not"
        )
    limits = {"iDecay": (0, 4096), "vDecay": (0, 4096), "vThMant": (0, 2**17 - 1)}
    found = {}
    for name, (low, high) in limits.items():
        value = np.ravel(neuron.get(name, ()))
        if value.size != 1 or value[0] != int(value[0]) or not low <= value[0] <= high:
            raise InvalidValueError(
                f"layer {number}, neuron {name}: expected one integer from {low} to {high}, got "
                f"{neuron.get(name)}"
            )
        found[name] = int(value[0])
    return {"du": found["iDecay"] - 1, "dv": found["vDecay"], "vth": found["vThMant"]}
