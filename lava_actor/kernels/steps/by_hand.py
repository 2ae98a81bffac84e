"""A step of a model's own Python, as a `Burst` calls it.

Python, since the interpreter is quicker here than native code: in a function that always meets the
same class it knows after a few calls where attributes and methods are, and looks at once whether
that still holds. Native code would search for each of them, which takes as long as the rest of what
there is to do between two steps. Every `Burst` has a function of its own, as several models may
live in one process.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Protocol


class _Stepping(Protocol):
    time_step: int
    _req_pause: bool
    _req_stop: bool

    def run_spk(self) -> None: ...


def stepper() -> Callable[[_Stepping, int], bool]:
    """Return a function that does a step of a model, and tells whether that asks for something."""
    return FunctionType(_step.__code__.replace(), globals())


def _step(model: _Stepping, number: int) -> bool:
    model.time_step = number
    model.run_spk()
    return model._req_pause or model._req_stop
