"""Whether two interpreters mean the same by a value: digests that depend on content alone.

A pickle would say it, were it not for what cannot be pickled, for functions and classes, of which
it only knows the names, and for its memo, which sees whether two equal strings are one object. So
the pickler is used for its speed, without memo, and what is not plain data is described here:
functions by their code, defaults and closures, classes by their names (their attributes are values
of their own), what cannot be pickled by its type. Who compares two digests may take equal things
for different (a set of strings in another order), never different things for equal.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import sys
import sysconfig
import weakref
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import cloudpickle

from lava_actor.built import PACKAGE
from lava_actor.channels.interrupts import let_through
from lava_actor.model.bytecode import PROGRAM
from lava_actor.process import AbstractProcess, Var
from lava_actor.process.ports.ports import AbstractPort

_INSTALLED = ("site-packages", "dist-packages")
_LIBRARY = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})
_OURS = str(PACKAGE)
_OF_A_NETWORK = (AbstractProcess, AbstractPort, Var)
"""What describes networks is built anew by each import, and models have no use for it."""


@lru_cache(maxsize=4096)
def _is_installed(file: str) -> bool:
    folders = {*Path(file).parents, *Path(file).resolve().parents}
    return any(str(f) in (*_LIBRARY, _OURS) or f.name in _INSTALLED for f in folders)


@lru_cache(maxsize=4096)
def _is_target(folder: str) -> bool:
    """Whether packages were installed into a folder of its own (``pip install --target``)."""
    return any(Path(folder).glob("*.dist-info"))


_known: dict[str, tuple[ModuleType, bool]] = {}


def is_own(name: str) -> bool:
    """Whether a module is the program's own: neither installed, nor Python's, nor this library."""
    module = sys.modules.get(name)
    if not isinstance(module, ModuleType):
        return False
    if _known.get(name, (None,))[0] is not module:
        _known[name] = module, _decide(name, module)
    return _known[name][1]


def _decide(name: str, module: ModuleType) -> bool:
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top in PROGRAM or top == "lava_actor":
        return False
    if type(getattr(module, "__loader__", None)).__module__.startswith("lava_actor"):
        return False
    for each, depth in ((name, name.count(".")), (top, 0)):
        found = sys.modules.get(each)
        file = getattr(found, "__file__", None) or next(iter(getattr(found, "__path__", ())), None)
        if isinstance(file, str):
            folders = Path(file).parents
            entry = folders[min(depth + (Path(file).stem == "__init__"), len(folders) - 1)]
            return not (_is_installed(file) or _is_target(str(entry)))
    return True


def at_home(obj: Any) -> bool:
    """Whether a function or class is what its module shows under its name."""
    found: object = sys.modules.get(obj.__module__ or "")
    for part in obj.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is obj


_codes: weakref.WeakKeyDictionary[CodeType, bytes] = weakref.WeakKeyDictionary()


def _of_code(code: CodeType) -> bytes:
    """What code does, wherever its file is."""
    known = _codes.get(code)
    if known is None:
        consts = [
            _of_code(c) if isinstance(c, CodeType)
            else sorted(map(repr, c)) if isinstance(c, frozenset)
            else (type(c).__name__, repr(c))
            for c in code.co_consts
        ]  # fmt: skip
        parts = (
            code.co_code, consts, code.co_names, code.co_varnames, code.co_freevars,
            code.co_cellvars, code.co_flags, code.co_argcount, code.co_posonlyargcount,
            code.co_kwonlyargcount, code.co_exceptiontable, code.co_name,
        )  # fmt: skip
        known = _codes[code] = _digest(repr(parts).encode())
    return known


def _digest(content: bytes | memoryview) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def contents(function: FunctionType) -> tuple[object, ...]:
    """What a function has besides its code and the globals of its module."""
    cells = []
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # it is empty
            cells.append(cell.cell_contents)
    return function.__defaults__, function.__kwdefaults__, cells, vars(function)


class _Reader(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no annotations
    """Writes what a digest is made of; ``met`` are functions, classes and modules on the way."""

    def __init__(self, file: io.BytesIO, *, fast: bool) -> None:
        super().__init__(file, protocol=5)
        self.fast = fast
        self.met: list[object] = []
        self._seen: dict[int, int] = {}
        self._alive: list[object] = []

    def reducer_override(self, obj: object) -> object:
        """Describe what is not plain data."""
        if obj is tuple:
            return NotImplemented
        again = self._seen.setdefault(id(obj), len(self._seen))
        if again < len(self._alive):
            return tuple, (("again", again),)
        self._alive.append(obj)
        return self._described(obj)

    def _described(self, obj: object) -> object:
        if isinstance(obj, (ModuleType, type, FunctionType)):
            self.met.append(obj)
        if isinstance(obj, ModuleType):
            return tuple, (("module", obj.__name__),)
        if isinstance(obj, type):
            return tuple, (("class", obj.__module__, obj.__qualname__),)
        if isinstance(obj, FunctionType):
            what: tuple[object, ...] = ("function", obj.__module__, obj.__qualname__)
            if is_own(obj.__module__ or "") or not at_home(obj):
                what += (_of_code(obj.__code__), *contents(obj))
            return tuple, (what,)
        if isinstance(obj, CodeType):
            return tuple, (("code", _of_code(obj)),)
        if isinstance(obj, _OF_A_NETWORK):
            return tuple, (("network", type(obj)),)
        wrapped = getattr(obj, "__wrapped__", None)
        if isinstance(wrapped, FunctionType):
            return tuple, ((type(obj), wrapped),)
        try:
            reduce = self.dispatch_table.get(type(obj))
            reduced = obj.__reduce_ex__(5) if reduce is None else reduce(obj)
        except Exception as error:  # noqa: BLE001  (whatever cannot be pickled)
            let_through(error)
            return tuple, (("opaque", type(obj)),)
        if isinstance(reduced, str):
            return tuple, (("global", type(obj), reduced),)
        return reduced


def _of_simple(value: object) -> tuple[object, ...] | None:
    """A description of what modules mostly consist of; the pickler would say as much."""
    if type(value) in (int, float, complex, bool, str, bytes, type(None)):
        return type(value).__name__, value
    if isinstance(value, (ModuleType, type)):
        place = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        return "name", *place, value.__name__
    if isinstance(value, FunctionType) and not any(contents(value)):
        return "code", value.__module__, value.__qualname__, _of_code(value.__code__)
    return None


def fingerprint(value: object) -> tuple[bytes, list[object]]:
    """A digest of a value, and the functions, classes and modules in it."""
    met: list[object] = []
    if (simple := _of_simple(value)) is not None:
        met += [value] if isinstance(value, (ModuleType, type, FunctionType)) else []
        return _digest(repr(simple).encode()), met
    for fast in (True, False):  # the fast one does not know lists that contain themselves
        file = io.BytesIO()
        reader = _Reader(file, fast=fast)
        try:
            reader.dump(value)
        except Exception as error:  # noqa: BLE001  (see above; whatever a state of a user's raises)
            let_through(error)
            met += reader.met
            continue
        return _digest(file.getbuffer()), reader.met
    return f"opaque {type(value).__qualname__}".encode(), met
