"""The courier of a rank, with an MPI that shows a message only after several looks, as some do."""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from lava_actor.mpi import courier
from lava_actor.mpi.courier import Courier
from lava_actor.mpi.machine import Machine

LOOKS = 5
"""Looks before a message shows."""


class Message:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def Recv(self, into: list[Any]) -> None:  # noqa: N802  (MPI's names)
        into[0][:] = self.data


class World:
    """Rank 0 of two, whose other rank sends one message."""

    def __init__(self) -> None:
        self.sent: Message | None = None
        self.rounds = self.looks = 0

    def Get_rank(self) -> int:  # noqa: N802
        return 0

    def Get_size(self) -> int:  # noqa: N802
        return 2

    def Improbe(self, status: Any) -> Message | None:  # noqa: N802
        self.rounds += 1
        if self.sent is None:
            return None
        self.looks += 1
        if self.looks < LOOKS:
            return None
        found, self.sent = self.sent, None
        status.size = len(found.data)
        return found


class Status:
    size = 0

    def Get_count(self, _kind: object) -> int:  # noqa: N802
        return self.size

    def Get_source(self) -> int:  # noqa: N802
        return 1


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Two ranks that share memory; a courier that nobody wakes sleeps for ever."""
    mpi = SimpleNamespace(Status=Status, BYTE=None, Exception=ZeroDivisionError)
    stub = ModuleType("mpi4py")
    monkeypatch.setattr(stub, "MPI", mpi, raising=False)
    monkeypatch.setitem(sys.modules, "mpi4py", stub)
    monkeypatch.setattr(courier, "NUDGED_PAUSE", 3600.0)
    nudges, bell = os.pipe2(os.O_NONBLOCK), os.pipe2(os.O_NONBLOCK)
    yield Machine({0: 1, 1: 2}, True, (0, 0), 1, 2, True, nudges, {1: bell[1]})
    for end in (*nudges, *bell):
        os.close(end)


def test_who_is_woken_looks_until_the_message_shows(machine: Machine) -> None:
    world = World()
    carries = Courier(world, machine, lambda *_: pytest.fail("nothing is ordered"), lambda: None)
    carries.start()
    rounds = -1
    while world.rounds != rounds:  # until it sleeps
        rounds = world.rounds
        time.sleep(0.1)
    world.sent = Message(pickle.dumps([(-1, ("bye",))]))
    os.write(machine.nudges[1], b"!")
    ended = carries.over.wait(20)
    while not carries.over.wait(0.01):  # let it end all the same
        os.write(machine.nudges[1], b"!")
    carries._thread.join()
    assert ended
