"""Processes of the operating system: what one does, who descends from us, how to end a family.

A model may start processes of its own, which may start others, leave their group, or lose their
parent. They stay ours all the same: the launcher and every service *adopt* whatever below them
loses its parent (``PR_SET_CHILD_SUBREAPER``), so that a process without any children left has no
descendants either. What is to be signalled is held by a pidfd while it is looked at once more, as
the number of a process that has ended may be used again.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # has no stub; without enums, in pages of their own
import contextlib
import ctypes
import os
import signal
import struct
import threading
import time
import traceback
from collections.abc import Callable, Collection
from typing import NoReturn

from lava_actor.channels.memory import human
from lava_actor.plain import plain

_VMSTAT = "/proc/vmstat"
_PR_SET_PDEATHSIG = 1
_PR_SET_TIMERSLACK = 29
_PR_SET_CHILD_SUBREAPER = 36
_prctl = ctypes.CDLL(None, use_errno=True).prctl
_syscall = ctypes.CDLL(None, use_errno=True).syscall

#: The shortest slice of a core that can be asked for, in nanoseconds.
SLICE_NS = 100_000
#: Seconds that processes which models have started get to leave after SIGTERM.
GRACE_SECONDS = 1.0
#: Seconds that killed processes get to disappear.
KILL_SECONDS = 5.0

#: States of a process that somebody has stopped, or traces.
HALTED = ("T", "t")


@plain(frozen=True)
class Look:
    """A process at one moment; ``ticks`` of the clock is what it has computed since it began."""

    pid: int
    parent: int
    state: str
    ticks: int
    started: int

    @property
    def halted(self) -> bool:
        """Stopped by a signal or a debugger."""
        return self.state in HALTED


def look(pid: int) -> Look | None:
    """What a process does; None if it is gone, or if the system does not tell."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    words = text[text.rindex(b")") + 2 :].split()
    state, parent, user, system, started = (words[i] for i in (0, 1, 11, 12, 19))
    return Look(pid, int(parent), state.decode(), int(user) + int(system), int(started))


def is_halted(pid: int) -> bool:
    """Whether somebody has stopped a process, or traces it."""
    seen = look(pid)
    return seen is not None and seen.halted


def offspring(spare: Collection[int] = ()) -> list[Look]:
    """The living descendants of this process, without those in ``spare`` and theirs."""
    children: dict[int, list[Look]] = {}
    for entry in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if entry.isdigit() and (seen := look(int(entry))) is not None:
            children.setdefault(seen.parent, []).append(seen)
    found: list[Look] = []
    queue = [os.getpid()]
    while queue:
        below = [c for c in children.get(queue.pop(), ()) if c.pid not in spare]
        found += [c for c in below if c.state not in "ZX"]
        queue += [c.pid for c in below]
    return found


def tell(seen: Look, number: int) -> None:
    """Send a signal to the very process that was looked at."""
    with contextlib.suppress(OSError):
        descriptor = os.pidfd_open(seen.pid)
        try:
            now = look(seen.pid)
            if now is not None and now.started == seen.started:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def end_offspring(reap: Callable[[], bool], spare: Collection[int] = ()) -> None:
    """End what descends from this process: SIGTERM, after a while SIGKILL until nothing is left.

    ``reap`` collects children that have ended, and says whether there are others.
    """
    for number, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        told: set[tuple[int, int]] = set()
        deadline = time.monotonic() + seconds
        while reap() and (left := offspring(spare)) and time.monotonic() < deadline:
            for seen in left:
                if (seen.pid, seen.started) not in told:
                    told.add((seen.pid, seen.started))
                    tell(seen, number)
            time.sleep(0.002)


def adopt_orphans() -> None:
    """Become the parent of whatever below this process loses its own."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def sleep_exactly() -> None:
    """Let the sleeps of this thread end when they should; by default they last 50 µs longer."""
    _prctl(_PR_SET_TIMERSLACK, 1000, 0, 0, 0)


def run_soon() -> None:
    """Ask for short slices of a core: then this thread runs soon after it wakes, beside busy ones.

    Linux 6.12 and later; others ignore what is asked.
    """
    numbers = {"x86_64": 314, "aarch64": 274}
    number = numbers.get(os.uname().machine)
    if number is not None and os.sched_getscheduler(0) == os.SCHED_OTHER:
        size, nice = 48, os.getpriority(os.PRIO_PROCESS, 0)
        asked = struct.pack("=IIQiIQQQ", size, os.SCHED_OTHER, 0, nice, 0, SLICE_NS, 0, 0)
        _syscall(number, 0, asked, 0)


def hear_of_parents_end(parent: int, number: int) -> None:
    """Ask the kernel for a signal when the parent ends (closes the race at the start)."""
    _prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def memory_kills() -> int:
    """How many processes this system has killed since it began because memory ran out."""
    with contextlib.suppress(OSError, ValueError, IndexError), open(_VMSTAT, "rb") as file:
        return int(file.read().split(b"\noom_kill ")[1].split()[0])
    return 0


def be_child(parent: int, number: int, body: Callable[[], object]) -> NoReturn:
    """Do something in a process that was just forked, and leave; ``number``: see above."""
    status = 1
    try:
        hear_of_parents_end(parent, number)
        body()
        status = 0
    except BaseException:  # noqa: BLE001  (a fault of ours: it must be seen)
        traceback.print_exc()
    finally:
        os._exit(status)


def start_thread(name: str, body: Callable[..., object], *arguments: object) -> threading.Thread:
    """Let a thread that ends with the interpreter do something."""
    thread = threading.Thread(target=body, args=arguments, name=name, daemon=True)
    thread.start()
    return thread


def how_it_ended(status: int, used: int = 0, kills: int | None = None) -> str:
    """The exit code or signal in what `os.waitpid` returned, in words.

    ``used``: bytes of memory it had at most, if known; ``kills``: `memory_kills` while it lived.
    """
    if not os.WIFSIGNALED(status):
        return f"left with exit code {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = "a signal"
    told = f"killed by {name} ({number})"
    if number != signal.SIGKILL or not used:
        return told
    if kills is not None and memory_kills() > kills:
        return f"{told} when memory ran out; it had used {human(used)}"
    return f"{told}; it had used {human(used)} of memory"


class Signals:
    """Signals as a descriptor that can be waited for: they interrupt nothing.

    For the main thread of a process; `leave` puts a forked child back to the defaults.
    """

    def __init__(self, *numbers: int) -> None:
        self._numbers = numbers
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, _note)

    def fileno(self) -> int:
        """Can be read once a signal has come."""
        return self._read

    def take(self) -> set[int]:
        """The signals that have come since the last call."""
        try:
            return set(os.read(self._read, 4096))
        except BlockingIOError:
            return set()

    def leave(self) -> None:
        """Let signals do what they do by default, and close the descriptors."""
        signal.set_wakeup_fd(-1)
        for number in self._numbers:
            _signal.signal(number, _signal.SIG_DFL)
        os.close(self._read)
        os.close(self._write)


def _note(_number: int, _frame: object) -> None:
    """The wake-up descriptor has all there is to know."""
