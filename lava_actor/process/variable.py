"""Vars: the named, tensor-valued state of a Process.

A Var is a handle. Its value lives in the ProcessModel while a network runs; before that it is
`init`.
"""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from lava_actor.channels.interrupts import let_through
from lava_actor.errors import InvalidTypeError, InvalidValueError, NetworkError
from lava_actor.process import matrices
from lava_actor.process.arraylike import ArrayLike
from lava_actor.process.hints import briefly, warn
from lava_actor.process.interfaces import AbstractProcessMember, WeakRegistry, where
from lava_actor.process.tables import member_table, short
from lava_actor.process.values import initial_part

__all__ = ["Var", "VarServer"]


class Var(ArrayLike, AbstractProcessMember):
    """State of a Process.

    Parameters
    ----------
    shape : tuple of int, or int
    init : number, str, array_like or scipy.sparse matrix
        Initial value; broadcast to ``shape`` at start-up. May be reassigned until the network is
        compiled.
    shareable : bool
        Whether RefPorts of other Processes may access the Var.
    name : str
        Overwritten when the Process registers the Var.

    Attributes
    ----------
    id : int
        Unique, in order of creation.
    aliased_var : Var or None
        Set by `alias`.
    model : object
        Without meaning for models that run on a CPU.

    Notes
    -----
    Where the value can be read, a Var is array-like: ``np.asarray(var)``, ``var[0]``, ``var + 1``
    and plots see what `get` returns. ``var[0] = 1`` is ``var.set(1, 0)``.
    """

    starts: ClassVar[int] = 0
    """How many networks were started; each start adds one."""

    def __init__(
        self, shape: tuple[int, ...] | int, init: object = 0, shareable: bool = True,
        name: str = "Unnamed variable",
    ) -> None:  # fmt: skip
        super().__init__(shape)
        if not isinstance(shareable, (bool, np.bool_)):
            raise InvalidTypeError(
                f"Var(shape, init, shareable): expected True or False, got {shareable!r}; a shape "
                f"of several sides is a tuple"
            )
        self._init = init
        self.shareable = shareable
        self.name = name
        self.aliased_var: Var | None = None
        self.model: object = None
        self.id: int = VarServer().register(self)
        self._born = Var.starts

    @property
    def init(self) -> Any:
        """Initial value; one assigned while a network lives counts from its next reset or start."""
        return self._init

    @init.setter
    def init(self, value: object) -> None:
        runtime = None if self.process is None else self.process.runtime
        if runtime is not None and not runtime.is_over:
            runtime.late.append(where(self))
        self._init = value

    # -- aliases ----------------------------------------------------------------------------

    def alias(self, other_var: Var) -> None:
        """Forward `get` and `set` to a Var of a sub-process.

        Whether the Processes are related is checked at compile time (`validate_alias`).

        Raises
        ------
        NetworkError
            (an `AssertionError`) if ``other_var`` is no Var, or its shape or shareability differs.
        """
        if not isinstance(other_var, Var):
            raise NetworkError(f"{where(self)}.alias: expected a Var, got {other_var!r}")
        for what in ("shape", "shareable"):
            mine, its = getattr(self, what), getattr(other_var, what)
            if mine != its:
                raise NetworkError(
                    f"{where(self)}.alias: expected a Var with {what}={mine}, got "
                    f"{where(other_var)} with {what}={its}"
                )
        self.aliased_var = other_var

    def validate_alias(self) -> None:
        """Check that the aliased Var, if any, belongs to a sub-process of this Var's Process.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if it does not.
        """
        if self.aliased_var is None:
            return
        mine, its = self.process, self.aliased_var.process
        if mine is None or its is None or not its.is_sub_proc_of(mine):
            raise NetworkError(
                f"{where(self)} is aliased to {where(self.aliased_var)}: expected a Var of a "
                f"sub-process of {mine.name if mine is not None else 'its Process'}"
            )

    def _target(self) -> Var:
        """The Var at the end of the chain of aliases."""
        var, seen = self, {id(self)}
        while var.aliased_var is not None:
            var = var.aliased_var
            if id(var) in seen:
                raise NetworkError(f"{where(self)}: its aliases lead back to {where(var)}")
            seen.add(id(var))
        return var

    # -- the value --------------------------------------------------------------------------

    @briefly
    def get(self, idx: object = None) -> Any:
        """Return the present value.

        Before the network exists this is ``init``, as it is. Of a paused network it is the model's
        value; of a running one, the value between two steps. Of an aliased Var it is the value of
        the Var behind the alias.

        Parameters
        ----------
        idx : NumPy index, optional
            ``get(idx)`` is ``get()[idx]``; a scalar ``init`` counts as filling the shape.

        Returns
        -------
        ndarray
            Of the Var's shape and the model's dtype; str and sparse Vars come as such.

        Raises
        ------
        RuntimeStateError
            (a `RuntimeError`) if the network is not started yet, stopped, or failed.
        InvalidIndexError
            (an `IndexError`) if ``idx`` does not fit the shape.
        """
        var = self._target()
        runtime = None if var.process is None else var.process.runtime
        if runtime is not None:
            return runtime.get_var(var.id, idx)
        if var._born < Var.starts and not getattr(var.process, "is_compiled", True):
            warn(
                f"{where(var)}.get: this is the initial value; {var.process.name} belongs to no "
                f"network that was started. Is a connection missing?"
            )
        return var.init if idx is None else initial_part(var.init, var.shape, idx, where(var))

    @briefly
    def set(self, value: object, idx: object = None) -> None:
        """Write the value; returns when the model has it and its ``on_var_update`` has run.

        Parameters
        ----------
        value : array_like
            Of the Var's shape (or that of ``var[idx]``), of as many elements, which fill it in C
            order, or broadcastable to it; cast to the model's dtype. A str for string Vars. For
            sparse Vars: a sparse matrix with the pattern of ``init``, or an array that is zero
            elsewhere.
        idx : NumPy index, optional
            ``set(value, idx)`` is ``var[idx] = value``.

        Raises
        ------
        InvalidValueError
            (a `ValueError`) if there is no network yet, or the value does not fit.
        InvalidTypeError
            (a `TypeError`) if the value is of another kind than the Var.
        InvalidIndexError
            (an `IndexError`) if ``idx`` does not fit the shape.
        RuntimeStateError
            (a `RuntimeError`) if the network is not started yet, stopped, or failed.
        """
        var = self._target()
        runtime = None if var.process is None else var.process.runtime
        if runtime is None:
            raise InvalidValueError(
                f"{where(var)}.set: expected a network that has been started; before that, assign "
                f"to .init"
            )
        runtime.set_var(var.id, value, idx)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        """Return the present value, filling the shape.

        Raises
        ------
        InvalidTypeError
            (a `TypeError`) for string and sparse Vars, and what `get` raises.
        """
        value = self.get()
        if isinstance(value, str) or matrices.issparse(value):
            raise InvalidTypeError(
                f"{where(self)}: a {type(value).__name__} is no array; use {where(self)}.get()"
            )
        array = np.asarray(value, dtype)
        return array if array.ndim else np.broadcast_to(array, self.shape).copy()

    def _instead_of_assignment(self) -> str:
        name = self.name
        return f"; write {name}.init = … before the start, {name}.set(…) after it"

    def __repr__(self) -> str:
        """Name, shape, initial and present value."""
        return (
            f"Variable: {self.name}\n    shape: {self.shape}\n    init: {short(self.init)}\n"
            f"    shareable: {self.shareable}\n    value: {self._now()}"
        )

    def _now(self) -> str:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return short(self.get())
        except Exception as error:  # noqa: BLE001  (a repr must not fail)
            let_through(error)
            return f"unknown: {error}"

    def _repr_html_(self) -> str:
        return member_table(self, self._now())

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore and register again; the id stays if it is free."""
        self.__dict__.update(state)
        self.id = VarServer().restore(self, state["id"])
        self._born = Var.starts


class VarServer(WeakRegistry[Var]):
    """Gives every Var its id; holds Vars weakly."""

    _kind = Var

    @property
    def vars(self) -> list[Var]:
        """All living Vars in order of creation."""
        return self._in_order()

    @property
    def num_vars(self) -> int:
        """Number of living Vars."""
        return len(self._living)
