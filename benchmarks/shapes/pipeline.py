"""Pipeline: LIF(100), Dense(100×100), LIF(100) … against the same arithmetic in a NumPy loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Any

from benchmarks.chains import RECORDED, Chain
from benchmarks.measure import Case, Contender, Run, expect
from benchmarks.peers import lava
from benchmarks.processes import Check, actors
from lava_actor import RunSteps
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF

REPLAYED = 25
"""Steps that are compared with the loop, before and after the timed runs."""


def build(n_processes: int) -> tuple[LIF, Check]:
    """A chain, and a check that it does what the loop does: from the start, and from any step."""
    chain = Chain(n_processes)
    populations, connections = chain.build(LIF, Dense)

    def check(steps: int) -> None:
        if steps <= REPLAYED:
            wanted, more = chain.start(), steps
        else:  # go on from here, both
            wanted, more = chain.state_of(populations, connections), REPLAYED
            populations[0].run(RunSteps(num_steps=more))
        chain.loop(wanted, more)
        found = chain.state_of(populations, connections)
        expect(wanted.equals(found), f"after step {steps} the chain differs from the loop")

    return populations[0], check


def loop(n_processes: int) -> Contender:
    """The plain loop."""

    @contextmanager
    def running() -> Iterator[Run]:
        chain = Chain(n_processes)
        state = chain.start()

        def run(steps: int) -> float:
            started = perf_counter()
            chain.loop(state, steps)
            return perf_counter() - started

        yield run

    return Contender("NumPy loop, no runtime", running)


def cases(full: bool) -> Iterator[Case]:
    """3, 11 and 41 processes, running ahead, in lockstep, and sharing two workers."""
    for n_processes in (3, 11, 41):
        rest: list[Any] = [loop(n_processes)]
        if lava.available():
            rest.append(lava.contender("chain", n_processes))
        yield Case(
            shape="pipeline",
            name=f"{n_processes} processes",
            unit="step",
            contenders=(
                actors("actors, running ahead", partial(build, n_processes), "run_ahead"),
                actors("actors, lockstep", partial(build, n_processes), "lockstep"),
                actors("2 workers", partial(build, n_processes), placement={"workers": 2}),
                *rest,
            ),
            lava=RECORDED[n_processes],
        )
