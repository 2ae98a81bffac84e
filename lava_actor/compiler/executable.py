"""The Executable: what a compiled network is, as plain data.

Nothing here has behaviour beyond describing itself. The runtime reads these records to lay out
the arena and to build every actor; tests read them to check the compiler without starting a
process; `Executable.describe` prints them for people.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lava_actor.compiler.circles import circles
from lava_actor.model.native import PortFacts, by_the_model, is_merged
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.plain import plain
from lava_actor.process.parameters import ProcessParameters
from lava_actor.process.tables import table
from lava_actor.protocol.rhythm import STEADY, Rhythm
from lava_actor.protocol.rows import Rows, one_for_all
from lava_actor.protocol.values import VarSlot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lava_actor.channels.layout import ArenaPlan, RingPlan, RingRequest
    from lava_actor.compiler.compiler import CompileConfig
    from lava_actor.compiler.parts import PartPlan, Placement
    from lava_actor.compiler.run_configs import RunConfig
    from lava_actor.compiler.snapshot import Snapshot
    from lava_actor.model.model import AbstractProcessModel
    from lava_actor.model.phases import PhaseTable
    from lava_actor.model.sync.domain import SyncDomain
    from lava_actor.model.types import LavaPyType
    from lava_actor.process import AbstractProcess, InPort, OutPort, Var
    from lava_actor.process.handles import RuntimeHandle
    from lava_actor.process.ports.paths import Function
    from lava_actor.process.recording import Recording

#: Where an actor lives: in a process of its own, or in a thread of the user's interpreter.
PROCESS, THREAD = "process", "thread"

#: Actors per core from which on `describe` says that they could share processes.
CROWD = 32


@plain(frozen=True)
class EdgePlan:
    """One path from an OutPort into an InPort: which ring, which cursor, how indices move.

    ``index_map`` holds the flat destination index of every flat source index (None: identity);
    ``functions`` is used instead when a custom virtual port is on the path. A Process that is cut
    sends its message in parts: ``more`` are the rings and cursors of all parts but the first, and
    ``shape`` is that of the message they make.
    """

    ring: int
    cursor: int
    source: str
    index_map: np.ndarray | None = None
    functions: tuple[Function, ...] = ()
    more: tuple[tuple[int, int], ...] = ()
    shape: tuple[int, ...] = ()

    @property
    def pieces(self) -> tuple[tuple[int, int], ...]:
        """Ring and cursor of every part of the message, in order."""
        return ((self.ring, self.cursor), *self.more)


@plain(frozen=True)
class PortPlan:
    """A port of a leaf Process, and what its model declares of it."""

    name: str
    declared: LavaPyType
    shape: tuple[int, ...]


@plain(frozen=True)
class InPortPlan(PortPlan):
    """An InPort of a leaf Process and everything that ends in it.

    ``spills``: index maps send what is for other parts of a Process one place behind the end.
    """

    edges: tuple[EdgePlan, ...]
    spills: bool = False


@plain(frozen=True)
class OutPortPlan(PortPlan):
    """An OutPort of a leaf Process; ``ring`` is None when nobody listens."""

    ring: int | None


@plain(frozen=True)
class RefPortPlan(PortPlan):
    """A RefPort of a leaf Process and the Var it reaches (None: unconnected).

    ``forward`` maps data from the RefPort to the Var, ``backward`` the other way round: an index
    map (flat destination index per flat source index, None: identity) or functions. Either the
    owner serves it (``request_ring``, ``reply_ring``, ``served_because``), or
    it is a tap (``taps``: ring and cursor of every part of the Var, in order), in the steps of
    ``rhythm``.
    """

    owner: int | None = None
    var: str | None = None
    var_shape: tuple[int, ...] = ()
    request_ring: int | None = None
    reply_ring: int | None = None
    index_map: np.ndarray | None = None
    forward: tuple[Function, ...] = ()
    backward: tuple[Function, ...] = ()
    taps: tuple[tuple[int, int], ...] = ()
    rhythm: Rhythm = STEADY
    served_because: str = ""

    @property
    def is_served(self) -> bool:
        """Whether the owner of the Var answers this port."""
        return self.request_ring is not None


@plain(frozen=True)
class TapPlan:
    """The owner's end of a tap: a Var, after which steps it is published, and to whom."""

    var: str
    ring: int
    rhythm: Rhythm
    readers: tuple[int, ...]


@plain(frozen=True)
class VarServerPlan:
    """The owner's end of one RefPort connection: requests for one Var from one actor.

    The servers of an actor come in the order in which their clients take turns; a client that is
    ``free`` has none, and asks between any two steps.
    """

    port: str
    var: str
    client: int
    request_ring: int
    reply_ring: int
    free: bool = False


@plain(frozen=True)
class VarPlan:
    """A Var of a leaf Process: identity, declared type and where its initial value is read.

    In a part of a Process, ``rows`` are those of the Var that are here; None: it is here whole.
    """

    name: str
    shape: tuple[int, ...]
    declared: LavaPyType
    var: Var
    rows: Rows | None = None

    def slot(self, owner: str) -> VarSlot:
        """The law for its values; ``owner`` is the name of its Process."""
        return VarSlot(self.declared, self.shape, f"{owner}.{self.name}")


@plain(frozen=True)
class RecordingPlan:
    """A recording that a model writes: its place among those of the network, and what it takes."""

    name: str
    number: int
    limits: dict[str, object]
    recording: Recording


@plain(frozen=True)
class ActorPlan:
    """Everything that is needed to build one model in one actor.

    ``part`` is None if the model is that of a whole Process. ``worker`` is the number of the
    process that it shares with others, None if it lives alone.
    """

    party: int
    process: AbstractProcess
    name: str
    model_class: type[AbstractProcessModel]
    domain: str
    is_async: bool
    phases: PhaseTable
    vars: tuple[VarPlan, ...]
    in_ports: tuple[InPortPlan, ...]
    out_ports: tuple[OutPortPlan, ...]
    ref_ports: tuple[RefPortPlan, ...]
    var_servers: tuple[VarServerPlan, ...]
    taps: tuple[TapPlan, ...]
    var_ports: tuple[tuple[str, str], ...]  # explicit VarPorts and their Vars
    recordings: tuple[RecordingPlan, ...] = ()
    part: PartPlan | None = None
    host: str = PROCESS
    worker: int | None = None

    @property
    def model_name(self) -> str:
        """Qualified name of the model class."""
        return self.model_class.__qualname__

    def inits(self) -> dict[str, object]:
        """The present initial values of the Vars, as far as they are for this actor."""
        return {var.name: self._own(var, var.var.init) for var in self.vars}

    def _own(self, var: VarPlan, value: object) -> object:
        where = f"{self.process.name}.{var.name}"
        if self.part is None:
            return value
        if var.rows is None:
            alike = cast(Any, self.model_class).cut.alike
            return value if var.name in alike else one_for_all(value, where)
        return var.rows.of(value, tuple(var.var.shape), where)

    def proc_params(self, inits: Mapping[str, object]) -> ProcessParameters:
        """The parameters of the Process; those that are Vars as far as they are for this actor.

        What is the same object as an initial value is so among ``inits``, too.
        """
        given: ProcessParameters = self.process.proc_params
        if self.part is None:
            return given
        own = dict(given._parameters)
        for var in self.vars:
            if var.rows is not None and var.name in own:
                same = own[var.name] is var.var.init
                own[var.name] = inits[var.name] if same else self._own(var, own[var.name])
        return ProcessParameters(own | self.parameters_of_part())

    def parameters_of_part(self) -> dict[str, object]:
        """What the present initial values of the whole Process tell the model of a part."""
        if self.part is None:
            return {}
        model = cast("type[PyLoihiProcessModel]", self.model_class)
        return model._la_parameters_of_parts(self.process)


@plain(frozen=True)
class TurnPlan:
    """Actors that reach into each other's Vars, in the order of their management phases.

    ``clients`` lists for every member the members that access its Vars.
    """

    members: tuple[int, ...]
    order: tuple[int, ...]
    clients: dict[int, tuple[int, ...]]
    uses_pre: bool
    uses_post: bool


@plain(frozen=True)
class ExternalPlan:
    """A port flagged as external pipe: its end in the user's interpreter."""

    port: InPort | OutPort
    party: int
    ring: int
    cursor: int | None  # None: the interpreter sends; otherwise its read cursor


@plain(frozen=True)
class DomainPlan:
    """A sync domain: one RuntimeService and the actors it watches over."""

    name: str
    protocol: str
    is_async: bool
    members: tuple[int, ...]


@plain(frozen=True)
class Schedule:
    """How steps are granted: in lockstep, or running ahead; ``reason`` says why."""

    lockstep: bool
    reason: str
    phase_barriers: bool


@plain(frozen=True)
class ChannelPlan:
    """One connection between two actors, for people and tests that count them."""

    source: str
    destination: str
    ring: int
    shape: tuple[int, ...]
    dtype: str


@plain(frozen=True)
class Lowered:
    """Actors, rings and connections of a network; ``parties``: the names of all who use rings."""

    actors: tuple[ActorPlan, ...]
    rings: tuple[RingRequest, ...]
    channels: tuple[ChannelPlan, ...]
    parties: tuple[str, ...]
    externals: tuple[ExternalPlan, ...]


@plain(repr=False)
class Executable:
    """A compiled network.

    Attributes
    ----------
    process_list : leaf Processes in creation order
    all_processes : leaf and hierarchical Processes in creation order
    actors : the plans of all actors in party order; several of a Process that is cut
    placement : into how many parts Processes are cut, and why others are not
    channel_builders : one ChannelPlan per connection, two per RefPort that is served
    sync_domains : the sync domains in order
    """

    process_list: list[AbstractProcess]
    all_processes: list[AbstractProcess]
    actors: tuple[ActorPlan, ...]
    placement: Placement
    channel_builders: list[ChannelPlan]
    sync_domains: list[SyncDomain]
    domains: tuple[DomainPlan, ...]
    schedule: Schedule
    turns: tuple[TurnPlan, ...]
    externals: tuple[ExternalPlan, ...]
    arena: ArenaPlan
    run_cfg: RunConfig
    compile_config: CompileConfig
    before: Snapshot | None = None  # how the Processes were before the network was expanded
    was_started: bool = False  # also where this is a copy, which has no runtime

    def assign_runtime_to_all_processes(self, runtime: RuntimeHandle) -> None:
        """Make ``runtime`` the runtime of every Process of the network, hierarchical ones too."""
        for process in self.all_processes:
            process.runtime = runtime
        self.was_started = True
        for plan in self.recordings:
            plan.recording.bind(runtime.records, plan.number)

    def forget(self) -> None:
        """Undo the compilation: every Process can be compiled again."""
        for process in self.all_processes:
            process._la_executable = None
        if self.before is not None:
            self.before.undo()

    def __repr__(self) -> str:
        """Which Processes, how many channels, how it steps; `describe` says all."""
        names = [process.name for process in self.process_list]
        how = "lockstep" if self.schedule.lockstep else "run-ahead"
        return (
            f"<Executable of {', '.join(names[:5])}{', …' if names[5:] else ''}: "
            f"{len(self.actors)} actors, {len(self.channel_builders)} channels, {how}>"
        )

    def _repr_html_(self) -> str:
        how = "in lockstep" if self.schedule.lockstep else "running ahead"
        out = {a.party: [p for p in a.out_ports if p.ring is not None] for a in self.actors}
        rows = [
            (a.name, a.model_name, a.domain, ", ".join(f"{p.name} {p.shape}" for p in out[a.party]))
            for a in self.actors
        ]
        title = f"Executable: {len(rows)} actors, {len(self.channel_builders)} channels, {how}"
        return table(title, ("Process", "model", "domain", "sends"), rows, "actors")

    @property
    def proc_builders(self) -> dict[AbstractProcess, ActorPlan]:
        """{leaf Process: its plan}; of one that is cut, the plan of its first part."""
        found: dict[AbstractProcess, ActorPlan] = {}
        for plan in self.actors:
            found.setdefault(plan.process, plan)
        return found

    @property
    def recordings(self) -> list[RecordingPlan]:
        """What all actors record."""
        return [plan for actor in self.actors for plan in actor.recordings]

    def move_to_threads(self, parties: Collection[int]) -> None:
        """Let actors live in threads of the user's interpreter."""
        self.actors = tuple(
            replace(plan, host=THREAD, worker=None) if plan.party in parties else plan
            for plan in self.actors
        )

    def home_of(self, plan: ActorPlan) -> int | None:
        """The party that sleeps for an actor and those with which it shares a worker."""
        first = len(self.arena.parties) - 1 - len(self.placement.homes)
        return None if plan.worker is None else first + plan.worker

    def _way_of(self, plan: ActorPlan) -> str:
        """How an actor does its steps."""
        if plan.is_async:
            return "free-running"
        model = plan.model_class
        assert issubclass(model, PyLoihiProcessModel)
        why = why_in_python(plan, self.arena.rings)
        if why is not None:
            return f"steps in Python: {why}"
        return ", but ".join(["steps natively", *by_the_model(plan.model_class).values()])

    def describe(self) -> str:
        """The whole network in readable lines."""
        how = "lockstep" if self.schedule.lockstep else "run-ahead"
        size = f"{len(self.actors)} actors, {len(self.arena.rings)} rings"
        lines = [f"{size}, arena of {self.arena.size} bytes"]
        lines += [f"steps: {how} ({self.schedule.reason})", *self.placement.describe()]
        ways = {plan.party: self._way_of(plan) for plan in self.actors}
        able = sum(ways[p.party] == "steps natively" and p.host != THREAD for p in self.actors)
        if not self.placement.workers and able >= CROWD * self.placement.cores:
            lines.append(
                f"{able} actors have a process each, of some 10 MB: with "
                f'compile_config={{"placement": "cores"}} they share {self.placement.cores}'
            )
        elif not self.placement.workers:
            native = [p.party for p in self.actors if ways[p.party] == "steps natively"]
            lines += [
                f"{len(group)} actors wait for each other in every step, in turns on "
                f"{self.placement.cores} cores: with "
                f'compile_config={{"placement": "cores"}} they share processes'
                for group in circles(native, self.arena.rings)
                if len(group) > self.placement.cores
            ]
        for domain in self.domains:
            lines.append(f"domain {domain.name} ({domain.protocol})")
            lines += [
                f"  actor {plan.party}: {plan.name} <- {plan.model_name}, {ways[plan.party]}"
                + ", in a thread of the user's interpreter" * (plan.host == THREAD)
                + f", in worker {plan.worker}" * (plan.worker is not None)
                for plan in self.actors
                if plan.party in domain.members
            ]
        lines += [
            f"channel {channel.source} -> {channel.destination} {channel.shape} {channel.dtype} "
            f"(ring {channel.ring})"
            for channel in self.channel_builders
        ]
        for actor in self.actors:
            lines += [
                f"tap {actor.name}.{tap.var}, after {tap.rhythm} (ring {tap.ring})"
                for tap in actor.taps
            ]
            lines += [
                f"{actor.name}.{port.name} "
                + ("only reads, but is no tap" if port.declared.reads_only else "takes turns")
                + f": {port.served_because}"
                for port in actor.ref_ports
                if port.served_because
            ]
        return "\n".join(lines)


def why_in_python(plan: ActorPlan, rings: Sequence[RingRequest | RingPlan]) -> str | None:
    """Why an actor that steps does so in Python; None: it does it natively."""
    ports = {}
    for inlet in plan.in_ports:
        own, edges, shape = inlet.declared, inlet.edges, inlet.shape
        channels = tuple(np.dtype(rings[edge.ring].dtype) for edge in edges)
        dtype = np.result_type(np.dtype(own.d_type), *channels)
        plain = not any(edge.functions for edge in edges)
        merges = any(is_merged(edge.index_map, math.prod(shape)) for edge in edges)
        ports[inlet.name] = PortFacts(own.cls, dtype, channels, shape, plain, merges)
    for port in plan.out_ports:
        sinks = () if port.ring is None else (np.dtype(rings[port.ring].dtype),)
        dtype = np.dtype(port.declared.d_type)
        ports[port.name] = PortFacts(port.declared.cls, dtype, sinks, port.shape)
    assert issubclass(plan.model_class, PyLoihiProcessModel)
    return plan.model_class._la_obstacle(ports) or plan.model_class._la_obstacle_in(plan.process)
