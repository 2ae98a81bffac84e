"""Messages between ranks: out of a ring here, into the same ring there.

The arena of every rank has every ring, with the same cursors. Here is what a rank does with those
that cross its border:

* It wrote the ring: the first cursor of each other rank's readers is an `Exit`, which takes
  messages as they lie in their slots. Only so many of them are on the way, for what is on the way
  has not been read: a slow reader holds up the writer as it does on one machine, only later. They
  are more than the ring has slots, or the way there and back would set the pace.
* It reads the ring: the `Entry` puts messages, with their stamps, into the ring as its writer.

All other cursors that belong to actors elsewhere are detached before anybody begins: they hold up
nobody. A model that polls asks how far its sender has come (`la_has_reached`, ``control.h``). So
what a sender has completed crosses as well: behind the messages of that step, and it is believed
once these are in their rings. And no clock goes past the step for which an actor that waits for the
user is ready; how far that is crosses, too. So does what all who step on a machine have done: the
clocks keep together by that (`lease.py`).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lava_actor.checkpoint import rings
from lava_actor.protocol import words

if TYPE_CHECKING:
    from lava_actor.channels import Arena, Party, RingReader, RingWriter
    from lava_actor.channels.layout import RingPlan

#: (rank, item) to hand over.
Send = Callable[[int, tuple[object, ...]], None]

#: Bytes of messages of one ring that go in one piece, about.
PIECE_BYTES = 1 << 22


#: Messages of one ring that are on the way at most, while they are small.
MOST_ON_THE_WAY = 1024


#: Seconds between two words about what a writer has completed, if no message takes them along.
WORD_SECONDS = 0.0005

#: Seconds between two words about what all actors of a machine have done: part of a lease.
PACE_SECONDS = 0.001


def _room(ring: RingPlan) -> int:
    """Messages of a ring that may be on the way."""
    return max(int(ring.depth), min(MOST_ON_THE_WAY, PIECE_BYTES // ring.slot_bytes))


class Exit:
    """Where messages of a ring leave for another rank."""

    def __init__(self, ring: RingPlan, cursor: int, reader: RingReader, rank: int) -> None:
        self.ring = ring.index
        self.cursor = cursor
        self.writer = ring.writer
        self.reader = reader
        self.rank = rank
        self.room = _room(ring)
        self.most = max(1, PIECE_BYTES // ring.slot_bytes)


class Source:
    """A writer here, with the exits that its messages leave by."""

    def __init__(self, party: Party) -> None:
        self.party = party
        self.exits: list[Exit] = []
        self.told = 0
        self.next_word = 0.0


class Entry:
    """Where messages of a ring arrive from its writer's rank."""

    def __init__(self, ring: RingPlan, writer: RingWriter, rank: int) -> None:
        self.ring = ring.index
        self.party = ring.writer
        self.writer = writer
        self.rank = rank
        self.waiting: deque[tuple[bytes, int, int]] = deque()
        self.closing = False
        self.owed = 0  # messages that were placed, of which the other rank has not been told
        self.most_owed = _room(ring) // 4

    def place(self) -> int:
        """Put what waits into the ring, as far as there is room; how many messages that were."""
        placed = 0
        while self.waiting:
            data, start, count = self.waiting[0]
            n, start = self.writer.unpack(data, start, count)
            placed += n
            if n < count:
                self.waiting[0] = data, start, count - n
                break
            self.waiting.popleft()
        if self.closing and not self.waiting:
            self.closing = False
            self.writer.close()
        return placed


class Crossings:
    """All exits and entries of one network on one rank.

    Parameters
    ----------
    arena : Arena
        This rank's; nobody works in it yet.
    ranks : sequence of int
        Where each party lives.
    here : int
        This rank.
    send : callable
        Hands over an item to a rank.

    Attributes
    ----------
    sent, received : items that left here, and that came
    """

    def __init__(self, arena: Arena, ranks: Sequence[int], here: int, send: Send) -> None:
        self._arena = arena
        self._hand_over = send
        self.exits: list[Exit] = []
        self.entries: dict[int, Entry] = {}
        self.sent = self.received = 0
        self._sources: dict[int, Source] = {}
        self._reached: dict[int, int] = {}
        self._clock = arena.domain(words.CLOCK)
        self._others = set(ranks) - {here}
        self._paces = dict.fromkeys((ranks[m] for m in arena.plan.domains[words.CLOCK]), 0)
        self._steps_here = self._paces.pop(here, None) is not None
        self._told, self._next_pace = 0, 0.0
        self._here = {party for party, rank in enumerate(ranks) if rank == here}
        self._paced = {party: -1 for party in arena.plan.paced if ranks[party] == here}
        for ring in arena.plan.rings:
            source = ranks[ring.writer]
            if here not in (source, *(ranks[reader] for reader in ring.readers)):
                continue
            met: set[int] = set()
            for cursor, party in enumerate(ring.readers):
                rank = ranks[party]
                if rank == here:
                    continue
                reader = arena.reader(ring.index, cursor)
                if here == source and rank not in met:
                    way = Exit(ring, cursor, reader, rank)
                    of_writer = Source(arena.party(ring.writer))
                    self._sources.setdefault(ring.writer, of_writer).exits.append(way)
                    self.exits.append(way)
                    met.add(rank)
                else:
                    reader.detach()
            if here != source:
                self.entries[ring.index] = Entry(ring, arena.writer(ring.index), source)

    def _send(self, rank: int, item: tuple[object, ...]) -> None:
        self.sent += 1
        self._hand_over(rank, item)

    def carry(self) -> bool:
        """Take what leaves and place what has arrived; True if there was anything."""
        moved = False
        for source in self._sources.values():
            moved |= self._take_out(source)
        for entry in self.entries.values():
            if entry.waiting:
                moved |= self._place(entry)
        for party, told in self._paced.items():
            ready = self._arena.party(party).ready
            if ready != told:
                self._paced[party] = ready
                for rank in self._others:
                    self._send(rank, ("ready", party, ready))
                moved = True
        if self._steps_here and self._paces:
            self._tell_pace()
        return moved

    def _tell_pace(self) -> None:
        """Say what all who step here have done: nobody's clock gets far ahead of that."""
        done, now = self._clock.slowest_near, time.monotonic()
        if done > self._told and now >= self._next_pace:
            self._told, self._next_pace = done, now + PACE_SECONDS
            for rank in self._paces:
                self._send(rank, ("pace", done))

    def _take_out(self, source: Source) -> bool:
        """Take what leaves from one writer; True if there was anything.

        What it has completed is told behind the messages, and with those of later steps if there
        are any: only who polls waits for these words.
        """
        done = source.party.done
        moved, over = False, True
        for way in source.exits:
            waiting = way.reader.available()
            if waiting and way.room:
                count, data = way.reader.pack(min(way.room, way.most))
                way.room -= count
                self._send(way.rank, ("ring", way.ring, count, data))
                moved = True
                waiting = way.reader.available()
            over = over and not waiting  # messages of that step may be among them
            if not waiting and way.reader.ended:
                self._send(way.rank, ("closed", way.ring))
                source.exits = [other for other in source.exits if other is not way]
                self.exits.remove(way)
        if over and done > source.told:
            now = time.monotonic()
            if moved or now >= source.next_word:
                source.told, source.next_word = done, now + WORD_SECONDS
                for rank in {way.rank for way in source.exits}:
                    self._send(rank, ("reached", source.party.index, done))
        return moved

    def _place(self, entry: Entry) -> bool:
        placed = entry.place()
        entry.owed += placed
        if entry.owed > entry.most_owed:
            self._send(entry.rank, ("room", entry.ring, entry.owed))
            entry.owed = 0
        if not entry.waiting:
            self._believe(entry.party)
        return placed > 0

    def _believe(self, party: int) -> None:
        step = self._reached.get(party)
        if step is not None and not any(
            e.waiting for e in self.entries.values() if e.party == party
        ):
            del self._reached[party]
            there = self._arena.party(party)
            there.step = step
            there.done = step

    def take(self, kind: str, said: tuple[Any, ...], rank: int) -> None:
        """Handle an item that the `carry` of a rank has sent."""
        self.received += 1
        if kind == "ring":
            ring, count, data = said
            entry = self.entries[ring]
            entry.waiting.append((data, 0, count))
            self._place(entry)
        elif kind == "room":
            ring, count = said
            for way in self.exits:
                if way.ring == ring and way.rank == rank:
                    way.room += count
        elif kind == "reached":
            party, step = said
            self._reached[party] = step
            self._believe(party)
        elif kind == "pace":
            (self._paces[rank],) = said
            self._clock.tell_far(min(self._paces.values()))
        elif kind == "ready":
            party, step = said
            there = self._arena.party(party)
            there.ready = step
            self._clock.open(there)
        else:
            entry = self.entries[said[0]]
            entry.closing = True
            entry.place()

    # -- while the actors rest --------------------------------------------------------------

    def answer(self, what: str, payload: Any) -> Any:
        """Say what is asked about the messages here, or do it; a text is why that failed."""
        try:
            if what == "still":
                moving = any(way.reader.available() for way in self.exits)
                waiting = any(entry.waiting for entry in self.entries.values())
                return self.sent, self.received, not (moving or waiting)
            if what == "messages":
                return rings.contents(self._arena, self._here)
            return rings.put_back(payload, self._arena, self._here, self)
        except Exception as error:  # noqa: BLE001  (whoever asks is told)
            return repr(error)

    def reader(self, ring: int, cursor: int) -> RingReader | None:
        """The reader at a cursor, None if nobody reads there; see `checkpoint.rings.Ends`."""
        party = self._arena.plan.rings[ring].readers[cursor]
        if party in self._here:
            return self._arena.reader(ring, cursor)
        return next((e.reader for e in self.exits if (e.ring, e.cursor) == (ring, cursor)), None)

    def writer(self, ring: int) -> RingWriter:
        """Whoever writes a ring here."""
        entry = self.entries.get(ring)
        return self._arena.writer(ring) if entry is None else entry.writer
