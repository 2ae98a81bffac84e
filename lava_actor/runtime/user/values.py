"""The Vars of a started network by id, whole, wherever their parts live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lava_actor.errors import MissingMemberError
from lava_actor.model.doubts import doubt_transposed, doubt_value
from lava_actor.process.interfaces import where
from lava_actor.process.variable import VarServer
from lava_actor.protocol.rows import joined
from lava_actor.protocol.values import VarSlot

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from lava_actor.compiler.executable import ActorPlan, Executable, VarPlan


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
        self,
        exe: Executable,
        ask: Callable[[str, tuple[object, ...], int, str], Any],
        between_steps: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self._ask, self._between_steps = ask, between_steps
        self._holders: dict[int, list[tuple[ActorPlan, VarPlan]]] = {}
        for actor in exe.actors:
            for var in actor.vars:
                self._holders.setdefault(var.var.id, []).append((actor, var))

    def get(self, var_id: int, idx: object = None) -> tuple[Any, int]:
        """The value of a Var, and the step after which it was taken."""
        (actor, var), *others = self._find(var_id)
        if not others or var.rows is None:
            result: tuple[object, int] = self._ask("get", (var.name, idx), actor.party, actor.name)
            return result
        slot = self._slot(var_id)
        with self._between_steps(f"{slot.where}.get"):
            value, step = self._joined(var_id, slot)
        return slot.taken(value, idx), step

    def _joined(self, var_id: int, slot: VarSlot) -> tuple[object, int]:
        """The value of a Var of which all parts, which rest, have some."""
        answers = [self._ask("get", (v.name, None), a.party, a.name) for a, v in self._find(var_id)]
        return joined([value for value, _ in answers], slot.shape), answers[0][1]

    def set(self, var_id: int, value: object, idx: object = None) -> None:
        """Write a Var; returns when all that hold it have it."""
        holders, slot = self._find(var_id), self._slot(var_id)
        value = slot.checked(value, idx)
        actor, var = holders[0]
        doubt_value(slot.where, var.name, var.declared, value, actor.process, actor.model_class)
        if idx is None:
            doubt_transposed(slot.where, slot.shape, value)
        if len(holders) == 1:
            self._ask("set", (var.name, value, idx), actor.party, actor.name)
            return
        with self._between_steps(f"{slot.where}.set"):
            if var.rows is not None:
                value, idx = slot.assigned(self._joined(var_id, slot)[0], value, idx), None
            refused = []
            for part, plan in holders:
                own = value if plan.rows is None else plan.rows.of(value, slot.shape, slot.where)
                try:
                    self._ask("set", (plan.name, own, idx), part.party, part.name)
                except Exception as error:  # noqa: BLE001  (of the model, which has the value)
                    refused.append(error)
        if refused:
            raise refused[0]

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
