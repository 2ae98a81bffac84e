"""When which actor did what: spans per actor and phase, for the viewers of Chrome's trace format.

A thread of the user's interpreter looks at the arena about a thousand times a second and joins what
it sees. The actors know nothing of that and pay nothing, traced or not; what lasts less than two
looks apart may be missed. How busy an actor was is not taken from looks but from the clocks that
actors keep anyway (`Observer`), so the slowest actor is named exactly.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lava_actor.bench.observer import Observer, _Look, _OpenRun
from lava_actor.bench.report import RunReport
from lava_actor.protocol.words import PARKED, STATE_NAMES, STEPPING
from lava_actor.runtime.runtime import Runtime, networks
from lava_actor.runtime.user.status import ActorStatus

#: Seconds between two looks, and how much of its time the thread may look.
LOOK_SECONDS = 0.001
LOAD = 0.1
#: Seconds between two points of the curve of steps per second.
CURVE_SECONDS = 0.05


_Key: TypeAlias = tuple[int, int]
"""A network and an actor, both by number: names need not be unique."""


@dataclass
class _Span:
    """What an actor did from one moment to another, as far as looks can tell."""

    network: int
    actor: int
    what: str
    kind: str
    since: float
    until: float
    first: int
    last: int


class Trace(Observer):
    """Records what the networks of this interpreter do while it is active.

    Attributes
    ----------
    reports : list of RunReport
        One per run, with exact times per actor.

    Examples
    --------
    >>> with Trace() as trace:
    ...     network.run(RunSteps(num_steps=1000), run_cfg)
    >>> print(trace)
    >>> trace.save("trace.json")  # for chrome://tracing, ui.perfetto.dev, speedscope.app
    """

    def __init__(self) -> None:
        super().__init__()
        self._began = time.perf_counter()
        self._spans: list[_Span] = []
        self._open_spans: dict[_Key, _Span] = {}
        self._names: dict[_Key, str] = {}
        self._runs: list[tuple[int, float, float, RunReport]] = []
        self._curve: list[tuple[int, float, float]] = []
        self._marks: dict[int, tuple[float, int]] = {}
        self._numbers: dict[Runtime, int] = {}
        self._count = itertools.count(1)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lava_actor.trace", daemon=True)

    def __enter__(self) -> Trace:
        """Start recording."""
        super().__enter__()
        self._began = time.perf_counter()
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop recording; the networks go on."""
        self._over.set()
        self._thread.join()
        super().__exit__(*exc)
        self._spans += self._open_spans.values()
        self._open_spans.clear()

    # -- recording ----------------------------------------------------------------------------

    def _watch(self) -> None:
        pause = LOOK_SECONDS
        while not self._over.wait(pause):
            begin = time.perf_counter()
            for runtime in networks():
                if not runtime.is_finished:
                    with contextlib.suppress(Exception):  # it may end at any moment
                        self._look(runtime)
            pause = max(LOOK_SECONDS, (time.perf_counter() - begin) / LOAD)

    def _look(self, runtime: Runtime) -> None:
        step, actors = runtime.current_step, runtime.status()
        now = time.perf_counter()
        network = self._number(runtime)
        for index, actor in enumerate(actors):
            self._add((network, index), actor, now)
        then, before = self._marks.setdefault(network, (now, step))
        if now - then >= CURVE_SECONDS:
            self._curve.append((network, now, (step - before) / (now - then)))
            self._marks[network] = now, step

    def _number(self, runtime: Runtime) -> int:
        if runtime not in self._numbers:
            self._numbers[runtime] = next(self._count)
        return self._numbers[runtime]

    def _add(self, key: _Key, actor: ActorStatus, now: float) -> None:
        self._names[key] = actor.process
        what, kind = _doing(actor)
        span = self._open_spans.get(key)
        if span is not None and span.what == what:
            span.until, span.last = now, actor.step
            return
        if span is not None:
            span.until = now
            self._spans.append(span)
        self._open_spans[key] = _Span(*key, what, kind, now, now, actor.step, actor.step)

    def _report(self, runtime: Runtime, run: _OpenRun, after: _Look) -> RunReport | None:
        report = super()._report(runtime, run, after)
        if report is not None:
            network = self._number(runtime)
            self._runs.append((network, run.before.at, after.at, report))
            for index, actor in enumerate(report.actors):  # what comes next is another run
                self._names[network, index] = actor.process
                span = self._open_spans.pop((network, index), None)
                if span is not None:
                    span.until = max(span.until, after.at)
                    self._spans.append(span)
            self._marks.pop(network, None)
        return report

    # -- results ------------------------------------------------------------------------------

    @property
    def slowest(self) -> str | None:
        """The actor that was busy for the longest time, all runs together; None without a run."""
        times = self._times()
        return max(times, key=lambda name: times[name][0], default=None)

    def _times(self) -> dict[str, tuple[float, float]]:
        """Busy and waiting seconds of each actor, all runs together."""
        labels, total = self._labels(), dict[str, tuple[float, float]]()
        for network, _, _, report in self._runs:
            for index, actor in enumerate(report.actors):
                name = labels[network, index]
                busy, waiting = total.get(name, (0.0, 0.0))
                total[name] = busy + actor.busy, waiting + actor.waiting
        return total

    def _labels(self) -> dict[_Key, str]:
        """The names of actors; those of one name have their numbers added."""
        often = Counter(self._names.values())
        return {
            key: name if often[name] == 1 else f"{name} (network {key[0]}, actor {key[1]})"
            for key, name in self._names.items()
        }

    def phases(self) -> dict[str, dict[str, float]]:
        """Seconds that each actor was seen in each phase; waiting is left out."""
        labels, found = self._labels(), dict[str, dict[str, float]]()
        for span in [*self._spans, *self._open_spans.values()]:
            if span.kind == "busy":
                mine = found.setdefault(labels[span.network, span.actor], {})
                mine[span.what] = mine.get(span.what, 0.0) + span.until - span.since
        return found

    def events(self) -> list[dict[str, object]]:
        """The trace events: a process per network, a thread per actor, times in microseconds."""
        rows = {key: row for row, key in enumerate(sorted(self._names), start=1)}
        found: list[dict[str, object]] = [
            {"ph": "M", "name": "process_name", "pid": number, "args": {"name": _title(runtime)}}
            for runtime, number in self._numbers.items()
        ]
        found += [
            {"ph": "M", "name": "thread_name", "pid": n, "tid": rows[n, i], "args": {"name": label}}
            for (n, i), label in self._labels().items()
        ]
        for network, since, until, report in self._runs:
            args = {"steps": report.steps, "slowest": report.slowest and report.slowest.process}
            name = f"run {report.number}: {report.outcome}"
            found.append(self._event(name, "run", network, 0, since, until, args))
        for s in self._spans:
            args = {"after step": s.first, "until step": s.last}
            row = rows[s.network, s.actor]
            found.append(self._event(s.what, s.kind, s.network, row, s.since, s.until, args))
        for network, at, rate in self._curve:
            entry = self._event("steps/s", "speed", network, 0, at, at, {"steps/s": round(rate, 1)})
            found.append({**entry, "ph": "C"})
        return found

    def _event(
        self, name: str, kind: str, network: int, row: int, since: float, until: float, args: object
    ) -> dict[str, object]:
        times = {"ts": (since - self._began) * 1e6, "dur": (until - since) * 1e6}
        place = {"pid": network, "tid": row}
        return {"ph": "X", "name": name, "cat": kind, **place, **times, "args": args}

    def save(self, path: str | Path) -> None:
        """Write the trace as JSON, for chrome://tracing, ui.perfetto.dev or speedscope.app."""
        data = {"traceEvents": self.events(), "displayTimeUnit": "ms"}
        Path(path).write_text(json.dumps(data), encoding="utf-8")

    def __str__(self) -> str:
        """The slowest actor, and each actor's time and phases, the busiest first."""
        if not self.reports:
            return "no network was run"
        total = self._times()
        phases, width = self.phases(), max(map(len, total))
        lines = [f"slowest: {self.slowest}"]
        for name, (busy, waiting) in sorted(total.items(), key=lambda item: -item[1][0]):
            mine = phases.get(name, {})
            whole = sum(mine.values())
            shares = [f"{what} {t / whole:.0%}" for what, t in mine.items() if whole]
            told = f"busy {busy:8.3f} s  waiting {waiting:8.3f} s  {', '.join(shares)}"
            lines.append(f"  {name:{width}}  {told}".rstrip())
        return "\n".join(lines)


def _title(runtime: Runtime) -> str:
    return f"network of {runtime.members()}"


def _doing(actor: ActorStatus) -> tuple[str, str]:
    if actor.waits_for:
        return f"waits for {actor.waits_for}", "wait"
    if actor.state == STATE_NAMES[STEPPING]:
        return actor.phase, "busy"
    return ("waits for steps" if actor.state == STATE_NAMES[PARKED] else actor.state), "wait"
