"""Running until a predicate of the user holds: one step at a time, looked at from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.channels.interrupts import Signal
from lava_actor.errors import InvalidValueError

if TYPE_CHECKING:
    from lava_actor.runtime.run_conditions import RunUntil


class UntilRun:
    """Drives a network step by step and asks the predicate after every step.

    Parameters
    ----------
    one_step : callable
        Runs one step to its end; returns False if the network ended, was paused by a model, or the
        run is `cancelled`.
    rest : callable
        Called once no more steps follow, with this.
    number : int
        Which run of the network this is: another thread may have ended it, and begun the next.
    """

    def __init__(
        self, condition: RunUntil, one_step: Callable[[UntilRun], bool],
        rest: Callable[[UntilRun], None], number: int,
    ) -> None:  # fmt: skip
        self._condition = condition
        self._one_step = one_step
        self._rest = rest
        self.number = number
        self.cancelled = self._to_stop = False
        self._error: BaseException | None = None
        self.cut_short_by_stop = False
        self.done = Signal()
        self._driver = threading.current_thread()

    def drive(self) -> None:
        """Run until the predicate holds, the step limit is reached, or somebody cancels."""
        try:
            limit, steps = self._condition.max_steps, 0
            while limit is None or steps < limit:
                if not self._one_step(self):
                    self.cut_short_by_stop = self._to_stop
                    break
                steps += 1
                if self._holds():
                    break
        finally:
            try:
                self._rest(self)
            finally:
                self.done.set()

    def _holds(self) -> bool:
        found: Any = self._condition.predicate()
        if getattr(found, "size", 1) != 1:
            raise InvalidValueError(
                f"RunUntil.predicate: expected True or False, got an array of shape "
                f"{np.shape(found)}; write (…).any() or (…).all()"
            )
        return bool(found)

    def drive_in_background(self) -> None:
        """As `drive`, in a thread; an error of the predicate waits for `finish`."""

        def body() -> None:
            try:
                self.drive()
            except BaseException as error:  # noqa: BLE001  (raised again by finish)
                self._error = error

        self._driver = threading.Thread(target=body, name="lava_actor until", daemon=True)
        try:
            self._driver.start()
        except BaseException:
            self.done.set()
            raise

    def cancel(self, *, to_stop: bool) -> None:
        """End after the step in progress."""
        self._to_stop |= to_stop
        self.cancelled = True

    def abandon(self) -> None:
        """Its thread was interrupted, and drives no further."""
        self.cancelled = True
        if self._driver is threading.current_thread():
            self.done.set()

    def finish(self, timeout: float | None = None) -> None:
        """Wait until nobody drives any more, and raise what the predicate raised in a thread."""
        if self._driver is not threading.current_thread():
            self.done.wait(timeout)
        if self._error is not None:
            error, self._error = self._error, None
            raise error
