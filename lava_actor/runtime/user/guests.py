"""Guests: actors in threads of the user's interpreter while those around them have processes.

What cannot be pickled lives where the user has made it, and whoever needs it lives there as well.
A guest is the same `Actor` as any other. It has its party in the arena, and a pipe to the service
of its domain, which is told of guests before anything else and cannot see more of one than its
pipe. So words, requests, failures, deadlocks and ends are what they are for actors in processes,
but for one: a thread cannot be killed. One that is in the middle of something when its network ends
goes on until it next asks the network for anything.
"""

from __future__ import annotations

import os
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from lava_actor.channels.interrupts import held
from lava_actor.channels.pipe import Pipe
from lava_actor.runtime.start.hosts import LEAVE_SECONDS, start_guest

if TYPE_CHECKING:
    from collections.abc import Callable

    from lava_actor.channels import Arena
    from lava_actor.channels.records import RecordStore
    from lava_actor.runtime.start.plan import ActorStart, ServicePlan
    from lava_actor.runtime.start.serialize import ActorSpec

#: Pipes that are handed over at once: so many descriptors a frame takes.
_PACK = 200


class Guests:
    """The guests of one network.

    Parameters
    ----------
    loads : by party, what returns an actor's `ActorSpec`
    """

    def __init__(
        self, arena: Arena, wake_up: int, records: RecordStore | None,
        loads: dict[int, Callable[[], ActorSpec]],
    ) -> None:  # fmt: skip
        self._arena = arena
        self._wake_up = wake_up
        self._records = records
        self._loads = loads
        self._invited: list[tuple[ServicePlan, ActorStart, Pipe]] = []
        self._threads: list[threading.Thread] = []

    def invite(self, plan: ServicePlan, service: Pipe) -> None:
        """Tell a service, which has not started yet, of its guests."""
        actors = [actor for actor in plan.actors if actor.parcel is None]
        for first in range(0, len(actors), _PACK):
            ends = []
            with held():
                for actor in actors[first : first + _PACK]:
                    end, mine = Pipe.pair()
                    self._invited.append((plan, actor, mine))
                    ends.append(end)
                service.send("guests", fds=[end.fileno() for end in ends])
                for end in ends:
                    end.close()

    def start(self) -> None:
        """Let them live; their services are on their way."""
        if not self._invited:
            return
        from lava_actor.runtime.start.launcher_main import run_actors

        arena, loads, records = self._arena, self._loads, self._records

        def live(plan: ServicePlan, event: int, *who: Any) -> None:
            try:
                run_actors(plan, arena, event, loads, (), *who, records=records)
            finally:
                os.close(event)

        with held():
            while self._invited:
                plan, actor, pipe = self._invited.pop(0)
                event = os.dup(self._wake_up)  # it may outlive the network's
                self._threads.append(start_guest(partial(live, plan, event), actor, pipe))

    def end(self) -> None:
        """Wait for them, now that the arena is aborted."""
        deadline = time.monotonic() + LEAVE_SECONDS
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        for _, _, pipe in self._invited:
            pipe.close()
