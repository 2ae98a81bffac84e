"""What a Runtime starts when there are ranks: services here, and services elsewhere.

For the user's interpreter nothing is different: it holds a pipe to every service. Those of other
ranks end in a tunnel. `far` asks the other ranks what their actors are doing.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lava_actor.channels.pipe import Pipe, PipeEnded
from lava_actor.checkpoint import rings
from lava_actor.errors import Failure, RuntimeStateError
from lava_actor.mpi.crossing import Crossings
from lava_actor.mpi.place import named_ranks, place
from lava_actor.mpi.standstill import Standstill
from lava_actor.mpi.tunnel import Tunnel
from lava_actor.process.message_interface_enum import ActorType
from lava_actor.runtime.reports.failures import died
from lava_actor.runtime.start.serialize import library_modules
from lava_actor.runtime.user.supervision import Crew, Far

if TYPE_CHECKING:
    from lava_actor.channels import Arena
    from lava_actor.channels.layout import ArenaPlan
    from lava_actor.channels.statistics import RingStatistics
    from lava_actor.compiler.executable import Executable
    from lava_actor.mpi.courier import Courier, Item
    from lava_actor.runtime.start.serialize import Pack
    from lava_actor.runtime.user.status import ActorStatus
    from lava_actor.runtime.user.supervision import Post

#: Seconds that another rank gets to say what its actors do.
LOOK_SECONDS = 10.0
#: Seconds that the other ranks get to end what is left of a network.
END_SECONDS = 20.0

_networks = itertools.count()


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
        self._network = next(_networks)
        self._is_ordered = False

    def _settle_down(
        self, executable: Executable, actor_type: ActorType, ranks: Sequence[int]
    ) -> None:
        super().__init__(executable, actor_type, ranks)
        self._actor_type = actor_type
        self._others = sorted(set(self._ranks) - {0})
        courier = self._courier
        self._mates = courier.machine.mates({0, *self._ranks})
        self._leads = sorted({mates[0] for mates in self._mates.values()})
        self._tunnels: dict[int, Tunnel] = {}
        self._crossings: Crossings | None = None
        self._standstill: Standstill | None = None
        self._questions = itertools.count()
        self._answers: dict[int, dict[int, Any]] = {}
        self._own: deque[tuple[int, str, Any]] = deque()
        self._answered = threading.Condition()
        self._ended: set[int] = set()
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
            self._crossings = Crossings(arena, self._lead_of_parties(), 0, self._send)
        return arena

    def _move_to_threads(self, stays: Mapping[int, str]) -> None:
        elsewhere = {p for p in stays if self._ranks[p] and p not in self._named}
        if elsewhere:
            raise _CannotBeSentError(elsewhere)
        super()._move_to_threads(stays)

    def arena_of(self, rank: int) -> ArenaPlan:
        """As ranks see it that share it with others of their machine."""
        mates = self._mates[rank]
        return replace(super().arena_of(rank).shared(len(mates)), copy=mates.index(rank))

    def _lead_of_parties(self) -> list[int]:
        """Who carries for every party: beside actors there are the user's ends, and the runtime."""
        leads = [self._mates[rank][0] for rank in self._ranks]
        return leads + [0] * (len(self._executable.arena.parties) - len(leads))

    def launch(self) -> None:
        """Start all services."""
        if self._others:
            self._standstill = Standstill(
                self._executable.arena, set(self._leads), self.watchers, self._count, self._ask
            )
            self._courier.add(self._network, self)
        super().launch()
        self._is_ordered = True

    def _launch_on(self, rank: int, pack: Pack, posts: Sequence[tuple[int, Post]]) -> None:
        if rank == 0:
            super()._launch_on(rank, pack, posts)
            return
        program = pack.survey.plan()
        numbers = [index for index, _ in posts]
        for index in numbers:
            self._tunnels[index] = Tunnel(index, Pipe.from_fd(self._theirs[index].detach()), rank)
        fd = pack.writer.fd
        content = b"" if fd is None else os.pread(fd, os.fstat(fd).st_size, 0)
        plans = [self._service_plan(post, program) for _, post in posts]
        modules = library_modules(self._actors_on(rank))
        leads, mates = self._lead_of_parties(), self._mates[rank]
        self._send(rank, ("order", plans, numbers, content, leads, mates, modules, self._step))
        if mates[0] == 0:
            assert self._arena is not None
            self._send(rank, ("arena", os.getpid(), self._arena.fd))
        if rank in self._courier.dead:
            self.lost(rank, self._courier.dead[rank])

    def _cores(self) -> int | None:
        return self._courier.machine.cores if self._others else None

    def _arena_cores(self) -> int | None:
        return self._courier.machine.shared_cores if self._others else None

    def _send(self, rank: int, item: Item) -> None:
        self._courier.send(rank, self._network, item)

    # -- for the courier --------------------------------------------------------------------

    def carry(self) -> bool:
        """Carry messages; before they are ordered nobody there could take them."""
        return self._crossings is not None and self._is_ordered and self._crossings.carry()

    def look(self) -> bool:
        """Carry frames, answer what is asked, look for deadlocks."""
        while self._own and self._crossings is not None and self._is_ordered:
            question, what, payload = self._own.popleft()
            self._note(question, 0, self._crossings.answer(what, payload))
        moved = False
        for tunnel in list(self._tunnels.values()):
            moved |= tunnel.carry(self._send)
        if not moved and self._standstill is not None:
            self._standstill.tick()
        return moved

    def descriptors(self) -> list[int]:
        """What may be read at any time."""
        return [tunnel.fileno() for tunnel in list(self._tunnels.values()) if tunnel.is_open]

    def take(self, rank: int, item: Item) -> None:
        """Handle an item for this network."""
        kind, *said = item
        if kind == "frame":
            self._tunnels[said[0]].put(said[1])
        elif kind == "gone":
            self._tunnels[said[0]].close()
        elif kind == "answer":
            self._note(said[0], rank, said[1])
        elif kind == "counted":
            self._counted(rank, *said)
        elif kind == "ended":
            with self._answered:
                self._ended.add(rank)
                self._answered.notify_all()
        elif self._crossings is not None:
            self._crossings.take(kind, tuple(said), rank)

    # -- who waits for whom -----------------------------------------------------------------

    def _count(self) -> None:
        assert self._crossings is not None
        for rank in self._leads[1:]:
            self._send(rank, ("count",))
        self._counted(0, self._crossings.sent, self._crossings.received)

    def _counted(self, rank: int, sent: int, received: int) -> None:
        if self._standstill is not None:
            self._standstill.counted(rank, sent, received)

    def _ask(self) -> None:
        for index in self.watchers:
            with contextlib.suppress(PipeEnded):
                self.pipes[index].post("waits")

    def judge(self, index: int, answer: Any) -> Failure | None:  # type: ignore[override]
        """Put together what the services of all ranks say."""
        return None if self._standstill is None else self._standstill.judge(index, answer)

    def lost(self, rank: int, why: str) -> None:
        """Its services have gone with a rank; their pipes say so."""
        failure = died(f"rank {rank}", f"it has died: {why}")
        for index, tunnel in list(self._tunnels.items()):
            if tunnel.rank == rank:
                self.services.lost[index] = failure
                tunnel.cut()
        with self._answered:
            self._ended.add(rank)
            self._answered.notify_all()

    # -- for the runtime --------------------------------------------------------------------

    def far(self) -> Far:
        """What the actors and rings of other ranks are doing; of the dead, what they last did."""
        present = [rank for rank in self._others if rank not in self._courier.dead]
        for seen in self._ask_ranks(present, "look") if present else ():
            self._actors.update(seen["actors"])
            self._rings.update(seen["rings"])
        return Far(dict(self._actors), dict(self._rings))

    def messages(self) -> list[rings.Content]:
        """As on one machine: what has left a ring here has come into it there."""
        if len(self._leads) == 1:
            return super().messages()
        self._settle()
        return rings.joined(self._ask_ranks(self._leads, "messages"))

    def put_messages(self, found: list[rings.Content]) -> None:
        """As on one machine; each fills the rings that are read there."""
        if len(self._leads) > 1:
            self._settle()
            self._ask_ranks(self._leads, "put", found)
        else:
            super().put_messages(found)

    def _settle(self) -> None:
        """Wait until nothing is on the way between ranks; the actors rest.

        Raises
        ------
        RuntimeStateError
            If messages do not fit into the rings that they are for.
        """
        deadline = time.monotonic() + LOOK_SECONDS
        last = None
        while True:
            seen = self._ask_ranks(self._leads, "still")
            sent, received, empty = (list(of_all) for of_all in zip(*seen, strict=True))
            if all(empty) and sum(sent) == sum(received):
                if seen == last:
                    return
                last = seen
            elif time.monotonic() > deadline:
                raise RuntimeStateError(
                    "messages between ranks wait for room in their rings, and nobody reads them; "
                    "set compile_config['pypy_channel_size'] to more"
                )

    def _ask_ranks(self, ranks: Sequence[int], what: str, payload: object = None) -> list[Any]:
        """The answers of some ranks, this one perhaps among them, but for those that are dead."""
        question = next(self._questions)
        deadline = time.monotonic() + LOOK_SECONDS
        with self._answered:
            answers = self._answers[question] = {}
            for rank in ranks:
                if rank == 0:
                    self._own.append((question, what, payload))
                else:
                    self._send(rank, ("ask", question, what, payload))
            self._courier.nudge()  # for what is asked here
            while set(ranks) - answers.keys() - self._courier.dead.keys():
                gone = self._ended - self._courier.dead.keys()
                if gone or not self._answered.wait(deadline - time.monotonic()):
                    break
            del self._answers[question]
        if missing := set(ranks) - answers.keys() - self._courier.dead.keys():
            raise RuntimeStateError(f"ranks {sorted(missing)} do not answer")
        if failed := [answer for answer in answers.values() if isinstance(answer, str)]:
            raise RuntimeStateError(f"ranks cannot {what}: {failed[0]}")
        return list(answers.values())

    def _note(self, question: int, rank: int, seen: object) -> None:
        with self._answered:
            if question in self._answers:
                self._answers[question][rank] = seen
                self._answered.notify_all()

    def close(self) -> None:
        """Close everything here, and wait until nothing is left elsewhere."""
        for rank in self._others:
            self._send(rank, ("end", bool(self._courier.dead)))
        super().close()
        deadline = time.monotonic() + END_SECONDS
        with self._answered:
            while self._tunnels and self._ended < set(self._others):
                if not self._answered.wait(deadline - time.monotonic()):
                    break
        self._courier.remove(self._network)
        for tunnel in self._tunnels.values():
            tunnel.close()
