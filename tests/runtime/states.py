"""A network in a state of its life, and calls from this or another thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from lava_actor import ActorType, RunContinuous, RunSteps
from lava_actor.errors import ModelError
from tests.runtime.networks import Counter, First, Sink, raise_error

STATES = ("initialized", "running", "finished", "paused", "stopped", "failed")
LIVE = ("initialized", "running", "finished", "paused")


class Network:
    """A counter and a sink in a chosen state."""

    def __init__(self, state: str, actor_type: ActorType = ActorType.MultiProcessing) -> None:
        self.counter, self.sink = Counter(name="counter"), Sink(name="sink")
        self.counter.out.connect(self.sink.inp)
        if state == "none":
            return
        if state == "failed":
            self.counter.proc_params.overwrite("on_step", raise_error)
        if state == "compiled":
            self.counter.compile(First())
            return
        self.counter.create_runtime(First(), compile_config={"actor_type": actor_type})
        runtime = self.runtime = self.counter.runtime
        if state == "running":
            self.counter.run(RunContinuous())
        elif state == "finished":
            self.counter.run(RunSteps(3, blocking=False))
            while not runtime.is_finished:
                pass
        elif state == "paused":
            self.counter.run(RunSteps(3))
        elif state == "stopped":
            self.counter.run(RunSteps(3))
            self.counter.stop()
        elif state == "failed":
            with pytest.raises(ModelError):
                self.counter.run(RunSteps(3))

    @property
    def flags(self) -> tuple[bool, bool, bool]:
        r = self.runtime
        return r._is_initialized, r._is_started, r._is_running

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.counter.stop()


def elsewhere(call: Callable[[], Any]) -> Any:
    """Do it in another thread and hand out its result or exception."""
    result: dict[str, Any] = {}

    def body() -> None:
        try:
            result["value"] = call()
        except BaseException as error:  # noqa: BLE001  (raised again below)
            result["error"] = error

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if "error" in result:
        raise result["error"]
    return result["value"]


def here(call: Callable[[], Any]) -> Any:
    return call()


both_threads = pytest.mark.parametrize("do", [here, elsewhere])
