"""A rank that serves: it starts the services of its actors, and carries for them.

What an order brings: the plans of the services with their actors' parcels, the memory file of large
values, where each party lives. The first rank of a machine makes the arena, and carries messages to
other machines; the others are told where it is. From then on the services are heard and told as on
one machine; the courier carries. When the user's interpreter lets go of the network, what has not
ended is killed.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from lava_actor.channels import Arena, choose_policy
from lava_actor.channels.pipe import Frame, Pipe, memory_file
from lava_actor.errors import Failure
from lava_actor.mpi.crossing import Crossings
from lava_actor.mpi.tunnel import Tunnel
from lava_actor.runtime.reports.exceptions import failure_of
from lava_actor.runtime.start.processes import start_thread
from lava_actor.runtime.user.services import Attendance
from lava_actor.runtime.user.status import read_status
from lava_actor.runtime.user.supervision import begin_after

if TYPE_CHECKING:
    from lava_actor.mpi.courier import Courier, Item
    from lava_actor.runtime.start.plan import ServicePlan

#: Seconds between two looks whether a service is still there.
LOOK_SECONDS = 0.2


class Host:
    """The part of one network that lives on this rank; see `courier.Client`."""

    def __init__(self, courier: Courier, network: int, item: Item) -> None:
        _, plans, numbers, self._content, self._leads, self._mates, self._modules, self._step = item
        self._courier = courier
        self._network = network
        self._plans: list[ServicePlan] = [self._at_home(plan, plans) for plan in plans]
        self._arena: Arena | None = None
        self._crossings: Crossings | None = None
        self._services = Attendance(len(plans))
        self._tunnels: dict[int, Tunnel] = {}
        self._starting = set(numbers)  # services that have not said how their start went
        self._ended: set[int] = set()
        self._next_look = 0.0
        self._wake_up = -1
        self._theirs: list[Pipe] = []
        for number in numbers:
            mine, its = Pipe.pair()
            self._theirs.append(its)
            self._tunnels[number] = Tunnel(number, mine, 0)
        if self._mates[0] == courier.rank:
            self._begin(None)

    def _begin(self, process: int | None, descriptor: int = -1) -> None:
        """Start, in an arena of a process, or in a new one for all who share it."""
        plan = self._plans[0].arena
        try:
            if process is None:
                self._arena = Arena.create(plan, self._courier.machine.shared_cores)
                leads, here = self._leads, self._courier.rank
                self._crossings = Crossings(self._arena, leads, here, self._send)
            else:
                file = os.open(f"/proc/{process}/fd/{descriptor}", os.O_RDWR | os.O_CLOEXEC)
                try:
                    self._arena = Arena.attach(file, plan)
                finally:
                    os.close(file)
            begin_after(self._arena, self._step)
            if process is None:
                for mate in self._mates[1:]:
                    self._send(mate, ("arena", os.getpid(), self._arena.fd))
            self._launch()
        except Exception as error:  # noqa: BLE001  (the user is told)
            self._fail(failure_of(error, f"rank {self._courier.rank}"))
        finally:
            for pipe in self._theirs:
                pipe.close()

    def _at_home(self, plan: ServicePlan, plans: list[ServicePlan]) -> ServicePlan:
        """With the cores of this rank: it was made where others are."""
        n_actors, machine = sum(len(p.actors) for p in plans), self._courier.machine
        return replace(
            plan,
            surroundings=replace(
                plan.surroundings,
                cores=frozenset(os.sched_getaffinity(0)),
                gives_way=machine.gives_way,
            ),
            wait_policy=choose_policy(n_actors, machine.cores),
        )

    def _launch(self) -> None:
        from lava_actor.runtime.start import launcher as launchers

        assert self._arena is not None
        self._wake_up = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        launcher = launchers.ensure()
        launcher.preload(self._modules)
        values = [memory_file(self._content)] if self._content else []
        self._content = b""
        orders: dict[int, int] = {}
        try:
            for index, (plan, pipe) in enumerate(zip(self._plans, self._theirs, strict=True)):
                fds = [pipe.fileno(), self._arena.fd, self._wake_up, *values]
                orders[index] = launcher.order(plan, fds)
        finally:
            for descriptor in values:
                os.close(descriptor)
        self._services.expect(launcher, orders)

    def _fail(self, failure: Failure) -> None:
        """It could not be started: say so as a service would."""
        self._starting.clear()
        for number in self._tunnels:
            frame = _frame("startfail", failure)
            self._send(0, ("frame", number, frame.packed()))
        for tunnel in self._tunnels.values():
            tunnel.close()

    def _send(self, rank: int, item: Item) -> None:
        self._courier.send(rank, self._network, item)

    # -- for the courier --------------------------------------------------------------------

    def carry(self) -> bool:
        """Carry messages."""
        return self._crossings is not None and self._crossings.carry()

    def look(self) -> bool:
        """Carry frames; see whether the services are there."""
        moved = False
        for tunnel in self._tunnels.values():
            moved |= tunnel.carry(self._send, self._keep)
        now = time.monotonic()
        if now > self._next_look:
            self._next_look = now + LOOK_SECONDS
            self._attend()
        return moved

    def _keep(self, number: int, frame: Frame) -> bool:
        """The process that a service is, is this rank's business."""
        if frame.kind in ("ready", "startfail"):
            self._starting.discard(number)
        if frame.kind != "here":
            return False
        self._services.note(number, frame)
        return True

    def _attend(self) -> None:
        """A service that is gone may leave its pipe open, in a process that its models started."""
        for number in self._ended:
            tunnel = self._tunnels[number]
            if tunnel.is_open:
                tunnel.carry(self._send, self._keep)
                tunnel.close()
                self._send(0, ("gone", number))
        for number, tunnel in self._tunnels.items():
            if tunnel.is_open and self._services.has_ended(number):
                self._ended.add(number)
        if self._starting and (why := self._services.complaint()):
            self._fail(failure_of(RuntimeError(why), f"rank {self._courier.rank}"))

    def descriptors(self) -> list[int]:
        """What may be read at any time."""
        return [tunnel.fileno() for tunnel in self._tunnels.values() if tunnel.is_open]

    def lost(self, rank: int, why: str) -> None:
        """Without rank 0 this rank ends."""

    def take(self, rank: int, item: Item) -> None:
        """Handle an item for this network."""
        kind, *said = item
        if kind == "frame":
            self._tunnels[said[0]].put(said[1])
        elif kind == "arena":
            self._begin(*said)
        elif kind == "end":
            self._end(hurry=said[0])
        elif kind == "count":
            crossed = self._crossings
            counts = (0, 0) if crossed is None else (crossed.sent, crossed.received)
            self._send(rank, ("counted", *counts))
        elif kind == "ask":
            question, what, payload = said
            crossed = self._crossings
            if what == "look" or crossed is None:
                told = self._seen()
            else:
                told = crossed.answer(what, payload)
            self._send(rank, ("answer", question, told))
        elif self._crossings is not None:
            self._crossings.take(kind, tuple(said), rank)

    def _seen(self) -> dict[str, object]:
        """What `RanksCrew.far` is told."""
        if self._arena is None:
            return {"actors": {}, "rings": {}}
        actors = [(a.party, a.name, a.model) for plan in self._plans for a in plan.actors]
        mine = {party for party, _, _ in actors}
        return {
            "actors": read_status(self._arena, actors, self._courier.rank),
            "rings": {
                ring.index: self._arena.writer(ring.index).statistics()
                for ring in self._arena.plan.rings
                if ring.writer in mine
            },
        }

    def _end(self, *, hurry: bool) -> None:
        """The user's interpreter has let go of the network."""
        self._courier.remove(self._network)
        if self._arena is not None:
            self._arena.abort(1)
        for tunnel in self._tunnels.values():
            tunnel.close()
        for pipe in self._theirs:  # of a network that has not begun
            pipe.close()
        start_thread("lava_actor end", self._finish, hurry)

    def _finish(self, hurry: bool) -> None:
        with contextlib.suppress(Exception):
            self._services.finish(hurry=hurry)
        if self._wake_up >= 0:
            os.close(self._wake_up)
        if self._arena is not None:
            self._arena.close()
        self._send(0, ("ended", self._courier.rank))


def _frame(kind: str, payload: object) -> Frame:
    one, other = Pipe.pair()
    try:
        one.send(kind, payload)
        return other.recv()
    finally:
        one.close()
        other.close()
