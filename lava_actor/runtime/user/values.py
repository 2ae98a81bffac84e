"""The Vars of a started network by id, whole, wherever their parts live."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.errors import MissingMemberError
from lava_actor.model.doubts import doubt_transposed, doubt_value
from lava_actor.process.interfaces import where
from lava_actor.process.values import part_shape
from lava_actor.process.variable import VarServer
from lava_actor.protocol.rows import Piece, joined, pieces
from lava_actor.protocol.values import VarSlot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from lava_actor.compiler.executable import ActorPlan, Executable, VarPlan

    Share = tuple[ActorPlan, VarPlan, object]
    """An actor, what it has of a Var, and an index into that."""


class Values:
    """Reads and writes Vars: of one actor, or of all parts of a Process between two steps.

    Parameters
    ----------
    exe : Executable
    ask : callable (kind, payload, party, name) -> answer
        Asks one actor.
    between_steps : callable (what) -> context manager
        Inside, all actors rest after the same step.
    """

    def __init__(
        self, exe: Executable, ask: Callable[[str, tuple[object, ...], int, str], Any],
        between_steps: Callable[[str], AbstractContextManager[None]],
    ) -> None:  # fmt: skip
        self._ask, self._between_steps = ask, between_steps
        self._holders: dict[int, list[tuple[ActorPlan, VarPlan]]] = {}
        for actor in exe.actors:
            for var in actor.vars:
                self._holders.setdefault(var.var.id, []).append((actor, var))

    def get(self, var_id: int, idx: object = None) -> tuple[Any, int]:
        """The value of a Var, and the step after which it was taken."""
        (actor, var), *others = self._find(var_id)
        if not others or var.rows is None:
            return self._get((actor, var, idx))
        slot = self._slot(var_id)
        found = self._pieces(var_id, slot, idx)
        with self._rest_of(found, f"{slot.where}.get"):
            answers = [self._get(share) for share in self._shares(var_id, found)]
        values, step = [value for value, _ in answers], answers[0][1]
        if found is None:
            return slot.taken(joined(values, slot.shape), idx), step
        return _put_together(values, found, slot, idx), step

    def _get(self, share: Share) -> tuple[object, int]:
        actor, var, idx = share
        answer: tuple[object, int] = self._ask("get", (var.name, idx), actor.party, actor.name)
        return answer

    def _set(self, share: Share, value: object) -> None:
        actor, var, idx = share
        self._ask("set", (var.name, value, idx), actor.party, actor.name)

    def _pieces(self, var_id: int, slot: VarSlot, idx: object) -> list[Piece] | None:
        """What parts have of what an index selects; None if all of them have to be asked."""
        holders = self._find(var_id)
        rows = [var.rows for _, var in holders if var.rows is not None]
        if idx is None or not rows or slot.is_sparse:
            return None
        part_shape(slot.shape, idx, slot.where)
        return pieces(idx, slot.shape, rows)

    def _shares(self, var_id: int, found: list[Piece] | None, idx: object = None) -> list[Share]:
        """What to ask of whom: pieces, or ``idx`` of all parts."""
        holders = self._find(var_id)
        if found is None:
            return [(*holder, idx) for holder in holders]
        return [(*holders[piece.part], piece.index) for piece in found]

    def _rest_of(self, found: list[Piece] | None, what: str) -> AbstractContextManager[None]:
        """Inside, the parts that have the pieces rest after the same step; one alone need not."""
        alone = found is not None and len(found) == 1
        return nullcontext() if alone else self._between_steps(what)

    def set(self, var_id: int, value: object, idx: object = None) -> None:
        """Write a Var; returns when all that hold it have it."""
        holders, slot = self._find(var_id), self._slot(var_id)
        value = slot.checked(value, idx)
        actor, var = holders[0]
        doubt_value(slot.where, var.name, var.declared, value, actor.process, actor.model_class)
        if idx is None:
            doubt_transposed(slot.where, slot.shape, value)
        if len(holders) == 1:
            self._set((actor, var, idx), value)
            return
        found = self._pieces(var_id, slot, idx)
        shares = self._shares(var_id, found, idx if var.rows is None else None)
        with self._rest_of(found, f"{slot.where}.set"):
            before = [self._get(share)[0] for share in shares]
            if found is not None:
                held = np.asarray(_put_together(before, found, slot, idx))
                new = replace(slot, shape=held.shape).assigned(held, value)
                own = [new[piece.places] for piece in found]
            elif var.rows is not None:
                value = slot.assigned(joined(before, slot.shape), value, idx)
                own = [p.rows.of(value, slot.shape, slot.where) for _, p in holders if p.rows]
            else:
                own = [value] * len(shares)
            self._set_all(shares, own, before)

    def _set_all(
        self, shares: list[Share], values: Sequence[object], before: Sequence[object]
    ) -> None:
        """Write all shares; if one is refused, or an interrupt comes, all get back what was."""
        for k, (share, value) in enumerate(zip(shares, values, strict=True)):
            try:
                self._set(share, value)
            except BaseException:
                for written, old in zip(shares[: k + 1], before[: k + 1], strict=True):
                    with suppress(Exception):  # the first error says what is wrong
                        self._set(written, old)
                raise

    def _slot(self, var_id: int) -> VarSlot:
        """The law for the values of a Var, whole."""
        actor, var = self._find(var_id)[0]
        return VarSlot(var.declared, tuple(var.var.shape), f"{actor.process.name}.{var.name}")

    def _find(self, var_id: int) -> list[tuple[ActorPlan, VarPlan]]:
        """Who holds a Var: one actor, or all parts of a Process."""
        if var_id not in self._holders:
            var = next((var for var in VarServer().vars if var.id == var_id), None)
            raise MissingMemberError(
                f"{f'the Var with id {var_id}' if var is None else where(var)}: no model of this "
                f"network holds it; a sub-process model says which Var of its inside is meant: "
                f"proc.vars.{getattr(var, 'name', 'v')}.alias(…)"
            )
        return self._holders[var_id]


def _put_together(
    values: Sequence[object], found: list[Piece], slot: VarSlot, idx: object
) -> object:
    """What an index selects, out of the pieces that parts have of it."""
    if len(values) == 1:
        return values[0]
    shape = part_shape(slot.shape, idx, slot.where)
    arrays = [np.asarray(value) for value in values]
    whole = np.empty(shape, np.result_type(*arrays))
    for piece, value in zip(found, arrays, strict=True):
        whole[piece.places] = value
    return whole
