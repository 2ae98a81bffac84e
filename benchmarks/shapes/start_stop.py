"""Starting, pausing and stopping networks."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, sleep
from typing import Any

import numpy as np

from benchmarks.chains import Chain
from benchmarks.measure import Case, Contender, Run, expect
from benchmarks.processes import CONFIG
from benchmarks.shapes import ring
from lava_actor import RunContinuous, RunSteps
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF


def networks(n_nodes: int, *, whole: bool) -> Contender:
    """Compile, start, one step; the launcher runs already.

    Parameters
    ----------
    n_nodes : int
    whole : bool
        Count describing the network, looking at the result and stopping as well.
    """

    @contextmanager
    def opened() -> Iterator[Run]:
        def run(count: int) -> float:
            taken = 0.0
            for _ in range(count):
                described = perf_counter()
                first, check = ring.build(n_nodes)
                with first:
                    started = perf_counter()
                    first.run(RunSteps(num_steps=1), CONFIG)
                    stepped = perf_counter()
                    check(1)
                taken += perf_counter() - described if whole else stepped - started
            return taken

        run(1)
        yield run

    name = "describe, compile, start, step, look, stop" if whole else "compile, start, first step"
    return Contender(name, opened, fixed=1 if n_nodes > 100 else None)


def forks(n_nodes: int) -> Contender:
    """As many processes of `multiprocessing`, a message from each, join."""
    context = multiprocessing.get_context("fork")

    def answer(end: Any) -> None:
        end.send_bytes(np.ones(1))

    @contextmanager
    def opened() -> Iterator[Run]:
        def run(count: int) -> float:
            started = perf_counter()
            for _ in range(count):
                pairs = [context.Pipe() for _ in range(n_nodes)]
                workers = [context.Process(target=answer, args=(end,)) for _, end in pairs]
                for worker in workers:
                    worker.start()
                got = sum(np.frombuffer(end.recv_bytes())[0] for end, _ in pairs)
                for worker in workers:
                    worker.join()
                    worker.close()
                expect(got == n_nodes, f"{got} answers from {n_nodes} processes")
                for pair in pairs:
                    for end in pair:
                        end.close()
            return perf_counter() - started

        yield run

    return Contender("bare multiprocessing fork, answer, join", opened, forks=True)


def pauses(n_processes: int) -> Contender:
    """Pause a chain that runs as fast as it can."""

    @contextmanager
    def opened() -> Iterator[Run]:
        chain = Chain(n_processes)
        populations, connections = chain.build(LIF, Dense)
        first = populations[0]

        def run(count: int) -> float:
            taken = 0.0
            for _ in range(count):
                before = first.runtime.current_step
                first.run(RunContinuous())
                while first.runtime.current_step < before + 500:
                    sleep(0.001)
                started = perf_counter()
                first.pause()
                taken += perf_counter() - started
            state, now = chain.state_of(populations, connections), first.runtime.current_step
            first.run(RunSteps(num_steps=10))
            chain.loop(state, 10)
            same = state.equals(chain.state_of(populations, connections))
            expect(same, f"after a pause at step {now} the chain differs from the loop")
            return taken

        with first:
            first.run(RunSteps(num_steps=1), CONFIG)
            yield run

    return Contender("pause of a running chain", opened, fixed=5)


def cases(full: bool) -> Iterator[Case]:
    """Several sizes of network."""
    for n_nodes in (3, 11, 41, 500) if full else (3, 11, 41):
        yield Case(
            shape="start/stop",
            name=f"{n_nodes} actors",
            unit="network",
            contenders=(
                networks(n_nodes, whole=False),
                networks(n_nodes, whole=True),
                forks(n_nodes),
            ),
        )
    for n_processes in (3, 41):
        yield Case(
            shape="start/stop",
            name=f"pause {n_processes} actors",
            unit="pause",
            contenders=(pauses(n_processes),),
        )
