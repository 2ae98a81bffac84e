"""Vars: the named, tensor-valued state of a Process.

A Var is a handle. Its value lives in the ProcessModel while a network runs; before that it is
`init`.
"""

from __future__ import annotations

import weakref
from typing import Any, ClassVar

import numpy as np
import scipy.sparse

from lava_actor.errors import InvalidTypeError, InvalidValueError, NetworkError
from lava_actor.process.interfaces import AbstractProcessMember, IdGeneratorSingleton


class Var(AbstractProcessMember):
    """State of a Process.

    Parameters
    ----------
    shape : tuple of int
    init : number, str, array_like or scipy.sparse matrix
        Initial value; broadcast to ``shape`` at start-up.
    shareable : bool
        Whether RefPorts of other Processes may access the Var.
    name : str
        Overwritten when the Process registers the Var.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        init: Any = 0,
        shareable: bool = True,
        name: str = "Unnamed variable",
    ) -> None:
        super().__init__(shape)
        self.init = init
        self.shareable = shareable
        self.name = name
        self.id: int = VarServer().register(self)
        self.aliased_var: Var | None = None
        self.model: Any = None

    def alias(self, other_var: Var) -> None:
        """Forward `get` and `set` to a Var of a sub-process.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if shapes or shareability differ, or ``other_var`` is no Var.
        """
        if not isinstance(other_var, Var):
            raise NetworkError(f"{_where(self)}.alias: expected a Var, got {other_var!r}")
        if tuple(self.shape) != tuple(other_var.shape):
            raise NetworkError(
                f"{_where(self)} has shape {self.shape}, its alias {_where(other_var)} has "
                f"{other_var.shape}"
            )
        if self.shareable != other_var.shareable:
            raise NetworkError(
                f"{_where(self)} has shareable={self.shareable}, its alias {_where(other_var)} "
                f"has {other_var.shareable}"
            )
        self.aliased_var = other_var

    def validate_alias(self) -> None:
        """Check that the aliased Var belongs to a sub-process of this Var's Process."""
        if self.aliased_var is None:
            return
        if self.process is None or self.aliased_var.process is None:
            raise NetworkError(f"{_where(self)}: a Var and its alias must belong to Processes")
        if not self.aliased_var.process.is_sub_proc_of(self.process):
            raise NetworkError(
                f"{_where(self)} is aliased to {_where(self.aliased_var)}, which is not a Var of a "
                f"sub-process of {self.process.name}"
            )

    def get(self, idx: Any = None) -> Any:
        """The present value.

        Before the network exists this is ``init``, as it is. Of a paused network it is the model's
        value; of a running one, the value between two steps.

        Parameters
        ----------
        idx : NumPy index, optional
            ``get(idx)`` is ``get()[idx]``.

        Returns
        -------
        ndarray of the Var's shape and the model's dtype; str and sparse Vars come as such.

        Raises
        ------
        RuntimeStateError
            (a `RuntimeError`) if the network is not started yet, stopped, or failed.
        """
        if self.aliased_var is not None:
            return self.aliased_var.get(idx)
        runtime = self.process.runtime if self.process is not None else None
        if runtime is None:
            return self.init if idx is None else np.asarray(self.init)[idx]
        return runtime.get_var(self.id, idx)

    def set(self, value: Any, idx: Any = None) -> None:
        """Write the value; returns when the model has it.

        Parameters
        ----------
        value : array_like
            Broadcastable to the Var's shape (or to ``var[idx]``); a str or a sparse matrix for
            Vars of that kind.
        idx : NumPy index, optional
            ``set(value, idx)`` is ``var[idx] = value``.

        Raises
        ------
        InvalidValueError
            (a `ValueError`) if there is no network yet, or the value does not fit.
        RuntimeStateError
            (a `RuntimeError`) if the network is not started yet, stopped, or failed.
        """
        if self.aliased_var is not None:
            self.aliased_var.set(value, idx)
            return
        runtime = self.process.runtime if self.process is not None else None
        if runtime is None:
            raise InvalidValueError(
                f"{_where(self)}.set: there is no running network yet; assign .init instead"
            )
        runtime.set_var(self.id, checked_value(value, tuple(self.shape), idx, _where(self)), idx)

    def __repr__(self) -> str:
        """Name, shape, initial and present value."""
        try:
            now = self.get()
        except Exception as error:  # noqa: BLE001  (a repr must not fail)
            now = f"({error})"
        return (
            f"Variable: {self.name}\n    shape: {self.shape}\n    init: {self.init}\n"
            f"    shareable: {self.shareable}\n    value: {now}"
        )


def checked_value(value: Any, shape: tuple[int, ...], idx: Any, where: str) -> Any:
    """``value`` in the form it is sent to the model, checked against shape and index.

    Raises
    ------
    InvalidValueError
        If the value cannot be broadcast to the Var (or to the indexed part of it).
    """
    if isinstance(value, str) or scipy.sparse.issparse(value):
        return value
    try:
        found = np.asarray(value)
    except ValueError as error:
        raise InvalidValueError(f"{where}.set: expected an array of shape {shape}") from error
    if found.dtype.kind not in "biufc":
        raise InvalidTypeError(
            f"{where}.set: expected numbers, got {type(value).__name__} with dtype {found.dtype}"
        )
    target = shape
    if idx is not None:
        target = np.broadcast_to(np.zeros((), bool), shape)[idx].shape
    try:
        np.broadcast_to(found, target)
    except ValueError:
        raise InvalidValueError(
            f"{where}.set: expected shape {target} (or something that broadcasts to it), got "
            f"{found.shape}"
        ) from None
    return found


def _where(var: Var) -> str:
    owner = var.process.name if var.process is not None else "(no process)"
    return f"{owner}.{var.name}"


class VarServer(IdGeneratorSingleton):
    """Gives every Var its id; holds Vars weakly."""

    instance: ClassVar[VarServer | None] = None
    is_not_initialized: ClassVar[bool] = True

    def __new__(cls) -> VarServer:
        """Return the one instance."""
        if cls.instance is None:
            cls.instance = object.__new__(cls)
        return cls.instance

    def __init__(self) -> None:
        if VarServer.is_not_initialized:
            super().__init__()
            self._vars: weakref.WeakValueDictionary[int, Var] = weakref.WeakValueDictionary()
            VarServer.is_not_initialized = False

    @property
    def vars(self) -> list[Var]:
        """All living Vars in creation order."""
        return [var for _, var in sorted(self._vars.items())]

    @property
    def num_vars(self) -> int:
        """Number of living Vars."""
        return len(self._vars)

    def register(self, var: Var) -> int:
        """Give ``var`` an id."""
        if not isinstance(var, Var):
            raise NetworkError(f"VarServer.register: expected a Var, got {var!r}")
        found = self.get_next_id()
        self._vars[found] = var
        return found

    def reset_server(self) -> None:
        """Forget everything and start at 0 again."""
        self._vars.clear()
        self._next_id = 0
        self.reset_singleton()
