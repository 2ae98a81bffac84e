"""Models that run freely: what a run, a pause and a stop mean for them; beside stepping models."""

from __future__ import annotations

import logging
import sys
import time
from functools import partial
from typing import Any

import numpy as np
import pytest

from lava_actor import (
    ActorType,
    LavaPyType,
    PyLoihiProcessModel,
    PyRefPort,
    RefPort,
    RunConfig,
    RunContinuous,
    RunSteps,
)
from lava_actor.errors import ModelError, RuntimeStateError, WaitTimeoutError
from lava_actor.model.py.convert import PyLoihiModelToPyAsyncModel
from lava_actor.proc.monitor.process import Monitor
from lava_actor.runtime.user import standstill
from tests.runtime.networks import (
    Counter,
    First,
    Free,
    PyCounter,
    PyFree,
    PyRelay,
    PySink,
    Relay,
    Sink,
    count_until_told,
    note_num_steps,
    receive_steps,
    send_steps,
)

ACTOR_TYPES = (ActorType.MultiProcessing, ActorType.Threading)
both_types = pytest.mark.parametrize("actor_type", ACTOR_TYPES)


@both_types
def test_a_free_model_runs_until_it_is_told_to_pause(actor_type: ActorType) -> None:
    with Free(count_until_told) as free:
        free.run(RunContinuous(), First(), {"actor_type": actor_type})
        while free.value.get() < 10:
            pass
        free.pause()
        count = int(free.value.get()[0])
        assert free.value.get() == count
        free.run(RunContinuous())
        while free.value.get() <= count:
            pass
        free.stop()
        assert free.runtime.is_over


@both_types
def test_stop_reaches_a_free_model_that_runs(actor_type: ActorType) -> None:
    free = Free(count_until_told)
    free.run(RunContinuous(), First(), {"actor_type": actor_type})
    free.stop()
    assert (free.runtime._is_started, free.runtime._is_running) == (False, False)


def test_a_stopping_model_can_tell_a_stop_from_a_pause() -> None:
    def tell(model: Any) -> None:
        while True:
            if model.check_for_pause_cmd():
                assert not model.check_for_stop_cmd()
                assert model.check_for_pause_cmd()  # asking does not consume it
                model.value += 1
                return
            if model.check_for_stop_cmd():
                assert model.check_for_stop_cmd()
                print("told to stop", flush=True)
                return

    with Free(tell) as free:
        for round_ in range(1, 4):
            free.run(RunContinuous(), First())
            free.pause()
            assert free.value.get() == round_


@both_types
def test_num_steps_is_what_the_user_asked_for(actor_type: ActorType) -> None:
    with Free(note_num_steps) as free:
        free.run(RunSteps(10), First(), {"actor_type": actor_type})
        assert free.value.get() == 10
        free.run(RunSteps(5, blocking=False))
        free.wait()
        assert free.value.get() == 15
        free.run(RunSteps(0))
        assert free.value.get() == 15


def test_a_continuous_run_has_more_steps_than_anybody_counts() -> None:
    def note(model: Any) -> None:
        model.value[:] = model.num_steps >= sys.maxsize

    with Free(note) as free:
        free.run(RunContinuous(), First())
        free.wait()
        assert free.value.get() == 1


@both_types
def test_source_relay_sink(actor_type: ActorType) -> None:
    source, relay, sink = Free(send_steps), Relay(), Free(receive_steps)
    source.out.connect(relay.inp)
    relay.out.connect(sink.inp)
    with source:
        source.run(RunSteps(10), First(), {"actor_type": actor_type})
        assert np.array_equal(sink.history.get()[:10], range(1, 11))
        assert relay.last.get() == 10
        source.run(RunSteps(3))
        assert np.array_equal(sink.history.get()[:4], [1, 2, 3, 4])


def test_free_models_may_exchange_more_messages_than_a_ring_holds() -> None:
    source, sink = Free(send_steps), Sink()
    source.out.connect(sink.inp)
    with source:
        source.run(RunSteps(1000), First())
        assert sink.total.get() == 500_500


def ask(what: str) -> Any:
    def body(model: Any) -> None:
        model.value += 1
        if what in ("pause", "both"):
            model._req_pause = True
        if what in ("stop", "both"):
            model._req_stop = True

    return body


@pytest.mark.parametrize(("what", "started"), [("pause", True), ("stop", False), ("both", False)])
def test_a_free_model_may_ask_for_a_pause_or_stop_when_it_returns(what: str, started: bool) -> None:
    free, peer = Free(ask(what)), Free(count_until_told)
    free.out.connect(peer.inp)
    with free:
        free.run(RunContinuous(), First())
        peer.wait()
        assert not free.runtime._is_running
        assert free.runtime._is_started == started
        if started:
            assert free.value.get() == 1
            free.run(RunContinuous())
            free.wait()
            assert free.value.get() == 2


@pytest.mark.parametrize("what", ["pause", "stop"])
def test_a_request_of_a_free_model_ends_the_run_of_stepping_ones(what: str) -> None:
    free, counter = Free(ask(what)), Counter()
    counter.out.connect(free.inp)
    counter.out.connect((sink := Sink()).inp)
    with counter:
        try:
            counter.run(RunSteps(10**7), First(), {"pypy_channel_size": 10**5})
        except ModelError as error:  # pragma: no cover
            pytest.fail(str(error))
        if what == "pause":
            assert counter.count.get() == sink.received.get()
        else:
            assert counter.runtime.is_over


def test_vars_of_a_free_model_can_be_set_while_paused_and_while_it_asks() -> None:
    with Free(count_until_told) as free:
        free.run(RunSteps(1, blocking=False), First())
        free.value.set(10**12)
        assert free.value.get() >= 10**12
        free.pause()
        free.value.set(5)
        assert free.value.get() == 5


def _sends(model: Any, seconds: float = 0.0) -> None:
    while not (model.check_for_stop_cmd() or model.check_for_pause_cmd()):
        time.sleep(seconds)
        model.value += 1
        model.out.send(model.value)


def _polls(model: Any) -> None:
    while not (model.check_for_stop_cmd() or model.check_for_pause_cmd()):
        if model.inp.probe():
            model.value += model.inp.recv()
            model.history[0] += 1


def _waits(model: Any) -> None:
    while not (model.check_for_stop_cmd() or model.check_for_pause_cmd()):
        model.value += model.inp.recv()
        model.history[0] += 1


def _waits_without_asking(model: Any) -> None:
    while True:
        model.value += model.inp.recv()
        model.history[0] += 1


def _run_and_pause(process: Any, condition: Any) -> None:
    process.run(condition, First())
    time.sleep(0.05)
    process.pause()


@pytest.mark.parametrize("condition", [RunContinuous(), RunSteps(10**6, blocking=False)])
@pytest.mark.parametrize("seconds", [0.0, 0.005])
@both_types
def test_a_pause_of_stepping_models_that_a_free_one_feeds(
    seconds: float, condition: Any, actor_type: ActorType
) -> None:
    """A source without a pause waits for room, a slow one keeps the others in mid-step."""
    source, sink = Free(partial(_sends, seconds=seconds)), Sink()
    source.out.connect(sink.inp)
    sink.compile(First(), {"actor_type": actor_type})
    with sink:
        for _ in range(3):
            before = int(sink.received.get()[0]) if sink.runtime else 0
            _run_and_pause(sink, condition)
            received = int(sink.received.get()[0])
            assert received == sink.last.get() == sink.runtime.current_step > before
            assert sink.total.get() == received * (received + 1) // 2, "each message once"
            assert source.value.get() >= received
            source.value.set(source.value.get())


@pytest.mark.parametrize("take", [_polls, _waits, _waits_without_asking])
def test_a_pause_of_stepping_models_that_feed_a_free_one(take: Any) -> None:
    source, sink = Counter(), Free(take)
    source.out.connect(sink.inp)
    with sink:
        for _ in range(3):
            _run_and_pause(source, RunContinuous())
            taken = int(sink.history.get(idx=0))
            assert 0 < taken <= source.count.get()
            assert sink.value.get() == taken * (taken + 1) // 2


def test_what_rests_in_the_middle_of_its_call_is_neither_reset_nor_saved(tmp_path: Any) -> None:
    source, sink = Counter(), Free(_waits_without_asking)
    source.out.connect(sink.inp)
    with sink:
        _run_and_pause(source, RunContinuous())
        for act in (sink.reset, lambda: sink.save(tmp_path / "file.lava")):
            with pytest.raises(RuntimeStateError, match="in the middle of run_async"):
                act()
        assert source.count.get() > 0, "the network is there"


def test_a_run_is_not_over_with_the_call_that_a_message_of_it_ends() -> None:
    """A model that rested at its port is woken, returns for the old pause, and is called anew."""

    def slow_to_return(model: Any) -> None:
        _waits(model)
        time.sleep(0.02)

    with Free(slow_to_return) as sink:
        sink.inp.flag_external_pipe(buffer_size=8)
        sink.run(RunContinuous(), First())
        sink.pause()
        send = sink.inp.external_pipe_csp_send_port.send
        send(np.array([1]))
        time.sleep(0.003)
        sink.run(RunContinuous())
        for number in (2, 3):
            send(np.array([number]))
        deadline = time.monotonic() + 20
        while sink.value.get() < 6 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert sink.value.get() == 6


@pytest.mark.parametrize("ask", ["_req_stop"])
def test_a_free_model_may_end_a_network_whose_other_models_wait_for_it(ask: str) -> None:
    def relay(model: Any) -> None:
        for _ in range(20):
            model.out.send(model.inp.recv())
        setattr(model, ask, True)

    source, middle, sink = Counter(), Free(relay), Sink()
    source.out.connect(middle.inp)
    middle.out.connect(sink.inp)
    with sink:
        sink.run(RunSteps(100), First())
        assert sink.runtime.is_over


class PyCleaning(PySink):
    def _stop(self) -> None:
        super()._stop()


class Cleaning(First):
    """Sinks do something at the end."""

    def select(self, process: Any, models: list[Any]) -> Any:
        return PyCleaning if isinstance(process, Sink) else models[0]


@both_types
def test_several_services_end_as_soon_as_their_models_have(actor_type: ActorType) -> None:
    """The first that is through ends the network: the others hear no more of who cleans up."""

    for _ in range(6):
        source, sink = Free(_sends), Sink()
        source.out.connect(sink.inp)
        sink.run(RunContinuous(), Cleaning(), {"actor_type": actor_type})
        time.sleep(0.02)
        began = time.monotonic()
        sink.stop(timeout=60)
        assert time.monotonic() - began < 30


def test_a_pause_that_waits_for_a_free_model_says_so() -> None:
    source, sink = Free(count_until_told, name="silent"), Sink(name="sink")
    source.out.connect(sink.inp)
    with sink:
        sink.run(RunContinuous(), First())
        with pytest.raises(RuntimeStateError, match="sink cannot rest: .* of silent.out"):
            sink.pause()


def test_state_stays_between_runs() -> None:
    def remember(model: Any) -> None:
        model.calls = getattr(model, "calls", 0) + 1
        model.value[:] = model.calls

    with Free(remember) as free:
        for round_ in range(1, 5):
            free.run(RunSteps(1), First())
            assert free.value.get() == round_


def test_probing_instead_of_waiting() -> None:
    def take_what_comes(model: Any) -> None:
        got = 0
        while got < model.num_steps:
            if model.inp.probe():
                model.history[got] = model.inp.recv()[0]
                got += 1
            if model.check_for_stop_cmd():
                return

    source, sink = Counter(), Free(take_what_comes)
    source.out.connect(sink.inp)
    with sink:
        sink.run(RunSteps(20), First())
        assert np.array_equal(sink.history.get()[:20], range(1, 21))


def test_a_stop_ends_a_free_model_that_waits_for_a_message() -> None:
    sink = Free(receive_steps)
    source = Free(count_until_told)
    source.out.connect(sink.inp)
    source.run(RunContinuous(), First())
    source.stop()
    assert source.runtime.is_over


def test_a_stop_ends_a_free_model_that_never_asks() -> None:
    def deaf(model: Any) -> None:
        while True:
            pass

    free = Free(deaf)
    free.run(RunContinuous(), First())
    free.stop(timeout=0.2)
    assert free.runtime.is_over


def test_run_async_has_to_be_implemented() -> None:
    from lava_actor import AsyncProtocol, PyAsyncProcessModel, implements
    from tests.runtime.networks import AbstractProcess

    class Empty(AbstractProcess):
        pass

    @implements(proc=Empty, protocol=AsyncProtocol)
    class PyEmpty(PyAsyncProcessModel):
        pass

    with pytest.raises(ModelError, match="run_async"):
        Empty().run(RunSteps(1), First())


# --- stepping models that were converted --------------------------------------------------------


class Converted(RunConfig):
    """Runs the converted form of the models named."""

    def __init__(self, *models: type[PyLoihiProcessModel]) -> None:
        super().__init__()
        self._of = {m.implements_process: PyLoihiModelToPyAsyncModel(m) for m in models}

    def select(self, process: Any, models: list[Any]) -> Any:
        return self._of.get(type(process), models[0])


@pytest.mark.parametrize(
    "models", [(PyCounter, PyRelay, PySink), (PyCounter,), (PyRelay,), (PySink,)]
)
def test_converted_models_compute_the_same_run_by_run(models: Any) -> None:
    def network() -> tuple[Counter, Relay, Sink]:
        counter, relay, sink = Counter(), Relay(add=3), Sink()
        counter.out.connect(relay.inp)
        relay.out.connect(sink.inp)
        return counter, relay, sink

    stepping, converted = network(), network()
    with stepping[0], converted[0]:
        for steps in (2, 2, 1, 7):
            stepping[0].run(RunSteps(steps), First())
            converted[0].run(RunSteps(steps), Converted(*models))
            for one, other in zip(stepping, converted, strict=True):
                for var in one.vars:
                    assert np.array_equal(var.get(), getattr(other, var.name).get())


def test_a_converted_model_that_rested_in_a_step_does_as_many_as_each_run_says() -> None:
    for number in (300, 100_000):
        source, sink = Counter(), Sink()
        source.out.connect(sink.inp)
        with sink:
            for steps in (number, 50, 400):
                sink.run(RunSteps(steps, blocking=False), Converted(PySink))
                if steps == number:
                    time.sleep(0.02)
                    sink.pause()
                    done, received = source.count.get(), sink.received.get()
                    continue
                sink.wait()
                done, received = done + steps, received + steps
                assert source.count.get() == done
                assert sink.received.get() == received
            count = int(sink.received.get()[0])
            assert sink.total.get() == count * (count + 1) // 2


class Visitor(Free):
    """Reads the Var of another Process again and again, and writes it once."""

    def __init__(self, body: Any = None) -> None:
        super().__init__(body or _visits)
        self.ref = RefPort((1,))


class PyVisitor(PyFree):
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int64)


def _visits(model: Any) -> None:
    model.ref.write(np.array([10**12]))
    while not (model.check_for_stop_cmd() or model.check_for_pause_cmd()):
        model.history[1] = model.ref.read()[0]
        model.history[0] += 1


class Visiting(First):
    def select(self, process: Any, models: list[Any]) -> Any:
        return PyVisitor if isinstance(process, Visitor) else models[0]


def _slowly(model: Any) -> None:
    time.sleep(0.02)


@pytest.mark.parametrize("schedule", ["run_ahead", "lockstep"])
@pytest.mark.parametrize("on_step", [None, _slowly])
def test_a_free_model_reads_and_writes_the_vars_of_models_that_never_rest(
    on_step: Any, schedule: str
) -> None:
    counter, visitor = Counter(on_step=on_step), Visitor()
    visitor.ref.connect_var(counter.count)
    with counter:
        counter.run(RunContinuous(), Visiting(), {"schedule": schedule})
        deadline = time.monotonic() + 20
        while (visits := int(visitor.history.get(idx=0))) < 30:
            assert time.monotonic() < deadline, f"{visits} visits in 20 s"
        assert visitor.history.get(idx=1) > 10**12
        counter.pause()
        steps = counter.runtime.current_step
        assert 10**12 < counter.count.get() <= 10**12 + steps
        assert visitor.history.get(idx=1) <= counter.count.get()


class PyPartner(PyCounter):
    """A stepping model that reads the Var of a free one, which reads its own."""

    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int64)

    def post_guard(self) -> bool:
        return True

    def run_post_mgmt(self) -> None:
        self.count[...] = self.ref.read() + 1


class Partner(Counter):
    def __init__(self) -> None:
        super().__init__()
        self.ref = RefPort((1,))


class Partners(Visiting):
    def select(self, process: Any, models: list[Any]) -> Any:
        partner = isinstance(process, Partner)
        return PyPartner if partner else super().select(process, models)


def _mirrors(model: Any) -> None:
    while not (model.check_for_stop_cmd() or model.check_for_pause_cmd()):
        model.value[...] = model.ref.read()


def test_a_free_and_a_stepping_model_may_read_each_others_vars() -> None:
    partner, visitor = Partner(), Visitor(_mirrors)
    partner.ref.connect_var(visitor.value)
    visitor.ref.connect_var(partner.count)
    with partner:
        for _ in range(2):
            partner.run(RunContinuous(), Partners())
            step = partner.runtime.current_step
            while partner.runtime.current_step < step + 50:
                time.sleep(0.001)
            partner.pause()
        assert 0 < visitor.value.get() <= partner.runtime.current_step


@pytest.mark.parametrize("take", [_waits, _waits_without_asking])
@both_types
def test_a_free_model_answers_refports_while_it_waits_for_a_message(
    take: Any, actor_type: ActorType
) -> None:
    """A Monitor reads in each of its steps, which the messages waited for come from, too."""
    source, sink, monitor = Counter(), Free(take), Monitor()
    source.out.connect(sink.inp)
    monitor.probe(sink.value)
    with sink:
        for _ in range(2):
            sink.run(RunContinuous(), First(), {"actor_type": actor_type})
            step = source.runtime.current_step
            while source.runtime.current_step < step + 100:
                time.sleep(0.001)
            sink.pause()
        values = monitor.dense(sink.value)[:, 0]
        assert len(values) == source.count.get()
        assert (np.diff(values) >= 0).all()
        assert values[-1] <= sink.value.get()


def test_a_run_that_a_free_model_does_not_return_from_names_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(standstill, "QUIET_SECONDS", 0.0)
    source, free = Counter(), Free(count_until_told, name="free")
    source.out.connect(free.inp)
    with source:
        source.run(RunSteps(5, blocking=False), First())
        monkeypatch.setattr(logging.getLogger("lava_actor.runtime"), "handlers", [caplog.handler])
        with pytest.raises(WaitTimeoutError):
            source.wait(2.5)
        assert source.count.get() == 5
    told = caplog.records[-1].getMessage()
    assert told.startswith("step 5 was the last of the run 0 s ago, and free (PyFree) has not")


def test_a_stop_waits_for_steps_that_have_begun_and_lets_no_other_begin() -> None:
    slow = [Counter(on_step=_for_a_second, name=f"slow {i}") for i in range(2)]
    sink = Sink()
    for one in slow:
        one.out.connect(sink.inp)
    ended = sink.runtime
    sink.run(RunContinuous(), Cleaning())
    while sink.runtime.status()[0].phase != "run_spk":
        time.sleep(0.01)
    ended, began = sink.runtime, time.monotonic()
    sink.stop()
    assert time.monotonic() - began < 2.5
    assert ended.is_over


def _for_a_second(model: Any) -> None:
    time.sleep(1.0)
