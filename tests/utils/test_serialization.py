"""Processes and Executables survive the way through a file."""

from __future__ import annotations

import itertools
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from lava_actor import AbstractProcess, InPort, Loihi2SimCfg, OutPort, RunSteps, Var
from lava_actor.compiler import storage
from lava_actor.errors import LavaActorError
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.injector import Injector
from lava_actor.proc.lif.process import LIF
from lava_actor.utils.serialization import SerializationObject, load, save

CONFIG = Loihi2SimCfg(select_tag="floating_pt")


class Holder(AbstractProcess):
    """A Process without a model."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.state = Var(shape=(2,), init=np.array([1, 2]))
        self.inp = InPort(shape=(2,))
        self.out = OutPort(shape=(2,))


def chain() -> tuple[LIF, Dense, LIF]:
    first = LIF(shape=(2,), bias_mant=np.array([0.6, 0.9]), vth=1, name="first")
    dense = Dense(weights=np.array([[0.5, 0.25], [0.1, 0.7]]), name="dense")
    last = LIF(shape=(2,), vth=1, name="last")
    first.s_out.connect(dense.s_in)
    dense.a_out.connect(last.a_in)
    return first, dense, last


def test_names_values_and_connections_survive(tmp_path: Path) -> None:
    first, _, _ = chain()
    save(first, str(tmp_path / "net"))
    assert (tmp_path / "net.pickle").exists()
    loaded, executable = load(str(tmp_path / "net"))
    assert executable is None
    assert isinstance(loaded, LIF)
    assert loaded.name == "first"
    assert np.array_equal(loaded.bias_mant.init, [0.6, 0.9])
    (dense_in,) = loaded.s_out.get_dst_ports()
    assert dense_in.process.name == "dense"
    (last_in,) = dense_in.process.a_out.get_dst_ports()
    assert last_in.process.name == "last"
    assert dense_in.in_connections == [loaded.s_out]


def test_virtual_ports_and_self_connections_survive(tmp_path: Path) -> None:
    holder = Holder()
    holder.out.reshape((2, 1)).flatten().connect(holder.inp)
    holder.out.connect(holder.inp)
    save([holder], str(tmp_path / "net.bin"))
    (loaded,), _ = load(str(tmp_path / "net.bin"))
    assert loaded.inp.get_src_ports() == [loaded.out]
    assert len(loaded.inp.in_connections) == len(holder.inp.in_connections) == 2


def test_aliases_and_hierarchy_survive(tmp_path: Path) -> None:
    parent, child = Holder(name="parent"), Holder(name="child")
    parent.register_sub_procs({"part": child})
    parent.state.alias(child.state)
    save([child], str(tmp_path / "net"))
    (loaded,), _ = load(str(tmp_path / "net"))
    assert loaded.parent_proc.name == "parent"
    assert loaded.parent_proc.procs.part is loaded
    assert loaded.parent_proc.state.aliased_var is loaded.state


def test_ids_are_unique_beside_the_originals(tmp_path: Path) -> None:
    network = chain()
    save(list(network), str(tmp_path / "net"))
    loaded, _ = load(str(tmp_path / "net"))
    everyone = [*network, *loaded]
    assert len({process.id for process in everyone}) == 6
    variables = [var for process in everyone for var in process.vars]
    assert len({var.id for var in variables}) == len(variables)


def test_a_long_chain_is_not_too_deep(tmp_path: Path) -> None:
    holders = [Holder() for _ in range(2000)]
    for one, next_one in itertools.pairwise(holders):
        one.out.connect(next_one.inp)
    save(holders[0], str(tmp_path / "net"))
    loaded, _ = load(str(tmp_path / "net"))
    steps = 0
    while loaded.out.out_connections:
        loaded = loaded.out.out_connections[0].process
        steps += 1
    assert steps == 1999


def test_a_loaded_executable_computes_what_the_original_does(tmp_path: Path) -> None:
    first, _, last = chain()
    executable = last.compile(CONFIG)
    save([first, last], str(tmp_path / "net"), executable)
    with last:
        last.run(RunSteps(num_steps=20))
        expected = first.v.get(), last.v.get()
    (first, last), executable = load(str(tmp_path / "net"))
    assert executable is not None
    last.create_runtime(executable=executable)
    with last:
        last.run(RunSteps(num_steps=20))
        assert np.array_equal(first.v.get(), expected[0])
        assert np.array_equal(last.v.get(), expected[1])


def test_a_network_can_be_saved_while_it_is_alive(tmp_path: Path) -> None:
    first, _, last = chain()
    with last:
        last.run(RunSteps(num_steps=3), run_cfg=CONFIG)
        save(first, str(tmp_path / "net"))
    loaded, _ = load(str(tmp_path / "net"))
    assert loaded.runtime is None


def test_a_file_can_be_read_in_another_interpreter_and_run_there(tmp_path: Path) -> None:
    first, _, last = chain()
    save([first, last], str(tmp_path / "net"), last.compile(CONFIG))
    program = """
from lava_actor.utils.serialization import load
(first, last), executable = load("net")
last.create_runtime(executable=executable)
with last:
    last.run(7)
    print(*first.v.get(), *last.v.get())
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True, text=True, timeout=100, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with last:
        last.run(7)
        expected = np.concatenate([first.v.get(), last.v.get()])
    assert np.array_equal(np.array(done.stdout.split(), float), expected)


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "net")
    with pytest.raises(TypeError, match="processes"):
        save(3, path)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="filename"):
        save([], 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="executable"):
        save([], path, 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="filename"):
        load(3)  # type: ignore[arg-type]
    with pytest.raises(OSError, match="net"):
        load(path)


def test_another_file_is_no_network(tmp_path: Path) -> None:
    path = tmp_path / "net.pickle"
    for content in (b"", b"text", pickle.dumps(SerializationObject([]))):
        path.write_bytes(content)
        with pytest.raises(AssertionError, match="expected a saved network") as caught:
            load(str(path))
        assert isinstance(caught.value, LavaActorError)


def test_what_cannot_be_saved_is_named(tmp_path: Path) -> None:
    holder = Holder(name="holder", lock=threading.Lock())
    with pytest.raises(TypeError, match=r"holder\.proc_params\['lock'\]"):
        save(holder, str(tmp_path / "net"))


def test_the_extension_is_added_to_the_last_part_of_the_name_only(tmp_path: Path) -> None:
    folder = tmp_path / "a.b"
    folder.mkdir()
    save([], str(folder / "net"))
    save([], str(folder / "net.lava"))
    assert sorted(p.name for p in folder.iterdir()) == ["net.lava", "net.pickle"]
    assert load(str(folder / "net.lava")).processes == []


@pytest.mark.parametrize(("written", "told"), [(1, "got format 1 with an"), (99, "newer lava_a")])
def test_files_of_other_formats_are_refused_by_name(
    written: int, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the first one only those that need what it did not say."""
    injector, neuron = Injector((1,)), LIF(shape=(1,))
    injector.out_port.connect(neuron.a_in)
    executable = neuron.compile(Loihi2SimCfg(select_tag="floating_pt"))
    pack = storage._Archive.__init__

    def as_before(archive: object, *given: object) -> None:
        pack(archive, written, *given[1:])  # type: ignore[arg-type]
        archive.ids = [(neuron, 7)]  # type: ignore[attr-defined]

    monkeypatch.setattr(storage._Archive, "__init__", as_before)
    save([injector, neuron], str(tmp_path / "kept"), executable)
    with pytest.raises(LavaActorError, match=told):
        load(str(tmp_path / "kept"))
    if written == 1:
        neuron._la_executable = None
        save([injector, neuron], str(tmp_path / "plain"))
        assert len(load(str(tmp_path / "plain"))[0]) == 2
