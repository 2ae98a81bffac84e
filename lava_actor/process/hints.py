"""What helps a user who made a mistake: the nearest name, a warning, a short traceback."""

from __future__ import annotations

import difflib
import dis
import functools
import inspect
import os
import re
import sys
import sysconfig
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from types import CodeType, FrameType, TracebackType
from typing import NoReturn, TypeVar, cast

from lava_actor.built import PACKAGE
from lava_actor.errors import InvalidTypeError, LavaActorError, LavaActorWarning, RemoteTraceback

F = TypeVar("F", bound=Callable[..., object])

_PACKAGE = str(PACKAGE) + os.sep
_LIBRARIES = (*(sysconfig.get_path(p) for p in ("stdlib", "purelib", "platlib")), "<frozen")


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


def elsewhere(module: str) -> Callable[..., NoReturn]:
    """Return the ``__getattr__`` of a module that says where the class is which it has not."""

    def get(name: str, above: int = 1) -> NoReturn:
        text, caller = f"module {module!r} has no attribute {name!r}", sys._getframe(above)
        if name[0] == "_" or caller.f_code.co_filename.startswith("<frozen"):
            raise AttributeError(text)  # asked by the import of a submodule, or by a tool
        defines = re.compile(rf"^class {re.escape(name)}\b", re.M)
        for path in sorted(PACKAGE.rglob("*.py")):
            if defines.search(path.read_text("utf-8")):
                home = ".".join((PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts))
                text += f"; write from {home} import {name}"
        steps = {step.offset: step.opname for step in dis.get_instructions(caller.f_code)}
        if steps.get(caller.f_lasti) == "IMPORT_FROM":  # which tells nothing of an AttributeError
            raise ImportError(text)
        raise AttributeError(text)

    return get


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


def yes_or_no(what: str, value: object) -> bool:
    """Return what is True or False as a bool.

    Raises
    ------
    InvalidTypeError
        (a `TypeError`) if it is neither; a text is true to Python, whatever it says.
    """
    if isinstance(value, str) or getattr(value, "size", 1) != 1 or value not in (True, False):
        raise InvalidTypeError(f"{what}: expected True or False, got {value!r}")
    return bool(value)


def is_library(cls: type) -> bool:
    """Whether a class is one of the library's, rather than a user's or a base for users."""
    return cls.__module__.startswith("lava_actor.proc.")


def attribute_taken(frame: FrameType) -> str | None:
    """Name of the attribute that a caller takes of what it gets, None if it does something else.

    So None can stand for what is not there yet, and still say so instead of "'NoneType' object has
    no attribute …".
    """
    return _attribute_taken(frame.f_code, frame.f_lasti)


@functools.lru_cache  # to read bytecode is slow, and loops ask from the same place
def _attribute_taken(code: CodeType, place: int) -> str | None:
    for step, onwards in pairwise(dis.get_instructions(code)):
        # A call of a Python function may count as being at the caches behind the instruction.
        if step.offset <= place < onwards.offset and onwards.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            name: str = onwards.argval
            return None if hasattr(None, name) else name
    return None


def _onwards_from_theirs(traceback: TracebackType | None) -> TracebackType | None:
    """The frames from the first that belongs to a user's program: a constructor, say.

    Frames of this package are left out behind it, too; those of other libraries are not.
    """
    frames: list[TracebackType] = []
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if not file.startswith(_PACKAGE) and (frames or not file.startswith(_LIBRARIES)):
            frames.append(traceback)
        traceback = traceback.tb_next
    for frame in reversed(frames):
        traceback = TracebackType(traceback, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return traceback


def misfit(
    name: str, signature: inspect.Signature, args: Sequence[object], kwargs: Mapping[str, object],
    about: str | None = None,
) -> str | None:  # fmt: skip
    """Say what is wrong if the arguments do not fit, more helpfully than Python does."""
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        found = signature.parameters.values()
        named = [p for p in found if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        names = [p.name for p in named]
        wrong = next((key for key in kwargs if f"'{key}'" in str(error)), "")
        text = f"{name}: {error}{did_you_mean(wrong, names) if wrong else ''}."
        if args and names and "positional" in str(error):
            takes = f"It takes keywords: {name}({names[0]}=…)."
            text += f" {about.splitlines()[0] if about and names[0] == 'name' else takes}"
        listed = ", ".join(p.name if p.default is p.empty else f"{p.name}=…" for p in named)
        if not listed and any(p.kind is p.VAR_KEYWORD for p in found):
            listed = "any, by keyword"
        return f"{text} Parameters: {listed or 'none, as long as __init__ takes no **kwargs'}"
    return None


def briefly(method: F) -> F:
    """Let errors that say all in their message come without the frames they were raised in.

    What remains are frames of the user's own program that the call led to. Arguments that do not
    fit are told with the parameters there are, and so is who goes on from a method that returns
    nothing: ``a.connect(b).connect(c)``.
    """
    makes = method.__name__ == "__init__"

    @functools.wraps(method)
    def call(*args: object, **kwargs: object) -> object:
        __tracebackhide__ = True  # IPython and pytest leave this frame out as well
        try:
            found = method(*args, **kwargs)
            if found is None and not makes and (more := attribute_taken(sys._getframe(1))):
                raise InvalidTypeError(
                    f"{method.__qualname__} was called and returned None, which has no .{more}: "
                    f"write what follows in a line of its own"
                )
            return found
        except (Exception, KeyboardInterrupt) as error:
            if args and not hasattr(args[0], method.__name__):
                raise InvalidTypeError(
                    f"{method.__qualname__} belongs to an instance, not to the class: make one, "
                    f"and call its {method.__name__}(…)"
                ) from None
            trace = error.__traceback__
            if isinstance(error, TypeError) and args and trace is not None and not trace.tb_next:
                name, own = type(args[0]).__name__, method.__name__
                takes = inspect.signature(functools.partial(method, args[0]))
                name += "" if own == "__init__" else f".{own}"
                if text := misfit(name, takes, args[1:], kwargs):
                    raise InvalidTypeError(text) from None
            brief = LavaActorError, KeyboardInterrupt
            theirs = _onwards_from_theirs(error.__traceback__)
            if theirs or isinstance(error, brief) or isinstance(error.__cause__, RemoteTraceback):
                raise error.with_traceback(theirs)  # noqa: B904  (the same error)
            raise

    return cast("F", call)
