"""What a user's stream or log handler does cannot end the network."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest

from lava_actor import RunSteps
from tests.runtime.networks import Counter, First


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
