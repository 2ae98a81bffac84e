"""A run that does not block: its handle, its progress, the length of its steps."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from lava_actor import (
    AbstractProcess,
    Loihi2SimCfg,
    LoihiProtocol,
    PyLoihiProcessModel,
    RunContinuous,
    RunSteps,
    implements,
)
from lava_actor.errors import (
    InvalidTypeError,
    InvalidValueError,
    ModelError,
    RuntimeStateError,
    WaitTimeoutError,
)
from lava_actor.process.times import step_seconds, written
from lava_actor.protocol import words
from lava_actor.runtime.run_conditions import RunUntil
from lava_actor.runtime.user.status import read_status
from tests.runtime.networks import Counter, First


class Walker(AbstractProcess):
    pass


@implements(Walker, protocol=LoihiProtocol)
class PyWalker(PyLoihiProcessModel):
    def run_spk(self) -> None:
        if self.time_step == self.proc_params.get("end"):
            raise KeyError("its end")


CFG = Loihi2SimCfg()


def test_a_blocking_run_returns_nothing_and_one_that_does_not_a_handle() -> None:
    with Walker() as walker:
        assert walker.run(3, CFG) is None
        handle = walker.run(RunSteps(num_steps=4), blocking=False)
        handle.wait()
        assert handle.done
        assert (handle.step, handle.num_steps, handle.error) == (7, 4, None)


def test_blocking_counts_rather_than_the_condition_which_stays_as_it_is() -> None:
    condition = RunSteps(num_steps=2, blocking=False)
    with Walker() as walker:
        assert walker.run(condition, CFG, blocking=True) is None
        assert walker.runtime.current_step == 2
    assert condition.blocking is False
    with pytest.raises(InvalidValueError, match="expected a condition that ends"):
        walker.run(None, CFG, blocking=True)


def test_a_handle_waits_so_long_and_the_run_goes_on() -> None:
    with Walker() as walker:
        handle = walker.run(RunContinuous(), CFG)
        with pytest.raises(WaitTimeoutError):
            handle.wait(0.01)
        assert not handle.done
        assert handle.num_steps is None
        handle.pause()
        assert handle.done
        assert handle.step == walker.runtime.current_step


def test_a_handle_speaks_for_its_own_run_only() -> None:
    with Walker() as walker:
        first = walker.run(5, CFG, blocking=False)
        first.wait()
        second = walker.run(None)
        assert first.done
        assert first.step == 5
        first.pause()
        first.wait()  # neither stops the second, nor waits for it
        assert not second.done
        second.pause()
        step = second.step
    assert second.done
    assert second.step == step > 5
    assert "cut short" not in repr(first)


def test_the_error_of_a_run_is_raised_once_with_its_cause_and_kept() -> None:
    with Walker(end=3) as walker:
        handle = walker.run(10, CFG, blocking=False)
        with pytest.raises(ModelError, match="its end") as caught:
            handle.wait()
        assert caught.value.failures[0].step == 3
        assert 'raise KeyError("its end")' in str(caught.value)
        handle.wait()
        assert handle.error is caught.value
        assert handle.done
        assert "failed" in repr(handle)


def test_an_error_that_the_process_told_is_known_to_the_handle() -> None:
    with Walker(end=3) as walker:
        handle = walker.run(10, CFG, blocking=False)
        with pytest.raises(ModelError):
            walker.wait()
        assert isinstance(handle.error, ModelError)


def test_a_run_can_be_awaited_and_the_loop_goes_on() -> None:
    ticks = 0

    async def main(walker: Walker) -> Any:
        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        go = threading.Event()
        handle = walker.run(RunUntil(go.is_set), CFG, blocking=False)
        asyncio.get_running_loop().call_later(0.05, go.set)
        await handle
        ticking.cancel()
        return handle

    with Walker() as walker:
        handle = asyncio.run(main(walker))
        assert handle.done
        assert ticks > 1


def test_what_goes_wrong_is_raised_where_the_run_is_awaited() -> None:
    async def main(walker: Walker) -> None:
        await walker.run(10, CFG, blocking=False)

    with Walker(end=2) as walker, pytest.raises(ModelError, match="its end"):
        asyncio.run(main(walker))


def test_a_cancelled_await_pauses_the_network() -> None:
    async def main(walker: Walker) -> None:
        handle = walker.run(None, CFG)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(handle, 0.05)
        assert handle.done

    with Walker() as walker:
        asyncio.run(main(walker))
        step = walker.runtime.current_step
        walker.run(2)
        assert walker.runtime.current_step == step + 2


def test_the_html_of_a_handle_says_what_every_actor_does() -> None:
    with Walker(name="<left>") as walker:
        handle = walker.run(None, CFG)
        html = handle._repr_html_()
        handle.pause()
    assert "&lt;left&gt;" in html
    assert "<table>" in html
    assert "running" in html
    assert "<table>" not in handle._repr_html_()


@pytest.mark.parametrize(("blocked", "told"), [(("data", 0, 0, 0), "waiting"), (None, "running")])
def test_an_actor_that_waits_for_something_is_said_to_wait(blocked: Any, told: str) -> None:
    party = SimpleNamespace(
        blocked=blocked, done=1, ready=1, phase=0, state=words.STEPPING, busy_ns=0, wait_ns=0
    )
    plan = SimpleNamespace(rings=[SimpleNamespace(name="one.s_out")], paced=())
    arena: Any = SimpleNamespace(party=lambda index: party, plan=plan)
    assert read_status(arena, [(0, "other", "Model")])[0].state == told


@pytest.mark.parametrize("blocking", [True, False])
def test_progress_tells_steps_and_times(blocking: bool, capsys: pytest.CaptureFixture[str]) -> None:
    before = set(threading.enumerate())
    with Walker() as walker:
        handle = walker.run(
            200, CFG, blocking=blocking, progress=True, step_length="0.1 ms"
        )
        if handle is not None:
            handle.wait()
            for thread in set(threading.enumerate()) - before:
                if thread.name == "lava_actor progress":
                    thread.join()
    said = capsys.readouterr().err
    assert "200/200" in said
    assert "step/s" in said
    assert "20 ms" in said
    assert "real time" in said


def test_a_bar_makes_no_semaphore_for_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any) -> Any:
        raise AssertionError("from CPython 3.14 on it starts a process that tracks it")

    monkeypatch.setattr("tqdm.std.TqdmDefaultWriteLock.__init__", refuse)
    with Walker() as walker:
        walker.run(2, CFG, progress=True)


def test_a_step_length_is_kept_and_can_be_given_when_compiling() -> None:
    with Walker() as walker:
        walker.run(1, CFG, {"step_length": "1 ms"})
        assert walker.runtime.step_seconds == 1e-3
        walker.run(1, step_length="2 us")
        assert walker.runtime.step_seconds == pytest.approx(2e-6)
        walker.stop()
        walker.run(1)
        assert walker.runtime.step_seconds == pytest.approx(2e-6)


@pytest.mark.parametrize(
    ("length", "seconds"), [("0.1 ms", 1e-4), ("2us", 2e-6), ("3 µs", 3e-6), ("1e-3 s", 1e-3), (1, 1.0)]
)
def test_a_length_has_a_unit_or_is_in_seconds(length: Any, seconds: float) -> None:
    assert step_seconds(length) == pytest.approx(seconds)


@pytest.mark.parametrize("length", ["1", "ms", "1 h", "0 ms", "-1 ms", "1..2 ms", "inf s", 0, float("nan")])
def test_a_length_that_is_none_is_refused_before_anything_starts(length: Any) -> None:
    walker = Walker()
    with pytest.raises(InvalidValueError, match=r"expected a positive time .* such as '0.1 ms'"):
        walker.run(1, CFG, step_length=length)
    with pytest.raises(InvalidValueError, match="step_length"):
        walker.run(1, CFG, {"step_length": length})
    assert walker.runtime is None


def test_a_length_of_another_type_is_refused() -> None:
    with pytest.raises(InvalidTypeError, match=r"got \[1\]"):
        step_seconds([1])


def test_times_are_written_in_the_unit_that_fits() -> None:
    assert [written(t) for t in (0, 2e-9, 1.5e-6, 0.0125, 1.0, 90.0)] == [
        "0 s", "2 ns", "1.5 us", "12.5 ms", "1 s", "90 s",
    ]  # fmt: skip


def test_an_await_does_not_end_as_if_the_run_were_complete() -> None:
    async def main(walker: Walker) -> None:
        handle = walker.run(10**9, CFG, blocking=False)
        asyncio.get_running_loop().call_later(0.05, walker.stop)
        with pytest.raises(RuntimeStateError, match="stopped, by another thread, before step 1000000000"):
            await handle

    with Walker() as walker:
        asyncio.run(main(walker))


def stops_itself(model: Any) -> None:
    if model.time_step == 300:
        model._req_stop = True


def test_an_await_of_a_run_that_a_model_ends_is_complete() -> None:
    async def main(counter: Counter) -> None:
        await counter.run(10**9, First(), blocking=False)

    for _ in range(3):
        with Counter(name="counter", on_step=stops_itself) as counter:
            asyncio.run(main(counter))


def test_a_failure_that_stop_finds_is_known_to_the_handle() -> None:
    with Walker(end=3) as walker:
        handle = walker.run(10, CFG, blocking=False)
        walker.stop()
        assert handle.error is None or "its end" in str(handle.error)
        handle = walker.run(10, CFG, blocking=False)
        while not walker.runtime.is_finished:
            time.sleep(0.001)
        walker.stop()
        assert "its end" in str(handle.error)
        assert "failed" in repr(handle)
