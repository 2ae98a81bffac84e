"""Members that models of both kinds of numbers have: annotated once, declared in a line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.types import LavaPyType

M = TypeVar("M", bound=type)

UNDECLARED: Any = None
"""Stands in a base class for a member that derived classes declare."""

_KINDS = {
    "PyInPort": PyInPort.VEC_DENSE,
    "PyOutPort": PyOutPort.VEC_DENSE,
    "np.ndarray": np.ndarray,
}


def declares(
    d_type: object, names: str, precision: int | None = None, kind: object = None
) -> Callable[[M], M]:
    """Declare members of one type of number.

    The same as ``name: kind = LavaPyType(kind, d_type, precision)`` for each of the names; the kind
    is what a base class has annotated, unless it is given.
    """

    def decorate(cls: M) -> M:
        annotated: dict[str, str] = {}
        for base in reversed(cls.__mro__):
            annotated |= inspect.get_annotations(base)
        for name in names.split():
            setattr(cls, name, LavaPyType(kind or _KINDS[annotated[name]], d_type, precision))
        return cls

    return decorate
