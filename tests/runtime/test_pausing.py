"""A pause, and calls from other threads that cross it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from lava_actor import ActorType, RunContinuous, RunSteps
from lava_actor.runtime.run_conditions import RunUntil
from tests.runtime.states import Network

# --- pausing -----------------------------------------------------------------------------------


def test_a_pause_finds_everybody_at_the_same_step() -> None:
    with Network("paused") as network:
        for _ in range(20):
            network.counter.run(RunContinuous())
            network.counter.pause()
            count = int(network.counter.count.get()[0])
            assert network.sink.received.get() == count
            assert network.sink.last.get() == count
            assert network.runtime.current_step == count


def test_continuous_run_pause_set_continue_pause() -> None:
    with Network("initialized") as network:
        network.counter.run(RunContinuous())
        network.counter.pause()
        network.counter.count.set(np.array([10**9]))
        assert network.counter.count.get() == 10**9
        network.counter.run(RunContinuous())
        network.counter.pause()
        assert network.counter.count.get() >= 10**9


def test_ten_thousand_steps_without_blocking_then_ten_more() -> None:
    with Network("initialized") as network:
        for steps in (10_000, 10):
            network.counter.run(RunSteps(steps, blocking=False))
            network.counter.wait()
        assert network.counter.count.get() == 10_010
        assert network.sink.received.get() == 10_010


def test_blocking_run_pause_blocking_run() -> None:
    with Network("initialized") as network:
        network.counter.run(RunSteps(200))
        network.counter.pause()
        network.counter.run(RunSteps(200))
        assert network.counter.count.get() == 400


def test_any_condition_may_follow_a_pause_and_the_rest_of_the_run_is_forgotten() -> None:
    with Network("initialized") as network:
        network.counter.run(RunSteps(10**9, blocking=False))
        network.counter.pause()
        count = int(network.counter.count.get()[0])
        assert count < 10**9
        network.counter.run(RunSteps(5))
        assert network.counter.count.get() == count + 5
        network.counter.run(RunUntil(lambda: True, max_steps=3))
        assert network.counter.count.get() == count + 6


@pytest.mark.parametrize("blocking", [True, False])
def test_a_blocking_run_in_one_thread_is_paused_by_another(blocking: bool) -> None:
    with Network("initialized") as network:

        def body() -> None:
            network.counter.run(RunSteps(10**9, blocking=blocking))
            network.counter.wait()

        thread = threading.Thread(target=body)
        thread.start()
        while network.runtime.current_step < 10:
            pass
        network.sink.pause()
        thread.join()
        assert network.flags == (True, True, False)
        assert network.counter.count.get() == network.sink.received.get() >= 10


@pytest.mark.parametrize("actor_type", [ActorType.MultiProcessing, ActorType.Threading])
def test_a_blocking_run_in_one_thread_is_stopped_by_another(actor_type: ActorType) -> None:
    with Network("initialized", actor_type) as network:
        ended: list[BaseException | None] = []

        def body() -> None:
            try:
                network.counter.run(RunSteps(10**9))
                ended.append(None)
            except RuntimeError as error:
                ended.append(error)

        thread = threading.Thread(target=body)
        thread.start()
        while network.runtime.current_step < 10:
            pass
        network.sink.stop()
        thread.join()
        assert len(ended) == 1
        assert network.flags == (True, False, False)


def test_many_threads_pause_and_stop_at_once() -> None:
    with Network("running") as network:
        errors: list[BaseException] = []

        def body(call: Callable[[], None]) -> None:
            try:
                call()
            except BaseException as error:  # noqa: BLE001  (asserted below)
                errors.append(error)

        calls = [network.counter.pause, network.sink.pause, network.counter.stop,
                 network.sink.stop, network.counter.wait]  # fmt: skip
        threads = [threading.Thread(target=body, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert network.flags == (True, False, False)
