"""Vars of a network that runs."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
import pytest

from lava_actor import RunContinuous, RunSteps
from lava_actor.errors import ModelError, RuntimeStateError
from tests.runtime.networks import (
    Counter,
    First,
    HoldAs,
    Holder,
    Sink,
)
from tests.runtime.test_var_access import hold

# --- while the network runs --------------------------------------------------------------------


@pytest.mark.parametrize("schedule", ["lockstep", "run_ahead"])
def test_get_while_running_is_a_snapshot_between_two_steps(schedule: str) -> None:
    def two_halves(model: Any) -> None:
        model.value[0] += 1
        for _ in range(100):
            pass
        model.value[1:] += 1

    holder = Holder(init=0, shape=(3,), on_step=two_halves)
    with holder:
        holder.run(RunContinuous(), HoldAs(np.ndarray, np.int64), {"schedule": schedule})
        last = -1
        for _ in range(200):
            first, second, third = holder.value.get()
            assert first == second == third >= last
            last = first
        holder.pause()


def test_get_while_running_tells_the_step_it_belongs_to() -> None:
    with Counter() as counter:
        counter.run(RunContinuous(), First())
        for _ in range(100):
            value, step = counter.runtime.get_var_with_step(counter.count.id)
            assert value == step


@pytest.mark.parametrize("schedule", ["lockstep", "run_ahead"])
def test_set_while_running_is_applied_whole_and_before_it_returns(schedule: str) -> None:
    def all_equal(model: Any) -> None:
        assert (model.value == model.value[0]).all()

    holder = Holder(init=0, shape=(1000,), on_step=all_equal)
    with holder:
        holder.run(RunContinuous(), HoldAs(np.ndarray, np.int64), {"schedule": schedule})
        for number in range(100):
            holder.value.set(number)
            assert (holder.value.get() == number).all()
        holder.pause()
        assert holder.updates.get() == 100


def test_get_after_a_run_has_finished_without_wait() -> None:
    with Counter() as counter:
        counter.run(RunSteps(50, blocking=False), First())
        while not counter.runtime.is_finished:
            pass
        assert counter.count.get() == 50
        counter.count.set(5)
        assert counter.count.get() == 5


def test_get_of_an_actor_that_waits_for_a_slow_one_is_answered_between_its_steps() -> None:
    counter, sink = Counter(on_step=lambda model: time.sleep(0.01)), Sink()
    counter.out.connect(sink.inp)
    with sink:
        sink.run(RunContinuous(), First())
        for _ in range(10):
            total, step = sink.runtime.get_var_with_step(sink.total.id)
            assert total == step * (step + 1) // 2
        sink.pause()
        assert sink.received.get() == sink.last.get()


@pytest.mark.parametrize(
    "rounds", [300, pytest.param(10_000, marks=pytest.mark.slow)]
)  # fmt: skip
def test_every_set_is_visible_in_the_next_step(rounds: int) -> None:
    def take(model: Any) -> None:
        model.steps[0] = 1_000_000 * int(model.value[0]) + model.time_step
        model.value[0] = False

    with hold(False, np.ndarray, bool, (1,), on_step=take) as holder:
        for number in range(2, rounds + 2):
            holder.value.set(np.array([True]))
            holder.run(RunSteps(1))
            assert holder.steps.get() == 1_000_000 + number
            assert not holder.value.get()


def fails_late(model: Any) -> None:
    if model.time_step == 3000:
        raise ValueError("bad luck")


def test_a_failure_while_a_value_is_awaited_is_told_in_full_and_once() -> None:
    with Counter(name="fragile", on_step=fails_late) as counter:
        counter.run(RunContinuous(), First())
        with pytest.raises(ModelError, match=r"fragile \(PyCounter\) in run_spk of step 3000"):
            while True:
                counter.count.get()
        with pytest.raises(RuntimeStateError, match="as the error before says: fragile"):
            counter.count.get()


def test_values_that_are_kept_hold_no_descriptors() -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    with Counter(shape=(20_000,), name="counter") as counter:
        counter.run(RunSteps(1), First())
        before = descriptors()
        kept = [counter.count.get() for _ in range(30)]
        assert descriptors() <= before + 2
        kept[0][...] = 7  # a copy, nobody else's
        assert counter.count.get().max() == 1 == kept[1].max()
