"""A network belongs to the process that made it, and a run ends as it says."""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from lava_actor import RunSteps
from lava_actor.errors import RuntimeStateError
from tests.runtime.networks import Counter, First

CALLS: dict[str, Callable[[Counter], Any]] = {
    "run": lambda p: p.run(RunSteps(5)),
    "wait": lambda p: p.wait(),
    "pause": lambda p: p.pause(),
    "stop": lambda p: p.stop(),
    "get": lambda p: p.count.get(),
    "set": lambda p: p.count.set(99),
    "reset": lambda p: p.runtime.reset(),
    "status": lambda p: p.runtime.status(),
}


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


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_told_whose_network_it_is_and_moves_nothing() -> None:
    with Counter() as counter:
        counter.run(RunSteps(5), First())

        def body() -> None:
            for call in CALLS.values():
                with pytest.raises(RuntimeStateError, match=f"belongs to process {os.getppid()}"):
                    call(counter)

        in_a_forked_child(body)
        in_a_forked_child(lambda: counter.__exit__(None, None, None))  # the end of a with block
        assert counter.count.get() == 5
        counter.run(RunSteps(2))
        assert counter.count.get() == 7


def test_a_run_that_another_thread_stops_does_not_return_as_if_complete() -> None:
    counter = Counter()
    counter.run(RunSteps(1), First())

    def stop_it() -> None:
        while counter.runtime.current_step < 3:
            os.sched_yield()
        counter.stop()

    thread = threading.Thread(target=stop_it)
    thread.start()
    with pytest.raises(RuntimeStateError, match="was stopped, by another thread, before step"):
        counter.run(RunSteps(10**9))
    thread.join()
