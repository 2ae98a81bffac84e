"""The small Processes that the message shapes are made of.

Messages are arrays of float64 whose first element counts. A `Sink` adds up what it receives, so
that one look at its Var tells whether every message came, once, and from whom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.measure import Contender, Run, expect
from lava_actor import (
    AbstractProcess,
    InPort,
    LavaPyType,
    Loihi2SimCfg,
    LoihiProtocol,
    OutPort,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    RunSteps,
    Var,
    implements,
    tag,
)


class Source(AbstractProcess):
    """Sends the number of the step times `factor`."""

    def __init__(self, size: int, factor: float = 1.0) -> None:
        super().__init__(size=size, factor=factor)
        self.out = OutPort(shape=(size,))


@implements(proc=Source, protocol=LoihiProtocol)
@tag("floating_pt")
class PySource(PyLoihiProcessModel):
    """One message per step; the rest of it is random."""

    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

    def __init__(self, proc_params: object = None) -> None:
        super().__init__(proc_params)
        self.message = noise(self.proc_params["size"])

    def run_spk(self) -> None:
        """Send."""
        self.message[0] = self.time_step * self.proc_params["factor"]
        self.out.send(self.message)


class Relay(AbstractProcess):
    """Sends on what it receives; `ahead`: sends first, what came in the step before, plus one."""

    def __init__(self, size: int, *, ahead: bool = False) -> None:
        super().__init__(ahead=ahead)
        self.inp = InPort(shape=(size,))
        self.out = OutPort(shape=(size,))
        self.last = Var(shape=(size,), init=0)


@implements(proc=Relay, protocol=LoihiProtocol)
@tag("floating_pt")
class PyRelay(PyLoihiProcessModel):
    """One message in, one out per step."""

    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    last: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self) -> None:
        """Pass on; the one that sends ahead closes a loop."""
        if self.proc_params["ahead"]:
            self.last[0] += 1
            self.out.send(self.last)
            self.last = self.inp.recv()
        else:
            self.last = self.inp.recv()
            self.out.send(self.last)


class Sink(AbstractProcess):
    """Adds up the first elements of what it receives."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.inp = InPort(shape=(size,))
        self.total = Var(shape=(1,), init=0)


@implements(proc=Sink, protocol=LoihiProtocol)
@tag("floating_pt")
class PySink(PyLoihiProcessModel):
    """One message per step."""

    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    total: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self) -> None:
        """Receive and add."""
        self.total[0] += self.inp.recv()[0]


class Counter(AbstractProcess):
    """Counts the spikes of two populations."""

    def __init__(self, sizes: tuple[int, int]) -> None:
        super().__init__()
        self.first = InPort(shape=(sizes[0],))
        self.second = InPort(shape=(sizes[1],))
        self.total = Var(shape=(1,), init=0)


@implements(proc=Counter, protocol=LoihiProtocol)
@tag("floating_pt")
class PyCounter(PyLoihiProcessModel):
    """Works on events."""

    first: PyInPort = LavaPyType(PyInPort.VEC_SPARSE, float)
    second: PyInPort = LavaPyType(PyInPort.VEC_SPARSE, float)
    total: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        """Add the numbers of events."""
        self.total[0] += self.first.recv()[1].size + self.second.recv()[1].size


def noise(size: int) -> np.ndarray:
    """A message that does not compress."""
    return np.random.default_rng(0).random(size)


CONFIG = Loihi2SimCfg(select_tag="floating_pt")
"""How all networks of the benchmarks run."""

Check = Callable[[int], None]
"""Look at a paused network after that many steps, all in all."""


def actors(
    name: str,
    build: Callable[[], tuple[AbstractProcess, Check]],
    schedule: str | None = None,
    fixed: int | None = None,
    placement: str | dict[str, int] | None = None,
) -> Contender:
    """A network of ours as a contender: a unit is a step.

    Parameters
    ----------
    name : str
    build : callable
        Returns one Process of the network, and what checks the network after a number of steps.
    schedule : {"run_ahead", "lockstep"}, optional
        None: as the compiler decides.
    fixed : int, optional
        The number of steps of every run.
    placement : str or dict, optional
        Into how many parts Processes are cut, or what ``compile_config`` knows by a name.
    """
    config = {"schedule": schedule, "placement": placement}
    return Contender(name, lambda: _running(build, config), fixed)


def _running(
    build: Callable[[], tuple[AbstractProcess, Check]], config: dict[str, Any]
) -> AbstractContextManager[Run]:
    @contextmanager
    def running() -> Iterator[Run]:
        process, check = build()
        done = 0

        def run(steps: int) -> float:
            nonlocal done
            started = perf_counter()
            process.run(RunSteps(num_steps=steps))
            taken = perf_counter() - started
            done += steps
            return taken

        with process:
            process.run(RunSteps(num_steps=10), CONFIG, config)
            done = 10
            check(done)
            yield run
            check(done)

    return running()


def expect_sum(sink: Sink, steps: int, factor: float = 1.0) -> None:
    """Insist that a sink has got the messages of all steps."""
    total, wanted = float(sink.total.get()[0]), factor * steps * (steps + 1) / 2
    expect(total == wanted, f"the sink added up {total}, not {wanted}, in {steps} steps")
