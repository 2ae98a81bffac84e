"""Lowering: from a list of leaf Processes with models to rings, cursors and actor plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

import numpy as np

from lava_actor.channels.layout import RingRequest
from lava_actor.compiler.executable import (
    ActorPlan,
    ChannelPlan,
    EdgePlan,
    ExternalPlan,
    InPortPlan,
    Lowered,
    OutPortPlan,
    RecordingPlan,
    RefPortPlan,
    TapPlan,
    VarPlan,
    VarServerPlan,
)
from lava_actor.compiler.taps import Access, clients_of, why_served
from lava_actor.compiler.turns import order_of
from lava_actor.errors import NetworkError
from lava_actor.model.phases import phase_table
from lava_actor.model.ports.out_port import PyOutPortVectorSparse
from lava_actor.model.ref_use import doing_more
from lava_actor.model.types import declared
from lava_actor.plain import plain
from lava_actor.process.collection import named
from lava_actor.process.hints import warn
from lava_actor.process.interfaces import where
from lava_actor.process.ports import paths
from lava_actor.process.recording import Recording
from lava_actor.protocol.rhythm import Rhythm
from lava_actor.protocol.rows import Rows

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from lava_actor.compiler.compiler import CompileConfig
    from lava_actor.model.types import LavaPyType
    from lava_actor.process import AbstractProcess
    from lava_actor.process.ports.paths import Function, Path
    from lava_actor.process.ports.ports import AbstractPort, InPort, OutPort, RefPort

#: Bytes in front of the value in a RefPort message (command or status, dtype, length).
REMOTE_HEADER = 64


@plain
class RingDraft:
    """A ring while its readers are being collected.

    ``rows`` are those of the writer's message that a part of it sends; None: all.
    """

    request: RingRequest
    rows: Rows | None = None
    readers: list[int] = field(default_factory=list)
    reader_names: list[str] = field(default_factory=list)

    def add_reader(self, party: int, name: str) -> int:
        """Return the cursor of one more reader."""
        self.readers.append(party)
        self.reader_names.append(name)
        return len(self.readers) - 1

    def finished(self) -> RingRequest:
        """The ring with its readers."""
        names = tuple(self.reader_names)
        return replace(self.request, readers=tuple(self.readers), reader_names=names)


class Lowering:
    """Collects rings while it walks over the ports of every leaf Process."""

    def __init__(
        self, leaves: Sequence[AbstractProcess], domain_of: dict[AbstractProcess, tuple[str, bool]],
        compile_config: CompileConfig,
    ) -> None:  # fmt: skip
        self.leaves = list(leaves)
        self.domain_of = domain_of
        self.depth = compile_config.get("pypy_channel_size")
        self.taps_on = bool(compile_config.get("taps", True))
        self.party = {process: index for index, process in enumerate(self.leaves)}
        self.party_names = [process.name for process in self.leaves]
        of_class = {cls: declared(cls) for cls in {p.model_class for p in self.leaves} if cls}
        self.declared = {
            p: cls._la_declared_for(p, of_class[cls]) for p in self.leaves if (cls := p.model_class)
        }
        self.drafts: list[RingDraft] = []
        self.ring_of: dict[OutPort, int] = {}
        self.channels: list[ChannelPlan] = []
        self.externals: list[ExternalPlan] = []
        self.n_recordings = 0
        self.servers: dict[AbstractProcess, list[VarServerPlan]] = {p: [] for p in self.leaves}
        self.taps: dict[AbstractProcess, dict[str, int]] = {p: {} for p in self.leaves}
        self.rhythm: dict[int, Rhythm] = {}  # ring of a tap: steps that some reader needs
        self.place: dict[int, int] = {}
        self.doing_more: dict[RefPort, str] = {}  # the member of a model that may write through it

    def run(self) -> Lowered:
        """Lower everything."""
        return Lowered(
            tuple(self._actors()), tuple(draft.finished() for draft in self.drafts),
            tuple(self.channels), tuple(self.party_names), tuple(self.externals),
        )  # fmt: skip

    def _actors(self) -> list[ActorPlan]:
        in_ports = {p: tuple(self._in_port(i) for i in p.in_ports.members) for p in self.leaves}
        out_ports = {p: tuple(self._out_port(o) for o in p.out_ports.members) for p in self.leaves}
        ref_ports = self._ref_ports()
        plans = []
        for process in self.leaves:
            domain, is_async = self.domain_of[process]
            types = self.declared[process]
            assert process.model_class is not None
            plans.append(
                ActorPlan(
                    party=self.party[process],
                    process=process,
                    name=process.name,
                    model_class=process.model_class,
                    domain=domain,
                    is_async=is_async,
                    phases=phase_table(process.model_class),
                    vars=tuple(
                        VarPlan(name, tuple(var.shape), types[name], var)
                        for name, var in named(process.vars)
                        if not isinstance(var, Recording)
                    ),
                    in_ports=in_ports[process],
                    out_ports=out_ports[process],
                    ref_ports=ref_ports[process],
                    var_servers=tuple(
                        sorted(self.servers[process], key=lambda s: self.place.get(s.client, -1))
                    ),
                    taps=tuple(
                        TapPlan(name, ring, self.rhythm[ring], tuple(self.drafts[ring].readers))
                        for name, ring in self.taps[process].items()
                    ),
                    var_ports=tuple(
                        (name, port.var.name)
                        for name, port in named(process.var_ports)
                        if name in types
                    ),
                    recordings=tuple(self._recordings(process)),
                )
            )
        return plans

    def _recordings(self, process: AbstractProcess) -> Iterator[RecordingPlan]:
        for var in process.vars.members:
            if isinstance(var, Recording):
                yield RecordingPlan(var.name, self.n_recordings, var.limits(), var)
                self.n_recordings += 1

    # -- message ports ----------------------------------------------------------------------

    def _ring_for(self, port: OutPort) -> int:
        ring = self.ring_of.get(port)
        if ring is None:
            process = port.process
            declaration = self.declared[process][port.name]
            depth = port.external_pipe_buffer_size if port.external_pipe_flag else self.depth
            events = issubclass(declaration.cls, PyOutPortVectorSparse)
            shape, party = tuple(port.shape), self.party[process]
            ring = self._new_ring(where(port), shape, declaration.d_type, party, depth, events)
            self.ring_of[port] = ring
        return ring

    def _new_ring(
        self, name: str, shape: tuple[int, ...], dtype: DTypeLike, writer: int, depth: int | None,
        events: bool = False,
    ) -> int:  # fmt: skip
        """The number of a new ring, which has no readers yet."""
        request = RingRequest(name, shape, np.dtype(dtype).str, events, depth, writer, (), ())
        self.drafts.append(RingDraft(request))
        return len(self.drafts) - 1

    def _in_port(self, port: InPort) -> InPortPlan:
        process = port.process
        if port.out_connections:
            raise NetworkError(_leads_nowhere(port, "out of it"))
        edges, found = [], self._paths_from_leaves(port)
        for path in sorted(found, key=lambda p: (p.source.process.id, p.source.name)):
            ring = self._ring_for(path.source)
            draft = self.drafts[ring]
            cursor = draft.add_reader(self.party[process], where(port))
            index_map, functions = _transform(path)
            sent = draft.request
            edges.append(EdgePlan(ring, cursor, sent.name, index_map, functions))
            self.channels.append(ChannelPlan(sent.name, where(port), ring, sent.shape, sent.dtype))
            self._warn_if_lossy(path.source, port)
        if port.external_pipe_flag:
            edges.append(self._external_input(port))
        declaration = self.declared[process][port.name]
        return InPortPlan(port.name, declaration, tuple(port.shape), tuple(edges))

    def _paths_from_leaves(self, port: InPort) -> list[Path]:
        kept = []
        for path in paths.incoming_paths(port):
            source = path.source
            if source.process in self.party and source in source.process.out_ports:
                kept.append(path)
            else:
                warn(
                    f"{where(port)} is connected to {where(path.source)}, which nothing "
                    f"inside its Process drives; it is treated as unconnected"
                )
        return kept

    def _warn_if_lossy(self, source: AbstractPort, destination: InPort) -> None:
        from_type = np.dtype(self.declared[source.process][source.name].d_type)
        to_type = np.dtype(self.declared[destination.process][destination.name].d_type)
        if from_type.kind == "c" and to_type.kind != "c":
            warn(
                f"{where(source)} sends {from_type}, but {where(destination)} is declared "
                f"{to_type}; the result is complex"
            )

    def _external_input(self, port: InPort) -> EdgePlan:
        party = self._new_party(f"external:{where(port)}")
        declaration = self.declared[port.process][port.name]
        name, depth = f"external->{where(port)}", port.external_pipe_buffer_size
        ring = self._new_ring(name, tuple(port.shape), declaration.d_type, party, depth)
        cursor = self.drafts[ring].add_reader(self.party[port.process], where(port))
        self.externals.append(ExternalPlan(port, party, ring, None))
        return EdgePlan(ring, cursor, name)

    def _out_port(self, port: OutPort) -> OutPortPlan:
        process = port.process
        if port.in_connections:
            raise NetworkError(_leads_nowhere(port, "into it"))
        if port.external_pipe_flag:
            party = self._new_party(f"external:{where(port)}")
            ring = self._ring_for(port)
            cursor = self.drafts[ring].add_reader(party, f"{where(port)}->external")
            self.externals.append(ExternalPlan(port, party, ring, cursor))
        declaration = self.declared[process][port.name]
        return OutPortPlan(port.name, declaration, tuple(port.shape), self.ring_of.get(port))

    def _new_party(self, name: str) -> int:
        self.party_names.append(name)
        return len(self.party_names) - 1

    # -- remote Vars ------------------------------------------------------------------------

    def _ref_ports(self) -> dict[AbstractProcess, tuple[RefPortPlan, ...]]:
        ports = {process: process.ref_ports.members for process in self.leaves}
        reached = [self._access(port) for members in ports.values() for port in members]
        accesses = {access.port: access for access in reached if access is not None}
        is_async = {self.party[p]: self.domain_of[p][1] for p in self.leaves}
        found = list(accesses.values())
        writing = {access.reader for access in found if not access.declared.reads_only}
        watching = {access.reader for access in found} - writing
        self.place = order_of(clients_of(found, is_async), watching)
        served = why_served(found, is_async, self.place, switched_on=self.taps_on)
        for port, more in self.doing_more.items():
            if not (is_async[accesses[port].owner] or is_async[accesses[port].reader]):
                served[port] = f"{more} may do more than self.{port.name}.read()"
        plans = {
            process: [self._ref_port(port, accesses.get(port), served) for port in members]
            for process, members in ports.items()
        }
        for members in plans.values():  # now it is known who else reads what is tapped
            for i, plan in enumerate(members):
                if plan.taps:
                    members[i] = replace(plan, rhythm=self.rhythm[plan.taps[0][0]])
        return {process: tuple(members) for process, members in plans.items()}

    def _access(self, port: RefPort) -> Access | None:
        found = paths.outgoing_paths(port)
        if not found:
            return None
        path = found[0]
        var = path.destination.var._target()
        owner = var.process
        if owner not in self.party:
            raise NetworkError(
                f"{where(port)} reaches {owner.name}.{var.name}, which no model holds: alias "
                f"the Var to a Var of a sub-process"
            )
        process = port.process
        declaration = self.declared[process][port.name]
        if not declaration.reads_only:
            more = doing_more(process.model_class, port.name)
            if more is None:
                declaration = replace(declaration, reads_only=True)
            else:
                self.doing_more[port] = more
        of_var = self.declared[owner][var.name]
        reader, owner = self.party[process], self.party[owner]
        return Access(port, declaration, reader, owner, var, of_var, path)

    def _ref_port(
        self, port: RefPort, access: Access | None, served: dict[RefPort, str]
    ) -> RefPortPlan:
        shape = tuple(port.shape)
        if access is None:
            return RefPortPlan(port.name, self.declared[port.process][port.name], shape)
        var = access.var
        index_map, forward = _transform(access.path)
        backward = paths.backward_functions(access.path) if forward else ()
        plan = RefPortPlan(
            port.name, access.declared, shape, owner=access.owner, var=var.name,
            var_shape=tuple(var.shape), index_map=index_map, forward=forward, backward=backward,
            served_because=served.get(port, ""),
        )  # fmt: skip
        if access.declared.reads_only and port not in served:
            return replace(plan, taps=(self._tap(access),))
        request, reply = self._remote_rings(access)
        free = self.domain_of[port.process][1]
        self.servers[var.process].append(
            VarServerPlan(where(port), var.name, access.reader, request, reply, free)
        )
        return replace(plan, request_ring=request, reply_ring=reply)

    def _tap(self, access: Access) -> tuple[int, int]:
        """The ring that a Var is published to, and a cursor for one more reader."""
        var, source, reader = access.var, where(access.var), where(access.port)
        nbytes = _message_bytes(access)
        taps = self.taps[var.process]
        if var.name not in taps:
            taps[var.name] = self._new_ring(source, (nbytes,), np.uint8, access.owner, self.depth)
        ring = taps[var.name]
        draft = self.drafts[ring]
        draft.request = replace(draft.request, shape=(max(nbytes, *draft.request.shape),))
        own = access.declared.rhythm
        self.rhythm[ring] = self.rhythm.get(ring, own).with_all_of(own)
        self.channels.append(_var_channel(access, source, reader, ring, access.var_declared))
        return ring, draft.add_reader(access.reader, reader)

    def _remote_rings(self, access: Access) -> tuple[int, int]:
        here, there = where(access.port), where(access.var)
        nbytes = _message_bytes(access)
        rings = []
        for source, destination, writer, reader, declaration in (
            (here, there, access.reader, access.owner, access.declared),
            (there, here, access.owner, access.reader, access.var_declared),
        ):
            name, depth = f"{source}->{destination}", 8 if nbytes <= 128 * 1024 else 2
            ring = self._new_ring(name, (nbytes,), np.uint8, writer, depth)
            self.drafts[ring].add_reader(reader, name)
            self.channels.append(_var_channel(access, source, destination, ring, declaration))
            rings.append(ring)
        return rings[0], rings[1]


def _message_bytes(access: Access) -> int:
    """Bytes of a message that carries the value of a Var, whatever dtype the model gives it."""
    size = int(np.prod(access.var.shape, dtype=np.int64))
    here = np.dtype(access.declared.d_type).itemsize
    of_var = access.var_declared.d_type
    there = np.dtype(of_var).itemsize if of_var is not None else 8
    return REMOTE_HEADER + size * max(here, there, 8)


def _var_channel(
    access: Access, source: str, destination: str, ring: int, declaration: LavaPyType
) -> ChannelPlan:
    dtype = np.dtype(declaration.d_type).str
    return ChannelPlan(source, destination, ring, tuple(access.var.shape), dtype)


def _leads_nowhere(port: AbstractPort, direction: str) -> str:
    return (
        f"{where(port)} is a port of a leaf Process ({port.process.model_class.__qualname__} "
        f"runs it), but there is a connection {direction}; only ports of hierarchical Processes "
        f"pass data on"
    )


def _transform(path: Path) -> tuple[np.ndarray | None, tuple[Function, ...]]:
    """Index map where the path is made of built-in virtual ports, functions otherwise."""
    if paths.is_index_map(path):
        return paths.index_map(path), ()
    return None, paths.functions(path)
