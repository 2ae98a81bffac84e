"""The listener: one thread that receives everything the services of a runtime send.

The whole network hangs on this thread, so nothing of the user's runs in it: values and exceptions
are opened by the thread that asked for them, output is written by a thread of its own
(`output.Emitter`). It also writes what the user's threads could not send without waiting. Whoever
waits for an answer may be interrupted at any moment; the answer that comes then is dropped. Should
the thread end for whatever reason (a debugger's trace function, no memory), the run and all that is
waited for end with an error that names the cause, and so does the network.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import selectors
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from lava_actor.channels.interrupts import Signal, held
from lava_actor.channels.pipe import Frame, Pipe, PipeEnded
from lava_actor.errors import Failure, RuntimeStateError
from lava_actor.protocol import words
from lava_actor.protocol.frames import Receiver, Way
from lava_actor.runtime.reports.exceptions import EXCEPTION_SECONDS
from lava_actor.runtime.reports.failures import died, of_runtime, raise_as_it_is, select
from lava_actor.runtime.reports.output import CREDIT, Emitter, emit_log, emit_print
from lava_actor.runtime.start.processes import KILL_SECONDS

if TYPE_CHECKING:
    from lava_actor.compiler.executable import ActorPlan
    from lava_actor.runtime.service.deadlock import Picture
    from lava_actor.runtime.user.clocks import Clocks
    from lava_actor.runtime.user.desk import Asker
    from lava_actor.runtime.user.services import Attendance

#: Seconds until it is known why a service is gone.
CAUSE_SECONDS = 5.0
#: Seconds that the end of a run, or of the network, waits for a stream that takes no output.
OUTPUT_SECONDS = 2.0


class _Answer:
    """A pending request: the reply as it came, or a failure and the exception that follows it."""

    def __init__(self) -> None:
        self.there = Signal()
        self.reply: Frame | None = None
        self.failure: Failure | None = None
        self.complete = Signal()
        self.error: BaseException | None = None


class Listener:
    """Receives frames, resolves requests, keeps how the run stands.

    Attributes
    ----------
    finished : set when the present run has ended, in whatever way
    reason : how it ended (`words.REACHED`, ``PAUSED``, ``STOPPED``)
    step : the step in which it ended; -1 while it has not, or if the network ended first
    failures : what failed, if anything did
    ending : set by whoever ends the network on purpose
    """

    def __init__(
        self, pipes: Sequence[Pipe], actors: Sequence[ActorPlan], reporting: set[int],
        services: Attendance, clocks: Clocks, judge: Callable[[int, Picture], Failure | None],
        abort: Callable[[int], None],
    ) -> None:  # fmt: skip
        self._pipes = list(pipes)
        self._services = services
        self._clocks = clocks
        self._judge = judge
        self._abort = abort
        self._selector = selectors.DefaultSelector()
        self._reporting = reporting  # services that say when a run has ended
        self._names = {a.party: a.name for a in actors}
        self._keys = itertools.count(1)
        self._answers: dict[int, _Answer] = {}
        self._lock = threading.Lock()
        self._commands = threading.Lock()  # commands to all services go out one after the other
        self._ready: set[int] = set()
        self._stopped: set[int] = set()
        self._running: set[int] = set()
        self._late: list[str] = []
        self._found: list[Failure] = []
        self._reported: set[int] = set()
        self._start_failure: Failure | None = None
        self._started = Signal()
        self._differences: deque[tuple[int, list[tuple[str, str]]]] = deque()
        self._all_stopped = Signal()
        self._over = Signal()  # it is known how all ends
        self.finished = Signal()
        self.finished.set()  # none is on
        self.reason = words.REACHED
        self.step = -1
        self.failures: list[Failure] = []
        self.ending = False
        self._closing = False
        self._nudging = threading.Lock()
        self._nudges = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._taken: Counter[int] = Counter()
        self._homes: dict[int, int] = {}
        self._emitter = Emitter(self._has_taken)
        self._receive = Receiver.of(self, "_on_", Way.SERVICE_TO_USER, Way.ACTOR_TO_USER)
        for index, pipe in enumerate(self._pipes):
            pipe.on_unsent = partial(self._unsent, index)
        name = "lava_actor listener"
        self._thread = threading.Thread(target=self._listen, name=name, daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """End the thread; pending requests fail."""
        self._closing = True
        self._nudge()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        for pipe in self._pipes:
            pipe.on_unsent = None
        with self._nudging:
            os.close(self._nudges)
            self._nudges = -1
        self._fail_pending(RuntimeStateError("the network has ended"))
        self.finished.set()
        self._over.set()
        self._selector.close()
        self._emitter.close(OUTPUT_SECONDS)

    def _nudge(self) -> None:
        """Let the thread look around: there is something to write, or it is to end."""
        with self._nudging:
            if self._nudges >= 0:
                os.eventfd_write(self._nudges, 1)

    # -- waiting for the network ------------------------------------------------------------

    def await_ready(self, tell: Callable[[int, list[tuple[str, str]]], None]) -> Failure | None:
        """Wait until all services report their actors built; the failure if one did not.

        ``tell`` sends a service what it asks for of the program's modules. It runs code of the
        user's, so it does here.
        """
        while not (self._start_failure or len(self._ready) == len(self._pipes)):
            if not self._started.wait(0.5) and (why := self._services.complaint()) is not None:
                return died("RuntimeService", why, phase="start")
            self._started.clear()
            while self._differences:
                tell(*self._differences.popleft())
        return self._start_failure

    def await_stopped(self, timeout: float, interrupts: Sequence[object] = ()) -> list[str]:
        """Wait until all services have ended; names of actors that had to be killed.

        Services that are stopped, or that have not ended in that time, are killed. With the first
        of the ``interrupts`` nobody waits any longer for the step in progress.
        """
        deadline = time.monotonic() + timeout
        hurried = False
        while not self._all_stopped.wait(0.1) and time.monotonic() < deadline:
            self._services.kill_halted()
            if interrupts and not hurried:
                hurried = True
                self.tell("stop", 0.0)
        if not self._all_stopped.is_set():
            self._services.kill()
            self._all_stopped.wait(KILL_SECONDS)
        return self._late

    def await_output(self) -> None:
        """Wait until what was printed in a run that has ended is written, if it can be."""
        self._emitter.flush(OUTPUT_SECONDS)

    def begin_run(self, send: Callable[[], None]) -> None:
        """Let ``send`` give the command to run to all services.

        A domain may have done its steps and ask for a pause before the next one has its command:
        the others are told after that, or the pause would come first and be for nothing.
        """
        with self._lock:
            if not self._reported:
                self.reason, self.step = words.REACHED, -1
                self._clocks.begin_run()
                self._running = self._reporting - self._stopped
                self.finished.clear()
        with self._commands:
            send()

    def tell(
        self, kind: str, payload: float | None = None, indices: set[int] | None = None
    ) -> None:
        """Send a command to all services, or to some; one that is gone has been noticed."""
        with self._lock:
            orders = self._clocks.orders(kind, payload, indices, self._running)
        for order in orders:
            self._post(*order)

    def _post(self, kind: str, payload: object, indices: set[int] | None) -> None:
        with held():
            for index, pipe in enumerate(self._pipes):
                if indices is None or index in indices:
                    with contextlib.suppress(PipeEnded):
                        pipe.post(kind, payload)

    # -- requests ---------------------------------------------------------------------------

    def ask(
        self, pipe: Pipe, kind: str, payload: object, party: int, name: str,
        hindrance: Callable[[int], str | None], asker: Asker | None = None,
    ) -> Any:  # fmt: skip
        """Send a request to an actor and wait for its answer.

        With an ``asker`` it may do without the pipe.
        """

        def look() -> None:
            if self._closing or self._over.is_set():  # perhaps just before the answer was awaited
                if self.failures:
                    raise self._has_failed()
                raise RuntimeStateError(f"{kind}: the network has ended")
            if (why := hindrance(party)) is not None:
                raise RuntimeStateError(f"{kind}: {name} cannot answer: {why}")

        key = next(self._keys)
        answer = _Answer()
        try:
            self._answers[key] = answer
            said = asker and asker.ask(party, key, kind, payload, answer.there.is_set, look)
            if said:
                return pickle.loads(said)
            try:
                if said is None:
                    pipe.post(kind, payload, key=key, actor=party)
            except PipeEnded as error:
                self._over.wait(CAUSE_SECONDS)  # its cause is soon known
                cause = f": {self.failures[0].what}" if self.failures else ""
                raise RuntimeStateError(f"{kind}: the network has ended{cause}") from error
            while not answer.there.wait(0.5):
                look()
            if answer.error is not None:
                raise answer.error
            if answer.failure is not None:
                answer.complete.wait(EXCEPTION_SECONDS)
                raise_as_it_is(answer.failure, f"{kind}: {name} could not carry it out")
            assert answer.reply is not None
            return answer.reply.take()
        finally:  # an answer that comes after this is dropped
            self._answers.pop(key, None)

    def _fail_pending(self, error: BaseException) -> None:
        for key in list(self._answers):
            if (answer := self._answers.pop(key, None)) is not None:
                answer.error = error
                answer.there.set()

    # -- the thread -------------------------------------------------------------------------

    def _listen(self) -> None:
        try:
            self._loop()
        except BaseException as error:  # noqa: BLE001  (the last line: nobody may wait for ever)
            self._give_up(error)

    def _loop(self) -> None:
        with self._selector as selector:
            selector.register(self._nudges, selectors.EVENT_READ, self._nudged)
            for index, pipe in enumerate(self._pipes):
                selector.register(pipe.fileno(), selectors.EVENT_READ, partial(self._hear, index))
            while not self._closing:
                for key, events in selector.select():
                    key.data(events)

    def _nudged(self, _events: int) -> None:
        os.eventfd_read(self._nudges)
        for index, pipe in enumerate(self._pipes):
            if pipe.unsent:
                self._watch(index, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def _unsent(self, index: int) -> None:
        """Something is left to write, whoever tried to."""
        if threading.current_thread() is self._thread:
            self._watch(index, selectors.EVENT_READ | selectors.EVENT_WRITE)
        else:
            self._nudge()

    def _watch(self, index: int, events: int) -> None:
        descriptor = self._pipes[index].fileno()
        if descriptor in self._selector.get_map():
            self._selector.modify(descriptor, events, partial(self._hear, index))

    def _hear(self, index: int, events: int = selectors.EVENT_READ) -> None:
        if events & selectors.EVENT_WRITE:
            self._watch(index, selectors.EVENT_READ)
            with contextlib.suppress(PipeEnded):  # to be read as well
                self._pipes[index].flush()
        if events & selectors.EVENT_READ:
            try:
                for frame in self._pipes[index].frames():
                    self._receive(frame, index)
            except PipeEnded:
                self._selector.unregister(self._pipes[index].fileno())
                self._note_stopped(index)

    def _on_here(self, frame: Frame, index: int) -> None:
        if (descriptor := self._services.note(index, frame)) is not None:
            ended = partial(self._service_ended, index, descriptor)
            self._selector.register(descriptor, selectors.EVENT_READ, ended)

    def _on_warm(self, frame: Frame, index: int) -> None:
        """The service stays as a launcher; a child of it takes its place."""
        self._selector.unregister(self._services.replace(index, frame))

    def _on_differ(self, frame: Frame, index: int) -> None:
        self._differences.append((index, frame.take()))
        self._started.set()

    def _service_ended(self, index: int, descriptor: int, _events: int) -> None:
        """Nothing follows what is in the pipe, whoever else holds the other end."""
        self._selector.unregister(descriptor)
        while self._pipes[index].fileno() in self._selector.get_map() and self._pipes[index].poll():
            self._hear(index)
        self._note_stopped(index)

    def _give_up(self, error: BaseException) -> None:
        """The thread cannot go on: end the network, and everybody's waiting."""
        self.failures = self.failures or [of_runtime(error, "the runtime", "listener")]
        self.tell("stop", 0.0)
        self._start_failure = self._start_failure or self.failures[0]
        self._started.set()
        self._all_stopped.set()
        self.finished.set()
        self._over.set()
        self._fail_pending(self._has_failed())

    def _has_failed(self) -> RuntimeStateError:
        return RuntimeStateError(f"the network has failed: {self.failures[0].what}")

    def _on_ready(self, _frame: Frame, index: int) -> None:
        self._ready.add(index)
        if len(self._ready) == len(self._pipes):
            self._started.set()

    def _on_startfail(self, frame: Frame, _index: int) -> None:
        self._start_failure = self._start_failure or frame.take()
        self._started.set()

    def _on_finished(self, frame: Frame, index: int) -> None:
        reason, step = frame.take()
        with self._lock:
            self.reason = self.reason or reason or self._clocks.reason
            self.step = max(self.step, step)
            self._running.discard(index)
            more = self._clocks.next_round(self._running, self.reason)
            self._running |= more
            done = not self._running
            told = reason != words.REACHED and not done
            orders = [] if told else self._clocks.at_rest(self._running)
        with self._commands:
            if more:
                self._post("run", 1, more)
            for order in orders:
                self._post(*order)
        if told:
            self._tell_others(index)
        if done:
            self.finished.set()

    def _on_held(self, frame: Frame, index: int) -> None:
        if frame.key:  # somebody in this interpreter asked
            self._on_reply(frame, index)
            return
        for order in self._clocks.note(index, frame.take(), self._stopped):
            self._post(*order)

    def _on_waits(self, frame: Frame, index: int) -> None:
        failure = self._judge(index, frame.take())
        if failure is not None and not self.finished.is_set() and not self._clocks.agreeing:
            self._end_with(index, [failure])

    def _on_ask(self, _frame: Frame, index: int) -> None:
        self._tell_others(index)

    def _tell_others(self, index: int) -> None:
        """One domain's request pauses all."""
        with self._commands:
            self.tell("pause", None, set(range(len(self._pipes))) - {index})

    def _on_failed(self, frame: Frame, index: int) -> None:
        self._end_with(index, frame.take())

    def _end_with(self, index: int, failures: list[Failure]) -> None:
        """One service has failed: ask the others who failed with it, then tell the user."""
        with self._lock:
            self._found.extend(failures)
            self._reported.add(index)
            first = len(self._reported) == 1
            missing = set(range(len(self._pipes))) - self._reported - self._stopped
        if first:
            self.tell("settle", min((f.step for f in failures if f.step), default=None), missing)
        if not missing and not self.failures:
            self._conclude()

    def _conclude(self) -> None:
        with self._lock:
            self.failures = select(self._found)
        self.tell("stop", 0.0, set(range(len(self._pipes))) - self._stopped)
        if not self._started.is_set():
            self._start_failure = self.failures[0]
            self._started.set()
        self.finished.set()
        self._over.set()
        self._fail_pending(self._has_failed())

    def _on_stopped(self, frame: Frame, index: int) -> None:
        self._late.extend(frame.take())
        self._note_stopped(index, "ended, and nobody has told it to")

    def _note_stopped(self, index: int, why: str = "") -> None:
        """A service has ended: as it was told to, or after a failure; or else that is one."""
        expected = self.ending or self._reported or self._start_failure is not None
        if index not in self._stopped and not expected:
            self._stopped.add(index)
            if lost := self._services.lost.get(index):
                self._found, self._reported = [lost], {index}
                self._conclude()  # a machine is gone: nobody needs to say more
            else:
                why = why or self._services.fate(index)
                self._end_with(index, [died("RuntimeService", why, model=f"domain {index}")])
        self._stopped.add(index)
        everybody = set(range(len(self._pipes)))
        if self._reported and not self.failures and self._reported | self._stopped == everybody:
            self._conclude()
        if len(self._stopped) == len(self._pipes):
            self._abort(1)  # as a service does in the end, if it can: threads of ours may wait
            self._all_stopped.set()
            self.finished.set()
            self._over.set()

    def _on_reply(self, frame: Frame, _index: int) -> None:
        if (answer := self._answers.pop(frame.key, None)) is not None:
            answer.reply = frame
            answer.there.set()

    def _on_error(self, frame: Frame, _index: int) -> None:
        answer = self._answers.get(frame.key)
        failure = frame.take()
        if answer is not None:
            answer.failure = failure
            answer.there.set()

    def _on_raised(self, frame: Frame, _index: int) -> None:
        answer = self._answers.pop(frame.key, None)
        packed = frame.take()
        if answer is not None and answer.failure is not None:
            answer.failure = replace(answer.failure, packed=packed)
            answer.complete.set()

    # -- output -----------------------------------------------------------------------------

    def _on_print(self, frame: Frame, index: int) -> None:
        stream, text, amount = frame.take()
        self._emit(frame, index, amount, emit_print, stream, text)

    def _on_log(self, frame: Frame, index: int) -> None:
        step, name, level, text, amount = frame.take()
        self._emit(frame, index, amount, emit_log, step, name, level, text)

    def _emit(
        self, frame: Frame, index: int, amount: int, emit: Callable[..., None], *what: object
    ) -> None:
        self._homes[frame.actor] = index
        self._emitter.put(frame.actor, amount, emit, self._names.get(frame.actor, "?"), *what)

    def _has_taken(self, party: int, amount: int) -> None:
        """The user's stream has taken output: its actor may send more."""
        self._taken[party] += amount
        if self._taken[party] > CREDIT // 4:
            pipe = self._pipes[self._homes[party]]
            with contextlib.suppress(PipeEnded):
                pipe.post("taken", self._taken.pop(party), actor=party)
