"""What an actor prints and logs reaches the user's output, marked with the process name.

In the actor, ``sys.stdout`` and ``sys.stderr`` are replaced by writers that send whole lines
through the pipe, and the library's logger gets a handler that sends records. In the user's
interpreter a thread of its own writes them, to whatever ``sys.stdout`` is at that moment: a
terminal, a notebook cell, a test's capture, a widget, nothing at all.

That stream is the user's code: it may raise anything, and it may block (a pager that nobody
scrolls). So the thread that writes is not the one that listens, and what the stream raises ends
nothing; the output is lost, as it would be for the stream's owner. Memory stays bounded, because an
actor has a credit: so much of its output may be on its way. Then its next print waits until the
stream has taken some of it. Neither the service nor the listener ever waits for output.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lava_actor.channels.interrupts import Signal
from lava_actor.channels.pipe import PipeEnded
from lava_actor.errors import NetworkEnds
from lava_actor.runtime.start.processes import start_thread

if TYPE_CHECKING:
    from lava_actor.runtime.actor.actor import Actor

#: A partial line is sent when it has grown to this many characters.
LONGEST_LINE = 8192

#: Output of one actor that may be on its way, and what a frame counts besides its characters. A
#: socket takes that much, so to send it never waits for a service that is busy elsewhere.
CREDIT = 96 * 1024
_PER_FRAME = 512


class Outlet:
    """Sends what an actor has to say, and waits while too much of it is on its way."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._on_its_way = 0
        self._owner = os.getpid()
        actor.on_taken = self._taken

    def _taken(self, amount: int) -> None:
        self._on_its_way -= amount

    def send(self, kind: str, *payload: Any) -> None:
        """Send a frame of output; its last part is its text.

        A process that the model has forked writes it to the user's own stream: two who write to
        one pipe would cut each other's frames.
        """
        if self._owner != os.getpid():
            marked = _marked(self._actor.name, payload[-1])
            with contextlib.suppress(OSError):
                os.write(1 if payload[0] == "stdout" else 2, marked.encode(errors="replace"))
            return
        amount = len(payload[-1]) + _PER_FRAME
        with contextlib.suppress(NetworkEnds, PipeEnded):  # nobody listens any more
            while self._on_its_way > CREDIT:
                if self._actor.arena.aborted:
                    return
                self._actor.fetch(0.1)
            self._on_its_way += amount
            self._actor.pipe.send(kind, (*payload, amount), actor=self._actor.party.index)


class LineSender(io.TextIOBase):
    """A text stream that sends complete lines as "print" frames."""

    def __init__(self, outlet: Outlet, stream: str) -> None:
        self._outlet = outlet
        self._stream = stream
        self._rest = ""

    def fileno(self) -> int:
        """The user's own stream, for who cannot do with less (`faulthandler`, child processes)."""
        return 2 if self._stream == "stderr" else 1

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Keep ``text`` until its line is complete."""
        self._rest += text
        if "\n" in self._rest:
            lines, _, self._rest = self._rest.rpartition("\n")
            self._send(lines)
        elif len(self._rest) > LONGEST_LINE:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Send a line that is not complete yet."""
        if self._rest:
            text, self._rest = self._rest, ""
            self._send(text)

    def _send(self, text: str) -> None:
        self._outlet.send("print", self._stream, text)


class RecordSender(logging.Handler):
    """Sends log records as "log" frames: step, logger name, level, text."""

    def __init__(self, outlet: Outlet, actor: Actor) -> None:
        super().__init__()
        self._outlet = outlet
        self._party = actor.party

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record, formatted here because its arguments may not travel."""
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        self._outlet.send("log", int(self._party.step), record.name, record.levelno, text)


def redirect_output(actor: Actor) -> Callable[[], None]:
    """Route prints and log records of this process to the user; returns the flush at the end."""
    voice = _Voice(actor)
    _speak_by(voice.out, voice.err, voice.log)
    return voice.flush


class _Voice:
    """How one actor speaks."""

    def __init__(self, actor: Actor) -> None:
        outlet = Outlet(actor)
        self.out, self.err = LineSender(outlet, "stdout"), LineSender(outlet, "stderr")
        self.log = RecordSender(outlet, actor)

    def flush(self) -> None:
        self.out.flush()
        self.err.flush()


def _speak_by(out: io.TextIOBase, err: io.TextIOBase, log: logging.Handler) -> None:
    sys.stdout, sys.stderr = out, err
    logging.getLogger().handlers[:] = [log]
    library = logging.getLogger("lava_actor")
    library.handlers.clear()
    library.propagate = True


class Voices:
    """Several actors speak in this process; who it is in a thread, that thread says.

    Parameters
    ----------
    stepping : callable
        Whose native step the calling thread is in, if it is in one.
    """

    def __init__(self, stepping: Callable[[], Actor | None]) -> None:
        self._stepping = stepping
        self._of: dict[Actor, _Voice] = {}
        self._here = threading.local()
        self._last: Actor  # for threads that a model has started
        _speak_by(_Spoken(self, "out"), _Spoken(self, "err"), _SpokenRecords(self))

    def speak(self, actor: Actor) -> None:
        """From now on it is this actor who speaks in this thread."""
        self._here.actor = self._last = actor

    def now(self) -> _Voice:
        """The voice of who speaks."""
        here: Actor = getattr(self._here, "actor", self._last)
        actor = self._stepping() or here
        if actor not in self._of:
            self._of[actor] = _Voice(actor)
        return self._of[actor]

    def forget(self, actor: Actor) -> None:
        """Send what an actor has not ended with a new line."""
        voice = self._of.pop(actor, None)
        if voice is not None:
            voice.flush()


class _Spoken(io.TextIOBase):
    def __init__(self, voices: Voices, stream: str) -> None:
        self._voices = voices
        self._stream = stream

    def _now(self) -> LineSender:
        sender: LineSender = getattr(self._voices.now(), self._stream)
        return sender

    def fileno(self) -> int:
        return self._now().fileno()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return self._now().write(text)

    def flush(self) -> None:
        self._now().flush()


class _SpokenRecords(logging.Handler):
    def __init__(self, voices: Voices) -> None:
        super().__init__()
        self._voices = voices

    def emit(self, record: logging.LogRecord) -> None:
        self._voices.now().log.emit(record)


class Emitter:
    """Writes in the user's interpreter what actors print and log, in a thread of its own.

    Parameters
    ----------
    taken : callable
        Told the party and the amount once the user's stream has taken it.
    """

    def __init__(self, taken: Callable[[int, int], None]) -> None:
        self._taken = taken
        self._queue: deque[tuple[int, int, Callable[..., None], tuple[object, ...]] | None] = (
            deque()
        )
        self._lock = threading.Lock()
        self._more = threading.Semaphore(0)
        self._idle = Signal()
        self._idle.set()
        self._thread: threading.Thread | None = None

    def put(self, party: int, amount: int, emit: Callable[..., None], *what: object) -> None:
        """Let the thread call ``emit(*what)``; the thread starts with the first."""
        with self._lock:
            self._idle.clear()
            self._queue.append((party, amount, emit, what))
        self._more.release()
        if self._thread is None:
            self._thread = start_thread("lava_actor output", self._run)

    def _run(self) -> None:
        while True:
            self._more.acquire()
            item = self._queue.popleft()
            if item is None:
                return
            party, amount, emit, what = item
            with contextlib.suppress(BaseException):  # the stream and its handlers are the user's
                emit(*what)
            with contextlib.suppress(BaseException):
                self._taken(party, amount)
            with self._lock:
                if not self._queue:
                    self._idle.set()

    def flush(self, timeout: float) -> None:
        """Wait until all is written, at most ``timeout`` seconds: the stream may block."""
        if threading.current_thread() is not self._thread:
            self._idle.wait(timeout)

    def close(self, timeout: float) -> None:
        """End the thread; one whose stream blocks is left to itself."""
        if self._thread is not None:
            self._queue.append(None)
            self._more.release()
            if self._thread is not threading.current_thread():
                self._thread.join(timeout)


def emit_print(name: str, stream: str, text: str) -> None:
    """Write an actor's lines to the user's stream, each marked with the process name."""
    target = sys.stderr if stream == "stderr" else sys.stdout
    if target is not None:  # a program without a terminal may have none
        target.write(_marked(name, text))
        target.flush()


def _marked(name: str, text: str) -> str:
    return "".join(f"[{name}] {line}\n" for line in text.split("\n"))


def emit_log(process: str, step: int, name: str, level: int, text: str) -> None:
    """Hand an actor's record to the logger of the same name in the user's interpreter."""
    logger = logging.getLogger(name)
    if logger.isEnabledFor(level):
        marked = f"[{process} step {step}] {text}"
        logger.handle(logger.makeRecord(name, level, "", 0, marked, (), None))
