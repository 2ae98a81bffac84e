"""The import machinery behind `install`.

Two kinds of alias, both made when they are first imported, never before:

* A Lava module served by exactly one of ours *is* ours: ``lava.proc.lif.process`` and
  ``lava_actor.proc.lif.process`` are one object in ``sys.modules``. Patching a function through
  either path (as tests of Lava programs do) patches the same thing, and reloading, pickling or
  inspecting it needs no special care.
* Packages, and modules whose names are spread over several of ours, are `AliasModule` objects that
  look each name up where it lives. They are not our packages themselves, since importing
  ``lava.x.y`` binds ``y`` in ``lava.x``, and that binding must not land in our package.

Other distributions have a share in the ``lava`` namespace: ``lava.lib.dl``, ``lava.gadgets``,
``lava.proc.mine``. What the table does not serve is looked for in the ``lava`` folders that are on
``sys.path`` at that moment, and in turn gets our modules for what the table serves. Of an installed
Lava only ``lava.lib`` counts: a program must never run half on one and half on the other.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from lava_actor.compat.lava_names.inner import inner_part
from lava_actor.compat.table import PACKAGES, TABLE, Alias
from lava_actor.proc.monitor.process import Monitor

ROOT = "lava"


class AliasModule(ModuleType):
    """A module or package of the table that shows names of one or more of our modules."""

    def __init__(self, name: str, alias: Alias) -> None:
        super().__init__(name, f"{name}, provided by {', '.join(alias.sources) or 'lava_actor'}.")
        self.__dict__["_alias"] = alias

    def __getattr__(self, name: str) -> Any:
        path = f"{self.__name__}.{name}"
        if path in TABLE:  # `import lava`, then `lava.magma.core`: as if it had been imported
            return importlib.import_module(path)
        if name == "__all__":
            return self._public()
        if not name.startswith("__"):
            for source in self._sources():
                if hasattr(source, name):
                    return getattr(source, name)
            if self._alias.inner:
                return self.__dict__.setdefault(name, inner_part(self.__name__, name))
        served = ", ".join(self._alias.sources) or "lava_actor.compat"
        text = f"module {self.__name__!r} (served by {served}) has no attribute {name!r}"
        raise AttributeError(text, name=name, obj=self)

    def __dir__(self) -> list[str]:
        ways = (path.rpartition(".") for path in TABLE)
        children = (child for parent, _, child in ways if parent == self.__name__)
        return sorted({*super().__dir__(), *self._public(), *children} - {"_alias"})

    def __reduce__(self) -> tuple[object, ...]:
        # Globals of a model's module may hold an alias package (`from lava.proc import io`); by
        # default cloudpickle would try to send it by value.
        return alias_module, (self.__name__,)

    def _sources(self) -> list[ModuleType]:
        return [importlib.import_module(source) for source in self._alias.sources]

    def _public(self) -> list[str]:
        names = dict.fromkeys(self._alias.names)
        for source in self._sources():
            names.update(dict.fromkeys(public_names(source)))
        return list(names)


def public_names(module: ModuleType) -> list[str]:
    """Names that `module` means to show: its ``__all__``, or all but private names and modules."""
    declared = getattr(module, "__all__", None)
    if declared is not None:
        return list(declared)
    shown = ((name, value) for name, value in vars(module).items() if not name.startswith("_"))
    return [name for name, value in shown if not isinstance(value, ModuleType)]


class AliasFinder(MetaPathFinder, Loader):
    """Finds and loads the modules of the table."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of the table or of another share in the namespace."""
        if fullname in TABLE:
            package = fullname in PACKAGES
            return ModuleSpec(fullname, self, origin="lava_actor.compat", is_package=package)
        return _find_elsewhere(fullname) if fullname.startswith(ROOT + ".") else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Make the alias module; one that turns out to be ours is swapped in `exec_module`."""
        return AliasModule(spec.name, TABLE[spec.name])

    def exec_module(self, module: ModuleType) -> None:
        """Put our own module in the place of `module` where it stands for exactly one of ours."""
        name = module.__name__
        sources = TABLE[name].sources
        if name not in PACKAGES and len(sources) == 1 and not TABLE[name].inner:
            # The import system takes what it finds under the name afterwards.
            sys.modules[name] = importlib.import_module(sources[0])
        else:
            for source in sources:
                importlib.import_module(source)


_finder = AliasFinder()
_set_aside: dict[str, ModuleType] = {}
"""Modules of a real Lava that were imported before `install`; `uninstall` puts them back."""


def install() -> None:
    """Make ``import lava...`` resolve to lava_actor, in this interpreter and in its actors.

    A Lava that is installed or even imported already steps aside until `uninstall`. Calling it
    again changes nothing.
    """
    if installed():
        return
    _set_aside.update(_drop_imported())
    from lava_actor.compat.lava_names.attached import attach  # it changes our classes

    attach()
    sys.meta_path.insert(0, _finder)
    Monitor._la_in_double_precision = True


def uninstall() -> None:
    """Undo `install`: forget the aliases, put a real Lava back. Objects already made stay valid."""
    if not installed():
        return
    sys.meta_path.remove(_finder)
    Monitor._la_in_double_precision = False
    _drop_imported()
    sys.modules.update(_set_aside)
    _set_aside.clear()
    importlib.invalidate_caches()


def installed() -> bool:
    """Whether ``import lava`` gives lava_actor."""
    return _finder in sys.meta_path


def alias_module(name: str) -> ModuleType:
    """Import an alias module, in whatever interpreter a pickled `AliasModule` arrived."""
    install()
    return importlib.import_module(name)


def _drop_imported() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name == ROOT or name.startswith(ROOT + ".")]
    return {name: sys.modules.pop(name) for name in names}


def _find_elsewhere(fullname: str) -> ModuleSpec | None:
    """Find a module of the namespace that is not ours, in the folders on ``sys.path``.

    A namespace package keeps the folders of its first import; so they are looked up anew.
    """
    parent = fullname.rpartition(".")[0]
    if parent not in PACKAGES and getattr(sys.modules.get(parent), "__file__", None) is not None:
        return None  # a package of its own knows where its modules are
    _, first, *_ = fullname.split(".")
    folders = []
    for entry in sys.path:
        root = os.path.join(entry or os.getcwd(), ROOT)
        if first == "lib" or not os.path.isdir(os.path.join(root, "magma")):
            folders.append(os.path.join(root, *parent.split(".")[1:]))
    return PathFinder.find_spec(fullname, folders)
