"""A progress bar for a run, drawn from outside: a thread looks at the step the network is at.

The bar costs the actors nothing and holds nothing up: the step is read from shared memory, and a
front end that is slow to draw only sees fewer of its states. The bar of a run that does not block
ends with the run.
"""

from __future__ import annotations

import contextlib
import threading
import time
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lava_actor.channels.interrupts import held
from lava_actor.process.times import written
from lava_actor.runtime.start.processes import start_thread

if TYPE_CHECKING:
    from lava_actor.runtime.run_conditions import AbstractRunCondition
    from lava_actor.runtime.runtime import Runtime
    from lava_actor.runtime.user.handle import RunHandle

#: Seconds between two looks.
LOOK_SECONDS = 0.1

_all = False


def show_all() -> None:
    """Show a bar for every run of this interpreter that says nothing else."""
    global _all  # noqa: PLW0603  (a setting of the interpreter)
    _all = True


def wanted(progress: bool | None) -> bool:
    """Whether a run shows a bar that was started with ``progress``."""
    return _all if progress is None else bool(progress)


class Bar:
    """The bar of one run, which begins now."""

    def __init__(self, runtime: Runtime, condition: AbstractRunCondition) -> None:
        # An import that is cut short stays so. The warning: without widgets the bar is text.
        with held(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm

        class Steps(tqdm):  # type: ignore[misc]
            monitor_interval = 0  # no thread of tqdm's: there is a regular look
            _lock = threading.RLock()  # no semaphore for processes, which has one of its own

        self._runtime = runtime
        self._first = runtime.current_step
        self._began = time.perf_counter()
        self._tqdm = Steps(total=condition.steps, unit="step", unit_scale=True)

    def show(self, step: int) -> None:
        """Show how far the run is."""
        done = step - self._first
        if self._runtime.step_seconds is not None:
            simulated = done * self._runtime.step_seconds
            rate = simulated / (time.perf_counter() - self._began)
            self._tqdm.set_postfix_str(f"{written(simulated)}, {rate:.3g} × real time", False)
        self._tqdm.update(max(0, done - self._tqdm.n))

    def close(self) -> None:
        """Draw it for the last time."""
        self._tqdm.close()


@contextlib.contextmanager
def shown(runtime: Runtime, condition: AbstractRunCondition) -> Iterator[None]:
    """Show the run that the block waits for."""
    over = threading.Event()
    bar = Bar(runtime, condition)

    def body() -> None:
        while not over.wait(LOOK_SECONDS):
            with contextlib.suppress(Exception):  # the network may end at any moment
                bar.show(runtime.current_step)

    thread = threading.Thread(target=body, name="lava_actor progress", daemon=True)
    try:
        with held():
            thread.start()
        yield
    finally:
        over.set()
        thread.join()
        with contextlib.suppress(Exception):
            bar.show(runtime.current_step)
        bar.close()


def follow(bar: Bar, handle: RunHandle) -> None:
    """Show a run that goes on in the background, to its end."""

    def body() -> None:
        while not handle.done:
            with contextlib.suppress(Exception):
                bar.show(handle.step)
            time.sleep(LOOK_SECONDS)
        bar.show(handle.step)
        bar.close()

    start_thread("lava_actor progress", body)
