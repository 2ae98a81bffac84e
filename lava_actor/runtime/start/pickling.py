"""Pickling for actors: what cloudpickle does, and what it does not.

Code keeps the name of its file, for tracebacks. What has a name but no module (ufuncs) goes by the
name of a module that can be imported. Whoever needs to know what a pickle leans on is told the
functions, classes and modules in it. And functions and classes of the program's own modules can be
sent by value, to be put in the place of what an actor has imported (`program.py`).
"""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Callable, Collection
from itertools import accumulate
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import cloudpickle

from lava_actor.model.bytecode import PROGRAM, names_in
from lava_actor.runtime.start.fingerprints import at_home, is_own

_inner = cloudpickle.cloudpickle
_CACHED = type(functools.lru_cache(len))


def dumps(
    obj: object, met: list[object] | None = None,
    replaced: Collection[tuple[str, str]] | None = None, **options: object,
) -> bytes:  # fmt: skip
    """Pickle; see `Pickler`."""
    with io.BytesIO() as file:
        Pickler(file, met, replaced, **options).dump(obj)
        return file.getvalue()


def _with_file(code: CodeType) -> tuple[object, ...]:
    make, arguments = cloudpickle.Pickler.dispatch_table[CodeType](code)
    return make, tuple(code.co_filename if a == "<dynamic-code>" else a for a in arguments)


class Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no annotations
    """Pickles for actors.

    Parameters
    ----------
    met : gets the functions, classes and modules that are pickled
    replaced : modules and names that the actor does not have yet; everything else of the program's
        own modules it has, and functions that are sent work on the globals it has
    """

    dispatch_table = cloudpickle.Pickler.dispatch_table.new_child({CodeType: _with_file})

    def __init__(
        self, file: io.BytesIO, met: list[object] | None = None,
        replaced: Collection[tuple[str, str]] | None = None, **options: object,
    ) -> None:  # fmt: skip
        super().__init__(file, **options)
        self._met = met
        self._replaced = replaced

    def reducer_override(self, obj: object) -> object:
        """Decide what goes by name and what by value.

        Pickle takes the first module that has a ufunc, and that may be the program itself.
        """
        if getattr(obj, "__module__", None) is None and isinstance(
            name := getattr(obj, "__name__", None), str
        ):
            module = _importable_home(obj, name)
            if module is not None:
                return getattr, (module, name)
        if self._met is not None and isinstance(obj, (FunctionType, ModuleType, type)):
            self._met.append(obj)
        if isinstance(obj, FunctionType):
            globals_of(obj.__code__)
        if isinstance(obj, _CACHED) and (obj.__module__ in PROGRAM or not at_home(obj)):
            return _cached, (obj.__wrapped__, obj.cache_parameters())
        if isinstance(obj, functools.cached_property):  # has a lock in Python 3.11
            return _cached_property, (obj.func, obj.attrname)
        if self._replaced is not None and isinstance(obj, (FunctionType, type, _CACHED)):
            return self._in_its_module(obj)
        if isinstance(obj, (FunctionType, type)) and obj.__module__ in PROGRAM:
            return self._by_value(obj)
        return super().reducer_override(obj)

    def _in_its_module(self, obj: object) -> object:
        ours = is_own(obj.__module__ or "") and (self._is_replaced(obj) or not at_home(obj))
        if isinstance(obj, FunctionType):
            owner = owner_of(obj)
            if is_own(owner) and (ours or not at_home(obj)):
                return _function_in(owner, obj)
        elif isinstance(obj, _CACHED) and ours:
            return _cached, (obj.__wrapped__, obj.cache_parameters())
        ours |= obj.__module__ in PROGRAM
        return self._by_value(obj) if ours else super().reducer_override(obj)

    def _by_value(self, obj: Any) -> Any:
        if isinstance(obj, FunctionType):
            return self._dynamic_function_reduce(obj)
        return _inner._dynamic_class_reduce(obj)

    def _is_replaced(self, obj: Any) -> bool:
        assert self._replaced is not None
        names = accumulate(obj.__qualname__.split("."), "{}.{}".format)  # A, A.b, A.b.c
        return any((obj.__module__, name) in self._replaced for name in names)


def owner_of(function: FunctionType) -> str:
    """The module whose globals a function works on; "" if that is none."""
    name = function.__globals__.get("__name__", "")
    module = sys.modules.get(name)
    return name if module is not None and vars(module) is function.__globals__ else ""


def _function_in(module: str, function: FunctionType) -> tuple[object, ...]:
    """A function that will work on the globals of a module."""
    state, slots = _inner._function_getstate(function)
    slots["__globals__"] = {}
    cells = None if function.__closure__ is None else len(function.__closure__)
    made = (function.__code__, module, cells)
    return _function_of, made, (state, slots), None, None, _inner._function_setstate


def _function_of(code: CodeType, module: str, cells: int | None) -> FunctionType:
    closure = None if cells is None else tuple(CellType() for _ in range(cells))
    return FunctionType(code, vars(sys.modules[module]), None, None, closure)


def _cached(function: object, parameters: dict[str, Any]) -> object:
    return functools.lru_cache(**parameters)(function)


def _cached_property(function: Callable[[Any], object], name: str) -> object:
    made = functools.cached_property(function)
    made.__set_name__(type(None), name)
    return made


_known_globals = getattr(_inner, "_extract_code_globals_cache", None)
"""Where cloudpickle keeps the globals that code names; it reads them with `dis`, which is slow."""


def globals_of(code: CodeType) -> dict[str, None]:
    """Find the globals that code and functions inside of it name; tell cloudpickle."""
    names: dict[str, None] | None = None if _known_globals is None else _known_globals.get(code)
    if names is None:
        found = names_in(code, "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_GLOBAL")
        names = dict.fromkeys(found)
        if _known_globals is not None:
            _known_globals[code] = names
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                names.update(globals_of(constant))
    return names


def _importable_home(obj: object, name: str) -> ModuleType | None:
    """Return a module that shows `obj` under `name` and is not sent by value."""
    by_value = cloudpickle.list_registry_pickle_by_value()
    main = sys.modules.get("__main__")
    for module_name, module in list(sys.modules.items()):
        if (
            isinstance(module, ModuleType)
            and module is not main
            and vars(module).get(name) is obj
            and not any(module_name == own or module_name.startswith(own + ".") for own in by_value)
        ):
            return module
    return None
