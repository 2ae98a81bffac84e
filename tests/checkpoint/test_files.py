"""A file is there in full or not at all, and a bad one changes nothing."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lava_actor
from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.checkpoint import archive
from lava_actor.checkpoint.codec import Document, Encoder
from lava_actor.checkpoint.names import Names
from lava_actor.errors import CheckpointError, LavaActorWarning
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.process.process import AbstractProcess
from lava_actor.runtime.runtime import Runtime

from . import networks
from .test_running_on import ROOT, configured


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A paused network with messages in flight, in a file."""
    file = tmp_path_factory.mktemp("saved") / "network"
    process = networks.in_flight()
    process.run(RunSteps(num_steps=5), run_cfg=configured(None, None))
    try:
        process.save(file)
    finally:
        process.stop()
    return file.read_bytes()


def values(process: AbstractProcess) -> list[Any]:
    return [var.init for var in process.vars.members]


def refused(file: Path, match: str | None = None) -> None:
    """Neither a new network nor an existing one takes the file; the latter is as before."""
    process = networks.in_flight()
    before = values(process), dict(process.proc_params)
    with pytest.raises(CheckpointError, match=match):
        lava_actor.load(file)
    with pytest.raises(CheckpointError, match=match):
        process.load(file)
    assert (values(process), dict(process.proc_params)) == before


def sealed(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip with a digest that fits, whatever is in it."""
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", compression) as archived:
            for name, data in members.items():
                archived.writestr(name, data)
            archived.comment = b"blake2b:" + b"0" * 64
        data = file.getvalue()[:-72]
    return data + b"blake2b:" + hashlib.blake2b(data, digest_size=32).hexdigest().encode()


def members_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archived:
        return {name: archived.read(name) for name in archived.namelist()}


def changed(data: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """The file with another manifest; digest and sizes fit."""
    members = members_of(data)
    manifest = json.loads(members["manifest.json"])
    change(manifest)
    members["manifest.json"] = json.dumps(manifest).encode()
    return sealed(members)


def test_the_untouched_file_can_be_sealed_again(saved: bytes, tmp_path: Path) -> None:
    """The tests below change one thing each; this one changes nothing."""
    file = tmp_path / "same"
    file.write_bytes(changed(saved, lambda manifest: None))
    assert lava_actor.load(file).is_compiled


def test_every_truncation_is_noticed(saved: bytes, tmp_path: Path) -> None:
    file = tmp_path / "cut"
    for length in range(0, len(saved), 997):
        file.write_bytes(saved[:length])
        with pytest.raises(CheckpointError):
            lava_actor.load(file)
    for length in range(len(saved) - 80, len(saved)):
        file.write_bytes(saved[:length])
        with pytest.raises(CheckpointError):
            lava_actor.load(file)
    refused(file)


def test_every_flipped_bit_is_noticed(saved: bytes, tmp_path: Path) -> None:
    file = tmp_path / "flipped"
    numbers = np.random.default_rng(0)
    places = [*range(64), *range(len(saved) - 160, len(saved))]
    for place in [*places, *numbers.integers(0, len(saved), 100).tolist()]:
        damaged = bytearray(saved)
        damaged[place] ^= 1 << int(numbers.integers(8))
        file.write_bytes(damaged)
        with pytest.raises(CheckpointError):
            lava_actor.load(file)


@pytest.mark.parametrize("data", [b"", b"PK", b"hello" * 100, b"PK\x03\x04" + bytes(200)])
def test_other_files_are_refused(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "other"
    file.write_bytes(data)
    refused(file, "no checkpoint")


def test_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        lava_actor.load(tmp_path / "none")


def test_a_newer_version_is_named(saved: bytes, tmp_path: Path) -> None:
    members = members_of(saved)
    members["format"] = b"lava_actor checkpoint\nversion 4\n"
    members["something_new"] = b""
    file = tmp_path / "newer"
    file.write_bytes(sealed(members))
    refused(file, "version 3, got version 4.*newer lava_actor")


def test_an_older_version_is_named(saved: bytes, tmp_path: Path) -> None:
    members = members_of(saved)
    members["format"] = b"lava_actor checkpoint\nversion 1\n"
    file = tmp_path / "older"
    file.write_bytes(sealed(members))
    refused(file, "version 3, got version 1.*older lava_actor")


def first(folder: str) -> Callable[[dict[str, bytes]], str]:
    return lambda members: next(name for name in members if name.startswith(folder))


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.pop(first("arrays/")(m)),
        lambda m: m.pop("manifest.json"),
        lambda m: m.pop("format"),
        lambda m: m.update({"../evil": b""}),
        lambda m: m.update({"/etc/evil": b""}),
        lambda m: m.update({"arrays/x.npy": b""}),
        lambda m: m.update({first("arrays/")(m): b"\x93NUMPY"}),
        lambda m: m.update({"manifest.json": b"[" * 100_000}),
        lambda m: m.update({"manifest.json": b"[]"}),
        lambda m: m.update({"manifest.json": b'{"trusted": false}'}),
        lambda m: m.update({"manifest.json": b'{"a": NaN}'}),
        lambda m: m.update({"manifest.json": b'{"a": ' + b"9" * 5000 + b"}"}),
    ],
)
def test_other_members_are_refused(change: Any, saved: bytes, tmp_path: Path) -> None:
    members = members_of(saved)
    change(members)
    file = tmp_path / "odd"
    file.write_bytes(sealed(members))
    refused(file)


def test_compressed_members_are_refused(saved: bytes, tmp_path: Path) -> None:
    """So a file cannot become larger than it is."""
    file = tmp_path / "bomb"
    file.write_bytes(sealed(members_of(saved), zipfile.ZIP_DEFLATED))
    refused(file, "compressed")


def npy(array: np.ndarray, *, pickled: bool = False) -> bytes:
    with io.BytesIO() as file:
        np.lib.format.write_array(file, array, allow_pickle=pickled)
        return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        npy(np.array([object], object), pickled=True),
        npy(np.zeros(3))[:-1],
        npy(np.zeros(3)).replace(b"(3,)", b"(4,)"),
        npy(np.zeros(3)).replace(b"(3,), }    ", b"(9999999999999,),}")[:152],
        npy(np.zeros(3)).replace(b"NUMPY\x01", b"NUMPY\x07"),
    ],
    ids=["pickle", "short", "shape", "huge", "version"],
)
def test_arrays_that_are_none_are_refused(data: bytes, saved: bytes, tmp_path: Path) -> None:
    members = members_of(saved)
    members[first("arrays/")(members)] = data
    file = tmp_path / "array"
    file.write_bytes(sealed(members))
    refused(file)


def of_ramp(manifest: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(p for p in manifest["network"]["processes"] if p["name"] == "ramp")
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda m: of_ramp(m).update({"class": "subprocess:Popen"}),
        lambda m: of_ramp(m).update({"class": "os:system"}),
        lambda m: of_ramp(m).update({"class": "antigravity:Process"}),
        lambda m: of_ramp(m).update({"class": "pip.__main__:x"}),
        lambda m: of_ramp(m).update({"class": "numpy:ndarray"}),
        lambda m: of_ramp(m).update({"class": f"{networks.__name__}:PyRamp"}),
        lambda m: of_ramp(m).update({"class": f"{networks.__name__}:Nothing"}),
        lambda m: of_ramp(m).update({"class": "no_such_module:Ramp"}),
        lambda m: of_ramp(m).update({"class": "Var"}),
        lambda m: of_ramp(m).update({"class": 7}),
        lambda m: of_ramp(m).update({"class": "setup:Ramp"}),
        lambda m: of_ramp(m).update({"vars": {"level": "level"}}),
        lambda m: of_ramp(m).update({"vars": {"level": 99}}),
        lambda m: of_ramp(m).update({"vars": {"level": None}}),
        lambda m: of_ramp(m).update({"out_ports": {"out": True}}),
        lambda m: of_ramp(m).pop("vars"),
        lambda m: of_ramp(m).update({"params": [["f", {"name": "os:system"}]]}),
        lambda m: of_ramp(m).update({"params": [["f", {"name": "posix:system"}]]}),
        lambda m: of_ramp(m).update({"id": m["network"]["processes"][1]["id"]}),
        lambda m: m["network"]["ports"][0].update({"out": []}),
        lambda m: m["network"]["ports"][0].update({"out": [99]}),
        lambda m: m["network"]["vars"][0].update({"shape": [-1]}),
        lambda m: m["network"]["vars"][0].update({"init": {"ref": 10_000}}),
        lambda m: m["network"].update({"root": 17}),
        lambda m: m["run"]["run_config"].update({"class": "os:environ"}),
        lambda m: m["run"]["state"].update({"step": -1}),
        lambda m: m["run"]["state"].update({"step": "5"}),
        lambda m: m["run"]["state"]["actors"].pop(),
        lambda m: m["run"]["state"]["actors"][0].update({"model": "os:system"}),
        lambda m: m["run"]["state"]["actors"][0].update({"vars": []}),
        lambda m: m["run"]["state"]["rings"].pop(),
        lambda m: m["run"]["state"]["rings"][0].update({"waiting": [10_000]}),
        lambda m: m["run"]["state"]["rings"][0].update({"shape": [1]}),
        lambda m: m.pop("network"),
        lambda m: m.update({"trusted": "maybe"}),
    ],
)
def test_manifests_that_make_no_sense_are_refused(
    change: Any, saved: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "odd"
    file.write_bytes(changed(saved, change))
    with pytest.raises(CheckpointError, match=str(file)):
        lava_actor.load(file)
    assert "antigravity" not in sys.modules


def test_a_hostile_state_of_a_model_ends_the_start(saved: bytes, tmp_path: Path) -> None:
    """It is looked at in the actor; the network can be started without it afterwards."""

    def change(manifest: dict[str, Any]) -> None:
        state = manifest["run"]["state"]["actors"][0]["state"]
        state["root"]["attributes"]["f"] = {"name": "posix:system"}

    file = tmp_path / "hostile"
    file.write_bytes(changed(saved, change))
    process = networks.in_flight()
    process.load(file)
    with pytest.raises(CheckpointError, match=r"ramp.*posix:system"):
        process.run(RunSteps(num_steps=1))
    assert not process.is_compiled


# -- writing --------------------------------------------------------------------------------------


@pytest.fixture
def before(tmp_path: Path) -> Iterator[Path]:
    """A folder with a file in it, in which nothing may change."""
    file = tmp_path / "network"
    file.write_bytes(b"what was there")
    yield file
    assert file.read_bytes() == b"what was there"
    assert [path.name for path in tmp_path.iterdir()] == ["network"]


def test_a_save_that_fails_leaves_the_old_file(before: Path) -> None:
    process = networks.in_flight()
    process.proc_params["bad"] = open
    with pytest.raises(CheckpointError, match=r"proc_params\['bad'\]"):
        process.save(before)


def test_an_error_while_writing_leaves_the_old_file(before: Path) -> None:
    def write() -> None:
        with archive.writing(before) as writer:
            writer.document(Document([], None, [np.zeros(1000)]))
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write()


def test_being_killed_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    """The unfinished file stays beside it, under a name of its own."""
    file = tmp_path / "network"
    file.write_bytes(b"what was there")
    program = (
        "import os, sys, signal, numpy, pathlib\n"
        "from lava_actor.checkpoint import archive\n"
        "from lava_actor.checkpoint.codec import Document\n"
        "with archive.writing(pathlib.Path(sys.argv[1])) as writer:\n"
        "    writer.document(Document([], None, [numpy.zeros(100_000)]))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(file)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert file.read_bytes() == b"what was there"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        networks.in_flight().save(tmp_path / "none" / "network")


def test_equal_arrays_are_stored_once(tmp_path: Path) -> None:
    process = networks.Tally(shape=(1000,))
    process.total.init = np.arange(1000)
    process.noise.init = np.arange(1000)
    file = tmp_path / "network"
    process.save(file)
    assert sum(name.startswith("arrays/") for name in members_of(file.read_bytes())) == 1
    loaded: Any = lava_actor.load(file)
    assert loaded.total.init is not loaded.noise.init


def test_the_same_network_gives_the_same_file(tmp_path: Path) -> None:
    process = networks.in_flight()
    process.save(tmp_path / "one")
    process.save(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_load_whose_start_fails_leaves_the_network_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    neurons = LIF(shape=(1,), bias_mant=1.0, vth=1e9)
    cfg = Loihi2SimCfg(select_tag="floating_pt")
    with neurons:
        neurons.run(RunSteps(num_steps=2), run_cfg=cfg)
        neurons.save(tmp_path / "file")

        def fails(_runtime: Runtime) -> None:
            raise MemoryError("no room")

        with monkeypatch.context() as patched:
            patched.setattr(Runtime, "initialize", fails)
            with pytest.raises(MemoryError, match="no room"):
                neurons.load(tmp_path / "file")
        neurons.run(RunSteps(num_steps=1))  # and does not doubt what the load took back
        assert neurons.v.get() == 3


def watched(**probe: Any) -> LIF:
    lif, monitor = LIF(shape=(3,), bias_mant=[1, 2, 3], vth=700, name="lif"), Monitor(name="watch")
    monitor.probe(lif.v, **probe)
    return lif


@pytest.mark.parametrize(
    ("saved", "loaded", "told"),
    [
        ({}, {"every": 3}, "expected a record of every 3 steps; the file has a record of all"),
        ({"every": 3}, {"every": 2}, "every 2 steps; the file has a record of every 3 steps"),
        ({"index": [0, 1]}, {"index": [1, 2]}, r"index \[1, 2\].*; the file has .*index \[0, 1\]"),
    ],
)
def test_what_was_recorded_goes_on_only_in_a_recording_of_the_same(
    saved: Any, loaded: Any, told: str, tmp_path: Path
) -> None:
    file, cfg = tmp_path / "file", Loihi2SimCfg(select_tag="floating_pt")
    with watched(**saved) as lif:
        lif.run(RunSteps(6), cfg)
        lif.save(file)
    with pytest.raises(CheckpointError, match=told):
        watched(**loaded).load(file)
    watched(**saved).load(file)


def test_a_seed_that_has_no_effect_is_doubted(tmp_path: Path) -> None:
    file, cfg = tmp_path / "file", Loihi2SimCfg(select_tag="floating_pt")
    with LIF(shape=(3,), name="lif") as lif:
        lif.run(RunSteps(1), cfg, {"seed": 4})
        lif.save(file)
    again = LIF(shape=(3,), name="lif")
    again.load(file)
    with again, pytest.warns(LavaActorWarning, match="of seed 4; seed 5 has no effect"):
        again.run(RunSteps(1), cfg, {"seed": 5})


def test_a_view_of_memory_is_refused_rather_than_made_bytes() -> None:
    encoder = Encoder(Names(()), lambda _: None, trusted=True)
    with pytest.raises(CheckpointError, match="here: a memoryview cannot be saved"):
        encoder.add(memoryview(bytearray(3)), "here")
