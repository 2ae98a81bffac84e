"""Looking at runs from outside: before, after, and the difference.

The observer takes the place of three methods of `Runtime` while it is active: the one that begins
a run, the one that notes its end, and `stop`. A run that does not block ends while nobody looks;
a thread waits for that moment, so that the time until the program calls `wait` is not counted.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lava_actor.bench.report import ActorReport, RingReport, RunReport
from lava_actor.channels import RingStatistics
from lava_actor.runtime.run_conditions import AbstractRunCondition, RunUntil
from lava_actor.runtime.runtime import Runtime
from lava_actor.runtime.start.processes import start_thread
from lava_actor.runtime.user.status import ActorStatus, busy_between


@dataclass(frozen=True)
class _Look:
    """A network at one moment."""

    at: float
    step: int
    actors: list[ActorStatus]
    rings: list[RingStatistics]

    @staticmethod
    def take(runtime: Runtime) -> _Look:
        at = time.perf_counter()
        return _Look(at, runtime.current_step, runtime.status(), runtime.statistics())


class _OpenRun:
    """A run that has begun and was not reported yet."""

    def __init__(self, runtime: Runtime, condition: AbstractRunCondition) -> None:
        self.before = _Look.take(runtime)
        self._after: _Look | None = None
        self._lock = threading.Lock()
        self._over = threading.Event()
        # A RunUntil consists of many short runs; its end is the program's call.
        self._unattended = not condition.blocking and not isinstance(condition, RunUntil)

    def watch(self, runtime: Runtime) -> None:
        """Wait for the end in the background, if nobody else does."""
        listener = runtime._listener
        if self._unattended and listener is not None:
            start_thread("lava_actor.bench", self._await_end, runtime, listener.finished)

    def _await_end(self, runtime: Runtime, finished: threading.Event) -> None:
        while not self._over.is_set():
            if finished.wait(0.05):
                self.look(runtime)
                return

    def look(self, runtime: Runtime) -> _Look:
        """How the network is at the end of the run; the first to ask takes the look."""
        with self._lock:
            if self._after is None:
                self._after = _Look.take(runtime)
            return self._after

    def close(self) -> None:
        """Nobody waits any more; the thread sees it within a moment."""
        self._over.set()


class Observer:
    """Reports every run of every network of this interpreter while it is active.

    Parameters
    ----------
    on_report : callable, optional
        Called with each `RunReport` at the end of its run, by the thread that noticed the end.

    Attributes
    ----------
    reports : list of RunReport

    Examples
    --------
    >>> with Observer(on_report=print):
    ...     network.run(RunSteps(num_steps=1000), run_cfg)
    """

    def __init__(self, on_report: Callable[[RunReport], object] | None = None) -> None:
        self.reports: list[RunReport] = []
        self._on_report = on_report
        self._open: dict[Runtime, _OpenRun] = {}
        self._originals: dict[str, Callable[..., None]] = {}
        self._lock = threading.RLock()

    def __enter__(self) -> Observer:
        """Start observing."""
        for name in ("start", "_collect", "stop"):
            wrap = self._around_start if name == "start" else self._around_end
            self._originals[name] = getattr(Runtime, name)
            setattr(Runtime, name, wrap(self._originals[name]))
        return self

    def __exit__(self, *_exc: object) -> None:
        """Report what is still running, and stop observing; the networks go on."""
        for runtime in list(self._open):
            self._finish(runtime)
        for name, original in self._originals.items():
            setattr(Runtime, name, original)
        self._originals = {}

    def _around_start(self, original: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(original)
        def start(runtime: Runtime, run_condition: AbstractRunCondition) -> None:
            if not isinstance(run_condition, AbstractRunCondition) or not runtime.is_finished:
                original(runtime, run_condition)  # it will refuse
                return
            self._finish(runtime)  # a run that nobody waited for
            run = _OpenRun(runtime, run_condition)
            with self._lock:
                self._open[runtime] = run
            try:
                original(runtime, run_condition)
            finally:
                if not runtime._is_running:
                    self._finish(runtime)
            if runtime._is_running:
                run.watch(runtime)

        return start

    def _around_end(self, original: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(original)
        def end(runtime: Runtime, *args: object, **kwargs: object) -> None:
            self._finish(runtime)
            original(runtime, *args, **kwargs)

        return end

    def _finish(self, runtime: Runtime) -> None:
        """Report the open run of a runtime, if there is one."""
        with self._lock:
            run = self._open.pop(runtime, None)
        if run is None:
            return
        after = run.look(runtime)
        run.close()
        report = self._report(runtime, run, after)
        if report is not None:
            self.reports.append(report)
            if self._on_report is not None:
                self._on_report(report)

    def _report(self, runtime: Runtime, run: _OpenRun, after: _Look) -> RunReport | None:
        before = run.before
        if not after.actors:  # torn down before anybody could look
            return None
        seconds, executable = after.at - before.at, runtime.executable
        schedule = executable.schedule
        rings = tuple(map(_ring, before.rings, after.rings))
        spikes = {actor.party: 0 for actor in executable.actors}
        for request, ring in zip(executable.arena.rings, rings, strict=True):
            spikes[request.writer] = spikes.get(request.writer, 0) + ring.spikes
        mode = "lockstep" if schedule.lockstep else "run ahead"
        return RunReport(
            number=len(self.reports) + 1,
            outcome=_outcome(runtime),
            schedule=f"{mode} ({schedule.reason})",
            steps=after.step - before.step,
            seconds=seconds,
            actors=tuple(
                _actor(then, now, seconds, spikes[actor.party])
                for then, now, actor in zip(
                    before.actors, after.actors, executable.actors, strict=True
                )
            ),
            rings=rings,
            cores=len(os.sched_getaffinity(0)),
        )


def _ring(then: RingStatistics, now: RingStatistics) -> RingReport:
    """One OutPort between two looks."""
    return RingReport(
        name=now.name, messages=now.sent - then.sent, as_events=now.events - then.events,
        spikes=now.spikes - then.spikes, full=now.blocked - then.blocked, depth=now.depth,
    )  # fmt: skip


def _actor(then: ActorStatus, now: ActorStatus, seconds: float, spikes: int) -> ActorReport:
    """One actor between two looks."""
    busy = busy_between(then, now, seconds)
    return ActorReport(now.process, now.model, busy, seconds - busy, now.waits_for, spikes)


def _outcome(runtime: Runtime) -> str:
    listener = runtime._listener
    if listener is not None and listener.failures:
        return "failed"
    return "finished" if runtime.is_finished else "cut short"
