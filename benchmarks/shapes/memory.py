"""What networks take of the memory: a page that processes share is counted by its share (PSS)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np

from benchmarks.balanced import Balanced
from benchmarks.measure import Case, Contender, Run
from benchmarks.processes import CONFIG, Check
from benchmarks.quantities import MEMORY
from benchmarks.resources import leaves, newcomers, pss
from benchmarks.shapes import balanced, ring
from lava_actor import RunSteps
from lava_actor.process.process import AbstractProcess

Build = Callable[[], tuple[AbstractProcess, Check]]
STEPS = 10


@contextmanager
def started(build: Build) -> Iterator[set[int]]:
    """A network that has done some steps, the right ones; yields the ids of its actors."""
    process, check = build()
    with process:
        run = partial(process.run, RunSteps(num_steps=STEPS), CONFIG)
        pids = leaves(newcomers(run))
        check(STEPS)
        yield pids


def actors(name: str, build: Build) -> Contender:
    """All actors of a network together."""

    @contextmanager
    def opened() -> Iterator[Run]:
        with started(build) as pids:
            yield lambda count: float(pss(pids) * count)

    return Contender(name, opened, fixed=1)


def one_more(few: int, many: int) -> Contender:
    """What an idle actor adds, from two networks of relays."""

    @contextmanager
    def opened() -> Iterator[Run]:
        with started(partial(ring.build, few)) as a, started(partial(ring.build, many)) as b:
            yield lambda count: (pss(b) - pss(a)) / (many - few) * count

    return Contender(f"a relay: {many} of them less {few}", opened, fixed=1)


def content(network: Balanced) -> Contender:
    """Weights and Vars as they were given, each counted once."""

    @contextmanager
    def opened() -> Iterator[Run]:
        size = 0
        for _, _, matrix in network.matrices():
            size += sum(part.nbytes for part in (matrix.data, matrix.indices, matrix.indptr))
            size += matrix.shape[0] * np.dtype(float).itemsize  # a_buff
        size += sum(3 * part.nbytes for part in network.voltages)  # u, v, bias_mant
        yield lambda count: float(size * count)

    return Contender("weights and state, as given (csr, float64)", opened, fixed=1)


def as_kept(network: Balanced) -> Contender:
    """The least that holds them: 16 bits per synapse, as all of a matrix weigh the same."""

    @contextmanager
    def opened() -> Iterator[Run]:
        size = sum(matrix.nnz * np.dtype(np.uint16).itemsize for _, _, matrix in network.matrices())
        size += sum(3 * part.nbytes for part in network.voltages)
        yield lambda count: float(size * count)

    return Contender("weights and state, one value per matrix", opened, fixed=1)


def cases(full: bool) -> Iterator[Case]:
    """The balanced network, and one more actor."""
    sizes = [(10_000, 2_000_000), (50_000, 25_000_000)]
    for n_neurons, n_synapses in sizes if full else sizes[:1]:
        network = Balanced(n_neurons, n_synapses)
        yield Case(
            shape="memory",
            name=f"balanced, {n_neurons} neurons, {n_synapses / 1e6:.0f} M synapses",
            unit="network",
            contenders=(
                content(network),
                actors("all actors", partial(balanced.build, network)),
                as_kept(network),
            ),
            quantity=MEMORY,
        )
    yield Case(
        shape="memory",
        name="one more idle actor",
        unit="actor",
        contenders=(one_more(3, 41),),
        quantity=MEMORY,
    )
