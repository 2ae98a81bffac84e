"""Large arrays that a Process was given as a parameter and as an initial value: kept once.

An actor gets one copy of both. Its model makes the Var from it, often in another dtype or order of
memory, and the parameter would keep the copy alive beside the Var. So the parameter becomes what
the Var is, unless the model's code can ask for it later and would find what the Var has become.
"""

from __future__ import annotations

from types import FunctionType

from lava_actor.channels.pipe import OUT_OF_BAND_BYTES
from lava_actor.model.model import AbstractProcessModel
from lava_actor.model.phases import nested
from lava_actor.process import matrices
from lava_actor.process.parameters import OfVar, ProcessParameters

_AT_THE_START = ("__init__", "on_start")


def large(params: ProcessParameters) -> dict[str, object]:
    """Return the parameters that are large arrays or sparse matrices."""
    return {k: v for k, v in params._parameters.items() if _size(v) >= OUT_OF_BAND_BYTES}


def share(model: object, params: ProcessParameters, inits: dict[str, object]) -> None:
    """Let large parameters that are initial values be the Vars of a model that has started."""
    shared = large(params)
    if shared and not _asks_later(type(model)):
        names = {id(init): name for name, init in inits.items()}
        for key, value in shared.items():
            if id(value) in names:
                params._parameters[key] = OfVar(model, names[id(value)])


def unshare(params: ProcessParameters, values: dict[str, object]) -> None:
    """Take `share` back, given what `large` returned, and small ones that are to be renewed."""
    held, small = params._parameters, {k for k, v in values.items() if _size(v) < OUT_OF_BAND_BYTES}
    held.update({k: v for k, v in values.items() if k in small or type(held.get(k)) is OfVar})


def _size(value: object) -> int:
    data = getattr(value, "data", None) if matrices.issparse(value) else value
    return int(getattr(data, "nbytes", 0))


def _asks_later(cls: type) -> bool:
    """Whether code of a model class names its parameters elsewhere than at the start."""
    bases = cls.__mro__[: cls.__mro__.index(AbstractProcessModel)]
    functions = [
        getattr(member, "fget", None) or getattr(member, "__func__", member)
        for base in bases
        for name, member in vars(base).items()
        if name not in _AT_THE_START
    ]
    codes = (c for f in functions if isinstance(f, FunctionType) for c in nested(f.__code__))
    return any("proc_params" in code.co_names for code in codes)
