"""Ctrl-C, and what other handlers of signals raise, during what must not be half done.

Python raises `KeyboardInterrupt` between any two instructions of the main thread. A frame is one
only if all of it is sent. Commands to several services are one command only if all of them get it:
a run that some have heard of can be neither waited for nor paused. Blocking the signal in this
thread does not help, as any other thread may take it and Python then tells the main one. So for the
length of such a section other handlers take note, and the real ones are called at its end (`held`).

Waiting is the other way about: it must be cut short at any moment and leave nothing behind.
`threading.Event` and `Condition` do not: an interrupt inside of them can leave their lock taken, or
end in "release unlocked lock". `Signal` has no lock.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # has no stub; without enums, which cost 40 µs
import _thread
import contextlib
import functools
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

_HELD = (
    *(int(signal.SIGINT), int(signal.SIGTERM), int(signal.SIGALRM), int(signal.SIGVTALRM)),
    *(int(signal.SIGPROF), int(signal.SIGXCPU), int(signal.SIGHUP)),
)
"""What programs have handlers for that may raise: limits of time, ends a scheduler announces."""
_TRACED = (int(signal.SIGQUIT), int(signal.SIGUSR1), int(signal.SIGUSR2))
"""The same, but `faulthandler.register` may have them, which nobody can ask nor put back."""
_SLICE = 0.5
"""Seconds. A signal that comes just before the kernel lets a thread sleep does not wake it, and its
handler runs when Python is next asked to."""

Handler = Callable[[int, FrameType | None], object]
Arrived = dict[int, tuple["_Note", FrameType | None]]
"""The handler to be called, and what was going on, by the number of the signal."""


class _Note:
    """A handler that takes note, and calls the one that was there once nothing is held any more."""

    __slots__ = ("__wrapped__", "arrived", "hurries")

    def __init__(self, before: Handler, arrived: Arrived, hurries: list[int]) -> None:
        self.__wrapped__, self.hurries = before, hurries
        self.arrived: Arrived | None = arrived

    def __call__(self, number: int, frame: FrameType | None) -> None:
        arrived = self.arrived
        if arrived is None:
            self.__wrapped__(number, frame)
            return
        arrived[number] = (self, frame)
        if number == signal.SIGINT:
            self.hurries.append(number)


@contextlib.contextmanager
def held() -> Iterator[list[int]]:
    """Let handlers of signals, Ctrl-C's first of all, run at the end of the block, not inside it.

    The block may look whether Ctrl-C is among what has arrived, to come to its own end sooner.
    Without effect outside of the main thread, where no handler runs, and on signals that are
    ignored or not Python's own.
    """
    hurries: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield hurries
        return
    arrived: Arrived = {}
    notes: dict[int, _Note] = {}
    try:
        traced = () if "faulthandler" in sys.modules else _TRACED
        for number in (*_HELD, *traced):
            if callable(before := _signal.getsignal(number)):
                notes[number] = _Note(before, arrived, hurries)
                _signal.signal(number, notes[number])
        yield hurries
    finally:
        # From here on what is raised anywhere leaves handlers behind that call the real ones.
        for note in notes.values():
            note.arrived = None
        try:
            for number, note in notes.items():
                if _signal.getsignal(number) is note:
                    _signal.signal(number, note.__wrapped__)
        finally:
            _catch_up(arrived)


def _catch_up(arrived: Arrived) -> None:
    while arrived:
        number, (note, frame) = arrived.popitem()
        try:
            note.__wrapped__(number, frame)
        finally:
            _catch_up(arrived)


def let_through(error: BaseException) -> None:
    """Raise an error again that comes out of one of the program's own handlers of signals.

    A limit of time, or `sys.exit` at SIGTERM, may be raised inside of anything; who takes the
    errors of other people's code for what that code has to say asks here first.
    """
    handlers = [_signal.getsignal(number) for number in _signal.valid_signals()]
    codes = {code for one in handlers if callable(one) for code in _codes_of(one) if code}
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in codes:
            raise error
        trace = trace.tb_next


def _codes_of(handler: Any) -> Iterator[object]:
    while handler is not None:
        for one in (handler, type(handler).__call__):
            yield getattr(getattr(one, "__func__", one), "__code__", None)
        inside = handler.func if isinstance(handler, functools.partial) else None
        handler = inside or getattr(handler, "__wrapped__", None)


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """Let an interrupt raise `KeyboardInterrupt` in the block, where an event loop would not.

    The loop of a notebook cell with ``await``, or of `asyncio.run`, cancels the task that is on,
    which takes effect at its next ``await``: too late for one that waits right here.
    """
    aside = None
    if (
        threading.current_thread() is threading.main_thread()
        and (asyncio := sys.modules.get("asyncio")) is not None
        and asyncio._get_running_loop() is not None
        and callable(before := signal.getsignal(signal.SIGINT))
    ):
        aside = before
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if aside is not None:
            signal.signal(signal.SIGINT, aside)


class Signal:
    """A flag to wait for, like `threading.Event`, that an interrupt at any moment leaves whole."""

    def __init__(self) -> None:
        self._set = False
        self._waiting: deque[_thread.LockType] = deque()

    def is_set(self) -> bool:
        """True after `set`."""
        return self._set

    def set(self) -> None:
        """Let everybody go on who waits, now or later."""
        self._set = True
        with contextlib.suppress(IndexError):
            while True:
                self._waiting.popleft().release()

    def clear(self) -> None:
        """From now on, waiting waits again."""
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the flag is set, at most ``timeout`` seconds; tell whether it is."""
        if not self._set and (timeout is None or timeout > 0):
            sleeper = _thread.allocate_lock()
            sleeper.acquire()
            self._waiting.append(sleeper)
            end = None if timeout is None else time.monotonic() + timeout
            try:
                while not self._set:  # or else `set` has seen the sleeper, or will
                    left = _SLICE if end is None else min(_SLICE, end - time.monotonic())
                    if left <= 0 or sleeper.acquire(timeout=left):
                        break
            finally:
                with contextlib.suppress(ValueError):
                    self._waiting.remove(sleeper)
        return self._set
