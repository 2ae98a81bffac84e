"""Requests an actor answers between two steps: Var access, reset, state for save."""

from __future__ import annotations

import contextlib
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.process import matrices
from lava_actor.runtime.tracebacks import remote_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from lava_actor.channels.pipe import Frame
    from lava_actor.runtime.actor import Actor


def answer(actor: Actor, frame: Frame) -> None:
    """Carry out one request and reply under its key; errors travel back to the asker."""
    handlers: dict[str, Callable[[Actor, Any], Any]] = {
        "get": _get,
        "set": _set,
        "reset": _reset,
        "snapshot": _snapshot,
        "restore": _restore,
    }
    if frame.kind == "run":
        frame.close()
        actor.pending_run = frame.key
        return
    try:
        payload = frame.take()
        result = handlers[frame.kind](actor, payload)
        actor.pipe.send("reply", (result, actor.step), key=frame.key, actor=actor.party.index)
    except (OSError, EOFError):
        raise
    except Exception as error:  # noqa: BLE001  (the asker gets every cause; the actor goes on)
        text = remote_text(error)
        bare: Exception | None = error.with_traceback(None)
        with contextlib.suppress(Exception):
            pickle.loads(pickle.dumps(bare))
            actor.pipe.send("error", (bare, text), key=frame.key, actor=actor.party.index)
            return
        actor.pipe.send(
            "error", (None, text), key=frame.key, actor=actor.party.index
        )


def _get(actor: Actor, payload: tuple[str, Any]) -> Any:
    name, index = payload
    value = getattr(actor.built.model, name)
    plan = next(v for v in actor.spec.plan.vars if v.name == name)
    value = present(value, plan.shape, f"{actor.name}.{name}")
    return value if index is None else value[index]


def present(value: Any, shape: tuple[int, ...], where: str) -> Any:
    """What `Var.get` returns for a model's value: native dtype, the Var's shape.

    Scalars fill the shape; strings and sparse matrices come as they are.
    """
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, str) or matrices.issparse(value):
        return value
    if isinstance(value, (bool, int, float, complex, np.generic)):
        return np.full(shape, value)
    if isinstance(value, (list, tuple)):
        found = np.asarray(value)
        if found.dtype != object:
            return found
    raise InvalidTypeError(
        f"{where}: the model holds a {type(value).__name__}, which is neither array, number, "
        f"string nor sparse matrix"
    )


def _set(actor: Actor, payload: tuple[str, Any, Any]) -> None:
    name, value, index = payload
    model: Any = actor.built.model
    plan = next(v for v in actor.spec.plan.vars if v.name == name)
    where = f"{actor.name}.{name}"
    held = getattr(model, name)
    setattr(model, name, assigned(held, value, index, plan, where))
    model.on_var_update()


def assigned(held: Any, value: Any, index: Any, plan: Any, where: str) -> Any:
    """The model's new value after ``var.set(value, index)``; the kind of the old one is kept."""
    if isinstance(held, str) or isinstance(value, str):
        return value
    if matrices.issparse(held):
        return _sparse(held, value, index, where)
    if isinstance(held, np.ndarray):
        new = held if held.flags.writeable else held.copy()
        new = np.array(new, copy=True, order="K")
        source = np.asarray(value)
        if source.dtype.kind in "fc" and new.dtype.kind in "biu":
            if not np.isfinite(source).all():
                raise InvalidValueError(f"{where}: expected finite numbers, got NaN or infinity")
            if source.dtype.kind == "c":
                raise InvalidTypeError(f"{where}: expected real numbers, got complex ones")
        with np.errstate(invalid="ignore"):
            new[... if index is None else index] = source.astype(new.dtype, copy=False)
        return new
    if isinstance(held, (bool, int, float, np.generic)):
        found = np.full(plan.shape, held)
        found[... if index is None else index] = np.asarray(value).astype(found.dtype)
        if found.size and (found == found.reshape(-1)[0]).all():
            first = found.reshape(-1)[0]
            return type(held)(first.item() if not isinstance(held, np.generic) else first)
        return found
    return value


def _sparse(held: Any, value: Any, index: Any, where: str) -> Any:
    if index is not None:
        new = held.tolil()
        new[index] = value
        return type(held)(new).astype(held.dtype)
    if not matrices.issparse(value):
        raise InvalidTypeError(
            f"{where}: expected a scipy sparse matrix, got {type(value).__name__}"
        )
    given, own = value.tocsr(copy=True), held.tocsr()
    given.sort_indices()
    own.sort_indices()
    if (
        given.shape != own.shape
        or not np.array_equal(given.indptr, own.indptr)
        or not np.array_equal(given.indices, own.indices)
    ):
        raise InvalidValueError(
            f"{where}: expected the sparsity pattern of the initial value (shape {own.shape}, "
            f"{own.nnz} stored entries), got shape {given.shape} with {given.nnz} entries"
        )
    return type(held)(given.astype(held.dtype))


def _reset(actor: Actor, inits: dict[str, Any]) -> None:
    actor.rebuild(inits)


def _snapshot(actor: Actor, payload: tuple[list[str], bool]) -> Any:
    from lava_actor.runtime.checkpoint import models  # only where something is saved

    homes, trusted = payload
    return models.snapshot(actor, homes, trusted)


def _restore(actor: Actor, payload: tuple[Any, list[str], bool]) -> None:
    from lava_actor.runtime.checkpoint import models

    document, homes, trusted = payload
    models.restore(actor, document, homes, trusted)
