"""Members of models of the library, declared in a line.

In the body of a class members stand with their type of number, as many as have one: ``u = v =
holds(np.int32, 24)``. What a base of models in both kinds of numbers has stands there without it
(``u = v = holds()``), and `declares` says it in the classes derived from that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from lava_actor.model.ports import PyInPort, PyOutPort, PyRefPort
from lava_actor.model.ports.ref_port import PyRefPortVectorDense
from lava_actor.model.types import LavaPyType

M = TypeVar("M", bound=type)


@dataclass(frozen=True)
class _Undeclared:
    """Stands in a base class for a member of this kind."""

    cls: object


def _member(
    cls: type, d_type: object, precision: int | None = None, reads_only: bool = False
) -> Any:
    return _Undeclared(cls) if d_type is None else LavaPyType(cls, d_type, precision, reads_only)


def receives(d_type: object = None, precision: int | None = None) -> PyInPort:
    """Declare InPorts: the same as ``LavaPyType(PyInPort.VEC_DENSE, d_type, precision)``."""
    return _member(PyInPort.VEC_DENSE, d_type, precision)


def sends(d_type: object = None, precision: int | None = None) -> PyOutPort:
    """Declare OutPorts: the same as ``LavaPyType(PyOutPort.VEC_DENSE, d_type, precision)``."""
    return _member(PyOutPort.VEC_DENSE, d_type, precision)


def refers(d_type: object = None, reads_only: bool = False) -> PyRefPortVectorDense:
    """Declare RefPorts: ``LavaPyType(PyRefPort.VEC_DENSE, d_type, reads_only=reads_only)``."""
    return _member(PyRefPort.VEC_DENSE, d_type, reads_only=reads_only)


def holds(d_type: object = None, precision: int | None = None) -> np.ndarray:
    """Declare Vars that are arrays: the same as ``LavaPyType(np.ndarray, d_type, precision)``."""
    return _member(np.ndarray, d_type, precision)


def declares(d_type: object, names: str, precision: int | None = None) -> Callable[[M], M]:
    """Declare members of one type of number, of the kinds that a base class says."""

    def decorate(cls: M) -> M:
        for name in names.split():
            setattr(cls, name, LavaPyType(getattr(cls, name).cls, d_type, precision))
        return cls

    return decorate
