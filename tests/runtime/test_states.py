"""What may be called in which state, and in which state a network is afterwards.

The states: none, compiled, initialized, running, finished (a non-blocking run has reached its end,
nobody has asked yet), paused, stopped, failed.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lava_actor import ActorType, RunContinuous, RunSteps
from lava_actor.compiler.compiler import Compiler
from lava_actor.compiler.exceptions import ProcessAlreadyCompiled
from lava_actor.errors import RuntimeStateError, WaitTimeoutError
from lava_actor.runtime.run_conditions import RunUntil
from lava_actor.runtime.runtime import Runtime
from tests.runtime.networks import Counter, First, Phased, raise_error
from tests.runtime.states import LIVE, STATES, Network, both_threads


@pytest.mark.parametrize(
    ("state", "flags"),
    [
        ("initialized", (True, False, False)),
        ("running", (True, True, True)),
        ("finished", (True, True, True)),
        ("paused", (True, True, False)),
        ("stopped", (True, False, False)),
        ("failed", (True, False, False)),
    ],
)
def test_flags_tell_the_state(state: str, flags: tuple[bool, bool, bool]) -> None:
    with Network(state) as network:
        assert network.flags == flags


def test_before_create_runtime_there_is_no_runtime_and_calls_do_nothing() -> None:
    for state in ("none", "compiled"):
        network = Network(state)
        assert network.counter.runtime is None
        network.counter.wait()
        network.counter.pause()
        network.counter.stop()
        assert network.counter.runtime is None
        assert network.counter.count.get() == 0
        with pytest.raises(ValueError, match=r"counter\.count"):
            network.counter.count.set(np.array([1]))


@both_threads
@pytest.mark.parametrize("state", STATES)
def test_stop_succeeds_from_every_state_and_may_be_repeated(state: str, do: Any) -> None:
    with Network(state) as network:
        do(network.counter.stop)
        assert network.flags == (True, False, False)
        do(network.counter.stop)
        do(network.sink.stop)
        assert network.flags == (True, False, False)
        assert network.runtime.is_over


@both_threads
@pytest.mark.parametrize("state", STATES)
def test_pause_pauses_what_runs_and_is_no_op_otherwise(state: str, do: Any) -> None:
    with Network(state) as network:
        do(network.counter.pause)
        do(network.counter.pause)
        before = network.flags
        assert before == {
            "initialized": (True, False, False),
            "stopped": (True, False, False),
            "failed": (True, False, False),
        }.get(state, (True, True, False))
        if state in ("running", "finished", "paused"):
            here_, there = network.counter.count.get(), network.sink.received.get()
            assert here_ == there > 0 or state == "running"
            assert network.counter.count.get() == here_  # time does not advance


@both_threads
@pytest.mark.parametrize("state", [s for s in STATES if s != "running"])
def test_wait_returns_at_once_unless_the_network_runs(state: str, do: Any) -> None:
    with Network(state) as network:
        do(network.counter.wait)
        do(network.counter.wait)
        assert not network.runtime._is_running


@both_threads
def test_wait_with_a_timeout_leaves_the_run_on(do: Any) -> None:
    with Network("running") as network:
        with pytest.raises(WaitTimeoutError):
            do(lambda: network.counter.wait(timeout=0.01))
        assert network.flags == (True, True, True)
        with pytest.raises(TimeoutError):
            do(lambda: network.counter.wait(0))
        before = network.counter.count.get()
        while network.counter.count.get() == before:
            pass
        network.counter.pause()


@both_threads
@pytest.mark.parametrize("state", ["initialized", "finished", "paused"])
@pytest.mark.parametrize("blocking", [True, False])
def test_run_continues_where_the_last_run_ended(state: str, blocking: bool, do: Any) -> None:
    with Network(state) as network:
        do(lambda: network.sink.run(RunSteps(4, blocking=blocking)))
        network.counter.wait()
        expected = 4 if state == "initialized" else 7
        assert network.counter.count.get() == expected
        assert network.sink.received.get() == expected
        assert network.flags == (True, True, False)


@both_threads
@pytest.mark.parametrize("condition", [RunSteps(2), RunSteps(2, blocking=False), RunContinuous()])
def test_run_while_running_is_an_error_and_changes_nothing(condition: Any, do: Any) -> None:
    with Network("running") as network:
        with pytest.raises(RuntimeError, match="running"):
            do(lambda: network.counter.run(condition))
        assert network.flags == (True, True, True)
        network.counter.pause()
        count = int(network.counter.count.get()[0])
        network.counter.run(RunSteps(2))
        assert network.counter.count.get() == count + 2


def test_run_until_while_running_is_an_error_and_changes_nothing() -> None:
    with Network("running") as network:
        with pytest.raises(RuntimeError, match="running"):
            network.counter.run(RunUntil(lambda: True))
        network.counter.pause()
        assert network.flags == (True, True, False)


@both_threads
@pytest.mark.parametrize("state", ["initialized", "stopped", "failed"])
def test_vars_can_be_used_only_while_the_network_lives(state: str, do: Any) -> None:
    with Network(state) as network:
        with pytest.raises(RuntimeError):
            do(network.counter.count.get)
        with pytest.raises(RuntimeError):
            do(lambda: network.counter.count.set(np.array([5])))
        with pytest.raises(RuntimeError):
            network.runtime.get_var(network.counter.count.id)


@both_threads
@pytest.mark.parametrize("state", ["running", "finished", "paused"])
def test_vars_can_be_read_and_written_whenever_the_network_lives(state: str, do: Any) -> None:
    with Network(state) as network:
        do(lambda: network.sink.total.set(np.array([-(10**12)])))
        assert do(network.sink.total.get) < -(10**11)


@pytest.mark.parametrize("state", ["initialized", "finished", "paused"])
def test_zero_steps_are_legal_and_leave_the_network_paused(state: str) -> None:
    with Network(state) as network:
        for _ in range(3):
            network.counter.run(RunSteps(0))
            assert network.flags == (True, True, False)
        expected = 0 if state == "initialized" else 3
        assert network.counter.count.get() == expected
        network.counter.run(RunSteps(0, blocking=False))
        network.counter.wait()
        network.counter.run(RunSteps(1))
        assert network.counter.count.get() == expected + 1


@pytest.mark.parametrize("state", LIVE)
def test_something_that_is_no_condition_is_refused_and_changes_nothing(state: str) -> None:
    with Network(state) as network:
        before = network.flags
        for wrong in ("three", object(), 2.5, True):
            with pytest.raises((ValueError, TypeError)):
                network.counter.run(wrong)
        with pytest.raises(ValueError, match="condition"):
            network.runtime.start(None)
        assert network.flags == before


@pytest.mark.parametrize(
    ("number", "error"),
    [(-1, ValueError), (1.5, ValueError), (float("inf"), ValueError), (float("nan"), ValueError),
     ("3", TypeError), (None, TypeError), ([1], TypeError)],
)  # fmt: skip
def test_step_counts_that_make_no_sense_are_refused(number: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        RunSteps(number)


def test_numpy_integers_are_step_counts() -> None:
    with Network("initialized") as network:
        network.counter.run(RunSteps(np.int16(3)))
        network.counter.run(np.int64(2))
        network.counter.run(1)
        assert network.counter.count.get() == 6


def test_the_first_run_needs_a_run_config() -> None:
    network = Network("none")
    with pytest.raises(ValueError, match="run_cfg"):
        network.counter.run(RunSteps(1))
    assert network.counter.runtime is None
    network.counter.run(RunSteps(1), First())
    network.counter.stop()


def test_create_runtime_then_run_then_stop() -> None:
    counter = Counter()
    counter.create_runtime(First())
    assert counter.runtime._is_initialized
    assert not counter.runtime._is_started
    assert not counter.runtime._is_running
    counter.run(RunSteps(1))
    counter.stop()


def test_a_run_condition_may_be_used_again() -> None:
    condition = RunSteps(3)
    with Network("initialized") as network:
        for _ in range(3):
            network.counter.run(condition)
        assert network.counter.count.get() == 9


def test_every_process_of_a_network_controls_all_of_it() -> None:
    with Network("none") as network:
        network.sink.run(RunSteps(1), First())
        network.counter.run(RunSteps(1))
        assert network.counter.runtime is network.sink.runtime
        network.sink.run(RunContinuous())
        network.counter.pause()
        assert network.sink.received.get() == network.counter.count.get()
        network.sink.stop()
        assert network.counter.runtime.is_over


def test_two_networks_live_side_by_side() -> None:
    with Network("paused") as one, Network("running") as two:
        one.counter.run(RunSteps(5))
        two.counter.pause()
        assert one.counter.count.get() == 8
        assert one.runtime is not two.runtime
        one.counter.stop()
        two.counter.run(RunSteps(1))
        assert two.flags == (True, True, False)


# --- with blocks -------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", [RunSteps(3), RunSteps(3, blocking=False), RunContinuous()])
def test_leaving_a_with_block_stops_the_network(condition: Any) -> None:
    with Counter() as counter:
        counter.run(condition, First())
        runtime = counter.runtime
        assert runtime._is_started
    assert (runtime._is_initialized, runtime._is_started, runtime._is_running) == (
        True, False, False,
    )  # fmt: skip
    counter.stop()


def test_a_with_block_hands_out_the_process_and_lets_exceptions_through() -> None:
    counter = Counter()
    with pytest.raises(KeyError), counter as same:
        assert same is counter
        counter.run(RunContinuous(), First())
        raise KeyError("mine")
    assert counter.runtime.is_over


def test_a_runtime_made_by_hand_from_an_executable_in_a_with_block() -> None:
    counter = Counter()
    executable = Compiler().compile(counter, First())
    runtime = Runtime(executable, ActorType.MultiProcessing)
    executable.assign_runtime_to_all_processes(runtime)
    assert not runtime._is_initialized
    with pytest.raises(RuntimeError):
        counter.run(RunSteps(1))
    with runtime as same:
        assert same is runtime
        assert runtime._is_initialized
        counter.run(RunSteps(3))
        assert counter.count.get() == 3
        assert runtime.get_var(counter.count.id) == 3
    assert not runtime._is_started
    runtime.stop()


@pytest.mark.parametrize("wrong", [5, "MultiProcessing", None])
def test_an_unknown_actor_type_is_refused(wrong: Any) -> None:
    executable = Counter().compile(First())
    with pytest.raises(Exception, match="ActorType"):
        Runtime(executable, wrong)


# --- compile, run, stop, run again -------------------------------------------------------------


def test_compile_then_run_uses_the_compiled_network() -> None:
    network = Network("compiled")
    with network.counter:
        network.sink.run(RunSteps(3))
        assert network.counter.count.get() == 3


def test_compile_then_run_with_the_config_again() -> None:
    network = Network("compiled")
    with network.counter:
        network.counter.run(RunSteps(3), First())
        assert network.counter.count.get() == 3


def test_compiling_twice_is_an_error_for_every_process_of_the_network() -> None:
    network = Network("compiled")
    for process in (network.counter, network.sink):
        with pytest.raises(ProcessAlreadyCompiled):
            process.compile(First())


def test_after_stop_a_network_starts_afresh_with_the_config_it_had() -> None:
    with Network("paused") as network:
        network.counter.count.set(np.array([100]))
        for _ in range(2):
            network.counter.stop()
            network.sink.run(RunSteps(2))
            assert network.counter.count.get() == 2
            assert network.sink.total.get() == 3
            assert network.counter.runtime is network.sink.runtime


def test_after_stop_changed_initial_values_and_a_new_config_count() -> None:
    with Network("paused") as network:
        network.counter.stop()
        network.counter.count.init = 50
        network.counter.run(RunSteps(1), First())
        assert network.counter.count.get() == 51
        network.counter.stop()
        executable = network.counter.compile(First())
        network.counter.create_runtime(executable=executable)
        network.counter.run(RunSteps(1))
        assert network.counter.count.get() == 51


def test_after_a_failure_a_network_can_be_run_again() -> None:
    with Network("failed") as network:
        network.counter.proc_params.overwrite("on_step", None)
        network.counter.run(RunSteps(2), First())
        assert network.sink.total.get() == 3


def test_an_executable_can_be_run_again_and_again() -> None:
    network = Network("none")
    executable = network.counter.compile(First())
    for _ in range(3):
        network.counter.create_runtime(executable=executable)
        network.counter.run(RunSteps(4))
        assert network.sink.total.get() == 10
        network.counter.stop()


def test_a_stopped_network_may_be_wired_differently_before_it_is_run_again() -> None:
    with Network("paused") as network:
        network.counter.stop()
        more = Counter()
        more.out.connect(network.sink.inp)
        network.counter.run(RunSteps(2), First())
        assert network.sink.total.get() == 6
        assert more.count.get() == 2


def test_a_failed_start_leaves_the_network_as_it_was() -> None:
    bad = Phased({"init": raise_error})
    with pytest.raises(ValueError, match="expected"):
        bad.run(RunSteps(1), First())
    assert bad.runtime is None
    assert not bad.is_compiled
    bad.proc_params.overwrite("at", {})
    with bad:
        bad.run(RunSteps(2), First())
        assert bad.spk.get() == 2


# --- until -------------------------------------------------------------------------------------


@pytest.mark.parametrize("blocking", [True, False])
def test_run_until_ends_at_the_step_after_which_the_predicate_holds(blocking: bool) -> None:
    with Network("initialized") as network:
        network.counter.run(RunUntil(lambda: network.counter.count.get() >= 7, blocking=blocking))
        network.counter.wait()
        assert network.counter.count.get() == 7
        assert network.sink.received.get() == 7
        assert network.flags == (True, True, False)


def test_run_until_ends_after_its_last_step() -> None:
    with Network("initialized") as network:
        network.counter.run(RunUntil(lambda: False, max_steps=4))
        assert network.counter.count.get() == 4


@pytest.mark.parametrize("blocking", [True, False])
def test_an_error_of_the_predicate_reaches_the_user_and_the_network_rests(blocking: bool) -> None:
    with Network("initialized") as network:

        def predicate() -> bool:
            raise ZeroDivisionError("mine")

        with pytest.raises(ZeroDivisionError):
            network.counter.run(RunUntil(predicate, blocking=blocking))
            network.counter.wait()
        assert network.flags == (True, True, False)
        network.counter.run(RunSteps(1))
        assert network.counter.count.get() == 2


@pytest.mark.parametrize("end", ["pause", "stop"])
def test_run_until_in_the_background_is_ended_by_pause_and_stop(end: str) -> None:
    with Network("initialized") as network:
        network.counter.run(RunUntil(lambda: False, blocking=False))
        while network.runtime.current_step < 3:
            pass
        getattr(network.counter, end)()
        assert network.flags == (True, end == "pause", False)


def test_costs_are_those_of_a_process_whatever_its_parts_and_the_names_of_others() -> None:
    big, small, other = (type("Named", (), {"name": name}) for name in ("lif", "lif", "dense"))
    states = [SimpleNamespace(busy=busy, step=10) for busy in (3.0, 4.0, 5.0, 20.0)]
    plans = [SimpleNamespace(process=process) for process in (big, big, small, other)]
    network: Any = SimpleNamespace(_executable=SimpleNamespace(actors=plans), status=lambda: states)
    assert Runtime.costs(network) == pytest.approx({"lif": 0.7, "dense": 2.0})
    states.clear()
    with pytest.raises(RuntimeStateError, match="started"):
        Runtime.costs(network)
