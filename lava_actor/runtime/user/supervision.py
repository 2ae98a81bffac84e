"""The crew: everything a Runtime starts and must put away again.

Arena, wake-up event, one pipe per RuntimeService, and the services themselves: forked by the
launcher, or threads of this interpreter for `ActorType.Threading`. Some actors of a service that is
forked may be guests, in threads of this interpreter (`guests.py`).
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from lava_actor.channels import Arena, WaitPolicy, choose_policy
from lava_actor.channels.interrupts import held
from lava_actor.channels.memory import available_memory
from lava_actor.channels.pipe import Pipe, PipeEnded
from lava_actor.channels.records import RecordStore
from lava_actor.channels.wait import available_cores
from lava_actor.checkpoint import rings
from lava_actor.compiler.executable import THREAD
from lava_actor.errors import InvalidTypeError
from lava_actor.plain import plain
from lava_actor.process.hints import warn
from lava_actor.process.message_interface_enum import ActorType
from lava_actor.protocol import words
from lava_actor.runtime.start import descriptors
from lava_actor.runtime.start.environment import surroundings
from lava_actor.runtime.start.hosts import descriptors_for
from lava_actor.runtime.start.plan import ActorStart, ServicePlan
from lava_actor.runtime.start.processes import start_thread
from lava_actor.runtime.start.program import Key, ProgramPlan
from lava_actor.runtime.start.seeds import actor_seeds, root_seed
from lava_actor.runtime.start.serialize import Pack, library_modules, pack_actors, specify
from lava_actor.runtime.user.guests import Guests
from lava_actor.runtime.user.services import Attendance

if TYPE_CHECKING:
    from collections.abc import Callable

    from lava_actor.channels.layout import ArenaPlan
    from lava_actor.channels.statistics import RingStatistics
    from lava_actor.compiler.executable import ActorPlan, DomainPlan, Executable
    from lava_actor.errors import Failure
    from lava_actor.runtime.service.deadlock import Picture
    from lava_actor.runtime.start.serialize import ActorSpec
    from lava_actor.runtime.user.status import ActorStatus


#: Descriptors in this interpreter: arena, event, values, order, listener, recordings, perhaps a
#: launcher.
OWN_DESCRIPTORS = 14
#: Both ends of a pipe and the process; an end is closed once the service is ordered.
DESCRIPTORS_PER_SERVICE = 3


@plain(frozen=True)
class Post:
    """One service to be: over the actors of a sync domain, or over those of them on one rank."""

    rank: int
    domain: DomainPlan
    stepping: int
    """Number among the stepping domains; 0 for others."""
    members: tuple[int, ...]
    leads: bool
    """It moves the clock of its rank."""
    watches: bool


def posts_of(executable: Executable, ranks: Sequence[int]) -> list[Post]:
    """The services of a network whose actors are on these ranks (0: this interpreter's machine)."""
    posts: list[Post] = []
    for rank in sorted(set(ranks)):
        first, leader = len(posts), None
        stepping = 0
        for domain in executable.domains:
            members = tuple(m for m in domain.members if ranks[m] == rank)
            if members:
                leads = leader is None and not domain.is_async
                leader = len(posts) if leads else leader
                number = 0 if domain.is_async else stepping
                posts.append(Post(rank, domain, number, members, leads, watches=leads))
            stepping += not domain.is_async
        if leader is None and len(posts) > first:
            posts[first] = replace(posts[first], watches=True)
    return posts


@plain(frozen=True)
class Far:
    """What actors and rings of other machines are doing: by party, and by ring."""

    actors: Mapping[int, ActorStatus] = field(default_factory=dict)
    rings: Mapping[int, RingStatistics] = field(default_factory=dict)


def begin_after(arena: Arena, step: int) -> None:
    """Let the actors of an arena, which are not there yet, begin after a step.

    Of ranks that share it the first one says so for all actors, and each for its clock.
    """
    clock = arena.domain(words.CLOCK)
    clock.limit = words.NO_LIMIT
    if step:
        for member in arena.plan.domains[words.CLOCK] if arena.plan.copy == 0 else ():
            party = arena.party(member)
            party.step = party.done = party.ready = step
            party.turn = 4 * step + 4  # all stages of that step are behind it
        clock.fence = step
        clock.tell_far(step)
        clock.raise_horizon(step)


def _households(actors: Iterable[ActorPlan]) -> list[int]:
    """How many actors each of their processes has."""
    shared = Counter(actor.worker for actor in actors)
    return [1] * shared.pop(None, 0) + list(shared.values())


class Crew:
    """Starts the services of one network.

    Parameters
    ----------
    executable : Executable
    actor_type : ActorType
    ranks : sequence of int, optional
        Where each actor lives; none: all of them here.
    """

    def __init__(
        self, executable: Executable, actor_type: ActorType, ranks: Sequence[int] = ()
    ) -> None:
        self._executable = executable
        self._in_threads = actor_type == ActorType.Threading
        self._ranks = tuple(ranks) or (0,) * len(executable.actors)
        self.posts = posts_of(executable, self._ranks)
        self._threads: list[threading.Thread] = []
        self._theirs: list[Pipe] = []
        self._wake_up = -1
        self._packs: dict[int, Pack] = {}
        self._guests: Guests | None = None
        self.root_seed = 0
        self._seeds: list[int] = []
        self.pipes: list[Pipe] = []
        self.services = Attendance(sum(post.rank == 0 for post in self.posts))
        self._arena: Arena | None = None
        self.records: RecordStore | None = None
        self._pipe_index: dict[int, int] = {}

    def prepare(self, step: int = 0) -> Arena:
        """Reserve the arena, as it is after a step, and pack the models; nothing is running yet."""
        descriptors.keep_standard_ones()
        executable = self._executable
        self.root_seed = root_seed(executable.compile_config)
        members = executable.process_list
        seeds = actor_seeds(self.root_seed, [process.name for process in members])
        of_process = dict(zip(members, seeds, strict=True))
        self._seeds = [of_process[actor.process] for actor in executable.actors]
        if not self._in_threads:
            for rank in sorted(set(self._ranks)):
                here = self._actors_on(rank)
                self._packs[rank] = pack_actors(here, [self._seeds[a.party] for a in here])
                self._move_to_threads(self._packs[rank].stays)
        self._require_descriptors()
        with held():
            self._arena = Arena.create(self.arena_of(0), self._arena_cores())
            if n := len(executable.recordings):
                memory = int(executable.compile_config["recording_memory"])
                if (free := available_memory()) is not None:  # what is more goes to a file
                    memory = min(memory, free // 2)
                self.records = RecordStore.create(n, memory)
            self._wake_up = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        begin_after(self._arena, step)
        for index, post in enumerate(self.posts):
            with held():
                ours, theirs = Pipe.pair()
                self.pipes.append(ours)
                self._theirs.append(theirs)
            for member in post.members:
                self._pipe_index[member] = index
        return self._arena

    def arena_of(self, rank: int) -> ArenaPlan:
        """The arena as it is on a rank: those who live on others are away."""
        away = frozenset(party for party, there in enumerate(self._ranks) if there != rank)
        return replace(self._executable.arena, away=away)

    def _move_to_threads(self, stays: Mapping[int, str]) -> None:
        """Let actors of which something cannot be sent live in this interpreter, and say so.

        Raises
        ------
        InvalidTypeError
            If one of them, or who was said to live here, is placed on another rank.
        """
        for actor in self._executable.actors:
            who = f"{actor.name} ({actor.model_name})"
            why = stays.get(actor.party, "")
            if (why or actor.host == THREAD) and (rank := self._ranks[actor.party]):
                raise InvalidTypeError(
                    f"{who} cannot be sent to rank {rank}: "
                    f"{why or 'it is to run in a thread of this interpreter'}. Keep it on this "
                    f"one: compile_config={{'ranks': {{{actor.process.name!r}: 0}}}}"
                )
            if why:
                warn(
                    f"{who} runs in a thread of this interpreter, because it cannot be sent to a "
                    f"process of its own: {why}. To say that it may: "
                    f"compile_config={{'threads': [{actor.process.name!r}]}}; to change it: make "
                    f"the object in the model's constructor"
                )
        self._executable.move_to_threads(stays)

    def _require_descriptors(self) -> None:
        """Refuse at once what would fail half-way."""
        here = [post for post in self.posts if post.rank == 0]
        inside = 2 * sum(actor.host == THREAD for actor in self._executable.actors)
        if self._in_threads:
            inside = sum(2 * len(post.members) + 2 for post in here)
        own = OWN_DESCRIPTORS + DESCRIPTORS_PER_SERVICE * len(self.posts)
        descriptors.require(own + inside, "this network")
        for post in here if not self._in_threads else ():
            needs = descriptors_for(_households(self._executable.actors[m] for m in post.members))
            who = f"the service of {len(post.members)} actors"
            descriptors.require(needs, who, below_hard_limit=True)

    @property
    def n_ranks(self) -> int:
        """On how many ranks something lives; the user's program does on the first."""
        return len({0, *self._ranks})

    @property
    def leaders(self) -> set[int]:
        """The services that move a clock: that of the first stepping domain, on every rank."""
        return {i for i, post in enumerate(self.posts) if post.leads}

    @property
    def reporting(self) -> set[int]:
        """The services that say when a run has ended: leaders, and all free-running ones."""
        return {i for i, post in enumerate(self.posts) if post.domain.is_async or post.leads}

    @property
    def watchers(self) -> set[int]:
        """The services that look for deadlocks: one on every rank."""
        return {i for i, post in enumerate(self.posts) if post.watches}

    def pipe_of(self, party: int) -> Pipe:
        """The pipe of the service that watches over an actor."""
        return self.pipes[self._pipe_index[party]]

    def launch(self) -> None:
        """Start all services; they report through their pipes."""
        if self._in_threads:
            self._launch_threads([self._service_plan(post, ProgramPlan()) for post in self.posts])
            return
        for rank, pack in self._packs.items():
            ends = [(index, post) for index, post in enumerate(self.posts) if post.rank == rank]
            self._launch_on(rank, pack, ends)
        for theirs in self._theirs:
            theirs.close()
        self._theirs = []
        for pack in self._packs.values():
            pack.writer.close()
        self._packs = {rank: replace(pack, parcels={}) for rank, pack in self._packs.items()}

    def _launch_on(self, rank: int, pack: Pack, posts: Sequence[tuple[int, Post]]) -> None:
        """Start the services of a rank, 0 here."""
        from lava_actor.runtime.start import launcher as launchers

        program = pack.survey.plan()
        launcher = launchers.warm(program.needed) or launchers.ensure()
        may_stay = launchers.most_warm() > 0 and not isinstance(launcher, launchers.WarmLauncher)
        launcher.preload(library_modules(self._actors_on(rank)))
        assert self._arena is not None
        values = [] if pack.writer.fd is None else [pack.writer.fd]
        guests = self._guests = Guests(self._arena, self._wake_up, self.records, self._loads())
        orders: dict[int, int] = {}
        for index, post in posts:
            plan = self._service_plan(post, program, may_stay=may_stay and index == 0)
            guests.invite(plan, self.pipes[index])
            theirs = self._theirs[index].fileno()
            fds = [theirs, self._arena.fd, self._wake_up, *values, *self._record_files()]
            orders[index] = launcher.order(plan, fds)
        self.services.expect(launcher, orders)
        guests.start()

    def _actors_on(self, rank: int) -> list[ActorPlan]:
        return [actor for actor in self._executable.actors if self._ranks[actor.party] == rank]

    def own_policy(self) -> WaitPolicy:
        """How a thread of this interpreter waits for actors, all of which are here."""
        return choose_policy(len(_households(self._executable.actors)) + 1, self._cores())

    def _cores(self) -> int | None:
        """How many cores there are for this network; None: all that this process may use."""
        return None

    def _arena_cores(self) -> int | None:
        """The same for all who share the arena."""
        return None

    def _record_files(self) -> list[int]:
        return [] if self.records is None else self.records.fds

    def tell_program(self, index: int, wanted: list[Key]) -> None:
        """Send a service what differs from what it has imported."""
        packed = self._packs[self.posts[index].rank].survey.pack(wanted)
        with contextlib.suppress(PipeEnded):  # met again, and told, by who waits for it
            self.pipes[index].send("program", packed)

    def _service_plan(
        self, post: Post, program: ProgramPlan, *, may_stay: bool = False
    ) -> ServicePlan:
        executable, rank = self._executable, post.rank
        turn_of = {m: plan for plan in executable.turns for m in plan.members}
        here = self._actors_on(rank)
        parcels = self._packs[rank].parcels if self._packs else {}
        served = tuple((a.party, s.request_ring) for a in executable.actors for s in a.var_servers)
        arena = self.arena_of(rank)
        n_processes, cores = len(_households(here)), self._cores() or available_cores()
        return ServicePlan(
            name=post.domain.name,
            index=post.stepping,
            is_async=post.domain.is_async,
            leads=post.leads,
            watches=post.watches,
            alone=len(self.posts) == 1,
            actors=tuple(
                ActorStart(
                    a.party, a.name, a.model_name, parcels.get(a.party), turn_of.get(a.party),
                    cleans_up=a.phases.cleans_up, home=executable.home_of(a),
                )
                for a in here
                if a.party in post.members
            ),
            schedule=executable.schedule,
            arena=arena,
            runtime_party=len(executable.arena.parties) - 1 + arena.copy,
            clock_parties=arena.here(words.CLOCK),
            n_actors=len(executable.actors),
            external_parties=tuple(e.party for e in executable.externals),
            served_rings=served,
            wait_policy=choose_policy(n_processes, cores),
            crowd=n_processes / cores,
            surroundings=surroundings(),
            program=program,
            may_stay=may_stay,
            n_recordings=len(executable.recordings) if rank == 0 else 0,
            n_record_files=len(self._record_files()) if rank == 0 else 0,
        )

    def _launch_threads(self, plans: list[ServicePlan]) -> None:
        from lava_actor.runtime.service.service import Service
        from lava_actor.runtime.start.hosts import ThreadHost
        from lava_actor.runtime.start.launcher_main import run_actors

        assert self._arena is not None
        loads = self._loads()
        for plan, theirs in zip(plans, self._theirs, strict=True):
            event, records = self._wake_up, self.records
            body = partial(run_actors, plan, self._arena, event, loads, (), records=records)
            service = Service(plan, self._arena, theirs, event, ThreadHost(body))
            self._threads.append(start_thread(f"RuntimeService {plan.name}", service.main))
        self._theirs = []

    def _loads(self) -> dict[int, Callable[[], ActorSpec]]:
        actors = self._executable.actors
        return {a.party: partial(specify, a, self._seeds[a.party]) for a in actors}

    def far(self) -> Far:
        """What is not to be seen in the arena, since it is on other machines."""
        return Far()

    def messages(self) -> list[rings.Content]:
        """What is in the rings; the actors rest."""
        assert self._arena is not None
        return rings.contents(self._arena)

    def put_messages(self, found: list[rings.Content]) -> None:
        """Fill the rings; the actors rest."""
        assert self._arena is not None
        rings.put_back(found, self._arena)

    @staticmethod
    def judge(_index: int, _answer: Picture) -> Failure | None:
        """A service says who waits, which is asked only where a network has several clocks.

        The listener's thread calls it, and must not keep alive what holds the network.
        """
        return None

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
        if self._guests is not None:
            self._guests.end()
        for pack in self._packs.values():
            pack.writer.close()
        self.services.finish()
        if self.records is not None:
            with contextlib.suppress(MemoryError):  # cannot be mapped: its files stay open instead
                self.records.settle()
