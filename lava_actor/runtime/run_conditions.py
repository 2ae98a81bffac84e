"""How long a network runs."""

from __future__ import annotations

import sys
from abc import ABC
from collections.abc import Callable

from lava_actor.errors import InvalidTypeError
from lava_actor.process.hints import briefly
from lava_actor.protocol.counts import whole_number


class AbstractRunCondition(ABC):
    """Base of all run conditions.

    Parameters
    ----------
    blocking : bool
        True: `run` returns when the condition is fulfilled. False: it returns at once; `wait`
        waits for it.
    """

    num_steps: int

    def __init__(self, blocking: bool) -> None:
        if blocking not in (True, False):
            raise InvalidTypeError(
                f"{type(self).__name__}.blocking: expected True or False, got {blocking!r}"
            )
        self.blocking = bool(blocking)

    @property
    def steps(self) -> int | None:
        """How many steps at most; None if nobody knows."""
        steps = getattr(self, "num_steps", sys.maxsize)
        return None if steps == sys.maxsize else int(steps)


class RunSteps(AbstractRunCondition):
    """Run for a number of steps.

    Parameters
    ----------
    num_steps : int
        Not negative; whole numbers of any numeric type are accepted. 0 is legal.
    blocking : bool

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if the number is negative, fractional or not finite.
    InvalidTypeError
        (a `TypeError`) if it is no number.
    """

    @briefly
    def __init__(self, num_steps: int, blocking: bool = True) -> None:
        super().__init__(blocking)
        self.num_steps = _count(num_steps, "RunSteps", "num_steps")

    def __repr__(self) -> str:
        return f"RunSteps({self.num_steps}, blocking={self.blocking})"


class RunContinuous(AbstractRunCondition):
    """Run until somebody pauses or stops the network; `run` returns at once."""

    @briefly
    def __init__(self) -> None:
        super().__init__(blocking=False)
        self.num_steps = sys.maxsize

    def __repr__(self) -> str:
        return "RunContinuous()"


class RunUntil(AbstractRunCondition):
    """Run until a predicate holds.

    Parameters
    ----------
    predicate : callable
        Called without arguments in the user's interpreter between steps while the network runs;
        it may read Vars. The network pauses once it returns something true.
    max_steps : int, optional
        Run no longer than that many steps; None: no limit.
    blocking : bool

    Raises
    ------
    InvalidTypeError, InvalidValueError
        If the predicate is not callable or ``max_steps`` no step count (see `RunSteps`).
    """

    @briefly
    def __init__(
        self, predicate: Callable[[], object], max_steps: int | None = None, blocking: bool = True
    ) -> None:
        super().__init__(blocking)
        if not callable(predicate):
            raise InvalidTypeError(f"RunUntil.predicate: expected a callable, got {predicate!r}")
        self.predicate = predicate
        self.max_steps = None if max_steps is None else _count(max_steps, "RunUntil", "max_steps")
        self.num_steps = sys.maxsize if self.max_steps is None else self.max_steps

    def __repr__(self) -> str:
        return f"RunUntil({self.predicate!r}, {self.max_steps}, blocking={self.blocking})"


def _count(value: object, owner: str, name: str) -> int:
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        raise InvalidTypeError(f"{owner}.{name}: expected a number of steps, got {value!r}")
    return whole_number(f"{owner}.{name}", value)
