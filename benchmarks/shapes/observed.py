"""What observing costs per step: a Monitor on a state, a Monitor on spikes, RefPorts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.measure import Case, expect
from benchmarks.processes import Check, actors
from lava_actor import (
    AbstractProcess,
    LavaPyType,
    LoihiProtocol,
    PyLoihiProcessModel,
    PyRefPort,
    RefPort,
    Var,
    implements,
    tag,
)
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor

SIZE = 10
STEPS = 5000
"""In every run, so that a Monitor has room for all of them."""
RECORDED = 20 * STEPS


class Reader(AbstractProcess):
    """Adds up what it reads from a Var after every step."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.ref = RefPort(shape=(size,))
        self.total = Var(shape=(size,), init=0)


class _ReaderModel(PyLoihiProcessModel):
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, float)
    total: np.ndarray = LavaPyType(np.ndarray, float)

    def post_guard(self) -> bool:
        """Every step."""
        return True


@implements(proc=Reader, protocol=LoihiProtocol)
@tag("floating_pt")
class PyReader(_ReaderModel):
    """One read per step."""

    def run_post_mgmt(self) -> None:
        """Read."""
        self.total += self.ref.read()


class Limiter(Reader):
    """A `Reader` that would also write."""


@implements(proc=Limiter, protocol=LoihiProtocol)
@tag("floating_pt")
class PyLimiter(_ReaderModel):
    """One read per step, in turns: it may write."""

    def run_post_mgmt(self) -> None:
        """Read, and cut what is too large, which nothing is."""
        value = self.ref.read()
        self.total += value
        if value.max() > 1e9:
            self.ref.write(np.minimum(value, 1e9))


def neurons() -> LIF:
    """A population whose v counts the steps and starts again after four of them."""
    return LIF(shape=(SIZE,), du=1.0, dv=0.0, vth=3.5, bias_mant=1.0)


def voltage(step: np.ndarray) -> np.ndarray:
    """The v of `neurons` after a step."""
    return step % 4


def monitored(what: str) -> tuple[LIF, Check]:
    """A population and a Monitor on its v or its spikes."""
    cells, monitor = neurons(), Monitor()
    monitor.probe(getattr(cells, what), RECORDED)

    def check(steps: int) -> None:
        found = monitor.get_data()[cells.name][what]
        step = np.arange(1, steps + 1)
        wanted = voltage(step) if what == "v" else step % 4 == 0
        expect(bool(np.all(wanted == found[: step.size].T)), f"another {what} was recorded")

    return cells, check


def referred(kind: type[Reader] = Reader) -> tuple[Reader, Check]:
    """A population and a Process that reads its v."""
    cells, reader = neurons(), kind(SIZE)
    reader.ref.connect_var(cells.v)

    def check(steps: int) -> None:
        wanted = voltage(np.arange(1, steps + 1)).sum()
        expect(bool(np.all(reader.total.get() == wanted)), f"another sum of v than {wanted}")

    return reader, check


def cases(full: bool) -> Iterator[Case]:
    """One case each."""
    for name, build in (
        ("Monitor on v", partial(monitored, "v")),
        ("Monitor on s_out", partial(monitored, "s_out")),
        ("RefPort, one read per step", referred),
        ("RefPort, one read per step in turns", partial(referred, Limiter)),
    ):
        yield Case(
            shape="observed",
            name=name,
            unit="step",
            contenders=(
                actors("observed", build, fixed=STEPS),
                actors("alone", alone, fixed=STEPS),
            ),
        )


def alone() -> tuple[LIF, Check]:
    """The population that nobody observes."""
    cells = neurons()

    def check(steps: int) -> None:
        expect(bool(np.all(cells.v.get() == steps % 4)), f"v is not {steps % 4}")

    return cells, check
