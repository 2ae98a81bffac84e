"""What a user's stream or log handler does cannot end the network."""

from __future__ import annotations

import io
import logging
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import ActorType, RunContinuous, RunSteps
from lava_actor.errors import ModelError
from lava_actor.runtime.reports.output import CREDIT, LONGEST_LINE
from lava_actor.runtime.service.lease import Lease
from tests.runtime.networks import Counter, First, Holder
from tests.runtime.scripts import run_script


class Gone:
    """A widget that has been closed; what it raises is not even an Exception."""

    def write(self, text: str) -> int:
        raise SystemExit("deleted")

    def flush(self) -> None:
        pass


def talk(model: Any) -> None:
    print("hello")
    model.log.warning("hello")


@pytest.mark.parametrize("stream", [None, Gone()])
def test_a_stream_that_is_not_there_or_raises_ends_nothing(
    stream: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", stream)
    with Counter(on_step=talk) as counter:
        counter.run(RunSteps(5), First())
        assert counter.count.get() == 5


def test_a_log_filter_that_raises_ends_nothing() -> None:
    def picky(_record: logging.LogRecord) -> bool:
        raise TypeError("mine")

    names = ("lava_actor", "lava_actor.PyCounter", "lava_actor.counter")
    for name in names:
        logging.getLogger(name).addFilter(picky)
    try:
        with Counter(on_step=talk, name="counter") as counter:
            counter.run(RunSteps(5), First())
            assert counter.count.get() == 5
    finally:
        for name in names:
            logging.getLogger(name).removeFilter(picky)


def test_a_listener_that_cannot_go_on_ends_the_run_with_its_cause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter = Counter()
    counter.run(RunSteps(1), First())

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("in the listener")

    monkeypatch.setattr(counter.runtime._listener, "_receive", broken)
    with pytest.raises(RuntimeError, match="ZeroDivisionError: in the listener"):
        counter.run(RunSteps(5))
    counter.stop()


class Blocking(io.StringIO):
    """A pager that takes nothing until somebody scrolls."""

    def __init__(self) -> None:
        super().__init__()
        self.scrolled = threading.Event()

    def write(self, text: str) -> int:
        self.scrolled.wait()
        return super().write(text)


def test_an_actor_waits_while_too_much_of_its_output_is_on_its_way_and_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = Blocking()
    monkeypatch.setattr(sys, "stdout", stream)
    with Counter(on_step=lambda model: [print("x" * 8000) for _ in range(400)]) as counter:
        counter.run(RunSteps(1, blocking=False), First())
        with pytest.raises(TimeoutError):  # 3 MB do not fit
            counter.wait(1.0)
        queue = counter.runtime._listener._emitter._queue
        assert sum(amount for _, amount, _, _ in queue) <= CREDIT + 2 * LONGEST_LINE
        stream.scrolled.set()
        counter.wait()
        assert stream.getvalue().count("x") == 400 * 8000


def test_a_stream_that_blocks_for_ever_does_not_keep_a_network_from_running_and_stopping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = Blocking()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr("lava_actor.runtime.user.listener.OUTPUT_SECONDS", 0.1)
    with Counter(on_step=talk) as counter:
        counter.run(RunSteps(5), First())
        assert counter.count.get() == 5
        counter.run(RunSteps(5))
        assert counter.count.get() == 10
    stream.scrolled.set()


def test_a_model_that_prints_much_and_threads_that_set_much_wait_for_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())

    def print_much(model: Any) -> None:
        for _ in range(40):
            print("x" * 8000)

    values = np.ones(7000)  # they travel in the frame
    with Holder(init=0.0, shape=(7000,), on_step=print_much) as holder:
        holder.run(RunContinuous(), First())
        threads = [
            threading.Thread(target=lambda: [holder.value.set(values) for _ in range(10)])
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        holder.pause()
        assert holder.updates.get() == 60


def test_what_a_child_of_a_model_prints_does_not_mix_with_the_frames_of_its_actor(
    tmp_path: Path,
) -> None:
    """Both print at once, more than the pipe holds, and the child comes back to the runtime."""
    code, out, err = run_script(
        tmp_path,
        """
        import os, sys
        class PyForking(PyCounter):
            def run_spk(self):
                super().run_spk()
                if self.time_step != 2:
                    return
                child = os.fork()
                for number in range(200):
                    print("actor" if child else "child", number, "x" * 3000)
                if not child:
                    self.log.warning("a record")
                    sys.exit("left")  # a mistake: os._exit is meant
                assert os.waitpid(child, 0)[1] == 1 << 8
        with counter:
            counter.run(RunSteps(5), Loihi2SimCfg(exception_proc_model_map={Counter: PyForking}))
            assert sink.total.get() == 15
        """,
    )
    assert code == 0, err
    lines = [line.split()[1:3] for line in out.splitlines()]
    for who in ("actor", "child"):
        assert [n for name, n in lines if name == who] == [str(n) for n in range(200)]
    assert err.splitlines() == ["[counter] a record", "[counter] left"]


def test_an_error_inside_of_a_service_is_told_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("in the service")

    counter = Counter()
    counter.run(RunSteps(1), First(), {"actor_type": ActorType.Threading})
    monkeypatch.setattr(Lease, "start", broken)
    with pytest.raises(ModelError, match="ZeroDivisionError: in the service") as caught:
        counter.run(RunSteps(1))
    assert "service.py" in caught.value.failures[0].traceback
    assert "in broken" in caught.value.failures[0].traceback
    assert not counter.runtime.is_alive
