"""The message shapes without a runtime: forked processes and one kind of channel.

The same small programs run over bare rings, `multiprocessing.Pipe` and `multiprocessing.Queue`.
Each node of a shape is a process that waits for a number of messages to handle, handles them,
checks what came, and says so; a run lasts from the order to the last answer.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.channels import make_ring
from benchmarks.measure import Contender, Run, expect
from benchmarks.processes import noise

Send = Callable[[np.ndarray], Any]
Recv = Callable[[], np.ndarray]
Program = Callable[[int], bool]
"""Handle that many messages; True if they were the right ones."""


@dataclass(frozen=True)
class Kind:
    """A kind of channel: ``link(size, n)`` makes one from a sender to `n` receivers."""

    name: str
    link: Callable[[int, int], tuple[Send, list[Recv]]]


def _ring_link(size: int, n_readers: int) -> tuple[Send, list[Recv]]:
    writer, readers = make_ring(size, n_readers)
    return writer.send, [reader.recv for reader in readers]


def _pipe_link(size: int, n_readers: int) -> tuple[Send, list[Recv]]:
    pairs = [multiprocessing.Pipe(duplex=False) for _ in range(n_readers)]

    def recv_from(end: Any) -> Recv:
        return lambda: np.frombuffer(end.recv_bytes())

    def send(message: np.ndarray) -> None:
        for _, end in pairs:
            end.send_bytes(message.data)

    return send, [recv_from(end) for end, _ in pairs]


def _queue_link(size: int, n_readers: int) -> tuple[Send, list[Recv]]:
    queues: list[Any] = [multiprocessing.get_context("fork").Queue() for _ in range(n_readers)]

    def send(message: np.ndarray) -> None:
        for queue in queues:
            queue.put(message.copy())  # a thread pickles it later

    return send, [queue.get for queue in queues]


RING = Kind("bare ring", _ring_link)
PIPE = Kind("multiprocessing.Pipe", _pipe_link)
QUEUE = Kind("multiprocessing.Queue", _queue_link)


# --- programs of the nodes ----------------------------------------------------------------------


def sender(send: Send, size: int, factor: float = 1.0) -> Program:
    """Send 1, 2, … times `factor`."""
    message = noise(size)

    def program(count: int) -> bool:
        for number in range(1, count + 1):
            message[0] = number * factor
            send(message)
        return True

    return program


def receiver(recvs: Sequence[Recv], factor: float = 1.0) -> Program:
    """Receive from all in turn and add up."""

    def program(count: int) -> bool:
        total = 0.0
        for _ in range(count):
            for recv in recvs:
                total += recv()[0]
        return bool(total == factor * count * (count + 1) / 2)

    return program


def relay(recv: Recv, send: Send) -> Program:
    """Send on what comes."""

    def program(count: int) -> bool:
        for _ in range(count):
            send(recv())
        return True

    return program


def starter(send: Send, recv: Recv, size: int) -> Program:
    """Send a number round and insist that it comes back, before the next."""
    message = noise(size)

    def program(count: int) -> bool:
        for number in range(count):
            message[0] = number
            send(message)
            if recv()[0] != number:
                return False
        return True

    return program


# --- shapes -------------------------------------------------------------------------------------


def fan_out(kind: Kind, size: int, n_readers: int) -> Contender:
    """One sender, `n_readers` receivers, every message to all."""

    def programs() -> list[Program]:
        send, recvs = kind.link(size, n_readers)
        return [sender(send, size), *(receiver([recv]) for recv in recvs)]

    return crew(kind.name, programs)


def fan_in(kind: Kind, size: int, n_senders: int) -> Contender:
    """`n_senders` senders, one receiver that takes one message of each in turn."""

    def programs() -> list[Program]:
        links = [kind.link(size, 1) for _ in range(n_senders)]
        total = n_senders * (n_senders + 1) / 2
        sends = [sender(send, size, number) for number, (send, _) in enumerate(links, 1)]
        return [*sends, receiver([recvs[0] for _, recvs in links], total)]

    return crew(kind.name, programs)


def diamond(kind: Kind, size: int) -> Contender:
    """A sender, two that pass on, and a receiver of both."""

    def programs() -> list[Program]:
        send, (left, right) = kind.link(size, 2)
        left_send, left_recvs = kind.link(size, 1)
        right_send, right_recvs = kind.link(size, 1)
        return [
            sender(send, size),
            relay(left, left_send),
            relay(right, right_send),
            receiver([left_recvs[0], right_recvs[0]], 2.0),
        ]

    return crew(kind.name, programs)


def ring(kind: Kind, size: int, n_nodes: int) -> Contender:
    """`n_nodes` in a circle pass one message round; with two nodes it is a ping-pong."""

    def programs() -> list[Program]:
        links = [kind.link(size, 1) for _ in range(n_nodes)]
        first = starter(links[0][0], links[-1][1][0], size)
        others = pairwise(links)
        return [first, *(relay(before[1][0], after[0]) for before, after in others)]

    return crew(kind.name, programs)


# --- processes ----------------------------------------------------------------------------------


def crew(name: str, programs: Callable[[], list[Program]]) -> Contender:
    """Processes that run programs together, as a contender."""

    @contextmanager
    def running() -> Iterator[Run]:
        controls, pids = [], []
        try:
            for program in programs():
                control, theirs = multiprocessing.Pipe()
                pids.append(_fork(program, theirs))
                theirs.close()
                controls.append(control)

            def run(count: int) -> float:
                started = perf_counter()
                for control in controls:
                    control.send(count)
                answers = [control.recv() for control in controls]
                taken = perf_counter() - started
                expect(all(answers), f"{name}: a receiver did not get what was sent")
                return taken

            expect(run(10) > 0, f"{name}: no time went by")
            yield run
        finally:
            for control in controls:
                control.send(0)
                control.close()
            for pid in pids:
                os.waitpid(pid, 0)

    return Contender(name, running, forks=True)


def _fork(program: Program, control: Any) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: never outlive the parent
        while os.getppid() == parent and (count := control.recv()):
            control.send(program(count))
    finally:
        os._exit(0)
    return 0  # not reached; type checkers do not know
