"""The services of one network as the user's interpreter sees them: processes that live or not.

A pipe tells what a service says, not whether it is there: a process that was forked at the wrong
moment may hold the pipe open, and a service that somebody has stopped neither speaks nor ends. So
each service begins with its own process, as a pidfd, which becomes readable at its end. What takes
long is not an error as long as somebody works; what is halted for long is.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from typing import TYPE_CHECKING

from lava_actor.channels.pipe import ready
from lava_actor.runtime.start.processes import is_halted, look

if TYPE_CHECKING:
    from lava_actor.channels.pipe import Frame
    from lava_actor.errors import Failure
    from lava_actor.runtime.start.launcher import Launcher

#: Seconds that a start waits for a launcher or service that is stopped.
HALTED_SECONDS = 10.0
#: Seconds that a start waits for a launcher that neither computes nor reads.
ASLEEP_SECONDS = 60.0
#: Seconds after the command to end from which on a stopped service is not waited for.
HALTED_END_SECONDS = 1.0
#: Seconds that services get to end when nothing keeps them.
END_SECONDS = 10.0
#: Seconds that they get when a rank has died.
HURRIED_END_SECONDS = 2.0


class _Vigil:
    """Whether a process has done anything lately."""

    def __init__(self, name: str, pid: int) -> None:
        self._name = name
        self._pid = pid
        self._ticks = -1
        self._since = 0.0

    def complaint(self, *, owes: bool) -> str | None:
        """Say so if it is stopped, or if it ``owes`` something and sleeps."""
        seen = look(self._pid)
        now = time.monotonic()
        if seen is None or seen.ticks != self._ticks or not (seen.halted or owes):
            self._ticks, self._since = -1 if seen is None else seen.ticks, now
        elif seen.halted and now - self._since > HALTED_SECONDS:
            return f"{self._name} (process {self._pid}) is stopped: by SIGSTOP or a debugger?"
        elif seen.state == "S" and now - self._since > ASLEEP_SECONDS:
            return f"{self._name} (process {self._pid}) does nothing"
        return None


class Attendance:
    """Who is there. Without a launcher services are threads, of which none is missed."""

    def __init__(self, n_services: int) -> None:
        self._missing = n_services
        self._launcher: Launcher | None = None
        self._warm: dict[int, Launcher] = {}
        self._orders: dict[int, int] = {}
        self._pids: dict[int, int] = {}
        self._pidfds: dict[int, int] = {}
        self._vigils: list[_Vigil] = []
        self._told_to_end = 0.0
        self.killed: set[int] = set()
        self.lost: dict[int, Failure] = {}
        """Services that have ended together with others, and why."""

    def expect(self, launcher: Launcher, orders: dict[int, int]) -> None:
        """The services have been ordered, each by a number that its launcher knows it by.

        A warm launcher knows the child that it began with by 0.
        """
        self._launcher = launcher
        self._orders = orders
        self._vigils.append(_Vigil("the launcher", launcher.process.pid))

    def note(self, index: int, frame: Frame) -> int | None:
        """A service has come; the descriptor that tells of its end."""
        self._missing -= 1
        self._pids[index] = frame.key
        self._vigils.append(_Vigil("the RuntimeService", frame.key))
        if frame.fds:
            self._pidfds[index] = frame.fds.pop()
        return self._pidfds.get(index)

    def replace(self, index: int, frame: Frame) -> int:
        """A service stays as a warm launcher, whose child comes next; the descriptor of its end."""
        from lava_actor.runtime.start.launcher import keep_warm

        self._missing += 1
        self._orders[index] = 0
        pid, descriptor = self._pids.pop(index), self._pidfds.pop(index)
        self._warm[index] = keep_warm(pid, descriptor, frame)
        return descriptor

    def complaint(self) -> str | None:
        """What keeps the network from starting, if that is not just its work."""
        if self._launcher is None:
            return None
        if self._missing and (end := self._launcher.end()):
            return end
        owes = self._missing > 0
        for vigil in self._vigils if not owes else self._vigils[:1]:
            if (why := vigil.complaint(owes=owes)) is not None:
                if owes or not self._launcher.alive():
                    self._launcher.give_up()
                return why
        return None

    def fate(self, index: int) -> str:
        """How a service has ended, in words."""
        if self._launcher is None or index not in self._orders:
            return "ended for unknown reasons"
        launcher = self._warm.get(index, self._launcher)
        return launcher.fate(self._pids.get(index, self._orders[index]))

    # -- ends -------------------------------------------------------------------------------

    def told_to_end(self) -> None:
        """From now on nobody needs to be there."""
        self._told_to_end = self._told_to_end or time.monotonic()

    def kill_halted(self) -> None:
        """Kill services that will not end, being stopped; what they have started goes with them."""
        if time.monotonic() < self._told_to_end + HALTED_END_SECONDS:
            return
        for index in self._pidfds:
            if is_halted(self._pids[index]):
                self._kill(index)

    def kill(self) -> None:
        """Kill all services that are left."""
        for index in self._pidfds:
            self._kill(index)

    def _kill(self, index: int) -> None:
        if not self.has_ended(index):
            self.killed.add(index)
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self._pidfds[index], signal.SIGKILL)

    def has_ended(self, index: int, seconds: float = 0.0) -> bool:
        """Whether a service is known to be gone, or is so within some seconds."""
        return index in self._pidfds and ready(self._pidfds[index], select.POLLIN, seconds)

    def finish(self, *, hurry: bool = False) -> None:
        """Wait until no service is left, and kill those that stay."""
        self.told_to_end()
        hurry = hurry or bool(self.lost)
        deadline = time.monotonic() + (HURRIED_END_SECONDS if hurry else END_SECONDS)
        try:
            for index in self._pidfds:
                while not self.has_ended(index, 0.1) and time.monotonic() < deadline:
                    self.kill_halted()
            self.kill()
        finally:
            while self._pidfds:
                os.close(self._pidfds.popitem()[1])
