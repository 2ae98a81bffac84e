"""Two actors that only compute, against the same work done by one process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import numpy as np

from benchmarks.measure import Case, Contender, Run, expect
from benchmarks.processes import Check, actors
from lava_actor import (
    AbstractProcess,
    LavaPyType,
    LoihiProtocol,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    Var,
    implements,
    tag,
)
from lava_actor.process.ports.ports import InPort, OutPort

BLOCKS = 100
DIGEST = hashlib.sha256().digest_size


def work(seed: bytes) -> bytes:
    """About 100 µs that stay in the caches."""
    block = seed * 64
    for _ in range(BLOCKS):
        block = hashlib.sha256(block).digest() * 64
    return block[:DIGEST]


def work_on(digest: np.ndarray) -> np.ndarray:
    """`work` on an array of bytes."""
    return np.frombuffer(work(digest.astype(np.uint8).tobytes()), np.uint8).astype(float)


class Miner(AbstractProcess):
    """Works on its own digest and tells the other about it."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.inp = InPort(shape=(1,))
        self.out = OutPort(shape=(1,))
        self.digest = Var(shape=(DIGEST,), init=seed)


@implements(proc=Miner, protocol=LoihiProtocol)
@tag("floating_pt")
class PyMiner(PyLoihiProcessModel):
    """Send, work, receive."""

    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    digest: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self) -> None:
        """One unit of work."""
        self.out.send(self.digest[:1])
        self.digest = work_on(self.digest)
        self.inp.recv()


def build() -> tuple[Miner, Check]:
    """Two actors that exchange a number per step."""
    miners = [Miner(1), Miner(2)]
    miners[0].out.connect(miners[1].inp)
    miners[1].out.connect(miners[0].inp)
    wanted = [np.full(DIGEST, 1.0), np.full(DIGEST, 2.0)]
    done = 0

    def check(steps: int) -> None:
        nonlocal done
        for _ in range(steps - done):
            wanted[:] = [work_on(digest) for digest in wanted]
        done = steps
        for miner, digest in zip(miners, wanted, strict=True):
            expect(np.array_equal(miner.digest.get(), digest), f"another digest at step {steps}")

    return miners[0], check


def alone() -> Contender:
    """The same in one process."""

    @contextmanager
    def running() -> Iterator[Run]:
        def run(count: int) -> float:
            digests = [np.full(DIGEST, 1.0), np.full(DIGEST, 2.0)]
            started = perf_counter()
            for _ in range(count):
                digests = [work_on(digest) for digest in digests]
            return perf_counter() - started

        yield run

    return Contender("one process", running)


def cases(full: bool) -> Iterator[Case]:
    """One case; twice as fast is all there is to win."""
    yield Case("two cores", "compute-bound", "step", (actors("2 actors", build), alone()))
