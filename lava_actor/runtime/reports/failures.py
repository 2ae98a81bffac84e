"""From failure records to the one exception the user sees."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import NoReturn

from lava_actor.errors import (
    ActorDiedError,
    DeadlockError,
    Failure,
    ModelError,
    RemoteTraceback,
    RuntimeStateError,
    Verdict,
)
from lava_actor.runtime.reports.exceptions import failure_of, opened
from lava_actor.runtime.reports.tracebacks import shortened, with_sources

_LISTED = 8
"""Of how many failures one error tells."""


def select(failures: Sequence[Failure]) -> list[Failure]:
    """What the user is told: who died, or else who failed in the first failing step.

    Actors that ran ahead of the first failure may have failed in later steps; in a network that
    keeps in step they would not have come so far.
    """
    free = [f for f in failures if f.phase == "run_async"]
    stepping = [f for f in failures if f.phase != "run_async"]
    first = min((f.step for f in stepping), default=0)
    gone = list(dict.fromkeys(f for f in failures if f.verdict is Verdict.DIED))  # each told once
    kept = gone or [*free, *(f for f in stepping if f.step == first)]
    return sorted(kept, key=lambda f: f.process)


def raise_failures(records: Sequence[Failure]) -> NoReturn:
    """Raise what ended a network."""
    # The exception of the model is in the failures; as the cause it would be told twice.
    raise error_of(records) from None


def error_of(records: Sequence[Failure]) -> ModelError:
    """What ended a network; only here, in the user's thread, are its exceptions opened."""
    failures = tuple(opened(record) for record in records)
    first = failures[0]
    if first.verdict is Verdict.DEADLOCK:
        return DeadlockError(f"deadlock in step {first.step}: {first.message}", failures)
    lines = [f"{len(failures)} Exception(s) occurred:"]
    for f in failures[:_LISTED]:
        model = f" ({f.model})" if f.model else ""
        where = f" in {f.phase} of step {f.step}" if f.phase != "?" else ""
        lines.append(f"  {f.process}{model}{where}: {f.what}")
    if len(failures) > _LISTED:
        lines.append(f"  … and {len(failures) - _LISTED} more: error.failures has all of them")
    told = [(n, f) for n, f in enumerate(failures) if "\n  " in f.traceback]  # it has frames
    for number, f in told[:1]:  # the others are in the failures
        text = shortened(with_sources(f.traceback), f"error.failures[{number}].traceback")
        lines.append(f"Traceback of {f.process} {text.removeprefix('Traceback ')}")
    kind = ActorDiedError if first.verdict is Verdict.DIED else ModelError
    return kind("\n".join(lines), failures)


def raise_as_it_is(record: Failure, where: str) -> NoReturn:
    """Raise the exception of the user's code itself, or one with its text if it cannot be had."""
    failure = opened(record)
    text = f"{where}: {failure.what}"
    if failure.verdict is Verdict.DIED:
        raise ActorDiedError(text, failures=(failure,))
    error, remote = failure.exception, None
    if "\n  " in failure.traceback:  # frames of the user; without them the message says all
        remote = RemoteTraceback(with_sources(failure.traceback))
    if error is not None and issubclass(type(error), Exception):
        with contextlib.suppress(Exception):  # the class is the user's
            BaseException.add_note(error, where)
        raise error from remote
    raise RuntimeStateError(text) from remote


def died(
    process: str, message: str, *, model: str = "", phase: str = "?", step: int = 0
) -> Failure:
    """The record of a process that has ended without a word of its own."""
    return Failure(process, model, phase, step, message=message, verdict=Verdict.DIED)


def of_runtime(error: BaseException, part: str, what: str = "") -> Failure:
    """The record of an error in a part of the runtime itself, with its traceback."""
    return failure_of(error, part, what, phase="?", verdict=Verdict.DIED)
