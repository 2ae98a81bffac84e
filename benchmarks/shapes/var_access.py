"""Reading and writing Vars from the user's interpreter, against moving the bytes by pipe."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import numpy as np

from benchmarks.measure import Case, Contender, Run, expect
from benchmarks.peers import plumbing
from benchmarks.processes import CONFIG
from lava_actor import (
    AbstractProcess,
    LavaPyType,
    LoihiProtocol,
    PyLoihiProcessModel,
    RunContinuous,
    RunSteps,
    Var,
    implements,
    tag,
)
from lava_actor.runtime.run_conditions import RunUntil

LAVA_PER_ELEMENT = 14.6
"""µs per element that `Var.get` takes under Lava, as recorded in the design notes."""


class Holder(AbstractProcess):
    """Holds an array and does nothing."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.value = Var(shape=(size,), init=0)


@implements(proc=Holder, protocol=LoihiProtocol)
@tag("floating_pt")
class PyHolder(PyLoihiProcessModel):
    """Steps are empty."""

    value: np.ndarray = LavaPyType(np.ndarray, float)


def ours(what: str, size: int, *, running: bool = False) -> Contender:
    """`get` or `set` of a Var of a paused or running network."""

    @contextmanager
    def opened() -> Iterator[Run]:
        holder = Holder(size)
        values = np.random.default_rng(0).random(size)

        def run(count: int) -> float:
            found = values
            if running:  # only while it counts: it would take a core from the others
                holder.run(RunContinuous())
            started = perf_counter()
            for number in range(count):
                if what == "get":
                    found = holder.value.get()
                else:
                    values[0] = number
                    holder.value.set(values)
            taken = perf_counter() - started
            holder.pause()
            if what == "set":
                found = holder.value.get()
            expect(np.array_equal(found, values), f"{what}: other values than were set")
            return taken

        with holder:
            holder.run(RunSteps(num_steps=1), CONFIG)
            holder.value.set(values)
            yield run

    return Contender(f"Var.{what}{', running network' if running else ''}", opened)


def until() -> Contender:
    """A `get` after every step of a `RunUntil`."""

    @contextmanager
    def opened() -> Iterator[Run]:
        holder = Holder(1)

        def run(count: int) -> float:
            seen: list[np.ndarray] = []

            def enough() -> bool:
                seen.append(holder.value.get())
                return len(seen) == count

            started = perf_counter()
            holder.run(RunUntil(enough))
            taken = perf_counter() - started
            expect(np.array_equal(seen, np.full((count, 1), 7)), "get: another value than was set")
            return taken

        with holder:
            holder.run(RunSteps(num_steps=1), CONFIG)
            holder.value.set([7])
            yield run

    return Contender("RunUntil", opened)


def by_pipe(size: int) -> Contender:
    """Another process sends the array as raw bytes when asked."""

    def programs() -> list[plumbing.Program]:
        values = np.random.default_rng(0).random(size)
        theirs, ours = multiprocessing.Pipe()

        def ask(count: int) -> bool:
            found = values
            for _ in range(count):
                ours.send_bytes(b"get")
                found = np.frombuffer(ours.recv_bytes())
            return np.array_equal(found, values)

        def answer(count: int) -> bool:
            for _ in range(count):
                theirs.recv_bytes()
                theirs.send_bytes(values.data)
            return True

        return [ask, answer]

    return plumbing.crew("multiprocessing.Pipe", programs)


def cases(full: bool) -> Iterator[Case]:
    """One element, and up to a million."""
    for size in (1, 1000, 1_000_000) if full else (1, 1_000_000):
        recorded = f"{LAVA_PER_ELEMENT * size:.4g}"
        many = f"{size} element{'s' if size > 1 else ''}"
        for what in ("get", "set"):
            contenders = [ours(what, size), ours(what, size, running=True), by_pipe(size)]
            yield Case(
                shape="Var access",
                name=f"{what} {many}",
                unit=what,
                contenders=tuple(contenders),
                lava=recorded if what == "get" else "",
                payload=8 * size if size > 1000 else 0,
            )
    yield Case(
        shape="Var access",
        name="a step and a get of 1 element",
        unit="step",
        contenders=(until(), by_pipe(1)),
    )
