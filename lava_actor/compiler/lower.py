"""Lowering: from a list of leaf Processes with models to rings, cursors and actor plans."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.channels.layout import ArenaPlan, RingRequest, plan_arena
from lava_actor.compiler.executable import (
    ActorPlan,
    ChannelPlan,
    EdgePlan,
    ExternalPlan,
    InPortPlan,
    OutPortPlan,
    RecordingPlan,
    RefPortPlan,
    VarPlan,
    VarServerPlan,
)
from lava_actor.errors import NetworkError
from lava_actor.model.declarations import declared
from lava_actor.model.phases import phase_table
from lava_actor.model.ports.out_port import PyOutPortVectorSparse
from lava_actor.process.ports import paths
from lava_actor.process.recording import Recording

if TYPE_CHECKING:
    from lava_actor.process.ports.ports import AbstractPort, InPort, OutPort, RefPort
    from lava_actor.process.process import AbstractProcess

#: Bytes in front of the payload of a RefPort message (command, status, dtype).
REMOTE_HEADER = 64

#: The last party of every arena holds the runtime's own words.
RUNTIME_PARTY = "runtime"


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
        compile_config: dict[str, Any],
    ) -> None:
        self.leaves = list(leaves)
        self.domain_of = domain_of
        self.depth = compile_config.get("pypy_channel_size")
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

    def run(self) -> list[ActorPlan]:
        """Lower everything; rings are complete only afterwards."""
        in_ports = {p: tuple(self._in_port(i) for i in p.in_ports.members) for p in self.leaves}
        out_ports = {p: tuple(self._out_port(o) for o in p.out_ports.members) for p in self.leaves}
        ref_ports = {p: tuple(self._ref_port(r) for r in p.ref_ports.members) for p in self.leaves}
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
                        for name, var in zip(
                            process.vars.member_names, process.vars.members, strict=True
                        )
                        if not isinstance(var, Recording)
                    ),
                    in_ports=in_ports[process],
                    out_ports=out_ports[process],
                    ref_ports=ref_ports[process],
                    var_servers=tuple(self.servers[process]),
                    var_ports=tuple(
                        (name, port.var.name)
                        for name, port in zip(
                            process.var_ports.member_names, process.var_ports.members, strict=True
                        )
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

    def plan(self, domains: Sequence[tuple[int, ...]], paced: Sequence[int]) -> ArenaPlan:
        """The arena for everything collected so far."""
        return plan_arena(
            (*self.party_names, RUNTIME_PARTY),
            tuple(domains),
            tuple(d.request() for d in self.drafts),
            paced,
        )

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

    def _paths_from_leaves(self, port: InPort) -> list[Any]:
        kept = []
        for path in paths.incoming_paths(port):
            source = path.source
            if source.process in self.party and source in source.process.out_ports:
                kept.append(path)
            else:
                warnings.warn(
                    f"{port_name(port)} is connected to {port_name(path.source)}, which nothing "
                    f"inside its Process drives; it is treated as unconnected",
                    stacklevel=2,
                )
        return kept

    def _warn_if_lossy(self, source: OutPort, destination: InPort) -> None:
        from_type = np.dtype(self.declared[source.process][source.name].d_type)
        to_type = np.dtype(self.declared[destination.process][destination.name].d_type)
        if from_type.kind == "c" and to_type.kind != "c":
            warnings.warn(
                f"{port_name(source)} sends {from_type}, but {port_name(destination)} is declared "
                f"{to_type}; the result is complex",
                stacklevel=2,
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

    def _ref_port(self, port: RefPort) -> RefPortPlan:
        process = port.process
        declaration = self.declared[process][port.name]
        shape = tuple(port.shape)
        found = paths.remote_paths(port)
        if not found:
            return RefPortPlan(port.name, declaration, shape)
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
        owner_type = self.declared[owner][var.name]
        index_map, forward, backward = _remote_transform(path)
        request, reply = self._remote_rings(port, declaration, owner_type, owner, var)
        self.servers[owner].append(
            VarServerPlan(port_name(port), var.name, self.party[process], request, reply)
        )
        return RefPortPlan(
            port.name,
            declaration,
            shape,
            owner=self.party[owner],
            var=var.name,
            var_shape=tuple(var.shape),
            request_ring=request,
            reply_ring=reply,
            index_map=index_map,
            forward=forward,
            backward=backward,
        )

    def _remote_rings(
        self, port: RefPort, declaration: Any, owner_type: Any, owner: AbstractProcess, var: Any
    ) -> tuple[int, int]:
        client, server = self.party[port.process], self.party[owner]
        size = int(np.prod(var.shape, dtype=np.int64))
        here = np.dtype(declaration.d_type).itemsize
        there = np.dtype(owner_type.d_type).itemsize if owner_type.d_type is not None else 8
        nbytes = REMOTE_HEADER + size * max(here, there, 8)
        rings = []
        for name, writer, reader, dtype in (
            (f"{port_name(port)}->{owner.name}.{var.name}", client, server, declaration.d_type),
            (f"{owner.name}.{var.name}->{port_name(port)}", server, client, owner_type.d_type),
        ):
            draft = _RingDraft(name, (nbytes,), np.dtype(np.uint8), writer)
            draft.depth = 8 if nbytes <= 128 * 1024 else 2
            draft.add_reader(reader, name)
            source, _, destination = name.partition("->")
            self.channels.append(
                ChannelPlan(
                    source, destination, len(self.drafts), tuple(var.shape), np.dtype(dtype).str
                )
            )
            rings.append(len(self.drafts))
            self.drafts.append(draft)
        return rings[0], rings[1]


def _leads_nowhere(port: AbstractPort, where: str) -> str:
    return (
        f"{port_name(port)} is a port of a leaf Process ({port.process.model_class.__qualname__} "
        f"runs it), but there is a connection {where}; only ports of hierarchical Processes pass "
        f"data on"
    )


def _transform(path: Any) -> tuple[np.ndarray | None, tuple[Any, ...]]:
    """Index map where the path is made of built-in virtual ports, functions otherwise."""
    if paths.is_index_map(path):
        return paths.index_map(path), ()
    return None, tuple(paths.functions(path))


def _remote_transform(path: Any) -> tuple[np.ndarray | None, tuple[Any, ...], tuple[Any, ...]]:
    if paths.is_index_map(path):
        return paths.index_map(path), (), ()
    return None, tuple(paths.functions(path)), tuple(paths.backward_functions(path))
