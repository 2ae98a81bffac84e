"""1→1: one sends, one receives, as fast as they can."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter

import numpy as np

from benchmarks.measure import Case, Contender, Run, expect
from benchmarks.peers import plumbing
from benchmarks.processes import Check, Sink, Source, actors, expect_sum, noise


def build(size: int) -> tuple[Sink, Check]:
    """A source and a sink of `size` numbers."""
    source, sink = Source(size), Sink(size)
    source.out.connect(sink.inp)
    return sink, lambda steps: expect_sum(sink, steps)


def copies(size: int) -> Contender:
    """Copying an array in one process: what the memory allows."""

    @contextmanager
    def running() -> Iterator[Run]:
        source = noise(size)
        target = np.empty_like(source)

        def run(count: int) -> float:
            started = perf_counter()
            for _ in range(count):
                np.copyto(target, source)
            return perf_counter() - started

        yield run
        expect(np.array_equal(source, target), "the copy differs")

    return Contender("memcpy loop, one process", running)


def cases(full: bool) -> Iterator[Case]:
    """Payloads from 8 bytes up."""
    sizes = [1, 8, 128, 1024, 8192, 125_000, 1_000_000, 8_000_000] if full else [1, 128, 125_000]
    for size in sizes:
        peers = [plumbing.fan_out(kind, size, 1) for kind in (plumbing.PIPE, plumbing.QUEUE)]
        if size >= 8192:
            peers.append(copies(size))
        yield Case(
            shape="1→1",
            name=f"{8 * size} bytes",
            unit="message",
            contenders=(
                plumbing.fan_out(plumbing.RING, size, 1),
                actors("actors", partial(build, size)),
                *peers,
            ),
            payload=8 * size,
        )
