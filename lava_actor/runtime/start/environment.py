"""What the user's interpreter is set to, handed on to services and actors.

Code may not do one thing alone and another in a model: where modules are found and files are
opened, what a process may use, which warnings are shown or raised, what NumPy does about a division
by zero. All of that is read when a network starts. A service takes over what imports depend on.
Warnings and floating-point errors are for models: they are set once all is imported, so that a
module which warns when it is imported does not fail there although it did not fail here.

What is fixed when an interpreter starts (``-O``, ``-X dev``) is handed to the launcher as flags.
"""

from __future__ import annotations

import builtins
import contextlib
import faulthandler
import logging
import os
import resource
import sys
import tempfile
import warnings
from typing import Any, cast

import numpy as np

from lava_actor.errors import RuntimeStateError
from lava_actor.plain import plain

#: Options of the interpreter by the names they have in `sys.flags`.
_OPTIONS = {
    "debug": "d", "optimize": "O", "dont_write_bytecode": "B", "no_site": "S",
    "bytes_warning": "b",
}  # fmt: skip
_PATH_OPTIONS = {"ignore_environment": "E", "no_user_site": "s", "safe_path": "P"}

#: Modes of `numpy.seterr` that need an object of the user's interpreter, and what stands for them.
_OTHER_WAYS = {"call": "warn", "log": "warn"}

_LIMITS = tuple(sorted(name for name in dir(resource) if name.startswith("RLIMIT_")))


def flags() -> list[str]:
    """The options this interpreter was started with, but for those about warnings."""
    options = dict(_OPTIONS)
    isolated = ["-I"] if sys.flags.isolated else []
    if not isolated:
        options |= _PATH_OPTIONS
    short = ["-" + letter * getattr(sys.flags, name) for name, letter in options.items()]
    extra = (f"-X{k}" if v is True else f"-X{k}={v}" for k, v in sys._xoptions.items())
    return [*isolated, *(option for option in short if option != "-"), *extra]


_Filter = tuple[str, str, tuple[str, str], str, int]
"""One entry of `warnings.filters`; the class of warnings by its module and name."""


@plain(frozen=True)
class Surroundings:
    """What code in a service or an actor depends on; see above."""

    arguments: tuple[str, ...]
    recursion: int
    path: tuple[str, ...]
    directory: str | None
    environment: dict[str, str]
    compat: bool
    log_level: int
    umask: int | None
    niceness: int
    cores: frozenset[int]
    limits: tuple[tuple[str, tuple[int, int]], ...]
    warn_options: tuple[str, ...]
    filters: tuple[_Filter, ...]
    float_errors: dict[str, str]
    faults: bool
    gives_way: bool = False  # a process that wakes does not interrupt who runs


def _here() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # somebody has removed it
        return None


def safe_path() -> list[str]:
    """What keeps CPython 3.13 from failing in a folder that is gone; a path is assigned anyway."""
    return [] if _here() else ["-P"]


def import_places() -> tuple[tuple[str, ...], bool]:
    """Where this interpreter imports from: its path, and whether Lava's names are ours."""
    here = _here()
    compat = sys.modules.get("lava_actor.compat")
    full = (os.path.join(here, entry) if here is not None else entry for entry in sys.path)
    path = tuple(os.path.normpath(entry) for entry in full if os.path.isabs(entry))
    return path, bool(compat is not None and compat.installed())


def surroundings() -> Surroundings:
    """The surroundings of this interpreter, as they are now."""
    path, compat = import_places()
    return Surroundings(
        arguments=tuple(map(str, getattr(sys, "argv", None) or ())),
        recursion=sys.getrecursionlimit(),
        path=path,
        directory=_here(),
        environment=dict(os.environ),
        compat=compat,
        log_level=_lowest_level(),
        umask=_umask(),
        niceness=os.getpriority(os.PRIO_PROCESS, 0),
        cores=frozenset(os.sched_getaffinity(0)),
        limits=tuple((name, resource.getrlimit(getattr(resource, name))) for name in _LIMITS),
        warn_options=tuple(sys.warnoptions),
        filters=tuple(_described(*entry) for entry in warnings.filters),
        float_errors={k: _OTHER_WAYS.get(str(v), str(v)) for k, v in np.geterr().items()},
        faults=faulthandler.is_enabled(),
    )


def _lowest_level() -> int:
    """What the most talkative logger of this interpreter lets through; less need not travel."""
    root = logging.getLogger()
    named = root.manager.loggerDict.items()
    ours = [log for name, log in named if name.startswith("lava_actor")]
    levels = [log.level for log in ours if isinstance(log, logging.Logger) and log.level]
    return min([root.getEffectiveLevel(), *levels])


def _umask() -> int | None:
    """Read, not set: another thread may just create a file."""
    with contextlib.suppress(OSError), open("/proc/self/status") as file:
        for line in file:
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return None


def settle_in(where: Surroundings) -> None:
    """Make this process find, import and be allowed what the user's interpreter would."""
    sys.argv = list(where.arguments)
    with contextlib.suppress(RecursionError):  # this deep already
        sys.setrecursionlimit(where.recursion)
    sys.path[:] = list(where.path)
    try:
        os.chdir(where.directory if where.directory is not None else "")
    except OSError:
        _go_nowhere()
    os.environ.clear()
    os.environ.update(where.environment)
    sys.warnoptions[:] = where.warn_options
    if where.umask is not None:
        os.umask(where.umask)
    for name, limit in where.limits:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(getattr(resource, name), limit)
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, where.cores)
    with contextlib.suppress(OSError):
        if where.gives_way and os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, where.niceness)
    logging.getLogger().setLevel(where.log_level)
    if where.compat:
        from importlib import import_module

        import_module("lava_actor.compat").install()


def _go_nowhere() -> None:
    """To a folder that does not exist either: files of another one would be the wrong ones."""
    with contextlib.suppress(OSError), tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)


def attune(where: Surroundings) -> None:
    """Let models in this thread fail over floating-point errors as code of the user's does."""
    np.seterr(**where.float_errors)  # type: ignore[arg-type]


def attune_process(where: Surroundings) -> None:
    """Let models in processes forked from this one warn and fail as code of the user's does."""
    attune(where)
    if not os.environ.get("PYTHONBREAKPOINT"):
        sys.breakpointhook = _no_debugger
    if where.faults and not faulthandler.is_enabled():
        faulthandler.enable(2)
    warnings.resetwarnings()
    for action, message, name, module, line in where.filters:
        found = _category(*name)
        warnings.filterwarnings(action, message, found, module, line, append=True)  # type: ignore[arg-type]


def _no_debugger(*_args: object, **_kwargs: object) -> None:
    raise RuntimeStateError(
        "breakpoint(): no debugger can be reached from the process of an actor; run the network "
        "with compile_config={'actor_type': ActorType.Threading}"
    )


def _described(action: str, message: Any, category: Any, module: Any, line: int) -> _Filter:
    first, second = (getattr(part, "pattern", part) or "" for part in (message, module))
    return action, first, (category.__module__, category.__qualname__), second, line


def _category(module: str, name: str) -> type[Warning]:
    found = getattr(builtins, name) if module == "builtins" else None
    return cast("type[Warning]", found or _Named(name, (Warning,), {"home": (module, name)}))


class _Named(type):
    """A class of warnings known by its name: nothing is imported for the sake of a filter."""

    home: tuple[str, str]

    def __subclasscheck__(cls, other: type) -> bool:
        """True for the class of that name and what derives from it."""
        return any((c.__module__, c.__qualname__) == cls.home for c in other.__mro__)
