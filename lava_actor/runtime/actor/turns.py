"""Taking turns: when an actor may enter its management phases, and when it serves others.

Every member of a RefPort group publishes a *stage clock* in the arena: ``4 t + s`` says that stage
``s`` of step ``t`` is behind it (1 spiking, 2 pre-management, 3 learning, 4 post-management).

Invariants, for every step t and member m of a group:

1. m runs its pre-management only when all members are past spiking of t, and those before m in
   the order are past pre-management of t; the same for post-management after learning.
2. m starts learning of t only when its clients are past pre-management of t, and starts step
   t + 1 only when its clients are past post-management of t.
3. While m waits for 1 or 2 it serves its clients; when it stops waiting it has served every
   request of the clients it waited for (a client publishes its stage after its last request).

So at any moment at most one member is inside a management phase and everybody it may ask is
waiting, hence serving: no deadlock, and an order that does not depend on timing.

Sync points: a stage is published with release semantics after the requests were put into their
rings; a member that reads the stage with acquire semantics finds those requests.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lava_actor.protocol import words
from lava_actor.protocol.step import END, LRN, POST_MGMT, PRE_MGMT, SPK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lava_actor.channels import Arena, Party
    from lava_actor.compiler.executable import TurnPlan
    from lava_actor.runtime.actor.remote import VarServer

SPIKED, PRE_DONE, LEARNED, ALL_DONE = 1, 2, 3, 4
BEHIND = {SPK: SPIKED, PRE_MGMT: PRE_DONE, LRN: LEARNED, POST_MGMT: ALL_DONE, END: ALL_DONE}


class Turns:
    """One member's view of its group."""

    def __init__(
        self, plan: TurnPlan, party: Party, arena: Arena, servers: Sequence[VarServer]
    ) -> None:
        me = party.index
        self._party = party
        self._servers = servers
        self._others = [arena.party(m) for m in plan.members if m != me]
        position = plan.order.index(me)
        self._before = [arena.party(m) for m in plan.order[:position]]
        self._clients = [arena.party(m) for m in plan.clients.get(me, ()) if m != me]
        self._uses_pre = plan.uses_pre
        self._uses_post = plan.uses_post

    def before(self, step: int, phase: int) -> None:
        """A phase has come, whether or not we take part: what is behind us, and who goes first."""
        if phase == LRN:
            self._publish(step, PRE_DONE)
            if self._uses_pre:
                self._await(self._clients, 4 * step + PRE_DONE)
        elif phase == POST_MGMT:
            self._publish(step, LEARNED)

    def begin(self, step: int, phase: int) -> None:
        """Wait until it is our turn to do a phase."""
        if phase == PRE_MGMT:
            self._await(self._others, 4 * step + SPIKED)
            self._await(self._before, 4 * step + PRE_DONE)
        elif phase == POST_MGMT:
            self._await(self._others, 4 * step + LEARNED)
            self._await(self._before, 4 * step + ALL_DONE)

    def after(self, step: int, phase: int) -> None:
        """A phase is behind us; wait until nobody will touch our Vars in it any more."""
        self._publish(step, BEHIND[phase])
        if phase == PRE_MGMT and self._uses_pre:
            self._await(self._clients, 4 * step + PRE_DONE)
        elif phase in (POST_MGMT, END) and (self._uses_post or self._uses_pre):
            self._await(self._clients, 4 * step + ALL_DONE)

    def _publish(self, step: int, stage: int) -> None:
        """Tell the group that ``stage`` of ``step`` is behind us."""
        if self._party.turn < 4 * step + stage:
            self._party.turn = 4 * step + stage
            for other in self._others:
                other.bell()

    def _await(self, parties: Sequence[Party], stage: int) -> None:
        self._party.state = words.TURN
        for other in parties:
            self._party.wait(
                partial(_past, other, stage),
                serve=self._servers,
                record=("turn", other.index, stage),
            )
        self._party.state = words.STEPPING


def _past(party: Party, stage: int) -> bool:
    return party.turn >= stage
