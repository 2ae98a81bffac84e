"""Lowering: from a list of leaf Processes with models to rings, cursors and actor plans."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
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
from lava_actor.model.ref_use import only_reads
from lava_actor.model.types import declared
from lava_actor.process.collection import named
from lava_actor.process.hints import warn
from lava_actor.process.ports import paths
from lava_actor.process.recording import Recording

if TYPE_CHECKING:
    from lava_actor.compiler.compiler import CompileConfig
    from lava_actor.model.types import LavaPyType
    from lava_actor.process import AbstractProcess, Var
    from lava_actor.process.ports.paths import Function, Path
    from lava_actor.process.ports.ports import AbstractPort, InPort, OutPort, RefPort

#: Bytes in front of the value in a RefPort message (command or status, dtype, length).
REMOTE_HEADER = 64


class _RingDraft:
    """A ring while its readers are being collected."""

    def __init__(self, name: str, shape: tuple[int, ...], dtype: np.dtype, writer: int) -> None:
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.writer = writer
        self.events = False
        self.depth: int | None = None
        self.readers: list[int] = []
        self.reader_names: list[str] = []

    def add_reader(self, party: int, name: str) -> int:
        self.readers.append(party)
        self.reader_names.append(name)
        return len(self.readers) - 1

    def request(self) -> RingRequest:
        return RingRequest(
            name=self.name,
            shape=self.shape,
            dtype=self.dtype.str,
            events=self.events,
            depth=self.depth,
            writer=self.writer,
            readers=tuple(self.readers),
            reader_names=tuple(self.reader_names),
        )


def port_name(port: AbstractPort) -> str:
    """``process.port``, the way people write it."""
    owner = port.process.name if port.process is not None else "?"
    return f"{owner}.{port.name}"


class Lowering:
    """Collects rings while it walks over the ports of every leaf Process."""

    def __init__(
        self,
        leaves: Sequence[AbstractProcess],
        domain_of: dict[AbstractProcess, tuple[str, bool]],
        compile_config: CompileConfig,
    ) -> None:
        self.leaves = list(leaves)
        self.domain_of = domain_of
        self.depth = compile_config.get("pypy_channel_size")
        self.taps_on = bool(compile_config.get("taps", True))
        self.party = {process: index for index, process in enumerate(self.leaves)}
        self.party_names = [process.name for process in self.leaves]
        of_class = {cls: declared(cls) for cls in {p.model_class for p in self.leaves} if cls}
        self.declared = {p: of_class[p.model_class] for p in self.leaves if p.model_class}
        self.drafts: list[_RingDraft] = []
        self.ring_of: dict[OutPort, int] = {}
        self.channels: list[ChannelPlan] = []
        self.externals: list[ExternalPlan] = []
        self.n_recordings = 0
        self.servers: dict[AbstractProcess, list[VarServerPlan]] = {p: [] for p in self.leaves}
        self.taps: dict[AbstractProcess, dict[str, int]] = {p: {} for p in self.leaves}
        self.rhythm: dict[int, int] = {}  # ring of a tap: steps that some reader needs
        self.place: dict[int, int] = {}

    def run(self) -> Lowered:
        """Lower everything."""
        return Lowered(
            tuple(self._actors()),
            tuple(draft.request() for draft in self.drafts),
            tuple(self.channels),
            tuple(self.party_names),
            tuple(self.externals),
        )

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
                        VarPlan(name, var.id, tuple(var.shape), types[name], var)
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
            draft = _RingDraft(
                port_name(port),
                tuple(port.shape),
                np.dtype(declaration.d_type),
                self.party[process],
            )
            draft.events = issubclass(declaration.cls, PyOutPortVectorSparse)
            draft.depth = self.depth
            ring = self.ring_of[port] = len(self.drafts)
            self.drafts.append(draft)
        return ring

    def _in_port(self, port: InPort) -> InPortPlan:
        process = port.process
        if port.out_connections:
            raise NetworkError(_leads_nowhere(port, "out of it"))
        edges = []
        found = sorted(
            self._paths_from_leaves(port), key=lambda p: (p.source.process.id, p.source.name)
        )
        for path in found:
            ring = self._ring_for(path.source)
            draft = self.drafts[ring]
            cursor = draft.add_reader(self.party[process], port_name(port))
            index_map, functions = _transform(path)
            edges.append(EdgePlan(ring, cursor, draft.name, index_map, functions))
            self.channels.append(
                ChannelPlan(draft.name, port_name(port), ring, draft.shape, draft.dtype.str)
            )
            self._warn_if_lossy(path.source, port)
        if port.external_pipe_flag:
            edges.append(self._external_input(port))
        return InPortPlan(
            port.name, self.declared[process][port.name], tuple(port.shape), tuple(edges)
        )

    def _paths_from_leaves(self, port: InPort) -> list[Path]:
        kept = []
        for path in paths.incoming_paths(port):
            source = path.source
            if source.process in self.party and source in source.process.out_ports:
                kept.append(path)
            else:
                warn(
                    f"{port_name(port)} is connected to {port_name(path.source)}, which nothing "
                    f"inside its Process drives; it is treated as unconnected"
                )
        return kept

    def _warn_if_lossy(self, source: AbstractPort, destination: InPort) -> None:
        from_type = np.dtype(self.declared[source.process][source.name].d_type)
        to_type = np.dtype(self.declared[destination.process][destination.name].d_type)
        if from_type.kind == "c" and to_type.kind != "c":
            warn(
                f"{port_name(source)} sends {from_type}, but {port_name(destination)} is declared "
                f"{to_type}; the result is complex"
            )

    def _external_input(self, port: InPort) -> EdgePlan:
        party = self._new_party(f"external:{port_name(port)}")
        declaration = self.declared[port.process][port.name]
        draft = _RingDraft(
            f"external->{port_name(port)}", tuple(port.shape), np.dtype(declaration.d_type), party
        )
        draft.depth = port.external_pipe_buffer_size
        ring = len(self.drafts)
        self.drafts.append(draft)
        cursor = draft.add_reader(self.party[port.process], port_name(port))
        self.externals.append(ExternalPlan(port.process.id, port.name, party, ring, None))
        return EdgePlan(ring, cursor, draft.name)

    def _out_port(self, port: OutPort) -> OutPortPlan:
        process = port.process
        if port.in_connections:
            raise NetworkError(_leads_nowhere(port, "into it"))
        if port.external_pipe_flag:
            party = self._new_party(f"external:{port_name(port)}")
            ring = self._ring_for(port)
            draft = self.drafts[ring]
            draft.depth = port.external_pipe_buffer_size
            cursor = draft.add_reader(party, f"{port_name(port)}->external")
            self.externals.append(ExternalPlan(process.id, port.name, party, ring, cursor))
        return OutPortPlan(
            port.name,
            self.declared[process][port.name],
            tuple(port.shape),
            self.ring_of.get(port),
        )

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
        self.place = order_of(
            clients_of(found, is_async), {access.reader for access in found} - writing
        )
        served = why_served(found, is_async, self.place, switched_on=self.taps_on)
        plans = {
            process: [self._ref_port(port, accesses.get(port), served) for port in members]
            for process, members in ports.items()
        }
        return {
            process: tuple(
                replace(p, tap_every=self.rhythm[p.taps[0][0]]) if p.taps else p for p in members
            )
            for process, members in plans.items()
        }

    def _access(self, port: RefPort) -> Access | None:
        found = paths.outgoing_paths(port)
        if not found:
            return None
        path = found[0]
        var = path.destination.var
        while var.aliased_var is not None:
            var = var.aliased_var
        owner = var.process
        if owner not in self.party:
            raise NetworkError(
                f"{port_name(port)} reaches {owner.name}.{var.name}, which no model holds: alias "
                f"the Var to a Var of a sub-process"
            )
        process = port.process
        declaration = self.declared[process][port.name]
        if not declaration.reads_only and only_reads(process.model_class, port.name):
            declaration = replace(declaration, reads_only=True)
        return Access(
            port,
            declaration,
            self.party[process],
            self.party[owner],
            var,
            self.declared[owner][var.name],
            path,
        )

    def _ref_port(
        self, port: RefPort, access: Access | None, served: dict[RefPort, str]
    ) -> RefPortPlan:
        shape = tuple(port.shape)
        if access is None:
            return RefPortPlan(port.name, self.declared[port.process][port.name], shape)
        var = access.var
        index_map, forward, backward = _remote_transform(access.path)
        plan = RefPortPlan(
            port.name,
            access.declared,
            shape,
            owner=access.owner,
            var=var.name,
            var_shape=tuple(var.shape),
            index_map=index_map,
            forward=forward,
            backward=backward,
            served_because=served.get(port, ""),
        )
        if access.declared.reads_only and port not in served:
            ring, cursor = self._tap(access)
            return replace(plan, taps=((ring, cursor),))
        request, reply = self._remote_rings(access)
        self.servers[var.process].append(
            VarServerPlan(port_name(port), var.name, access.reader, request, reply)
        )
        return replace(plan, request_ring=request, reply_ring=reply)

    def _tap(self, access: Access) -> tuple[int, int]:
        """The ring that a Var is published to, and a cursor for one more reader."""
        var, source, reader = access.var, _var_name(access.var), port_name(access.port)
        nbytes = _message_bytes(access)
        ring = self.taps[var.process].setdefault(var.name, len(self.drafts))
        if ring == len(self.drafts):
            draft = _RingDraft(source, (nbytes,), np.dtype(np.uint8), access.owner)
            draft.depth = self.depth
            self.drafts.append(draft)
        draft = self.drafts[ring]
        draft.shape = (max(nbytes, *draft.shape),)
        self.rhythm[ring] = math.gcd(self.rhythm.get(ring, 0), access.declared.every)
        self.channels.append(_var_channel(access, source, reader, ring, access.var_declared))
        return ring, draft.add_reader(access.reader, reader)

    def _remote_rings(self, access: Access) -> tuple[int, int]:
        here, there = port_name(access.port), _var_name(access.var)
        nbytes = _message_bytes(access)
        rings = []
        for source, destination, writer, reader, declaration in (
            (here, there, access.reader, access.owner, access.declared),
            (there, here, access.owner, access.reader, access.var_declared),
        ):
            name = f"{source}->{destination}"
            draft = _RingDraft(name, (nbytes,), np.dtype(np.uint8), writer)
            draft.depth = 8 if nbytes <= 128 * 1024 else 2
            draft.add_reader(reader, name)
            ring = len(self.drafts)
            self.channels.append(_var_channel(access, source, destination, ring, declaration))
            rings.append(ring)
            self.drafts.append(draft)
        return rings[0], rings[1]


def _var_name(var: Var) -> str:
    return f"{var.process.name}.{var.name}"


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


def _leads_nowhere(port: AbstractPort, where: str) -> str:
    return (
        f"{port_name(port)} is a port of a leaf Process ({port.process.model_class.__qualname__} "
        f"runs it), but there is a connection {where}; only ports of hierarchical Processes pass "
        f"data on"
    )


def _transform(path: Path) -> tuple[np.ndarray | None, tuple[Function, ...]]:
    """Index map where the path is made of built-in virtual ports, functions otherwise."""
    if paths.is_index_map(path):
        return paths.index_map(path), ()
    return None, tuple(paths.functions(path))


def _remote_transform(
    path: Path,
) -> tuple[np.ndarray | None, tuple[Function, ...], tuple[Function, ...]]:
    if paths.is_index_map(path):
        return paths.index_map(path), (), ()
    return None, tuple(paths.functions(path)), tuple(paths.backward_functions(path))
