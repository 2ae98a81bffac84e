"""The RuntimeService: parent of the actors of one sync domain.

It starts the actors, relays requests between them and the user's interpreter, raises the horizon
in leases, and watches. It never touches data. Everything it waits for is a descriptor: the user's
pipe, one pipe per actor, and the event descriptor that the last actor of a run writes. It never
waits for a pipe to take what it sends: frames that find no room wait in their pipe's queue until
the selector says there is some.

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
* something in here raises: the error is reported with its traceback, as a failure of the run.
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
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lava_actor.channels.pipe import Frame, PipeEnded
from lava_actor.protocol import words
from lava_actor.protocol.frames import Receiver, Way
from lava_actor.runtime.reports.exceptions import EXCEPTION_SECONDS, failure_of
from lava_actor.runtime.reports.failures import died, of_runtime
from lava_actor.runtime.service.deadlock import Watch, has_nothing_to_do
from lava_actor.runtime.service.lease import Lease
from lava_actor.runtime.service.members import Member, Members

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lava_actor.channels import Arena, Party
    from lava_actor.channels.pipe import Pipe
    from lava_actor.errors import Failure
    from lava_actor.runtime.start.hosts import Host
    from lava_actor.runtime.start.plan import ServicePlan

#: Seconds in which a stop lets everybody do what has been granted; then only begun steps end.
PATIENT_SECONDS = 0.3
#: Seconds that the others get to complete the step in which somebody failed.
SETTLE_SECONDS = 0.5
#: Seconds a service that has failed waits for the other domains of its network.
FAREWELL_SECONDS = 2.0
#: Seconds that the user's interpreter gets to take the last words of a service.
LAST_WORDS_SECONDS = 5.0
#: Seconds between two looks at the wait graph.
WATCH_SECONDS = 0.25
#: Between two looks whether free-running models that are to pause wait for what will not come.
RETURN_SECONDS = 0.01

LAUNCHER_DIED = ("launcher", "the launcher has died (killed?), and the network with it")
TOLD_TO_END = ("RuntimeService", "was told to end (SIGTERM)")


class Service(Members):
    """Runs until the network ends; `main` returns then."""

    def __init__(
        self, plan: ServicePlan, arena: Arena, user: Pipe, wake_up: int, host: Host,
        parent: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(plan, arena, user, wake_up, host)
        self.clock = arena.domain(words.CLOCK)
        self.free = arena.domain(words.FREE)
        self.async_runs = 0
        self.runs = arena.party(plan.runtime_party)
        self.running = False
        self.by_hand = False  # the user grants steps: until a pause, their ends are not for us
        self.watching = False
        self.leaving = False
        self.told_to_stop = False
        self.leave_by = 0.0
        self.waiting_for: set[int] = set()
        self.cleaning: set[int] = set()
        self.asked = words.REACHED
        self.failures: list[Failure] = []
        self.lease = Lease(arena, plan.clock_parties, plan.schedule.lockstep, plan.crowd)
        self.watch = Watch(arena, plan)
        self.next_watch = 0.0
        self.left_alone: tuple[float, Failure] | None = None
        self.parent = parent  # the launcher; 0: this is a thread of the user's
        self.patience: float | None = None  # until when exceptions may follow their texts
        self._of_user = Receiver.of(self, "_on_", Way.USER_TO_SERVICE)
        self._of_actors = Receiver.of(self, "_hear_", Way.ACTOR_TO_SERVICE)

    # -- life -------------------------------------------------------------------------------

    def main(self) -> None:
        """Start the actors, then serve until the end."""
        try:
            self._start_actors()
            self._serve()
        except PipeEnded:
            pass  # the user's interpreter is gone
        except BaseException as error:  # noqa: BLE001  (must reach the user before we leave)
            with contextlib.suppress(PipeEnded):
                self.user.post("failed", [of_runtime(error, "RuntimeService", self.plan.name)])
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
            self._start_failed(failure_of(error, "RuntimeService"))
            return
        for actor, (pipe, handle) in zip(self.plan.actors, started, strict=True):
            member = Member(actor.party, actor.name, actor.model, pipe, handle)
            self.members[actor.party] = member
            self._listen_to(pipe, partial(self._from_actor, member))
        self.waiting_for = set(self.members)
        self._listen_to(self.user, self._from_user)
        if self.plan.leads:
            self.selector.register(self.wake_up, selectors.EVENT_READ, self._woken)

    def _serve(self) -> None:
        while not self.ending:
            self._look(self._timeout())
            if self.ending:
                return
            if self.running or self.watching:
                self._tick()
            if self.left_alone is not None and time.monotonic() > self.left_alone[0]:
                self._settle(self.left_alone[1])

    def _timeout(self) -> float | None:
        if not (self.running or self.watching) and self.left_alone is None:
            return None
        if self.plan.leads:
            return self.lease.period
        return RETURN_SECONDS if self.free.pause == words.PAUSED else WATCH_SECONDS

    def _tick(self) -> None:
        if self.plan.leads:
            self.lease.extend()
        elif self._are_caught():
            self._finish(words.PAUSED)
        now = time.monotonic()
        if self.watching and now >= self.next_watch:
            self.next_watch = now + WATCH_SECONDS
            stuck = self.watch.look()
            if stuck is not None and self.running and self.free.pause == words.STOPPED:
                self._finish(words.STOPPED)  # a free model ends the network in mid-step of others
            elif stuck is not None:
                self._end_with([stuck])
            self.watching = self.running or not self.watch.resting()

    def _are_caught(self) -> bool:
        """Whether models that run freely are to pause, but wait at ports, and cannot return."""
        waiting = self.running and self.free.pause == words.PAUSED and self.waiting_for
        return bool(waiting) and self.watch.caught(self.waiting_for)

    def _signalled(self) -> None:
        """An actor has ended, or the launcher: by itself, or because the user's interpreter has."""
        assert self.host.signals is not None
        told = signal.SIGTERM in self.host.signals.take()
        for member in list(self.members.values()):
            if member.open and not self.ending and self.host.is_dead(member.handle):
                self._from_actor(member)  # its last words; nothing follows, whoever holds the pipe
                if member.open and not self.ending:
                    self._actor_gone(member)
        if told and not self.ending:
            orphan = os.getppid() != self.parent
            self._end_with([died(*(LAUNCHER_DIED if orphan else TOLD_TO_END))])

    # -- from the user ----------------------------------------------------------------------

    def _from_user(self) -> None:
        for frame in self.user.frames():
            if frame.actor >= 0:
                self._to_actor(frame)
            elif not self.leaving:
                self._of_user(frame)
            elif frame.kind == "stop":  # once more, and perhaps sooner
                self.told_to_stop = True
                self.leave_by = min(self.leave_by, time.monotonic() + frame.take())
            else:  # no other command is of use any more; output and answers still go to and fro
                frame.close()

    def _on_run(self, frame: Frame) -> None:
        steps = frame.take()
        self._expect_end()
        if self.plan.leads:
            self.runs.phase = self.clock.pause = words.REACHED
            self.runs.ready = 0  # actors tell us of its end, not the user
            if steps == 0:
                self._finish(words.REACHED)
            else:
                self.lease.start(steps, self.runs)
        if self.plan.is_async:
            self.free.pause = 0
            self.async_runs += 1
            self.waiting_for = set(self.members)
            many = sys.maxsize if steps is None else steps
            for member in self.members.values():
                with contextlib.suppress(PipeEnded):
                    member.pipe.post("run", many, actor=member.party)
                    self.arena.party(member.party).post()

    def _expect_end(self) -> None:
        self.running = self.plan.leads or self.plan.is_async  # others have nothing to report
        self.asked = words.REACHED
        self.watching = self.plan.watches  # until all rest: other domains may go on after ours
        self.next_watch = time.monotonic() + WATCH_SECONDS
        self.watch.new_run()

    def _on_by_hand(self, _frame: Frame) -> None:
        self._expect_end()
        self.by_hand = True

    def _on_pause(self, _frame: Frame | None = None, reason: int = words.PAUSED) -> None:
        if not self.running:
            return
        if self.plan.leads:
            self.clock.pause = reason
            self.runs.ready = 0
            self.lease.end_at(self.lease.hold())  # with fences: who has not seen 0 is seen below
        if self.plan.is_async:
            self._ask_to_return(reason)
        if self.by_hand:
            self.by_hand = False
            if self.runs.done == self.runs.turn:  # or else we shall be woken
                self._finish(self.asked or int(self.runs.phase))

    def _on_hold(self, frame: Frame) -> None:
        self.user.post("held", self.lease.hold(), key=frame.key)

    def _on_release(self, _frame: Frame) -> None:
        if self.running:
            self.lease.release()

    def _on_fence(self, frame: Frame) -> None:
        step = frame.take()
        if self.running:
            self.clock.pause = self.clock.pause or words.PAUSED
            self.lease.end_at(step)

    def _on_waits(self, _frame: Frame) -> None:
        self.user.post("waits", self.watch.picture())

    def _ask_to_return(self, reason: int) -> None:
        """Tell the free-running actors, also those that wait for messages."""
        self.free.pause = reason
        for member in self.members.values():
            self.arena.party(member.party).post()

    def _woken(self) -> None:
        """The run has ended, or an actor has used up the lease."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.wake_up)
        self.runs.step = 0
        if not self.running or self.by_hand:
            return
        if self.runs.done == self.runs.turn:
            self._finish(self.asked or int(self.runs.phase))
        else:
            self.lease.extend(hungry=True)

    def _finish(self, reason: int) -> None:
        self._drain()  # what was printed in this run comes first
        if self.ending:
            return
        self.running = self.by_hand = False
        self.lease.stop()
        step = int(self.clock.fence) if self.plan.leads else 0
        self.user.post("finished", (reason, step))

    # -- from the actors --------------------------------------------------------------------

    def _from_actor(self, member: Member) -> None:
        """Handle what a member has sent; another event may have brought us here before."""
        for frame in self._frames_of(member):
            if self.ending or frame.kind in Way.ACTOR_TO_USER.value:
                self._pass_on(frame, member)
            else:
                self._of_actors(frame, member)

    def _hear_exception(self, _frame: Frame, _member: Member) -> None:
        """Of a failure that has been reported without it."""

    def _hear_ready(self, _frame: Frame, member: Member) -> None:
        self.waiting_for.discard(member.party)
        if not self.waiting_for:
            self.user.post("ready")

    def _hear_startfail(self, frame: Frame, member: Member) -> None:
        self._start_failed(self._complete(frame, member))

    def _hear_failed(self, frame: Frame, member: Member) -> None:
        self._settle(self._complete(frame, member))

    def _complete(self, frame: Frame, member: Member) -> Failure:
        """A failure with the exception that follows it: soon, since to pickle it may take ever."""
        failure: Failure = frame.take()
        now = time.monotonic()
        if self.patience is None:
            self.patience = now + EXCEPTION_SECONDS
        self.ending = True  # an actor that is gone now has said why
        for following in self._frames_of(member, max(0.0, self.patience - now)):
            if following.kind == "exception":
                return replace(failure, packed=following.take())
            self.user.forward(following, actor=member.party)
        return failure

    def _hear_ask(self, frame: Frame, _member: Member) -> None:
        self.asked = frame.take()
        self._on_pause(reason=self.asked)
        self.user.post("ask", self.asked)

    def _hear_done(self, frame: Frame, member: Member) -> None:
        reason, run = frame.take()
        if run == self.async_runs:  # or messages woke it in mid-call, before it heard of this one
            self.waiting_for.discard(member.party)
        if reason == words.STOPPED or self.asked == words.REACHED:
            self.asked = reason or self.asked
        if reason != words.REACHED and self.free.pause != words.STOPPED:
            self._ask_to_return(reason)
        if not self.waiting_for and self.running:
            self._finish(self.asked)

    def _hear_left(self, _frame: Frame, member: Member) -> None:
        """An actor was released because the other end of a channel is gone.

        Its cause is in another domain, whose service reports it; if nobody does, this is all
        there is to say.
        """
        self._close(member)
        self._await_cause(self._died(member, "left, because the other end of a channel is gone"))

    def _await_cause(self, failure: Failure) -> None:
        """Let whoever knows more say it first."""
        self.left_alone = self.left_alone or (time.monotonic() + FAREWELL_SECONDS, failure)

    def _actor_gone(self, member: Member) -> None:
        self._close(member)
        if self.ending or (self.leaving and self.arena.aborted):
            return
        how = self.host.ended(member.handle)
        together = [m for m in self.members.values() if m.handle == member.handle]
        for other in together:
            self._close(other)
            self._let_go_of(other.party)
        if len(together) > 1:
            stepping = self._stepping_in(together)
            member = stepping or together[0]
            others = [m.name for m in together if m is not member]
            more = f" and {len(others) - 4} more" * (len(others) > 4)
            how += f"{' in its step' * (stepping is not None)}, and with it those that share its "
            how += f"process: {', '.join(others[:4])}{more}"
        died = self._died(member, how)
        if self.arena.aborted:  # on another rank that has gone; the user's interpreter knows why
            self._await_cause(died)
        else:
            self._settle(died)

    def _stepping_in(self, together: Sequence[Member]) -> Member | None:
        """Whose step it was in which a process has ended."""
        homes = {actor.party: actor.home for actor in self.plan.actors}
        home = homes[together[0].party]
        party = 0 if home is None else int(self.arena.party(home).step)
        return next((m for m in together if m.party + 1 == party), None)

    # -- ends -------------------------------------------------------------------------------

    def _start_failed(self, failure: Failure) -> None:
        self.ending = True
        self.user.post("startfail", failure)

    def _on_settle(self, frame: Frame) -> None:
        """Another domain has failed: end as well, and say who failed here with it."""
        self._settle(None, frame.take())

    def _settle(self, first: Failure | None, step: int | None = None) -> None:
        """Let the others complete the failing step, collect who fails with it, then end."""
        self.ending = self.leaving = True
        failures = [] if first is None else [first]
        step = step if first is None else first.step
        if step is not None and not self.plan.is_async:
            self.clock.limit = min(int(self.clock.limit), step)
            if self.plan.leads:
                self.lease.catch_up(step)
        for member in self.members.values():
            self.arena.party(member.party).post()
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline and not self.watch.settled():
            self._look_for_failures(failures)
        for member in list(self.members.values()):
            self._collect(member, failures)
        self._end_with(failures)

    def _look_for_failures(self, failures: list[Failure]) -> None:
        for key, events in self.selector.select(0.005):
            if events & selectors.EVENT_WRITE:
                self._write(key)
            if key.data in (self._from_user, self._signalled):
                key.data()
                continue
            for member in self.members.values():
                if member.open and member.pipe.fileno() == key.fd:
                    self._collect(member, failures)

    def _collect(self, member: Member, failures: list[Failure]) -> None:
        for frame in self._frames_of(member):
            if frame.kind == "failed":
                failures.append(self._complete(frame, member))
            else:
                self._pass_on(frame, member)

    def _end_with(self, failures: list[Failure]) -> None:
        """Report, and give the other domains time to settle before everything is taken down."""
        self.ending = True
        self.user.post("failed", failures)
        if not self.plan.alone:
            self._await_farewell()

    def _await_farewell(self) -> None:
        deadline = time.monotonic() + FAREWELL_SECONDS
        while time.monotonic() < deadline and not self.told_to_stop:
            self.user.flush()
            self.user.wait(0.05)
            self._from_user()

    def _on_stop(self, frame: Frame) -> None:
        """Let the step in progress end, then leave; `_take_down` does the rest."""
        self.leave_by = time.monotonic() + frame.take()
        self.leaving = True
        if self.running:
            self._on_pause(reason=words.STOPPED)
        patient_until = time.monotonic() + PATIENT_SECONDS
        while time.monotonic() < self.leave_by and not self._may_leave():
            self._look(0.02)
            if self.ending:
                return
            if self.plan.leads:
                self.lease.extend()
                if time.monotonic() > patient_until:
                    self.lease.end_here()
        self._let_clean_up()
        self._drain()
        self.ending = True

    def _let_clean_up(self) -> None:
        """Let models do what they do at the end, also those of other domains who have begun."""
        if not self.watch.resting():
            return
        self.cleaning = {actor.party for actor in self.plan.actors if actor.cleans_up}
        for party in self.cleaning:
            with contextlib.suppress(PipeEnded):
                self.members[party].pipe.post("leave", actor=party)
                self.arena.party(party).post()
        while time.monotonic() < self.leave_by:
            # Other services may be through and end the network: who cleans up then does not say so.
            if not any(self.members[i].open for i in self.cleaning) and self.watch.resting():
                return
            self._look(0.02)
            if self.ending:
                return

    def _hear_clean(self, _frame: Frame, member: Member) -> None:
        self.cleaning.discard(member.party)

    def _may_leave(self) -> bool:
        """The whole network rests (other domains end their step, too), or never will."""
        if not any(member.open for member in self.members.values()):
            return True
        ends_early = self.plan.leads and self.clock.limit != words.NO_LIMIT
        if (not self.running or ends_early) and self.watch.resting():
            return True
        return self.watch.blocked_for_good()

    def _take_down(self) -> None:
        """End every actor: wake and ask, then terminate, then kill."""
        self.arena.abort(1)
        parties: dict[object, list[Party]] = {}
        for m in self.members.values():
            parties.setdefault(m.handle, []).append(self.arena.party(m.party))
        late = self.host.end_all(
            list(parties), lambda handle: all(has_nothing_to_do(p) for p in parties[handle])
        )
        names = [m.name for m in self.members.values() if m.handle in late]
        with contextlib.suppress(PipeEnded):
            for member in self.members.values():
                for frame in self._frames_of(member):
                    self._pass_on(frame, member)
            self.user.post("stopped", names)
            self.user.flush(LAST_WORDS_SECONDS)
        for member in self.members.values():
            self._close(member)


def ignore_terminal_signals() -> None:
    """Ctrl-C belongs to the user's interpreter; actors and services do not react to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
