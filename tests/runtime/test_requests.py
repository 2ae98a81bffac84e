"""A model asks for a pause or a stop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    ActorType,
    InPort,
    LavaPyType,
    LoihiProtocol,
    OutPort,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    RunContinuous,
    RunSteps,
    Var,
    implements,
)
from lava_actor.model.sync.domain import SyncDomain
from tests.runtime.networks import Counter, First, Free, Sink, count_until_told

# --- a model asks for a pause or a stop --------------------------------------------------------


class Asks(AbstractProcess):
    """Asks for something in one phase of step ``step``; all phases run in every step."""

    def __init__(self, what: str, where: str, step: int = 3, **kwargs: Any) -> None:
        super().__init__(what=what, where=where, step=step, **kwargs)
        self.inp = InPort((1,))
        self.out = OutPort((1,))
        self.steps = Var((1,), init=0)


class _AskModel(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)
    steps: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def _ask(self, where: str) -> None:
        p = self.proc_params
        if where != p["where"] or self.time_step != p["step"]:
            return
        if p["what"] in ("_req_pause", "both"):
            self._req_pause = True
        if p["what"] in ("_req_stop", "both"):
            self._req_stop = True
        if p["what"] == "request_pause":
            self.request_pause()
        if p["what"] == "request_stop":
            self.request_stop()

    def run_spk(self) -> None:
        self.steps += 1
        self.out.send(self.steps)
        self.inp.recv()
        self._ask("spk")


@implements(proc=Asks, protocol=LoihiProtocol)
class PyAsks(_AskModel):
    def run_pre_mgmt(self) -> None:
        self._ask("pre")

    def run_lrn(self) -> None:
        self._ask("lrn")

    def run_post_mgmt(self) -> None:
        self._ask("post")

    def pre_guard(self) -> bool:
        return True

    def lrn_guard(self) -> bool:
        return self.proc_params["where"] in ("lrn", "pre")

    def post_guard(self) -> bool:
        return True


class OnlyPreGuard(First):
    """Runs `Asks` with pre_guard alone, which asks for nothing."""

    def select(self, process: AbstractProcess, models: list[Any]) -> Any:
        return PyAsksInVain if isinstance(process, Asks) else models[0]


class PyAsksInVain(_AskModel):
    def run_pre_mgmt(self) -> None:
        self._ask("pre")

    def pre_guard(self) -> bool:
        return True


def asking(what: str, where: str) -> tuple[Asks, Counter, Sink]:
    """A model that asks, one before it, one behind it."""
    counter, asks, sink = Counter(), Asks(what, where, name="asks"), Sink()
    counter.out.connect(asks.inp)
    asks.out.connect(sink.inp)
    return asks, counter, sink


ACTOR_TYPES = (ActorType.MultiProcessing, ActorType.Threading)


@pytest.mark.parametrize("where", ["spk", "pre", "lrn", "post"])
@pytest.mark.parametrize("what", ["_req_pause", "request_pause", "both"])
def test_a_model_pauses_the_network_at_its_step(what: str, where: str) -> None:
    asks, counter, sink = asking(what, where)
    with asks:
        asks.run(RunSteps(100), First())
        runtime = asks.runtime
        assert (runtime._is_started, runtime._is_running) == (True, False)
        for process in (asks.steps, counter.count, sink.received):
            assert process.get() == 3
        counter.run(RunSteps(4))
        for process in (asks.steps, counter.count, sink.received):
            assert process.get() == 7


@pytest.mark.parametrize("where", ["spk", "pre", "lrn", "post"])
@pytest.mark.parametrize("what", ["_req_stop", "request_stop"])
def test_a_model_stops_the_network(what: str, where: str) -> None:
    asks, _, sink = asking(what, where)
    asks.run(RunSteps(100), First())
    runtime = asks.runtime
    assert (runtime._is_started, runtime._is_running) == (False, False)
    assert runtime.is_over
    with pytest.raises(RuntimeError):
        sink.last.get()
    asks.stop()
    asks.wait()


def test_a_request_in_a_phase_nobody_asks_for_is_never_made() -> None:
    asks, _, sink = asking("_req_pause", "pre")
    with asks:
        asks.run(RunSteps(100), OnlyPreGuard())
        assert sink.received.get() == 100


@pytest.mark.parametrize("actor_type", ACTOR_TYPES)
@pytest.mark.parametrize("what", ["_req_pause", "_req_stop"])
@pytest.mark.parametrize("condition", [RunContinuous(), RunSteps(10**6, blocking=False)])
def test_wait_returns_when_a_model_asks(condition: Any, what: str, actor_type: ActorType) -> None:
    asks, _, sink = asking(what, "post")
    with asks:
        asks.run(condition, First(), {"actor_type": actor_type})
        sink.wait()
        assert not asks.runtime._is_running
        assert asks.runtime._is_started == (what == "_req_pause")
        if what == "_req_pause":
            assert sink.received.get() == 3


@pytest.mark.parametrize("call", ["pause", "stop", "get"])
def test_calls_that_cross_a_models_request_meet_a_network_at_rest(call: str) -> None:
    asks, _, sink = asking("_req_pause", "spk")
    with asks:
        asks.run(RunContinuous(), First())
        while not asks.runtime.is_finished:
            pass
        if call == "get":
            assert sink.received.get() == 3
        else:
            getattr(sink, call)()
        if call == "pause":
            assert sink.received.get() == 3


def test_pauses_that_cross_requests_leave_everybody_at_one_step() -> None:
    """The user's pause and the model's request race; who wins does not matter."""
    asks, counter, sink = asking("_req_pause", "spk")
    asks.proc_params.overwrite("step", 20)
    for _ in range(15):
        with asks:
            asks.run(RunContinuous(), First())
            while asks.runtime.current_step < 15:
                pass
            asks.pause()
            steps = {int(v.get()[0]) for v in (asks.steps, counter.count, sink.received)}
            assert len(steps) == 1
            assert not asks.runtime._is_running


@pytest.mark.parametrize("what", ["_req_pause", "_req_stop"])
def test_a_request_of_one_domain_reaches_all_domains(what: str) -> None:
    asks, counter, sink = asking(what, "post")
    domains = [
        SyncDomain("front", LoihiProtocol(), [counter]),
        SyncDomain("back", LoihiProtocol(), [sink]),
    ]
    with asks:
        asks.run(RunSteps(100), First(custom_sync_domains=domains))
        if what == "_req_pause":
            assert sink.received.get() == counter.count.get() == 3
            sink.run(RunSteps(2))
            assert sink.received.get() == 5
        else:
            assert asks.runtime.is_over


def test_a_request_of_a_stepping_model_reaches_an_asynchronous_one() -> None:
    asks, _, _ = asking("_req_pause", "post")
    free = Free(count_until_told)
    asks.out.connect(free.inp)
    with asks:
        asks.run(RunContinuous(), First())
        free.wait()
        assert asks.steps.get() == 3
        assert not free.runtime._is_running


def ask_late(model: Any) -> None:
    """The compiler cannot see this: the function comes with the parameters."""
    if model.time_step == 5:
        model._req_pause = True


def test_a_request_the_compiler_cannot_see_still_pauses() -> None:
    counter, sink = Counter(on_step=ask_late), Sink()
    counter.out.connect(sink.inp)
    with counter:
        counter.run(RunSteps(10**8), First())
        assert not counter.runtime._is_running
        assert counter.count.get() == sink.received.get() >= 5
        counter.run(RunSteps(10))
