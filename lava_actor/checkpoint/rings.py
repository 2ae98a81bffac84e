"""Messages in flight: what is queued in every ring, and who has read how much of it.

They are taken from a copy of the arena, so that nothing is consumed in the network itself. Putting
them back is sending again, before the first step, as the writer of each ring, and skipping at every
cursor what its reader had read already.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, cast

import numpy as np

from lava_actor.channels import Arena
from lava_actor.channels.interrupts import held
from lava_actor.errors import CheckpointError
from lava_actor.plain import plain

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from lava_actor.channels import RingReader, RingWriter
    from lava_actor.channels.layout import ArenaPlan, RingPlan
    from lava_actor.checkpoint.arrays import Said
    from lava_actor.checkpoint.codec import Decoder, Encoder

    class Message(TypedDict, total=False):
        """A message ``whole``, or else as events: ``values`` (None: all ones) and ``indices``."""

        whole: np.ndarray
        values: np.ndarray | None
        indices: np.ndarray


class Ends(Protocol):
    """Where rings are read and written on one machine of several."""

    def reader(self, ring: int, cursor: int) -> RingReader | None:
        """The reader at a cursor, None if nobody reads there."""

    def writer(self, ring: int) -> RingWriter:
        """Whoever writes the ring there."""


def _copy_of(arena: Arena) -> Arena:
    """A private copy of an arena; nobody else works in it."""
    fd = os.memfd_create("lava_actor-copy", os.MFD_CLOEXEC)
    try:
        os.ftruncate(fd, arena.size)
        for start in range(0, arena.size, 1 << 24):
            piece = os.pread(arena.fd, 1 << 24, start)
            if piece.count(0) != len(piece):  # leave holes where nothing was ever written
                os.pwrite(fd, piece, start)
        return Arena.attach(fd, arena.plan)
    finally:
        os.close(fd)


@plain
class Content:
    """What is in a ring: how many messages wait at every cursor, and the oldest that do first."""

    waiting: list[int]
    messages: list[Message]


def contents(arena: Arena, here: Collection[int] | None = None) -> list[Content]:
    """The content of all rings of a network that rests, as far as its readers are ``here``."""
    with held():  # an interrupt as the copy is made would leave it without an owner
        copy = _copy_of(arena)
        try:
            return [_content(copy, ring, here) for ring in copy.plan.rings]
        finally:
            copy.close()


def _content(arena: Arena, ring: RingPlan, here: Collection[int] | None) -> Content:
    readers = [
        arena.reader(ring.index, cursor) if here is None or party in here else None
        for cursor, party in enumerate(ring.readers)
    ]
    waiting = [0 if reader is None else reader.available() for reader in readers]
    count = max(waiting, default=0)
    reader = readers[waiting.index(count)] if count else None
    return Content(waiting, [] if reader is None else [_message(reader) for _ in range(count)])


def joined(parts: Sequence[list[Content]]) -> list[Content]:
    """The contents as found on several machines, of which each has some of the readers."""
    return [
        Content(
            [max(counts) for counts in zip(*(part.waiting for part in ring), strict=True)],
            max((part.messages for part in ring), key=len),
        )
        for ring in zip(*parts, strict=True)
    ]


def described(
    found: list[Content], plan: ArenaPlan, parts: Mapping[int, list[int] | None], encoder: Encoder
) -> list[Said]:
    """The contents as they are written into a file; ``parts`` are those of who writes them."""
    return [
        {
            "name": ring.name,
            "shape": list(ring.shape),
            "dtype": ring.dtype,
            "part": parts.get(ring.writer),
            "readers": list(ring.reader_names),
            "waiting": content.waiting,
            "messages": [
                {form: encoder.add(part, f"ring {ring.name}") for form, part in message.items()}
                for message in content.messages
            ],
        }
        for ring, content in zip(plan.rings, found, strict=True)
    ]


def read(said: list[Said], decoder: Decoder) -> list[Content]:
    """The contents that a file describes."""
    return [
        Content(ring["waiting"], [cast("Message", decoder.state(m)) for m in ring["messages"]])
        for ring in said
    ]


def places_in(whole: np.ndarray) -> np.ndarray:
    """Where a message of one dimension has bits that are not zero."""
    bits = whole.view(np.uint8).reshape(whole.size, -1).any(axis=1) if whole.size else whole != 0
    return np.flatnonzero(bits)


def _message(reader: RingReader) -> Message:
    """One message, whole if that says everything, else as events in their order."""
    values, indices = reader.peek_events()
    whole = reader.recv().reshape(-1)
    places = places_in(whole)
    same = np.array_equal(places, indices)
    if same and values is not None:
        same = whole[places].tobytes() == values.tobytes()
    if same and 4 * places.size >= whole.size:
        return {"whole": whole}
    return {"values": values, "indices": indices}


def check(said: list[Said], plan: ArenaPlan) -> None:
    """Refuse messages that do not fit the rings of a network.

    Raises
    ------
    CheckpointError
        It names the ring.
    """
    if len(said) != len(plan.rings):
        raise CheckpointError(f"expected {len(plan.rings)} rings, the file has {len(said)}")
    for one, ring in zip(said, plan.rings, strict=True):
        here = (list(ring.shape), ring.dtype, len(ring.readers))
        there = (one["shape"], one["dtype"], len(one["waiting"]))
        if here != there:
            raise CheckpointError(
                f"ring {ring.name}: expected shape, dtype and number of readers {here}, the file "
                f"has {there} for {one['name']}"
            )
        count = len(one["messages"])
        if max(one["waiting"], default=0) != count or min(one["waiting"], default=0) < 0:
            raise CheckpointError(f"ring {ring.name}: the number of messages makes no sense")
        if count > ring.depth:
            raise CheckpointError(
                f"ring {ring.name}: {count} messages are in flight and {ring.depth} fit; set "
                f"compile_config['pypy_channel_size'] to at least {count}"
            )


def put_back(
    found: list[Content],
    arena: Arena,
    here: Collection[int] | None = None,
    ends: Ends | None = None,
) -> None:
    """Fill the rings of a network whose actors rest; whatever was in them is dropped.

    On one machine of several, readers that are not ``here`` have none of it, and the ``ends`` that
    leave or come in there are those that others have.
    """
    ends = arena if ends is None else ends
    for content, ring in zip(found, arena.plan.rings, strict=True):
        left = [
            (cursor, count if here is None or ring.readers[cursor] in here else 0)
            for cursor, count in enumerate(content.waiting)
        ]
        readers = [(end, n) for cursor, n in left if (end := ends.reader(ring.index, cursor))]
        for end, _ in readers:
            _leave(end, 0)
        messages = content.messages if any(n for _, n in readers) else []
        into: Any = ends.writer(ring.index) if messages else None
        for message in messages:
            if "whole" in message:
                into.send(message["whole"])
            else:
                into.send_events(message["values"], message["indices"])
        for end, n in readers:
            _leave(end, n)


def _leave(reader: RingReader, count: int) -> None:
    """Skip messages until so many wait."""
    while reader.available() > count:
        reader.skip()
