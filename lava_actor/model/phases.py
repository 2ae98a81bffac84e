"""What a model class does in a step, read from its code.

The compiler needs two answers before anything runs. Which guards and phase methods does a class
override? A phase nobody can ask for costs nothing. May a model ask for a pause or a stop in the
middle of a run? Such a model must find everybody at its own step, hence the network keeps in step.

The second answer has to err on the safe side: "no" must be true. So every method of the class and
its bases below the framework is read, with the functions nested in it, and the functions and
classes it names as globals, as far as they belong to the user. The names of the request are looked
for among attribute names and among strings. Access by a computed name (``setattr(self, name,
value)``, ``self.__dict__``, ``exec``) counts as a request, except in the library's own models,
which are known not to hide one. What cannot be seen is a request from an object that got hold of
the model in another way; the runtime then still pauses, at a step of its own choice.
"""

from __future__ import annotations

import dis
import functools
import inspect
import os
import sys
import sysconfig
import weakref
from abc import ABC
from collections.abc import Iterable, Iterator
from dataclasses import fields
from types import CodeType, FunctionType, ModuleType

from lava_actor.model.bytecode import names_in
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.plain import plain

REQUESTS = frozenset({"_req_pause", "_req_stop", "request_pause", "request_stop"})
_COMPUTED_ACCESS = frozenset({"__dict__", "vars", "exec", "eval", "__setattr__"})
_BY_NAME = frozenset({"setattr", "getattr"})
_FRAMEWORK = "lava_actor.model."
_LIBRARY = "lava_actor."


@plain(frozen=True)
class PhaseTable:
    """Which guards and phase methods a model class overrides, and whether it may ask for a halt.

    ``paced``: it says how many steps it can do without waiting for the user (`steps_ready`).
    ``pauses``: it does something when a run is paused; ``cleans_up``: at the end of the network.
    """

    pre_guard: bool = False
    run_pre_mgmt: bool = False
    lrn_guard: bool = False
    run_lrn: bool = False
    post_guard: bool = False
    run_post_mgmt: bool = False
    host_guard: bool = False
    run_host_mgmt: bool = False
    may_request: bool = False
    paced: bool = False
    pauses: bool = False
    cleans_up: bool = False

    @property
    def guarded(self) -> bool:
        """Whether a step may have more phases than the first."""
        return self.pre_guard or self.lrn_guard or self.post_guard

    def describe(self) -> str:
        """List what is True."""
        return ", ".join(f.name for f in fields(self) if getattr(self, f.name)) or "run_spk only"


_tables: weakref.WeakKeyDictionary[type, tuple[tuple[int, ...], PhaseTable]] = (
    weakref.WeakKeyDictionary()
)

_OTHERS = ("may_request", "paced", "pauses", "cleans_up")
_METHODS = tuple(f.name for f in fields(PhaseTable) if f.name not in _OTHERS)


def phase_table(model_cls: type) -> PhaseTable:
    """Read the phase table of a model class.

    Parameters
    ----------
    model_cls : ProcessModel class
        For models that do not work step by step only ``may_request`` can be True.
    """
    classes = [c for c in model_cls.__mro__ if not is_framework(c)]
    # Large networks ask about few classes many times; a method that was replaced asks again.
    content = tuple(id(value) for cls in classes for value in vars(cls).values())
    known = _tables.get(model_cls)
    if known is None or known[0] != content:
        known = _tables[model_cls] = content, _read_table(model_cls, classes)
    return known[1]


def _read_table(model_cls: type, classes: list[type]) -> PhaseTable:
    assigned = _assigned_attributes(classes)
    stepping = issubclass(model_cls, PyLoihiProcessModel)
    overridden = {
        name: stepping and (name in assigned or _overrides(model_cls, name)) for name in _METHODS
    }
    return PhaseTable(
        **overridden, may_request=_Reader().may_request(classes),
        paced=stepping and _is_paced(model_cls), pauses=_overrides(model_cls, "_pause"),
        cleans_up=any(_overrides(model_cls, name) for name in ("_stop", "join")),
    )  # fmt: skip


def _is_paced(model_cls: type) -> bool:
    """Whether `steps_ready` was written by, or after, whoever wrote the steps."""
    phases = {"run_spk", "run_pre_mgmt", "run_lrn", "run_post_mgmt"}
    for cls in model_cls.__mro__:
        if "steps_ready" in vars(cls):
            return cls is not PyLoihiProcessModel
        if phases & vars(cls).keys():
            return False
    return False


def is_framework(cls: type) -> bool:
    """Whether a class is a base of all models, rather than somebody's model."""
    # Not by module "abc": that is what classes made by calling ABCMeta say.
    return cls in (object, ABC) or f"{cls.__module__}.".startswith(_FRAMEWORK)


def _overrides(model_cls: type, name: str) -> bool:
    base = inspect.getattr_static(PyLoihiProcessModel, name)
    return inspect.getattr_static(model_cls, name) is not base


def _assigned_attributes(classes: Iterable[type]) -> set[str]:
    """Names of all attributes that the methods of ``classes`` assign to anything."""
    names = set()
    for cls in classes:
        for function in functions_of(cls):
            for code in nested(function.__code__):
                names.update(names_in(code, "STORE_ATTR"))
                # setattr with a constant name leaves it among the constants
                names.update(strings(code.co_consts))
    return names


def functions_of(cls: type) -> Iterator[FunctionType]:
    """Functions that a class itself defines."""
    for value in vars(cls).values():
        yield from _functions_in(value)


def _functions_in(value: object) -> Iterator[FunctionType]:
    """Functions behind a class attribute: methods, properties, wrappers of decorators."""
    if isinstance(value, FunctionType):
        yield value
        if wrapped := getattr(value, "__wrapped__", None):
            yield from _functions_in(wrapped)
        for cell in value.__closure__ or ():
            try:
                content = cell.cell_contents
            except ValueError:  # not filled yet
                continue
            if isinstance(content, FunctionType) and content is not value:
                yield content
    elif isinstance(value, (staticmethod, classmethod)):
        yield from _functions_in(value.__func__)
    elif isinstance(value, property):
        for accessor in (value.fget, value.fset, value.fdel):
            yield from _functions_in(accessor)
    elif isinstance(value, (functools.cached_property, functools.partial, functools.partialmethod)):
        yield from _functions_in(value.func)
    elif not isinstance(value, type):
        # an lru_cache, or a decorator written as a class
        yield from _functions_in(inspect.getattr_static(value, "__wrapped__", type))


def nested(code: CodeType) -> Iterator[CodeType]:
    """Code, and that of the functions inside of it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def strings(constants: Iterable[object]) -> Iterator[str]:
    """Strings among the constants of code."""
    for constant in constants:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, (tuple, frozenset)):
            yield from strings(constant)


class _Reader:
    """Reads functions, each once, following the globals they name."""

    def __init__(self) -> None:
        self._seen: set[CodeType] = set()
        self._classes: set[type] = set()
        self._packages: set[str] = set()

    def may_request(self, classes: Iterable[type]) -> bool:
        """True if a method of one of ``classes`` may ask for a pause or a stop."""
        classes = list(classes)
        self._packages = {_top(c.__module__) for c in classes}
        return any(self._class_may(cls) for cls in classes)

    def _class_may(self, cls: type) -> bool:
        if cls in self._classes:
            return False
        self._classes.add(cls)
        trusted = f"{cls.__module__}.".startswith(_LIBRARY)
        helpers = [v for v in vars(cls).values() if not isinstance(v, (type, FunctionType))]
        return any(self._function_may(f, trusted) for f in functions_of(cls)) or any(
            self._object_may(helper) for helper in helpers
        )

    def _function_may(self, function: FunctionType, trusted: bool) -> bool:
        if function.__code__ in self._seen:
            return False
        named: set[str] = set()
        for code in nested(function.__code__):
            self._seen.add(code)
            named.update(code.co_names)
            if _names_request(code) or (not trusted and _computes_names(code)):
                return True
        return any(self._object_may(value) for value in _globals_named(function, named))

    def _object_may(self, value: object) -> bool:
        """Read a function, a class, or the class of any other object."""
        if isinstance(value, FunctionType):
            module = value.__module__ or ""
            return self._is_users(module) and self._function_may(
                value, trusted=module.startswith(_LIBRARY)
            )
        cls = value if isinstance(value, type) else type(value)
        return self._is_users(cls.__module__) and not is_framework(cls) and self._class_may(cls)

    def _is_users(self, module: str) -> bool:
        top = _top(module)
        if top in self._packages:
            return True
        return not (top in sys.stdlib_module_names or top == _top(_LIBRARY) or _installed(top))


def _names_request(code: CodeType) -> bool:
    return not REQUESTS.isdisjoint(code.co_names) or not REQUESTS.isdisjoint(
        strings(code.co_consts)
    )


def _computes_names(code: CodeType) -> bool:
    """True if ``code`` may reach attributes by names that are computed."""
    if not _COMPUTED_ACCESS.isdisjoint(code.co_names):
        return True
    if _BY_NAME.isdisjoint(code.co_names):
        return False
    steps = [s for s in dis.get_instructions(code) if s.opname not in ("CACHE", "PUSH_NULL")]
    return any(
        step.argval in _BY_NAME and not _second_argument_is_constant(steps[index + 1 : index + 64])
        for index, step in enumerate(steps)
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    )


def _second_argument_is_constant(steps: list[dis.Instruction]) -> bool:
    """Recognise ``(a.b, "constant")`` and ``(a.b, "constant", c.d)``.

    Anything that does not look like this counts as computed.
    """
    rest = _after_simple_value(steps)
    if not rest or rest[0].opname != "LOAD_CONST" or not isinstance(rest[0].argval, str):
        return False
    rest = rest[1:]
    if rest and not _is_call(rest[0]):
        rest = _after_simple_value(rest)
    return bool(rest) and _is_call(rest[0])


_SIMPLE = ("LOAD_CONST", "LOAD_SMALL_INT", "LOAD_COMMON_CONSTANT", "LOAD_FAST", "LOAD_DEREF",
           "LOAD_GLOBAL", "LOAD_NAME")  # fmt: skip


def _after_simple_value(steps: list[dis.Instruction]) -> list[dis.Instruction]:
    """Skip the instructions of a constant, a name or a dotted name; [] if there is none."""
    if not steps or not steps[0].opname.startswith(_SIMPLE) or isinstance(steps[0].argval, tuple):
        return []
    count = 1
    while count < len(steps) and steps[count].opname == "LOAD_ATTR":
        count += 1
    return steps[count:]


def _is_call(step: dis.Instruction) -> bool:
    return step.opname in ("PRECALL", "CALL")


def _globals_named(function: FunctionType, names: Iterable[str]) -> Iterator[object]:
    """Objects that ``function`` may reach by global names, or as attributes of modules."""
    names = sorted(names)
    modules = []
    for name in names:
        value = function.__globals__.get(name)
        if isinstance(value, ModuleType):
            modules.append(value)
        elif value is not None:
            yield value
    for module in modules:
        for name in names:
            value = vars(module).get(name)
            if value is not None and not isinstance(value, ModuleType):
                yield value


def _top(module: str) -> str:
    return module.partition(".")[0]


@functools.cache
def _installed(top: str) -> bool:
    """True if the package ``top`` was installed into this Python, rather than written here."""
    file = getattr(sys.modules.get(top), "__file__", None)
    if file is None:
        return False
    places = {sysconfig.get_path(kind) for kind in ("purelib", "platlib", "stdlib")}
    real = os.path.realpath(file)
    return any(real.startswith(os.path.realpath(place) + os.sep) for place in places)
