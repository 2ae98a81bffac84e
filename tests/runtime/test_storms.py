"""Ctrl-C, stopped, killed and starved processes, at random moments of whatever a network does.

Each storm is counted and seeded; what fails names its seed and turn. ``LAVA_ACTOR_STORM=10`` in
the environment makes all of them ten times as long.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from lava_actor import RunContinuous, RunSteps
from lava_actor.errors import ActorDiedError, LavaActorError, RuntimeStateError
from lava_actor.proc.monitor.process import Monitor
from lava_actor.runtime.run_conditions import RunUntil
from tests.conftest import launcher_pid
from tests.runtime.networks import Counter, First, Holder, Sink

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LENGTH = int(os.environ.get("LAVA_ACTOR_STORM", "1"))
LARGE = (300_000,)


class Network:
    """Counts and adds up."""

    def __init__(self) -> None:
        self.counter, self.sink = Counter(name="counter"), Sink(name="sink")
        self.counter.out.connect(self.sink.inp)

    @property
    def alive(self) -> bool:
        return self.counter.runtime is not None and self.counter.runtime.is_alive

    def run(self, *args: Any) -> None:
        self.counter.run(*args)

    def check(self) -> int:
        """What is known of the state between two steps; the number of steps."""
        if not self.counter.runtime._is_started:
            return 0  # Ctrl-C came when all actors were there, and before their first run
        self.counter.pause()
        count = int(self.counter.count.get()[0])
        assert int(self.sink.received.get()[0]) == count
        assert int(self.sink.total.get()[0]) == count * (count + 1) // 2
        return count


# --- Ctrl-C ------------------------------------------------------------------------------------


class OverTimeError(Exception):
    """What a program's own limit of time raises."""


class Interrupter:
    """A process that sends us a signal, so that what it raises comes between any two instructions."""

    PROGRAM = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
for line in sys.stdin:
    time.sleep(float(line))
    os.kill(os.getppid(), int(sys.argv[1]))
    print(flush=True)
"""

    def __init__(self, number: int = signal.SIGINT) -> None:
        self._armed = False
        self._number = number
        self._raises = KeyboardInterrupt if number == signal.SIGINT else OverTimeError
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", self.PROGRAM, str(int(number))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._before = signal.signal(number, self._handle)

    def _handle(self, number: int, frame: Any) -> None:
        if self._armed:
            self._armed = False
            raise self._raises

    def during(self, operation: Callable[[], Any], after: float) -> bool:
        """Whether the operation was interrupted ``after`` so many seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        interrupted = False
        self._process.stdin.write(f"{after}\n")
        self._process.stdin.flush()
        try:
            try:
                self._armed = True
                operation()
            finally:
                self._armed = False
        except self._raises:
            interrupted = True
        self._process.stdout.readline()  # the signal has been sent
        return interrupted

    def close(self) -> None:
        signal.signal(self._number, self._before)
        self._process.kill()
        self._process.communicate()


@pytest.fixture(params=[signal.SIGINT, signal.SIGALRM], ids=["SIGINT", "SIGALRM"])
def interrupter(request: pytest.FixtureRequest) -> Iterator[Interrupter]:
    interrupter = Interrupter(request.param)
    yield interrupter
    interrupter.close()


Operation = Callable[[Network, Path], Any]


def _running(network: Network) -> None:
    network.run(RunSteps(3), First())


def _run_on(network: Network) -> None:
    _running(network)
    network.run(RunContinuous())


def _until(network: Network, *, blocking: bool) -> RunUntil:
    goal = int(network.counter.count.get()[0]) + 5
    return RunUntil(lambda: network.counter.count.get()[0] >= goal, blocking=blocking)


def _run_and_wait(network: Network, condition: Any) -> None:
    network.run(condition)
    network.counter.wait()


#: What comes before, what is interrupted, and whether the network is there afterwards.
OPERATIONS: dict[str, tuple[Callable[[Network], Any], Operation, bool]] = {
    "compile": (
        lambda n: None,
        lambda n, f: [*(Network().counter.compile(First()) for _ in range(20)),
                      n.counter.compile(First())],
        False,
    ),
    "start": (lambda n: None, lambda n, f: n.run(RunSteps(2), First()), False),
    "run": (_running, lambda n, f: n.run(RunSteps(400)), True),
    "run and wait": (
        _running, lambda n, f: _run_and_wait(n, RunSteps(400, blocking=False)), True,
    ),
    "run on": (
        # One takes less time than a signal.
        _running, lambda n, f: [(n.run(RunContinuous()), n.counter.pause()) for _ in range(10)],
        True,
    ),
    "pause": (_run_on, lambda n, f: n.counter.pause(), True),
    "get": (_run_on, lambda n, f: [n.counter.count.get() for _ in range(10)], True),
    "set": (_run_on, lambda n, f: [n.sink.last.set(i) for i in range(10)], True),
    "reset": (_run_on, lambda n, f: n.counter.reset(), False),
    "save": (_running, lambda n, f: n.counter.save(f, trusted=True), True),
    "load": (
        _running, lambda n, f: (n.counter.save(f, trusted=True), n.counter.load(f, trusted=True)),
        True,
    ),
    "stop": (_run_on, lambda n, f: n.counter.stop(), False),
    "run until": (_running, lambda n, f: n.run(_until(n, blocking=True)), True),
    "wait until": (
        _running, lambda n, f: _run_and_wait(n, _until(n, blocking=False)), True,
    ),
}  # fmt: skip


# An interrupt that comes inside a finalizer is lost: Python prints it.
LOSES = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@LOSES
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_interrupted_network_is_whole_or_has_ended_and_the_next_one_works(
    name: str, interrupter: Interrupter, tmp_path: Path
) -> None:
    before, operation, stays = OPERATIONS[name]
    file = tmp_path / "network.lava"
    rng = random.Random(name)
    n_interrupted, duration = 0, 0.0
    for turn in range(25 * LENGTH):
        network = Network()
        try:
            before(network)
            if not duration:  # the first is not interrupted
                began = time.monotonic()
                operation(network, file)
                duration = time.monotonic() - began
                continue
            n_interrupted += interrupter.during(
                lambda n=network: operation(n, file),  # type: ignore[misc]
                rng.random() * 1.1 * duration,
            )
            if network.alive:
                count = network.check()
                network.run(RunSteps(2))
                assert network.check() == count + 2
            else:
                assert not stays
                network.run(RunSteps(2), First())
                assert network.check() >= 2
        except BaseException as error:
            error.add_note(f"storm {name!r}, turn {turn}")
            raise
        finally:
            network.counter.stop()
    assert n_interrupted


@LOSES
def test_an_interrupted_set_of_a_large_array_is_done_or_not_and_nothing_in_between(
    interrupter: Interrupter,
) -> None:
    rng = random.Random(1)
    with Holder(init=0.0, shape=LARGE, name="holder") as holder:
        holder.run(RunSteps(1), First())
        began = time.monotonic()
        holder.value.set(0.0)
        holder.value.get()
        duration = time.monotonic() - began
        for turn in range(1, 300 * LENGTH):
            interrupter.during(
                lambda number=turn: (holder.value.set(number), holder.value.get()),  # type: ignore[misc]
                rng.random() * duration,
            )
            values = np.unique(holder.value.get())
            assert len(values) == 1, f"turn {turn}: {values}"
            assert values[0] in (turn - 1, turn), f"turn {turn}: {values}"
            holder.value.set(turn)
        holder.run(RunSteps(2))


# --- stopped and killed ------------------------------------------------------------------------


def family() -> dict[str, list[psutil.Process]]:
    """Who lives below this interpreter, by what they are."""
    launcher = psutil.Process(launcher_pid())
    services = launcher.children()
    return {
        "launcher": [launcher],
        "service": services,
        "actor": [actor for service in services for actor in service.children()],
    }


@pytest.mark.parametrize("seed", range(3))
def test_whoever_is_stopped_for_a_while_all_goes_on_and_comes_out_right(seed: int) -> None:
    rng = random.Random(seed)
    network = Network()
    monitor = Monitor()
    monitor.probe(network.sink.last, num_steps=100_000)
    with network.counter:
        network.run(RunSteps(1), First())
        everybody = [p for kind in family().values() for p in kind]
        for turn in range(15 * LENGTH):
            stopped = rng.sample(everybody, rng.randint(1, len(everybody)))
            network.run(RunContinuous())
            for process in stopped:
                time.sleep(rng.random() * 0.02)
                process.send_signal(signal.SIGSTOP)
            release = threading.Timer(rng.choice((0.05, 0.3, 1.5)), _continue, [stopped])
            release.start()
            try:
                for _ in range(rng.randint(0, 3)):
                    network.counter.count.get()
                network.check()
            except LavaActorError as error:
                error.add_note(f"seed {seed}, turn {turn}")
                raise
            finally:
                release.join()
                _continue(stopped)


def _continue(stopped: list[psutil.Process]) -> None:
    for process in stopped:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGCONT)


#: What may be on while somebody is killed.
BUSY: list[Callable[[Network], Any]] = [
    lambda n: n.run(RunSteps(100_000)),
    lambda n: [n.counter.count.get() for _ in range(100_000)],
    lambda n: [n.sink.last.set(7) for _ in range(100_000)],
    lambda n: [(n.run(RunContinuous()), n.counter.pause()) for _ in range(100_000)],
    lambda n: n.run(RunUntil(lambda: n.counter.count.get()[0] < 0)),
    lambda n: [n.counter.reset() for _ in range(100_000)],
]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", ["actor", "service", "launcher"])
def test_whoever_is_killed_in_whatever_is_going_on_is_one_error_and_the_next_network_works(
    kind: str, seed: int
) -> None:
    rng = random.Random(f"{kind} {seed}")
    for turn in range(12 * LENGTH):
        network = Network()
        busy = rng.randrange(len(BUSY))
        try:
            network.run(RunSteps(1), First())
            victim = rng.choice(family()[kind])
            killer = threading.Timer(rng.random() * 0.1, victim.kill)
            killer.start()
            try:
                with pytest.raises((ActorDiedError, RuntimeStateError)) as caught:
                    BUSY[busy](network)
                first = str(caught.value)
                if isinstance(caught.value, RuntimeStateError):
                    with contextlib.suppress(RuntimeStateError):
                        network.counter.wait()
            except ActorDiedError as error:
                first += str(error)
            finally:
                killer.join()
            assert ("the launcher has died" if kind == "launcher" else "SIGKILL") in first, first
            assert not network.alive
            network.run(RunSteps(2), First())
            assert network.check() == 2
        except BaseException as error:
            error.add_note(f"kind {kind}, seed {seed}, turn {turn}, operation {busy}")
            raise
        finally:
            network.counter.stop()


# --- everybody at once -------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_threads_that_call_everything_at_once_get_answers_or_errors_and_the_state_is_whole(
    seed: int,
) -> None:
    network = Network()
    network.run(RunSteps(1), First())
    wrong: list[str] = []

    def call(number: int) -> None:
        rng = random.Random(f"{seed} {number}")
        calls: list[Callable[[], Any]] = [
            lambda: network.run(RunSteps(rng.randint(0, 50))),
            lambda: network.run(RunSteps(rng.randint(0, 50), blocking=False)),
            lambda: network.run(RunUntil(lambda: True, 3, blocking=rng.random() < 0.5)),
            network.counter.pause,
            lambda: network.counter.wait(0.01),
            network.counter.count.get,
            lambda: network.sink.last.set(3),
            network.counter.runtime.status,
            network.counter.runtime.statistics,
        ]
        for turn in range(150 * LENGTH):
            which = rng.randrange(len(calls))
            try:
                calls[which]()
            except (RuntimeStateError, TimeoutError):
                continue
            except BaseException as error:  # noqa: BLE001  (told by the main thread)
                wrong.append(f"thread {number}, turn {turn}, call {which}: {error!r}")

    threads = [threading.Thread(target=call, args=[i]) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, (seed, wrong)
    network.check()
    network.counter.stop()


@pytest.mark.parametrize("seed", range(3))
def test_threads_that_stop_a_network_under_others_leave_it_stopped_and_able_to_start(
    seed: int,
) -> None:
    for turn in range(10 * LENGTH):
        rng = random.Random(f"{seed} {turn}")
        network = Network()
        network.run(RunSteps(1), First())
        runtime = network.counter.runtime
        wrong: list[str] = []
        calls: list[Callable[[], Any]] = [
            lambda n=network: n.counter.runtime.start(RunSteps(10**9)),  # type: ignore[misc]
            lambda n=network: [n.counter.count.get() for _ in range(10**6)],  # type: ignore[misc]
            lambda n=network: [n.counter.reset() for _ in range(10**6)],  # type: ignore[misc]
            lambda n=network: [n.counter.pause() or n.counter.runtime.status()  # type: ignore[misc]
                               for _ in range(10**6) if n.alive],
        ]  # fmt: skip

        def body(call: Callable[[], Any], wrong: list[str] = wrong) -> None:
            try:
                call()
            except RuntimeStateError:
                pass
            except BaseException as error:  # noqa: BLE001  (told by the main thread)
                wrong.append(repr(error))

        threads = [threading.Thread(target=body, args=[call]) for call in calls]
        for thread in threads:
            thread.start()
        time.sleep(rng.random() * 0.05)
        runtime.stop()
        for thread in threads:
            thread.join()
        assert not wrong, (seed, turn, wrong)
        assert not network.alive
        network.run(RunSteps(2), First())
        assert network.check() == 2
        network.counter.stop()


# --- starved -----------------------------------------------------------------------------------


def test_a_network_beside_endless_loops_is_late_and_right(caplog: pytest.LogCaptureFixture) -> None:
    loops = [
        subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
        for _ in range(2 * len(os.sched_getaffinity(0)))
    ]
    try:
        for _ in range(4 * LENGTH):
            network = Network()
            monitor = Monitor()
            monitor.probe(network.sink.total, num_steps=60)
            with network.counter:
                network.run(RunSteps(30), First())
                network.run(RunSteps(30, blocking=False))
                network.counter.count.get()
                network.counter.pause()
                network.run(RunSteps(60 - network.check()))
                seen = monitor.get_data()["sink"]["total"].ravel()
            assert seen.tolist() == [n * (n + 1) // 2 for n in range(1, 61)]
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
    assert not caplog.records
