"""Requests an actor answers between two steps: Var access, reset, state for save."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

from lava_actor.channels.pipe import Frame, Parcel, PipeEnded
from lava_actor.checkpoint import models
from lava_actor.errors import NetworkEnds
from lava_actor.protocol.frames import Receiver, Way
from lava_actor.runtime.reports.exceptions import failure_of, packed

if TYPE_CHECKING:
    from collections.abc import Callable

    from lava_actor.model.py.base import AbstractPyProcessModel
    from lava_actor.protocol.values import VarSlot
    from lava_actor.runtime.actor.actor import Actor


def _reply(actor: Actor, key: int, result: object) -> None:
    actor.pipe.send("reply", (result, actor.step), key=key, actor=actor.party.index)


def answer_at_desk(actor: Actor) -> None:
    """Answer what somebody asks us at the desk, if anybody does: there, or through the pipe."""
    desk = actor.desk
    said = None if desk is None else desk.asked(actor.party)
    if desk is None or said is None:
        return
    key, kind, payload = pickle.loads(said)
    there = b""

    def reply(_actor: Actor, _key: int, result: object) -> None:
        nonlocal there
        if getattr(result, "nbytes", 0) < desk.room:
            there = pickle.dumps((result, actor.step), protocol=5)
        if not 0 < len(there) <= desk.room:
            there = b""
            _reply(actor, key, result)

    answer(actor, Frame(kind, key, actor.party.index, Parcel(payload), []), reply)
    desk.answer(actor.runs, there)


def answer(
    actor: Actor, frame: Frame, reply: Callable[[Actor, int, object], None] = _reply
) -> None:
    """Carry out one request and reply under its key; errors travel back to the asker.

    What the user's code raises in between, and what its values raise when they are opened or
    pickled, concerns the asker alone: the actor goes on.
    """
    key = frame.key
    try:
        result = _receive(frame, actor)
        if result is not _NO_REPLY:
            reply(actor, key, result)
    except NetworkEnds:
        raise
    except PipeEnded as end:
        raise NetworkEnds(str(end)) from None
    except BaseException as error:  # noqa: BLE001  (the asker gets every cause)
        actor.leave_if_child(error)
        said = failure_of(error, actor.name, actor.model_name, frame.kind, actor.step)
        actor.send("error", said, key)
        actor.send("raised", packed(error), key)


def _slot(actor: Actor, name: str) -> VarSlot:
    return next(v for v in actor.spec.plan.vars if v.name == name).slot(actor.name)


def _get(actor: Actor, name: str, index: object) -> object:
    slot = _slot(actor, name)
    return slot.taken(slot.presented(getattr(actor.built.model, name)), index)


def _set(actor: Actor, name: str, value: object, index: object) -> None:
    model: AbstractPyProcessModel = actor.built.model
    _slot(actor, name).set_in(model, name, value, index)


def _run(actor: Actor, steps: int) -> object:
    actor.pending_run = steps
    actor.runs_told += 1
    return _NO_REPLY


def _leave(actor: Actor) -> object:
    actor.clean_up()
    actor.send("clean")
    return _NO_REPLY


def _taken(actor: Actor, amount: int) -> object:
    actor.on_taken(amount)
    return _NO_REPLY


_NO_REPLY = object()
_receive = Receiver(
    {
        "get": lambda frame, actor: _get(actor, *frame.take()),
        "set": lambda frame, actor: _set(actor, *frame.take()),
        "reset": lambda frame, actor: actor.rebuild(*frame.take()),
        "snapshot": lambda frame, actor: models.snapshot(actor, *frame.take()),
        "restore": lambda frame, actor: models.restore(actor, *frame.take()),
        "run": lambda frame, actor: _run(actor, frame.take()),
        "leave": lambda _frame, actor: _leave(actor),
        "taken": lambda frame, actor: _taken(actor, frame.take()),
    },
    Way.USER_TO_ACTOR,
    Way.SERVICE_TO_ACTOR,
)
