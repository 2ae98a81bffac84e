"""Telling what a user's code raised, whatever the exception does when it is looked at.

An exception is the user's code: its ``__str__`` may fail, its class may be known to the actor
alone, to pickle it may take for ever. So its text and the object travel apart. The text goes first;
nothing that the exception does keeps it from being sent. The object follows as bytes that nobody
opens on the way, in none of the threads and processes that supervise. Only the thread of the user
that raises the error opens it, and if that fails, it costs nothing but the object.
"""

from __future__ import annotations

import contextlib
import copyreg
import dataclasses
import pickle
import traceback
from collections.abc import Callable
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

import cloudpickle

from lava_actor.errors import Failure, Verdict
from lava_actor.runtime.reports.tracebacks import remote_text

if TYPE_CHECKING:
    from types import TracebackType

#: Characters of a message and of a traceback that travel.
LONGEST_MESSAGE = 20_000
LONGEST_TRACEBACK = 200_000
#: Bytes an exception may take.
LARGEST_EXCEPTION = 1 << 24

#: Seconds that the exception may come later than its text.
EXCEPTION_SECONDS = 0.5

_name_of = type.__dict__["__name__"].__get__  # a metaclass may say something else, or fail


def failure_of(
    error: BaseException, process: str, model: str = "", phase: str = "start", step: int = 0,
    verdict: Verdict = Verdict.RAISED,
) -> Failure:  # fmt: skip
    """The record of an exception: texts only. Never raises."""
    kind = _name_of(type(error))
    said = _safely(lambda: str(error))
    message = f"<{kind} whose str() fails>" if said is None else said
    last = f"{kind}: {message}\n"
    ours = verdict is Verdict.DIED  # an error of the runtime: its own frames say where
    text = (
        (not ours and _safely(lambda: remote_text(error)))
        or _safely(lambda: "".join(traceback.format_exception(error)))
        or _safely(lambda: "".join(traceback.format_tb(_traceback_of(error))) + last)
        or last
    )
    return Failure(
        process, model, phase, step, kind, _bounded(message, LONGEST_MESSAGE),
        _bounded(text, LONGEST_TRACEBACK), verdict=verdict,
    )  # fmt: skip


def packed(error: BaseException) -> bytes:
    """The exception without its traceback; nothing if it cannot travel. Never raises."""
    file = _Bounded()
    try:
        _Pickler(file, protocol=5).dump(error)
        return b"".join(file.parts)
    except BaseException:  # noqa: BLE001  (user code; whatever it raises, the text was sent)
        return b""


def opened(failure: Failure) -> Failure:
    """The failure with its exception, if it can be opened; for the thread that raises it."""
    if not failure.packed:
        return failure
    error: BaseException | None = None
    with contextlib.suppress(BaseException):  # user code; the error is raised without the object
        error = pickle.loads(failure.packed)
    cls = type(error)
    if not issubclass(cls, BaseException) or _name_of(cls) != failure.kind:
        error = None
    return dataclasses.replace(failure, exception=error, packed=b"")


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # it has no types
    """Takes exceptions apart without their constructors, which may want other arguments."""

    def reducer_override(self, obj: object) -> object:
        """How an object is pickled, if it is one that does not say so itself."""
        cls = type(obj)
        if (
            issubclass(cls, BaseException)
            and cls.__reduce__ is BaseException.__reduce__
            and cls.__reduce_ex__ is BaseException.__reduce_ex__
            and cls not in copyreg.dispatch_table
        ):
            assert isinstance(obj, BaseException)
            slots = {name: getattr(obj, name) for name in _slots(cls) if hasattr(obj, name)}
            return _made, (cls, obj.args), {**slots, **vars(obj)} or None
        return super().reducer_override(obj)


def _slots(cls: type) -> list[str]:
    bases = [base for base in cls.__mro__ if base.__module__ != "builtins"]
    members = ((name, member) for base in bases for name, member in vars(base).items())
    return [name for name, member in members if isinstance(member, MemberDescriptorType)]


def _made(cls: type[BaseException], args: tuple[object, ...]) -> BaseException:
    """An exception by its constructor; if that does not take its arguments, as Python's own do."""
    with contextlib.suppress(Exception):
        return cls(*args)
    above: list[Any] = [c for c in cls.__mro__ if c.__module__ == "builtins"]
    for base in above:
        with contextlib.suppress(TypeError):  # it is not safe, says Python where there are several
            error: BaseException = base.__new__(cls, *args)
            base.__init__(error, *args)
            return error
    raise TypeError(f"cannot make a {cls.__qualname__} of {args!r}")


class _Bounded:
    """A file that refuses to become too large."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._room = LARGEST_EXCEPTION

    def write(self, data: bytes | memoryview) -> int:
        """Keep a copy of ``data``."""
        part = bytes(data)
        self._room -= len(part)
        if self._room < 0:
            raise OverflowError("this exception holds too much to travel")
        self.parts.append(part)
        return len(part)


def _traceback_of(error: BaseException) -> TracebackType | None:
    return BaseException.__dict__["__traceback__"].__get__(error)


def _safely(make: Callable[[], str]) -> str | None:
    """The text, of a plain class; None if the user's code does not give one."""
    try:
        return "".join((make(), ""))
    except BaseException:  # noqa: BLE001  (see the top of this module)
        return None


def _bounded(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    left_out = f"\n[... {len(text) - limit} characters left out ...]\n"
    return text[: limit // 2] + left_out + text[-limit // 2 :]
