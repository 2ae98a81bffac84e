"""A RuntimeService with an actor and a user that the test plays itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from lava_actor.channels import Arena, Blocking, plan_arena
from lava_actor.channels.pipe import Parcel, Pipe, PipeEnded
from lava_actor.compiler.executable import Schedule
from lava_actor.protocol import words
from lava_actor.runtime.service.service import Service
from lava_actor.runtime.start.environment import surroundings
from lava_actor.runtime.start.plan import ActorStart, ServicePlan


class Stage:
    """A host whose only actor is the test; ours, user and actor are the far ends of pipes."""

    signals = None

    def __init__(self) -> None:
        arena = plan_arena(["actor", "runtime"], [[0], []], [])
        start = ActorStart(0, "actor", "Model", Parcel(b""), None)
        plan = ServicePlan(
            name="domain", index=0, is_async=False, leads=True, watches=True, alone=True,
            actors=(start,), schedule=Schedule(False, "", False), arena=arena, runtime_party=1,
            clock_parties=(0,), n_actors=1, external_parties=(), served_rings=(),
            wait_policy=Blocking(), crowd=1.0, surroundings=surroundings(),
        )  # fmt: skip
        self.arena = Arena.create(arena)
        self.wake_up = os.eventfd(0, os.EFD_NONBLOCK)
        self.user, theirs = Pipe.pair()
        self.actor, self.member = Pipe.pair()
        self.service = Service(plan, self.arena, theirs, self.wake_up, self)

    def start_all(
        self, actors: Sequence[ActorStart], foreign: Sequence[int]
    ) -> list[tuple[Pipe, Any]]:
        return [(self.member, 0)]

    def ended(self, handle: Any) -> str:
        return "left"

    def is_dead(self, handle: Any) -> bool:
        return False

    def end_all(self, handles: Sequence[Any], is_idle: Callable[[Any], bool]) -> list[Any]:
        self.actor.close()
        return []

    def close(self) -> None:
        self.user.close()
        os.close(self.wake_up)
        self.arena.close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.close()


def test_a_run_that_ends_while_an_actor_reports_waits_for_no_other_report(stage: Stage) -> None:
    """All is seen in one look: the end of the run takes the report before its turn has come."""
    arena, actor, service = stage.arena, stage.actor, stage.service
    runs = arena.party(1)
    service._start_actors()
    stage.user.send("run", 5)
    service._from_user()
    arena.party(0).done = 5
    arena.party(0).state = words.PARKED
    runs.done = runs.turn
    os.eventfd_write(stage.wake_up, 1)
    actor.send("print", ("stdout", "last words"), actor=0)
    stage.user.send("stop", 1.0)
    service._serve()
    service._take_down()
    service.selector.close()
    service.user.close()
    kinds = []
    while stage.user.poll():
        try:
            frame = stage.user.recv()
        except PipeEnded:
            break
        kinds.append(frame.kind)
        frame.close()
    assert kinds == ["print", "finished", "stopped"]
