"""One library model with real rings around it, in the test's own process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pytest

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
    implements,
    tag,
)
from lava_actor.channels import Arena, RingReader, RingWriter
from lava_actor.kernels.steps import Burst
from lava_actor.runtime.actor.build import build
from lava_actor.runtime.start.serialize import specify


class Feeder(AbstractProcess):
    """Stands for whatever sends; the test itself does."""

    def __init__(self, shape: tuple[int, ...], kind: str) -> None:
        super().__init__(kind=kind)
        self.out = OutPort(shape=shape)


class Taker(AbstractProcess):
    """Stands for whatever receives."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.inp = InPort(shape=shape)


KINDS: dict[str, type[Any]] = {}
for kind, (cls, dtype) in {
    "float": (PyOutPort.VEC_DENSE, float),
    "int": (PyOutPort.VEC_DENSE, np.int32),
    "bool": (PyOutPort.VEC_DENSE, bool),
    "long": (PyOutPort.VEC_DENSE, np.int64),
    "float events": (PyOutPort.VEC_SPARSE, float),
    "int events": (PyOutPort.VEC_SPARSE, np.int32),
}.items():

    @implements(proc=Feeder, protocol=LoihiProtocol)
    @tag("floating_pt", "fixed_pt")
    class PyFeeder(PyLoihiProcessModel):
        out: PyOutPort = LavaPyType(cls, dtype)

    KINDS[kind] = PyFeeder


@implements(proc=Taker, protocol=LoihiProtocol)
@tag("floating_pt", "fixed_pt")
class PyTaker(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)


class Choice(Loihi2SimCfg):
    """Feeders by what their Process says."""

    def select(self, process: Any, models: Any) -> Any:
        if isinstance(process, Feeder):
            return KINDS[process.proc_params["kind"]]
        return super().select(process, models)


@dataclass
class _Built:
    """A model, its party, and the far ends of the rings that lead to it."""

    model: Any
    arena: Arena
    party: Any
    feeds: list[RingWriter]

    @property
    def clock(self) -> Any:
        return self.arena.domain(0)

    def burst(self) -> Burst:
        made: Burst = self.model._la_native_burst()
        made.attach(self.clock, self.party, False)
        return made


@dataclass
class Bench(_Built):
    """With the far end of the ring behind its only out-port."""

    taken: RingReader | None

    def messages(self) -> list[np.ndarray]:
        """What the model has sent since the last look."""
        assert self.taken is not None
        return [self.taken.recv() for _ in range(self.taken.available())]

    def state(self) -> dict[str, Any]:
        """All arrays and numbers among the model's attributes that a user may look at."""
        names = ("u", "v", "a_buff", "s_out_buff", "time_step", "weights")
        return {name: getattr(self.model, name) for name in names if hasattr(self.model, name)}


def set_up(
    process: AbstractProcess, inlet: str, outlet: str, kinds: Sequence[str], select: str
) -> Bench:
    """Feeders of these kinds in front of a Process, a taker behind it; the model is built here."""
    inp, out = getattr(process, inlet), getattr(process, outlet)
    feeders = [Feeder(inp.shape, kind) for kind in kinds]
    taker = Taker(out.shape)
    for feeder in feeders:
        feeder.out.connect(inp)
    out.connect(taker.inp)
    # Nobody takes what is sent before all of it was: it has to fit.
    executable = process.compile(Choice(select_tag=select), {"pypy_channel_size": 16})
    plans = {plan.process: plan for plan in executable.actors}
    plan = plans[process]
    arena = Arena.create(executable.arena)
    built = build(specify(plan, 0), arena, adopt=False)
    built.model.on_start()
    edges = next(p for p in plan.in_ports if p.name == inlet).edges
    ring = next(p for p in plan.out_ports if p.name == outlet).ring
    assert ring is not None
    arena.domain(0).limit = 1 << 62
    return Bench(
        built.model,
        arena,
        arena.party(plan.party),
        [arena.writer(edge.ring) for edge in edges],
        arena.reader(ring, 0),
    )


@dataclass
class Stand(_Built):
    """A model between feeders in front of all in-ports and takers behind all out-ports."""

    takes: list[RingReader]


def set_up_all(
    process: AbstractProcess, kind: type[Any], feeders: Mapping[str, Sequence[str]]
) -> Stand:
    """Like `set_up`, for a model class, and with feeders by in-port."""
    for name, kinds in feeders.items():
        for feeder in kinds:
            Feeder(getattr(process, name).shape, feeder).out.connect(getattr(process, name))
    for port in process.out_ports:
        port.connect(Taker(port.shape).inp)
    exceptions = {type(process): kind}
    executable = process.compile(
        Choice(exception_proc_model_map=exceptions), {"pypy_channel_size": 16}
    )
    plan = next(plan for plan in executable.actors if plan.process is process)
    arena = Arena.create(executable.arena)
    built = build(specify(plan, 0), arena, adopt=False)
    built.model.on_start()
    arena.domain(0).limit = 1 << 62
    return Stand(
        built.model,
        arena,
        arena.party(plan.party),
        [arena.writer(edge.ring) for port in plan.in_ports for edge in port.edges],
        [arena.reader(port.ring, 0) for port in plan.out_ports if port.ring is not None],
    )


Made = TypeVar("Made", Stand, Bench)


def giving_back(set_up: Callable[..., Made]) -> Iterator[Callable[..., Made]]:
    """`set_up` for a test, and everything given back afterwards."""
    with contextlib.ExitStack() as made:

        def make(*arguments: Any) -> Made:
            one = set_up(*arguments)
            made.callback(one.arena.close)
            return one

        yield make


@pytest.fixture
def stand() -> Iterator[Callable[..., Stand]]:
    """`set_up_all`, and everything given back afterwards."""
    yield from giving_back(set_up_all)


@pytest.fixture
def bench() -> Iterator[Callable[..., Bench]]:
    """`set_up`, and everything given back afterwards."""
    yield from giving_back(set_up)
