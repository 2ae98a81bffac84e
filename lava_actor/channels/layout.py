"""Where everything lies in the arena: plain data, computed once, printed and tested anywhere.

The arena is one piece of shared memory::

    arena header | one block per party | one block per domain | ring, ring, ring ... | desk

and one ring is::

    write position, writer's counters | one cursor per reader | slot 0 ... slot depth-1

Blocks that different parties write to never share a cache line. The sizes below mirror the C
structs of ``control.h`` and ``ring.h``; the native module compares both when it is imported.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.plain import plain

LINE = 128
ARENA_BYTES = 3 * LINE
PARTY_BYTES = 4 * LINE
DOMAIN_BYTES = 4 * LINE
RING_BYTES = 2 * LINE
CURSOR_BYTES = LINE
SLOT_HEADER_BYTES = 16

DESK_BYTES = 1 << 14
"""Of a network's desk: values up to about this size are asked for there (``desk.h``)."""

DEFAULT_DEPTH = 64
"""Messages a ring holds by default; programs may lean on it while the messages are small."""

DEFAULT_RING_BYTES = 1 << 20
"""Rings of big messages get fewer slots than `DEFAULT_DEPTH`, to stay below this."""

SMALL_DEPTH = 256
"""Messages a ring of small ones holds: a waiting party is woken once for half a ring."""

SMALL_RING_BYTES = 1 << 18
"""Rings get more slots than `DEFAULT_DEPTH` while they stay within this."""

_LARGE_PAYLOAD = 1024
_LARGE_SLOT = 2 << 20
_ALIGNMENT = 64
_SMALL_ALIGNMENT = 16
_KINDS = "biufc"
_INDEX_LIMIT = 2**31


@plain(frozen=True)
class RingRequest:
    """What the compiler asks for: one ring with one writer and any number of readers.

    Attributes
    ----------
    name : str
        What error messages and statistics call it, e.g. ``"lif.s_out"``.
    shape : tuple of int
        Shape of a message; sizes of zero are legal.
    dtype : str
        NumPy type of the elements (``np.dtype(...).str``); booleans and numbers only.
    events : bool
        True for sparse ports: a slot then holds up to ``size`` indices with values, in any order.
    depth : int or None
        Messages that fit before the writer waits; None chooses (see `default_depth`).
    writer : int
        Index of the party that writes.
    readers : tuple of int
        Index of the party behind each cursor; one party may own several.
    reader_names : tuple of str
        Name of each cursor, for messages.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    events: bool
    depth: int | None
    writer: int
    readers: tuple[int, ...]
    reader_names: tuple[str, ...]


@plain(frozen=True)
class RingPlan(RingRequest):
    """A request with its place: bytes per slot, offset in the arena, bytes in all."""

    depth: int
    index: int
    slot_bytes: int
    offset: int
    nbytes: int

    @property
    def size(self) -> int:
        """Number of elements of a message."""
        return math.prod(self.shape)

    @property
    def payload_offset(self) -> int:
        """Bytes from the start of a slot to its payload."""
        return payload_offset(self.payload_bytes)

    @property
    def payload_bytes(self) -> int:
        """Bytes a payload may take, whatever form the message travels in."""
        return payload_bytes(self.size, np.dtype(self.dtype).itemsize, self.events)


@plain(frozen=True)
class ArenaPlan:
    """The whole arena: who waits, who belongs together, and where each ring lies.

    Attributes
    ----------
    parties : tuple of str
        Name of each party, i.e. of each thing that waits.
    domains : tuple of tuple of int
        Member parties of each synchronisation domain.
    rings : tuple of RingPlan
        All rings, in the order of the requests.
    size : int
        Bytes of the arena.
    paced : tuple of int
        Parties that say up to which step they need not wait for the user's program; the horizon of
        their domain does not pass that step.
    away : frozenset of int
        Parties of other ranks: in another arena of the same plan, on another machine, or in this.
    elsewhere : frozenset of int
        Those of them that are on other machines.
    copies, copy : int
        Ranks that share the arena, and which of them this is: each has domains of its own.
    desk : int
        Bytes of the desk, which lies at the end; 0: there is none.
    """

    parties: tuple[str, ...]
    domains: tuple[tuple[int, ...], ...]
    rings: tuple[RingPlan, ...]
    size: int
    paced: tuple[int, ...] = ()
    away: frozenset[int] = frozenset()
    elsewhere: frozenset[int] = frozenset()
    desk: int = 0
    copies: int = 1
    copy: int = 0

    def shared(self, copies: int) -> ArenaPlan:
        """The same for several ranks of one machine.

        Each has domains of its own, and the last party, which counts the runs, of its own.
        """
        more = copies - 1
        shift = more * (PARTY_BYTES + len(self.domains) * DOMAIN_BYTES)
        return replace(
            self,
            parties=self.parties + self.parties[-1:] * more,
            rings=tuple(replace(ring, offset=ring.offset + shift) for ring in self.rings),
            size=self.size + shift,
            copies=copies,
        )

    def here(self, domain: int) -> tuple[int, ...]:
        """The members of a domain that are not away."""
        return tuple(member for member in self.domains[domain] if member not in self.away)

    def domain_offset(self, index: int) -> int:
        """Offset of the block of domain `index`, of those of this rank."""
        blocks = self.copy * len(self.domains) + index
        return ARENA_BYTES + len(self.parties) * PARTY_BYTES + blocks * DOMAIN_BYTES

    def largest_rings(self, count: int = 3) -> tuple[RingPlan, ...]:
        """Return the `count` rings that take most memory, the biggest first."""
        return tuple(sorted(self.rings, key=lambda ring: -ring.nbytes)[:count])

    def describe(self) -> str:
        """Return the plan as a table for people."""
        lines = [f"arena of {self.size} bytes"]
        lines += [f"  party {i}: {name}" for i, name in enumerate(self.parties)]
        lines += [
            f"  domain {i}: " + ", ".join(self.parties[member] for member in members)
            for i, members in enumerate(self.domains)
        ]
        for ring in self.rings:
            form = "events" if ring.events else "array"
            readers = ", ".join(
                f"{name} ({self.parties[party]})"
                for name, party in zip(ring.reader_names, ring.readers, strict=True)
            )
            lines.append(
                f"  ring {ring.index}: {ring.name} ({self.parties[ring.writer]}) -> "
                f"{readers or 'nobody'}; {form} {ring.shape} {ring.dtype}, "
                f"{ring.depth} slots of {ring.slot_bytes} bytes at {ring.offset}"
            )
        return "\n".join(lines)


def _round_up(value: int, step: int) -> int:
    return -(-value // step) * step


def values_offset(count: int) -> int:
    """Bytes from the start of a payload to the values that follow `count` 32-bit indices."""
    return _round_up(4 * count, _SMALL_ALIGNMENT)


def payload_bytes(size: int, itemsize: int, events: bool) -> int:
    """Return the bytes the payload of one message may take.

    An array ring only carries events when they are smaller than the array, an events ring must
    hold an index and a value for each of its `size` elements.
    """
    dense = size * itemsize
    return values_offset(size) + dense if events else dense


def payload_offset(payload: int) -> int:
    """Return where the payload starts: small ones share a cache line with the slot header."""
    return SLOT_HEADER_BYTES if payload <= _LARGE_PAYLOAD else _ALIGNMENT


def slot_bytes(size: int, itemsize: int, events: bool) -> int:
    """Return the bytes from one slot to the next; slots start on 64-byte boundaries."""
    payload = payload_bytes(size, itemsize, events)
    return _round_up(payload_offset(payload) + payload, _ALIGNMENT)


def default_depth(bytes_per_slot: int) -> int:
    """Return 256 while the ring stays within 256 KiB, 64 within 1 MiB, else what fits, at least 2.

    To be woken costs some microseconds, ten times what a step of a small model takes; in a deep
    ring more messages share that. How far a sender runs ahead of slow models, and so how soon a
    pause comes, is bounded by the lease of steps, not by the ring.

    A ring is gone through from slot to slot: a deep one pushes everything else out of the caches.
    With fewer than 4 slots, on the other hand, reader and writer work on the same cache lines at
    the same time, and pull them back and forth. Slots above 2 MiB do not stay in a cache anyway.
    """
    if SMALL_DEPTH * bytes_per_slot <= SMALL_RING_BYTES:
        return SMALL_DEPTH
    if DEFAULT_DEPTH * bytes_per_slot <= DEFAULT_RING_BYTES:
        return DEFAULT_DEPTH
    least = 4 if bytes_per_slot <= _LARGE_SLOT else 2
    return max(least, DEFAULT_RING_BYTES // bytes_per_slot)


def _checked_dtype(request: RingRequest) -> np.dtype:
    dtype = np.dtype(request.dtype)
    if dtype.kind not in _KINDS or not dtype.isnative:
        raise InvalidTypeError(
            f"ring {request.name!r}: expected booleans or numbers in native byte order, "
            f"got dtype {dtype!r}"
        )
    return dtype


def _check(request: RingRequest, n_parties: int) -> None:
    where = f"ring {request.name!r}"
    if any(extent < 0 for extent in request.shape):
        raise InvalidValueError(f"{where}: expected extents >= 0, got shape {request.shape}")
    if math.prod(request.shape) >= _INDEX_LIMIT:
        raise InvalidValueError(
            f"{where}: expected fewer than 2**31 elements, got shape {request.shape}"
        )
    if request.depth is not None and request.depth < 1:
        raise InvalidValueError(f"{where}: expected a depth of at least 1, got {request.depth}")
    if len(request.readers) != len(request.reader_names):
        raise InvalidValueError(
            f"{where}: expected one name per reader, got {len(request.readers)} readers "
            f"and {len(request.reader_names)} names"
        )
    for party in (request.writer, *request.readers):
        if not 0 <= party < n_parties:
            raise InvalidValueError(
                f"{where}: expected party indices below {n_parties}, got {party}"
            )


def plan_arena(
    parties: Sequence[str],
    domains: Iterable[Iterable[int]],
    rings: Iterable[RingRequest],
    paced: Iterable[int] = (),
    desk: int = 0,
) -> ArenaPlan:
    """Lay out an arena.

    Parameters
    ----------
    parties : sequence of str
        Names of everything that waits: actors, services, port ends in the user's interpreter.
    domains : iterable of iterable of int
        Member parties of each domain.
    rings : iterable of RingRequest
        The rings to place.
    paced : iterable of int
    desk : int
        See `ArenaPlan`.

    Returns
    -------
    ArenaPlan
        The same plan for the same arguments, always.

    Raises
    ------
    InvalidValueError
        If an index, a shape or a depth makes no sense.
    InvalidTypeError
        If a ring's dtype holds anything but booleans and numbers.
    """
    names = tuple(parties)
    groups = tuple(tuple(int(member) for member in members) for members in domains)
    for i, members in enumerate(groups):
        if len(set(members)) != len(members) or not all(0 <= m < len(names) for m in members):
            raise InvalidValueError(
                f"domain {i}: expected distinct party indices below {len(names)}, got {members}"
            )
    offset = ARENA_BYTES + len(names) * PARTY_BYTES + len(groups) * DOMAIN_BYTES
    placed = []
    for index, request in enumerate(rings):
        _check(request, len(names))
        dtype = _checked_dtype(request)
        shape = tuple(int(extent) for extent in request.shape)
        per_slot = slot_bytes(math.prod(shape), dtype.itemsize, request.events)
        depth = default_depth(per_slot) if request.depth is None else int(request.depth)
        control = RING_BYTES + len(request.readers) * CURSOR_BYTES
        nbytes = _round_up(control + depth * per_slot, LINE)
        placed.append(
            RingPlan(
                index=index,
                name=request.name,
                shape=shape,
                dtype=dtype.str,
                events=bool(request.events),
                depth=depth,
                writer=int(request.writer),
                readers=tuple(int(party) for party in request.readers),
                reader_names=tuple(request.reader_names),
                slot_bytes=per_slot,
                offset=offset,
                nbytes=nbytes,
            )
        )
        offset += nbytes
    return ArenaPlan(names, groups, tuple(placed), offset + desk, tuple(paced), desk=desk)
