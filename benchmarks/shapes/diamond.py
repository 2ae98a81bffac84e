"""Diamond: one sends, two pass on, one receives from both."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Case
from benchmarks.peers import plumbing
from benchmarks.processes import Check, Relay, Sink, Source, actors, expect_sum

SIZE = 16


def build() -> tuple[Sink, Check]:
    """Four actors."""
    source, sink = Source(SIZE), Sink(SIZE)
    for relay in (Relay(SIZE), Relay(SIZE)):
        source.out.connect(relay.inp)
        relay.out.connect(sink.inp)
    return sink, lambda steps: expect_sum(sink, steps, 2.0)


def cases(full: bool) -> Iterator[Case]:
    """One case."""
    kinds = (plumbing.PIPE, plumbing.QUEUE) if full else (plumbing.PIPE,)
    yield Case(
        shape="diamond",
        name="4 actors",
        unit="message",
        contenders=(
            plumbing.diamond(plumbing.RING, SIZE),
            actors("actors", build),
            *(plumbing.diamond(kind, SIZE) for kind in kinds),
        ),
    )
