"""Running until a predicate of the user holds: one step at a time, looked at from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lava_actor.runtime.run_conditions import RunUntil


class UntilRun:
    """Drives a network step by step and asks the predicate after every step.

    Parameters
    ----------
    one_step : callable
        Runs one step to its end; returns False if the network ended or was paused by a model.
    """

    def __init__(self, condition: RunUntil, one_step: Callable[[], bool]) -> None:
        self._condition = condition
        self._one_step = one_step
        self._cancelled = threading.Event()
        self._error: BaseException | None = None
        self.done = threading.Event()
        self._thread: threading.Thread | None = None

    def drive(self) -> None:
        """Run until the predicate holds, the step limit is reached, or somebody cancels."""
        try:
            limit, steps = self._condition.max_steps, 0
            while (limit is None or steps < limit) and not self._cancelled.is_set():
                if not self._one_step():
                    break
                steps += 1
                if self._condition.predicate():
                    break
        finally:
            self.done.set()

    def drive_in_background(self) -> None:
        """As `drive`, in a thread; an error of the predicate waits for `finish`."""

        def body() -> None:
            try:
                self.drive()
            except BaseException as error:  # noqa: BLE001  (raised again by finish)
                self._error = error

        self._thread = threading.Thread(target=body, name="lava_actor until", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """End after the step in progress."""
        self._cancelled.set()

    def finish(self) -> None:
        """Join the thread, and raise what the predicate raised."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
