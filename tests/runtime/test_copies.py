"""A copy of a network is a network of its own, whatever became of the original."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.proc.io.extractor import Extractor
from lava_actor.proc.io.injector import Injector
from lava_actor.proc.lif.process import LIF
from lava_actor.utils.serialization import load, save

from .networks import Expand, HierarchicalSender, HierarchicalSink

CONFIG = Loihi2SimCfg(select_tag="floating_pt")


def by_pickle(obj: Any) -> Any:
    return pickle.loads(pickle.dumps(obj))


@pytest.fixture(params=[by_pickle, copy.deepcopy], ids=lambda f: f.__name__)
def copied(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    copier: Callable[[Any], Any] = request.param
    return copier


def cells() -> LIF:
    return LIF(shape=(3,), bias_mant=1.0, vth=100, du=1, dv=0)


@pytest.mark.parametrize("state", ["compiled", "running", "stopped"])
def test_get_and_set_reach_the_vars_of_the_copy(
    copied: Callable[[Any], Any], state: str
) -> None:
    with cells() as original:
        original.compile(CONFIG)
        if state != "compiled":
            original.run(5)
        if state == "stopped":
            original.stop()
        with copied(original) as other:
            other.run(3)
            other.bias_mant.set(2)
            other.run(1)
            assert {name: getattr(other, name).get().max() for name in ("v", "vth", "du")} == {
                "v": 5, "vth": 100, "du": 1,
            }  # fmt: skip
        original.run(2)
        assert original.v.get().tolist() == [7 if state == "running" else 2] * 3


def test_a_copy_of_a_started_network_is_compiled_as_it_is_wired(
    copied: Callable[[Any], Any],
) -> None:
    original = cells()
    original.run(1, CONFIG)
    original.stop()
    other, more = copied(original), Extractor(shape=(3,))
    other.s_out.connect(more.in_port)
    executable = other.compile(CONFIG)
    assert more in executable.process_list


def test_sub_processes_are_not_made_twice_in_a_copy(copied: Callable[[Any], Any]) -> None:
    sender, sink = HierarchicalSender([3]), HierarchicalSink(shape=(1,))
    sender.out.connect(sink.inp)
    with sink:
        sink.run(2, Expand())
        expected = sink.last.get()
        with copied(sink) as other:
            for _ in range(2):
                other.run(2)
                assert other.last.get() == expected
                assert len(other.procs.members) == 1
                other.stop()


def test_a_network_from_a_file_is_compiled_again_as_it_was(tmp_path: Path) -> None:
    sender, sink = HierarchicalSender([3]), HierarchicalSink(shape=(1,))
    sender.out.connect(sink.inp)
    save(sink, str(tmp_path / "net"), sink.compile(Expand()))
    loaded, executable = load(str(tmp_path / "net"))
    assert isinstance(loaded, HierarchicalSink)
    assert executable is not None
    with loaded:
        loaded.create_runtime(executable=executable)
        loaded.run(2)
        expected = loaded.last.get()
        loaded.stop()
        loaded.run(2)
        assert loaded.last.get() == expected
        assert len(loaded.procs.members) == 1


def test_a_copy_has_pipes_of_its_own(copied: Callable[[Any], Any]) -> None:
    inlet, outlet = Injector(shape=(2,)), Extractor(shape=(2,))
    inlet.out_port.connect(outlet.in_port)
    with inlet:
        inlet.create_runtime(CONFIG)
        first, last = copied([inlet, outlet])
        with first:
            for start, end, value in (inlet, outlet, 1), (first, last, 2):
                start.run(RunSteps(1, blocking=False))
                start.send(np.full(2, value))
                assert end.receive().tolist() == [value, value]
                start.wait()
