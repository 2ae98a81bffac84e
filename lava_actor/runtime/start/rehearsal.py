"""What every actor does, done once where it costs nothing: in the launcher, while it waits.

Python learns while it runs. It notes which class an attribute was found in, specialises the code of
functions, fills tables on first use. A forked process that learns writes to memory it shares with
its parent, and the kernel copies each page it writes to. What the launcher has learned, no actor
has to: a rehearsed actor starts with a third fewer copied pages.

So the launcher plays two actors, one after the other, in its only thread: one sends, one receives,
both end after a step because the arena was told to end before they began. Nothing of the rehearsal
remains but the experience: streams, log handlers and generators are put back as they were.
"""

from __future__ import annotations

import contextlib
import logging
import os
import random
import sys
from collections.abc import Iterator
from functools import partial

import numpy as np

from lava_actor.channels import Arena
from lava_actor.channels.pipe import Pipe
from lava_actor.compiler.compiler import Compiler
from lava_actor.compiler.run_configs import Loihi2SimCfg
from lava_actor.model.decorator import implements, requires
from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.resources import CPU
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.types import LavaPyType
from lava_actor.process import AbstractProcess, InPort, OutPort, Var
from lava_actor.protocol import words
from lava_actor.runtime.actor.actor import Actor
from lava_actor.runtime.start.serialize import specify

#: Python specialises a function after this many calls (8 in CPython 3.11), ports have two ends.
TIMES = 6


class Player(AbstractProcess):
    """Sends what it has and adds what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.inp = InPort(shape=(4,))
        self.out = OutPort(shape=(4,))
        self.total = Var(shape=(4,), init=0.0)
        self.length = Var(shape=(1,), init=4)


@implements(proc=Player, protocol=LoihiProtocol)
@requires(CPU)
class PyPlayer(PyLoihiProcessModel):
    """Model of `Player`."""

    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    total: np.ndarray = LavaPyType(np.ndarray, float)
    length: int = LavaPyType(int, int)

    def run_spk(self) -> None:
        """Send, then receive if anybody sent."""
        self.out.send(self.total)
        if self.inp.probe():
            self.total = self.total + self.inp.recv()


def rehearse() -> None:
    """Play actors until the interpreter knows the piece."""
    with _as_it_was():
        for _ in range(TIMES):
            play()


def play() -> list[int]:
    """Let both actors live; returns how many steps each has done."""
    first, second = Player(), Player()
    first.out.connect(second.inp)
    executable = Compiler().compile(first, Loihi2SimCfg())
    arena = Arena.create(executable.arena)
    clock = arena.domain(words.CLOCK)
    clock.limit = words.NO_LIMIT
    clock.fence = 1
    clock.raise_horizon(1)
    arena.abort(1)  # noticed by whoever would wait: at the end of the only step
    wake_up = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    try:
        for plan in executable.actors:
            service, pipe = Pipe.pair()
            with contextlib.closing(service):
                Actor(
                    plan.name, plan.party, partial(specify, plan, seed=0), arena, pipe,
                    executable.schedule, None, len(executable.arena.parties) - 1, wake_up,
                    domain_index=0, own_process=True,
                ).main()  # fmt: skip
        return [arena.party(plan.party).done for plan in executable.actors]
    finally:
        os.close(wake_up)
        arena.close()


@contextlib.contextmanager
def _as_it_was() -> Iterator[None]:
    root, library = logging.getLogger(), logging.getLogger("lava_actor")
    streams: tuple[object, object] = sys.stdout, sys.stderr
    handlers = [(logger, list(logger.handlers)) for logger in (root, library)]
    propagate = library.propagate
    of_python, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  (actors seed it)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
        library.propagate = propagate
        for logger, before in handlers:
            logger.handlers[:] = before
        random.setstate(of_python)
        np.random.set_state(of_numpy)  # noqa: NPY002  (see above)
