"""n→1: several senders, one receiver that gets one message of each in turn."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.measure import Case
from benchmarks.peers import plumbing
from benchmarks.processes import Check, Sink, Source, actors, expect_sum

SIZE = 16


def build(n_senders: int) -> tuple[Sink, Check]:
    """Several sources, told apart by their factors, and a sink."""
    sink = Sink(SIZE)
    for factor in range(1, n_senders + 1):
        Source(SIZE, factor).out.connect(sink.inp)
    total = n_senders * (n_senders + 1) / 2
    return sink, lambda steps: expect_sum(sink, steps, total)


def cases(full: bool) -> Iterator[Case]:
    """Several numbers of senders; a unit is one message of each."""
    for n_senders in (2, 4, 8, 16) if full else (2, 4):
        yield Case(
            shape="n→1",
            name=f"{n_senders} senders",
            unit="round",
            contenders=(
                plumbing.fan_in(plumbing.RING, SIZE, n_senders),
                actors("actors", partial(build, n_senders)),
                plumbing.fan_in(plumbing.PIPE, SIZE, n_senders),
                plumbing.fan_in(plumbing.QUEUE, SIZE, n_senders),
            ),
        )
