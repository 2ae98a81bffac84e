"""What an actor prints and logs reaches the user's output, marked with the process name.

In the actor, ``sys.stdout`` and ``sys.stderr`` are replaced by writers that send whole lines
through the pipe, and the library's logger gets a handler that sends records. In the user's
interpreter the listener re-emits them, on whatever ``sys.stdout`` is at that moment: a terminal,
a notebook cell, a test's capture.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lava_actor.channels import Party
    from lava_actor.channels.pipe import Pipe

#: A partial line is sent when it has grown to this many characters.
LONGEST_LINE = 8192


class LineSender(io.TextIOBase):
    """A text stream that sends complete lines as "print" frames."""

    def __init__(self, pipe: Pipe, actor: int, stream: str) -> None:
        self._pipe = pipe
        self._actor = actor
        self._stream = stream
        self._rest = ""

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Keep ``text`` until its line is complete."""
        self._rest += text
        if "\n" in self._rest or len(self._rest) > LONGEST_LINE:
            lines, newline, self._rest = self._rest.rpartition("\n")
            if not newline:
                lines, self._rest = self._rest, ""
            self._send(lines)
        return len(text)

    def flush(self) -> None:
        """Send a line that is not complete yet."""
        if self._rest:
            text, self._rest = self._rest, ""
            self._send(text)

    def _send(self, text: str) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more
            self._pipe.send("print", (self._stream, text), actor=self._actor)


class RecordSender(logging.Handler):
    """Sends log records as "log" frames: step, logger name, level, text."""

    def __init__(self, pipe: Pipe, party: Party) -> None:
        super().__init__()
        self._pipe = pipe
        self._party = party

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record, formatted here because its arguments may not travel."""
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        with contextlib.suppress(OSError):
            self._pipe.send(
                "log",
                (int(self._party.step), record.name, record.levelno, text),
                actor=self._party.index,
            )


def redirect_output(pipe: Pipe, party: Party) -> Callable[[], None]:
    """Route prints and log records of this process into ``pipe``; returns the flush at the end."""
    out, err = LineSender(pipe, party.index, "stdout"), LineSender(pipe, party.index, "stderr")
    sys.stdout, sys.stderr = out, err
    handler = RecordSender(pipe, party)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    library = logging.getLogger("lava_actor")
    for existing in list(library.handlers):
        library.removeHandler(existing)
    library.propagate = True

    def restore() -> None:
        out.flush()
        err.flush()

    return restore


def emit_print(name: str, stream: str, text: str) -> None:
    """Write an actor's lines to the user's stream, each marked with the process name."""
    target = sys.stderr if stream == "stderr" else sys.stdout
    marked = "".join(f"[{name}] {line}\n" for line in text.split("\n"))
    with contextlib.suppress(ValueError, OSError):  # the user closed the stream
        target.write(marked)
        target.flush()


def emit_log(process: str, step: int, name: str, level: int, text: str) -> None:
    """Hand an actor's record to the logger of the same name in the user's interpreter."""
    logger = logging.getLogger(name)
    if not logger.isEnabledFor(level):
        return
    record = logger.makeRecord(
        name, level, "", 0, f"[{process} step {step}] {text}", (), None, extra=None
    )
    logger.handle(record)
