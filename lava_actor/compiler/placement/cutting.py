"""Cutting: from the actors and rings of whole Processes to those of their parts.

Every ring of a cut Process becomes one per part. Who reads it gets a cursor in each of these, in
order, or, if it is a part itself, in those that hold something for its neurons. Where a part has to
read a message with more in it than what is for its neurons, the index map sends the rest one place
behind the end of what it receives.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from lava_actor.compiler.executable import (
    ActorPlan,
    ChannelPlan,
    EdgePlan,
    ExternalPlan,
    InPortPlan,
    Lowered,
    OutPortPlan,
    RefPortPlan,
    VarServerPlan,
)
from lava_actor.compiler.lower import REMOTE_HEADER, RingDraft
from lava_actor.compiler.parts import CutPlan, PartPlan, Placement, part_name
from lava_actor.protocol.rows import Rows

_Place = tuple[int, int]  # ring and cursor


def cut(whole: Lowered, placement: Placement) -> Lowered:
    """Rewrite a network so that every cut Process has an actor per part."""
    if not placement.cuts:
        return whole
    return _Cutting(whole, {c.party: c for c in placement.cuts}).run()


class _Cutting:
    def __init__(self, whole: Lowered, cuts: Mapping[int, CutPlan]) -> None:
        self.whole = whole
        self.cuts = cuts
        self.first: list[int] = []  # the new party of the first part of every old one
        parties: list[str] = []
        for party, name in enumerate(whole.parties):
            self.first.append(len(parties))
            parties += self._names(party, name)
        self.parties = tuple(parties)
        self.pieces: list[RingDraft] = []
        self.of_ring: list[list[int]] = []
        self.links: dict[tuple[int, str], list[ChannelPlan]] = {}
        self.old_links = {(c.ring, c.destination): c for c in whole.channels}
        self._divide_rings()

    def run(self) -> Lowered:
        """Rewrite everything."""
        externals = [self._external(plan) for plan in self.whole.externals]
        actors = [part for plan in self.whole.actors for part in self._parts_of(plan)]
        return Lowered(
            tuple(self._with_tap_readers(actor) for actor in actors),
            tuple(piece.finished() for piece in self.pieces),
            tuple(
                link
                for channel in self.whole.channels
                for link in self.links.pop((channel.ring, channel.destination), ())
            ),
            self.parties,
            tuple(externals),
        )

    def _names(self, party: int, name: str) -> list[str]:
        plan = self.cuts.get(party)
        if plan is None:
            return [name]
        return [part_name(name, k, len(plan.parts)) for k in range(len(plan.parts))]

    # -- rings ------------------------------------------------------------------------------

    def _divide_rings(self) -> None:
        """Make the new rings; those of RefPorts that are served have their readers at once."""
        shapes: dict[int, tuple[int, ...]] = {}
        for party, plan in self.cuts.items():
            actor = self.whole.actors[party]
            shapes |= {p.ring: p.shape for p in actor.out_ports if p.ring is not None}
            sizes = {var.name: var.shape for var in actor.vars}
            shapes |= {t.ring: sizes[t.var] for t in actor.taps if t.var in plan.divided}
        served = {s.request_ring for a in self.whole.actors for s in a.var_servers}
        served |= {s.reply_ring for a in self.whole.actors for s in a.var_servers}
        for ring, request in enumerate(self.whole.rings):
            cut = self.cuts.get(request.writer)
            parts = [None] if cut is None or ring not in shapes else cut.parts
            names = self._names(request.writer, self.whole.parties[request.writer])
            start = len(self.whole.parties[request.writer])
            self.of_ring.append([])
            for number, rows in enumerate(parts):
                new = replace(request, writer=self.first[request.writer] + number)
                if rows is not None:
                    shape = rows.shape(shapes[ring])
                    if request.shape != shapes[ring]:  # bytes of a tap
                        per = (request.shape[0] - REMOTE_HEADER) // math.prod(shapes[ring])
                        shape = (REMOTE_HEADER + per * math.prod(shape),)
                    new = replace(new, shape=shape, name=names[number] + request.name[start:])
                piece = RingDraft(new, rows)
                if ring in served:
                    piece.readers = [self.first[party] for party in request.readers]
                    piece.reader_names = list(request.reader_names)
                self.of_ring[ring].append(len(self.pieces))
                self.pieces.append(piece)
            if ring in served:
                self._keep_link(ring)

    def _new_ring(self, ring: int | None, number: int = 0) -> int | None:
        """What an old ring has become, or the ring of one part."""
        return None if ring is None else self.of_ring[ring][number]

    def _keep_link(self, ring: int) -> None:
        new = self.of_ring[ring][0]
        for key, channel in self.old_links.items():
            if channel.ring == ring:
                self.links[key] = [replace(channel, ring=new)]

    def _read(self, ring: int, cursor: int, piece: int, party: int, name: str) -> _Place:
        """A cursor in a new ring for who reads by an old cursor."""
        new, old_name = self.pieces[piece], self.whole.rings[ring].reader_names[cursor]
        place = piece, new.add_reader(party, name)
        channel = self.old_links.get((ring, old_name))
        if channel is not None:
            shape = channel.shape if new.rows is None else new.rows.shape(channel.shape)
            self.links.setdefault((ring, old_name), []).append(
                ChannelPlan(new.request.name, name, piece, shape, channel.dtype)
            )
        return place

    def _read_all(self, ring: int, cursor: int) -> tuple[_Place, ...]:
        """Cursors in all pieces of a ring for a reader that is not cut."""
        request = self.whole.rings[ring]
        party, name = self.first[request.readers[cursor]], request.reader_names[cursor]
        return tuple(self._read(ring, cursor, piece, party, name) for piece in self.of_ring[ring])

    def _external(self, plan: ExternalPlan) -> ExternalPlan:
        party, ring, cursor = self.first[plan.party], self.of_ring[plan.ring][0], plan.cursor
        if cursor is not None:
            cursor = self._read_all(plan.ring, cursor)[0][1]
        return replace(plan, party=party, ring=ring, cursor=cursor)

    # -- actors -----------------------------------------------------------------------------

    def _parts_of(self, plan: ActorPlan) -> Iterator[ActorPlan]:
        cut = self.cuts.get(plan.party)
        if cut is None:
            yield self._uncut(plan)
            return
        count = len(cut.parts)
        for number, rows in enumerate(cut.parts):
            name, party = part_name(plan.name, number, count), self.first[plan.party] + number
            yield replace(
                plan,
                party=party,
                name=name,
                vars=tuple(
                    replace(v, shape=rows.shape(v.shape), rows=rows) if v.name in cut.divided else v
                    for v in plan.vars
                ),
                in_ports=tuple(
                    self._in_port(port, rows, party, name)
                    if port.name in cut.divided
                    else self._whole_in_port(port, party, name)
                    for port in plan.in_ports
                ),
                out_ports=tuple(self._out_port(port, number, rows) for port in plan.out_ports),
                taps=tuple(
                    replace(tap, ring=self.of_ring[tap.ring][number])
                    for tap in plan.taps
                    if tap.var in cut.divided or number == 0
                ),
                part=PartPlan(number, count, rows),
            )

    def _uncut(self, plan: ActorPlan) -> ActorPlan:
        party = self.first[plan.party]
        return replace(
            plan,
            party=party,
            in_ports=tuple(self._whole_in_port(p, party, plan.name) for p in plan.in_ports),
            out_ports=tuple(replace(p, ring=self._new_ring(p.ring)) for p in plan.out_ports),
            ref_ports=tuple(self._ref_port(port) for port in plan.ref_ports),
            var_servers=tuple(self._var_server(server) for server in plan.var_servers),
            taps=tuple(replace(tap, ring=self.of_ring[tap.ring][0]) for tap in plan.taps),
        )


    def _out_port(self, port: OutPortPlan, number: int, rows: Rows) -> OutPortPlan:
        ring = self._new_ring(port.ring, number)
        return replace(port, shape=rows.shape(port.shape), ring=ring)

    def _var_server(self, plan: VarServerPlan) -> VarServerPlan:
        request, reply = self.of_ring[plan.request_ring][0], self.of_ring[plan.reply_ring][0]
        client = self.first[plan.client]
        return replace(plan, client=client, request_ring=request, reply_ring=reply)

    def _ref_port(self, port: RefPortPlan) -> RefPortPlan:
        return replace(
            port,
            owner=None if port.owner is None else self.first[port.owner],
            request_ring=self._new_ring(port.request_ring),
            reply_ring=self._new_ring(port.reply_ring),
            taps=tuple(place for old in port.taps for place in self._read_all(*old)),
        )

    def _with_tap_readers(self, actor: ActorPlan) -> ActorPlan:
        taps = (replace(t, readers=tuple(self.pieces[t.ring].readers)) for t in actor.taps)
        return replace(actor, taps=tuple(taps))

    # -- in-ports ---------------------------------------------------------------------------

    def _whole_in_port(self, port: InPortPlan, party: int, owner: str) -> InPortPlan:
        """A port that receives messages whole, from parts or not."""
        edges = []
        for edge in port.edges:
            first, *more = (
                self._read(edge.ring, edge.cursor, piece, party, f"{owner}.{port.name}")
                for piece in self.of_ring[edge.ring]
            )
            shape = self.whole.rings[edge.ring].shape
            ring, cursor = first
            edges.append(replace(edge, ring=ring, cursor=cursor, more=tuple(more), shape=shape))
        return replace(port, edges=tuple(edges))

    def _in_port(self, port: InPortPlan, rows: Rows, party: int, owner: str) -> InPortPlan:
        """The port of a part, which receives what is for its rows."""
        found = [self._edge(edge, rows, party, f"{owner}.{port.name}") for edge in port.edges]
        edges, spills = [edge for edge, _ in found], any(spilled for _, spilled in found)
        if spills:  # the sum has one place more than a message that comes as it is
            own = np.arange(rows.end - rows.first, dtype=np.int32)
            edges = [e if e.index_map is not None else replace(e, index_map=own) for e in edges]
        return replace(port, shape=rows.shape(port.shape), edges=tuple(edges), spills=spills)

    def _edge(self, edge: EdgePlan, rows: Rows, party: int, name: str) -> tuple[EdgePlan, bool]:
        """An edge for some rows, and whether it brings more than these.

        If it brings nothing at all, its smallest piece stays: the type of what a port receives
        follows from all that it is connected with.
        """
        size = math.prod(self.whole.rings[edge.ring].shape)
        goal = np.arange(size, dtype=np.int32) if edge.index_map is None else edge.index_map
        kept: list[int] = []
        maps: list[np.ndarray] = []
        for piece in self.of_ring[edge.ring]:
            own = self.pieces[piece].rows
            there = goal if own is None else goal[own.first : own.end]
            inside = (there >= rows.first) & (there < rows.end)
            if inside.any():
                kept.append(piece)
                maps.append(np.where(inside, there - rows.first, rows.end - rows.first))
        if not kept:
            kept = [min(self.of_ring[edge.ring], key=lambda p: self.pieces[p].request.shape)]
            count = math.prod(self.pieces[kept[0]].request.shape)
            maps = [np.full(count, rows.end - rows.first)]
        index_map = np.concatenate(maps).astype(np.int32)
        first, *more = (self._read(edge.ring, edge.cursor, p, party, name) for p in kept)
        n = rows.end - rows.first
        spills = bool((index_map == n).any())
        plain = index_map.size == n and np.array_equal(index_map, np.arange(n))
        source = edge.source if len(kept) > 1 else self.pieces[kept[0]].request.name
        own_map = None if plain else index_map
        return EdgePlan(*first, source, own_map, (), tuple(more), index_map.shape), spills
