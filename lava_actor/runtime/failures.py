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
    RuntimeStateError,
)


def select(failures: Sequence[Failure]) -> list[Failure]:
    """What the user is told: who died, or else who failed in the first failing step.

    Actors that ran ahead of the first failure may have failed in later steps; in a network that
    keeps in step they would not have come so far.
    """
    died = [f for f in failures if f.kind == "ActorDied"]
    free = [f for f in failures if f.phase == "run_async"]
    stepping = [f for f in failures if f.phase != "run_async"]
    first = min((f.step for f in stepping), default=0)
    kept = died or [*free, *(f for f in stepping if f.step == first)]
    return sorted(kept, key=lambda f: f.process)


class RemoteTraceback(Exception):
    """Carries the traceback text of an actor as the cause of the user's exception."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        """The text, as Python would have printed it in the actor."""
        return f"\n\n{self.text}"


def _cause(failure: Failure) -> BaseException | None:
    if not failure.traceback:
        return failure.exception
    remote = RemoteTraceback(failure.traceback)
    if failure.exception is None:
        return remote
    failure.exception.__cause__ = remote
    return failure.exception


def raise_failures(failures: Sequence[Failure]) -> NoReturn:
    """Raise what ended a network."""
    first = failures[0]
    if first.kind == "Deadlock":
        raise DeadlockError(f"deadlock in step {first.step}: {first.message}")
    lines = [f"{len(failures)} Exception(s) occurred:"]
    for f in failures:
        what = f.message if f.kind == "ActorDied" else f"{f.kind}: {f.message}"
        lines.append(f"  {f.process} ({f.model}) in {f.phase} of step {f.step}: {what}")
    lines += [
        f"\nTraceback of {f.process}:\n{f.traceback.rstrip()}" for f in failures if f.traceback
    ]
    text = "\n".join(lines)
    kind = ActorDiedError if first.kind == "ActorDied" else ModelError
    error = kind(text, failures=tuple(failures))
    raise error from _cause(first)


def raise_start_failure(failure: Failure) -> NoReturn:
    """Raise what kept a network from starting: the model's own exception where it can travel."""
    where = f"{failure.process} ({failure.model}) could not start"
    if failure.exception is not None:
        error = failure.exception
        error.add_note(where)
        raise error from RemoteTraceback(failure.traceback)
    if failure.kind == "ActorDied":
        raise ActorDiedError(f"{where}: {failure.message}", failures=(failure,))
    text = f"{where}: {failure.kind}: {failure.message}"
    raise RuntimeStateError(text) from RemoteTraceback(failure.traceback)


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
