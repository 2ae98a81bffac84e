"""Which model classes exist for a Process class.

A model is known from the moment it says which Process class it implements. The Process class holds
it: a model lives as long as what it implements, wherever it was defined. One that is defined
again, under the same name, takes the place of the old one (a notebook cell that is run again); but
a function that makes models may be called several times, and what it made counts as long as its
module has a name for it. Models defined in functions come after those of modules; those of the
function that defined models last come first.

What is not known yet may lie in a file nobody imported: Lava programs put models beside their
Process and expect them to be found. So if neither the Process's module nor its package holds a
model, the modules beside it are imported, under their qualified names:

* of a package, all modules;
* of a plain folder (scripts), only files that name the Process class, do not define one of that
  name themselves, and say that something implements: importing a script runs it.

The running script and test modules are never imported. What goes wrong on the way is kept for the
error that says no model was found, until the next search.

A search holds no lock: whoever asks while another thread imports a module waits for that module,
by the locks of the import system, which know about imports that wait for each other. A search is
remembered only when it is over and every module was imported, and only until a file comes or goes
beside them. So whatever interrupts it, and whatever was broken, is tried again the next time.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import re
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import TYPE_CHECKING

from lava_actor.channels.interrupts import let_through
from lava_actor.plain import plain
from lava_actor.process.process import AbstractProcess

if TYPE_CHECKING:
    from lava_actor.model.model import AbstractProcessModel

_lock = threading.RLock()
#: Models that did not say yet what they implement; a class that is unpickled says so late.
_open: weakref.WeakSet[type[AbstractProcessModel]] = weakref.WeakSet()
#: What was searched to the end, and when its folders had changed last.
_searched: dict[str, tuple[int, ...]] = {}
_problems: dict[str, list[ImportProblem]] = {}

#: A class attribute that keeps a model class out of discovery (it can still be named explicitly).
HIDDEN = "_la_hidden_from_discovery"
#: Where a Process class holds its models.
_MODELS = "_la_models_of_class"

_NEVER_IMPORTED = re.compile(r"__main__|__init__|setup|conftest|test_.*|.*_test")


@plain(frozen=True)
class ImportProblem:
    """A module beside a Process that could not be imported while looking for models."""

    module: str
    error: BaseException

    def __str__(self) -> str:
        return f"{self.module}: {type(self.error).__name__}: {self.error}"


@plain(frozen=True)
class _Entry:
    model: type[AbstractProcessModel]
    module: weakref.ref[ModuleType] | None
    """The module as it was imported when the model was defined."""
    maker: CodeType | None = None
    """The function that has made it."""

    @property
    def stale(self) -> bool:
        """The module was dropped: its import failed, or it was imported once more."""
        now = sys.modules.get(self.model.__module__)
        return self.module is not None and (now is None or now is not self.module())


class _Held(dict[tuple[str, str], list[_Entry]]):
    """The models of one Process class by their names, in order of definition.

    There are several of one name if one function has made them.
    """

    def __init__(self, process: type) -> None:
        self.process = process

    def __reduce__(self) -> tuple[object, tuple[type]]:
        # A class that travels by value leaves models behind that nobody asked for.
        return _held_by, (self.process,)


def _held_by(process: type) -> _Held:
    held: _Held = process.__dict__.get(_MODELS) or _Held(process)
    return held


def register(model_class: type[AbstractProcessModel]) -> None:
    """Let the Process class that a model class implements hold it, once there is one."""
    process = model_class.implements_process
    if model_class.__dict__.get(HIDDEN, False):
        return
    if process is None:
        with _lock:
            _open.add(model_class)
        return
    module = sys.modules.get(model_class.__module__)
    imported = None if module is None else weakref.ref(module)
    entry = _Entry(model_class, imported, _maker_of(model_class))
    name = model_class.__module__, model_class.__qualname__
    with _lock:
        _open.discard(model_class)
        held = _held_by(process)
        setattr(process, _MODELS, held)
        before = held.pop(name, []) if _function_of(model_class) else held.get(name, [])
        if not before or entry.maker is None or before[-1].maker is not entry.maker:
            before = []
        older = [e for e in before[:-_UNNAMED] if _has_a_name(e.model)]
        held[name] = [*older, *before[-_UNNAMED:], entry]


_UNNAMED = 8
"""So many that a function has made may wait for a name."""


def _maker_of(model: type) -> CodeType | None:
    """The function, being called, in which a model is defined."""
    outer = model.__qualname__.rpartition(".<locals>.")[0]
    frame: FrameType | None = sys._getframe(1)
    while outer and frame is not None:
        if frame.f_code.co_qualname == outer:
            return frame.f_code
        frame = frame.f_back
    return None


def _has_a_name(model: type) -> bool:
    """Whether its module has it as a global."""
    module = sys.modules.get(model.__module__)
    return module is not None and any(value is model for value in list(vars(module).values()))


def candidates(process_class: type) -> list[type[AbstractProcessModel]]:
    """Models for a Process class, best first.

    Models for exactly this class; if there are none, those of the nearest base class that has
    any. Order: models of the Process's own module, then of its package (by module name), then of
    anywhere else; within a module in order of definition.

    Returns
    -------
    list
        Empty if there is none; `import_problems` may tell why.
    """
    for cls in _bases(process_class):
        found = _registered(cls)
        if not any(_is_near(model, cls) for model in found):
            _import_siblings(cls)
            found = _registered(cls)  # another thread's search may have ended since we looked
        if not found and not _problems.get(_key(cls)):
            found = _registered(cls, stale=True)
        if found:
            return found
    return []


def import_problems(process_class: type) -> list[ImportProblem]:
    """What went wrong while modules beside ``process_class`` and its bases were imported."""
    return [p for cls in _bases(process_class) for p in _problems.get(_key(cls), ())]


def _bases(process_class: type) -> Iterator[type]:
    for cls in process_class.__mro__:
        if cls is AbstractProcess:
            return
        if issubclass(cls, AbstractProcess):
            yield cls


def _registered(process_class: type, *, stale: bool = False) -> list[type[AbstractProcessModel]]:
    with _lock:
        for model in [m for m in _open if m.implements_process is not None]:
            register(model)
        entries = [
            entry
            for same in _held_by(process_class).values()
            for entry in same
            if entry is same[-1] or _has_a_name(entry.model)
        ]
    # A class that arrives by value gets its attributes after it has been registered. One that is
    # here already never gets them: cloudpickle makes it, finds the other, and leaves it empty.
    shown = [e for e in entries if not e.model.__dict__.get(HIDDEN, False) and not _empty(e.model)]
    models = [e.model for e in shown if e.stale is stale]
    number = {model: i for i, model in enumerate(models)}
    newest = {_function_of(model): i for model, i in number.items()}

    def order(model: type[AbstractProcessModel]) -> tuple[object, ...]:
        function = _function_of(model)
        latest = newest[function] if function else len(models)
        return (*_rank(model, process_class), -latest, number[model])

    return sorted(models, key=order)


def _empty(model: type[AbstractProcessModel]) -> bool:
    """Whether a class was made by a call (then its module is ``abc``) and holds nothing."""
    said = vars(model).keys() - {"__module__", "__doc__", "__abstractmethods__", "_abc_impl"}
    return model.__module__ == "abc" and not said


def _function_of(model: type[AbstractProcessModel]) -> str:
    """Qualified name of the function that defined a model; empty for models of a module."""
    return model.__qualname__.rpartition("<locals>")[0]


def _rank(model: type[AbstractProcessModel], process_class: type) -> tuple[int, str]:
    if model.__module__ == process_class.__module__:
        return 0, ""
    return (1, model.__module__) if _is_near(model, process_class) else (2, "")


def _is_near(model: type[AbstractProcessModel], process_class: type) -> bool:
    """Same module, or same package."""
    if model.__module__ == process_class.__module__:
        return True
    package = _package_of(process_class)
    return bool(package) and model.__module__.rpartition(".")[0] == package


def _package_of(process_class: type) -> str:
    module = sys.modules.get(process_class.__module__)
    if module is not None and hasattr(module, "__path__"):
        return process_class.__module__  # defined in a package's __init__
    return process_class.__module__.rpartition(".")[0]


def _key(process_class: type) -> str:
    # A folder of scripts is searched for every Process class by itself: its files are filtered.
    name = process_class.__module__
    return name if _package_of(process_class) else f"{name}:{process_class.__qualname__}"


def _import_siblings(process_class: type) -> None:
    """Import what lies beside the module of ``process_class``, if that has not been searched."""
    if process_class.__module__ not in sys.modules:
        return
    key, stamps = _key(process_class), _stamps(process_class)
    if _searched.get(key) == stamps:
        return
    importlib.invalidate_caches()  # they would not see a file that was written just now
    problems, complete = [], True
    for sibling in _siblings(process_class):
        try:
            module = importlib.import_module(sibling)
        except (Exception, SystemExit) as error:  # noqa: BLE001  (shown with NoProcessModelFound)
            let_through(error)
            problems.append(ImportProblem(sibling, error))
        else:  # this thread may be in the middle of importing it, and that may fail
            complete &= not getattr(module.__spec__, "_initializing", False)
    _problems[key] = problems
    if complete and not problems:
        _searched[key] = stamps


def _stamps(process_class: type) -> tuple[int, ...]:
    """When something was last added to, or taken from, the folders of a search."""
    package = sys.modules.get(_package_of(process_class))
    file = getattr(sys.modules[process_class.__module__], "__file__", None)
    scripts = [os.path.dirname(os.path.abspath(file))] if file else []
    return tuple(
        os.stat(folder).st_mtime_ns if os.path.isdir(folder) else 0
        for folder in getattr(package, "__path__", scripts)
    )


def _siblings(process_class: type) -> list[str]:
    if not (package := _package_of(process_class)):
        return sorted(_script_siblings(process_class))
    return sorted(
        f"{package}.{info.name}"
        for info in pkgutil.iter_modules(getattr(sys.modules.get(package), "__path__", ()))
        if not info.ispkg and not _NEVER_IMPORTED.fullmatch(info.name)
    )


def _script_siblings(process_class: type) -> list[str]:
    file = getattr(sys.modules[process_class.__module__], "__file__", None)
    if file is None:
        return []
    own = Path(file).resolve()
    running = getattr(sys.modules.get("__main__"), "__file__", None)
    never = {own, Path(running).resolve()} if running else {own}
    name = re.escape(process_class.__name__)
    models = re.compile(
        rf"\A(?!.*^\s*class\s+{name}\b)(?=.*implements).*\b{name}\b", re.DOTALL | re.MULTILINE
    )
    return [
        path.stem
        for path in sorted(own.parent.glob("*.py"))
        if path.resolve() not in never
        and not _NEVER_IMPORTED.fullmatch(path.stem)
        and _leads_to(path.stem, path)
        and models.search(path.read_text(encoding="utf-8", errors="replace"))
    ]


def _leads_to(name: str, path: Path) -> bool:
    """True if ``import name`` would load exactly this file."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None and Path(spec.origin).resolve() == path
