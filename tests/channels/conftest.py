"""Arenas with a ring or two, and real processes to use them from."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from lava_actor.channels import Arena, Party, RingReader, RingRequest, RingWriter, plan_arena


def ring_request(
    shape: tuple[int, ...] = (3,),
    dtype: Any = "f8",
    *,
    events: bool = False,
    depth: int | None = None,
    readers: tuple[int, ...] = (1,),
    name: str = "ring",
) -> RingRequest:
    """Ask for a ring that party 0 writes."""
    names = tuple(f"reader {i}" for i in range(len(readers)))
    return RingRequest(name, shape, np.dtype(dtype).str, events, depth, 0, readers, names)


class Ring:
    """One ring in an arena of its own: party 0 writes, parties 1 to n read."""

    def __init__(self, shape: tuple[int, ...], dtype: Any, n_readers: int, **options: Any) -> None:
        members = tuple(range(n_readers + 1))
        request = ring_request(shape, dtype, readers=members[1:], **options)
        names = ["writer", *(f"reader {i}" for i in members[1:])]
        self.arena = Arena.create(plan_arena(names, [members], [request]))
        self.writer: RingWriter = self.arena.writer(0)
        self.readers: list[RingReader] = [self.arena.reader(0, i) for i in range(n_readers)]

    @property
    def reader(self) -> RingReader:
        return self.readers[0]

    def spin(self, microseconds: int) -> Ring:
        for party in range(len(self.arena.plan.parties)):
            self.arena.party(party).spin_us = microseconds
        return self


@pytest.fixture
def make_ring() -> Iterator[Callable[..., Ring]]:
    """Return a function that makes rings; their descriptors are given back afterwards."""
    made = []

    def make(
        shape: tuple[int, ...] = (3,), dtype: Any = "f8", n_readers: int = 1, **options: Any
    ) -> Ring:
        made.append(Ring(shape, dtype, n_readers, **options))
        return made[-1]

    yield make
    for ring in made:
        if hasattr(ring, "arena"):  # a test may take it apart
            ring.arena.close()


@contextmanager
def child(work: Callable[[], object]) -> Iterator[int]:
    """Run `work` in a forked process during the block; what it raises fails the test."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001  # whatever it is, the parent reports it
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(code)
    try:
        yield pid
    except BaseException:
        # The test has failed, and the child may wait for what will never come.
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "the child process failed; see its traceback"


def until(condition: Callable[[], object]) -> None:
    """Wait for a state another process will reach; the deadline of the test is the bound."""
    while not condition():
        os.sched_yield()


def until_blocked(party: Party, kind: str) -> None:
    """Wait until a party waits for something of the given kind."""
    until(lambda: (blocked := party.blocked) is not None and blocked[0] == kind)


@pytest.fixture(name="child")
def child_fixture() -> Callable[[Callable[[], object]], Any]:
    return child


@pytest.fixture(name="until")
def until_fixture() -> Callable[[Callable[[], object]], None]:
    return until


@pytest.fixture(name="until_blocked")
def until_blocked_fixture() -> Callable[[Party, str], None]:
    return until_blocked


@pytest.fixture(name="ring_request")
def ring_request_fixture() -> Callable[..., RingRequest]:
    return ring_request
