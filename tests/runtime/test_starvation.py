"""Actors that get next to no core: late, and nothing else."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from lava_actor import RunSteps
from tests.runtime.networks import Counter, First, Relay, Sink

STEPS = 40


@contextmanager
def starved(pids: list[int], seconds: float) -> Iterator[None]:
    """Take the cores away from some processes: least priority, and busy loops beside them."""
    for pid in pids:
        os.setpriority(os.PRIO_PROCESS, pid, 19)
    loop = f"import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
    loops = [
        subprocess.Popen([sys.executable, "-S", "-c", loop])
        for _ in range(3 * len(os.sched_getaffinity(0)))
    ]
    try:
        yield
    finally:
        for process in loops:
            process.kill()
            process.wait()


def actors() -> list[int]:
    """Process ids of those at the end of the line launcher, service, actor."""
    family = psutil.Process().children(recursive=True)
    return [p.pid for p in family if not p.children()]


@pytest.mark.slow
@pytest.mark.parametrize("who", ["one", "all"])
def test_starved_actors_run_and_leave_late_and_nobody_says_they_had_to_be_killed(
    who: str, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        counter, relay, sink = Counter(), Relay(), Sink()
        counter.out.connect(relay.inp)
        relay.out.connect(sink.inp)
        counter.run(RunSteps(1), First())
        arena = counter.runtime._arena
        parties = [arena.party(i) for i in range(3)]
        with caplog.at_level(logging.WARNING), starved(actors()[: 1 if who == "one" else None], 8):
            counter.run(RunSteps(STEPS))
            assert sink.received.get() == STEPS + 1
            counter.stop()
        assert not caplog.records
        # Wake-ups that are owed, or late by more than a slice, are missed; lost ones would be many.
        assert sum(party.missed for party in parties) < STEPS
