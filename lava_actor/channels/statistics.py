"""What a ring end has done so far: the answer of every ``statistics()`` call."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RingStatistics:
    """One look at one end of a ring.

    Attributes
    ----------
    name : str
        Name of the ring, as planned.
    depth : int
        Number of messages the ring holds before its writer has to wait.
    slot_bytes : int
        Bytes between two slots.
    transferred : int
        Messages this end sent (writer) or took (reader).
    queued : int
        Messages written and not yet taken, by this reader or by the slowest one (writer).
    blocked : int
        How often this end had to wait for the other one.
    dense, events : int
        How many of the messages travelled as whole arrays and as events.
    spikes : int
        Events in messages that carried nothing but ones: what neurons send. Counted by the writer,
        zero for a reader.
    dropped : int
        Sends without effect because every reader had detached. Zero for a reader.
    """

    name: str
    depth: int
    slot_bytes: int
    transferred: int
    queued: int
    blocked: int
    dense: int
    events: int
    spikes: int = 0
    dropped: int = 0

    @property
    def sent(self) -> int:
        """Messages sent, when this is a writer's record."""
        return self.transferred

    @property
    def received(self) -> int:
        """Messages taken, when this is a reader's record."""
        return self.transferred
