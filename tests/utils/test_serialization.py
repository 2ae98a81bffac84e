"""Processes in files."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from lava_actor.process.ports.ports import InPort, OutPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var
from lava_actor.utils.serialization import load, save


class Node(AbstractProcess):
    """Something to save."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.inp = InPort((2,))
        self.out = OutPort((2,))
        self.state = Var((2,), init=np.array([1.5, 2.5]))


def test_names_values_and_connections_survive(tmp_path: Path) -> None:
    first, second = Node(name="first"), Node(name="second")
    first.out.connect(second.inp)
    save([first, second], str(tmp_path / "net"))
    loaded, executable = load(str(tmp_path / "net"))
    assert executable is None
    assert [p.name for p in loaded] == ["first", "second"]
    assert loaded[0].out.get_dst_ports() == [loaded[1].inp]
    assert loaded[1].inp.process is loaded[1]
    np.testing.assert_array_equal(loaded[0].state.get(), [1.5, 2.5])


def test_one_process_and_none_at_all_can_be_saved(tmp_path: Path) -> None:
    save(Node(name="single"), str(tmp_path / "single.pkl"))
    loaded, _ = load(str(tmp_path / "single.pkl"))
    assert loaded.name == "single"
    save([], str(tmp_path / "dir.with.dots-nothing"))
    save([], str(tmp_path / "nothing"))
    assert (tmp_path / "nothing.pickle").exists()
    assert load(str(tmp_path / "nothing"))[0] == []


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    name = str(tmp_path / "net")
    for call in (
        lambda: save("no process", name),
        lambda: save(Node(), 7),
        lambda: save(Node(), name, executable=3),
        lambda: load(7),
    ):
        with pytest.raises(TypeError):
            call()
    assert not list(tmp_path.iterdir())


def test_missing_and_foreign_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nothing"):
        load(str(tmp_path / "nothing"))
    for content in (pickle.dumps({"a": 1}), b"no pickle", b""):
        (tmp_path / "foreign").write_bytes(content)
        with pytest.raises(AssertionError):
            load(str(tmp_path / "foreign"))
