"""What a paused network takes of the processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, sleep

from benchmarks.chains import Chain
from benchmarks.measure import Case, Contender, Run, expect
from benchmarks.processes import CONFIG
from benchmarks.quantities import SHARE
from benchmarks.resources import cpu_seconds, newcomers
from lava_actor import RunSteps
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF

STEPS = 100


def paused(n_processes: int, seconds: float) -> Contender:
    """Actors and service of a network that has done some steps and waits for more."""

    @contextmanager
    def opened() -> Iterator[Run]:
        chain = Chain(n_processes)
        populations, connections = chain.build(LIF, Dense)
        first = populations[0]

        def run(count: int) -> float:
            before, started = cpu_seconds(everybody), perf_counter()
            sleep(count * seconds)
            share = (cpu_seconds(everybody) - before) / (perf_counter() - started)
            expect(first.runtime.current_step == STEPS, "a paused network stepped")
            return share * count

        def start() -> None:
            first.run(RunSteps(num_steps=STEPS), CONFIG)

        with first:
            everybody = newcomers(start)
            yield run
            state = chain.start()
            chain.loop(state, STEPS)
            same = state.equals(chain.state_of(populations, connections))
            expect(same, "the chain differs from the loop")

    return Contender(f"{n_processes} actors and their service", opened, fixed=1)


def cases(full: bool) -> Iterator[Case]:
    """One case; in full with how it grows with the number of actors.

    Whoever sleeps looks around every now and then, all at about the same time: a figure has to
    cover whole periods of that.
    """
    seconds = 4.0 if full else 2.0
    yield Case(
        shape="idle",
        name="paused network",
        unit="network",
        contenders=tuple(paused(number, seconds) for number in ((41, 3) if full else (41,))),
        quantity=SHARE,
    )
