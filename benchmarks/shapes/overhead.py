"""What the runtime adds to a step of an actor: its busy time without the model's own work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic_ns

from benchmarks.measure import Case, Contender, Run, expect
from benchmarks.processes import CONFIG, Relay, Sink, Source
from lava_actor import (
    AbstractProcess,
    LavaPyType,
    LoihiProtocol,
    PyLoihiProcessModel,
    RunSteps,
    Var,
    implements,
    tag,
)
from lava_actor.proc.lif.process import LIF

STEPS = 20_000
Busy = Callable[[], float]
"""Seconds so far that count, of one actor."""


class Worker(AbstractProcess):
    """Works a little and knows for how long."""

    def __init__(self) -> None:
        super().__init__()
        self.own = Var(shape=(1,), init=0)


@implements(proc=Worker, protocol=LoihiProtocol)
@tag("floating_pt")
class PyWorker(PyLoihiProcessModel):
    """Accounts for the time within `run_spk`, by the clock of the runtime.

    What reading the clock takes is in part outside of what it measures, and counted as overhead.
    """

    own: int = LavaPyType(int, int)

    def run_spk(self) -> None:
        """Add a few numbers."""
        started = monotonic_ns()
        sum(range(50))
        self.own += monotonic_ns() - started


def busy(process: AbstractProcess) -> float:
    """Seconds that the actor of a Process did not wait, so far."""
    (status,) = [s for s in process.runtime.status() if s.process == process.name]
    return status.busy


def without_messages() -> tuple[AbstractProcess, Busy]:
    """An actor by itself; what counts is its time outside of `run_spk`."""
    worker = Worker()

    def outside() -> float:
        own, all_of_it = float(worker.own.get()[0]) / 1e9, busy(worker)
        expect(0 < own < all_of_it, f"{own} s within run_spk, {all_of_it} s busy")
        return all_of_it - own

    return worker, outside


def relaying() -> tuple[AbstractProcess, Busy]:
    """An actor that passes messages on and does nothing else; all of its time counts."""
    source, relay, sink = Source(1), Relay(1), Sink(1)
    source.out.connect(relay.inp)
    relay.out.connect(sink.inp)
    return relay, lambda: busy(relay)


def native() -> tuple[AbstractProcess, Busy]:
    """A neuron of the library between two others; all of its time counts."""
    first, middle, last = LIF(shape=(1,), bias_mant=1), LIF(shape=(1,)), LIF(shape=(1,))
    first.s_out.connect(middle.a_in)
    middle.s_out.connect(last.a_in)
    return middle, lambda: busy(middle)


def contender(
    name: str, build: Callable[[], tuple[AbstractProcess, Busy]], schedule: str | None = None
) -> Contender:
    """Seconds of one actor's steps that are the runtime's."""

    @contextmanager
    def opened() -> Iterator[Run]:
        process, counted = build()

        def run(steps: int) -> float:
            before, step = counted(), process.runtime.current_step
            process.run(RunSteps(num_steps=steps))
            done = process.runtime.current_step - step
            expect(done == steps, f"{done} steps instead of {steps}")
            return counted() - before

        with process:
            process.run(
                RunSteps(num_steps=10),
                CONFIG,
                {"schedule": schedule} if schedule else None,
            )
            yield run

    return Contender(name, opened, fixed=STEPS)


def cases(full: bool) -> Iterator[Case]:
    """Per actor and step; waiting is not part of it, other processes on its core are."""
    yield Case(
        shape="overhead",
        name="busy without run_spk",
        unit="step of an actor",
        contenders=(
            contender("no messages, running ahead", without_messages),
            contender("no messages, lockstep", without_messages, "lockstep"),
            contender("a message in, one out, and run_spk", relaying),
            contender("native LIF(1), all of its step", native),
        ),
    )
