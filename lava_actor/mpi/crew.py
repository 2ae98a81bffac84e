"""What a Runtime starts when there are ranks: services here, and services elsewhere.

For the user's interpreter nothing is different: it holds a pipe to every service. Those of other
ranks end in a tunnel, see `border`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lava_actor.channels.pipe import Pipe
from lava_actor.checkpoint import rings
from lava_actor.errors import RuntimeStateError
from lava_actor.mpi.border import Border
from lava_actor.mpi.place import named_ranks, place
from lava_actor.mpi.tunnel import Tunnel
from lava_actor.process.message_interface_enum import ActorType
from lava_actor.runtime.start.serialize import library_modules
from lava_actor.runtime.user.status import read_status
from lava_actor.runtime.user.supervision import Crew, Far

if TYPE_CHECKING:
    from lava_actor.channels import Arena
    from lava_actor.channels.layout import ArenaPlan
    from lava_actor.channels.statistics import RingStatistics
    from lava_actor.compiler.executable import Executable
    from lava_actor.errors import Failure
    from lava_actor.mpi.courier import Courier
    from lava_actor.runtime.service.deadlock import Picture
    from lava_actor.runtime.start.plan import ServicePlan
    from lava_actor.runtime.start.program import ProgramPlan
    from lava_actor.runtime.start.serialize import Pack
    from lava_actor.runtime.user.status import ActorStatus
    from lava_actor.runtime.user.supervision import Post


class _CannotBeSentError(Exception):
    """Actors that were placed on another rank have to live on this one."""

    def __init__(self, parties: set[int]) -> None:
        super().__init__(parties)
        self.parties = parties


class RanksCrew(Crew):
    """Starts the services of one network on all ranks; see `courier.Client`."""

    def __init__(self, executable: Executable, actor_type: ActorType, courier: Courier) -> None:
        if courier.dead:
            lost = ", ".join(f"rank {r} has died: {why}" for r, why in courier.dead.items())
            raise RuntimeStateError(
                f"no network can be started any more: {lost}; start the program again"
            )
        several = actor_type != ActorType.Threading and courier.size > 1
        self._named = named_ranks(executable, courier.size) if several else {}
        self._courier = courier
        ranks = place(executable, courier.size) if several else ()
        self._settle_down(executable, actor_type, ranks)

    def _settle_down(
        self, executable: Executable, actor_type: ActorType, ranks: Sequence[int]
    ) -> None:
        super().__init__(executable, actor_type, ranks)
        self._actor_type = actor_type
        self._others = sorted(set(self._ranks) - {0})
        courier = self._courier
        self._mates = courier.machine.mates({0, *self._ranks})
        self._border: Border | None = None
        self._actors: dict[int, ActorStatus] = {}
        self._rings: dict[int, RingStatistics] = {}
        self._step = 0

    def prepare(self, step: int = 0) -> Arena:
        """As for one machine; then the borders are drawn.

        Actors that turn out to have something that cannot be sent live here, with what has to be
        beside them.
        """
        staying: set[int] = set()
        while True:
            try:
                arena = super().prepare(step)
                break
            except _CannotBeSentError as error:
                for pack in self._packs.values():
                    pack.writer.close()
                staying |= error.parties
                ranks = place(self._executable, self._courier.size, staying)
                self._settle_down(self._executable, self._actor_type, ranks)
        self._step = step
        if self._others:
            self._border = Border(
                self._courier, arena, self._executable.arena, self._lead_of_parties(), self._others,
                self.watchers, self.pipes, self.services,
            )  # fmt: skip
        return arena

    def _move_to_threads(self, stays: Mapping[int, str]) -> None:
        elsewhere = {p for p in stays if self._ranks[p] and p not in self._named}
        if elsewhere:
            raise _CannotBeSentError(elsewhere)
        super()._move_to_threads(stays)

    def arena_of(self, rank: int) -> ArenaPlan:
        """As ranks see it that share it with others of their machine."""
        mates, plan = self._mates[rank], super().arena_of(rank)
        elsewhere = frozenset(party for party in plan.away if self._ranks[party] not in mates)
        return replace(plan.shared(len(mates)), copy=mates.index(rank), elsewhere=elsewhere)

    def _lead_of_parties(self) -> list[int]:
        """Who carries for every party: beside actors there are the user's ends, and the runtime."""
        leads = [self._mates[rank][0] for rank in self._ranks]
        return leads + [0] * (len(self._executable.arena.parties) - len(leads))

    def launch(self) -> None:
        """Start all services."""
        if self._border is not None:
            self._courier.add(self._border.network, self._border)
        super().launch()
        if self._border is not None:
            self._border.is_ordered = True

    @property
    def judge(self) -> Callable[[int, Picture], Failure | None]:  # type: ignore[override]
        """Puts together what the services of all ranks say."""
        return Crew.judge if self._border is None else self._border.judge

    def _launch_on(self, rank: int, pack: Pack, posts: Sequence[tuple[int, Post]]) -> None:
        if rank == 0:
            super()._launch_on(rank, pack, posts)
            return
        border = self._border
        assert border is not None
        program = pack.survey.plan()
        numbers = [index for index, _ in posts]
        for index in numbers:
            border.tunnels[index] = Tunnel(index, Pipe(self._theirs[index].detach()), rank)
        fd = pack.writer.fd
        content = b"" if fd is None else os.pread(fd, os.fstat(fd).st_size, 0)
        plans = [self._service_plan(post, program) for _, post in posts]
        modules = library_modules(self._actors_on(rank))
        leads, mates = self._lead_of_parties(), self._mates[rank]
        border.send(rank, ("order", plans, numbers, content, leads, mates, modules, self._step))
        if mates[0] == 0:
            assert self._arena is not None
            border.send(rank, ("arena", os.getpid(), self._arena.fd))
        if rank in self._courier.dead:
            border.lost(rank, self._courier.dead[rank])

    def _service_plan(
        self, post: Post, program: ProgramPlan, *, may_stay: bool = False
    ) -> ServicePlan:
        """Where other ranks use the same cores, actors do not interrupt them by waking."""
        plan = super()._service_plan(post, program, may_stay=may_stay)
        gives_way = bool(self._others) and self._courier.machine.gives_way
        where = replace(plan.surroundings, gives_way=gives_way)
        return replace(plan, surroundings=where)

    def _cores(self) -> int | None:
        return self._courier.machine.cores if self._others else None

    def _arena_cores(self) -> int | None:
        return self._courier.machine.shared_cores if self._others else None

    # -- for the runtime --------------------------------------------------------------------

    def far(self) -> Far:
        """What the actors and rings of other ranks are doing; of the dead, what they last did.

        Those who share this rank's memory need not be asked.
        """
        assert self._arena is not None
        for rank in self._mates[0][1:]:
            there = [(a.party, a.name, a.model_name) for a in self._actors_on(rank)]
            self._actors.update(read_status(self._arena, there, rank))
        away = set(self._others) - {*self._mates[0], *self._courier.dead}
        for seen in self._border.ask(sorted(away), "look") if self._border and away else ():
            self._actors.update(seen["actors"])
            self._rings.update(seen["rings"])
        return Far(dict(self._actors), dict(self._rings))

    def messages(self) -> list[rings.Content]:
        """As on one machine: what has left a ring here has come into it there."""
        border = self._border
        if border is None or len(border.leads) == 1:
            return super().messages()
        border.settle()
        return rings.joined(border.ask(border.leads, "messages"))

    def put_messages(self, found: list[rings.Content]) -> None:
        """As on one machine; each fills the rings that are read there."""
        border = self._border
        if border is None or len(border.leads) == 1:
            super().put_messages(found)
        else:
            border.settle()
            border.ask(border.leads, "put", found)

    def close(self) -> None:
        """Close everything here, and wait until nothing is left elsewhere."""
        if (border := self._border) is None:
            super().close()
            return
        border.end()
        super().close()
        border.close()
