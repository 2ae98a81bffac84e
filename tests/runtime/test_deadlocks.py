"""A network that waits on itself is reported with the ports that wait, not left hanging."""

from __future__ import annotations

import os
import random
import signal
import time
from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    ActorType,
    AsyncProtocol,
    InPort,
    LavaPyType,
    LoihiProtocol,
    OutPort,
    PyAsyncProcessModel,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    PyRefPort,
    RefPort,
    RunContinuous,
    RunSteps,
    Var,
    implements,
)
from lava_actor.errors import DeadlockError
from lava_actor.model.sync.domain import SyncDomain
from tests.runtime.networks import Counter, First, Free, Relay, Sink

RUN_AHEAD: dict[str, Any] = {"schedule": "run_ahead"}
LOCKSTEP: dict[str, Any] = {"schedule": "lockstep"}
THREADS: dict[str, Any] = {"actor_type": ActorType.Threading}


class Quiet(AbstractProcess):
    """Sends only every ``every``-th step (0: never)."""

    def __init__(self, every: int = 0, **kwargs: Any) -> None:
        super().__init__(every=every, **kwargs)
        self.out = OutPort((1,))
        self.steps = Var((1,), init=0)


@implements(proc=Quiet, protocol=LoihiProtocol)
class PyQuiet(PyLoihiProcessModel):
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)
    steps: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        self.steps += 1
        every = self.proc_params["every"]
        if every and self.time_step % every == 0:
            self.out.send(self.steps)


class Deaf(AbstractProcess):
    """Has an InPort and never receives."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inp = InPort((1,))
        self.steps = Var((1,), init=0)


@implements(proc=Deaf, protocol=LoihiProtocol)
class PyDeaf(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    steps: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        self.steps += 1


def assert_over(process: AbstractProcess) -> None:
    assert process.runtime.is_over
    with pytest.raises(RuntimeError):
        process.vars.members[0].get()
    process.stop()


def test_a_receiver_nobody_sends_to_is_reported_with_both_ports() -> None:
    quiet, sink = Quiet(name="quiet"), Sink(name="sink")
    quiet.out.connect(sink.inp)
    with pytest.raises(DeadlockError, match=r"sink\.inp.*quiet\.out"):
        quiet.run(RunSteps(3), First())
    assert_over(quiet)


@pytest.mark.parametrize(
    "config", [RUN_AHEAD, pytest.param(LOCKSTEP, marks=pytest.mark.slow)], ids=["ahead", "lockstep"]
)
def test_the_step_in_which_a_message_is_missing_is_named(config: dict[str, Any]) -> None:
    quiet, sink = Quiet(every=1, name="quiet"), Sink(name="sink")
    more = Quiet(every=2, name="more")
    sink.inp.connect_from([quiet.out, more.out])
    with pytest.raises(DeadlockError, match=r"sink\.inp.*more\.out"):
        quiet.run(RunSteps(10), First(), config)
    assert_over(sink)


@pytest.mark.parametrize(
    "config", [RUN_AHEAD, LOCKSTEP, THREADS], ids=["run_ahead", "lockstep", "threads"]
)
def test_two_models_that_both_receive_first_are_reported_as_a_cycle(config: dict[str, Any]) -> None:
    one, two = Relay(name="one"), Relay(name="two")
    one.out.connect(two.inp)
    two.out.connect(one.inp)
    with pytest.raises(DeadlockError, match="step 1") as caught:
        one.run(RunSteps(3), First(), config)
    for part in ("waits on itself", "one.inp", "two.inp", "one.out", "two.out"):
        assert part in str(caught.value)
    (failure,) = caught.value.failures
    assert failure.process in ("one", "two")
    assert_over(one)


@pytest.mark.slow
def test_a_model_that_receives_its_own_message_first_is_a_cycle_of_one() -> None:
    relay = Relay(name="self")
    relay.out.connect(relay.inp)
    with pytest.raises(DeadlockError, match=r"self\.inp.*self\.out"):
        relay.run(RunSteps(1), First())
    assert_over(relay)


def test_only_the_cycle_is_named_not_those_who_wait_for_it() -> None:
    one, two, after = Relay(name="one"), Relay(name="two"), Sink(name="after")
    one.out.connect([two.inp, after.inp])
    two.out.connect(one.inp)
    with pytest.raises(DeadlockError) as caught:
        one.run(RunSteps(3), First())
    assert "after" not in str(caught.value)


@pytest.mark.parametrize(
    ("depth", "config"),
    [
        (1, RUN_AHEAD),
        pytest.param(3, LOCKSTEP, marks=pytest.mark.slow),
        pytest.param(64, THREADS, marks=pytest.mark.slow),
    ],
)
def test_a_full_ring_nobody_reads_is_reported_with_its_depth(
    depth: int, config: dict[str, Any]
) -> None:
    counter, deaf = Counter(name="counter"), Deaf(name="deaf")
    counter.out.connect(deaf.inp)
    with pytest.raises(DeadlockError, match=rf"counter\.out.*deaf\.inp.*\({depth} message"):
        counter.run(RunSteps(200), First(), {**config, "pypy_channel_size": depth})
    assert_over(counter)


def test_as_many_messages_as_a_ring_holds_are_no_deadlock() -> None:
    counter, deaf = Counter(), Deaf()
    counter.out.connect(deaf.inp)
    with counter:
        counter.run(RunSteps(64), First())
        counter.run(RunSteps(0))
        assert deaf.steps.get() == 64


def test_one_who_waits_for_ever_is_reported_though_another_could_go_on() -> None:
    """The quiet one runs ahead as far as it may, then waits for the slowest."""
    quiet, sink = Quiet(name="quiet"), Sink(name="sink")
    quiet.out.connect(sink.inp)
    quiet.run(RunContinuous(), First())
    with pytest.raises(DeadlockError, match=r"sink\.inp.*quiet\.out"):
        quiet.wait()
    assert_over(quiet)


@pytest.mark.slow
def test_a_finite_run_in_the_background_that_deadlocks_surfaces_in_wait() -> None:
    one, two = Relay(name="one"), Relay(name="two")
    one.out.connect(two.inp)
    two.out.connect(one.inp)
    one.run(RunSteps(3, blocking=False), First())
    with pytest.raises(DeadlockError):
        two.wait()
    assert_over(one)


@pytest.mark.parametrize("call", ["pause", "stop"])
def test_pause_and_stop_of_a_network_that_hangs_return(call: str) -> None:
    one, two = Relay(name="one"), Relay(name="two")
    one.out.connect(two.inp)
    two.out.connect(one.inp)
    one.run(RunContinuous(), First())
    try:
        getattr(one, call)()
    except DeadlockError:
        assert call == "pause"
    one.stop()
    assert_over(one)


def test_two_sync_domains_that_wait_for_each_other_are_reported_once() -> None:
    one, two = Relay(name="one"), Relay(name="two")
    one.out.connect(two.inp)
    two.out.connect(one.inp)
    domains = [SyncDomain(p.name, LoihiProtocol(), [p]) for p in (one, two)]
    with pytest.raises(DeadlockError, match=r"waits on itself"):
        one.run(RunSteps(3), First(custom_sync_domains=domains))
    assert_over(one)


def receive_then_send(model: Any) -> None:
    for _ in range(model.num_steps):
        model.out.send(model.inp.recv())


def test_asynchronous_models_that_both_receive_first_are_reported() -> None:
    one, two = Free(receive_then_send, name="one"), Free(receive_then_send, name="two")
    one.out.connect(two.inp)
    two.out.connect(one.inp)
    with pytest.raises(DeadlockError, match=r"one\.inp.*two\.out|two\.inp.*one\.out"):
        one.run(RunSteps(3), First())
    assert_over(one)


def test_an_asynchronous_and_a_stepping_model_that_wait_for_each_other_are_reported() -> None:
    free, relay = Free(receive_then_send, name="free"), Relay(name="relay")
    free.out.connect(relay.inp)
    relay.out.connect(free.inp)
    with pytest.raises(DeadlockError, match="free") as caught:
        relay.run(RunSteps(3), First())
    assert "relay" in str(caught.value)
    assert_over(free)


@pytest.mark.slow
def test_a_model_that_waits_for_an_asynchronous_one_that_has_returned_is_reported() -> None:
    def send_one_less(model: Any) -> None:
        for number in range(model.num_steps - 1):
            model.out.send(np.array([number]))

    free, sink = Free(send_one_less, name="free"), Sink(name="sink")
    free.out.connect(sink.inp)
    with pytest.raises(DeadlockError, match=r"sink\.inp.*free\.out"):
        sink.run(RunSteps(5), First())
    assert_over(sink)


def test_waiting_for_the_user_is_no_deadlock() -> None:
    sink = Sink()
    sink.inp.flag_external_pipe()
    with sink:
        sink.run(RunSteps(2, blocking=False), First())
        with pytest.raises(TimeoutError):
            sink.wait(1.5)
        for number in (3, 4):
            sink.inp.external_pipe_csp_send_port.send(np.array([number]))
        sink.wait()
        assert sink.total.get() == 7


@pytest.mark.slow
def test_a_slow_model_is_no_deadlock() -> None:
    def slow(model: Any) -> None:
        time.sleep(1.2)

    counter, sink = Counter(on_step=slow), Sink()
    counter.out.connect(sink.inp)
    with sink:
        sink.run(RunSteps(2), First())
        assert sink.total.get() == 3


def test_after_a_deadlock_a_repaired_network_runs() -> None:
    quiet, sink = Quiet(name="quiet"), Sink(name="sink")
    quiet.out.connect(sink.inp)
    with pytest.raises(DeadlockError):
        quiet.run(RunSteps(3), First())
    quiet.proc_params.overwrite("every", 1)
    with quiet:
        quiet.run(RunSteps(3))
        assert sink.total.get() == 6


# -- what is no deadlock, however long it takes ---------------------------------------------


class Named(AbstractProcess):
    """Knows the number of its process; ``slow`` is how long `on_var_update` takes."""

    def __init__(self, slow: float = 0.0, **kwargs: Any) -> None:
        super().__init__(slow=slow, **kwargs)
        self.inp, self.out = InPort((1,)), OutPort((1,))
        self.pid, self.steps = Var((1,), init=0), Var((1,), init=0)


@implements(proc=Named, protocol=LoihiProtocol)
class PyNamed(PyLoihiProcessModel):
    """Sends in step 1 what the next one waits for, then hands on what comes."""

    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)
    pid: np.ndarray = LavaPyType(np.ndarray, np.int64)
    steps: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        self.pid[:] = os.getpid()
        self.steps += 1
        if self.process_name == "first":
            self.out.send(self.steps)
            self.inp.recv()
        else:
            self.out.send(self.inp.recv())

    def on_var_update(self) -> None:
        time.sleep(self.proc_params["slow"])


def loop(n: int, **kwargs: Any) -> list[Named]:
    names = ["first", *(f"n{i}" for i in range(1, n))]
    nodes = [Named(name=name, **kwargs) for name in names]
    for one, other in zip(nodes, [*nodes[1:], nodes[0]], strict=True):
        one.out.connect(other.inp)
    return nodes


@pytest.mark.parametrize("config", [RUN_AHEAD, LOCKSTEP], ids=["ahead", "lockstep"])
def test_an_actor_that_is_stopped_by_a_signal_holds_all_up_and_that_is_no_deadlock(
    config: dict[str, Any],
) -> None:
    nodes = loop(3)
    with nodes[0]:
        nodes[0].run(RunSteps(1), First(), config)
        for node in nodes[:2]:
            pid = int(node.pid.get()[0])
            nodes[0].run(RunContinuous())
            before = nodes[0].runtime.current_step
            while nodes[0].runtime.current_step < before + 10:
                time.sleep(0.001)
            os.kill(pid, signal.SIGSTOP)
            try:
                with pytest.raises(TimeoutError):
                    nodes[0].wait(1.7)
            finally:
                os.kill(pid, signal.SIGCONT)
            nodes[0].pause()
        assert len({int(node.steps.get()[0]) for node in nodes}) == 1


def test_a_slow_answer_to_a_set_holds_all_up_and_that_is_no_deadlock() -> None:
    nodes = loop(2, slow=2.0)
    with nodes[0]:
        nodes[0].run(RunContinuous(), First())
        nodes[1].pid.set([7])
        nodes[0].pause()
        assert nodes[0].steps.get() == nodes[1].steps.get()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(4))
def test_a_storm_of_stops_and_slow_answers_is_no_deadlock(seed: int) -> None:
    rng = random.Random(seed)
    nodes = loop(rng.randint(2, 5), slow=0.3)
    config = rng.choice((RUN_AHEAD, LOCKSTEP))
    n_domains = rng.randint(1, 2)
    domains = [SyncDomain("other", LoihiProtocol(), [nodes[1]])][: n_domains - 1]
    with nodes[0]:
        nodes[0].run(RunSteps(1), First(custom_sync_domains=domains), config)
        pids = [int(node.pid.get()[0]) for node in nodes]
        for _ in range(20):
            nodes[0].run(RunContinuous())
            stopped = rng.sample(pids, rng.randint(1, len(pids)))
            try:
                for pid in stopped:
                    time.sleep(rng.random() * 0.05)
                    os.kill(pid, signal.SIGSTOP)
                time.sleep(rng.choice((0.1, 0.6, 1.2)))
            finally:
                for pid in stopped:
                    os.kill(pid, signal.SIGCONT)
                    time.sleep(rng.random() * 0.01)
            if rng.random() < 0.3:
                rng.choice(nodes).pid.set([rng.randrange(9)])
            nodes[0].pause()
        assert len({int(node.steps.get()[0]) for node in nodes}) == 1


# -- and what is one, though somebody still moves -------------------------------------------


def test_a_free_model_that_wants_more_than_is_sent_is_reported_after_the_others_have_ended() -> None:
    def receive_one_more(model: Any) -> None:
        for _ in range(model.num_steps + 1):
            model.inp.recv()

    counter, free = Counter(name="counter"), Free(receive_one_more, name="free")
    counter.out.connect(free.inp)
    with pytest.raises(DeadlockError, match=r"free\.inp waits for a message from counter\.out"):
        counter.run(RunSteps(3), First())
    assert_over(counter)


def test_a_cycle_is_named_though_a_free_model_never_rests() -> None:
    def go_on(model: Any) -> None:
        while not model.check_for_stop_cmd():
            model.value += 1

    one, two, busy = Relay(name="one"), Relay(name="two"), Free(go_on, name="busy")
    one.out.connect(two.inp)
    two.out.connect([one.inp, busy.inp])
    with pytest.raises(DeadlockError, match="waits on itself") as caught:
        one.run(RunSteps(3), First())
    assert "busy" not in str(caught.value)
    assert_over(one)


def test_a_free_model_that_asks_one_who_waits_for_it_for_a_var_is_reported() -> None:
    owner, asker = Relay(name="owner"), Asker(name="asker")
    asker.ref.connect_var(owner.last)
    asker.out.connect(owner.inp)
    with pytest.raises(DeadlockError, match=r"asker\.ref waits for an answer from owner"):
        owner.run(RunSteps(100), First())
    assert_over(owner)


def test_of_those_who_wait_for_their_turn_only_the_last_is_named_and_who_holds_all_up() -> None:
    owner = Relay(name="owner")
    writers = [InTurns(place, name=f"writer {place}") for place in range(5)]
    source = Counter(name="source")
    source.out.connect(owner.inp)
    for writer in writers:
        writer.ref.connect_var(owner.last)
    writers[-1].out.connect(writers[0].inp)
    with pytest.raises(DeadlockError, match="waits on itself") as caught:
        owner.run(RunSteps(3), First())
    assert "writer 0.inp waits for a message from writer 4.out" in str(caught.value)
    assert "writer 4 waits for its turn after writer 0" in str(caught.value)
    assert not any(f"writer {place}" in str(caught.value) for place in (1, 2, 3))
    assert_over(owner)


class InTurns(AbstractProcess):
    """Writes to a Var of somebody else; the first one receives before, the last one sends then."""

    def __init__(self, place: int, **kwargs: Any) -> None:
        super().__init__(place=place, **kwargs)
        self.inp, self.out, self.ref = InPort((1,)), OutPort((1,)), RefPort((1,))


@implements(proc=InTurns, protocol=LoihiProtocol)
class PyInTurns(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int64)

    def run_spk(self) -> None:
        if self.proc_params["place"] == 0:
            self.inp.recv()

    def post_guard(self) -> bool:
        return True

    def run_post_mgmt(self) -> None:
        self.ref.write(self.ref.read() + 1)
        if self.proc_params["place"] == 4:
            self.out.send(np.ones(1, int))


class Asker(AbstractProcess):
    """Reads a Var of the one who waits for its message."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.out, self.ref = OutPort((1,)), RefPort((1,))


@implements(proc=Asker, protocol=AsyncProtocol)
class PyAsker(PyAsyncProcessModel):
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int64)

    def run_async(self) -> None:
        for _ in range(self.num_steps):
            time.sleep(0.02)  # the owner is in its step by then; if not, there are more steps
            self.out.send(self.ref.read())
