"""Ctrl-C during what must not be half done.

Python raises `KeyboardInterrupt` between any two instructions of the main thread. Commands to
several services are one command only if all of them get it: a run that some have heard of can be
neither waited for nor paused. Blocking the signal in this thread does not help, as any other thread
may take it and Python then tells the main one. So for the length of such a section another handler
takes note, and the real one is called at its end.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Let an interrupt take effect at the end of the block, not inside of it.

    Without effect outside of the main thread, where no interrupt is raised, and where SIGINT is
    ignored or not Python's to handle.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):
        yield
        return
    arrived: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: arrived.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if arrived:
            before(*arrived[-1])
