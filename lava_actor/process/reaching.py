"""Walking over a network: what hangs together, each thing once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from lava_actor.process.process import AbstractProcess

T = TypeVar("T")


def reachable(
    starts: Iterable[T], further: Callable[[T], Iterable[T]], without: Iterable[T] = (),
    key: Callable[[T], object] = id,
) -> Iterator[T]:  # fmt: skip
    """Yield what can be reached from ``starts``, each once, these included; the last ones first.

    ``further`` says what is next to one of them. What is in ``without`` is not entered. Two are the
    same if their ``key`` is.
    """
    seen = {key(one) for one in without}
    todo = list(starts)
    while todo:
        one = todo.pop()
        if key(one) not in seen:
            seen.add(key(one))
            yield one
            todo += further(one)


def family(process: AbstractProcess | None) -> Iterator[AbstractProcess]:
    """Yield a Process and all that contain it, the nearest first."""
    while process is not None:
        yield process
        process = process.parent_proc
