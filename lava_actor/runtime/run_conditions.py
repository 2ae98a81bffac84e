"""How long a network runs."""

from __future__ import annotations

import contextlib
import inspect
import sys
from abc import ABC
from collections.abc import Callable

from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.process.hints import briefly, misfit, yes_or_no
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
        self.blocking = yes_or_no(f"{type(self).__name__}.blocking", blocking)

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
        From 0 to 2**63 - 1; whole numbers of any numeric type are accepted.
    blocking : bool

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if the number is negative, too large, fractional or not finite.
    InvalidTypeError
        (a `TypeError`) if it is no number.
    """

    @briefly
    def __init__(self, num_steps: int, blocking: bool = True) -> None:
        super().__init__(blocking)
        self.num_steps = num_steps

    def __setattr__(self, name: str, value: object) -> None:
        """Check the number of steps, whenever it is given."""
        checked = _count(value, "RunSteps", name) if name == "num_steps" else value
        object.__setattr__(self, name, checked)

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
        it may read Vars. The network pauses once it returns something true: no array of several
        elements, of which ``any()`` or ``all()`` may be meant.
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
            raise InvalidTypeError(
                f"RunUntil.predicate: expected a callable, such as lambda: …, got {predicate!r}"
            )
        with contextlib.suppress(ValueError):  # some functions have no signature that can be read
            if text := misfit("RunUntil.predicate", inspect.signature(predicate), (), {}):
                raise InvalidTypeError(f"{text}. It is called without arguments")
        self.predicate = predicate
        self.max_steps = None if max_steps is None else _count(max_steps, "RunUntil", "max_steps")
        self.num_steps = sys.maxsize if self.max_steps is None else self.max_steps

    def __repr__(self) -> str:
        return f"RunUntil({self.predicate!r}, {self.max_steps}, blocking={self.blocking})"


def _count(value: object, owner: str, name: str) -> int:
    if (count := whole_number(f"{owner}.{name}", value)) > sys.maxsize:
        raise InvalidValueError(f"{owner}.{name}: expected at most 2**63 - 1 steps, got {value!r}")
    return count
