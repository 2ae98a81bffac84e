"""What a message costs between two processes: rings against memcpy and multiprocessing's pipes.

Every measurement checks what arrived. Compared things are measured in turns within the same
minute, and the best of the rounds counts, as the machine is rarely alone; the ratio is what to
look at, not the single number.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable

import numpy as np

from lava_actor.channels import (
    Arena,
    RingReader,
    RingRequest,
    RingWriter,
    choose_policy,
    plan_arena,
)

MEGABYTE = 1_000_000


def make_ring(size: int, n_readers: int) -> tuple[RingWriter, list[RingReader]]:
    """Make a ring of float64 messages of `size` elements."""
    readers = tuple(range(1, n_readers + 1))
    names = tuple(f"reader {i}" for i in readers)
    request = RingRequest("bench", (size,), "<f8", False, None, 0, readers, names)
    arena = Arena.create(plan_arena(("writer", *names), [], [request]))
    policy = choose_policy(1 + n_readers)
    for i in range(1 + n_readers):
        policy.apply(arena.party(i))
    ends = arena.writer(0), [arena.reader(0, i) for i in range(n_readers)]
    arena.close()
    return ends


def fork(work: Callable[[], bool]) -> int:
    """Run `work` in a process of its own; it succeeds if `work` returns True."""
    pid = os.fork()
    if pid == 0:
        ok = False
        try:
            ok = work()
        finally:
            os._exit(0 if ok else 1)
    return pid


def join(pids: list[int]) -> None:
    """Wait for processes and insist that each found what it expected."""
    for pid in pids:
        status = os.waitpid(pid, 0)[1]
        if status:
            sys.exit("benchmark: a receiver did not get what was sent")


def through_ring(size: int, count: int, n_readers: int = 1) -> float:
    """Seconds per message through a ring to `n_readers` processes."""
    writer, readers = make_ring(size, n_readers)
    message = np.random.default_rng(0).random(size)

    def receive(reader: RingReader) -> bool:
        last = reader.recv()
        for _ in range(count):
            last = reader.recv()
        return np.array_equal(last, message) and reader.received == count + 1

    pids = [fork(lambda reader=reader: receive(reader)) for reader in readers]
    writer.send(message)
    while readers[0].available() and writer.free < writer.depth:
        os.sched_yield()  # both sides are up and running before the clock starts
    start = time.perf_counter()
    for _ in range(count):
        writer.send(message)
    join(pids)
    return (time.perf_counter() - start) / count


def through_pipe(size: int, count: int) -> float:
    """Seconds per message through a multiprocessing pipe, raw bytes, no pickling."""
    source, target = multiprocessing.Pipe()
    message = np.random.default_rng(0).random(size)

    def receive() -> bool:
        last = np.empty(0)
        for _ in range(count):
            last = np.frombuffer(target.recv_bytes())
        return np.array_equal(last, message)

    pid = fork(receive)
    start = time.perf_counter()
    for _ in range(count):
        source.send_bytes(message)
    join([pid])
    elapsed = time.perf_counter() - start
    source.close()
    target.close()
    return elapsed / count


def round_trip(count: int) -> float:
    """Seconds for one number to go to another process and come back."""
    there, there_ends = make_ring(1, 1)
    back, back_ends = make_ring(1, 1)

    def echo() -> bool:
        for _ in range(count):
            back.send(there_ends[0].recv())
        return True

    pid = fork(echo)
    number = np.zeros(1)
    start = time.perf_counter()
    for i in range(count):
        number[0] = i
        there.send(number)
        if back_ends[0].recv()[0] != i:
            sys.exit("benchmark: another number came back")
    elapsed = time.perf_counter() - start
    join([pid])
    return elapsed / count


def copy_loop(size: int, count: int) -> float:
    """Seconds to copy a message from one array to another in one process."""
    source = np.random.default_rng(0).random(size)
    target = np.empty_like(source)
    start = time.perf_counter()
    for _ in range(count):
        np.copyto(target, source)
    elapsed = time.perf_counter() - start
    if not np.array_equal(source, target):
        sys.exit("benchmark: the copy differs")
    return elapsed / count


def copy_twice_loop(size: int, count: int) -> float:
    """Seconds per message to copy it into a slot and out of it into a new array."""
    source = np.random.default_rng(0).random(size)
    slots = [np.empty_like(source), np.empty_like(source)]
    last = source
    start = time.perf_counter()
    for i in range(count):
        np.copyto(slots[i % 2], source)
        last = slots[i % 2].copy()
    elapsed = time.perf_counter() - start
    if not np.array_equal(source, last):
        sys.exit("benchmark: the copy differs")
    return elapsed / count


def best_of(rounds: int, *runs: Callable[[], float]) -> list[float]:
    """Run all in turns and return the best of each."""
    results = [[run() for run in runs] for _ in range(rounds)]
    return [min(column) for column in zip(*results, strict=True)]


def main(full: bool = False) -> None:
    """Run all benchmarks; `full` takes more rounds and messages."""
    rounds, count = (7, 400_000) if full else (3, 100_000)
    cores = len(os.sched_getaffinity(0))
    print(
        f"{platform.machine()}, {cores} cores, load {os.getloadavg()[0]:.2f}, "
        f"Python {platform.python_version()}, NumPy {np.__version__}"
    )
    print("\none writer, one reader: µs per message")
    for size in (1, 4, 16, 64, 128):
        ring, pipe = best_of(
            rounds,
            lambda size=size: through_ring(size, count),
            lambda size=size: through_pipe(size, count // 10),
        )
        print(
            f"  {8 * size:6d} bytes   ring {ring * 1e6:6.2f}   pipe {pipe * 1e6:6.2f}   "
            f"ratio {pipe / ring:5.1f}"
        )
    print("\none writer, several readers: µs per message, all readers served")
    one = 0.0
    for n_readers in (1, 2, 4):
        (ring,) = best_of(rounds, lambda n=n_readers: through_ring(16, count // 4, n))
        one = one or ring
        print(f"  {n_readers} readers     {ring * 1e6:6.2f}   {ring / one:4.1f} times one reader")
    (trip,) = best_of(rounds, lambda: round_trip(count // 10))
    print(f"\nping-pong of one number: {trip * 1e6:.2f} µs per round trip")
    print("\none megabyte: GB/s")
    size = MEGABYTE // 8
    ring, pipe, copy, twice = best_of(
        rounds,
        lambda: through_ring(size, count // 100),
        lambda: through_pipe(size, count // 400),
        lambda: copy_loop(size, count // 100),
        lambda: copy_twice_loop(size, count // 100),
    )
    for name, seconds in (
        ("ring", ring),
        ("pipe", pipe),
        ("memcpy", copy),
        ("memcpy in and out", twice),
    ):
        print(
            f"  {name:18s} {MEGABYTE / seconds / 1e9:6.2f}   "
            f"ring is at {100 * seconds / ring:4.0f} % of it"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="more rounds, more messages")
    main(parser.parse_args().full)
