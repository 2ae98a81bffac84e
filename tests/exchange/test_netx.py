"""HDF5 networks in the layout of netx: dense layers in fixed point, and nothing that is guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import Loihi2SimCfg
from lava_actor.errors import InvalidValueError, UnsupportedError
from lava_actor.exchange import read_netx
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.io.source import RingBuffer as Source

h5py = pytest.importorskip("h5py")

NEURON = {"iDecay": 1024, "vDecay": 128, "vThMant": 80, "refDelay": 1, "type": "CUBA"}


def layers() -> dict[str, dict[str, Any]]:
    rng = np.random.default_rng(1)
    return {
        "0": {"type": "input", "shape": [1, 1, 6]},
        "1": {"type": "dense", "shape": [5], "inFeatures": 6, "outFeatures": 5,
              "weight": rng.integers(-40, 60, (5, 6)) * 2, "neuron": dict(NEURON)},
        "2": {"type": "flatten", "shape": [5]},
        "3": {"type": "dense", "shape": [2], "weight": rng.integers(0, 200, (2, 5)),
              "neuron": {**NEURON, "vThMant": 120}},
    }  # fmt: skip


def written(path: Path, content: dict[str, Any]) -> Path:
    def put(group: Any, values: dict[str, Any]) -> None:
        for name, value in values.items():
            if isinstance(value, dict):
                put(group.create_group(name), value)
            else:
                group.create_dataset(name, data=value)

    with h5py.File(path, "w") as file:
        put(file, {"layer": content, "simulation": {"Ts": 1, "tSample": 30}})
    return path


def in_integers(content: dict[str, Any], spikes: np.ndarray) -> np.ndarray:
    """What Loihi's current-based LIF does, in Python's integers; a layer takes a step."""
    dense = [layer for layer in content.values() if layer["type"] == "dense"]
    u, v = ([[0] * len(layer["weight"]) for layer in dense] for _ in range(2))
    late = [np.zeros(layer["weight"].shape[1], int) for layer in dense]
    said = []
    for row in spikes.astype(int):
        now = row
        for n, layer in enumerate(dense):
            neuron, sums = layer["neuron"], layer["weight"] @ late[n]
            late[n] = now
            now = np.zeros(len(sums), int)
            for k, total in enumerate(sums.tolist()):
                for states, decay, more in ((u, "iDecay", total * 64), (v, "vDecay", None)):
                    kept = states[n][k] * (4096 - neuron[decay])
                    kept = (abs(kept) >> 12) * (1 if kept >= 0 else -1)
                    states[n][k] = kept + (u[n][k] if more is None else more)
                if v[n][k] > neuron["vThMant"] * 64:
                    v[n][k], now[k] = 0, 1
        said.append(now)
    return np.array(said)


def test_dense_layers_compute_in_the_integers_of_loihi(tmp_path: Path) -> None:
    content = layers()
    network = read_netx(written(tmp_path / "trained.net", content))
    assert [*network] == ["1.synapses", "1", "3.synapses", "3"]
    spikes = np.random.default_rng(2).random((30, 6)) < 0.4
    source, sink = Source(data=spikes.T.astype(int)), Sink(shape=(2,), buffer=30)
    source.s_out.connect(network.inputs["1.synapses"].s_in)
    network.outputs["3"].s_out.connect(sink.a_in)
    with source:
        source.run(30, Loihi2SimCfg(select_tag="fixed_pt"))
        got = sink.data.get().T
    assert 0 < got.mean() < 1
    assert np.array_equal(got, in_integers(content, spikes))


@pytest.mark.parametrize(
    ("layer", "changes", "error", "told"),
    [
        ("1", {"type": "conv"}, UnsupportedError, "layer 1, type: 'conv' cannot be read; can be"),
        (
            "1",
            {"delay": np.ones(5)},
            UnsupportedError,
            "layer 1, delay: a dense layer is read without",
        ),
        ("1", {"bias": np.ones(5)}, UnsupportedError, "layer 1, bias"),
        ("1", {"pruned": 1}, UnsupportedError, "layer 1, pruned"),
        (
            "1",
            {"weight": np.full((5, 6), 0.5)},
            UnsupportedError,
            "weight: expected a matrix of whole",
        ),
        ("1", {"weight": np.tile([[3, -3]], (5, 3))}, UnsupportedError, "of both signs even ones"),
        ("1", {"weight": np.full((5, 6), 300)}, UnsupportedError, "got 300 to 300"),
        (
            "1",
            {"weight": np.full((5, 7), 2)},
            InvalidValueError,
            r"expected shape \(5, 6\), got \(5, 7\)",
        ),
        (
            "1",
            {"neuron": {**NEURON, "type": "RF"}},
            UnsupportedError,
            "layer 1, neuron type:.*'RF'",
        ),
        ("1", {"neuron": {**NEURON, "refDelay": 3}}, UnsupportedError, "expected refDelay 1"),
        (
            "1",
            {"neuron": {**NEURON, "tau_grad": 3}},
            UnsupportedError,
            "neuron: tau_grad is not known",
        ),
        ("1", {"neuron": {"iDecay": 1}}, InvalidValueError, "neuron vDecay: expected one integer"),
        ("0", {"shape": [2, 3, 1]}, UnsupportedError, "in which order its elements are counted"),
        ("0", {"type": "dense"}, InvalidValueError, "layer 0, type: the first layer"),
        ("2", {"shape": [4]}, InvalidValueError, "layer 2, shape: expected 5 elements"),
    ],
)
def test_what_is_not_known_is_refused_by_layer_and_field(
    layer: str, changes: dict[str, Any], error: type[Exception], told: str, tmp_path: Path
) -> None:
    content = layers()
    content[layer] |= changes
    with pytest.raises(error, match=told):
        read_netx(written(tmp_path / "wrong.net", content))


def test_a_file_without_layers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="expected a group 'layer'"):
        read_netx(written(tmp_path / "empty.net", {}))
