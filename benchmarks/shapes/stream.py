"""Stream: items from the user's program through Injector, Dense, LIF, Extractor and back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import numpy as np

from benchmarks.measure import Case, Contender, Run, expect
from benchmarks.processes import CONFIG
from lava_actor import RunContinuous
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.extractor import Extractor
from lava_actor.proc.io.injector import Injector
from lava_actor.proc.lif.process import LIF

SIZE = 10


def streaming(buffer_size: int, *, ahead: bool) -> Contender:
    """One thread sends and one receives, or (not ``ahead``) each item is awaited before the next.

    Every item drives as many neurons above threshold as its number says, modulo the size.
    """

    @contextmanager
    def opened() -> Iterator[Run]:
        source = Injector(shape=(SIZE,), buffer_size=buffer_size)
        sink = Extractor(shape=(SIZE,), buffer_size=buffer_size)
        connection = Dense(weights=np.eye(SIZE))
        cells = LIF(shape=(SIZE,), du=1.0, dv=1.0, vth=0.5)
        source.out_port.connect(connection.s_in)
        connection.a_out.connect(cells.a_in)
        cells.s_out.connect(sink.in_port)
        items = [(np.arange(SIZE) < number).astype(float) for number in range(SIZE)]
        before = np.zeros(SIZE)  # a connection takes a step

        def send(count: int) -> None:
            for number in range(count):
                source.send(items[number % SIZE])

        def run(count: int) -> float:
            nonlocal before
            sender = threading.Thread(target=send, args=(count,))
            wrong = 0
            started = perf_counter()
            if ahead:
                sender.start()
            for number in range(count):
                if not ahead:
                    source.send(items[number % SIZE])
                wrong += not np.array_equal(sink.receive(), before)
                before = items[number % SIZE]
            taken = perf_counter() - started
            if ahead:
                sender.join()
            expect(not wrong, f"{wrong} of {count} items came back as something else")
            return taken

        with cells:
            cells.create_runtime(CONFIG)
            cells.run(RunContinuous())
            yield run

    return Contender("ahead" if ahead else "one at a time", opened)


def cases(full: bool) -> Iterator[Case]:
    """A small and a large buffer."""
    for buffer_size in (5, 50):
        yield Case(
            shape="stream",
            name=f"buffer of {buffer_size} items",
            unit="item",
            contenders=(
                streaming(buffer_size, ahead=True),
                streaming(buffer_size, ahead=False),
            ),
        )
