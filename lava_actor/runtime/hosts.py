"""Where actors live: in processes forked by the service, or in threads of the interpreter.

Both kinds run the same `Actor.main`. A host starts actors, tells how one ended, and ends all.
"""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, Protocol

from lava_actor.channels.pipe import Pipe
from lava_actor.runtime.forking import cheapest
from lava_actor.runtime.plan import ActorStart

_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None, use_errno=True).prctl

#: Seconds an actor gets to leave by itself, and then after SIGTERM.
LEAVE_SECONDS = 1.0
TERMINATE_SECONDS = 0.5

#: Actors that are started in a row. A child inherits, and closes, both ends of the pipes of its
#: row, and one end of all earlier ones.
ROW = 64

#: Descriptors a service may need besides those of its actors.
_SPARE_DESCRIPTORS = 64


class Host(Protocol):
    """What the service needs from a place where actors live."""

    def start_all(
        self, actors: Sequence[ActorStart], foreign: Sequence[int]
    ) -> list[tuple[Pipe, Any]]:
        """Start all actors or none; returns our end of the pipe to each, and a handle of it.

        ``foreign`` descriptors are no business of actors.
        """

    def ended(self, handle: Any) -> str:
        """Say in words how an actor ended."""

    def end_all(self, handles: Sequence[Any]) -> list[Any]:
        """End all actors; returns those that had to be killed."""


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process with its parent (closes the race at the start)."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


class ProcessHost:
    """Actors in forked processes. The service that owns this host has a single thread."""

    def __init__(self, body: Callable[[ActorStart, Pipe, bool], None]) -> None:
        self._body: Callable[[ActorStart, Pipe, bool], None] | None = body
        self._status: dict[int, int] = {}
        gc.collect()
        gc.freeze()  # what is loaded now stays shared between the actors
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def start_all(
        self, actors: Sequence[ActorStart], foreign: Sequence[int]
    ) -> list[tuple[Pipe, int]]:
        """Fork in rows; each child closes what belongs to others."""
        _allow_descriptors(len(actors) + ROW)
        pipes: list[Pipe] = []
        pids: list[int] = []
        try:
            for first in range(0, len(actors), ROW):
                self._start_row(actors[first : first + ROW], foreign, pipes, pids)
        except OSError:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            self._still_there(pids, LEAVE_SECONDS)
            raise
        finally:
            self._body = None  # what actors are made of is theirs now, and may be large
        return list(zip(pipes, pids, strict=True))

    def _start_row(
        self,
        actors: Sequence[ActorStart],
        foreign: Sequence[int],
        ours: list[Pipe],
        pids: list[int],
    ) -> None:
        """Start some actors; add our ends of their pipes and their process ids to the lists.

        Nothing else happens between two forks: a page that the parent writes to in between is
        copied once more for every child.
        """
        parent = os.getpid()
        pairs = [Pipe.pair() for _ in actors]
        ours += [mine for mine, _ in pairs]
        theirs = [pipe for _, pipe in pairs]
        spans = _spans([*foreign, *(pipe.fileno() for pipe in (*ours, *theirs))])
        fork = cheapest()
        for actor, pipe in zip(actors, theirs, strict=True):
            pid = fork()
            if pid < 0:
                raise OSError(f"no process could be started after {len(pids)}")
            if not pid:
                self._be(actor, pipe, parent, spans)
            pids.append(pid)
        for pipe in theirs:
            pipe.close()

    def _be(
        self, actor: ActorStart, pipe: Pipe, parent: int, foreign: Sequence[tuple[int, int]]
    ) -> NoReturn:
        status = 1
        try:
            die_with_parent(parent)
            own = pipe.fileno()
            for low, high in foreign:
                if low <= own < high:
                    os.closerange(low, own)
                    low = own + 1
                os.closerange(low, high)
            assert self._body is not None
            self._body(actor, pipe, True)
            status = 0
        finally:
            os._exit(status)

    def ended(self, handle: int) -> str:
        """Exit code or signal of a dead actor."""
        status = self._reap(handle, TERMINATE_SECONDS)
        if status is None:
            return "closed its pipe without leaving"
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            try:
                name = signal.Signals(number).name
            except ValueError:
                name = "a signal"
            return f"killed by {name} ({number})"
        return f"left with exit code {os.WEXITSTATUS(status)}"

    def _reap(self, pid: int, timeout: float) -> int | None:
        deadline = time.monotonic() + timeout
        while pid not in self._status:
            try:
                found, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                return None
            if found:
                self._status[pid] = status
                break
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.001)
        return self._status[pid]

    def end_all(self, handles: Sequence[int]) -> list[int]:
        """Wait, then SIGTERM, then SIGKILL."""
        left = self._still_there(handles, LEAVE_SECONDS)
        for pid in left:
            os.kill(pid, signal.SIGTERM)
        killed = left = self._still_there(left, TERMINATE_SECONDS) if left else []
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self._still_there(left, LEAVE_SECONDS)
        return killed

    def _still_there(self, handles: Sequence[int], seconds: float) -> list[int]:
        """Those that have not ended in that time; one after the other, since all must end."""
        deadline = time.monotonic() + seconds
        left = []
        for pid in handles:
            while pid not in self._status and self._reap(pid, 0.0) is None and _alive(pid):
                if time.monotonic() >= deadline:
                    left.append(pid)
                    break
                time.sleep(0.0005)
        return left


def _allow_descriptors(more: int) -> None:
    """Raise this process's limit of open descriptors if it has to be, as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = len(os.listdir("/proc/self/fd")) + more + _SPARE_DESCRIPTORS
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _spans(descriptors: Sequence[int]) -> list[tuple[int, int]]:
    """Ranges [low, high) of neighbours: one system call closes a range of any length."""
    spans: list[tuple[int, int]] = []
    for descriptor in sorted(descriptors):
        if spans and spans[-1][1] == descriptor:
            spans[-1] = (spans[-1][0], descriptor + 1)
        else:
            spans.append((descriptor, descriptor + 1))
    return spans


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class ThreadHost:
    """Actors in threads of this interpreter: for debuggers and coverage."""

    def __init__(self, body: Callable[[ActorStart, Pipe, bool], None]) -> None:
        self._body = body

    def start_all(
        self, actors: Sequence[ActorStart], foreign: Sequence[int]
    ) -> list[tuple[Pipe, threading.Thread]]:
        """Start threads, to which no descriptor is foreign."""
        started = []
        for actor in actors:
            ours, theirs = Pipe.pair()
            name = f"actor {actor.name}"
            thread = threading.Thread(
                target=self._body, args=(actor, theirs, False), name=name, daemon=True
            )
            thread.start()
            started.append((ours, thread))
        return started

    def ended(self, handle: threading.Thread) -> str:
        """A thread only ends by itself."""
        return "left"

    def end_all(self, handles: Sequence[threading.Thread]) -> list[threading.Thread]:
        """Wait; a thread cannot be killed, so the late ones are named and left behind."""
        deadline = time.monotonic() + LEAVE_SECONDS
        for thread in handles:
            thread.join(max(0.0, deadline - time.monotonic()))
        return [thread for thread in handles if thread.is_alive()]
