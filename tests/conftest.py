"""What holds for every test: nothing it started, opened or mapped outlives it.

The fixture below is always on. It takes an inventory before and after each test: child processes
(of any depth), descriptors of this interpreter, names in ``/dev/shm``, threads. The runtime keeps
one helper interpreter, the launcher, alive between networks; it is started before the first
inventory and is the one child that may stay.

Ends are asynchronous (a killed process takes a moment to disappear), so the inventory is repeated
until it balances; only what is still there after `GRACE` seconds is a leak. A test that passes
never waits.
"""

from __future__ import annotations

import compileall
import gc
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from lava_actor.runtime.start import launcher
from tests import cases  # noqa: F401  (it sets how many cases there are)

# A shell starts what it sends into the background deaf to Ctrl-C, which many tests are about.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

GRACE = 30.0
"""Seconds that a process, descriptor, segment or thread gets to disappear after its test."""


@dataclass(frozen=True)
class Inventory:
    """What this interpreter holds at one moment."""

    processes: frozenset[int]
    """Everything that runs on this machine: whose child a new one is shows when there is one."""
    descriptors: Counter[str]
    """How many descriptors refer to which kind of thing."""
    segments: frozenset[str]
    threads: frozenset[threading.Thread]
    tasks: frozenset[int]
    """What the system runs of this interpreter, by native thread id.

    A Thread may be new where what it stands for is not: the thread in which the test runner talks
    with its workers gets a dummy Thread once it runs a finalizer that asks for its own.
    """

    @staticmethod
    def take() -> Inventory:
        """Count everything."""
        threads = frozenset(threading.enumerate())
        tasks = frozenset(map(int, os.listdir("/proc/self/task")))
        return Inventory(_processes(), _descriptors(), _segments(), threads, tasks)

    def leaks_since(self, before: Inventory, allowed_pid: int) -> list[str]:
        """Name all that is here now and was not `before`, but for one process."""
        leaks = [
            f"process {_describe(pid)}"
            for pid in self.processes - before.processes
            if pid != allowed_pid and _is_ours(pid)
        ]
        total, allowed = self.descriptors.total(), before.descriptors.total()
        if total > allowed:
            more = (self.descriptors - before.descriptors).items()
            kinds = ", ".join(f"{count} x {kind}" for kind, count in more)
            leaks.append(f"{total - allowed} descriptors more than before: {kinds}")
        new = self.segments - before.segments
        if new:  # other programs of this user come and go as well
            new = (new - _segments_of_others()) & _segments()
        leaks += [f"shared memory /dev/shm/{name}" for name in new]
        tasks = self.tasks - before.tasks
        leaks += [f"thread {t!r}" for t in self.threads - before.threads if t.native_id in tasks]
        return leaks


def _processes() -> frozenset[int]:
    return frozenset(int(entry) for entry in os.listdir("/proc") if entry.isdigit())


def _is_ours(pid: int) -> bool:
    """Whether a process is this interpreter or descends from it."""
    while pid > 1:
        if pid == os.getpid():
            return True
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except OSError:  # it has ended
            return False
        pid = int(stat.rpartition(")")[2].split()[1])
    return False


def _descriptors() -> Counter[str]:
    kinds: Counter[str] = Counter()
    for entry in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{entry}")
        except FileNotFoundError:  # the descriptor that listed the folder
            continue
        kinds[target.split(":[")[0]] += 1
    return kinds


def _segments() -> frozenset[str]:
    folder = Path("/dev/shm")
    if not folder.is_dir():
        return frozenset()
    mine = set()
    for entry in folder.iterdir():
        try:
            if entry.stat().st_uid == os.getuid():
                mine.add(entry.name)
        except FileNotFoundError:
            continue
    return frozenset(mine)


def _segments_of_others() -> set[str]:
    """Segments that a process maps which neither this interpreter nor a descendant of it is."""
    found = set()
    for pid in _processes():
        if _is_ours(pid):
            continue
        try:
            maps = Path(f"/proc/{pid}/maps").read_text(errors="replace")
        except OSError:  # it has ended, or is not ours to look at
            continue
        for line in maps.splitlines():
            _, slash, name = line.partition(" /dev/shm/")
            if slash:
                found.add(name.removesuffix(" (deleted)"))
    return found


def _describe(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        status = process.status()
        zombie = status == psutil.STATUS_ZOMBIE  # it has no command line any more
        command = process.name() if zombie else " ".join(process.cmdline())
        return f"{pid} ({status}: {command})"
    except psutil.NoSuchProcess:
        return f"{pid} (just ended)"


os.environ[launcher.WARM_VARIABLE] = "0"  # or tests find a process more where imports are slow


TOOLS = {"hypothesis.extra.numpy", "psutil", "pytest"}
"""What modules of tests import and is not theirs: a service would, for every network anew."""


def pytest_configure(config: pytest.Config) -> None:
    """Compile what services and scripts import: they write no compiled files, and read ours."""
    if not hasattr(config, "workerinput"):
        for folder in ("lava_actor", "tests"):
            compileall.compile_dir(config.rootpath / folder, quiet=2)
    # While tests are collected, as most of that time goes into rewriting what they assert.
    sys.dont_write_bytecode = False


def pytest_collection_finish() -> None:
    """Leave what has been collected alone: it is no garbage, and much to look through."""
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)
    gc.collect()
    gc.freeze()


def launcher_pid() -> int:
    """Start the runtime's launcher if it does not run, and return its process id."""
    running = launcher.ensure()
    running.preload(TOOLS)
    return running.process.pid


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a process, descriptor, segment or thread behind."""
    launcher_pid()
    before = Inventory.take()
    yield
    # A test may have ended the launcher; the one that takes its place is not that test's leak.
    allowed = launcher_pid()
    deadline = time.monotonic() + GRACE
    while leaks := Inventory.take().leaks_since(before, allowed):
        if time.monotonic() > deadline:
            pytest.fail(f"{request.node.nodeid} left behind: " + "; ".join(leaks), pytrace=False)
        gc.collect()  # perhaps only a reference cycle keeps it; always collecting is slow
        time.sleep(0.01)
