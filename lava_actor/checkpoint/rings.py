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
    from lava_actor.channels.layout import ArenaPlan, RingPlan
    from lava_actor.checkpoint.codec import Decoder, Encoder


def copy_of(arena: Arena) -> Arena:
    """A private copy of an arena; nobody else works in it."""
    fd = os.memfd_create("lava_actor-copy", os.MFD_CLOEXEC)
    try:
        size = arena.size
        os.ftruncate(fd, size)
        done = 0
        while done < size:
            piece = os.pread(arena.fd, min(size - done, 1 << 24), done)
            if not piece:
                raise CheckpointError("the arena is smaller than it says")
            if piece.count(0) != len(piece):  # leave holes where nothing was ever written
                os.pwrite(fd, piece, done)
            done += len(piece)
        return Arena.attach(fd, arena.plan)
    finally:
        os.close(fd)


def take(arena: Arena, encoder: Encoder) -> list[dict[str, Any]]:
    """Describe the content of all rings; ``arena`` is a copy and is emptied."""
    described = []
    for ring in arena.plan.rings:
        readers = [arena.reader(ring.index, cursor) for cursor in range(len(ring.readers))]
        waiting = [reader.available() for reader in readers]
        messages: list[Any] = []
        if waiting:
            slowest = readers[int(np.argmax(waiting))]
            messages = [_message(slowest) for _ in range(max(waiting))]
        described.append(
            {
                "name": ring.name,
                "shape": list(ring.shape),
                "dtype": ring.dtype,
                "waiting": waiting,
                "messages": [
                    {form: encoder.add(part, f"ring {ring.name}") for form, part in m.items()}
                    for m in messages
                ],
            }
        )
    return described


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
        for reader in readers:
            while reader.available():
                reader.skip()
        _send(said["messages"], arena, ring, decoder)
        for reader, waiting in zip(readers, said["waiting"], strict=True):
            while reader.available() > waiting:
                reader.skip()


def _send(messages: list[dict[str, Any]], arena: Arena, ring: RingPlan, decoder: Decoder) -> None:
    if not messages:
        return
    writer = arena.writer(ring.index)
    for message in messages:
        parts = {form: decoder.value(node) for form, node in message.items()}
        if "whole" in parts:
            writer.send(parts["whole"])
        else:
            writer.send_events(parts["values"], parts["indices"])
