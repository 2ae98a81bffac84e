"""What `run` returns when it does not block: the run, to be waited for, awaited, looked at.

A handle speaks for one run only. Once that has ended, in whatever way, later runs of the network do
not concern it. An error of the run is raised once, by whoever is the first to wait for the run;
`RunHandle.error` keeps it.

Awaiting must neither block the event loop nor cut it short, so a thread of its own waits, and wakes
the loop. A cancelled ``await`` is what Ctrl-C is to `RunHandle.wait`: the network pauses at a step.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator
from typing import TYPE_CHECKING

from lava_actor.errors import LavaActorError, WaitTimeoutError
from lava_actor.process.times import written
from lava_actor.runtime.user.status import table_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from lava_actor.runtime.run_conditions import AbstractRunCondition
    from lava_actor.runtime.runtime import Runtime
    from lava_actor.runtime.user.live import LiveView

#: Seconds after which an event loop that waits for a run looks around.
AWAKE_SECONDS = 0.2


class RunHandle:
    """A run that goes on while the program does something else.

    Examples
    --------
    >>> handle = network.run(100_000, run_cfg, blocking=False)
    >>> handle.wait()  # in a notebook's cell or a coroutine: await handle
    >>> handle.step, handle.done
    (100000, True)
    """

    def __init__(self, runtime: Runtime, condition: AbstractRunCondition, first: int) -> None:
        self._runtime = runtime
        self._condition = condition
        self._number = runtime.runs
        self._first = self._last = first  # the step it began after
        self._error: BaseException | None = None
        runtime.watcher = self

    # -- what the runtime tells ---------------------------------------------------------------

    def note(self) -> None:
        """Take note of the last step, before the next run begins or the arena is gone."""
        self._last = max(self._last, self._runtime.current_step)

    def fail(self, error: BaseException) -> None:
        """Take note of what ended the run."""
        self._error = error

    # -- the user's questions -----------------------------------------------------------------

    @property
    def done(self) -> bool:
        """True once the run has ended, in whatever way."""
        runtime = self._runtime
        return runtime.runs != self._number or runtime.is_finished

    @property
    def step(self) -> int:
        """The last step that every actor has completed; after the end, that of the end."""
        if self._runtime.runs == self._number:
            self.note()
        return self._last

    @property
    def error(self) -> BaseException | None:
        """What ended the run, once somebody has asked for its end; None if nothing did."""
        return self._error

    @property
    def num_steps(self) -> int | None:
        """How many steps the run is to do; None if nobody knows."""
        return self._condition.steps

    def wait(self, timeout: float | None = None) -> None:
        """Block until the run has ended; see `Runtime.wait`.

        Raises
        ------
        WaitTimeoutError
            If it has not ended within ``timeout`` seconds; the run goes on.
        ModelError
            If a model raised or an actor died; raised once.
        """
        if self._runtime.runs != self._number:
            return
        try:
            self._runtime.wait(timeout)
        except WaitTimeoutError:
            raise
        except Exception as error:
            self._error = error
            raise

    def pause(self) -> None:
        """Let all actors finish the same step, then rest; no-op if the run has ended."""
        if self._runtime.runs == self._number:
            self._runtime.pause()

    def live(self, every: float = 0.5) -> LiveView:
        """Show in a cell what the network is doing, until the run ends; the kernel goes on.

        Parameters
        ----------
        every : float
            Seconds between two looks, at least.

        Returns
        -------
        LiveView
            Its `close` ends it sooner.

        Raises
        ------
        RuntimeStateError
            Where there is no IPython.
        """
        from lava_actor.runtime.user.live import LiveView  # only where there are cells

        return LiveView(self, every)

    def __await__(self) -> Generator[object, None, None]:
        """Wait for the end without blocking the event loop; see the head of the module."""
        return self._ended().__await__()

    async def _ended(self) -> None:
        import asyncio  # only here: every actor would carry it

        runtime, had_ended = self._runtime, self.done
        listener, until = runtime._listener, runtime._until
        try:
            await _elsewhere(self._until_done)
        except asyncio.CancelledError:
            await _elsewhere(self._pause_quietly)
            said = f"the network rests after step {self.step}, and can be run on"
            raise asyncio.CancelledError(said) from None
        self.wait()
        if listener is not None and not had_ended and self._error is None:
            runtime._check_end(listener, until)

    def _until_done(self) -> None:
        while not self.done and self._runtime.is_alive:
            with contextlib.suppress(Exception):  # told by the `wait` that follows
                self._runtime.look_out(0.5)

    def _pause_quietly(self) -> None:
        with contextlib.suppress(LavaActorError):  # the cancellation is what is told
            self.pause()

    # -- for people ---------------------------------------------------------------------------

    def _state(self) -> str:
        if self._error is not None:
            return f"failed: {str(self._error).splitlines()[0]}"
        if not self.done:
            return "running"
        goal = self.num_steps
        return "ended" if goal is None or self._last - self._first >= goal else "cut short"

    def _progress(self) -> str:
        steps, goal = self.step - self._first, self.num_steps
        text = f"{steps:,} of {goal:,} steps" if goal is not None else f"{steps:,} steps"
        length = self._runtime.step_seconds
        return text if length is None else f"{text} ({written(steps * length)})"

    def __repr__(self) -> str:
        """How far the run is."""
        progress = self._progress()
        return f"<run of {self._runtime.members()}: {progress}, {self._state()}>"

    def _repr_html_(self) -> str:
        return table_of(repr(self).strip("<>"), [] if self.done else self._runtime.status())


async def _elsewhere(work: Callable[[], object]) -> None:
    """Wait for ``work``, which raises nothing, in a thread that ends with the interpreter.

    The loop wakes up now and then: a handler of Ctrl-C that cancels the task, as that of a notebook
    does, does not wake it.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    def body() -> None:
        work()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(over.set)

    threading.Thread(target=body, name="lava_actor await", daemon=True).start()
    while not over.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), AWAKE_SECONDS)
