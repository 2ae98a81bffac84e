"""A file that needs no trust can neither corrupt memory nor hang nor fill it, whatever is in it."""

from __future__ import annotations

import copy
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import lava_actor
from lava_actor import AbstractProcess, Loihi2SimCfg, RunSteps
from lava_actor.errors import CheckpointError
from lava_actor.proc._operators import SparseOperator
from lava_actor.proc.dense.process import DelayDense, Dense
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sparse.process import DelaySparse, Sparse
from lava_actor.process.log import LogConfig

from .test_files import changed, members_of, npy, sealed
from .test_running_on import ROOT

CFG = Loihi2SimCfg(select_tag="floating_pt")
WEIGHTS = np.random.default_rng(0).integers(0, 4, (20, 30)) * 0.5


def network() -> AbstractProcess:
    """Every connection with native loops, one after the other."""
    sparse = scipy.sparse.csr_matrix(WEIGHTS)
    delays = scipy.sparse.csr_matrix((sparse.data * 2).astype(int) % 3, shape=(1, sparse.nnz))
    delays = scipy.sparse.csr_matrix((delays.toarray()[0], sparse.indices, sparse.indptr))
    first: Any = LIF(shape=(30,), bias_mant=1.0, vth=3.0, name="first")
    for number, connection in enumerate(
        (
            Sparse(weights=sparse, name="sparse"),
            DelaySparse(weights=sparse, delays=delays, name="delayed"),
            Dense(weights=WEIGHTS, name="dense"),
            DelayDense(weights=WEIGHTS, delays=np.ones(WEIGHTS.shape, int), name="late"),
        )
    ):
        last = LIF(shape=(20,), vth=9.0, name=f"last{number}")
        first.s_out.connect(connection.s_in)
        connection.a_out.connect(last.a_in)
    return first


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The network after some steps, paused."""
    file = tmp_path_factory.mktemp("saved") / "network"
    first = network()
    with first:
        first.run(RunSteps(num_steps=7), run_cfg=CFG)
        first.save(file)
    return file.read_bytes()


def with_array(data: bytes, name: str, array: np.ndarray) -> bytes:
    """The file with another array in the place of one; digests and sizes fit."""
    members = members_of(data)
    members[name] = npy(array)
    return sealed(members)


def loaded(data: bytes, file: Path, steps: int = 300) -> None:
    """Load a file and run it."""
    file.write_bytes(data)
    process: Any = lava_actor.load(file)
    with process:
        process.run(RunSteps(num_steps=steps), run_cfg=CFG)


def operator_entry(manifest: dict[str, Any], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(document of a model, state of its operator)."""
    actor = next(a for a in manifest["run"]["state"]["actors"] if a["process"] == name)
    document = actor["state"]
    entry = next(
        o for o in document["objects"] if str(o.get("object", "")).endswith("SparseOperator")
    )
    return document, dict(entry["state"])


@pytest.mark.parametrize("name", ["sparse", "delayed"])
@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("_pointers", lambda x: np.full_like(x, 1 << 40)),
        ("_pointers", lambda x: x[::-1].copy()),
        ("_pointers", lambda x: x[:-1]),
        ("_pointers", lambda x: x - 1),
        ("_pointers", lambda x: x.astype(np.int32)),
        ("_rows", lambda x: np.full_like(x, 65535)),
        ("_rows", lambda x: x[:-1]),
        ("_rows", lambda x: np.full(x.shape, -1, np.int32)),
        ("_rows", lambda x: x.astype(np.int64)),
        ("_codes", lambda x: x[:5]),
        ("_codes", lambda x: x.astype(np.int64)),
        ("_table", lambda x: x[:3]),
        ("_table", lambda x: x.astype(np.float32)),
    ],
)
def test_an_operator_is_checked_before_it_is_believed(
    name: str, part: str, change: Any, saved: bytes, tmp_path: Path
) -> None:
    document, state = operator_entry(json.loads(members_of(saved)["manifest.json"]), name)
    member = document["blobs"][document["objects"][state[part]["ref"]]["array"]["blob"]]
    array = np.load(io.BytesIO(members_of(saved)[member]))
    with pytest.raises(CheckpointError, match="its model cannot be restored"):
        loaded(with_array(saved, member, change(array)), tmp_path / "file")


def test_memory_that_a_file_lets_others_write_to_is_not_an_operators(saved: bytes) -> None:
    operator = SparseOperator(scipy.sparse.csr_matrix(WEIGHTS), np.dtype(float))
    given = operator._rows
    operator._la_check_restored()
    assert not np.shares_memory(given, operator._rows)


def of_first(manifest: dict[str, Any]) -> dict[str, Any]:
    actors = manifest["run"]["state"]["actors"]
    found: dict[str, Any] = next(a for a in actors if a["process"] == "first")["state"]
    return found


@pytest.mark.parametrize(
    "attribute",
    [
        ["__class__", {"name": "builtins:int"}],
        ["run_spk", {"name": "builtins:len"}],
        ["_la_native_burst", None],
        ["a_in", 3],
        ["_la_control", 3],
        ["_la_process_name", 3],
        ["x", {"at": ["port", "a_out"]}],
        ["x", {"at": []}],
        ["x", {"method": [{"at": ["model"]}, "v"]}],
        ["x", {"method": [{"at": ["model"]}, "__class__"]}],
    ],
)
def test_only_the_models_own_attributes_are_set(
    attribute: list[Any], saved: bytes, tmp_path: Path
) -> None:
    data = changed(saved, lambda m: of_first(m)["root"]["attributes"].update([attribute]))
    with pytest.raises(CheckpointError, match="first: its model cannot be restored"):
        loaded(data, tmp_path / "file", 1)


def test_the_value_of_a_var_has_its_shape(saved: bytes, tmp_path: Path) -> None:
    def change(manifest: dict[str, Any]) -> None:
        of_first(manifest)["root"]["attributes"].update(u=1.5, v={"tuple": [1, 2]})

    with pytest.raises(CheckpointError, match=r"first.*first\.v: .*expected.*shape, \(30,\)"):
        loaded(changed(saved, change), tmp_path / "file", 1)


@pytest.mark.parametrize("attribute", [["_runtime", 3], ["vars", 3], ["run", 3], ["name", "x"]])
def test_only_a_processs_own_attributes_are_set(
    attribute: list[Any], saved: bytes, tmp_path: Path
) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["network"]["processes"][0]["attributes"].update([attribute])

    with pytest.raises(CheckpointError, match=f"no file may set .*{attribute[0]}"):
        loaded(changed(saved, change), tmp_path / "file", 1)


@pytest.mark.parametrize("position", [-1, 625, 10**9])
def test_a_bit_generator_knows_where_it_is(position: int, saved: bytes, tmp_path: Path) -> None:
    def change(manifest: dict[str, Any]) -> None:
        text = json.dumps(of_first(manifest))
        assert '"pos", ' in text
        before, _, rest = text.partition('"pos", ')
        of_first(manifest).clear()
        found = json.loads(f'{before}"pos", {position}{rest[rest.index("]"):]}')
        of_first(manifest).update(found)

    with pytest.raises(CheckpointError, match=r"first.*expected a position from 0 to 624"):
        loaded(changed(saved, change), tmp_path / "file", 1)


def test_a_file_does_not_say_where_logs_go(tmp_path: Path) -> None:
    first = LIF(shape=(1,), log_config=LogConfig(file=str(tmp_path / "log"), logs_to_file=True))
    first.save(tmp_path / "file")
    found: Any = lava_actor.load(tmp_path / "file")
    assert not found.log_config.logs_to_file


def test_a_network_with_a_monitor_is_loaded_into_an_equal_one_made_later(tmp_path: Path) -> None:
    """Generated names count on: they say nothing about what a network is."""

    def watched() -> tuple[Any, Any]:
        neurons, monitor = LIF(shape=(2,), bias_mant=1.0, vth=3.0), Monitor()
        monitor.probe(neurons.v, 20)
        return neurons, monitor

    one, _ = watched()
    with one:
        one.run(RunSteps(num_steps=5), run_cfg=CFG)
        one.save(tmp_path / "file")
    two, monitor = watched()
    two.load(tmp_path / "file")
    with two:
        two.run(RunSteps(num_steps=2), run_cfg=CFG)
        (recorded,) = monitor.get_data()[two.name].values()
    assert recorded[:8, 0].tolist() == [1, 2, 3, 0, 1, 2, 3, 0]


def damaged(data: bytes, numbers: np.random.Generator) -> bytes:
    """One field or some numbers changed; sizes and digests fit, so that somebody looks at it."""
    members = members_of(data)
    manifest = json.loads(members["manifest.json"])
    arrays = sorted(name for name in members if name.endswith(".npy"))
    if numbers.random() < 0.5:
        name = arrays[int(numbers.integers(len(arrays)))]
        array = np.load(io.BytesIO(members[name]))
        raw = bytearray(array.tobytes())
        for place in numbers.integers(0, max(1, len(raw)), 1 + int(numbers.integers(8))):
            if raw:
                raw[place] ^= 1 << int(numbers.integers(8))
        members[name] = npy(np.frombuffer(raw, array.dtype).reshape(array.shape))
    else:
        places: list[tuple[Any, Any]] = []
        todo: list[Any] = [manifest["network"], manifest["run"], manifest["values"]]
        while todo:
            node = todo.pop()
            pairs = node.items() if isinstance(node, dict) else enumerate(node)
            for key, value in list(pairs):
                places.append((node, key))
                if isinstance(value, (dict, list)):
                    todo.append(value)
        holder, key = places[int(numbers.integers(len(places)))]
        other, its = places[int(numbers.integers(len(places)))]
        choices = [None, 0, -1, 10**6, 2**62, 0.5, "x", True, [], {}, copy.deepcopy(other[its])]
        holder[key] = choices[int(numbers.integers(len(choices)))]
    members["manifest.json"] = json.dumps(manifest).encode()
    return sealed(members)


FUZZ = """
import faulthandler, json, os, resource, sys
faulthandler.enable()
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
import lava_actor
from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.errors import ActorDiedError, LavaActorError
outcomes = {}
for path in sys.argv[1:]:
    try:
        process = lava_actor.load(path)
        with process:
            process.run(RunSteps(num_steps=30), run_cfg=Loihi2SimCfg(select_tag="floating_pt"))
        kind = "ran"
    except ActorDiedError as error:
        sys.exit(f"{path}: {error}")
    except LavaActorError as error:
        kind = type(error).__name__
    except Exception as error:
        kind = f"{type(error).__name__}: {error}"
    outcomes[path] = kind
print(json.dumps(outcomes))
"""


LONG = (pytest.mark.slow, pytest.mark.timeout(900))
ROUNDS = [(0, 24), *(pytest.param(n, 100, marks=LONG) for n in range(1, 21))]


@pytest.mark.parametrize(("seed", "count"), ROUNDS)
def test_a_damaged_file_is_an_error_or_a_network_that_runs(
    seed: int, count: int, saved: bytes, tmp_path: Path
) -> None:
    numbers = np.random.default_rng(seed)
    files = [tmp_path / str(number) for number in range(count)]
    for file in files:
        file.write_bytes(damaged(saved, numbers))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FUZZ, *map(str, files)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(json.loads(done.stdout.splitlines()[-1])) == count
