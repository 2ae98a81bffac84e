"""What a RuntimeService is told: plain data that travels from the user's interpreter."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from lava_actor.plain import plain
from lava_actor.runtime.start.program import ProgramPlan

if TYPE_CHECKING:
    from lava_actor.channels.layout import ArenaPlan
    from lava_actor.channels.pipe import Parcel
    from lava_actor.channels.wait import WaitPolicy
    from lava_actor.compiler.executable import Schedule, TurnPlan
    from lava_actor.runtime.start.environment import Surroundings


@plain(frozen=True)
class ActorStart:
    """One actor to start: who it is, and the parcel with its `ActorSpec`.

    One without a parcel lives in a thread of the user's interpreter.
    """

    party: int
    name: str
    model: str
    parcel: Parcel | None
    turns: TurnPlan | None
    cleans_up: bool = False  # its model does something at the end
    home: int | None = None  # the party of the worker in which it lives with others


@plain(frozen=True)
class ServicePlan:
    """One sync domain of one network."""

    name: str
    index: int
    is_async: bool
    leads: bool  # moves the clock
    watches: bool  # looks for deadlocks
    alone: bool  # there is no other service in this network
    actors: tuple[ActorStart, ...]
    schedule: Schedule
    arena: ArenaPlan
    runtime_party: int
    clock_parties: tuple[int, ...]
    n_actors: int
    external_parties: tuple[int, ...]
    served_rings: tuple[tuple[int, int], ...]  # owner of Vars, ring with requests for them
    wait_policy: WaitPolicy
    crowd: float  # processes per core
    surroundings: Surroundings
    program: ProgramPlan = field(default_factory=ProgramPlan)
    may_stay: bool = False  # as a warm launcher, if imports take long
    n_recordings: int = 0  # of the network
    n_record_files: int = 0  # last of the descriptors that come with an order
