"""Classes and functions by import path, and which of them a file may name.

A file names what it needs as ``module:qualified.name``. The packages of its Processes, models and
run configuration are its *homes*: other classes and functions are taken from there, from a few
rooms of lava_actor and from NumPy, and from nowhere else. A module that the program has not
imported yet is imported only if its source has a ``class`` statement for what is named: so no file
runs a script, or a module that does something when it is imported, by the name alone.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

from lava_actor.channels.interrupts import let_through
from lava_actor.errors import CheckpointError
from lava_actor.model.bytecode import PROGRAM

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


def path_of(obj: object) -> str:
    """``module:qualified.name`` of a class or function, whether or not it can be imported."""
    module = getattr(obj, "__module__", None)
    name = getattr(obj, "__qualname__", None) or getattr(obj, "__name__", "?")
    if module is None and isinstance(obj, np.ufunc):
        module = "numpy"
    return f"{module}:{name}"


def home_of(path: str) -> str:
    """The package a path begins with."""
    return path.partition(":")[0].partition(".")[0]


def found(path: str, load: tuple[type[ast.AST], ...] = ()) -> object:
    """What ``path`` leads to, or None.

    ``load``: import the module if it is not there yet and has a statement of such a kind for it.
    """
    module_name, _, name = path.partition(":")
    if load and module_name not in sys.modules and _declares(module_name, name, load):
        importlib.import_module(module_name)
    obj: object = sys.modules.get(module_name)
    for place, part in enumerate(name.split(".")):
        if place and not isinstance(obj, type):
            return None
        obj = getattr(obj, part, None) if place == 0 else obj.__dict__.get(part)
        if isinstance(obj, staticmethod):
            obj = obj.__func__
    return obj


def _declares(module: str, name: str, kinds: tuple[type[ast.AST], ...]) -> bool:
    """Whether a module is of lava_actor, or its source has a statement that makes ``name``.

    Nothing is imported to find out, packages neither.
    """
    if home_of(module) == "lava_actor":
        return True
    spec: Any = None
    prefix, path = "", None
    for part in module.split("."):
        prefix += part
        specs = (f.find_spec(prefix, path) for f in sys.meta_path if part.isidentifier())
        spec = next((one for one in specs if one is not None), None)
        if spec is None:
            return False
        prefix, path = f"{prefix}.", spec.submodule_search_locations
    source = spec.loader.get_source(module) if hasattr(spec.loader, "get_source") else None
    last = name.rpartition(".")[2]
    nodes = ast.walk(ast.parse(source or ""))
    return any(isinstance(node, kinds) and getattr(node, "name", None) == last for node in nodes)


def is_importable(obj: object) -> bool:
    """True if another interpreter finds ``obj`` by its path."""
    path = path_of(obj)
    return home_of(path) not in PROGRAM and found(path) is obj


class Names:
    """What one file may name.

    Parameters
    ----------
    homes : iterable of str
        Packages that are known from the start.
    """

    def __init__(self, homes: Iterable[str] = ()) -> None:
        self.homes = set(homes) - PROGRAM

    def class_of_kind(self, path: object, kind: type, what: str) -> type:
        """Import the class at ``path`` and make its package a home.

        Raises
        ------
        CheckpointError
            If there is no such class, or it is no subclass of ``kind``.
        """
        if not isinstance(path, str) or ":" not in path:
            raise CheckpointError(f"{what}: expected module:name of a class, got {path!r}")
        module = path.partition(":")[0]
        if home_of(path) in sys.stdlib_module_names | {"test"} or PROGRAM & {*module.split(".")}:
            raise CheckpointError(f"{what}: {path} is no place for a {kind.__name__}")
        cls = self._imported(path, ast.ClassDef)
        if cls is None:
            raise CheckpointError(
                f"{what}: there is no {path} in this interpreter; if {module} makes this class "
                f"without a class statement, import it before"
            )
        if not (isinstance(cls, type) and issubclass(cls, kind)):
            raise CheckpointError(f"{what}: expected {path} to be a {kind.__name__}, got {cls!r}")
        self.add_home_of(cls)
        return cls

    def add_home_of(self, cls: type) -> None:
        """Let the file name what is in the package of a class."""
        self.homes |= {home_of(path_of(cls))} - PROGRAM

    def may_name(self, obj: object) -> bool:
        """True if ``obj``, a class or function, can be written by path and read again."""
        return is_importable(obj) and self._is_allowed(path_of(obj), obj)

    def named(self, path: object) -> object:
        """The class or function at ``path``.

        Raises
        ------
        CheckpointError
            If it is not there, or nothing that a file may name.
        """
        if not isinstance(path, str):
            raise CheckpointError(f"expected module:name, got {path!r}")
        home = home_of(path)
        known = home in self.homes or home == "lava_actor"
        obj = self._imported(path, ast.ClassDef, ast.FunctionDef) if known else found(path)
        # By its own path only: a module's imports are not for files to use.
        if obj is None or path_of(obj) != path or not self._is_allowed(path, obj):
            raise CheckpointError(f"{path} is nothing that this file may name")
        return obj

    @staticmethod
    def _imported(path: str, *kinds: type[ast.AST]) -> object:
        try:
            return found(path, kinds)
        except Exception as error:
            let_through(error)
            raise CheckpointError(f"cannot import {path}: {error}") from error

    def _is_allowed(self, path: str, obj: object) -> bool:
        if not callable(obj):
            return False
        module, _, name = path.partition(":")
        home, *rooms = module.split(".")
        if home == "lava_actor":
            return bool(ROOMS & set(rooms[:1])) or module == "lava_actor.utils.weightutils"
        if home == "numpy":
            scalar = isinstance(obj, type) and issubclass(obj, (np.generic, np.ndarray))
            return scalar or isinstance(obj, np.ufunc)
        if home == "builtins":
            return name in BUILTINS and getattr(builtins, name, None) is obj
        return home in self.homes
