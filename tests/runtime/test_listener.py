"""What the user's interpreter does with what services tell it, and in which order."""

from __future__ import annotations

import os

import pytest

from lava_actor.channels.pipe import Pipe
from lava_actor.errors import RuntimeStateError
from lava_actor.protocol import words
from lava_actor.runtime.reports.failures import died
from lava_actor.runtime.user.clocks import Clocks
from lava_actor.runtime.user.listener import Listener
from lava_actor.runtime.user.services import Attendance


def test_a_pause_asked_for_by_one_domain_reaches_the_others_after_their_command_to_run() -> None:
    pairs = [Pipe.pair() for _ in range(2)]
    ours, services = [ours for ours, _ in pairs], [theirs for _, theirs in pairs]
    clocks = Clocks({0}, {1}, lockstep=False)
    listener = Listener(
        ours, [], {0, 1}, Attendance(2), clocks, lambda _index, _answer: None, lambda _code: None
    )
    listener.start()

    def send() -> None:
        ours[0].send("run", 100)
        services[0].recv().close()
        services[0].send("finished", (words.PAUSED, 3))  # before the other one heard of the run
        while listener.reason != words.PAUSED:
            os.sched_yield()
        ours[1].send("run", 100)

    listener.begin_run(send)
    assert [services[1].recv().kind for _ in range(2)] == ["run", "pause"]
    assert not listener.finished.is_set()
    services[1].send("finished", (words.PAUSED, 0))
    listener.finished.wait()
    listener.close()
    for pipe in (*ours, *services):
        pipe.close()


def test_who_asks_after_a_failure_that_the_service_survives_for_a_moment_is_told_of_it() -> None:
    ours, service = Pipe.pair()
    clocks = Clocks({0}, set(), lockstep=False)
    listener = Listener(
        [ours], [], {0}, Attendance(1), clocks, lambda _index, _answer: None, lambda _code: None
    )
    listener.start()
    service.send("failed", [died("launcher", "it was killed")])
    listener.finished.wait()
    with pytest.raises(RuntimeStateError, match="the network has failed: it was killed"):
        listener.ask(ours, "set", None, 0, "an actor", lambda _party: None)
    listener.close()
    for pipe in (ours, service):
        pipe.close()
