"""Classes and functions by import path, and which of them a file may name.

A checkpoint names what it needs as ``module:qualified.name``. Reading one imports a module only
where it says that a Process, model, port, Var or run configuration lives there, and the class is
used only if it is one. The packages of these classes are the file's *homes*: other classes and
functions are taken from there and from a few parts of lava_actor and NumPy, and from nowhere else.
"""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

from lava_actor.errors import CheckpointError

#: Rooms of lava_actor whose objects describe networks. The machinery and tools that open files or
#: start programs are not for files to use.
ROOMS = frozenset({"process", "model", "compiler", "learning", "proc", "networks", "kernels"})

BUILTINS = frozenset(
    {
        *("bool", "int", "float", "complex", "str", "bytes", "bytearray", "object"),
        *("list", "tuple", "dict", "set", "frozenset", "range", "slice"),
        *("abs", "min", "max", "sum", "len", "round", "all", "any"),
        *("sorted", "reversed", "zip", "enumerate"),
    }
)


def path_of(obj: Any) -> str:
    """``module:qualified.name`` of a class or function, whether or not it can be imported."""
    module = getattr(obj, "__module__", None)
    name = getattr(obj, "__qualname__", None) or getattr(obj, "__name__", "?")
    if module is None and isinstance(obj, np.ufunc):
        module = "numpy"
    return f"{module}:{name}"


def home_of(path: str) -> str:
    """The package a path begins with."""
    return path.partition(":")[0].partition(".")[0]


def found(path: str, *, load: bool = False) -> Any:
    """What ``path`` leads to, or None; ``load`` imports the module if it is not there yet."""
    module_name, _, name = path.partition(":")
    module: Any = sys.modules.get(module_name)
    if module is None and load and module_name:
        module = importlib.import_module(module_name)
    if module is None or not name:
        return None
    first, *rest = name.split(".")
    obj: Any = getattr(module, first, None)
    for part in rest:
        if not isinstance(obj, type):
            return None
        obj = obj.__dict__.get(part)
        if isinstance(obj, staticmethod):
            obj = obj.__func__
    return obj


def is_importable(obj: Any) -> bool:
    """True if another interpreter finds ``obj`` by its path."""
    path = path_of(obj)
    return home_of(path) != "__main__" and found(path) is obj


class Names:
    """What one file may name.

    Parameters
    ----------
    homes : iterable of str
        Packages that are known from the start.
    """

    def __init__(self, homes: Iterable[str] = ()) -> None:
        self.homes = set(homes) - {"__main__"}

    def class_of_kind(self, path: Any, kind: type, what: str) -> type:
        """Import the class at ``path`` and make its package a home.

        Raises
        ------
        CheckpointError
            If there is no such class, or it is no subclass of ``kind``.
        """
        if not isinstance(path, str) or ":" not in path:
            raise CheckpointError(f"{what}: expected module:name of a class, got {path!r}")
        module, home = path.partition(":")[0], home_of(path)
        if home in sys.stdlib_module_names | {"test"} or "__main__" in module.split("."):
            raise CheckpointError(f"{what}: {path} is no place for a {kind.__name__}")
        try:
            cls = found(path, load=True)
        except Exception as error:
            raise CheckpointError(f"{what}: cannot import {path}: {error}") from error
        if cls is None:
            raise CheckpointError(f"{what}: there is no {path} in this interpreter")
        if not (isinstance(cls, type) and issubclass(cls, kind)):
            raise CheckpointError(f"{what}: expected {path} to be a {kind.__name__}, got {cls!r}")
        self.homes.add(home)
        return cls

    def add_home_of(self, cls: type) -> None:
        """Let the file name what is in the package of a class."""
        self.homes |= {home_of(path_of(cls))} - {"__main__"}

    def may_name(self, obj: Any) -> bool:
        """True if ``obj``, a class or function, can be written by path and read again."""
        return is_importable(obj) and self._is_allowed(path_of(obj), obj)

    def named(self, path: Any) -> Any:
        """The class or function at ``path``.

        Raises
        ------
        CheckpointError
            If it is not there, or nothing that a file may name.
        """
        if not isinstance(path, str):
            raise CheckpointError(f"expected module:name, got {path!r}")
        obj = None
        home = home_of(path)
        if home in self.homes or home == "lava_actor":
            try:
                obj = found(path, load=True)
            except Exception as error:
                raise CheckpointError(f"cannot import {path}: {error}") from error
        elif home in ("numpy", "builtins"):
            obj = found(path)
        # By its own path only: a module's imports are not for files to use.
        if obj is None or path_of(obj) != path or not self._is_allowed(path, obj):
            raise CheckpointError(f"{path} is nothing that this file may name")
        return obj

    def _is_allowed(self, path: str, obj: Any) -> bool:
        if not (isinstance(obj, type) or callable(obj)):
            return False
        home, module = home_of(path), path.partition(":")[0]
        if home == "lava_actor":
            room = module.split(".")[1] if "." in module else ""
            return room in ROOMS or module == "lava_actor.utils.weightutils"
        if home == "numpy":
            scalar = isinstance(obj, type) and issubclass(obj, (np.generic, np.ndarray))
            return scalar or isinstance(obj, np.ufunc)
        if home == "builtins":
            name = path.partition(":")[2]
            return name in BUILTINS and getattr(builtins, name, None) is obj
        return home in self.homes
