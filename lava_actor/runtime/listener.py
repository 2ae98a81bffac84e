"""The listener: one thread that receives everything the services of a runtime send."""

from __future__ import annotations

import contextlib
import itertools
import os
import selectors
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from lava_actor.channels.pipe import Frame, Pipe
from lava_actor.errors import Failure, RemoteTraceback, RuntimeStateError
from lava_actor.runtime import words
from lava_actor.runtime.failures import died, select
from lava_actor.runtime.output import emit_log, emit_print
from lava_actor.runtime.processes import KILL_SECONDS
from lava_actor.runtime.tracebacks import with_sources

if TYPE_CHECKING:
    from lava_actor.compiler.executable import ActorPlan
    from lava_actor.runtime.attendance import Attendance


class _Answer:
    """A pending request."""

    def __init__(self, party: int) -> None:
        self.party = party
        self.there = threading.Event()
        self.value: Any = None
        self.error: BaseException | None = None


class Listener:
    """Receives frames, resolves requests, keeps how the run stands.

    Attributes
    ----------
    finished : set when the present run has ended, in whatever way
    reason : how it ended (`words.REACHED`, ``PAUSED``, ``STOPPED``)
    failures : what failed, if anything did
    """

    def __init__(
        self,
        pipes: Sequence[Pipe],
        actors: Sequence[ActorPlan],
        reporting: set[int],
        services: Attendance,
    ) -> None:
        self._pipes = list(pipes)
        self._services = services
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
        self._started = threading.Event()
        self._all_stopped = threading.Event()
        self.finished = threading.Event()
        self.reason = words.REACHED
        self.failures: list[Failure] = []
        self._leave, self._signal = os.pipe()
        self._thread = threading.Thread(
            target=self._listen, name="lava_actor listener", daemon=True
        )

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """End the thread; pending requests fail."""
        os.write(self._signal, b"x")
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        os.close(self._leave)
        os.close(self._signal)
        self._fail_pending(RuntimeStateError("the network has ended"))
        self.finished.set()

    # -- waiting for the network ------------------------------------------------------------

    def await_ready(self) -> Failure | None:
        """Wait until all services report their actors built; the failure if one did not."""
        while not self._started.wait(0.5):
            why = self._services.complaint()
            if why is not None:
                return died("RuntimeService", why, phase="start")
        return self._start_failure

    def await_stopped(self, timeout: float) -> list[str]:
        """Wait until all services have ended; names of actors that had to be killed.

        Services that are stopped, or that have not ended in that time, are killed.
        """
        deadline = time.monotonic() + timeout
        while not self._all_stopped.wait(0.1) and time.monotonic() < deadline:
            self._services.kill_halted()
        if not self._all_stopped.is_set():
            self._services.kill()
            self._all_stopped.wait(KILL_SECONDS)
        return self._late

    def begin_run(self, send: Callable[[], None]) -> None:
        """Let ``send`` give the command to run to all services.

        A domain may have done its steps and ask for a pause before the next one has its command:
        the others are told after that, or the pause would come first and be for nothing.
        """
        with self._lock:
            if not self._reported:
                self.reason = words.REACHED
                self._running = self._reporting - self._stopped
                self.finished.clear()
        with self._commands:
            send()

    # -- requests ---------------------------------------------------------------------------

    def ask(
        self,
        pipe: Pipe,
        kind: str,
        payload: Any,
        party: int,
        name: str,
        hindrance: Callable[[int], str | None],
    ) -> Any:
        """Send a request to an actor and wait for its answer."""
        key = next(self._keys)
        answer = _Answer(party)
        with self._lock:
            self._answers[key] = answer
        try:
            pipe.send(kind, payload, key=key, actor=party)
        except OSError as error:
            with self._lock:
                self._answers.pop(key, None)
            raise RuntimeStateError(f"{kind}: the network has ended") from error
        while not answer.there.wait(0.5):
            why = hindrance(party)
            if why is not None:
                raise RuntimeStateError(f"{kind}: {name} cannot answer: {why}")
        if answer.error is not None:
            raise answer.error
        return answer.value

    def _fail_pending(self, error: BaseException) -> None:
        with self._lock:
            pending, self._answers = list(self._answers.values()), {}
        for answer in pending:
            answer.error = error
            answer.there.set()

    # -- the thread -------------------------------------------------------------------------

    def _listen(self) -> None:
        with self._selector as selector:
            selector.register(self._leave, selectors.EVENT_READ, None)
            for index, pipe in enumerate(self._pipes):
                selector.register(pipe.fileno(), selectors.EVENT_READ, partial(self._hear, index))
            while True:
                for key, _ in selector.select():
                    if key.data is None:
                        return
                    key.data()

    def _hear(self, index: int) -> None:
        try:
            frame = self._pipes[index].recv()
        except (EOFError, OSError):
            self._selector.unregister(self._pipes[index].fileno())
            self._service_gone(index)
            return
        self._handle(index, frame)

    def _on_here(self, index: int, frame: Frame) -> None:
        descriptor = self._services.note(index, frame)
        if descriptor is not None:
            ended = partial(self._service_ended, index, descriptor)
            self._selector.register(descriptor, selectors.EVENT_READ, ended)

    def _service_ended(self, index: int, descriptor: int) -> None:
        """Nothing follows what is in the pipe, whoever else holds the other end."""
        self._selector.unregister(descriptor)
        while self._pipes[index].fileno() in self._selector.get_map() and self._pipes[index].poll():
            self._hear(index)
        self._service_gone(index)

    def _handle(self, index: int, frame: Frame) -> None:
        handler = getattr(self, f"_on_{frame.kind}")
        handler(index, frame)

    def _on_ready(self, index: int, frame: Frame) -> None:
        frame.close()
        self._ready.add(index)
        if len(self._ready) == len(self._pipes):
            self._started.set()

    def _on_startfail(self, index: int, frame: Frame) -> None:
        self._start_failure = self._start_failure or frame.take()
        self._started.set()

    def _on_finished(self, index: int, frame: Frame) -> None:
        reason, _step = frame.take()
        with self._lock:
            self.reason = self.reason or reason
            self._running.discard(index)
            done = not self._running
        if reason != words.REACHED and not done:
            self._tell_others(index)
        if done:
            self.finished.set()

    def _on_ask(self, index: int, frame: Frame) -> None:
        frame.close()
        self._tell_others(index)

    def _tell_others(self, index: int) -> None:
        """One domain's request pauses all."""
        with self._commands:
            self._send_to(set(range(len(self._pipes))) - {index}, "pause")

    def _on_failed(self, index: int, frame: Frame) -> None:
        self._end_with(index, frame.take())

    def _end_with(self, index: int, failures: list[Failure]) -> None:
        """One service has failed: ask the others who failed with it, then tell the user."""
        with self._lock:
            self._found.extend(failures)
            self._reported.add(index)
            first = len(self._reported) == 1
            missing = set(range(len(self._pipes))) - self._reported - self._stopped
        if first:
            self._send_to(missing, "settle")
        if not missing and not self.failures:
            self._conclude()

    def _conclude(self) -> None:
        with self._lock:
            self.failures = select(self._found)
        self._send_to(set(range(len(self._pipes))) - self._stopped, "stop", 0.0)
        if not self._started.is_set():
            self._start_failure = self.failures[0]
            self._started.set()
        self.finished.set()
        self._fail_pending(
            RuntimeStateError(f"the network has failed: {self.failures[0].message}")
        )

    def _send_to(self, indices: set[int], kind: str, payload: Any = None) -> None:
        for index in indices:
            with contextlib.suppress(OSError):
                self._pipes[index].send(kind, payload)

    def _on_stopped(self, index: int, frame: Frame) -> None:
        self._late.extend(frame.take())
        self._note_stopped(index)

    def _note_stopped(self, index: int) -> None:
        self._stopped.add(index)
        everybody = set(range(len(self._pipes)))
        if self._reported and not self.failures and self._reported | self._stopped == everybody:
            self._conclude()
        if len(self._stopped) == len(self._pipes):
            self._all_stopped.set()
            self.finished.set()

    def _service_gone(self, index: int) -> None:
        if index not in self._stopped and not self._reported:
            self._end_with(
                index,
                [died("RuntimeService", self._services.fate(index), model=f"domain {index}")],
            )
        self._note_stopped(index)

    def _on_reply(self, _index: int, frame: Frame) -> None:
        with self._lock:
            answer = self._answers.pop(frame.key, None)
        if answer is None:
            frame.close()
            return
        try:
            answer.value = frame.take()
        except Exception as error:  # noqa: BLE001  (belongs to whoever asked)
            answer.error = error
        answer.there.set()

    def _on_error(self, _index: int, frame: Frame) -> None:
        with self._lock:
            answer = self._answers.pop(frame.key, None)
        error, text = frame.take()
        if answer is None:
            return
        if error is None:
            error = RuntimeStateError("the actor could not carry out the request")
        error.__cause__ = RemoteTraceback(with_sources(text))
        answer.error = error
        answer.there.set()

    def _on_print(self, _index: int, frame: Frame) -> None:
        stream, text = frame.take()
        emit_print(self._names.get(frame.actor, "?"), stream, text)

    def _on_log(self, _index: int, frame: Frame) -> None:
        step, name, level, text = frame.take()
        emit_log(self._names.get(frame.actor, "?"), step, name, level, text)
