"""`ModelHarness`: one model, driven by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lava_actor.errors import DeadlockError, InvalidValueError, NetworkError
from lava_actor.model.harness import ModelHarness
from lava_actor.model.ports import PyInPort, PyOutPort, PyRefPort, PyVarPort
from lava_actor.model.py.async_ import PyAsyncProcessModel
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.types import LavaPyType
from lava_actor.process.ports.ports import InPort, OutPort, RefPort, VarPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var


class Adder(AbstractProcess):
    def __init__(self, shape: tuple[int, ...] = (2,), **kwargs: Any) -> None:
        super().__init__(shape=shape, **kwargs)
        self.total = Var(shape, init=1)
        self.count = Var((1,), init=0)
        self.a_in = InPort(shape)
        self.b_in = InPort(shape)
        self.s_out = OutPort(shape)


class AdderModel(PyLoihiProcessModel):
    total: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=8)
    count: int = LavaPyType(int, int)
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    b_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def on_start(self) -> None:
        self.started_with = self.total.copy()

    def on_var_update(self) -> None:
        self.count = -1

    def run_spk(self) -> None:
        self.count += 1
        self.total = self.total + self.a_in.recv() + self.b_in.recv()
        if self.time_step % 2:
            self.s_out.send(self.total)


def test_a_step_feeds_in_ports_and_returns_what_was_sent() -> None:
    harness = ModelHarness(AdderModel, Adder(name="adder"), b_in=100)
    sent = harness.step(a_in=np.array([1, 2]))
    np.testing.assert_array_equal(sent["s_out"], [102, 103])
    assert harness.step() == {"s_out": None}
    assert harness.time_step == 2
    np.testing.assert_array_equal(harness.total, [202, 203])
    assert harness.count == 2
    assert type(harness.count) is int
    assert harness._total_p == 8
    np.testing.assert_array_equal(harness.started_with, [1, 1])


def test_run_does_many_steps_with_constant_or_changing_messages() -> None:
    harness = ModelHarness(AdderModel, Adder())
    sent = harness.run(3, a_in=np.array([1, 2]), b_in=np.array([[1, 1], [0, 0], [2, 2]]))
    assert sent["s_out"][1] is None
    np.testing.assert_array_equal(sent["s_out"][2], [1 + 3 + 3, 1 + 6 + 3])
    again = harness.run(1, a_in=[[5, 5]])
    np.testing.assert_array_equal(again["s_out"][0] if again["s_out"][0] is not None else 0, 0)


def test_setting_a_var_converts_it_and_calls_the_hook() -> None:
    harness = ModelHarness(AdderModel, Adder())
    harness.set("total", [1.9, 5])
    np.testing.assert_array_equal(harness.total, [1, 5])
    assert harness.total.dtype == np.int32
    assert harness.count == -1


def test_unknown_ports_and_wrong_shapes_are_named() -> None:
    harness = ModelHarness(AdderModel, Adder(name="adder"))
    with pytest.raises(NetworkError, match=r"adder has no in-port 'c_in'; it has a_in, b_in"):
        harness.step(c_in=1)
    with pytest.raises(InvalidValueError, match=r"adder\.a_in: expected shape \(2,\)"):
        harness.step(a_in=np.zeros(3))
    with pytest.raises(NetworkError, match="no in-port"):
        ModelHarness(AdderModel, Adder(), nothing=1)
    with pytest.raises(NetworkError, match="works in steps"):
        ModelHarness(AdderModel, Adder()).run_async()  # type: ignore[attr-defined]


def test_a_model_that_does_not_fit_is_refused_like_by_the_compiler() -> None:
    class Wrong(AdderModel):
        s_out = None  # type: ignore[assignment]

    with pytest.raises(AssertionError, match="s_out"):
        ModelHarness(Wrong, Adder())


class Wire(AbstractProcess):
    def __init__(self, shape: tuple[int, ...] = (3,)) -> None:
        super().__init__(name="wire")
        self.seen = Var(shape)
        self.a_in = InPort(shape)
        self.s_out = OutPort(shape)


def wire_model(step: Any, kind: str = "VEC_DENSE", dtype: Any = float) -> type:
    return type(
        "WireModel",
        (PyLoihiProcessModel,),
        {
            "seen": LavaPyType(np.ndarray, float),
            "a_in": LavaPyType(getattr(PyInPort, kind), dtype),
            "s_out": LavaPyType(getattr(PyOutPort, kind), dtype),
            "run_spk": step,
        },
    )


def test_a_message_has_the_dtype_of_its_sender() -> None:
    def step(self: Any) -> None:
        self.seen = self.a_in.recv()

    harness = ModelHarness(wire_model(step, dtype=np.int32), Wire())
    harness.step(a_in=np.array([0.5, 0, 0]))
    assert harness.seen.dtype == np.float64
    harness.step(a_in=[1, 0, 0])
    assert harness.seen.dtype == np.float64 or harness.seen.dtype == np.int32
    harness.step(a_in=np.array([1, 0, 0], np.int8))
    assert harness.seen.dtype == np.int32


def test_events_go_in_and_come_out_as_they_are() -> None:
    def step(self: Any) -> None:
        values, indices = self.a_in.recv()
        self.s_out.send(values * 2, indices)

    harness = ModelHarness(wire_model(step, "VEC_SPARSE"), Wire())
    values, indices = harness.step(a_in=(np.array([1.5, 2.0]), np.array([2, 0])))["s_out"]
    np.testing.assert_array_equal(values, [3, 4])
    np.testing.assert_array_equal(indices, [2, 0])
    values, indices = harness.step(a_in=np.array([0, 7.0, 0]))["s_out"]
    np.testing.assert_array_equal(values, [14])
    np.testing.assert_array_equal(indices, [1])
    values, _ = harness.step(a_in=(None, [1]))["s_out"]
    np.testing.assert_array_equal(values, [2])


def test_dense_ports_give_events_too() -> None:
    def step(self: Any) -> None:
        values, indices = self.a_in.recv_events()
        self.seen[indices] = 1 if values is None else values
        self.s_out.send(self.seen)

    harness = ModelHarness(wire_model(step), Wire())
    np.testing.assert_array_equal(harness.step(a_in=np.array([1, 0, 1], bool))["s_out"], [1, 0, 1])
    np.testing.assert_array_equal(harness.step()["s_out"], [1, 0, 1])


def test_waiting_for_a_message_that_nobody_sends_is_an_error() -> None:
    def step(self: Any) -> None:
        self.a_in.recv()
        self.a_in.recv()

    harness = ModelHarness(wire_model(step), Wire())
    with pytest.raises(DeadlockError, match=r"wire\.a_in"):
        harness.step()
    harness = ModelHarness(wire_model(step), Wire())
    with pytest.raises(DeadlockError, match=r"wire\.a_in"):
        harness.step(a_in=0)
    harness = ModelHarness(wire_model(step), Wire())
    harness.feed("a_in", 1)
    harness.step(a_in=2)


def test_all_messages_of_a_step_are_kept() -> None:
    def step(self: Any) -> None:
        self.s_out.send(np.full(3, 1.0))
        self.s_out.send(np.full(3, 2.0))

    harness = ModelHarness(wire_model(step), Wire())
    np.testing.assert_array_equal(harness.step()["s_out"], [2, 2, 2])
    np.testing.assert_array_equal(harness.sent["s_out"], [[1, 1, 1], [2, 2, 2]])


def test_a_model_may_declare_its_members_when_it_knows_the_process() -> None:
    class Late(PyLoihiProcessModel):
        @classmethod
        def _la_specialised(cls, process: AbstractProcess) -> type:
            members = {name: LavaPyType(np.ndarray, float) for name in process.vars.member_names}
            members["a_in"] = LavaPyType(PyInPort.VEC_DENSE, float)
            members["s_out"] = LavaPyType(PyOutPort.VEC_DENSE, float)
            return type("LateForOne", (cls,), members)

    harness = ModelHarness(Late, Wire())
    np.testing.assert_array_equal(harness.seen, [0, 0, 0])


# -- phases ---------------------------------------------------------------------------------------


class Nothing(AbstractProcess):
    pass


class PhaseModel(PyLoihiProcessModel):
    """Writes down what runs; guards and requests are set from outside."""

    pre = lrn = post = host = False
    ask_in: dict[str, str] = {}

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.ran: list[tuple[str, int]] = []

    def _run(self, name: str) -> None:
        self.ran.append((name, int(self.phase[0])))
        if name in self.ask_in:
            setattr(self, self.ask_in[name], True)

    def run_spk(self) -> None:
        self._run("spk")

    def run_pre_mgmt(self) -> None:
        self._run("pre")

    def run_lrn(self) -> None:
        self._run("lrn")

    def run_post_mgmt(self) -> None:
        self._run("post")

    def run_host_mgmt(self) -> None:
        self._run("host")

    def pre_guard(self) -> bool:
        return self.pre

    def lrn_guard(self) -> bool:
        return self.lrn

    def post_guard(self) -> bool:
        return self.post

    def host_guard(self) -> bool:
        return self.host


@pytest.mark.parametrize(
    ("guards", "expected"),
    [
        ("", ["spk"]),
        ("pre", ["spk"]),
        ("lrn", ["spk", "lrn"]),
        ("post", ["spk", "post"]),
        ("pre lrn", ["spk", "pre", "lrn"]),
        ("pre post", ["spk", "post"]),
        ("lrn post", ["spk", "lrn", "post"]),
        ("pre lrn post", ["spk", "pre", "lrn", "post"]),
    ],
)
def test_phases_run_as_the_protocol_says(guards: str, expected: list[str]) -> None:
    harness = ModelHarness(PhaseModel, Nothing())
    for guard in guards.split():
        setattr(harness.model, guard, True)
    harness.step()
    assert [name for name, _ in harness.ran] == expected
    numbers = {"spk": 1, "pre": 2, "lrn": 3, "post": 4, "host": 5}
    assert all(numbers[name] == phase for name, phase in harness.ran)
    assert harness.phase == 1


def test_the_host_phase_runs_at_the_end_of_a_run() -> None:
    harness = ModelHarness(PhaseModel, Nothing())
    harness.end_run()
    harness.model.host = True
    harness.end_run()
    assert harness.ran == [("host", 5)]


@pytest.mark.parametrize("phase", ["spk", "pre", "lrn", "post"])
@pytest.mark.parametrize("flag", ["_req_pause", "_req_stop"])
def test_a_request_ends_the_step_of_the_model_after_its_phase(phase: str, flag: str) -> None:
    harness = ModelHarness(PhaseModel, Nothing())
    model = harness.model
    model.pre = model.lrn = model.post = True
    model.ask_in = {phase: flag}
    harness.step()
    order = ["spk", "pre", "lrn", "post"]
    assert [name for name, _ in harness.ran] == order[: order.index(phase) + 1]
    assert harness.pause_requested == (flag == "_req_pause")
    assert harness.stop_requested == (flag == "_req_stop")
    assert (model._req_pause, model._req_stop) == (False, False)


# -- RefPorts, VarPorts, free-running models ------------------------------------------------------


class Reader(AbstractProcess):
    def __init__(self) -> None:
        super().__init__()
        self.copy = Var((2,), init=0)
        self.ref = RefPort((2,))
        self.access = VarPort(self.copy)


class ReaderModel(PyLoihiProcessModel):
    copy: np.ndarray = LavaPyType(np.ndarray, np.int32)
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)
    access: PyVarPort = LavaPyType(PyVarPort.VEC_DENSE, np.int32)

    def post_guard(self) -> bool:
        return True

    def run_post_mgmt(self) -> None:
        self.copy = self.ref.read()
        self.ref.write(self.copy + 1)
        self.ref.wait()


def test_a_ref_port_reads_a_var_made_by_hand() -> None:
    harness = ModelHarness(ReaderModel, Reader())
    harness.step()
    np.testing.assert_array_equal(harness.copy, [0, 0])
    remote = harness.connect_ref("ref", np.array([5, 6]))
    harness.step()
    np.testing.assert_array_equal(harness.copy, [5, 6])
    np.testing.assert_array_equal(remote.value, [6, 7])
    assert harness.remotes == {"ref": remote}


def test_a_connected_ref_port_starts_from_the_initial_value_of_its_var() -> None:
    class Owner(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self.v = Var((2,), init=4)

    reader, owner = Reader(), Owner()
    reader.ref.connect_var(owner.v)
    harness = ModelHarness(ReaderModel, reader)
    harness.step()
    np.testing.assert_array_equal(harness.copy, [4, 4])


def test_a_free_running_model_gets_all_messages_and_returns_all_it_sent() -> None:
    class Doubler(PyAsyncProcessModel):
        seen: np.ndarray = LavaPyType(np.ndarray, float)
        a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
        s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

        def run_async(self) -> None:
            for _ in range(self.num_steps):
                self.s_out.send(2 * self.a_in.recv())
            self.request_pause()

    harness = ModelHarness(Doubler, Wire())
    sent = harness.run_async(3, a_in=[1, 2, 3])
    np.testing.assert_array_equal(sent["s_out"], [[2] * 3, [4] * 3, [6] * 3])
    assert harness.pause_requested
    with pytest.raises(NetworkError, match="does not work in steps"):
        harness.step()
