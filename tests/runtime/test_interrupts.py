"""Ctrl-C arrives at the end of what must not be half done."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lava_actor import Loihi2SimCfg, RunContinuous, RunSteps, networks
from lava_actor.channels import interrupts
from lava_actor.channels.interrupts import Signal, held
from lava_actor.checkpoint.archive import complaints
from lava_actor.compiler.executable import Executable
from lava_actor.proc.lif.process import LIF
from lava_actor.protocol.values import numbers
from lava_actor.runtime.runtime import Runtime
from lava_actor.runtime.user.listener import Listener
from lava_actor.utils.serialization import save
from tests.runtime.networks import Counter, First, Sink


def test_an_interrupt_takes_effect_at_the_end_of_the_block() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):
        with held():
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):  # instructions between which it could have been raised
                pass
            done.append("all of it")
        done.append("not this")
    assert done == ["all of it"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_of_the_block_is_not_lost_without_an_interrupt() -> None:
    with pytest.raises(ValueError, match="mine"), held():
        raise ValueError("mine")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_user_is_called_once() -> None:
    calls = []
    before = signal.signal(signal.SIGINT, lambda *arguments: calls.append(arguments))
    try:
        with held():
            os.kill(os.getpid(), signal.SIGINT)
            assert calls == []
        assert [number for number, _ in calls] == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_what_python_does_not_handle_stays_as_it_is(handler: signal.Handlers) -> None:
    before = signal.signal(signal.SIGINT, handler)
    try:
        with held():
            assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_leave_the_handler_alone() -> None:
    found = []

    def look() -> None:
        with held():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


def test_a_held_block_may_see_that_it_was_interrupted() -> None:
    with pytest.raises(KeyboardInterrupt), held() as arrived:
        assert not arrived
        os.kill(os.getpid(), signal.SIGINT)
        while not arrived:
            os.sched_yield()


class OverTimeError(Exception):
    pass


def _over_time(*_: Any) -> None:
    raise OverTimeError


@pytest.fixture
def alarm() -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, _over_time)
    yield
    signal.signal(signal.SIGALRM, before)


def test_what_any_handler_raises_takes_effect_at_the_end_of_the_outermost_block(
    alarm: None,
) -> None:
    done = []
    with pytest.raises(OverTimeError):
        with held() as hurries:
            with held():
                os.kill(os.getpid(), signal.SIGALRM)
            done.append("inside")
            assert not hurries
        done.append("not this")
    assert done == ["inside"]
    assert signal.getsignal(signal.SIGALRM) is _over_time


def test_of_several_signals_each_is_handled(alarm: None) -> None:
    with pytest.raises((KeyboardInterrupt, OverTimeError)) as caught, held():
        os.kill(os.getpid(), signal.SIGALRM)
        os.kill(os.getpid(), signal.SIGINT)
    assert {type(caught.value), type(caught.value.__context__)} == {
        KeyboardInterrupt,
        OverTimeError,
    }


def test_a_handler_that_could_not_be_put_back_is_called_through_the_one_that_stays(
    alarm: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def signal_(number: int, handler: Any) -> Any:
        if handler is _over_time:
            raise KeyboardInterrupt  # while it is put back
        return signal.signal(number, handler)

    with pytest.raises(KeyboardInterrupt), held():
        broken = SimpleNamespace(getsignal=signal.getsignal, signal=signal_)
        monkeypatch.setattr(interrupts, "_signal", broken)
    monkeypatch.undo()
    assert signal.getsignal(signal.SIGALRM) is not _over_time
    with pytest.raises(OverTimeError):
        os.kill(os.getpid(), signal.SIGALRM)


@pytest.mark.parametrize("blocking", [True, False])
def test_a_limit_of_time_pauses_a_run(alarm: None, blocking: bool) -> None:
    with Counter() as counter:
        counter.run(RunSteps(1), First())
        timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGALRM))
        timer.start()
        with pytest.raises(OverTimeError):
            counter.run(RunSteps(10**12, blocking=blocking))
            counter.wait()
        timer.join()
        step = counter.runtime.current_step
        counter.run(RunSteps(2))
        assert counter.count.get() == counter.runtime.current_step == step + 2


class Interrupted:
    """A value during whose use a signal comes."""

    def __reduce__(self) -> Any:
        os.kill(os.getpid(), signal.SIGALRM)
        return Interrupted, ()

    def __array__(self, *_: Any, **__: Any) -> Any:
        os.kill(os.getpid(), signal.SIGALRM)
        return np.zeros(1)


def _read(path: Path) -> None:
    with complaints(path):
        os.kill(os.getpid(), signal.SIGALRM)
        path.touch()


@pytest.mark.parametrize(
    "act",
    [
        lambda path: numbers(Interrupted(), "lif.v"),
        _read,
        lambda path: save(Counter(on_step=Interrupted()), str(path)),
    ],
    ids=["value", "read a checkpoint", "save a network"],
)
def test_what_a_handler_raises_is_no_complaint_of_ours(
    alarm: None, act: Callable[[Path], object], tmp_path: Path
) -> None:
    with pytest.raises(OverTimeError):
        act(tmp_path / "file")


# --- waiting -----------------------------------------------------------------------------------


def test_a_signal_lets_everybody_go_who_waits_now_or_later_until_it_is_cleared() -> None:
    signal_ = Signal()
    assert not signal_.wait(0.0)
    assert not signal_.wait(0.001)
    threads = [threading.Thread(target=signal_.wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    while len(signal_._waiting) < 5:
        os.sched_yield()
    signal_.set()
    for thread in threads:
        thread.join()
    assert signal_.wait()
    assert signal_.is_set()
    signal_.clear()
    assert not signal_.wait(0.001)
    assert not signal_._waiting


def test_an_interrupted_wait_leaves_the_signal_whole() -> None:
    signal_ = Signal()

    def interrupt() -> None:
        while not signal_._waiting:
            os.sched_yield()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        signal_.wait()
    thread.join()
    assert not signal_._waiting
    threading.Thread(target=signal_.set).start()
    assert signal_.wait()


def test_a_wait_without_an_end_lets_python_look_at_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    signal_, waits = Signal(), list[float]()

    class Sleeper:
        def acquire(self, timeout: float = 0.0) -> bool:
            waits.append(timeout)
            if len(waits) == 3:
                signal_.set()
            return False

        def release(self) -> None:
            pass

    monkeypatch.setattr(interrupts, "_thread", SimpleNamespace(allocate_lock=Sleeper))
    assert signal_.wait()
    assert waits == [0.0, interrupts._SLICE, interrupts._SLICE]


# --- what must not be half done ----------------------------------------------------------------


def interrupt(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_start_leaves_no_network_and_can_be_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter = Counter()
    for name in ("await_ready", "await_output"):
        with monkeypatch.context() as patch:
            patch.setattr(Listener, name, interrupt)
            with pytest.raises(KeyboardInterrupt):
                counter.run(RunSteps(1), First())
        assert counter.runtime is None
    with monkeypatch.context() as patch:  # all actors are there, and nobody has heard of it
        patch.setattr(Executable, "assign_runtime_to_all_processes", interrupt)
        with pytest.raises(KeyboardInterrupt):
            counter.run(RunSteps(1), First())
    assert networks() == []
    with counter:
        counter.run(RunSteps(2), First())
        assert counter.count.get() == 2


def test_an_interrupted_reset_ends_the_network_for_a_part_of_it_has_begun_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter, sink = Counter(), Sink()
    counter.out.connect(sink.inp)
    counter.run(RunSteps(3), First())
    asked = []

    def ask(self: Listener, *args: Any) -> Any:
        asked.append(args[1])
        return interrupt() if len(asked) == 2 else ask_(self, *args)

    ask_ = Listener.ask
    monkeypatch.setattr(Listener, "ask", ask)
    with pytest.raises(KeyboardInterrupt):
        counter.reset()
    monkeypatch.undo()
    assert asked == ["reset", "reset"]
    assert not counter.runtime.is_alive
    counter.run(RunSteps(2))
    assert (counter.count.get(), sink.total.get()) == (2, 3)
    counter.stop()


def test_an_initial_value_that_is_refused_leaves_a_network_as_it_was_before_the_reset() -> None:
    counter, sink = Counter(), Sink()
    counter.out.connect(sink.inp)
    with counter:
        counter.run(RunSteps(3), First())
        sink.last.init = np.array([np.nan])
        with pytest.raises(ValueError, match="expected finite numbers"):
            counter.reset()
        assert (counter.count.get(), sink.total.get()) == (3, 6)
        counter.run(RunSteps(1))
        assert sink.total.get() == 10


def never_return(model: Any) -> None:
    while True:
        pass


def test_an_interrupted_stop_does_not_wait_for_the_step_and_the_network_is_gone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counter = Counter(on_step=never_return, name="counter")
    counter.run(RunContinuous(), First())
    runtime = counter.runtime

    def interrupt_stop() -> None:
        while not runtime._listener.ending:
            os.sched_yield()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt_stop)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        counter.stop(timeout=10**6)
    thread.join()
    assert not runtime.is_alive
    assert "had to kill counter" in caplog.text


def test_a_network_whose_start_was_interrupted_before_any_run_can_be_paused_and_awaited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Counter() as counter:
        counter.create_runtime(First())
        monkeypatch.setattr(Listener, "begin_run", interrupt)
        with pytest.raises(KeyboardInterrupt):
            counter.run(RunSteps(1))
        monkeypatch.undo()
        counter.wait()
        counter.pause()
        counter.run(RunSteps(1))
        assert counter.count.get() == 1


def test_a_task_of_an_event_loop_is_interrupted_before_it_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The run has begun, and nobody waits for its end yet."""
    begin = Runtime._begin

    def interrupted(*arguments: Any) -> Any:
        found = begin(*arguments)
        os.kill(os.getpid(), signal.SIGINT)
        return found

    async def session() -> None:
        cell.run(RunSteps(num_steps=2**60), Loihi2SimCfg(select_tag="floating_pt"))

    monkeypatch.setattr(Runtime, "_begin", interrupted)
    with (cell := LIF(shape=(1,))), pytest.raises(KeyboardInterrupt):
        asyncio.run(session())


def test_a_task_of_an_event_loop_is_interrupted_where_it_waits() -> None:
    """`asyncio.run` alone would cancel the task, which takes effect at its next await."""
    cell = LIF(shape=(1,))

    def interrupt() -> None:
        while cell.runtime is None or cell.runtime.current_step == 0:
            threading.Event().wait(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    async def session() -> None:
        cell.run(RunSteps(num_steps=2**60), Loihi2SimCfg(select_tag="floating_pt"))

    with cell:
        helper = threading.Thread(target=interrupt)
        helper.start()
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(session())
        helper.join()
        step = cell.runtime.current_step
        cell.run(2)
        assert cell.runtime.current_step == step + 2
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
