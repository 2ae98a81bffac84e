"""What recording costs: every spike of a large network, states and spikes of a small one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.balanced import Balanced
from benchmarks.measure import Case, expect
from benchmarks.processes import Check, actors
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sparse.process import Sparse

STEPS = 10_000
SIZE = 100
BYTES = 16
"""Memory that a spike may take."""
SLACK = 1 << 20


def whole(network: Balanced, *, watched: bool) -> tuple[LIF, Check]:
    """A balanced network, all of whose spikes are recorded, or none."""
    populations, _ = network.build(LIF, Sparse)
    monitor = Monitor()
    for population in populations if watched else ():
        monitor.probe(population.s_out)

    def check(steps: int) -> None:
        if not watched:
            return
        spikes = [monitor.spikes(population.s_out) for population in populations]
        expect(all(s.until == steps for s in spikes), f"not all of {steps} steps are recorded")
        n = sum(s.steps.size for s in spikes)
        held = populations[0].runtime.records.held
        expect(held <= BYTES * n + SLACK, f"{held} bytes for {n} spikes")

    return populations[0], check


def chain(what: str) -> tuple[LIF, Check]:
    """Two populations and a connection; the second has what is recorded, if anything is."""
    first = LIF(shape=(SIZE,), du=1.0, dv=0.0, vth=3.5, bias_mant=1.0)
    synapses = Dense(weights=np.eye(SIZE))
    second = LIF(shape=(SIZE,), du=1.0, dv=0.0, vth=2.5)
    first.s_out.connect(synapses.s_in)
    synapses.a_out.connect(second.a_in)
    monitor = Monitor()
    if what:
        monitor.probe(getattr(second, what))

    def check(steps: int) -> None:
        if not what:
            return
        found = monitor.dense(getattr(second, what))
        arrived = (np.arange(1, steps + 1) - 1) // 4  # a spike in every fourth step, one step late
        wanted = arrived % 3
        if what == "s_out":
            wanted = np.diff(arrived, prepend=0) * (wanted == 0)
        expect(bool(np.array_equal(found, np.tile(wanted[:, None], SIZE))), f"another {what}")

    return first, check


def cases(full: bool) -> Iterator[Case]:
    """A large network, then a small one."""
    network = Balanced(10_000, 2_000_000)
    yield Case(
        shape="recorded",
        name="all spikes of 10000 neurons, 2 M synapses",
        unit="step",
        contenders=(
            actors("recorded", partial(whole, network, watched=True), fixed=STEPS),
            actors("alone", partial(whole, network, watched=False), fixed=STEPS),
        ),
    )
    for what in ("v", "s_out"):
        yield Case(
            shape="recorded",
            name=f"{what} of LIF({SIZE}) -> Dense -> LIF({SIZE})",
            unit="step",
            contenders=(
                actors("recorded", partial(chain, what), fixed=STEPS),
                actors("alone", partial(chain, ""), fixed=STEPS),
            ),
        )
