"""1→n: every message goes to all of several receivers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.measure import Case
from benchmarks.peers import plumbing
from benchmarks.processes import Check, Sink, Source, actors, expect_sum

SIZE = 16


def build(n_readers: int) -> tuple[Source, Check]:
    """A source and several sinks."""
    source, sinks = Source(SIZE), [Sink(SIZE) for _ in range(n_readers)]
    for sink in sinks:
        source.out.connect(sink.inp)

    def check(steps: int) -> None:
        for sink in sinks:
            expect_sum(sink, steps)

    return source, check


def cases(full: bool) -> Iterator[Case]:
    """Several numbers of receivers."""
    for n_readers in (2, 4, 8, 16) if full else (2, 4):
        yield Case(
            shape="1→n",
            name=f"{n_readers} receivers",
            unit="message",
            contenders=(
                plumbing.fan_out(plumbing.RING, SIZE, n_readers),
                actors("actors", partial(build, n_readers)),
                plumbing.fan_out(plumbing.PIPE, SIZE, n_readers),
                plumbing.fan_out(plumbing.QUEUE, SIZE, n_readers),
            ),
        )
