"""Members that models of both kinds of numbers have: annotated once, declared in a line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from lava_actor.proc._model import LavaPyType, PyInPort, PyOutPort

M = TypeVar("M", bound=type)

_KINDS = {
    "PyInPort": PyInPort.VEC_DENSE,
    "PyOutPort": PyOutPort.VEC_DENSE,
    "np.ndarray": np.ndarray,
}


def declares(d_type: object, names: str, precision: int | None = None) -> Callable[[M], M]:
    """Declare members of one type of number, which a base class has annotated.

    The same as ``name: kind = LavaPyType(kind, d_type, precision)`` for each of the names.
    """

    def decorate(cls: M) -> M:
        annotated: dict[str, str] = {}
        for base in reversed(cls.__mro__):
            annotated |= inspect.get_annotations(base)
        for name in names.split():
            setattr(cls, name, LavaPyType(_KINDS[annotated[name]], d_type, precision))
        return cls

    return decorate
