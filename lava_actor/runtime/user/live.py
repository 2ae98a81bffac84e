"""A table in a cell of a notebook that shows what a network does while it does it.

A thread looks at shared memory and replaces the table. So neither the kernel, whose cells go on,
nor the actors, who know nothing of it, wait for a front end that is slow to draw.
"""

from __future__ import annotations

import math
import numbers
import threading
import time
from typing import TYPE_CHECKING, Any

from lava_actor.errors import InvalidValueError, RuntimeStateError
from lava_actor.process.tables import ROWS, table
from lava_actor.runtime.start.processes import start_thread
from lava_actor.runtime.user.status import busy_between

if TYPE_CHECKING:
    from lava_actor.runtime.user.handle import RunHandle
    from lava_actor.runtime.user.status import ActorStatus

#: How much of its time the thread may look.
LOAD = 0.1


class LiveView:
    """What `RunHandle.live` shows: step and rate of a run, and who is busy, who waits for what.

    It ends with the run, or by `close`.
    """

    def __init__(self, handle: RunHandle, every: float) -> None:
        seconds = float(every) if isinstance(every, numbers.Real) else math.nan
        if not 0 < seconds < math.inf:
            raise InvalidValueError(f"every: expected seconds above 0, got {every!r}")
        try:
            from IPython import display  # comes with every notebook
        except ImportError:
            raise RuntimeStateError(
                "a live view needs the cell of a notebook; elsewhere run(…, progress=True) shows "
                "how far a run is"
            ) from None
        self._handle, self._every = handle, min(seconds, threading.TIMEOUT_MAX)
        self._before: tuple[float, int, list[ActorStatus]] = (time.perf_counter(), handle.step, [])
        self._html = self._look()
        self._cell = _cell()
        show: Any = display.display
        self._shown = show(_Look(self), display_id=True)
        self._over = threading.Event()
        self._thread = start_thread("lava_actor live", self._follow)

    def close(self) -> None:
        """Draw once more, and no longer; the run goes on."""
        self._over.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
        self._draw()

    def _follow(self) -> None:
        pause = self._every
        while not self._over.wait(pause) and not self._handle.done:
            begin = time.perf_counter()
            if not self._draw():
                return
            pause = max(self._every, (time.perf_counter() - begin) / LOAD)
        if not self._over.is_set():
            self._draw()

    def _draw(self) -> bool:
        try:
            self._html = self._look()
            if self._shown is not None:  # None: nobody displays anything in this interpreter
                self._shown.update(_Look(self))
        except Exception:  # noqa: BLE001  (the network or the front end is gone: nothing to show)
            return False
        return True

    def _look(self) -> str:
        handle, now = self._handle, time.perf_counter()
        step, actors = handle.step, [] if handle.done else handle._runtime.status()
        then, last, before = self._before
        title = repr(handle).strip("<>")
        if not handle.done:
            self._before = now, step, actors
            rate = (step - last) / max(now - then, 1e-9)
            title += f", {rate:,.0f} steps/s" if before else ""
        rows = [
            (a.process, f"{a.step:,}", _busy(a, b, now - then), a.state, a.waits_for)
            for a, b in zip(actors, before if before and actors else actors, strict=True)
        ]
        if len(rows) > ROWS:
            rows.sort(key=lambda row: -float(row[2].rstrip("%") or 0))
        head = ("actor", "step", "busy", "state", "waits for")
        return table(title, head, rows, "actors, less busy ones")

    def __repr__(self) -> str:
        return f"<live view of the {repr(self._handle).strip('<>')}>"

    def _repr_html_(self) -> str:
        return self._html

    def _ipython_display_(self) -> None:
        if _cell() != self._cell:  # one that ends with `live()` shows the view already
            from IPython import display

            show: Any = display.display
            show(_Look(self))


class _Look:
    """What a cell shows of a view: as the view looks whenever somebody asks."""

    def __init__(self, view: LiveView) -> None:
        self._repr_html_, self._text = view._repr_html_, repr(view)

    def __repr__(self) -> str:
        return self._text


def _cell() -> int | None:
    """The number of the cell that is executed."""
    from IPython import get_ipython

    shell: Any = get_ipython
    return getattr(shell(), "execution_count", None)


def _busy(now: ActorStatus, then: ActorStatus, seconds: float) -> str:
    """How busy an actor was since the last look."""
    if now is then or seconds <= 0:
        return ""
    return f"{busy_between(then, now, seconds) / seconds:.0%}"
