"""The crew: everything a Runtime starts and must put away again.

Arena, wake-up event, one pipe per RuntimeService, and the services themselves: forked by the
launcher, or threads of this interpreter for `ActorType.Threading`.
"""

from __future__ import annotations

import contextlib
import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from lava_actor.channels import Arena, choose_policy
from lava_actor.channels.interrupts import held
from lava_actor.channels.pipe import Parcel, ParcelWriter, Pipe, PipeEnded
from lava_actor.channels.records import RecordStore
from lava_actor.process.message_interface_enum import ActorType
from lava_actor.protocol import words
from lava_actor.runtime.start import descriptors
from lava_actor.runtime.start.environment import surroundings
from lava_actor.runtime.start.hosts import descriptors_for
from lava_actor.runtime.start.plan import ActorStart, ServicePlan
from lava_actor.runtime.start.program import Key, ProgramPlan, Survey
from lava_actor.runtime.start.seeds import actor_seeds, root_seed
from lava_actor.runtime.start.serialize import library_modules, pack_actors, specify
from lava_actor.runtime.user.services import Attendance

if TYPE_CHECKING:
    from lava_actor.compiler.executable import Executable


#: Descriptors in this interpreter: arena, event, values, order, listener, recordings, perhaps a
#: launcher.
OWN_DESCRIPTORS = 14
#: Both ends of a pipe and the process; an end is closed once the service is ordered.
DESCRIPTORS_PER_SERVICE = 3


class Crew:
    """Starts the services of one network."""

    def __init__(self, executable: Executable, actor_type: ActorType) -> None:
        self._executable = executable
        self._in_threads = actor_type == ActorType.Threading
        self._threads: list[threading.Thread] = []
        self._theirs: list[Pipe] = []
        self._wake_up = -1
        self._values: ParcelWriter | None = None
        self._parcels: list[Parcel] = []
        self._survey = Survey(())
        self.root_seed = 0
        self._seeds: list[int] = []
        self.pipes: list[Pipe] = []
        self.services = Attendance(len(executable.domains))
        self._arena: Arena | None = None
        self.records: RecordStore | None = None
        self._pipe_index: dict[int, int] = {}

    def prepare(self) -> Arena:
        """Reserve the arena and pack the models; nothing is running yet."""
        executable = self._executable
        self._require_descriptors()
        self.root_seed = root_seed(executable.compile_config)
        members = executable.process_list
        seeds = actor_seeds(self.root_seed, [process.name for process in members])
        of_process = dict(zip(members, seeds, strict=True))
        self._seeds = [of_process[actor.process] for actor in executable.actors]
        if not self._in_threads:
            packed = pack_actors(executable.actors, self._seeds)
            self._parcels, self._values, self._survey = packed
        with held():
            self._arena = Arena.create(executable.arena)
            if n := len(executable.recordings):
                memory = int(executable.compile_config["recording_memory"])
                self.records = RecordStore.create(n, memory)
            self._wake_up = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._arena.domain(words.CLOCK).limit = words.NO_LIMIT
        for index, domain in enumerate(executable.domains):
            with held():
                ours, theirs = Pipe.pair()
                self.pipes.append(ours)
                self._theirs.append(theirs)
            for member in domain.members:
                self._pipe_index[member] = index
        return self._arena

    def _require_descriptors(self) -> None:
        """Refuse at once what would fail half-way."""
        domains = self._executable.domains
        inside = sum(2 * len(d.members) + 2 for d in domains) if self._in_threads else 0
        descriptors.require(
            OWN_DESCRIPTORS + DESCRIPTORS_PER_SERVICE * len(domains) + inside, "this network"
        )
        if not self._in_threads:
            for domain in domains:
                descriptors.require(
                    descriptors_for(len(domain.members)),
                    f"the service of {len(domain.members)} actors",
                    below_hard_limit=True,
                )

    @property
    def leader(self) -> int | None:
        """The service that moves the clock: that of the first stepping domain."""
        domains = self._executable.domains
        return next((i for i, d in enumerate(domains) if not d.is_async), None)

    @property
    def reporting(self) -> set[int]:
        """The services that say when a run has ended: the leader, and all free-running ones."""
        domains = self._executable.domains
        return {i for i, d in enumerate(domains) if d.is_async or i == self.leader}

    def pipe_of(self, party: int) -> Pipe:
        """The pipe of the service that watches over an actor."""
        return self.pipes[self._pipe_index[party]]

    def launch(self) -> None:
        """Start all services; they report through their pipes."""
        if self._in_threads:
            self._launch_threads(self._service_plans(ProgramPlan()))
            return
        from lava_actor.runtime.start import launcher as launchers

        program = self._survey.plan()
        launcher = launchers.warm(program.needed) or launchers.ensure()
        may_stay = launchers.most_warm() > 0 and not isinstance(launcher, launchers.WarmLauncher)
        plans = self._service_plans(program, may_stay=may_stay)
        launcher.preload(library_modules(self._executable.actors))
        assert self._arena is not None
        values = [] if self._values is None or self._values.fd is None else [self._values.fd]
        for plan, theirs in zip(plans, self._theirs, strict=True):
            fds = [theirs.fileno(), self._arena.fd, self._wake_up, *values, *self._record_files()]
            launcher.order(plan, fds)
            theirs.close()
        self._theirs = []
        self.services.expect(launcher)
        if self._values is not None:
            self._values.close()
        self._parcels = []

    def _record_files(self) -> list[int]:
        return [] if self.records is None else self.records.fds

    def tell_program(self, index: int, wanted: list[Key]) -> None:
        """Send a service what differs from what it has imported."""
        packed = self._survey.pack(wanted)
        with contextlib.suppress(PipeEnded):  # met again, and told, by who waits for it
            self.pipes[index].send("program", packed)

    def _service_plans(self, program: ProgramPlan, *, may_stay: bool = False) -> list[ServicePlan]:
        executable = self._executable
        turn_of = {m: plan for plan in executable.turns for m in plan.members}
        clock = executable.arena.domains[words.CLOCK]
        where = surroundings()
        n_actors = len(executable.actors)
        policy = choose_policy(n_actors)
        served = tuple(
            (actor.party, server.request_ring)
            for actor in executable.actors
            for server in actor.var_servers
        )
        plans = []
        stepping = 0
        for index, domain in enumerate(executable.domains):
            actors = tuple(
                ActorStart(
                    party=actor.party,
                    name=actor.name,
                    model=actor.model_name,
                    parcel=self._parcels[actor.party] if self._parcels else Parcel(b""),
                    turns=turn_of.get(actor.party),
                    cleans_up=actor.phases.cleans_up,
                )
                for actor in executable.actors
                if actor.party in domain.members
            )
            plans.append(
                ServicePlan(
                    name=domain.name,
                    index=stepping if not domain.is_async else 0,
                    is_async=domain.is_async,
                    leads=index == self.leader,
                    watches=index == (self.leader or 0),
                    alone=len(executable.domains) == 1,
                    actors=actors,
                    schedule=executable.schedule,
                    arena=executable.arena,
                    runtime_party=len(executable.arena.parties) - 1,
                    clock_parties=clock,
                    n_actors=n_actors,
                    external_parties=tuple(e.party for e in executable.externals),
                    served_rings=served,
                    wait_policy=policy,
                    surroundings=where,
                    program=program,
                    may_stay=may_stay and index == 0,
                    n_recordings=len(executable.recordings),
                    n_record_files=len(self._record_files()),
                )
            )
            stepping += not domain.is_async
        return plans

    def _launch_threads(self, plans: list[ServicePlan]) -> None:
        from lava_actor.runtime.service.service import Service
        from lava_actor.runtime.start.hosts import ThreadHost
        from lava_actor.runtime.start.launcher_main import run_actor

        assert self._arena is not None
        actors = {actor.party: actor for actor in self._executable.actors}
        loads: dict[int, Any] = {
            party: partial(specify, plan, self._seeds[party]) for party, plan in actors.items()
        }
        for plan, theirs in zip(plans, self._theirs, strict=True):
            body: Any = partial(
                run_actor, plan, self._arena, self._wake_up, loads, (), records=self.records
            )
            service = Service(plan, self._arena, theirs, self._wake_up, ThreadHost(body))
            thread = threading.Thread(
                target=service.main, name=f"RuntimeService {plan.name}", daemon=True
            )
            thread.start()
            self._threads.append(thread)
        self._theirs = []

    def close(self) -> None:
        """Close everything; services end when their pipes do, at the latest."""
        if self._arena is not None:
            self._arena.abort(1)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(5.0)
        for pipe in (*self.pipes, *self._theirs):
            pipe.close()
        if self._wake_up >= 0:
            os.close(self._wake_up)
            self._wake_up = -1
        if self._values is not None:
            self._values.close()
        self.services.finish()
        if self.records is not None:
            self.records.settle()
