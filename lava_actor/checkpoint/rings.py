"""Messages in flight: what is queued in every ring, and who has read how much of it.

They are taken from a copy of the arena, so that nothing is consumed in the network itself. Putting
them back is sending again, before the first step, as the writer of each ring, and skipping at every
cursor what its reader had read already.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.channels import Arena
from lava_actor.errors import CheckpointError

if TYPE_CHECKING:
    from lava_actor.channels import RingReader
    from lava_actor.channels.layout import ArenaPlan
    from lava_actor.checkpoint.codec import Decoder, Encoder


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


def take(arena: Arena, encoder: Encoder) -> list[dict[str, Any]]:
    """Describe the content of all rings of a network that rests."""
    copy = _copy_of(arena)
    try:
        return [_taken(copy, ring, encoder) for ring in copy.plan.rings]
    finally:
        copy.close()


def _taken(arena: Arena, ring: Any, encoder: Encoder) -> dict[str, Any]:
    readers = [arena.reader(ring.index, cursor) for cursor in range(len(ring.readers))]
    waiting = [reader.available() for reader in readers]
    count = max(waiting, default=0)
    messages = [_message(readers[waiting.index(count)]) for _ in range(count)]
    return {
        "name": ring.name,
        "shape": list(ring.shape),
        "dtype": ring.dtype,
        "waiting": waiting,
        "messages": [
            {form: encoder.add(part, f"ring {ring.name}") for form, part in message.items()}
            for message in messages
        ],
    }


def _message(reader: RingReader) -> dict[str, Any]:
    """One message, whole if that says everything, else as events in their order."""
    values, indices = reader.peek_events()
    whole = reader.recv().reshape(-1)
    bits = whole.view(np.uint8).reshape(whole.size, -1).any(axis=1) if whole.size else whole != 0
    places = np.flatnonzero(bits)
    same = np.array_equal(places, indices)
    if same and values is not None:
        same = whole[places].tobytes() == values.tobytes()
    if same and 4 * places.size >= whole.size:
        return {"whole": whole}
    return {"values": values, "indices": indices}


def check(described: list[dict[str, Any]], plan: ArenaPlan) -> None:
    """Refuse messages that do not fit the rings of a network.

    Raises
    ------
    CheckpointError
        It names the ring.
    """
    if len(described) != len(plan.rings):
        raise CheckpointError(f"expected {len(plan.rings)} rings, the file has {len(described)}")
    for said, ring in zip(described, plan.rings, strict=True):
        here = (list(ring.shape), ring.dtype, len(ring.readers))
        there = (said["shape"], said["dtype"], len(said["waiting"]))
        if here != there:
            raise CheckpointError(
                f"ring {ring.name}: expected shape, dtype and number of readers {here}, the file "
                f"has {there} for {said['name']}"
            )
        count = len(said["messages"])
        if max(said["waiting"], default=0) != count or min(said["waiting"], default=0) < 0:
            raise CheckpointError(f"ring {ring.name}: the number of messages makes no sense")
        if count > ring.depth:
            raise CheckpointError(
                f"ring {ring.name}: {count} messages are in flight and {ring.depth} fit; set "
                f"compile_config['pypy_channel_size'] to at least {count}"
            )


def put_back(described: list[dict[str, Any]], arena: Arena, decoder: Decoder) -> None:
    """Fill the rings of a network whose actors rest; whatever was in them is dropped."""
    for said, ring in zip(described, arena.plan.rings, strict=True):
        readers = [arena.reader(ring.index, cursor) for cursor in range(len(ring.readers))]
        _leave(readers, [0] * len(readers))
        writer: Any = arena.writer(ring.index) if said["messages"] else None
        for message in said["messages"]:
            parts = decoder.state(message)
            if "whole" in parts:
                writer.send(parts["whole"])
            else:
                writer.send_events(parts["values"], parts["indices"])
        _leave(readers, said["waiting"])


def _leave(readers: list[RingReader], waiting: list[int]) -> None:
    """Skip messages until so many wait for each reader."""
    for reader, count in zip(readers, waiting, strict=True):
        while reader.available() > count:
            reader.skip()
