"""What a model and its Process may well have meant otherwise: warnings.

Only a hook that cannot do anything is refused.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterable, Sequence
from itertools import pairwise
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

import numpy as np

from lava_actor.errors import InvalidTypeError
from lava_actor.model.bytecode import names_in
from lava_actor.model.phases import functions_of, is_framework, nested, phase_table, strings
from lava_actor.model.py.async_ import PyAsyncProcessModel
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.types import declared
from lava_actor.process import matrices
from lava_actor.process.hints import is_library, nearest, warn
from lava_actor.process.interfaces import AbstractProcessMember, where
from lava_actor.protocol.step import METHODS

if TYPE_CHECKING:
    from lava_actor.model.types import LavaPyType
    from lava_actor.process.process import AbstractProcess

_HOOKS = {
    PyLoihiProcessModel: (
        *("run_spk", "run_pre_mgmt", "run_lrn", "run_post_mgmt", "run_host_mgmt"),
        *("pre_guard", "lrn_guard", "post_guard", "on_var_update", "on_start", "on_stop"),
    ),
    PyAsyncProcessModel: ("run_async", "on_var_update", "on_start", "on_stop"),
}
"""Methods that the runtime calls; a model overrides some of them."""

_LAVAS_LOOP = {
    *("start", "run", "_run", "_get_var", "_set_var", "_handle_var_port"),
    *("_spike", "_pre_mgmt", "_lrn", "_post_mgmt", "_host"),
}
"""Parts of the loop of Lava's models: methods that our actors do not call."""

_ALIKE = 0.75

_PEEKS = frozenset({"peek", "peek_events"})
_LOOKS = frozenset({"probe", "shape", "size", "dtype", "d_type"})
_TAKE = ("LOAD_ATTR", "LOAD_METHOD")

_ROUNDED = ("_impulse", "_tau")
"""Constants of learning rules: the models take their fractions from the rule itself."""


def doubt(processes: Iterable[AbstractProcess]) -> None:
    """Warn of all that Processes and models, which fit each other, may have meant otherwise.

    A model that doubts more of its Process says so in a class method ``_la_doubts_of``, and of
    single values, which may also be set later, in ``_la_doubts_of_value``.
    """
    known: dict[type, tuple[dict[str, LavaPyType], list[CodeType]]] = {}
    for process in processes:
        model_cls = process.model_class
        assert model_cls is not None
        for name, member in vars(process).items():
            if isinstance(member, AbstractProcessMember) and member.process is None:
                warn(
                    f"{process.name}.{name}: this {type(member).__name__} came after the "
                    f"constructor and is no member, so no model sees it; make it in __init__"
                )
        if model_cls not in known:
            _doubt_hooks(model_cls)
            known[model_cls] = declared(model_cls), _peeking(model_cls)
        types, codes = known[model_cls]
        _doubt_peeks(process, model_cls.__qualname__, codes)
        _doubt_values(process, types, model_cls)
        for message in getattr(model_cls, "_la_doubts_of", lambda _process: ())(process):
            warn(message)


def doubt_hierarchical(processes: Iterable[AbstractProcess]) -> None:
    """Warn of what is lost in hierarchical Processes: messages that go nowhere, hooks of models."""
    for process in sorted(processes, key=lambda process: process.id):
        model = getattr(process.model_class, "__qualname__", "its model")
        for port in process.in_ports.members:
            if port.get_src_ports() and not port.out_connections:
                warn(
                    f"{where(port)}: what arrives is lost, as {model} connects it to nothing; "
                    f"write proc.{port.name}.connect(self.….a_in) there"
                )
        for hook in _HOOKS[PyLoihiProcessModel][:5]:
            if hasattr(process.model_class, hook):
                warn(
                    f"{model}.{hook}: nothing calls it, as a sub-process model has no steps of its "
                    f"own; a Process within it has them"
                )


def _doubt_hooks(model_cls: type) -> None:
    """Refuse hooks that run nothing; warn of methods whose name is nearly that of a hook.

    A method that the class calls itself is a helper, and one beside the real hook is none of our
    business.
    """
    base = next((b for b in _HOOKS if issubclass(model_cls, b)), None)
    if base is None:
        return
    own: dict[str, FunctionType] = {}
    for cls in reversed(model_cls.__mro__):
        if not cls.__module__.startswith("lava_actor."):
            own.update((n, f) for n, f in vars(cls).items() if isinstance(f, FunctionType))
    hooks = [h for h in _HOOKS[base] if hasattr(base, h)]
    kinds = inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction
    for name in hooks:
        if any(is_kind(getattr(model_cls, name)) for is_kind in kinds):
            raise InvalidTypeError(
                f"{model_cls.__qualname__}.{name}: expected a plain method, got one with yield or "
                f"async: a call of it runs nothing of it"
            )
    missing = [h for h in hooks if getattr(model_cls, h) is getattr(base, h)]
    called = {name for function in own.values() for name in function.__code__.co_names}
    for name in sorted(own.keys() & _LAVAS_LOOP):
        if not any(name in f.__code__.co_names for n, f in own.items() if n != name):
            warn(
                f"{model_cls.__qualname__}.{name}: nothing calls this part of Lava's model loop; "
                f"what an actor calls are {', '.join(hooks)}, _pause and _stop"
            )
    for name in own.keys() - called - set(dir(base)) - _LAVAS_LOOP:
        if (meant := nearest(name, missing, _ALIKE)) is not None:
            warn(
                f"{model_cls.__qualname__}.{name}: nothing calls a method of this name; the "
                f"runtime calls {meant}, which {model_cls.__qualname__} does not define"
            )
    if base is not PyLoihiProcessModel:
        return
    table = phase_table(model_cls)
    for guard, method in METHODS.values():
        if method in own.keys() - called and not getattr(table, guard):
            warn(
                f"{model_cls.__qualname__}.{method}: nothing calls it, as {guard} says no; give "
                f"the model a {guard} that returns True where this phase is to run"
            )
    for name in own.keys() & set(hooks[:5]):
        if _sets_own(own[name].__code__, "time_step"):
            warn(
                f"{model_cls.__qualname__}.{name}: what it assigns to time_step is lost, as the "
                f"runtime sets it before every step; count in an attribute of your own"
            )


def _sets_own(code: CodeType, name: str) -> bool:
    """Whether a method assigns to an attribute of its first argument."""
    if not code.co_argcount or name not in names_in(code, "STORE_ATTR"):
        return False
    for before, step in pairwise(dis.get_instructions(code)):
        if step.opname == "STORE_ATTR" and step.argval == name:
            on = before.argval[-1] if isinstance(before.argval, tuple) else before.argval
            if before.opname == "SWAP" or on == code.co_varnames[0]:
                return True
    return False


def _peeking(model_cls: type) -> list[CodeType]:
    """All code of a model class, if some of it peeks at a port."""
    codes = [
        code
        for cls in model_cls.__mro__
        if not is_framework(cls)
        for function in functions_of(cls)
        for code in nested(function.__code__)
    ]
    return codes if any(not _PEEKS.isdisjoint(code.co_names) for code in codes) else []


def _doubt_peeks(process: AbstractProcess, model: str, codes: Sequence[CodeType]) -> None:
    """Warn of ports that a model only ever peeks at: it would see their first message for ever.

    A port that the code does anything else with, as passing it on, is not doubted.
    """
    for port in process.in_ports.members:
        uses = {use for code in codes for use in _uses(code, port.name)}
        if port.get_src_ports() and uses & _PEEKS and uses <= _PEEKS | _LOOKS:
            warn(
                f"{model} only peeks at {process.name}.{port.name}, and never "
                f"calls recv: peek leaves a message where it is, so this one will be the first "
                f"for ever, and its sender waits once the channel is full"
            )


def _uses(code: CodeType, name: str) -> set[str | None]:
    """Attributes that are taken of the attribute ``name`` of anything; None: another use of it."""
    found: set[str | None] = {None} if name in strings(code.co_consts) else set()
    if name in code.co_names:
        steps = [*dis.get_instructions(code)]
        for step, following in pairwise(steps):
            if step.opname.startswith(_TAKE) and step.argval == name:
                found.add(following.argval if following.opname.startswith(_TAKE) else None)
    return found


def _doubt_values(process: AbstractProcess, types: dict[str, LavaPyType], model: type) -> None:
    """Warn of initial values that will not arrive as they are."""
    for var in process.vars.members:
        if (told := types.get(var.name)) is not None:  # or it is a recording
            place = f"{process.name}.{var.name}"
            doubt_value(place, var.name, told, var.init, process, model, "initial values")


def doubt_value(
    where: str, name: str, declared: LavaPyType, value: object, process: AbstractProcess,
    model: type, what: str = "values",
) -> None:  # fmt: skip
    """Warn of a value of a Var that will not arrive as it is, or makes no sense."""
    if not name.endswith(_ROUNDED):
        _doubt_integer(where, declared, value, model.__qualname__)
    if is_library(type(process)):
        _doubt_infinity(where, declared, value, what)
    if message := getattr(model, "_la_doubts_of_value", lambda _name, _value: None)(name, value):
        warn(f"{where}: {message}")


def _doubt_infinity(where: str, declared: LavaPyType, value: object, what: str) -> None:
    """Warn if a Var that keeps fractions is given NaN, or infinity where that is no threshold."""
    given = None if _is_integer(declared) else _reals(value)
    if given is None or np.isfinite(given.sum()):
        return
    for lost, which in ((np.isnan(given), "NaN"), (np.isinf(given), "infinite")):
        if lost.any() and not (which == "infinite" and ".vth" in where):
            warn(
                f"{where}: {np.count_nonzero(lost)} of {given.size} {what} are {which}, which "
                f"will spread"
            )


def doubt_transposed(where: str, shape: tuple[int, ...], value: object) -> None:
    """Warn of a matrix that has the Var's sides in the other order: it would be read row by row."""
    given = np.shape(value) if isinstance(value, np.ndarray) else ()
    if len(given) == 2 and given != shape and given[::-1] == shape and 1 not in given:
        warn(
            f"{where}: its shape is {shape}, and what is given has {given}: is it transposed? Its "
            f"elements are taken row by row"
        )


def _doubt_integer(where: str, declared: LavaPyType, value: object, model: str) -> None:
    """Warn if a Var of integers is given fractions, or what wraps around in its type."""
    given = _reals(value) if _is_integer(declared) else None
    if given is None or not np.isfinite(given.sum()):  # which building the value refuses
        return
    limits = np.iinfo(np.dtype(declared.d_type))
    cut = given != np.trunc(given)
    wraps = (given < limits.min) | (given > limits.max)
    if lost := int(np.count_nonzero(cut)):
        first = given[cut].flat[0]
        warn(
            f"{where}: {model} computes in integers; {lost} of {given.size} values lose their "
            f"fraction ({first} becomes {int(first)}). Scale and round them, or select a "
            f"floating-point model"
        )
    if lost := int(np.count_nonzero(wraps)):
        warn(
            f"{where}: {lost} of {given.size} values do not fit into {np.dtype(declared.d_type)} "
            f"and wrap around ({given[wraps].flat[0]})"
        )


def _reals(value: object) -> np.ndarray | None:
    """Return a value as an array if it holds real numbers."""
    found = value.data if matrices.issparse(value) else value
    if isinstance(found, (str, bytes)) or found is None:
        return None
    try:
        array = np.asarray(found)
    except (ValueError, TypeError):  # unequal lists, what is no array: building the value tells
        return None
    if array.dtype.kind not in "iuf" or not array.size:
        return None
    return array.astype(np.float32) if array.dtype == np.float16 else array  # holds all limits


def _is_integer(declared: LavaPyType) -> bool:
    """Whether a model keeps integers only; a number of class int keeps fractions."""
    if isinstance(declared.cls, type) and issubclass(declared.cls, (int, float, str)):
        return False
    try:
        return np.dtype(declared.d_type).kind in "iu"
    except TypeError:
        return False
