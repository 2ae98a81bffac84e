"""Do a model and its Process fit? Read from the declarations, before anything is started."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from lava_actor.channels.memory import check_values
from lava_actor.errors import NetworkError
from lava_actor.model.native import check_declaration
from lava_actor.model.ports.base import AbstractPyPort
from lava_actor.model.ports.in_port import PyInPort
from lava_actor.model.ports.out_port import PyOutPort
from lava_actor.model.ports.ref_port import PyRefPort
from lava_actor.model.py.async_ import PyAsyncProcessModel
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.types import LavaPyType, declared
from lava_actor.process.collection import Collection, named
from lava_actor.process.hints import did_you_mean
from lava_actor.process.ports.ports import AbstractPort, ImplicitVarPort
from lava_actor.process.recording import Recording
from lava_actor.protocol.values import check_var

if TYPE_CHECKING:
    from lava_actor.process.process import AbstractProcess

Port = TypeVar("Port", bound=AbstractPort)

_ABSENT = object()
#: {kind of model: names its instances have before any member is set}
_OWN_NAMES = {
    base: frozenset({*dir(base), *vars(base({}))}) - {"rng", "process_name"}
    for base in (PyLoihiProcessModel, PyAsyncProcessModel)
}


def check_members(process: AbstractProcess, model_cls: type) -> None:
    """Check that the members of a leaf Process and the declarations of its model match.

    Raises
    ------
    NetworkError
        (an `AssertionError`) if a Var or port has no declaration, a declaration no Var or port,
        a declaration is no LavaPyType, or its port class is abstract or of the wrong kind; or the
        constructor of the model does not take the parameters of the Process.
    ArenaMemoryError
        If a Var alone needs more memory than there is.
    UnsupportedError, InvalidTypeError
        If a Var is declared with a class or dtype no value can be built for, or a native step takes
        what is declared otherwise.
    """
    types = declared(model_cls)
    check_constructor(process, model_cls, "proc_params")
    _check_vars(process, model_cls, types)
    _check_ports(process, model_cls, types, process.in_ports, PyInPort)
    _check_ports(process, model_cls, types, process.out_ports, PyOutPort)
    _check_ports(process, model_cls, types, process.ref_ports, PyRefPort)
    for name, port in named(process.var_ports):
        if not isinstance(port, ImplicitVarPort):
            _declaration(process, model_cls, types, name, "VarPort")
    _check_surplus(process, model_cls, types)
    check_declaration(model_cls, types)


def _declaration(
    process: AbstractProcess, model_cls: type, types: dict[str, LavaPyType], name: str, kind: str
) -> LavaPyType:
    if name in types:
        return types[name]
    value = inspect.getattr_static(model_cls, name, _ABSENT)
    what = f"has {value!r}"
    if value is _ABSENT:
        what = "has no attribute of that name" + did_you_mean(name, types)
    raise NetworkError(
        f"{process.name}.{name} ({kind}): expected a class attribute {name!r} of type LavaPyType "
        f"in {model_cls.__qualname__}, which {what}"
    )


def check_constructor(process: AbstractProcess, model_cls: type, takes: str) -> None:
    """Refuse a model class whose constructor does not take ``proc`` or ``proc_params``."""
    try:
        inspect.signature(model_cls).bind(process)
    except ValueError:  # native: it has no signature
        return
    except TypeError as error:
        what = "its Process" if takes == "proc" else "the parameters of its Process"
        raise NetworkError(
            f"{process.name}: {model_cls.__qualname__} is made with {what}; expected "
            f"def __init__(self, {takes}), got one that refuses them: {error}"
        ) from None


def _check_vars(process: AbstractProcess, model_cls: type, types: dict[str, LavaPyType]) -> None:
    for name, var in named(process.vars):
        if isinstance(var, Recording):
            continue
        declaration = _declaration(process, model_cls, types, name, "Var")
        where = f"{model_cls.__qualname__}.{name} (Var of {process.name})"
        check_var(declaration, where)
        _check_reads_only(declaration, where, may=False)
        if isinstance(declaration.cls, type) and issubclass(declaration.cls, np.ndarray):
            needs = var.size * np.dtype(declaration.d_type).itemsize
            check_values(f"{process.name}.{name}", tuple(var.shape), needs)


def _check_ports(
    process: AbstractProcess, model_cls: type, types: dict[str, LavaPyType],
    ports: Collection[Port], base: type,
) -> None:  # fmt: skip
    kind = base.__name__
    for name, port in named(ports):
        declaration = _declaration(process, model_cls, types, name, kind.removeprefix("Py"))
        cls = declaration.cls
        where = f"{model_cls.__qualname__}.{name} ({kind.removeprefix('Py')} of {process.name})"
        derived = isinstance(cls, type) and issubclass(cls, base) and cls is not base
        if not derived or inspect.isabstract(cls):
            raise NetworkError(
                f"{where}: LavaPyType.cls must be a concrete {kind} class such as "
                f"{kind}.VEC_DENSE, got {getattr(cls, '__qualname__', cls)!r}"
            )
        if issubclass(cls, AbstractPyPort) and cls.one_number and port.size != 1:
            raise NetworkError(
                f"{where}: {kind}.SCALAR_DENSE carries one number, but the port's shape is "
                f"{port.shape}; use {kind}.VEC_DENSE"
            )
        _check_port_dtype(declaration, where)
        _check_reads_only(declaration, where, may=base is PyRefPort)


def _check_reads_only(declaration: LavaPyType, where: str, *, may: bool) -> None:
    reads_only, every, offset = declaration.reads_only, declaration.every, declaration.offset
    why = ""
    if not isinstance(reads_only, bool):
        why = f"reads_only must be True or False, got {reads_only!r}"
    elif reads_only and not may:
        why = "reads_only is for RefPorts alone"
    elif isinstance(every, bool) or not isinstance(every, int) or every < 1:
        why = f"every must be a whole number >= 1, got {every!r}"
    elif isinstance(offset, bool) or not isinstance(offset, int):
        why = f"offset must be a whole number, got {offset!r}"
    elif every > 1 and not reads_only:
        why = "every is for RefPorts with reads_only=True alone"
    if why:
        raise NetworkError(f"{where}: LavaPyType.{why}")


def _check_port_dtype(declaration: LavaPyType, where: str) -> None:
    try:
        kind = np.dtype(declaration.d_type).kind
    except TypeError:
        kind = ""
    if kind not in ("b", "i", "u", "f", "c"):
        raise NetworkError(
            f"{where}: LavaPyType.d_type must be a numeric NumPy dtype, got {declaration.d_type!r}"
        )


def _reserved(model_cls: type) -> frozenset[str]:
    """Names that every model of this kind has, whatever it declares."""
    of_kind = (names for base, names in _OWN_NAMES.items() if issubclass(model_cls, base))
    return next(of_kind, frozenset())


def _check_surplus(process: AbstractProcess, model_cls: type, types: dict[str, LavaPyType]) -> None:
    kinds = ("vars", "in_ports", "out_ports", "ref_ports", "var_ports")
    members = {name for kind in kinds for name in getattr(process, kind).member_names}
    if taken := sorted(members & _reserved(model_cls)):
        raise NetworkError(
            f"{process.name}.{taken[0]}: the models of lava_actor use this name themselves; give "
            f"the Var or port another one"
        )
    for name in types:
        if name not in members:
            owner = getattr(process.__dict__.get(name), "process", None)
            other = "" if owner is None else f" of its own, but one of {owner.name}"
            raise NetworkError(
                f"{model_cls.__qualname__}.{name}: {process.name} "
                f"({type(process).__name__}) has no Var or port of that name{other}"
                f"{did_you_mean(name, members)}; it has {', '.join(sorted(members)) or 'none'}"
            )
