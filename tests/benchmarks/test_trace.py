"""What actors did when, seen from outside."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

from lava_actor import (
    AbstractProcess,
    InPort,
    LavaPyType,
    Loihi2SimCfg,
    LoihiProtocol,
    OutPort,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    implements,
)
from lava_actor.bench import Trace


class Sender(AbstractProcess):
    def __init__(self, **params: object) -> None:
        super().__init__(**params)
        self.out = OutPort(shape=(1,))


class Receiver(AbstractProcess):
    def __init__(self, **params: object) -> None:
        super().__init__(**params)
        self.inp = InPort(shape=(1,))


def work(seconds: float) -> None:
    """Be busy for some time of this thread."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@implements(Sender, protocol=LoihiProtocol)
class PySender(PyLoihiProcessModel):
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

    def post_guard(self) -> bool:
        return True

    def run_post_mgmt(self) -> None:
        work(0.02)

    def run_spk(self) -> None:
        work(0.02)
        self.out.send(self.out.shape[0] * [1.0])


@implements(Receiver, protocol=LoihiProtocol)
class PyReceiver(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)

    def run_spk(self) -> None:
        self.inp.recv()


def test_a_trace_tells_phases_waits_and_the_slowest_actor(tmp_path: Path) -> None:
    sender, receiver = Sender(name="sender"), Receiver(name="receiver")
    sender.out.connect(receiver.inp)
    with Trace() as trace, sender:
        sender.run(10, Loihi2SimCfg())
        sender.run(5)
    assert trace.slowest == "sender"
    assert set(trace.phases()["sender"]) >= {"run_spk", "run_post_mgmt"}
    assert [report.steps for report in trace.reports] == [10, 5]
    assert str(trace).startswith("slowest: sender\n  sender ")
    trace.save(tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    names = {e["args"]["name"] for e in events if e["ph"] == "M"}
    assert names >= {"sender", "receiver"}
    runs = [e for e in events if e.get("cat") == "run"]
    assert [e["args"] for e in runs] == [
        {"steps": 10, "slowest": "sender"},
        {"steps": 5, "slowest": "sender"},
    ]
    waits = {e["name"] for e in events if e.get("cat") == "wait"}
    assert any("sender.out" in name for name in waits), waits
    for event in events:
        if event["ph"] == "X":
            assert event["ts"] >= 0
            assert event["dur"] >= 0


def test_actors_of_one_name_are_told_apart() -> None:
    one, other = Sender(name="twin"), Receiver(name="twin")
    one.out.connect(other.inp)
    with Trace() as trace, one:
        one.run(3, Loihi2SimCfg())
    assert trace.slowest == "twin (network 1, actor 0)"
    assert "twin (network 1, actor 1)" in str(trace)
    rows = {(e["pid"], e["tid"]) for e in trace.events() if e.get("name") == "thread_name"}
    assert len(rows) == 2


def test_nothing_of_a_trace_stays() -> None:
    from lava_actor.runtime.runtime import Runtime

    before = Runtime.start, Runtime.stop, Runtime._collect, threading.active_count()
    with Trace() as trace:
        pass
    assert (Runtime.start, Runtime.stop, Runtime._collect, threading.active_count()) == before
    assert str(trace) == "no network was run"
    assert trace.slowest is None
