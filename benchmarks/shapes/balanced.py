"""Balanced network of LIF neurons with sparse synapses; about 3 % fire in a step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter

import numpy as np

from benchmarks import settings
from benchmarks.balanced import RECORDED, Balanced, Loop
from benchmarks.measure import Case, Contender, Run, expect
from benchmarks.peers import brian, lava
from benchmarks.processes import Check, Counter, actors
from lava_actor import RunSteps
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.sparse.process import Sparse

REPLAYED = 10
"""Steps that are compared with the loop, before and after the timed runs."""
WARM_UP = 60


def build(network: Balanced) -> tuple[Counter, Check]:
    """The network and one actor that counts spikes, as Brian2's monitors do."""
    populations, connections = network.build(LIF, Sparse)
    counter = Counter(network.sizes)
    populations[0].s_out.connect(counter.first)
    populations[1].s_out.connect(counter.second)

    def look() -> Loop:
        arriving = [sum(connections[pre, post].a_buff.get() for pre in (0, 1)) for post in (0, 1)]
        return Loop(
            network,
            np.concatenate([population.v.get() for population in populations]),
            np.concatenate(arriving),
            int(counter.total.get()[0]),
        )

    def check(steps: int) -> None:
        if steps <= REPLAYED:
            wanted, more = Loop.start(network), steps
        else:  # go on from here, both
            wanted, more = look(), REPLAYED
            counter.run(RunSteps(num_steps=more))
        wanted.run(more)
        found = look()
        same = np.array_equal(wanted.v, found.v) and np.array_equal(wanted.received, found.received)
        expect(same, f"after step {steps} the network differs from the loop")
        expect(wanted.fired == found.fired, f"{found.fired} spikes counted, not {wanted.fired}")

    return counter, check


def loop(network: Balanced) -> Contender:
    """Plain NumPy and SciPy."""

    @contextmanager
    def running() -> Iterator[Run]:
        state = Loop.start(network)
        state.run(1)

        def run(steps: int) -> float:
            started = perf_counter()
            state.run(steps)
            return perf_counter() - started

        yield run

    return Contender("SciPy loop, no runtime", running)


def activity(network: Balanced) -> float:
    """Share of the neurons that fires per step, once the network has settled."""
    state = Loop.start(network)
    state.run(WARM_UP)
    before = state.fired
    state.run(WARM_UP)
    return (state.fired - before) / WARM_UP / network.n_neurons


def cases(full: bool) -> Iterator[Case]:
    """10 000 neurons and 2 million synapses; in full 50 000 and 25 million as well."""
    sizes = [(10_000, 2_000_000, 5000), (50_000, 25_000_000, 500)]
    for n_neurons, n_synapses, steps in sizes if full else [(10_000, 2_000_000, 2000)]:
        network = Balanced(n_neurons, n_synapses)
        share = activity(network)
        peers = [loop(network)]
        if brian.version() is not None:
            for threads in (2, 1) if full else (2,):
                keep = settings.folder()
                peers.append(brian.contender(network, threads, steps, share, keep))
        if lava.available():
            peers.append(lava.contender("balanced", n_neurons, n_synapses))
        yield Case(
            shape="balanced network",
            name=f"{n_neurons} neurons, {n_synapses / 1e6:.0f} M synapses, {share:.1%} firing",
            unit="step",
            contenders=(
                actors("actors", partial(build, network)),
                actors("cores", partial(build, network), placement="cores"),
                *peers,
            ),
            lava=RECORDED.get(n_neurons, ""),
        )
