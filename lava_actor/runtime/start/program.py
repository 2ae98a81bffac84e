"""The program's own modules: an actor finds them as they are in the user's interpreter.

A fork would see them as they are; a fresh import sees the file. So every RuntimeService imports
them, as it always did, and compares: the user's interpreter surveys what models can reach (globals
that code names, attributes of classes, whole modules where a module is at hand) and sends a
fingerprint of each. Where the service finds another one it asks for the value, and puts it there
before any model is loaded. Nothing has to be remembered about what a program has done, and what has
not changed costs a digest.

Functions and classes are sent by value only where they differ; a class that has changed keeps its
identity and gets the attributes that differ. Functions work on the globals of their module, so an
actor has one module, whatever was sent. A module that cannot be imported, or is being imported
while it runs the network, is created empty, and then all of it differs. What differs and cannot be
pickled stays as it was imported, with a warning.

Installed packages are not looked at: what a program sets there belongs to its interpreter.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.machinery
import os
import pickle
import re
import sys
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field
from itertools import accumulate
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import Any

from lava_actor.channels.interrupts import let_through
from lava_actor.errors import RuntimeStateError
from lava_actor.model.bytecode import PROGRAM, names_in
from lava_actor.model.phases import nested
from lava_actor.plain import plain
from lava_actor.process.hints import warn
from lava_actor.runtime.start.fingerprints import at_home, contents, fingerprint, is_own
from lava_actor.runtime.start.pickling import dumps, globals_of, owner_of

Key = tuple[str, str]
"""A module, and a name in it or in a class of it (``Class.attribute``)."""

_importing: list[str] = []
"""While a service imports: itself, and networks that modules meant to run."""

_MISSING: object = object()
_NOTHING = b""
"""The fingerprint of what does not exist."""

_ANY_GLOBAL = {"globals", "vars", "locals", "eval", "exec"}
_ANY_MODULE = {"import_module", "__import__", "eval", "exec"}
"""Who names one of these may reach names that its code does not show."""

_NO_STATE = {
    "__dict__", "__weakref__", "__module__", "__qualname__", "__doc__", "__abstractmethods__",
    "__parameters__", "__orig_bases__", "__firstlineno__", "__static_attributes__", "_abc_impl",
    "__annotations__", "__annotations_cache__", "__annotate_func__", "__slotnames__",
}  # fmt: skip


@plain(frozen=True)
class ModulePlan:
    """A module of the program: how the service gets it."""

    name: str
    importable: bool
    whole: bool  # models may reach all of it
    attributes: dict[str, object]


@plain(frozen=True)
class ProgramPlan:
    """What models can reach of the program's own modules: modules in order, fingerprints."""

    modules: tuple[ModulePlan, ...] = ()
    imports: tuple[str, ...] = ()  # installed ones
    prints: Mapping[Key, bytes] = field(default_factory=dict)

    @property
    def needed(self) -> set[str]:
        """Modules that are imported."""
        return {*self.imports, *(module.name for module in self.modules if module.importable)}


def _print(key: Key, value: object) -> tuple[bytes, list[object]]:
    """The fingerprint of a value, or of a class without its attributes where it is at home."""
    if value is _MISSING:
        return _NOTHING, []
    if isinstance(value, type) and key == (value.__module__, value.__qualname__):
        return fingerprint(("class", *key, value.__bases__, type(value)))
    return fingerprint(value)


def _module_of(obj: object) -> str:
    """The module to import for a function, class or module; "" for what any interpreter has."""
    name = obj.__name__ if isinstance(obj, ModuleType) else obj.__module__
    if not isinstance(name, str) or name in PROGRAM:
        return ""
    top = name.partition(".")[0]
    everywhere = top in sys.stdlib_module_names or top in ("lava_actor", "numpy", "cloudpickle")
    return "" if everywhere else name


def _attributes(cls: type) -> dict[str, object]:
    return {
        name: value
        for name, value in vars(cls).items()
        if name not in _NO_STATE
        and not isinstance(value, (GetSetDescriptorType, MemberDescriptorType))
    }


def _globals(module: ModuleType | None) -> list[tuple[str, object]]:
    return [
        (name, value)
        for name, value in (() if module is None else vars(module).items())
        if not (name.startswith("__") and name.endswith("__"))
    ]


class Survey:
    """What models can reach of the program's own modules, beginning with ``roots``."""

    def __init__(self, roots: Iterable[object]) -> None:
        self._values: dict[Key, object] = {}
        self._prints: dict[Key, bytes] = {}
        self._seen: dict[int, object] = {}
        self._whole: set[str] = set()
        self._owners: set[str] = set()
        self._queue: deque[object] = deque()
        for root in roots:
            if isinstance(root, ModuleType) or at_home(root):
                self._queue.append(root)
            elif isinstance(root, FunctionType):  # it travels with the globals that it names
                self._follow_imports(root)
        while self._queue:
            self._visit(self._queue.popleft())

    def plan(self) -> ProgramPlan:
        """What the service is told."""
        reached = {name for name, _ in self._values} | self._whole | self._owners
        named = {part for name in reached for part in accumulate(re.split(r"(?=\.)", name))}
        known = {n: m for n, m in list(sys.modules.items()) if n in named}
        importable = {name: _importable(name, module) for name, module in known.items()}
        reached |= {n for n, m in known.items() if importable[n] or _is_begun(m)}
        # Packages of the program that only the way in which it was started has found.
        reached |= {
            n for n, m in known.items() if is_own(n) and type(getattr(m, "__path__", None)) is list
        }
        needed = {n for obj in self._seen.values() if (n := _module_of(obj)) and not is_own(n)}
        imports = tuple(name for name in list(sys.modules) if name in needed)
        modules = [
            ModulePlan(
                name,
                importable[name],
                name in self._whole,
                {k: v for k in ("__file__", "__package__", "__path__")
                 if isinstance(v := getattr(module, k, None), (str, list))},
            )
            for name, module in known.items()
            if name in reached
        ]  # fmt: skip
        return ProgramPlan(tuple(modules), imports, self._prints)

    def pack(self, wanted: Collection[Key]) -> bytes:
        """Pickle the values that differ in a service; warn of what cannot be sent."""
        values = {key: self._values.get(key, _MISSING) for key in wanted}
        send = [(key, value) for key, value in values.items() if value is not _MISSING]
        gone = [key for key, value in values.items() if value is _MISSING]
        try:
            return dumps((send, gone), replaced=wanted)
        except Exception as error:  # noqa: BLE001  (found out which below)
            let_through(error)
            good = []
        for key, value in send:
            try:
                dumps(value, replaced=wanted)
                good.append((key, value))
            except Exception as error:  # noqa: BLE001  (whatever a state of a user's raises)
                let_through(error)
                warn(
                    f"{'.'.join(key)} differs from what a fresh import makes, and cannot be sent "
                    f"to actors ({error}): models see what an import makes of it, if anything"
                )
        return dumps((good, gone), replaced=wanted)

    def _visit(self, obj: object) -> None:
        if id(obj) in self._seen:
            return
        self._seen[id(obj)] = obj
        if isinstance(obj, ModuleType):
            if is_own(obj.__name__):
                self._whole.add(obj.__name__)
                for name, value in _globals(obj):
                    self._note((obj.__name__, name), value)
        elif isinstance(obj, type):
            self._visit_class(obj)
        elif isinstance(obj, FunctionType):
            self._visit_function(obj)

    def _visit_class(self, cls: type) -> None:
        module = cls.__module__
        if module not in PROGRAM and not is_own(module):
            return
        self._queue.extend(cls.__bases__)
        home = is_own(module) and at_home(cls)
        if home:
            self._note((module, cls.__qualname__), cls)
        for name, value in _attributes(cls).items():
            if home:
                self._note((module, f"{cls.__qualname__}.{name}"), value)
            else:
                self._queue.extend(fingerprint(value)[1])

    def _visit_function(self, function: FunctionType) -> None:
        if is_own(function.__module__ or "") and at_home(function):
            self._note((function.__module__, function.__qualname__), function)
        if any(inside := contents(function)):
            self._queue.extend(fingerprint(inside)[1])
        owner = owner_of(function)
        if owner not in PROGRAM and not is_own(owner):
            return
        if owner not in PROGRAM:
            self._owners.add(owner)
        space = function.__globals__
        for name in globals_of(function.__code__):
            if name in space or not hasattr(builtins, name):
                value = space.get(name, _MISSING)
                if owner not in PROGRAM:
                    self._note((owner, name), value)
                elif value is not _MISSING:
                    self._queue.extend(fingerprint(value)[1])
        self._follow_imports(function)
        names = {name for code in nested(function.__code__) for name in code.co_names}
        if names & _ANY_GLOBAL and owner not in PROGRAM:
            self._queue.append(sys.modules[owner])
        if names & _ANY_MODULE or names >= {"sys", "modules"}:
            self._queue.extend(m for name, m in list(sys.modules.items()) if is_own(name))

    def _follow_imports(self, function: FunctionType) -> None:
        package = function.__globals__.get("__package__") or ""
        for code in nested(function.__code__):
            for name in names_in(code, "IMPORT_NAME"):
                for full in (name, f"{package}.{name}" if name else package):
                    if full in sys.modules:
                        self._queue.append(sys.modules[full])

    def _note(self, key: Key, value: object) -> None:
        if key not in self._values:
            self._values[key] = value
            self._prints[key], met = _print(key, value)
            self._queue.extend((value, *met) if isinstance(value, type) else met)


def _is_begun(module: object) -> bool:
    """Whether the import of a module is not over: it runs this network."""
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _importable(name: str, module: ModuleType) -> bool:
    """Whether an import elsewhere finds the file that this module came from."""
    if _is_begun(module):
        return False
    parent = name.rpartition(".")[0]
    folders = list(getattr(sys.modules.get(parent), "__path__", ())) if parent else None
    finders: list[Any] = [importlib.machinery.PathFinder]
    finders += [f for f in sys.meta_path if "__editable__" in getattr(f, "__module__", "")]
    for finder in finders:
        spec = finder.find_spec(name, folders)
        if spec is not None:
            file = getattr(module, "__file__", None)
            return spec.origin is None or file is None or _same_file(spec.origin, file)
    return False


def _same_file(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.abspath(one) == os.path.abspath(other)


# -- in the service -------------------------------------------------------------------------


def import_all(plan: ProgramPlan) -> None:
    """Import what this network needs, in the order in which the user's interpreter did.

    No network may be started from now on, until `end_imports`.

    What cannot be imported is met again, and reported, by the actor it concerns; unless it is a
    program, which runs a network or ends.
    """
    _importing.append("the service")
    for name in plan.imports:
        _is_program(name)
    for module in sorted(plan.modules, key=lambda module: module.name.count(".")):  # parents first
        if module.name in sys.modules or (module.importable and not _is_program(module.name)):
            continue
        made = sys.modules[module.name] = ModuleType(module.name)
        vars(made).update(module.attributes)
        parent, _, last = module.name.rpartition(".")
        if parent in sys.modules:
            setattr(sys.modules[parent], last, made)


def end_imports() -> None:
    """All is imported, whatever refers to it opened."""
    _importing.clear()


def _is_program(name: str) -> bool:
    """Import a module; whether that did not come to its end as a program has to come to it."""
    before = len(_importing)
    try:
        importlib.import_module(name)
    except SystemExit:
        return True
    except Exception:  # noqa: BLE001  (met again)
        return len(_importing) > before
    return False


def refuse_network(what: str) -> None:
    """Refuse a network in a service that imports a program's modules."""
    if _importing:
        _importing.append(what)
        raise RuntimeStateError(f"{what}: a module that actors import runs this network")


def stamp(file: str) -> tuple[int, int] | None:
    """When a file was changed, and its size; None if it is gone."""
    try:
        seen = os.stat(file)
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_size


def files() -> dict[str, tuple[int, int] | None]:
    """The files of the program's own modules that are here, and when they were changed."""
    return {
        file: stamp(file)
        for name, module in list(sys.modules.items())
        if isinstance(file := getattr(module, "__file__", None), str) and is_own(name)
    }


def differences(plan: ProgramPlan) -> list[Key]:
    """What is not here as it is in the user's interpreter."""
    wanted: dict[Key, None] = {}
    for key, known in plan.prints.items():
        module, path = key
        if module not in sys.modules or (module, path.rpartition(".")[0]) in wanted:
            continue
        value = _look_up(key)
        if _print(key, value)[0] != known:
            wanted[key] = None
        elif isinstance(value, type) and key == (value.__module__, value.__qualname__):
            for name in _attributes(value):
                if (module, f"{path}.{name}") not in plan.prints:
                    delattr(value, name)
    for name in (module.name for module in plan.modules if module.whole):
        for extra, value in _globals(sys.modules.get(name)):
            if (name, extra) not in plan.prints and not isinstance(value, ModuleType):
                delattr(sys.modules[name], extra)
    return list(wanted)


def apply(packed: bytes) -> None:
    """Put values into the modules and classes they belong to."""
    send, gone = pickle.loads(packed)
    for key, value in (*send, *((key, _MISSING) for key in gone)):
        path, _, name = key[1].rpartition(".")
        owner = _look_up((key[0], path)) if path else sys.modules[key[0]]
        if value is _MISSING:
            delattr(owner, name)
        else:
            setattr(owner, name, value)


def _look_up(key: Key) -> object:
    found: object = sys.modules.get(key[0])
    for part in key[1].split("."):
        inside = vars(found) if isinstance(found, (ModuleType, type)) else {}
        found = inside.get(part, _MISSING)
    return found
