"""Several threads run one network: what one of them notices late is about its own run."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from lava_actor import AbstractProcess, ActorType, RunContinuous, RunSteps, networks
from lava_actor.errors import RuntimeStateError
from lava_actor.runtime.run_conditions import RunUntil
from tests.runtime.networks import Counter, First, Sink

RUNNING = "the network is running"


@pytest.fixture
def counter() -> Iterator[Counter]:
    counter, sink = Counter(name="counter"), Sink(name="sink")
    counter.out.connect(sink.inp)
    with counter:
        counter.run(RunSteps(1), First())
        yield counter


def test_who_notices_the_end_of_a_run_after_the_next_has_begun_does_not_end_that(counter):
    before = counter.runtime.runs
    counter.run(RunContinuous())
    counter.runtime._collect(before)
    with pytest.raises(RuntimeStateError, match=RUNNING):
        counter.run(RunSteps(1))
    counter.pause()
    counter.run(RunSteps(1))


def test_a_run_until_is_on_before_its_first_step(counter):
    with counter.runtime._moment:  # in which its thread can begin no step
        counter.run(RunUntil(lambda: False, 3, blocking=False))
        with pytest.raises(RuntimeStateError, match=RUNNING):
            counter.run(RunSteps(1))
    counter.wait()
    assert counter.runtime.current_step == 4


def test_a_run_until_that_another_run_has_followed_takes_no_step(counter):
    with counter.runtime._moment:
        counter.run(RunUntil(lambda: False, 3, blocking=False))
        until = counter.runtime._until
        counter.runtime._is_running = False  # as if it had been noticed to have ended
        counter.run(RunSteps(2))
    assert until.done.wait(30)
    counter.pause()
    assert counter.runtime.current_step == 3


def test_a_pause_ends_a_run_until_for_which_nobody_looks_any_more(counter):
    counter.run(RunUntil(lambda: False, 10**9, blocking=False))
    until = counter.runtime._until
    counter.runtime._pause()
    assert until.done.wait(30)
    step = counter.runtime.current_step
    counter.run(RunSteps(2))
    assert counter.runtime.current_step == step + 2


def test_threads_that_start_one_network_start_it_once() -> None:
    for _ in range(3):
        counter, sink = Counter(name="counter"), Sink(name="sink")
        counter.out.connect(sink.inp)
        told: list[BaseException | None] = []
        ready = threading.Barrier(3)

        def begin(process: AbstractProcess) -> None:
            ready.wait()  # noqa: B023  (of this very turn)
            try:
                process.run(RunSteps(10), First())
                told.append(None)  # noqa: B023
            except RuntimeStateError as error:  # another one's run is on
                told.append(error)  # noqa: B023

        threads = [threading.Thread(target=begin, args=[p]) for p in (counter, sink, counter)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        mine = [n for n in networks() if n in (counter.runtime, sink.runtime)]
        assert mine == [counter.runtime] == [sink.runtime]
        assert counter.count.get() == 10 * told.count(None) > 0
        assert all(RUNNING in str(error) for error in told if error is not None)
        counter.stop()


def test_a_network_that_a_thread_starts_keeps_no_other_from_starting() -> None:
    inner = Counter(name="inner")

    def runs_another(model: object) -> None:
        inner.run(RunSteps(2), First())
        inner.stop()

    outer = Counter(name="outer", on_step=runs_another)
    with outer:
        outer.run(RunSteps(1), First(), {"actor_type": ActorType.Threading})
        assert outer.count.get() == 1
