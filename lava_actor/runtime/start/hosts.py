"""Where actors live: in processes forked by the service, or in threads of the interpreter.

Both kinds run the same `Actor.main`. Actors with one `ActorStart.home` share a process. A host
starts actors, tells how one ended, and ends all.
Some actors of a service that forks may be guests: they live in threads of the user's interpreter,
which starts them, and the service sees the pipe to each (`MixedHost`).

The service is the parent of its actors, so the kernel tells it of each one's end (SIGCHLD). The end
of a pipe does not: a process that the model has started may hold the pipe as well.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from lava_actor.channels.pipe import Pipe
from lava_actor.runtime.start import descriptors, processes
from lava_actor.runtime.start.forking import cheapest, why_not
from lava_actor.runtime.start.plan import ActorStart

if TYPE_CHECKING:
    from lava_actor.channels import Arena

_OOM_FILE = "/proc/self/oom_score_adj"
_OOM_SCORE = 500
"""Half the memory of the machine, as the kernel counts, on top of what an actor uses."""

#: Seconds an actor gets to leave by itself, and then after SIGTERM.
LEAVE_SECONDS = 1.0
TERMINATE_SECONDS = 0.5
#: Seconds to leave for an actor that has nothing left to do: it only waits for a core.
IDLE_SECONDS = 5.0

#: One who lives alone, or all who share a process, each with its end of the pipe to it.
Household = Sequence[tuple[ActorStart, Pipe]]
#: Be these actors, in a process of their own or not.
Body = Callable[[Household, bool], None]

#: Actors that are started in a row. A child inherits, and closes, both ends of the pipes of its
#: row, and one end of all earlier ones.
ROW = 64

#: Descriptors a service may need besides those of its actors.
_SPARE_DESCRIPTORS = 64


Handle = TypeVar("Handle")


class Host(Protocol[Handle]):
    """What the service needs from a place where actors live."""

    def start_all(
        self, actors: Sequence[ActorStart], foreign: Sequence[int]
    ) -> list[tuple[Pipe, Handle]]:
        """Start all actors or none; returns our end of the pipe to each, and a handle of it.

        ``foreign`` descriptors are no business of actors.
        """

    @property
    def signals(self) -> processes.Signals | None:
        """What can be read when an actor has ended, or the service is told to end; None: never."""

    def is_dead(self, handle: Handle) -> bool:
        """True if an actor ended without being asked to, as far as is known."""

    def ended(self, handle: Handle) -> str:
        """Say in words how an actor ended."""

    def end_all(self, handles: Sequence[Handle], is_idle: Callable[[Handle], bool]) -> list[Handle]:
        """End all actors and what they have started; returns those that had to be killed.

        An idle actor has nothing left to do: it gets more time, and its end is no loss.
        """


def _victims_score() -> bytes:
    """What lets the kernel kill a child of this process, rather than the user's, for memory."""
    try:
        return b"%d" % max(int(Path(_OOM_FILE).read_text()), _OOM_SCORE)
    except OSError:
        return b""


def _be_the_victim(score: bytes) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(_OOM_FILE, os.O_WRONLY)
        os.write(descriptor, score)
        os.close(descriptor)


class ProcessHost:
    """Actors in forked processes. The service that owns this host has a single thread."""

    def __init__(self, body: Body) -> None:
        self._body: Body | None = body
        self._status: dict[int, int] = {}
        self._used: dict[int, int] = {}
        self._memory_kills = processes.memory_kills()
        self._pids: list[int] = []
        self._score = _victims_score()
        gc.collect()
        gc.freeze()  # what is loaded now stays shared between the actors
        processes.adopt_orphans()
        self.signals = processes.Signals(signal.SIGCHLD, signal.SIGTERM)

    def start_all(
        self, actors: Sequence[ActorStart], foreign: Sequence[int]
    ) -> list[tuple[Pipe, int]]:
        """Fork in rows; each child closes what belongs to others."""
        houses = list(_houses(actors))
        needed = descriptors_for([len(house) for house in houses])
        descriptors.allow(needed + _SPARE_DESCRIPTORS)
        descriptors.require(needed, f"the service of {len(actors)} actors")
        found: dict[int, tuple[Pipe, int]] = {}
        try:
            while houses:
                row = [houses.pop(0)]
                while houses and sum(map(len, row)) + len(houses[0]) <= ROW:
                    row.append(houses.pop(0))
                self._start_row(row, foreign, found)
        except OSError:
            self._kill(self._pids)
            raise
        finally:
            self._body = None  # what actors are made of is theirs now, and may be large
        return [found[actor.party] for actor in actors]

    def _start_row(
        self, row: Sequence[Sequence[ActorStart]], foreign: Sequence[int],
        found: dict[int, tuple[Pipe, int]],
    ) -> None:  # fmt: skip
        """Start some processes; add our ends of the pipes to their actors.

        Nothing else happens between two forks: a page that the parent writes to in between is
        copied once more for every child.
        """
        parent = os.getpid()
        pairs = [[Pipe.pair() for _ in house] for house in row]
        ours = [pipe.fileno() for pipe, _ in found.values()]
        ours += [pipe.fileno() for house in pairs for pair in house for pipe in pair]
        spans = _spans([*foreign, *ours])
        fork = cheapest()
        for house, ends in zip(row, pairs, strict=True):
            try:
                pid = fork()
            except OSError as error:
                so_far = f"no process could be started after {len(self._pids)}"
                raise OSError(error.errno, f"{so_far}: {why_not(error)}") from None
            if not pid:
                theirs = [pipe for _, pipe in ends]
                be = partial(self._be, list(zip(house, theirs, strict=True)), spans)
                processes.be_child(parent, signal.SIGKILL, be)
            self._pids.append(pid)
            for actor, (mine, _) in zip(house, ends, strict=True):
                found[actor.party] = (mine, pid)
        for _, pipe in (pair for house in pairs for pair in house):
            pipe.close()

    def _be(self, house: Household, foreign: Sequence[tuple[int, int]]) -> None:
        _be_the_victim(self._score)
        self.signals.leave()
        own = sorted(pipe.fileno() for _, pipe in house)
        for low, high in foreign:
            for kept in own:
                if low <= kept < high:
                    os.closerange(low, kept)
                    low = kept + 1
            os.closerange(low, high)
        assert self._body is not None
        self._body(house, True)

    def _reap(self) -> bool:
        """Collect what has ended, adopted processes included; False if there are no children."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if not pid:
                return True
            if pid in self._pids:
                self._status[pid] = status
                self._used[pid] = usage.ru_maxrss * 1024

    def is_dead(self, handle: int) -> bool:
        """Reap, and look."""
        self._reap()
        return handle in self._status

    def ended(self, handle: int) -> str:
        """Exit code or signal of a dead actor."""
        if self._still_there([handle], TERMINATE_SECONDS):
            return "closed its pipe without leaving"
        return processes.how_it_ended(self._status[handle], self._used[handle], self._memory_kills)

    def end_all(self, handles: Sequence[int], is_idle: Callable[[int], bool]) -> list[int]:
        """Wait, then SIGTERM, then SIGKILL; to wait for a halted process is no use."""
        left = self._still_there(handles, LEAVE_SECONDS)
        busy = [pid for pid in left if not is_idle(pid)]
        for pid in busy:
            os.kill(pid, signal.SIGTERM)
        self._kill(self._still_there(busy, TERMINATE_SECONDS))
        idle = [pid for pid in left if pid not in busy]
        deadline = time.monotonic() + IDLE_SECONDS
        while idle and time.monotonic() < deadline:
            self._kill([pid for pid in idle if processes.is_halted(pid)])
            idle = self._still_there(idle, 0.05)
        self._kill(idle)
        processes.end_offspring(self._reap)
        return busy

    def _kill(self, pids: Sequence[int]) -> None:
        for pid in pids:
            if pid not in self._status:
                os.kill(pid, signal.SIGKILL)
        self._still_there(pids, processes.KILL_SECONDS)

    def _still_there(self, handles: Sequence[int], seconds: float) -> list[int]:
        """Those that have not ended in that time."""
        deadline = time.monotonic() + seconds
        while True:
            self._reap()
            left = [pid for pid in handles if pid not in self._status]
            if not left or time.monotonic() >= deadline:
                return left
            time.sleep(0.0005)


class MixedHost(ProcessHost):
    """Actors in forked processes, but for guests; the handle of one is our end of its pipe."""

    def __init__(self, body: Body, guests: Mapping[int, Pipe]) -> None:
        super().__init__(body)
        self._guests = guests

    def start_all(
        self, actors: Sequence[ActorStart], foreign: Sequence[int]
    ) -> list[tuple[Pipe, Any]]:
        """Fork the others; guests have been started."""
        guests = self._guests
        foreign = [*foreign, *(pipe.fileno() for pipe in guests.values())]
        forked = iter(super().start_all([a for a in actors if a.party not in guests], foreign))
        return [
            (guests[a.party], guests[a.party]) if a.party in guests else next(forked)
            for a in actors
        ]

    def is_dead(self, handle: int | Pipe) -> bool:
        """A guest closes its pipe at its end."""
        return not isinstance(handle, Pipe) and super().is_dead(handle)

    def ended(self, handle: int | Pipe) -> str:
        """A guest only ends by itself."""
        return "left" if isinstance(handle, Pipe) else super().ended(handle)

    def end_all(self, handles: Sequence[int | Pipe], is_idle: Callable[[Any], bool]) -> list[Any]:
        """As for processes; a guest cannot be killed: late ones are named and left behind."""
        began = time.monotonic()
        pids = [handle for handle in handles if not isinstance(handle, Pipe)]
        late: list[Any] = super().end_all(pids, is_idle)
        for guest in self._guests.values():
            patience = IDLE_SECONDS if is_idle(guest) else LEAVE_SECONDS
            if not guest.has_ended(max(0.0, began + patience - time.monotonic())):
                late.append(guest)
        return late


def descriptors_for(households: Sequence[int]) -> int:
    """How many a service opens for its actors: one for each, and two while a row is started.

    ``households``: how many actors each process has.
    """
    n_actors = sum(households)
    return n_actors + min(n_actors, max(ROW, *households, 0))


def _houses(actors: Sequence[ActorStart]) -> Iterable[Sequence[ActorStart]]:
    """Who lives alone, and who lives together."""
    houses: dict[tuple[bool, int], list[ActorStart]] = {}
    for actor in actors:
        key = (False, actor.party) if actor.home is None else (True, actor.home)
        houses.setdefault(key, []).append(actor)
    return houses.values()


def _spans(descriptors: Sequence[int]) -> list[tuple[int, int]]:
    """Ranges [low, high) of neighbours: one system call closes a range of any length."""
    spans: list[tuple[int, int]] = []
    for descriptor in sorted(descriptors):
        if spans and spans[-1][1] == descriptor:
            spans[-1] = (spans[-1][0], descriptor + 1)
        else:
            spans.append((descriptor, descriptor + 1))
    return spans


class Inside(threading.local):
    """For a thread that is an actor: the arena of its network, its party, and whether it steps."""

    arena: Arena | None = None
    party: int = -1
    steps: bool = False


INSIDE = Inside()


def start_guest(body: Body, actor: ActorStart, pipe: Pipe) -> threading.Thread:
    """Let an actor live in a thread of this interpreter."""
    return processes.start_thread(f"actor {actor.name}", body, [(actor, pipe)], False)


class ThreadHost:
    """Actors in threads of this interpreter: for debuggers and coverage."""

    signals: processes.Signals | None = None

    def __init__(self, body: Body) -> None:
        self._body = body

    def start_all(
        self, actors: Sequence[ActorStart], foreign: Sequence[int]
    ) -> list[tuple[Pipe, threading.Thread]]:
        """Start threads, to which no descriptor is foreign."""
        started = []
        for actor in actors:
            ours, theirs = Pipe.pair()
            started.append((ours, start_guest(self._body, actor, theirs)))
        return started

    def is_dead(self, handle: threading.Thread) -> bool:
        """A thread closes its pipe at its end."""
        return False

    def ended(self, handle: threading.Thread) -> str:
        """A thread only ends by itself."""
        return "left"

    def end_all(
        self, handles: Sequence[threading.Thread], is_idle: Callable[[threading.Thread], bool]
    ) -> list[threading.Thread]:
        """Wait; a thread cannot be killed, so the late ones are named and left behind."""
        began = time.monotonic()
        for thread in handles:
            patience = IDLE_SECONDS if is_idle(thread) else LEAVE_SECONDS
            thread.join(max(0.0, began + patience - time.monotonic()))
        return [thread for thread in handles if thread.is_alive()]
