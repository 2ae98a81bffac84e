"""The RuntimeService: parent of the actors of one sync domain.

It starts the actors, relays requests between them and the user's interpreter, raises the horizon
in leases, and watches. It never touches data. Everything it waits for is a descriptor: the user's
pipe, one pipe per actor, and the event descriptor that the last actor of a run writes.

The service of the first stepping domain *leads*: it alone moves the clock's words, so the domains
of one network park at the same step.

Ends, and what each one looks like from here:

* an actor fails: a "failed" frame. The failing actor has set the clock's limit to its step, so
  everybody else still completes that step (two models that fail in one step are both reported),
  then everything is taken down.
* an actor dies (killed, ``os._exit``, crash): the kernel tells its parent, and `waitpid` the cause.
  Its rings are closed on its behalf, then as above.
* the user's interpreter goes away: our pipe to it ends, or the launcher, which watches it, sends
  SIGTERM. Everything is taken down.
* the launcher dies: the kernel sends SIGTERM (``PR_SET_PDEATHSIG``). As above, and reported.
* we die: every actor asked the kernel to be killed with its parent. What models have started
  becomes the launcher's, which ends it.
* nothing moves although a run is on: the wait graph is read from the arena and, if it cannot
  resolve by itself, reported as a deadlock.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lava_actor.channels.pipe import Frame
from lava_actor.runtime import words
from lava_actor.runtime.failures import died, of_service
from lava_actor.runtime.lease import Lease
from lava_actor.runtime.watch import Watch, has_nothing_to_do

if TYPE_CHECKING:
    from lava_actor.channels import Arena
    from lava_actor.channels.pipe import Pipe
    from lava_actor.errors import Failure
    from lava_actor.runtime.hosts import Host
    from lava_actor.runtime.plan import ServicePlan

#: Seconds that the others get to complete the step in which somebody failed.
SETTLE_SECONDS = 0.5
#: Seconds a service that has failed waits for the other domains of its network.
FAREWELL_SECONDS = 2.0
#: Seconds between two looks at the wait graph.
WATCH_SECONDS = 0.25

LAUNCHER_DIED = ("launcher", "the launcher has died (killed?), and the network with it")
TOLD_TO_END = ("RuntimeService", "was told to end (SIGTERM)")


@dataclass
class _Member:
    party: int
    name: str
    model: str
    pipe: Pipe
    handle: Any
    open: bool = True


class Service:
    """Runs until the network ends; `main` returns then."""

    def __init__(
        self, plan: ServicePlan, arena: Arena, user: Pipe, wake_up: int, host: Host
    ) -> None:
        self.plan = plan
        self.arena = arena
        self.user = user
        self.wake_up = wake_up
        self.host = host
        self.clock = arena.domain(words.CLOCK)
        self.free = arena.domain(words.FREE)
        self.runs = arena.party(plan.runtime_party)
        self.members: dict[int, _Member] = {}
        self.selector = selectors.DefaultSelector()
        self.running = False
        self.watching = False
        self.ending = False
        self.waiting_for: set[int] = set()
        self.asked = words.REACHED
        self.failures: list[Failure] = []
        self.lease = Lease(arena, plan.clock_parties, plan.schedule.lockstep)
        self.watch = Watch(arena, plan)
        self.next_watch = 0.0
        self.left_alone: tuple[float, Failure] | None = None
        self.parent = os.getppid()

    # -- life -------------------------------------------------------------------------------

    def main(self) -> None:
        """Start the actors, then serve until the end."""
        try:
            self._start_actors()
            self._serve()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            pass  # the user's interpreter is gone
        finally:
            self._take_down()
            self.selector.close()
            self.user.close()

    def _start_actors(self) -> None:
        foreign = [self.user.fileno(), self.selector.fileno()]
        if self.host.signals is not None:
            self.selector.register(self.host.signals, selectors.EVENT_READ, self._signalled)
        try:
            started = self.host.start_all(self.plan.actors, foreign)
        except OSError as error:
            self._start_failed(of_service(error))
            return
        for actor, (pipe, handle) in zip(self.plan.actors, started, strict=True):
            member = _Member(actor.party, actor.name, actor.model, pipe, handle)
            self.members[actor.party] = member
            self.selector.register(pipe.fileno(), selectors.EVENT_READ, self._reader(member))
        self.waiting_for = set(self.members)
        self.selector.register(self.user.fileno(), selectors.EVENT_READ, self._from_user)
        if self.plan.leads:
            self.selector.register(self.wake_up, selectors.EVENT_READ, self._woken)

    def _serve(self) -> None:
        while not self.ending:
            for key, _ in self.selector.select(self._timeout()):
                key.data()
                if self.ending:
                    return
            if self.running or self.watching:
                self._tick()
            if self.left_alone is not None and time.monotonic() > self.left_alone[0]:
                self._settle(self.left_alone[1])

    def _timeout(self) -> float | None:
        if not (self.running or self.watching) and self.left_alone is None:
            return None
        if self.plan.leads and self.lease.active:
            return self.lease.period
        return WATCH_SECONDS

    def _tick(self) -> None:
        if self.plan.leads:
            self.lease.extend()
        now = time.monotonic()
        if self.watching and now >= self.next_watch:
            self.next_watch = now + WATCH_SECONDS
            stuck = self.watch.look()
            if stuck is not None:
                self._end_with([stuck])
            self.watching = self.running or not self.watch.resting()

    def _signalled(self) -> None:
        """An actor has ended, or the launcher: by itself, or because the user's interpreter has."""
        assert self.host.signals is not None
        told = signal.SIGTERM in self.host.signals.take()
        for member in list(self.members.values()):
            if member.open and not self.ending and self.host.is_dead(member.handle):
                self._drain(member)  # its last words; nothing follows, whoever holds the pipe
                if member.open and not self.ending:
                    self._actor_gone(member)
        if told and not self.ending:
            orphan = os.getppid() != self.parent
            self._end_with([died(*(LAUNCHER_DIED if orphan else TOLD_TO_END))])

    # -- from the user ----------------------------------------------------------------------

    def _from_user(self) -> None:
        frame = self.user.recv()
        if frame.actor >= 0:
            self._to_actor(frame)
            return
        payload = frame.take()
        handler: Callable[[Any], None] = {
            "run": self._run,
            "pause": self._pause,
            "stop": self._stop,
            "settle": self._settle_for_others,
        }[frame.kind]
        handler(payload)

    def _to_actor(self, frame: Frame) -> None:
        member = self.members.get(frame.actor)
        if member is None or not member.open:
            frame.close()
            return
        with contextlib.suppress(OSError):
            member.pipe.forward(frame)
            self.arena.party(frame.actor).post()

    def _run(self, steps: int | None) -> None:
        self.running = self.plan.leads or self.plan.is_async  # others have nothing to report
        self.asked = words.REACHED
        self.watching = self.plan.watches  # until all rest: other domains may go on after ours
        self.next_watch = time.monotonic() + WATCH_SECONDS
        self.watch.new_run()
        if self.plan.leads:
            self.runs.phase = words.REACHED
            self.clock.pause = 0
            if steps == 0:
                self._finish(words.REACHED)
            else:
                self.lease.start(steps, self._count_run)
        if self.plan.is_async:
            self.free.pause = 0
            self.waiting_for = set(self.members)
            for member in self.members.values():
                member.pipe.send(
                    "run", key=sys.maxsize if steps is None else steps, actor=member.party
                )
                self.arena.party(member.party).post()

    def _count_run(self) -> None:
        self.runs.turn = self.runs.turn + 1

    def _pause(self, _payload: Any) -> None:
        if not self.running:
            return
        if self.plan.leads:
            self.lease.end_here()
        if self.plan.is_async:
            self.free.pause = words.PAUSED

    def _woken(self) -> None:
        """The run has ended, or an actor has used up the lease."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.wake_up)
        self.runs.step = 0
        if not self.running:
            return
        if self.runs.done == self.runs.turn:
            self._finish(self.asked or int(self.runs.phase))
        else:
            self.lease.extend(hungry=True)

    def _finish(self, reason: int) -> None:
        for member in list(self.members.values()):  # what was printed in this run comes first
            self._drain(member)
        if self.ending:
            return
        self.running = False
        self.lease.stop()
        step = int(self.clock.fence) if self.plan.leads else 0
        self.user.send("finished", (reason, step))

    def _drain(self, member: _Member) -> None:
        while member.open and member.pipe.poll():
            self._from_actor(member)

    # -- from the actors --------------------------------------------------------------------

    def _reader(self, member: _Member) -> Callable[[], None]:
        """What to do when a member's pipe can be read.

        Or could be: another event that was seen at the same time may have drained it since.
        """

        def read() -> None:
            if member.open and member.pipe.poll():
                self._from_actor(member)

        return read

    def _from_actor(self, member: _Member) -> None:
        try:
            frame = member.pipe.recv()
        except (EOFError, OSError):
            self._actor_gone(member)
            return
        if frame.kind in ("reply", "error", "print", "log"):
            self.user.forward(frame, actor=member.party)
        elif frame.kind == "ready":
            frame.close()
            self.waiting_for.discard(member.party)
            if not self.waiting_for:
                self.user.send("ready")
        elif frame.kind == "startfail":
            self._start_failed(frame.take())
        elif frame.kind == "failed":
            self._settle(frame.take())
        elif frame.kind == "left":
            frame.close()
            self._actor_left(member)
        elif frame.kind == "done":
            self._async_done(member, frame.take())
        elif frame.kind == "ask":
            self.asked = frame.take()
            self._pause(None)
            self.user.send("ask", self.asked)

    def _async_done(self, member: _Member, reason: int) -> None:
        self.waiting_for.discard(member.party)
        if reason == words.STOPPED or self.asked == words.REACHED:
            self.asked = reason or self.asked
        if reason != words.REACHED and self.free.pause != words.STOPPED:
            self.free.pause = reason  # the others of this domain are asked to return
        if not self.waiting_for and self.running:
            self._finish(self.asked)

    def _actor_left(self, member: _Member) -> None:
        """An actor was released because the other end of a channel is gone.

        Its cause is in another domain, whose service reports it; if nobody does, this is all
        there is to say.
        """
        self._close(member)
        self.left_alone = self.left_alone or (
            time.monotonic() + FAREWELL_SECONDS,
            died(
                member.name,
                "left, because the other end of a channel is gone",
                model=member.model,
                phase=words.PHASE_NAMES.get(int(self.arena.party(member.party).phase), "?"),
                step=int(self.arena.party(member.party).step),
            ),
        )

    def _actor_gone(self, member: _Member) -> None:
        self._close(member)
        if self.ending:
            return
        how = self.host.ended(member.handle)
        party = self.arena.party(member.party)
        self._let_go_of(member.party)
        self._settle(
            died(
                member.name,
                how,
                model=member.model,
                phase=words.PHASE_NAMES.get(int(party.phase), "?"),
                step=int(party.step),
            )
        )

    def _close(self, member: _Member) -> None:
        if member.open:
            member.open = False
            self.selector.unregister(member.pipe.fileno())
            member.pipe.close()

    # -- ends -------------------------------------------------------------------------------

    def _start_failed(self, failure: Failure) -> None:
        self.ending = True
        self.user.send("startfail", failure)

    def _settle_for_others(self, _payload: Any) -> None:
        """Another domain has failed: end as well, and say who failed here with it."""
        self._settle(None)

    def _settle(self, first: Failure | None) -> None:
        """Let the others complete the failing step, collect who fails with it, then end."""
        self.ending = True
        failures = [] if first is None else [first]
        if first is not None and not self.plan.is_async:
            self.clock.limit = min(int(self.clock.limit), first.step)
        for member in self.members.values():
            self.arena.party(member.party).post()
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline and not self.watch.settled():
            for key, _ in self.selector.select(0.005):
                if key.fileobj is self.host.signals:
                    self._signalled()
                sender = next(
                    (m for m in self.members.values() if m.open and m.pipe.fileno() == key.fd),
                    None,
                )
                if sender is not None:
                    self._collect(sender, failures)
        for member in list(self.members.values()):
            while member.open and member.pipe.poll():
                self._collect(member, failures)
        self._end_with(failures)

    def _collect(self, member: _Member, failures: list[Failure]) -> None:
        try:
            frame = member.pipe.recv()
        except (EOFError, OSError):
            self._close(member)
            return
        if frame.kind == "failed":
            failures.append(frame.take())
        elif frame.kind in ("print", "log", "reply", "error"):
            self.user.forward(frame, actor=member.party)
        else:
            frame.close()

    def _let_go_of(self, party: int) -> None:
        """Close the rings of an actor that could not do it itself."""
        self.arena.party(party).state = words.GONE
        for ring in self.arena.plan.rings:
            if ring.writer == party:
                self.arena.writer(ring.index).close()
            for cursor, reader in enumerate(ring.readers):
                if reader == party:
                    self.arena.reader(ring.index, cursor).detach()

    def _end_with(self, failures: list[Failure]) -> None:
        """Report, and give the other domains time to settle before everything is taken down."""
        self.ending = True
        self.user.send("failed", failures)
        if not self.plan.alone:
            self._await_farewell()

    def _await_farewell(self) -> None:
        deadline = time.monotonic() + FAREWELL_SECONDS
        while time.monotonic() < deadline:
            if self.user.poll(0.05):
                frame = self.user.recv()
                frame.close()
                if frame.kind == "stop":
                    return

    def _stop(self, timeout: float) -> None:
        """Let the step in progress end, then leave; `_take_down` does the rest."""
        deadline = time.monotonic() + timeout
        if self.running:
            self._pause(None)
            if self.plan.is_async:
                self.free.pause = words.STOPPED
        while time.monotonic() < deadline and not self._may_leave():
            for key, _ in self.selector.select(0.02):
                if key.data not in (self._from_user,):
                    key.data()
                if self.ending:
                    return
            if self.plan.leads:
                self.lease.extend()
        for member in list(self.members.values()):
            self._drain(member)
        self.ending = True

    def _may_leave(self) -> bool:
        """The whole network rests (other domains end their step, too), or never will."""
        if not self.running and self.watch.resting():
            return True
        return self.watch.blocked_for_good()

    def _take_down(self) -> None:
        """End every actor: wake and ask, then terminate, then kill."""
        self.arena.abort(1)
        parties = {m.handle: self.arena.party(m.party) for m in self.members.values()}
        late = self.host.end_all(list(parties), lambda handle: has_nothing_to_do(parties[handle]))
        names = [m.name for m in self.members.values() if m.handle in late]
        for member in self.members.values():
            with contextlib.suppress(OSError, EOFError):
                while member.open and member.pipe.poll():
                    frame = member.pipe.recv()
                    if frame.kind in ("print", "log"):
                        self.user.forward(frame, actor=member.party)
                    else:
                        frame.close()
            self._close(member)
        with contextlib.suppress(OSError):
            self.user.send("stopped", names)


def ignore_terminal_signals() -> None:
    """Ctrl-C belongs to the user's interpreter; actors and services do not react to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
