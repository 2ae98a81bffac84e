"""Ring: one message goes round a circle; nobody can run ahead."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.measure import Case, expect
from benchmarks.peers import plumbing
from benchmarks.processes import Check, Relay, actors


def build(n_nodes: int, size: int = 1) -> tuple[Relay, Check]:
    """A circle of relays; the first sends before it receives and adds one in each round."""
    relays = [Relay(size, ahead=number == 0) for number in range(n_nodes)]
    for relay, following in zip(relays, [*relays[1:], relays[0]], strict=True):
        relay.out.connect(following.inp)

    def check(steps: int) -> None:
        for relay in relays:
            last = relay.last.get()
            expect(bool(np.all(last[0] == steps)), f"{last[0]} rounds in {steps} steps")

    return relays[0], check


def cases(full: bool, shape: str = "ring", counts: tuple[int, ...] = ()) -> Iterator[Case]:
    """Several sizes of the circle."""
    for n_nodes in counts or ((3, 8, 32) if full else (3, 8)):
        yield Case(
            shape=shape,
            name=f"{n_nodes} nodes",
            unit="round trip",
            contenders=(
                plumbing.ring(plumbing.RING, 1, n_nodes),
                actors("actors", partial(build, n_nodes)),
                plumbing.ring(plumbing.PIPE, 1, n_nodes),
                plumbing.ring(plumbing.QUEUE, 1, n_nodes),
            ),
        )
