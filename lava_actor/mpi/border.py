"""What the courier of rank 0 carries for one network: see `courier.Client`.

Frames to services of other ranks go through tunnels, messages through crossings. `ask` asks the
other ranks what their actors are doing. Nothing here holds the network's Processes, or one that
nobody refers to could not end by itself.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lava_actor.channels.pipe import PipeEnded
from lava_actor.errors import RuntimeStateError
from lava_actor.mpi.crossing import Crossings
from lava_actor.mpi.standstill import Standstill
from lava_actor.runtime.reports.failures import died

if TYPE_CHECKING:
    from lava_actor.channels import Arena
    from lava_actor.channels.layout import ArenaPlan
    from lava_actor.channels.pipe import Pipe
    from lava_actor.mpi.courier import Courier, Item
    from lava_actor.mpi.tunnel import Tunnel
    from lava_actor.runtime.user.services import Attendance

#: Seconds that another rank gets to say what its actors do.
LOOK_SECONDS = 10.0
#: Seconds that the other ranks get to end what is left of a network.
END_SECONDS = 20.0

_networks = itertools.count()


class Border:
    """Between the actors of one network here and those on other ranks.

    Parameters
    ----------
    courier : Courier
    arena : Arena
        This rank's.
    plan : ArenaPlan
        Of the whole network.
    leads : sequence of int
        Who carries for every party.
    others : sequence of int
        The other ranks that have actors.
    watchers : set of int
        The services that look for deadlocks.
    pipes : list of Pipe
        To every service.
    services : Attendance
    """

    def __init__(
        self,
        courier: Courier,
        arena: Arena,
        plan: ArenaPlan,
        leads: Sequence[int],
        others: Sequence[int],
        watchers: set[int],
        pipes: list[Pipe],
        services: Attendance,
    ) -> None:
        self.network = next(_networks)
        self.is_ordered = False
        self.tunnels: dict[int, Tunnel] = {}
        self.leads = sorted({0, *leads})
        self._courier, self._others = courier, others
        self._watchers, self._pipes, self._services = watchers, pipes, services
        self._crossings = Crossings(arena, leads, 0, self.send)
        self._standstill = Standstill(plan, set(self.leads), watchers, self._count, self._ask)
        self.judge = self._standstill.judge
        self._questions = itertools.count()
        self._answers: dict[int, dict[int, object]] = {}
        self._own: deque[tuple[int, str, object]] = deque()
        self._answered = threading.Condition()
        self._ended: set[int] = set()

    def send(self, rank: int, item: Item) -> None:
        """Put an item into the box of a rank."""
        self._courier.send(rank, self.network, item)

    # -- for the courier --------------------------------------------------------------------

    def carry(self) -> bool:
        """Carry messages; before they are ordered nobody there could take them."""
        return self.is_ordered and self._crossings.carry()

    def look(self) -> bool:
        """Carry frames, answer what is asked, look for deadlocks."""
        while self._own and self.is_ordered:
            question, what, payload = self._own.popleft()
            self._note(question, 0, self._crossings.answer(what, payload))
        moved = False
        for tunnel in list(self.tunnels.values()):
            moved |= tunnel.carry(self.send)
        if not moved:
            self._standstill.tick()
        return moved

    def descriptors(self) -> list[int]:
        """What may be read at any time."""
        return [tunnel.fileno() for tunnel in list(self.tunnels.values()) if tunnel.is_open]

    def take(self, rank: int, item: Item) -> None:
        """Handle an item for this network."""
        kind, *said = item
        if kind == "frame":
            self.tunnels[said[0]].put(said[1])
        elif kind == "gone":
            self.tunnels[said[0]].close()
        elif kind == "answer":
            self._note(said[0], rank, said[1])
        elif kind == "counted":
            self._standstill.counted(rank, *said)
        elif kind == "ended":
            with self._answered:
                self._ended.add(rank)
                self._answered.notify_all()
        else:
            self._crossings.take(kind, tuple(said), rank)

    # -- who waits for whom -----------------------------------------------------------------

    def _count(self) -> None:
        for rank in self.leads[1:]:
            self.send(rank, ("count",))
        self._standstill.counted(0, self._crossings.sent, self._crossings.received)

    def _ask(self) -> None:
        for index in self._watchers:
            with contextlib.suppress(PipeEnded):
                self._pipes[index].post("waits")

    def lost(self, rank: int, why: str) -> None:
        """Its services have gone with a rank; their pipes say so."""
        failure = died(f"rank {rank}", f"it has died: {why}")
        for index, tunnel in list(self.tunnels.items()):
            if tunnel.rank == rank:
                self._services.lost[index] = failure
                tunnel.cut()
        with self._answered:
            self._ended.add(rank)
            self._answered.notify_all()

    # -- for the crew -----------------------------------------------------------------------

    def settle(self) -> None:
        """Wait until nothing is on the way between ranks; the actors rest.

        Raises
        ------
        RuntimeStateError
            If messages do not fit into the rings that they are for.
        """
        deadline = time.monotonic() + LOOK_SECONDS
        last = None
        while True:
            seen = self.ask(self.leads, "still")
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

    def ask(self, ranks: Sequence[int], what: str, payload: object = None) -> list[Any]:
        """The answers of some ranks, this one perhaps among them, but for those that are dead."""
        question = next(self._questions)
        deadline = time.monotonic() + LOOK_SECONDS
        with self._answered:
            answers = self._answers[question] = {}
            for rank in ranks:
                if rank == 0:
                    self._own.append((question, what, payload))
                else:
                    self.send(rank, ("ask", question, what, payload))
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

    def end(self) -> None:
        """Tell the other ranks that the network ends."""
        for rank in self._others:
            self.send(rank, ("end", bool(self._courier.dead)))

    def close(self) -> None:
        """Wait until nothing is left there."""
        deadline = time.monotonic() + END_SECONDS
        with self._answered:
            while self.tunnels and self._ended < set(self._others):
                if not self._answered.wait(deadline - time.monotonic()):
                    break
        self._courier.remove(self.network)
        for tunnel in self.tunnels.values():
            tunnel.close()
