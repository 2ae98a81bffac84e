"""Requests an actor answers between two steps: Var access, reset, state for save."""

from __future__ import annotations

import contextlib
import pickle
from typing import TYPE_CHECKING, Any

from lava_actor.runtime.tracebacks import remote_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from lava_actor.channels.pipe import Frame
    from lava_actor.protocol.values import VarSlot
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


def _slot(actor: Actor, name: str) -> VarSlot:
    return next(v for v in actor.spec.plan.vars if v.name == name).slot(actor.name)


def _get(actor: Actor, payload: tuple[str, Any]) -> Any:
    name, index = payload
    value = _slot(actor, name).presented(getattr(actor.built.model, name))
    return value if index is None else value[index]


def _set(actor: Actor, payload: tuple[str, Any, Any]) -> None:
    name, value, index = payload
    model: Any = actor.built.model
    setattr(model, name, _slot(actor, name).assigned(getattr(model, name), value, index))
    model.on_var_update()


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
