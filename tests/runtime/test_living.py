"""The end of the interpreter, while a thread starts a network."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from lava_actor.errors import RuntimeStateError
from lava_actor.runtime.user import living


@pytest.fixture
def at_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(living, "_ended", False)  # and is so again behind the test


def in_thread(body: Any) -> threading.Thread:
    thread = threading.Thread(target=body)
    thread.start()
    return thread


@pytest.mark.usefixtures("at_exit")
def test_who_starts_a_network_is_awaited_at_exit_and_refused() -> None:
    begun, told = threading.Event(), []

    def start() -> None:
        try:
            with living.starting():
                begun.set()
                while not living._ended:
                    pass
                living.add(object())  # type: ignore[arg-type]
        except RuntimeStateError as error:
            told.append(str(error))

    thread = in_thread(start)
    assert begun.wait(30)
    living.close(30)
    assert told == ["start: the interpreter is ending"]
    thread.join(30)
    in_thread(start).join(30)
    assert len(told) == 2
    with living.starting():  # the program's own handlers of the exit may still run networks
        pass


@pytest.mark.usefixtures("at_exit")
def test_the_end_does_not_wait_for_ever() -> None:
    with living.starting():
        living.close(0.02)
