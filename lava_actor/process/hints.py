"""What helps a user who made a mistake: the nearest name, a warning, a short traceback."""

from __future__ import annotations

import difflib
import functools
import os
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from lava_actor.built import PACKAGE
from lava_actor.errors import LavaActorError, LavaActorWarning, RemoteTraceback

F = TypeVar("F", bound=Callable[..., Any])

_PACKAGE = str(PACKAGE) + os.sep


_ALSO_CALLED = {
    **dict.fromkeys(("threshold", "v_threshold", "v_th"), "vth"),
    **dict.fromkeys(("size", "n", "num_neurons", "neurons"), "shape"),
}
"""What other simulators call some parameters of the library."""


_A_LETTER_OFF = 0.9


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that ``name`` was probably meant to be, None if there is none."""
    names = list(known)
    longer = [known_name for known_name in names if known_name.startswith(f"{name}_")]
    also = {word: meant for word, meant in _ALSO_CALLED.items() if meant in names}
    alike = difflib.get_close_matches(name.lower(), [*names, *also], 1, cutoff)
    nearly = difflib.get_close_matches(name.lower(), names, 1, _A_LETTER_OFF)
    return next((also.get(found, found) for found in nearly or longer or alike), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean …?)"``, or nothing."""
    found = nearest(name, known)
    return "" if found is None else f" (did you mean {found!r}?)"


def warn(message: str) -> None:
    """Warn about what is surely a mistake, at the user's line that led here."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, LavaActorWarning, stacklevel=level)


def is_library(cls: type) -> bool:
    """Whether a class is one of the library's, rather than a user's or a base for users."""
    return cls.__module__.startswith("lava_actor.proc.")


def briefly(method: F) -> F:
    """Let errors that say all in their message come without the frames they were raised in."""

    @functools.wraps(method)
    def call(*args: object, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # IPython and pytest leave this frame out as well
        try:
            return method(*args, **kwargs)
        except (Exception, KeyboardInterrupt) as error:
            brief = LavaActorError, KeyboardInterrupt
            if isinstance(error, brief) or isinstance(error.__cause__, RemoteTraceback):
                raise error.with_traceback(None)  # noqa: B904  (the same error)
            raise

    return cast("F", call)
