"""What cannot be sent to a process runs in a thread of the user's interpreter, and is as any other.

Those around it have processes. So does everything else in these tests that is not said to be a guest.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from lava_actor import (
    AbstractProcess,
    AbstractSubProcessModel,
    ActorType,
    LavaPyType,
    LoihiProtocol,
    OutPort,
    PyLoihiProcessModel,
    RunContinuous,
    RunSteps,
    Var,
    implements,
    load,
)
from lava_actor.channels.pipe import Pipe
from lava_actor.errors import (
    ActorDiedError,
    CheckpointError,
    DeadlockError,
    InvalidTypeError,
    InvalidValueError,
    LavaActorWarning,
    ModelError,
    RuntimeStateError,
)
from lava_actor.model.sync.domain import SyncDomain
from lava_actor.proc.monitor.process import Monitor
from lava_actor.runtime.user import guests
from lava_actor.runtime.user.supervision import Crew
from tests.conftest import launcher_pid
from tests.runtime.networks import (
    Counter,
    First,
    Free,
    Owner,
    Phased,
    Relay,
    Sink,
    Writer,
    kill_itself,
    raise_error,
    raise_unpicklable,
    send_steps,
)

LOCK = threading.Lock()


class Pids(AbstractProcess):
    """Tells where its model lives."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pid = Var((1,), 0)


@implements(proc=Pids, protocol=LoihiProtocol)
class PyPids(PyLoihiProcessModel):
    pid: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        self.pid[:] = os.getpid()


class Within(AbstractProcess):
    """Hands a parameter on to the `Counter` in it."""

    def __init__(self, thing: Any = None, **kwargs: Any) -> None:
        super().__init__(thing=thing, **kwargs)
        self.out = OutPort((1,))
        self.count = Var((1,), 0)


@implements(proc=Within)
class SubWithin(AbstractSubProcessModel):
    def __init__(self, proc: AbstractProcess) -> None:
        self.inner = Counter(name="inner", thing=proc.proc_params["thing"])
        self.inner.out.connect(proc.out_ports.out)
        proc.vars.count.alias(self.inner.count)


def hosts(process: AbstractProcess) -> dict[str, str]:
    return {actor.name: actor.host for actor in process.runtime.executable.actors}


def pair(**things: Any) -> tuple[Counter, Sink]:
    """A sender, with these parameters, and a receiver."""
    counter, sink = Counter(name="counter", **things), Sink(name="sink")
    counter.out.connect(sink.inp)
    return counter, sink


def start(process: AbstractProcess, steps: int, **config: Any) -> list[str]:
    """Run a network with guests that nobody has foreseen; the warnings."""
    with pytest.warns(LavaActorWarning) as told:
        process.run(RunSteps(steps), First(**config))
    return [str(warning.message) for warning in told]


@pytest.fixture
def guest() -> Iterator[tuple[Counter, Sink]]:
    """A guest that sends to an actor in a process; both have made three steps."""
    counter, sink = pair(lock=LOCK)
    with counter:
        start(counter, 3)
        yield counter, sink


def test_a_parameter_that_cannot_be_sent_is_named_and_only_its_process_gets_a_thread() -> None:
    counter, sink = pair(lock=LOCK)
    with counter:
        with pytest.warns(LavaActorWarning, match=r"counter \(PyCounter\).*'lock': cannot pickle") as told:
            counter.run(RunSteps(5), First())
        assert [warning.filename for warning in told] == [__file__]
        assert hosts(counter) == {"counter": "thread", "sink": "process"}
        assert (counter.count.get(), sink.total.get()) == (5, 15)
        text = counter.runtime.executable.describe().splitlines()
        assert [line.endswith("in a thread of the user's interpreter") for line in text[3:5]] == [True, False]


def test_whatever_cannot_be_pickled_may_be_a_parameter(tmp_path: Path) -> None:
    with open(tmp_path / "log", "w") as file:
        things = {
            "file": file,
            "pointer": ctypes.pointer(ctypes.c_int(3)),
            "generator": (number for number in range(3)),
            "function": lambda: LOCK,
            "native": ctypes.CDLL(None).getpid,
        }
        counters = [Counter(name=name, thing=thing) for name, thing in things.items()]
        sink = Sink(name="sink")
        for counter in counters:
            counter.out.connect(sink.inp)
        with sink:
            told = start(sink, 4)
            assert sink.total.get() == len(things) * 10
            assert list(hosts(sink).values()) == ["thread"] * len(things) + ["process"]
        assert [text.split()[0] for text in told] == list(things)


def test_the_model_has_the_very_object_and_works_on_it() -> None:
    seen: list[int] = []
    counter, _ = pair(lock=LOCK, on_step=lambda model: seen.append(os.getpid()))
    with counter:
        start(counter, 2)
    assert seen == [os.getpid()] * 2


def test_a_model_class_that_cannot_be_sent_is_named_and_runs() -> None:
    lock = threading.Lock()

    class Local(AbstractProcess):
        def __init__(self) -> None:
            super().__init__(name="local")
            self.v = Var((1,), 0)

    @implements(proc=Local, protocol=LoihiProtocol)
    class PyLocal(PyLoihiProcessModel):
        v: np.ndarray = LavaPyType(np.ndarray, int)

        def run_spk(self) -> None:
            with lock:
                self.v += 1

    with Local() as local:
        with pytest.warns(LavaActorWarning, match=r"local \(.*PyLocal\).*model class: "):
            local.run(RunSteps(2), First())
        assert local.v.get() == 2


def test_guests_in_a_hierarchical_process_and_in_two_domains() -> None:
    within, relay, sink = Within(LOCK, name="within"), Relay(name="relay"), Sink(name="sink", lock=LOCK)
    within.out.connect(relay.inp)
    relay.out.connect(sink.inp)
    domains = [
        SyncDomain("one", LoihiProtocol(), [within, relay]),
        SyncDomain("two", LoihiProtocol(), [sink]),
    ]
    with within:
        told = start(within, 3, custom_sync_domains=domains)
        assert sorted(text.split()[0] for text in told) == ["inner", "sink"]
        within.run(RunSteps(4))
        assert hosts(within) == {"inner": "thread", "relay": "process", "sink": "thread"}
        assert (within.count.get(), sink.received.get()) == (7, 7)


def test_vars_pauses_and_resets_are_those_of_any_actor(guest: tuple[Counter, Sink]) -> None:
    counter, sink = guest
    counter.count.set(np.array([10]))
    counter.run(RunSteps(1))
    assert (counter.count.get(), sink.last.get()) == (11, 11)
    counter.run(RunContinuous())
    counter.pause()
    assert counter.count.get() == 7 + counter.runtime.current_step
    assert sink.last.get() == counter.count.get()
    counter.reset()
    counter.run(RunSteps(2))
    assert (counter.count.get(), sink.total.get()) == (2, 3)


@pytest.mark.parametrize("config", [{}, {"schedule": "lockstep"}, {"taps": False}], ids=str)
def test_a_monitor_records_the_same_of_and_in_a_guest(config: dict[str, Any]) -> None:
    found = []
    for threads in ([], ["counter"], ["eye"], ["counter", "sink"]):
        counter, sink = pair()
        eye = Monitor(name="eye")
        eye.probe(counter.count, 6)
        ear = Monitor(name="ear")
        ear.probe(sink.total, 6)
        with counter:
            counter.run(RunSteps(6), First(), {"threads": threads, **config})
            assert [name for name, host in hosts(counter).items() if host == "thread"] == threads
            found.append((eye.get_data()["counter"]["count"], ear.get_data()["sink"]["total"]))
    for seen in found[1:]:
        np.testing.assert_array_equal(seen, found[0])


@pytest.mark.parametrize("threads", [[Owner], [Writer]])
def test_ref_ports_reach_into_a_guest_and_out_of_one(threads: list[type]) -> None:
    owner, writer = Owner(name="owner"), Writer(name="writer")
    writer.ref.connect_var(owner.value)
    with owner:
        owner.run(RunSteps(4), First(), {"threads": threads})
        assert (owner.value.get()[0], owner.seen.get()[0]) == (9, 8)


@pytest.mark.parametrize("phase", ["spk", "post"])
def test_a_failure_in_a_guest_is_reported_as_any_other(phase: str) -> None:
    found = []
    for lock in (None, LOCK):
        bad = Phased({phase: raise_error}, guards={"post": None}, name="bad", lock=lock)
        Counter(name="good").out.connect(bad.inp)
        with pytest.raises(ModelError, match="to be expected") as caught:
            bad.run(RunSteps(5), First(), {"threads": [] if lock is None else ["bad"]})
        (failure,) = caught.value.failures
        found.append((failure.process, failure.phase, failure.step, type(failure.exception)))
        assert "raise_error" in failure.traceback
    assert found[0] == found[1]


def test_an_exception_of_a_guest_that_cannot_travel_is_told_in_words() -> None:
    counter, _ = pair(lock=LOCK, on_step=raise_unpicklable)
    with pytest.warns(LavaActorWarning), pytest.raises(ModelError, match="cannot travel"):
        counter.run(RunSteps(5), First())


def test_a_model_that_cannot_be_built_in_a_thread_raises_at_the_start() -> None:
    class Refuses(AbstractProcess):
        pass

    @implements(proc=Refuses, protocol=LoihiProtocol)
    class PyRefuses(PyLoihiProcessModel):
        def __init__(self, proc_params: Any) -> None:
            raise LookupError("not today")

    refuses = Refuses(name="refuses")
    with pytest.raises(LookupError, match="not today"):
        refuses.run(RunSteps(1), First(), {"threads": ["refuses"]})
    assert not refuses.is_compiled


def test_a_guest_learns_that_another_actor_was_killed() -> None:
    counter, sink = Counter(name="counter", lock=LOCK), Sink(name="sink", on_step=kill_itself)
    counter.out.connect(sink.inp)
    with pytest.warns(LavaActorWarning):
        counter.create_runtime(First())
    with pytest.raises(ActorDiedError, match="sink.*SIGKILL"):
        counter.run(RunSteps(1000))


def test_the_end_of_a_service_is_that_of_its_guests(guest: tuple[Counter, Sink]) -> None:
    counter, _ = guest
    counter.run(RunContinuous())
    (service,) = psutil.Process(launcher_pid()).children()
    service.kill()
    with pytest.raises(ActorDiedError, match="RuntimeService"):
        counter.wait()


def test_guests_leave_when_their_service_is_gone_though_nobody_asks(
    guest: tuple[Counter, Sink]
) -> None:
    counter, _ = guest
    counter.run(RunContinuous())
    threads = counter.runtime._crew._guests._threads
    (service,) = psutil.Process(launcher_pid()).children()
    service.kill()
    for thread in threads:
        thread.join()
    with pytest.raises(ActorDiedError, match="RuntimeService"):
        counter.wait()


def test_a_deadlock_with_a_guest_in_it_names_its_ports() -> None:
    one, two = Relay(name="one", lock=LOCK), Relay(name="two")
    one.out.connect(two.inp)
    two.out.connect(one.inp)
    with pytest.warns(LavaActorWarning), pytest.raises(DeadlockError, match=r"one\.inp.*two\.inp"):
        one.run(RunSteps(5), First())


def test_ctrl_c_pauses_guests_with_the_others(guest: tuple[Counter, Sink]) -> None:
    counter, sink = guest
    main = threading.main_thread().ident or 0

    def interrupt() -> None:
        while counter.runtime.current_step < 10:
            os.sched_yield()
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        counter.run(RunSteps(10**9))
    thread.join()
    step = counter.runtime.current_step
    assert (counter.count.get(), sink.received.get()) == (step, step)
    counter.run(RunSteps(2))
    assert counter.count.get() == step + 2


def test_a_guest_that_does_not_leave_is_named_and_left_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    began, go_on = threading.Event(), threading.Event()

    def hang(_model: Any) -> None:
        began.set()
        go_on.wait()

    counter, sink = pair(on_step=hang, name_of_lock=LOCK)
    with pytest.warns(LavaActorWarning):
        counter.run(RunContinuous(), First())
    began.wait()
    counter.stop(timeout=0.0)
    left = [thread for thread in threading.enumerate() if thread.name == "actor counter"]
    assert "counter (in run_spk of step 1) goes on in a thread" in caplog.text
    go_on.set()
    left[0].join()
    assert sink.runtime.is_over


def test_a_free_running_guest_beside_a_stepping_actor() -> None:
    free, sink = Free(send_steps, name="free", lock=LOCK), Sink(name="sink")
    free.out.connect(sink.inp)
    with free:
        start(free, 5)
        assert (sink.received.get(), sink.total.get()) == (5, 15)
        assert hosts(free) == {"free": "thread", "sink": "process"}


def test_who_cannot_be_saved_is_named_and_goes_on(tmp_path: Path) -> None:
    counter, _ = pair(handle=ctypes.pointer(ctypes.c_int(3)))
    with counter:
        start(counter, 3)
        with pytest.raises(CheckpointError, match=r"counter.*handle"):
            counter.save(tmp_path / "file")
        counter.run(RunSteps(1))
        assert counter.count.get() == 4


def test_a_network_with_guests_is_saved_and_goes_on_with_guests(tmp_path: Path) -> None:
    counter, _ = pair()
    with counter:
        counter.run(RunSteps(3), First(), {"threads": [Counter]})
        counter.save(tmp_path / "file")
    again: Any = load(tmp_path / "file")
    with again:
        again.run(RunSteps(2))
        assert hosts(again) == {"counter": "thread", "sink": "process"}
        assert again.count.get() == 5


@pytest.mark.parametrize("named", ["inner", "within", Counter, Within, "process"])
def test_who_lives_in_a_thread_may_be_said_from_outside_without_a_warning(named: Any) -> None:
    within, sink = Within(LOCK, name="within"), Sink(name="sink")
    within.out.connect(sink.inp)
    with within:
        within.run(RunSteps(2), First(), {"threads": [within if named == "process" else named]})
        assert hosts(within) == {"inner": "thread", "sink": "process"}


@pytest.mark.parametrize(
    ("threads", "error", "says"),
    [
        (["sinc"], InvalidValueError, "did you mean 'sink'"),
        ([Free], InvalidValueError, "no Process of the network is .*Free"),
        ("sink", InvalidTypeError, "expected a list"),
        ([3], InvalidTypeError, "got 3 among them"),
    ],
)
def test_an_entry_that_names_nobody_is_refused(threads: Any, error: type, says: str) -> None:
    _, sink = pair()
    with pytest.raises(error, match=says):
        sink.run(RunSteps(1), First(), {"threads": threads})
    assert not sink.is_compiled


def test_more_guests_than_a_frame_takes_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "_PACK", 2)
    counters = [Pids(name=f"p{n}") for n in range(5)]
    sink, eye = Pids(name="last"), Monitor(name="eye")
    for pids in (*counters, sink):
        eye.probe(pids.pid, 2)
    with sink:
        sink.run(RunSteps(2), First(), {"threads": counters})
        assert [pids.pid.get()[0] == os.getpid() for pids in (*counters, sink)] == [True] * 5 + [False]


@pytest.mark.parametrize(("config", "says"), [({}, "'lock': cannot pickle"), ({"threads": ["far"]}, "a thread")])
def test_who_cannot_leave_this_interpreter_is_refused_on_another_rank(
    config: dict[str, Any], says: str
) -> None:
    near, far = Counter(name="near"), Sink(name="far", lock=LOCK)
    near.out.connect(far.inp)
    crew = Crew(near.compile(First(), config), ActorType.MultiProcessing, ranks=(0, 1))
    with pytest.raises(InvalidTypeError, match=rf"far.*rank 1: .*{says}.*{{'ranks': {{'far': 0}}}}"):
        crew.prepare()
    crew.close()


def test_a_pipe_says_that_its_other_end_is_gone_whatever_is_left_to_read() -> None:
    ours, theirs = Pipe.pair()
    theirs.send("ready")
    assert not ours.has_ended(0.0)
    theirs.close()
    assert ours.has_ended(0.0)
    assert ours.recv().kind == "ready"
    ours.close()
    assert ours.has_ended(0.0)


@pytest.mark.parametrize(
    ("call", "in_threads"),
    [("get", False), ("pause", False), ("stop", False), ("wait", False), ("get", True)],
)
def test_a_guest_that_waits_for_its_own_network_is_told_at_once(
    call: str, in_threads: bool
) -> None:
    """What would wait for itself, and only be ended by the user; it may look around."""
    lock, found = threading.Lock(), []

    def act(model: Any) -> None:
        with lock:
            found.append(len(sink.runtime.status()))
            if model.time_step == 3:
                sink.total.get() if call == "get" else getattr(sink, call)()

    counter, sink = Counter(name="counter", on_step=act), Sink(name="sink")
    counter.out.connect(sink.inp)
    config = {"actor_type": ActorType.Threading} if in_threads else {"threads": [counter]}
    told = r"run_spk of step 3: .*a model of this network calls it"
    with sink, pytest.raises(ModelError, match=told):
        sink.run(RunSteps(10), First(), config)
    assert found == [2, 2, 2]


def test_a_guest_that_runs_freely_may_look_at_who_steps() -> None:
    lock, seen = threading.Lock(), []

    def watch(model: Any) -> None:
        with lock:
            model.inp.recv()
            seen.append(int(sink.total.get()[0]))

    free, counter, sink = Free(watch, name="free"), Counter(name="counter"), Sink(name="sink")
    counter.out.connect(sink.inp)
    counter.out.connect(free.inp)
    with sink:
        sink.run(RunSteps(1), First(), {"threads": [free]})
        assert sink.total.get() == 1
    assert seen in ([0], [1])


@pytest.mark.parametrize("names", [("a",), ("a", "b"), ("a", "b", "c")])
def test_guests_that_run_freely_and_ask_in_a_circle_are_told(names: tuple[str, ...]) -> None:
    """Who asks answers nobody; the last to ask is told, and the others get their answers."""
    lock, told = threading.Lock(), []
    at_once = threading.Barrier(len(names))

    def ask(model: Any) -> None:
        with lock:  # what follows is looked up, not copied
            nxt = held[(names.index(model._la_process_name) + 1) % len(names)]
        at_once.wait(30)
        try:
            nxt.value.get()
        except RuntimeStateError as error:
            told.append(str(error))

    held = [Free(ask, name=name) for name in names]
    counter = Counter(name="counter")
    for free in held:
        counter.out.connect(free.inp)
    with counter:
        counter.run(RunSteps(1), First(), {"threads": held})
    assert len(told) == 1
    assert "value.get: a model of this network calls it" in told[0]


def test_guests_that_take_turns_in_asking_each_other_are_answered() -> None:
    """Who has been answered may be asked at once: its thread need not have woken up."""
    turns, seen, ended = 100, [0], threading.Event()

    def first(model: Any) -> None:
        for turn in range(1, turns + 1):
            while model.value[0] < turn:
                model.check_for_stop_cmd()
            held["second"].value.get()
            seen[0] = turn
        ended.set()

    def second(model: Any) -> None:
        for turn in range(1, turns + 1):
            held["first"].value.set(np.array([turn]))
            while seen[0] < turn and not model.check_for_stop_cmd():
                pass
        while not ended.is_set():
            model.check_for_stop_cmd()

    held = {"first": Free(first, name="first"), "second": Free(second, name="second")}
    counter = Counter(name="counter")
    for free in held.values():
        counter.out.connect(free.inp)
    with counter:
        counter.run(RunSteps(1), First(), {"threads": [*held.values()]})
    assert seen == [turns]
