"""From failure records to the one exception the user sees."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import NoReturn

from lava_actor.errors import (
    ActorDiedError,
    DeadlockError,
    Failure,
    ModelError,
    RemoteTraceback,
    RuntimeStateError,
)
from lava_actor.runtime.tracebacks import shortened, with_sources

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
    gone = list(dict.fromkeys(f for f in failures if f.kind == "ActorDied"))  # each told once
    kept = gone or [*free, *(f for f in stepping if f.step == first)]
    return sorted(kept, key=lambda f: f.process)


def raise_failures(failures: Sequence[Failure]) -> NoReturn:
    """Raise what ended a network."""
    first = failures[0]
    if first.kind == "Deadlock":
        raise DeadlockError(
            f"deadlock in step {first.step}: {first.message}", failures=tuple(failures)
        )
    lines = [f"{len(failures)} Exception(s) occurred:"]
    for f in failures[:_LISTED]:
        what = f.message if f.kind == "ActorDied" else f"{f.kind}: {f.message}"
        model = f" ({f.model})" if f.model else ""
        lines.append(f"  {f.process}{model} in {f.phase} of step {f.step}: {what}")
    if len(failures) > _LISTED:
        lines.append(f"  … and {len(failures) - _LISTED} more: error.failures has all of them")
    told = [(n, f) for n, f in enumerate(failures) if f.traceback]
    for number, f in told[:1]:  # the others are in the failures
        text = shortened(with_sources(f.traceback), f"error.failures[{number}].traceback")
        lines.append(f"\nTraceback of {f.process}:\n{text}")
    kind = ActorDiedError if first.kind == "ActorDied" else ModelError
    raise kind("\n".join(lines), failures=tuple(failures)) from first.exception


def raise_start_failure(failure: Failure) -> NoReturn:
    """Raise what kept a network from starting: the model's own exception where it can travel."""
    model = f" ({failure.model})" if failure.model else ""
    where = f"{failure.process}{model} could not start"
    if failure.exception is not None:
        error = failure.exception
        error.add_note(where)
        raise error from RemoteTraceback(with_sources(failure.traceback))
    if failure.kind == "ActorDied":
        raise ActorDiedError(f"{where}: {failure.message}", failures=(failure,))
    text = f"{where}: {failure.kind}: {failure.message}"
    raise RuntimeStateError(text) from RemoteTraceback(with_sources(failure.traceback))


def died(
    process: str, message: str, *, model: str = "", phase: str = "?", step: int = 0
) -> Failure:
    """The record of a process that has ended without a word of its own."""
    return Failure(
        process=process,
        model=model,
        phase=phase,
        step=step,
        kind="ActorDied",
        message=message,
        traceback="",
        exception=None,
    )


def of_service(error: BaseException) -> Failure:
    """The record of what kept a RuntimeService from starting its actors."""
    return Failure(
        process="RuntimeService",
        model="",
        phase="start",
        step=0,
        kind=type(error).__name__,
        message=str(error),
        traceback="".join(traceback.format_exception(error)),
        exception=None,
    )
