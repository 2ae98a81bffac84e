"""Which model classes exist for a Process class.

Models are known from their definition on: `AbstractProcessModel` registers every subclass, weakly,
so that classes made inside of functions or replaced in a notebook disappear with their last user.
A registered class is a candidate for the Process class that it names (or inherits) as
``implements_process``.

What is not known yet may lie in a file nobody imported: Lava programs put models beside their
Process and expect them to be found. So if neither the Process's module nor its package holds a
model, the modules beside it are imported, at most once each and under their qualified names:

* of a package, all modules;
* of a plain folder (scripts), only files that mention the Process class by name, because
  importing a script runs it.

The running script and test modules are never imported. What goes wrong on the way is kept for the
error that says no model was found.
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import pkgutil
import re
import sys
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lava_actor.model.model import AbstractProcessModel

_order: weakref.WeakKeyDictionary[type[AbstractProcessModel], int] = weakref.WeakKeyDictionary()
_numbers = itertools.count()
_searched: set[str] = set()
_problems: dict[str, list[ImportProblem]] = {}

#: A class attribute that keeps a model class out of discovery (it can still be named explicitly).
HIDDEN = "_hidden_from_discovery"

_NEVER_IMPORTED = re.compile(r"__main__|__init__|setup|conftest|test_.*|.*_test")


@dataclass(frozen=True)
class ImportProblem:
    """A module beside a Process that could not be imported while looking for models."""

    module: str
    error: BaseException

    def __str__(self) -> str:
        return f"{self.module}: {type(self.error).__name__}: {self.error}"


def register(model_class: type[AbstractProcessModel]) -> None:
    """Remember a model class; called when it is defined."""
    _order[model_class] = next(_numbers)


def candidates(process_class: type[Any]) -> list[type[AbstractProcessModel]]:
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
        if not any(_is_near(model, cls) for model in found) and _import_siblings(cls):
            found = _registered(cls)
        if found:
            return found
    return []


def import_problems(process_class: type[Any]) -> list[ImportProblem]:
    """What went wrong while modules beside ``process_class`` and its bases were imported."""
    return [p for cls in _bases(process_class) for p in _problems.get(cls.__module__, ())]


def _bases(process_class: type[Any]) -> Iterator[type[Any]]:
    from lava_actor.process.process import AbstractProcess

    for cls in process_class.__mro__:
        if cls is AbstractProcess:
            return
        if issubclass(cls, AbstractProcess):
            yield cls


def _registered(process_class: type[Any]) -> list[type[AbstractProcessModel]]:
    fitting = [model for model in list(_order) if model.implements_process is process_class]
    latest: dict[tuple[str, str], type[AbstractProcessModel]] = {}
    for model in sorted(fitting, key=_order.__getitem__):
        if not model.__dict__.get(HIDDEN, False):
            # A notebook cell that is run again replaces its models; the old class may still live.
            latest[model.__module__, model.__qualname__] = model
    return sorted(latest.values(), key=lambda model: _rank(model, process_class))


def _rank(model: type[AbstractProcessModel], process_class: type[Any]) -> tuple[int, str, int]:
    if model.__module__ == process_class.__module__:
        return 0, "", _order[model]
    if _is_near(model, process_class):
        return 1, model.__module__, _order[model]
    return 2, "", _order[model]


def _is_near(model: type[AbstractProcessModel], process_class: type[Any]) -> bool:
    """Same module, or same package."""
    if model.__module__ == process_class.__module__:
        return True
    package = _package_of(process_class)
    return bool(package) and model.__module__.rpartition(".")[0] == package


def _package_of(process_class: type[Any]) -> str:
    module = sys.modules.get(process_class.__module__)
    if module is not None and hasattr(module, "__path__"):
        return process_class.__module__  # defined in a package's __init__
    return process_class.__module__.rpartition(".")[0]


def _import_siblings(process_class: type[Any]) -> bool:
    """Import what lies beside the module of ``process_class``; True if anything new was."""
    name = process_class.__module__
    # A folder of scripts is searched for every Process class by itself: its files are filtered.
    key = name if _package_of(process_class) else f"{name}:{process_class.__qualname__}"
    if key in _searched or name not in sys.modules:
        return False
    _searched.add(key)
    imported = False
    for sibling in _siblings(process_class):
        imported = True
        try:
            importlib.import_module(sibling)
        except (Exception, SystemExit) as error:  # noqa: BLE001  (shown with NoProcessModelFound)
            _problems.setdefault(name, []).append(ImportProblem(sibling, error))
    return imported


def _siblings(process_class: type[Any]) -> list[str]:
    package = _package_of(process_class)
    if package:
        path = getattr(sys.modules.get(package), "__path__", None)
        if path is None:
            return []
        names = [
            f"{package}.{info.name}"
            for info in pkgutil.iter_modules(path)
            if not info.ispkg and not _NEVER_IMPORTED.fullmatch(info.name)
        ]
    else:
        names = _script_siblings(process_class)
    return sorted(name for name in names if name not in sys.modules)


def _script_siblings(process_class: type[Any]) -> list[str]:
    file = getattr(sys.modules[process_class.__module__], "__file__", None)
    if file is None:
        return []
    own = Path(file).resolve()
    running = getattr(sys.modules.get("__main__"), "__file__", None)
    never = {own, Path(running).resolve()} if running else {own}
    mentions = re.compile(rf"\b{re.escape(process_class.__name__)}\b")
    return [
        path.stem
        for path in sorted(own.parent.glob("*.py"))
        if path.resolve() not in never
        and not _NEVER_IMPORTED.fullmatch(path.stem)
        and _leads_to(path.stem, path)
        and mentions.search(path.read_text(encoding="utf-8", errors="replace"))
    ]


def _leads_to(name: str, path: Path) -> bool:
    """True if ``import name`` would load exactly this file."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None and Path(spec.origin).resolve() == path
