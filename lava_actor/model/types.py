"""How a model declares the members of its Process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lava_actor.kernels.steps import settle_class
from lava_actor.process.hints import is_library
from lava_actor.process.values import plain_number
from lava_actor.protocol.rhythm import Rhythm

if TYPE_CHECKING:
    # A declaration stands for what its attribute is annotated as (``v: np.ndarray =
    # LavaPyType(...)``); a class that derives from Any may be assigned to any of them.
    _Declared = Any
else:
    _Declared = object


@dataclass
class LavaPyType(_Declared):  # type: ignore[misc]  # see above
    """Declares what a Var or port of the Process is inside of the model.

    A model class has one attribute of this type per member of its Process, under the same name;
    in the running model the attribute is the value (Var) or the port object.

    Parameters
    ----------
    cls : type
        For Vars ``np.ndarray``, ``int``, ``float``, ``bool``, ``str`` or
        ``scipy.sparse.csr_matrix``; for ports a port class such as ``PyInPort.VEC_DENSE``.
    d_type : type
        Element type; anything `numpy.dtype` accepts.
    precision : int, optional
        Number of bits the hardware would use. Kept as model attribute ``_<name>_p``, has no
        effect on the CPU.
    reads_only : bool
        For RefPorts: the model only reads through this port, and only in ``run_post_mgmt``;
        anything else is an error. Such a port costs no turns: the Var comes as a message.
    every : int
        For RefPorts that only read: the model reads in steps ``every``, ``2 * every`` and so on
        only; in another one that is an error. The Var comes in no other step.
    offset : int
        Moves these steps: to the steps t with ``(t - offset) mod every == 0``.
    """

    cls: type
    d_type: Any
    precision: int | None = None
    reads_only: bool = False
    every: int = 1
    offset: int = 0

    takes: ClassVar[tuple[type, ...]] = ()
    """Classes of initial values that the model makes its value of itself, in its actor."""

    @property
    def rhythm(self) -> Rhythm:
        """The steps in which a RefPort is read."""
        return Rhythm.of(self.every, self.offset)


settle_class(LavaPyType)


def first_value(model_cls: type, told: LavaPyType, init: object) -> object:
    """Return an initial value as a model takes it: where one of the library declares a number, one.

    The models of users find an array as it was given.
    """
    if told.cls in (int, float) and is_library(model_cls):
        return plain_number(np.asarray(init) if isinstance(init, list | tuple) else init)
    return init


def declared(model_cls: type) -> dict[str, LavaPyType]:
    """Return the members a model class declares: {name: LavaPyType}, by name.

    Inherited declarations count; one that a subclass replaces by something else does not.
    """
    visible: dict[str, object] = {}
    for base in reversed(model_cls.__mro__):
        visible.update(vars(base))
    return {name: value for name, value in sorted(visible.items()) if isinstance(value, LavaPyType)}
