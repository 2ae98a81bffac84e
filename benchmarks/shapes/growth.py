"""Growth: the same small networks, larger and larger along one axis at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from time import perf_counter

import numpy as np

from benchmarks.curves import ACTIVITY_SYNAPSES, SYNAPSE_SHARE
from benchmarks.measure import Case, Contender, Run, expect
from benchmarks.peers import plumbing
from benchmarks.periodic import Layer, Line, Population, Source
from benchmarks.processes import Check, actors
from benchmarks.shapes import one_to_one
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.sparse.process import Sparse

LINE_SIZE, LINE_PERIOD = 100, 25
LAYER_SIZE = 20_000
AHEAD, LOCKSTEP = 1_000_000, 50_000
"""Steps of a turn, times actors: enough to make little of waking everybody at its start."""


def compared(found: np.ndarray, network: Line | Layer, steps: int) -> None:
    """Insist on the listeners' voltages."""
    same = np.array_equal(found, network.expected(steps))
    expect(same, f"after step {steps} the listeners have not got what was sent")


def line(network: Line) -> tuple[LIF, Check]:
    """A line of populations, an actor each."""
    populations = network.build(LIF)
    last = populations[-1]
    return last, lambda steps: compared(last.v.get(), network, steps)


def layer(network: Layer) -> tuple[LIF, Check]:
    """Three actors: source, connection, listeners."""
    *_, listeners = network.build(LIF, Sparse)
    return listeners, lambda steps: compared(listeners.v.get(), network, steps)


def looped(
    name: str, network: Line | Layer, begin: Callable[[], Callable[[], np.ndarray]]
) -> Contender:
    """One process; `begin` sets up and returns what does a step and returns the last voltages."""

    @contextmanager
    def opened() -> Iterator[Run]:
        step = begin()
        done = 0

        def run(steps: int) -> float:
            nonlocal done
            started = perf_counter()
            for _ in range(steps):
                found = step()
            taken = perf_counter() - started
            done += steps
            compared(found, network, done)
            return taken

        yield run

    return Contender(name, opened)


def line_loop(network: Line) -> Contender:
    """The line in plain NumPy."""

    def begin() -> Callable[[], np.ndarray]:
        populations = [Population(constants) for constants in network.constants]

        def step() -> np.ndarray:
            spikes: np.ndarray | float = 0.0
            for population in populations:
                spikes = population.step(spikes)
            return populations[-1].v

        return step

    return looped("NumPy loop", network, begin)


def layer_loop(network: Layer) -> Contender:
    """The layer in NumPy and SciPy: a product with the whole matrix in every step."""

    def begin() -> Callable[[], np.ndarray]:
        weights = network.weights(float)
        source, listeners = Population(network.source.constants), Population(network.listener)
        buffered = np.zeros(network.source.size)

        def step() -> np.ndarray:
            nonlocal buffered
            listeners.step(buffered)
            buffered = weights @ source.step(0.0).astype(float)
            return listeners.v

        return step

    return looped("SciPy loop", network, begin)


def growing_actors(full: bool) -> Iterator[Case]:
    """More actors of the same size."""
    for n_actors in (2, 5, 10, 20, 50, 100, 200, 500) if full else (2, 10, 40):
        network = Line(n_actors, Source(LINE_SIZE, LINE_PERIOD))
        yield Case(
            shape="growth: actors",
            name=f"{n_actors}",
            unit="step",
            contenders=(
                replace(
                    actors("running ahead", partial(line, network), "run_ahead"),
                    fixed=AHEAD // n_actors,
                ),
                replace(
                    actors("lockstep", partial(line, network), "lockstep"),
                    fixed=LOCKSTEP // n_actors,
                ),
                line_loop(network),
            ),
            x=n_actors,
        )


def growing_neurons(full: bool) -> Iterator[Case]:
    """Two actors with more neurons each; the axis counts all."""
    for exponent in (2, 3, 4, 5, 6) if full else (2, 3, 4):
        network = Line(2, Source(10**exponent // 2, LINE_PERIOD))
        yield Case(
            shape="growth: neurons",
            name=f"10^{exponent}",
            unit="step",
            contenders=(actors("2 actors", partial(line, network)), line_loop(network)),
            x=10**exponent,
        )


def _layers(network: Layer) -> tuple[Contender, ...]:
    return actors("3 actors", partial(layer, network)), layer_loop(network)


def growing_synapses(full: bool) -> Iterator[Case]:
    """More synapses between as many neurons, 2 % of which fire in a step."""
    for exponent in (4, 5, 6, 7, 8) if full else (4, 5, 6):
        yield Case(
            shape="growth: synapses",
            name=f"10^{exponent}",
            unit="step",
            contenders=_layers(Layer(Source(LAYER_SIZE, round(1 / SYNAPSE_SHARE)), 10**exponent)),
            x=10**exponent,
        )


def growing_payload(full: bool) -> Iterator[Case]:
    """Larger messages from one to another."""
    sizes = [1, 8, 64, 512, 4096, 32_768, 262_144, 2_097_152, 8_000_000]
    for size in sizes if full else sizes[:6:2]:
        yield Case(
            shape="growth: payload",
            name=f"{8 * size}",
            unit="message",
            contenders=(
                actors("actors", partial(one_to_one.build, size)),
                plumbing.fan_out(plumbing.RING, size, 1),
                plumbing.fan_out(plumbing.PIPE, size, 1),
                one_to_one.copies(size),
            ),
            payload=8 * size,
            x=8 * size,
        )


def growing_activity(full: bool) -> Iterator[Case]:
    """More of the neurons fire per step."""
    for period in (1000, 250, 100, 25, 10, 4, 2, 1) if full else (1000, 100, 10):
        yield Case(
            shape="growth: activity",
            name=f"{100 / period:g} %",
            unit="step",
            contenders=_layers(Layer(Source(LAYER_SIZE, period), ACTIVITY_SYNAPSES)),
            x=1 / period,
        )


def cases(full: bool) -> Iterator[Case]:
    """All axes; in full to their ends."""
    yield from growing_actors(full)
    yield from growing_neurons(full)
    yield from growing_synapses(full)
    yield from growing_payload(full)
    yield from growing_activity(full)
