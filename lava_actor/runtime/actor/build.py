"""Building a model inside its actor: constructor, ports, then Vars (spec order)."""

from __future__ import annotations

import sys
from dataclasses import field
from typing import TYPE_CHECKING, Any

from lava_actor.channels import CspRecvPort, CspSendPort
from lava_actor.errors import RuntimeStateError
from lava_actor.kernels.steps import Tap, TapReader
from lava_actor.model.ports.in_port import Edge
from lava_actor.model.ports.rings import PartedRing
from lava_actor.model.ports.var_port import var_port_class
from lava_actor.model.types import first_value
from lava_actor.plain import plain
from lava_actor.process.log import logger_of, logger_of_models
from lava_actor.protocol import words
from lava_actor.runtime.actor.remote import (
    RemoteVar,
    TappedVar,
    VarServer,
    publisher,
)

if TYPE_CHECKING:
    from lava_actor.channels import Arena, RingReader, RingWriter
    from lava_actor.channels.records import RecordStore
    from lava_actor.model.py.base import AbstractPyProcessModel
    from lava_actor.runtime.start.serialize import ActorSpec


@plain
class BuiltModel:
    """A model with everything the actor needs to drive it and to let go of its peers."""

    model: AbstractPyProcessModel
    servers: list[VarServer] = field(default_factory=list)
    visited: list[VarServer] = field(default_factory=list)  # those whose clients have no turns
    taps: list[Tap] = field(default_factory=list)
    tapped: list[TapReader] = field(default_factory=list)
    writers: list[RingWriter] = field(default_factory=list)
    readers: list[RingReader] = field(default_factory=list)

    def close_rings(self) -> None:
        """Tell the peers that nothing more will be sent or read."""
        for writer in self.writers:
            writer.close()
        for reader in self.readers:
            reader.detach()


def build(
    spec: ActorSpec,
    arena: Arena,
    *,
    adopt: bool,
    in_phase: bool = False,
    records: RecordStore | None = None,
) -> BuiltModel:
    """Construct the model of ``spec`` with its ports and Vars.

    ``adopt``: initial arrays belong to this actor alone and may become the model's own.
    ``in_phase``: whether all meet before every phase.
    ``records``: where the model records, if it does.

    Raises whatever the model's constructor or the initial values raise.
    """
    plan = spec.plan
    model: Any = plan.model_class(spec.proc_params)
    if not hasattr(model, "var_id_to_var_map"):
        raise RuntimeStateError(
            f"{plan.model_class.__qualname__}.__init__: call super().__init__(proc_params) first"
        )
    built = BuiltModel(model)
    model.model_id = spec.process_id
    model._la_process_name = plan.name
    if model.log is logger_of_models(plan.model_class.__name__):  # and not the user's own
        model.log = logger_of(plan.name)  # as the Process was told to log (LogConfig)
    model._la_rng_seed = spec.seed
    if plan.part is not None:
        model._la_first_row = plan.part.rows.first
    _build_in_ports(spec, arena, built, in_phase)
    _build_out_ports(spec, arena, built)
    _build_remote_access(spec, arena, built)
    _build_vars(spec, model, adopt)
    for recording in plan.recordings:
        assert records is not None
        setattr(model, recording.name, records.recorder(recording.number, **recording.limits))
    return built


def _holders(inits: dict[str, object], name: str) -> int:
    """Count who refers to a value; how many of them are this call differs between Pythons."""
    return sys.getrefcount(inits[name])


_ALONE = _holders({"": object()}, "")
"""What is counted where only the dict refers to the value."""


def _build_vars(spec: ActorSpec, model: AbstractPyProcessModel, adopt: bool) -> None:
    part = spec.plan.part
    for var in spec.plan.vars:
        # Another Var, or a parameter, may be the same array.
        alone = adopt and _holders(spec.inits, var.name) <= _ALONE
        init = spec.inits[var.name]
        if part is None or part.rows.end - part.rows.first > 1:  # else it may be rows of more
            init = first_value(type(model), var.declared, init)
        value = var.slot(spec.plan.name).initial(init, adopt=alone)
        setattr(model, var.name, value)
        setattr(model, f"_{var.name}_p", var.declared.precision)
        model.var_id_to_var_map[spec.var_ids[var.name]] = var.name


def _build_in_ports(spec: ActorSpec, arena: Arena, built: BuiltModel, in_phase: bool) -> None:
    stepping = () if spec.plan.is_async else arena.plan.domains[words.CLOCK]
    for port in spec.plan.in_ports:
        edges = []
        for edge in port.edges:
            readers = []
            for index, cursor in edge.pieces:
                reader = arena.reader(index, cursor)
                if arena.plan.rings[index].writer in stepping:
                    reader.order(not in_phase)
                readers.append(reader)
            built.readers += readers
            source: Any = PartedRing(readers, edge.shape) if edge.more else readers[0]
            csp = CspRecvPort(source, edge.source)
            edges.append(Edge(csp, edge.index_map, edge.functions))
        made = port.declared.cls([], built.model, port.shape, port.declared.d_type)
        made.connect_edges(edges, spills=port.spills)
        setattr(built.model, port.name, made)


def _build_out_ports(spec: ActorSpec, arena: Arena, built: BuiltModel) -> None:
    for port in spec.plan.out_ports:
        csps = []
        if port.ring is not None:
            writer = arena.writer(port.ring)
            built.writers.append(writer)
            csps.append(CspSendPort(writer, port.name))
        made = port.declared.cls(csps, built.model, port.shape, port.declared.d_type)
        setattr(built.model, port.name, made)


def _build_remote_access(spec: ActorSpec, arena: Arena, built: BuiltModel) -> None:
    plan = spec.plan
    written: dict[tuple[int | None, str | None], RemoteVar] = {}
    for port in plan.ref_ports:
        made = port.declared.cls(None, None, built.model, port.shape, port.declared.d_type)
        made._reads_only, made._rhythm = port.declared.reads_only, port.declared.rhythm
        label = f"{plan.name}.{port.name}"
        if port.taps:
            rings = [arena.reader(*place) for place in port.taps]
            built.readers += rings
            made._remote = tapped = TappedVar(port, rings, label)
            built.tapped += tapped.taps
        elif port.request_ring is not None and port.reply_ring is not None:
            requests, replies = arena.writer(port.request_ring), arena.reader(port.reply_ring, 0)
            built.writers.append(requests)
            built.readers.append(replies)
            made._remote = RemoteVar(port, requests, replies, label, written)
        setattr(built.model, port.name, made)
    by_name = {var.name: var for var in plan.vars}
    for tap in plan.taps:
        writer = arena.writer(tap.ring)
        built.writers.append(writer)
        slot = by_name[tap.var].slot(plan.name)
        built.taps.append(publisher(built.model, slot, tap.var, writer, tap.rhythm))
    for server in plan.var_servers:
        requests_in = arena.reader(server.request_ring, 0)
        replies_out = arena.writer(server.reply_ring)
        built.readers.append(requests_in)
        built.writers.append(replies_out)
        slot = by_name[server.var].slot(plan.name)
        made = VarServer(
            built.model, slot, server.var, server.port, requests_in, replies_out, built.servers
        )
        built.servers.append(made)
        if server.free:
            built.visited.append(made)
    for name, var_name in plan.var_ports:
        # passive: requests are served by the VarServers; the object answers for itself only
        port_class = var_port_class(getattr(plan.model_class, name).cls)
        var = by_name[var_name]
        made = port_class(var_name, None, None, built.model, var.shape, var.declared.d_type)
        setattr(built.model, name, made)
