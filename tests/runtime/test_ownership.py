"""A network belongs to the process that made it, and a run ends as it says."""

from __future__ import annotations

import multiprocessing
import os
import threading
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lava_actor import RunContinuous, RunSteps
from lava_actor.errors import RuntimeStateError
from lava_actor.runtime.run_conditions import RunUntil
from tests.runtime.networks import Counter, First, Relay

CALLS: dict[str, Callable[[Counter], Any]] = {
    "run": lambda p: p.run(RunSteps(5)),
    "wait": lambda p: p.wait(),
    "pause": lambda p: p.pause(),
    "stop": lambda p: p.stop(),
    "get": lambda p: p.count.get(),
    "set": lambda p: p.count.set(99),
    "reset": lambda p: p.runtime.reset(),
    "status": lambda p: p.runtime.status(),
    "run until": lambda p: p.run(RunUntil(lambda: True, max_steps=1)),
    "run until, later": lambda p: p.run(RunUntil(lambda: True, max_steps=1, blocking=False)),
    "save": lambda p: p.save("/nowhere/network.lava"),
    "load": lambda p: p.load("/nowhere/network.lava"),
}


def children_of_multiprocessing(body: Callable[[], None]) -> None:
    """As `in_a_forked_child`, by `multiprocessing`."""
    child = multiprocessing.get_context("fork").Process(target=body)
    child.start()
    child.join()
    assert child.exitcode == 0
    child.close()


def in_a_forked_child(body: Callable[[], None]) -> None:
    """Fork; fail if ``body`` fails there."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            body()
            status = 0
        except BaseException:  # noqa: BLE001  (the child has nobody else to tell)
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0


FORKS = pytest.mark.parametrize("fork", [in_a_forked_child, children_of_multiprocessing])
forking = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@forking
@FORKS
def test_a_forked_child_is_told_whose_network_it_is_and_moves_nothing(
    fork: Callable[[Callable[[], None]], None],
) -> None:
    with Counter() as counter:
        counter.run(RunSteps(5), First())

        def body() -> None:
            for call in CALLS.values():
                with pytest.raises(RuntimeStateError, match=f"belongs to process {os.getppid()}"):
                    call(counter)

        fork(body)
        fork(lambda: counter.__exit__(None, None, None))  # the end of a with block
        assert counter.count.get() == 5
        counter.run(RunSteps(2))
        assert counter.count.get() == 7


def stopped_at_step_3() -> tuple[Counter, threading.Thread]:
    """A running Counter that another thread stops."""
    counter = Counter()
    counter.run(RunSteps(1), First())

    def stop_it() -> None:
        while counter.runtime.current_step < 3:
            os.sched_yield()
        counter.stop()

    thread = threading.Thread(target=stop_it)
    thread.start()
    return counter, thread


def test_a_run_that_another_thread_stops_does_not_return_as_if_complete() -> None:
    counter, thread = stopped_at_step_3()
    with pytest.raises(RuntimeStateError, match="was stopped, by another thread, before step"):
        counter.run(RunSteps(10**9))
    thread.join()


@forking
def test_external_ports_of_a_forked_child_say_whose_they_are_and_move_nothing() -> None:
    relay = Relay(add=1)
    relay.inp.flag_external_pipe()
    relay.out.flag_external_pipe()
    with relay:
        relay.run(RunSteps(2, blocking=False), First())
        into, out = relay.inp.external_pipe_csp_send_port, relay.out.external_pipe_csp_recv_port
        into.send(np.array([1]))

        def body() -> None:
            for call in (lambda: into.send(np.array([7])), out.recv, out.probe, out.peek):
                with pytest.raises(RuntimeStateError, match=f"belongs to process {os.getppid()}"):
                    call()

        in_a_forked_child(body)
        into.send(np.array([2]))
        assert [int(out.recv()[0]) for _ in range(2)] == [2, 3]
        relay.wait()


@pytest.mark.parametrize("blocking", [True, False])
def test_a_run_until_that_another_thread_stops_does_not_return_as_if_complete(
    blocking: bool,
) -> None:
    counter, thread = stopped_at_step_3()
    with pytest.raises(RuntimeStateError, match="stopped, by another thread, before the predicate"):
        counter.run(RunUntil(lambda: False, blocking=blocking))
        counter.wait()
    thread.join()


def test_a_pause_by_another_thread_is_the_end_of_a_run_until() -> None:
    with Counter() as counter:
        counter.run(RunSteps(1), First())
        for _ in range(20):
            thread = threading.Thread(
                target=counter.run, args=[RunUntil(lambda: False, blocking=True)]
            )
            thread.start()
            before = counter.runtime.current_step
            while counter.runtime.current_step == before:
                os.sched_yield()
            counter.pause()
            paused_at = int(counter.count.get()[0])
            thread.join()
            assert counter.count.get() == paused_at


def test_stop_does_not_wait_for_a_predicate_that_never_answers() -> None:
    counter = Counter()
    counter.run(RunSteps(1), First())
    answer = threading.Event()
    counter.run(RunUntil(answer.wait, blocking=False))
    counter.stop(timeout=0.1)
    assert not counter.runtime.is_alive
    answer.set()


def test_who_waits_for_a_run_without_an_end_that_another_thread_stops_has_waited_for_that() -> None:
    counter = Counter()
    counter.run(RunContinuous(), First())
    thread = threading.Thread(target=counter.stop)
    thread.start()
    try:
        counter.wait()
    except RuntimeStateError as error:
        assert "the runtime is stopped" in str(error)  # the thread was faster
    thread.join()
