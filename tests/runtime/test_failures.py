"""Whatever ends a model ends the network: one error with its cause, and nothing left running."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil
import pytest

from lava_actor import (
    AbstractProcess,
    ActorType,
    LoihiProtocol,
    RunContinuous,
    RunSteps,
    errors,
)
from lava_actor.errors import ActorDiedError, ModelError
from tests.conftest import launcher_pid
from tests.runtime.networks import (
    Counter,
    First,
    Free,
    NeedsArguments,
    Phased,
    Relay,
    Sender,
    Sink,
    Unpicklable,
    count_until_told,
    crash,
    kill_itself,
    leave_by_os_exit,
    leave_by_sys_exit,
    raise_error,
    raise_unpicklable,
    raise_with_arguments,
)

PHASES = ("spk", "pre", "lrn", "post", "host")
EVERYTHING = {"pre": None, "lrn": None, "post": None, "host": None}
PHASE_METHODS = {
    "spk": "run_spk",
    "pre": "run_pre_mgmt",
    "lrn": "run_lrn",
    "post": "run_post_mgmt",
    "host": "run_host_mgmt",
}


def actors() -> list[psutil.Process]:
    """Services and actors of all networks of this interpreter."""
    pid = launcher_pid()
    return psutil.Process(pid).children(recursive=True)


def assert_over(*processes: AbstractProcess) -> None:
    """The network is gone and says so."""
    for process in processes:
        runtime = process.runtime
        assert runtime.is_over
        assert not runtime._is_started
        assert not runtime._is_running
        with pytest.raises(RuntimeError):
            process.vars.members[0].get()
        with pytest.raises(RuntimeError):
            process.vars.members[0].set(1)
        process.wait()
        process.pause()
        process.stop()
    gone, alive = psutil.wait_procs(actors(), timeout=20)
    assert not alive


# --- exceptions --------------------------------------------------------------------------------


@pytest.mark.parametrize("actor_type", [ActorType.MultiProcessing, ActorType.Threading])
@pytest.mark.parametrize(("n_models", "n_raising"), [(1, 1), (2, 2), (3, 2)])
def test_all_models_that_raise_in_one_step_are_counted(
    n_models: int, n_raising: int, actor_type: ActorType
) -> None:
    models = [
        Phased({"spk": raise_error} if i < n_raising else None, name=f"model{i}")
        for i in range(n_models)
    ]
    for one, other in zip(models, models[1:], strict=False):
        one.out.connect(other.inp)
    models[0].run(RunSteps(1), First(), {"actor_type": actor_type})
    with pytest.raises(RuntimeError, match=rf"{n_raising} Exception\(s\) occurred") as caught:
        models[0].run(RunSteps(1))
    error = caught.value
    assert isinstance(error, ModelError)
    assert {f.process for f in error.failures} == {f"model{i}" for i in range(n_raising)}
    assert {f.step for f in error.failures} == {2}
    assert_over(*models)


@pytest.mark.parametrize("phase", PHASES)
def test_an_exception_names_process_model_phase_step_and_carries_the_traceback(phase: str) -> None:
    bad, peer = Phased({phase: raise_error}, guards=EVERYTHING, name="bad"), Phased(name="peer")
    bad.out.connect(peer.inp)
    bad.run(RunSteps(1), First())
    with pytest.raises(ModelError, match=r"1 Exception\(s\) occurred") as caught:
        bad.run(RunSteps(1))
    (failure,) = caught.value.failures
    assert (failure.process, failure.model, failure.step) == ("bad", "PyPhased", 2)
    assert failure.phase == PHASE_METHODS[phase]
    assert (failure.kind, failure.message) == ("ValueError", "this was to be expected")
    assert type(failure.exception) is ValueError
    text = str(caught.value)
    for part in ("bad", "PyPhased", PHASE_METHODS[phase], "raise_error", "this was to be expected"):
        assert part in text
    assert isinstance(failure.exception, ValueError)
    assert text.count("raise_error") == str(failure.traceback).count("raise_error")
    assert_over(bad, peer)


@pytest.mark.parametrize(
    ("action", "kind", "message", "travels"),
    [
        (raise_with_arguments, NeedsArguments, "code 7: too many legs", True),
        (raise_unpicklable, Unpicklable, "cannot travel", False),
        (raise_error, ValueError, "this was to be expected", True),
    ],
)
@pytest.mark.parametrize("moment", ["start", "run"])
def test_exceptions_that_cannot_travel_are_still_told(
    action: Any, kind: type, message: str, travels: bool, moment: str
) -> None:
    if moment == "run":
        bad = Phased({"spk": action}, name="bad")
        with pytest.raises(ModelError, match=message) as caught:
            bad.run(RunSteps(5), First())
        (failure,) = caught.value.failures
        assert failure.kind == kind.__name__
        assert (failure.exception is not None) == travels
        assert action.__name__ in failure.traceback
        assert_over(bad)
    else:
        bad = Phased({"init": action}, name="bad")
        with pytest.raises(kind if travels else RuntimeError, match=message) as start:
            bad.run(RunSteps(5), First())
        if not travels:
            assert kind.__name__ in str(start.value)
        assert action.__name__ in str(start.value.__cause__)
        assert bad.runtime is None


@pytest.mark.parametrize("actor_type", [ActorType.MultiProcessing, ActorType.Threading])
@pytest.mark.parametrize("moment", ["init", "start"])
def test_an_exception_while_starting_is_raised_as_it_is(moment: str, actor_type: ActorType) -> None:
    bad, peer = Phased({moment: raise_error}, name="bad"), Phased(name="peer")
    bad.out.connect(peer.inp)
    with pytest.raises(ValueError, match="this was to be expected") as caught:
        peer.create_runtime(First(), compile_config={"actor_type": actor_type})
    assert "raise_error" in str(caught.value.__cause__)
    assert any("bad" in note for note in caught.value.__notes__)
    assert peer.runtime is None
    assert not peer.is_compiled
    assert not bad.is_compiled
    gone, alive = psutil.wait_procs(actors(), timeout=20)
    assert not alive
    bad.proc_params.overwrite("at", {})
    with peer:
        peer.run(RunSteps(2), First())
        assert bad.spk.get() == 2


@pytest.mark.parametrize(
    ("init", "error"),
    [([1, 2, 3, 4], ValueError), (float("nan"), ValueError), ("text", (ValueError, TypeError))],
)
def test_an_initial_value_that_does_not_fit_is_raised_as_it_is(init: Any, error: Any) -> None:
    sink, sender = Sink(shape=(2,)), Sender([1, 2])
    sender.out.connect(sink.inp)
    sink.last.init = init
    with pytest.raises(error, match="last"):
        sink.run(RunSteps(1), First())
    sink.last.init = 0
    with sink:
        sink.run(RunSteps(1), First())
        assert np.array_equal(sink.last.get(), [1, 2])


@pytest.mark.parametrize("action", [leave_by_sys_exit, leave_by_os_exit, kill_itself, crash])
@pytest.mark.parametrize("moment", ["init", "start"])
def test_an_actor_that_ends_while_starting_is_an_error(action: Any, moment: str) -> None:
    bad, peer = Phased({moment: action}, name="bad"), Phased(name="peer")
    bad.out.connect(peer.inp)
    with pytest.raises((RuntimeError, SystemExit), match="bad|3") as caught:
        peer.run(RunSteps(1), First())
    assert isinstance(caught.value, RuntimeError)
    assert peer.runtime is None
    gone, alive = psutil.wait_procs(actors(), timeout=20)
    assert not alive


# --- peers that wait ---------------------------------------------------------------------------


@pytest.mark.parametrize("blocking", [True, False])
@pytest.mark.parametrize("receiver_fails", [True, False])
def test_a_peer_that_waits_for_the_failed_model_is_released(
    receiver_fails: bool, blocking: bool
) -> None:
    counter = Counter(on_step=None if receiver_fails else raise_at(5), name="counter")
    sink = Sink(on_step=raise_at(5) if receiver_fails else None, name="sink")
    counter.out.connect(sink.inp)
    with pytest.raises(ModelError, match=r"1 Exception\(s\)") as caught:
        counter.run(RunSteps(10**6, blocking=blocking), First(), {"pypy_channel_size": 2})
        counter.wait()
    (failure,) = caught.value.failures
    assert failure.process == ("sink" if receiver_fails else "counter")
    assert failure.step == 5
    assert_over(counter, sink)


def raise_at(step: int) -> Callable[[Any], None]:
    def action(model: Any) -> None:
        if model.time_step == step:
            raise_error(model)

    return action


@pytest.mark.parametrize("call", ["wait", "pause", "run", "get", "set"])
def test_a_failure_in_the_background_surfaces_at_the_next_call_and_only_there(call: str) -> None:
    counter = Counter(on_step=raise_at(3), name="counter")
    counter.run(RunContinuous(), First())
    while not counter.runtime.is_finished:
        pass
    calls: dict[str, Callable[[], Any]] = {
        "wait": counter.wait,
        "pause": counter.pause,
        "run": lambda: counter.run(RunSteps(1)),
        "get": counter.count.get,
        "set": lambda: counter.count.set(1),
    }
    with pytest.raises(ModelError, match=r"1 Exception\(s\) occurred"):
        calls[call]()
    assert_over(counter)


def test_stop_after_a_failure_in_the_background_ends_everything() -> None:
    counter = Counter(on_step=raise_at(3))
    counter.run(RunContinuous(), First())
    while not counter.runtime.is_finished:
        pass
    counter.stop()
    assert_over(counter)


def test_leaving_a_with_block_after_a_failure() -> None:
    with pytest.raises(ModelError), Counter(on_step=raise_at(3)) as counter:
        counter.run(RunSteps(10), First())
    assert_over(counter)


@pytest.mark.parametrize("schedule", ["lockstep", "run_ahead"])
def test_the_first_failing_step_counts_whoever_runs_ahead(schedule: str) -> None:
    """The sink fails in step 10, the counter (which may be ahead) only in step 40."""
    counter, sink = Counter(on_step=raise_at(40)), Sink(on_step=raise_at(10), name="sink")
    counter.out.connect(sink.inp)
    with pytest.raises(ModelError, match=r"1 Exception\(s\) occurred") as caught:
        counter.run(RunSteps(10**6), First(), {"schedule": schedule})
    (failure,) = caught.value.failures
    assert (failure.process, failure.step) == ("sink", 10)


def test_failures_of_two_sync_domains_in_one_step_are_both_counted() -> None:
    from lava_actor.model.sync.domain import SyncDomain

    one, two = Phased({"spk": raise_error}, name="one"), Phased({"spk": raise_error}, name="two")
    one.out.connect(two.inp)
    domains = [SyncDomain(p.name, LoihiProtocol(), [p]) for p in (one, two)]
    with pytest.raises(ModelError, match=r"2 Exception\(s\) occurred") as caught:
        one.run(RunSteps(10), First(custom_sync_domains=domains))
    assert {f.process for f in caught.value.failures} == {"one", "two"}
    assert_over(one, two)


# --- actors that go without a word -------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (leave_by_sys_exit, "SystemExit|exit code 3"),
        (leave_by_os_exit, "exit code 5"),
        (kill_itself, "SIGKILL"),
        (crash, "SIGSEGV"),
    ],
)
@pytest.mark.parametrize("schedule", ["lockstep", "run_ahead"])
def test_an_actor_that_just_goes_is_reported_with_how_it_went(
    action: Any, words: str, schedule: str
) -> None:
    def go(model: Any) -> None:
        if model.time_step == 2:
            action(model)

    first, bad, last = Counter(), Relay(on_step=go, name="bad"), Sink()
    first.out.connect(bad.inp)
    bad.out.connect(last.inp)
    with pytest.raises(ModelError, match=words) as caught:
        bad.run(RunSteps(1000), First(), {"schedule": schedule})
    (failure,) = caught.value.failures
    assert (failure.process, failure.step, failure.phase) == ("bad", 2, "run_spk")
    assert "bad" in str(caught.value)
    assert_over(first, bad, last)


@pytest.mark.parametrize("phase", ["pre", "lrn", "post", "host"])
def test_an_actor_killed_in_any_phase_is_reported(phase: str) -> None:
    bad, peer = Phased({phase: kill_itself}, guards=EVERYTHING, name="bad"), Phased(name="peer")
    bad.out.connect(peer.inp)
    with pytest.raises(ActorDiedError, match="SIGKILL") as caught:
        bad.run(RunSteps(2), First())
    assert caught.value.failures[0].phase == PHASE_METHODS[phase]
    assert_over(bad, peer)


def pids_of(network: AbstractProcess) -> list[psutil.Process]:
    """The only network's processes: service first, then its actors."""
    (service,) = psutil.Process(launcher_pid()).children()
    return [service, *service.children()]


@pytest.mark.parametrize("victim", ["service", "actor"])
@pytest.mark.parametrize("state", ["initialized", "running", "paused"])
def test_a_killed_actor_or_service_is_noticed_in_every_state(state: str, victim: str) -> None:
    counter, sink = Counter(name="counter"), Sink(name="sink")
    counter.out.connect(sink.inp)
    counter.create_runtime(First())
    if state == "running":
        counter.run(RunContinuous())
    elif state == "paused":
        counter.run(RunSteps(3))
    family = pids_of(counter)
    family[0 if victim == "service" else 1].kill()
    gone, alive = psutil.wait_procs(family, timeout=20)
    assert not alive, "the rest of the network outlives the killed one"
    with pytest.raises(ActorDiedError) as caught:
        if state == "running":
            counter.wait()
        else:
            counter.run(RunSteps(1))
    assert ("RuntimeService" if victim == "service" else "SIGKILL") in str(caught.value)
    assert_over(counter, sink)


def test_stop_after_the_service_was_killed() -> None:
    counter = Counter()
    counter.run(RunContinuous(), First())
    pids_of(counter)[0].kill()
    counter.stop()
    assert_over(counter)


def test_a_killed_launcher_ends_its_networks_and_a_new_one_takes_its_place() -> None:
    counter = Counter()
    counter.run(RunContinuous(), First())
    family = pids_of(counter)
    old = launcher_pid()
    psutil.Process(old).kill()
    with pytest.raises(ActorDiedError):
        counter.wait()
    psutil.wait_procs(family, timeout=20)
    assert not any(p.is_running() for p in family)
    with Counter() as other:
        other.run(RunSteps(3), First())
        assert other.count.get() == 3
    assert launcher_pid() != old


def test_a_stopped_process_is_no_reason_to_give_up_and_stop_ends_it() -> None:
    """SIGSTOP is not death: the run hangs until SIGCONT, `stop` kills it."""
    counter, sink = Counter(), Sink()
    counter.out.connect(sink.inp)
    counter.run(RunSteps(3), First())
    family = pids_of(counter)
    family[1].send_signal(signal.SIGSTOP)
    counter.run(RunSteps(10, blocking=False))
    with pytest.raises(TimeoutError):
        counter.wait(timeout=0.3)
    family[1].send_signal(signal.SIGCONT)
    counter.wait()
    assert sink.received.get() == 13
    family[1].send_signal(signal.SIGSTOP)
    counter.run(RunContinuous())
    counter.stop(timeout=0.2)
    assert_over(counter, sink)


def test_a_model_that_never_returns_from_its_step_is_killed_by_stop() -> None:
    def forever(model: Any) -> None:
        while True:
            pass

    counter = Counter(on_step=forever)
    counter.run(RunContinuous(), First())
    counter.stop(timeout=0.2)
    assert_over(counter)


@pytest.mark.parametrize("request_", ["get", "set"])
def test_a_request_that_waits_for_an_answer_ends_with_the_network(request_: str) -> None:
    """The model is inside an endless step; another thread stops the network."""

    def tell_then_loop(model: Any) -> None:
        model.out.send(model.count)
        while True:
            pass

    counter = Counter(on_step=tell_then_loop)
    counter.out.flag_external_pipe()
    counter.run(RunContinuous(), First())
    counter.out.external_pipe_csp_recv_port.recv()
    asked: list[BaseException] = []
    entered = threading.Event()

    def ask() -> None:
        entered.set()
        try:
            counter.count.get() if request_ == "get" else counter.count.set(1)
        except BaseException as error:  # noqa: BLE001  (asserted below)
            asked.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    entered.wait()
    counter.stop(timeout=0.2)
    thread.join()
    assert len(asked) == 1
    assert isinstance(asked[0], RuntimeError)


# --- asynchronous models -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [(raise_error, ModelError), (kill_itself, ActorDiedError), (leave_by_os_exit, ActorDiedError)],
)
def test_an_asynchronous_model_that_fails_ends_the_network(body: Any, kind: type) -> None:
    bad, peer = Free(body, name="bad"), Free(count_until_told, name="peer")
    bad.out.connect(peer.inp)
    with pytest.raises(kind, match="bad") as caught:
        bad.run(RunSteps(2), First())
    assert caught.value.failures[0].phase == "run_async"
    assert_over(bad, peer)


def test_a_stepping_model_that_waits_for_a_failed_asynchronous_one_is_released() -> None:
    def send_one_then_fail(model: Any) -> None:
        model.out.send(np.array([1]))
        raise_error(model)

    bad, sink = Free(send_one_then_fail, name="bad"), Sink(name="sink")
    bad.out.connect(sink.inp)
    with pytest.raises(ModelError, match=r"1 Exception\(s\) occurred") as caught:
        sink.run(RunSteps(10), First())
    assert caught.value.failures[0].process == "bad"
    assert_over(bad, sink)


def test_an_asynchronous_model_is_told_when_a_stepping_one_fails() -> None:
    free, bad = Free(count_until_told, name="free"), Phased({"spk": raise_error}, name="bad")
    bad.out.connect(free.inp)
    with pytest.raises(ModelError, match=r"1 Exception\(s\) occurred") as caught:
        free.run(RunSteps(10), First())
    assert caught.value.failures[0].process == "bad"
    assert_over(free, bad)


# --- what cannot be sent to an actor -----------------------------------------------------------


def test_threads_take_parameters_that_cannot_be_sent() -> None:
    lock = threading.Lock()
    with Counter(lock=lock) as counter:
        counter.run(RunSteps(2), First(), {"actor_type": ActorType.Threading})
        assert counter.count.get() == 2


def test_every_error_of_the_package_has_its_base_and_a_builtin() -> None:
    for name, cls in vars(errors).items():
        if name in ("LavaActorError", "LavaActorWarning", "RemoteTraceback"):
            continue
        if isinstance(cls, type) and issubclass(cls, Exception):
            assert issubclass(cls, errors.LavaActorError)
            assert len(cls.__mro__) > len(errors.LavaActorError.__mro__) + 1
