"""The courier: the one thread of a rank that speaks MPI.

Whatever goes to another rank is an item, a tuple that begins with its kind, and waits in a box for
that rank. In every round the courier takes messages from rings and frames from pipes, sends each
rank what its box holds as one message, and hands on what has come. Ranks of one machine share
rings: between them there are only frames, and whoever sends one wakes the other's courier. MPI has
nothing to sleep on, so for ranks of other machines the courier looks again and again: at once while
something moves, then after a pause that grows to some milliseconds. A frame ends a long pause.

Items between two ranks keep their order. Only this thread calls MPI, after start.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from lava_actor.errors import Failure, RuntimeStateError
from lava_actor.runtime.reports.failures import of_runtime
from lava_actor.runtime.start.processes import run_soon, sleep_exactly

if TYPE_CHECKING:
    from mpi4py.MPI import Comm, Request

    from lava_actor.mpi.machine import Machine

#: Seconds of pauses after rounds without anything: (rounds, pause). Short ones are slept, as giving
#: the core away without sleeping may last for a whole slice of the scheduler.
PAUSES = ((300, 0.00003), (1000, 0.0002), (3000, 0.001))
LONGEST_PAUSE = 0.004
#: Where all others wake this one; and the rounds before, as MPI shows a message after some looks.
NUDGED_PAUSE = 0.05
FEW_ROUNDS = 50
#: Seconds between two looks for frames, while messages may move.
LOOK_SECONDS = 0.0005
#: Messages to one rank that MPI may be busy with before more is kept in the box.
MOST_ON_THE_WAY = 8
#: Seconds after an error of MPI within which a death that caused it is known.
DEATH_SECONDS = 1.0
#: Seconds for the others to take the last items.
FAREWELL_SECONDS = 10.0

Item = tuple[Any, ...]


class Client(Protocol):
    """A network, as the courier of a rank has it."""

    def carry(self) -> bool:
        """Take and hand over what has come into rings; True if that was anything."""

    def look(self) -> bool:
        """Take and hand over frames, and see who is there; True if there were any."""

    def take(self, rank: int, item: Item) -> None:
        """Handle an item that came from a rank."""

    def descriptors(self) -> list[int]:
        """What ends a pause when it can be read."""

    def lost(self, rank: int, why: str) -> None:
        """A rank has died; called in a thread that is not the courier's."""


class Courier:
    """Carries items between this rank and the others.

    Parameters
    ----------
    world : MPI communicator
    machine : Machine
    on_order : callable
        Called, in the courier's thread, with (courier, network, item) when a network is ordered.
    on_bye : callable
        Called, in the courier's thread, when rank 0 has said that all is over.

    Attributes
    ----------
    dead : how ranks have ended that should not have
    """

    def __init__(
        self,
        world: Comm,
        machine: Machine,
        on_order: Callable[[Courier, int, Item], Client],
        on_bye: Callable[[], None],
    ) -> None:
        from mpi4py import MPI

        self._mpi = MPI
        self._world = world
        self.machine = machine
        self.rank: int = world.Get_rank()
        self.size: int = world.Get_size()
        self._on_order = on_order
        self._clients: dict[int, Client] = {}
        self._ordered: set[int] = set()
        self._early: dict[int, list[tuple[int, Item]]] = {}
        self._boxes: list[deque[Item]] = [deque() for _ in range(self.size)]
        self._on_the_way: list[deque[tuple[Request, bytes]]] = [deque() for _ in range(self.size)]
        self._on_bye = on_bye
        self._next_look = 0.0
        self._leaving = False
        self._present = set(range(self.size)) - {self.rank}
        self.dead: dict[int, str] = {}
        self._failure: Failure | None = None
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._main, name="lava_actor courier", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def add(self, network: int, client: Client) -> None:
        """Carry for a network from now on."""
        self._clients[network] = client
        self.nudge()

    def remove(self, network: int) -> None:
        """A network has ended here."""
        self._clients.pop(network, None)

    def send(self, rank: int, network: int, item: Item) -> None:
        """Put an item into the box of a rank; any thread may. The dead get nothing."""
        if self._failure is not None:
            raise RuntimeStateError(f"the courier between ranks has failed: {self._failure.what}")
        if rank not in self.dead:
            self._boxes[rank].append((network, item))
            if threading.get_ident() != self._thread.ident:
                self.nudge()

    def nudge(self) -> None:
        """Let the courier look around now."""
        _ring(self.machine.nudges[1])

    def lost(self, rank: int, why: str) -> None:
        """A rank has died; any thread may say so."""
        self.dead[rank] = why
        for client in list(self._clients.values()):
            client.lost(rank, why)
        self.nudge()

    def leave(self) -> bool:
        """Tell the others that all is over, until they know; False if one has died, or does not."""
        if self._thread.is_alive() and not self.dead:
            for rank in range(1, self.size):
                self.send(rank, -1, ("bye",))
            self._leaving = not self._present
            self.over.wait(FAREWELL_SECONDS)
        return self.over.is_set() and not self.dead and self._failure is None

    # -- the thread -------------------------------------------------------------------------

    def _main(self) -> None:
        try:
            sleep_exactly()
            run_soon()
            idle = 0
            while not (self._leaving and self._is_empty()):
                try:
                    idle = 0 if self._round() else idle + 1
                except self._mpi.Exception:
                    if not self._has_lost_somebody():
                        raise
                if self._pause(idle):
                    idle = 0
        except BaseException as error:  # noqa: BLE001  (nobody may wait for ever: all ranks end)
            self._failure = of_runtime(error, "the courier between ranks", f"rank {self.rank}")
            os.write(2, f"lava_actor, rank {self.rank}: {self._failure.traceback}\n".encode())
            self._world.Abort(1)
        finally:
            self.over.set()

    def _is_empty(self) -> bool:
        return not any(self._boxes) and not any(self._on_the_way)

    def _has_lost_somebody(self) -> bool:
        """Whether an error of MPI comes from a death, which may be known only a little later."""
        deadline = time.monotonic() + DEATH_SECONDS
        while not self.dead and time.monotonic() < deadline:
            time.sleep(0.01)
        return bool(self.dead)

    def _round(self) -> bool:
        moved = False
        clients = list(self._clients.values())
        for client in clients:
            moved |= client.carry()
        if (now := time.monotonic()) >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            for client in clients:
                moved |= client.look()
        for rank, box in enumerate(self._boxes):
            moved |= self._hand_over(rank, box)
        status = self._mpi.Status()
        while (message := self._world.Improbe(status=status)) is not None:
            moved = True
            buffer = bytearray(status.Get_count(self._mpi.BYTE))
            source = status.Get_source()
            message.Recv([buffer, self._mpi.BYTE])
            for network, item in pickle.loads(buffer):
                self._take(source, network, item)
        return moved

    def _hand_over(self, rank: int, box: deque[Item]) -> bool:
        busy = self._on_the_way[rank]
        if rank in self.dead:
            box.clear()
            return False
        if busy and rank in self.machine.bells:  # what did not get through at once has now, perhaps
            _ring(self.machine.bells[rank])
        while busy and busy[0][0].Test():
            busy.popleft()
        if not box or len(busy) >= MOST_ON_THE_WAY:
            return False
        items = [box.popleft() for _ in range(len(box))]
        data = pickle.dumps(items, protocol=5)
        busy.append((self._world.Isend([data, self._mpi.BYTE], dest=rank), data))
        if rank in self.machine.bells:
            _ring(self.machine.bells[rank])
        return True

    def _take(self, rank: int, network: int, item: Item) -> None:
        if item[0] == "bye":
            self._present.discard(rank)
            if self.rank:
                self._on_bye()
                self.send(rank, -1, item)
            self._leaving = bool(self.rank) or not self._present
            return
        if item[0] == "order":
            self._ordered.add(network)
            self._clients[network] = self._on_order(self, network, item)
            for early in self._early.pop(network, ()):
                self._clients[network].take(*early)
            return
        client = self._clients.get(network)
        if client is not None:
            client.take(rank, item)
        elif self.rank and network not in self._ordered:  # another rank was faster than rank 0
            self._early.setdefault(network, []).append((rank, item))

    def _pause(self, idle: int) -> bool:
        """After so many rounds without anything; True if something is said to have happened."""
        if not idle:
            return False
        seconds = next((s for rounds, s in PAUSES if idle < rounds), LONGEST_PAUSE)
        is_woken = len(self.machine.bells) == self.size - 1 and not any(self._on_the_way)
        if is_woken and idle > FEW_ROUNDS:
            seconds = NUDGED_PAUSE
        if seconds < LOOK_SECONDS:
            time.sleep(seconds)
            return False
        nudges = self.machine.nudges[0]
        ends = [d for client in self._clients.values() for d in client.descriptors()]
        try:
            readable = select.select([nudges, *ends], [], [], seconds)[0]
        except ValueError:  # a descriptor beyond what select can watch
            time.sleep(seconds)
            return False
        if nudges in readable:
            os.read(nudges, 4096)
        self._next_look = 0.0
        return bool(readable)


def _ring(bell: int) -> None:
    """Wake a courier; one that has been woken and not come yet, or is dead, may miss it."""
    with contextlib.suppress(OSError):
        os.write(bell, b"!")
