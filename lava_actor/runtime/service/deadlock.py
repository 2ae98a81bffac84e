"""Reading the wait graph: who cannot go on any more, and whom does that keep waiting.

A deadlock is a stable property: it can be read, and no clock decides it. Every party says in the
arena what it waits for (`Party.blocked`), precisely enough to look whether that wait is over: is
the ring really empty for this cursor and its writer not closed, is it really full, has the epoch
ended, has the other one's stage come, is all mail answered? A record alone proves nothing. Its
owner may have been woken and not run since: stopped by a signal, a debugger, a busy machine.

The look
--------
All records are read, then all conditions, then all records again. A party whose record is the same
before and after (no two waits start at the same time) was in this one wait all along and changed
nothing. What it waits for can only be changed by others. So the largest set of such parties in
which each waits, in vain so far, for another one of the set is one consistent state, and nobody in
it will ever move again. The set is found by striking out, again and again, who waits for nobody
in it. Whoever computes, is stopped, or could go on if it got a core, is not in the set to begin
with, nor is the user; a wait that only these can end is struck out with them.

A party that rests between steps waits for the slowest: the horizon is raised, and the next run
begins, only when these have moved. How far the horizon goes depends on the lease as well, which
may still grow while nothing else moves; so a deadlock is what two looks find alike, with an
extension of the lease in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, NamedTuple

from lava_actor.errors import Failure, Verdict
from lava_actor.protocol import words

if TYPE_CHECKING:
    from lava_actor.channels import Arena, Party, RingReader
    from lava_actor.channels.layout import ArenaPlan
    from lava_actor.runtime.start.plan import ServicePlan

#: Kinds of `Party.blocked` that name a ring: waiting for a message, waiting for a free slot.
ON_A_RING = ("data", "space")

#: Waits at a ring, in words.
WAITS_FOR = {"data": "a message from", "space": "space in", "poll": "the last step of"}

#: What an actor is doing that waits for something else.
_STATES = {
    "barrier": "waiting for the others",
    "turn": "waiting for its turn",
    **dict.fromkeys(("step", "first"), words.STATE_NAMES[words.PARKED]),
}

#: Stands for the user's interpreter among the parties.
USER = -1
#: Stands for the slowest actors of other machines, which only those know.
FAR = -2


class Wait(NamedTuple):
    """What a party waits for in vain so far: its record, and whom that takes, each of them."""

    kind: str
    of: int
    number: int
    needs: frozenset[int]


class Seen(NamedTuple):
    """What a report says of a party."""

    phase: str
    step: int
    done: int
    state: str


Picture = tuple[dict[int, Wait], dict[int, Seen], object]
"""What a look sees: who waits, what a report says of all, and what must not change meanwhile."""


def has_nothing_to_do(party: Party) -> bool:
    """True if an actor would do nothing more, now that the network ends: nobody waits for it."""
    return party.state in (words.PARKED, words.GONE) or party.blocked is not None


def state_name(party: Party) -> str:
    """What the actor is doing, in words."""
    blocked = party.blocked
    waiting = None if blocked is None else _STATES.get(blocked[0])
    return waiting or words.STATE_NAMES.get(party.state, "?")


def fixed(waits: dict[int, Wait], idle: Collection[int] = ()) -> dict[int, Wait]:
    """Those of the waiting who wait for one who cannot move either, or is ``idle``."""
    last = -1
    while last != len(waits):
        last = len(waits)
        held = {*waits, *idle}
        waits = {i: w for i, w in waits.items() if not w.needs or not w.needs.isdisjoint(held)}
    return waits


Blocked = tuple[str, int, int, int]
"""What a party says that it waits for: kind, index, cursor, number."""


class Watch:
    """Looks at all actors of a network, whatever domain they are in."""

    def __init__(self, arena: Arena, plan: ServicePlan) -> None:
        self._arena = arena
        self._parties = [arena.party(i) for i in range(plan.n_actors)]
        self._clock = arena.domain(words.CLOCK)
        self._here = [p for p in self._parties if p.index not in arena.plan.away]
        self._stepping = [self._parties[i] for i in plan.clock_parties]
        on_clocks = arena.plan.domains[words.CLOCK]
        self._near = [self._parties[i] for i in on_clocks if i not in arena.plan.elsewhere]
        self._freedom = arena.domain(words.FREE)
        self._free = [p for p in self._here if p.index not in plan.clock_parties]
        self._external = set(plan.external_parties)
        self._away = arena.plan.away
        self._served: defaultdict[int, list[int]] = defaultdict(list)
        for owner, ring in plan.served_rings:
            self._served[owner].append(ring)
        self._readers: dict[tuple[int, int], RingReader] = {}
        self._runs = 0
        self._slow: tuple[frozenset[int], frozenset[int]] | None = None
        self._last: object = None

    def new_run(self) -> None:
        """The user has begun another run."""
        self._runs += 1
        self._last = None

    # -- questions --------------------------------------------------------------------------

    def look(self) -> Failure | None:
        """The deadlock, if two looks in a row find the same one."""
        if self._clock.limit != words.NO_LIMIT:
            return None  # somebody has failed, which is about to be reported, or the end is near
        held = self._held()
        picture = (held, [self._parties[i].progress for i in held], self._horizon())
        last, self._last = self._last, picture
        if not stuck_of(held) or picture != last:
            return None
        return report(self._arena.plan, held, self.seen)

    def resting(self) -> bool:
        """True if all actors are gone or have nothing to do until the user acts."""
        return self._at_rest(self._held())

    def settled(self) -> bool:
        """True if no stepping actor will complete anything more."""
        held = self._held()
        return all(p.index in held or p.state == words.GONE for p in self._stepping)

    def picture(self) -> Picture:
        """Who cannot move unless somebody who is away does; and what must not change meanwhile."""
        held = self._held({FAR, *self._away})
        unchanged = ([self._parties[i].progress for i in held], self._horizon())
        return held, {p.index: self.seen(p.index) for p in self._here}, unchanged

    def blocked_for_good(self) -> bool:
        """True if a pause cannot complete, whatever the actors do: somebody waits in vain."""
        held = self._held({USER, *self._away})
        return not self._at_rest(held) and all(
            p.index in held or p.state == words.GONE for p in self._here
        )

    def _at_rest(self, held: dict[int, Wait]) -> bool:
        return all(
            p.state == words.GONE or (p.index in held and not held[p.index].needs)
            for p in self._here
        )

    # -- the look ---------------------------------------------------------------------------

    def _held(self, idle: Collection[int] = ()) -> dict[int, Wait]:
        """Who cannot move, whatever all the others do but those who are ``idle``.

        A party that needs nobody rests until the user begins another run.
        """
        horizon = self._horizon()
        self._slow = None
        records = [p.blocked for p in self._parties]
        found = {}
        for party, record in zip(self._parties, records, strict=True):
            if record is not None and party.index not in self._away:
                needs = self._needs(party, record, records)
                if needs is not None:
                    kind, index, number = self._waits_for(party, record)
                    if kind in ON_A_RING and self._is_to_pause(party):
                        kind, needs = "rest", ()  # where it is, until the next run
                    found[party.index] = Wait(kind, index, number, frozenset(needs))
        for party, record in zip(self._parties, records, strict=True):
            if party.index in found and party.blocked != record:
                del found[party.index]
        if horizon != self._horizon():
            return {}
        return fixed(found, idle)

    def _horizon(self) -> tuple[int, ...]:
        clock = self._clock
        return clock.horizon, clock.limit, clock.fence, clock.pause

    def _needs(
        self, party: Party, record: Blocked, records: list[Blocked | None]
    ) -> Collection[int] | None:
        """Whom a party waits for, each of them; None if it may go on, for all that can be seen."""
        kind, index, number = self._waits_for(party, record)
        if record[0] == "first" and party.mailbox != party.answered:
            return None
        if kind in ON_A_RING and party in self._free and self._asked(party):
            return None
        if kind == "data":
            reader = self._reader(index, number)
            if reader.probe() or reader.ended:
                return None
            return {self._or_user(self._arena.plan.rings[index].writer)}
        if kind == "poll":
            if self._reader(index, number).told:
                return None
            return {self._arena.plan.rings[index].writer}
        if kind == "space":
            return self._full_readers(index, number) or None
        if kind == "barrier":
            epoch = self._arena.domain(index).epoch
            if epoch != number:
                return None
            here = ("barrier", index, number)
            return {
                i
                for i in self._arena.plan.here(index)
                if (there := records[i]) is None or (there[0], there[1], there[3]) != here
            } or None
        if kind == "turn":
            return None if self._parties[index].turn >= number or self._asked(party) else {index}
        if kind == "rest":
            return self._rests_for(party, number)
        return None

    def caught(self, parties: Collection[int]) -> bool:
        """True if these, which run freely and are to pause, all wait at a port for good."""
        held = self._held()
        blocked = [self._parties[i].blocked for i in parties]
        return held.keys() >= {*parties} and all(b and b[0] in ON_A_RING for b in blocked)

    def _waits_for(self, party: Party, record: Blocked) -> tuple[str, int, int]:
        """Kind, index, number: of a step that begins with a message first the step."""
        kind, index, _, number = record
        if kind == "step":
            return "rest", index, number
        if kind == "first":
            upcoming = party.done + 1
            if upcoming > min(self._clock.horizon, self._clock.limit):
                return "rest", words.CLOCK, upcoming
            return "data", index, number
        return kind, index, number

    def _rests_for(self, party: Party, number: int) -> Collection[int] | None:
        """Whom a party between two steps or runs waits for: the slowest."""
        clock = self._clock
        horizon, limit = clock.horizon, clock.limit
        if party.mailbox != party.answered or self._asked(party):
            return None
        if number and number <= min(horizon, limit):
            return None
        if number > limit:
            return ()
        if not number and party.turn != self._runs:
            return None  # has not been told to run yet
        if self._slow is None:
            self._slow = self._slowest(horizon)
        if number and party.done < clock.fence:
            if horizon < clock.granted:
                return None  # the user may let it go on: somebody waits for him
            return self._slow[0] or None
        return self._slow[1]

    def _slowest(self, horizon: int) -> tuple[frozenset[int], frozenset[int]]:
        """Who holds the horizon down, of all ranks, and who here has not come to the run's end."""
        fence, far = self._clock.fence, self._clock.far
        done = {p.index: p.done for p in self._near if p.state != words.GONE}
        if far is not None:
            done[FAR] = far
        least = min(done.values(), default=horizon)
        here = (p.index for p in self._stepping if p.done < fence and p.state != words.GONE)
        free = (p.index for p in self._free if p.turn != self._runs and p.state != words.GONE)
        slowest = frozenset(i for i, step in done.items() if step == least < horizon)
        return slowest, frozenset(here).union(free)

    def _is_to_pause(self, party: Party) -> bool:
        return self._freedom.pause == words.PAUSED and party in self._free

    def _asked(self, party: Party) -> bool:
        """Whether somebody's RefPort has asked for one of its Vars."""
        return any(self._reader(ring, 0).available() for ring in self._served.get(party.index, ()))

    def _full_readers(self, ring: int, most: int) -> set[int]:
        """Who has not taken enough, `most`: messages that are too many; 0: as the ring is deep."""
        plan = self._arena.plan.rings[ring]
        return {
            self._or_user(reader)
            for cursor, reader in enumerate(plan.readers)
            if self._reader(ring, cursor).available() >= (most or plan.depth)
        }

    def _or_user(self, party: int) -> int:
        return USER if party in self._external else party

    def _reader(self, ring: int, cursor: int) -> RingReader:
        """A handle to look through, made when first needed."""
        key = (ring, cursor)
        if key not in self._readers:
            self._readers[key] = self._arena.reader(ring, cursor)
        return self._readers[key]

    def seen(self, index: int) -> Seen:
        """What a party is doing."""
        party = self._parties[index]
        phase = words.PHASE_NAMES.get(party.phase, "?")
        return Seen(phase, int(party.step), int(party.done), state_name(party))


def report(plan: ArenaPlan, held: dict[int, Wait], seen: Callable[[int], Seen]) -> Failure:
    """The failure that a deadlock is, in words."""
    by = {i: kept_by(held, i) for i in stuck_of(held)}
    cycle = cycle_of(by)
    shown = cycle or list(by)
    lines = [text_of(plan, i, held[i], by[i]) for i in shown]
    for i in sorted({by[i] for i in shown} - by.keys()):
        other = seen(i)
        lines.append(f"{plan.parties[i]} is {other.state} after step {other.done}")
    head = "the network waits on itself" if cycle else "the network cannot go on"
    first = seen(shown[0])
    return Failure(
        process=plan.parties[shown[0]], model="", phase=first.phase, step=first.step,
        message=f"{head}: " + "; ".join(lines), verdict=Verdict.DEADLOCK,
    )  # fmt: skip


def stuck_of(held: dict[int, Wait]) -> list[int]:
    """Who of those that cannot move has something to do."""
    return [i for i, wait in held.items() if wait.kind != "rest"]


def kept_by(held: dict[int, Wait], party: int) -> int:
    """One who keeps a party waiting; of those who wait for the same turn, the last is named.

    Turns have an order, so such a row of parties has an end.
    """
    wait = held[party]
    while True:
        other = min(wait.needs & held.keys())
        there = held[other]
        if wait.kind != "turn" or (there.kind, there.number) != (wait.kind, wait.number):
            return other
        wait = there


def text_of(plan: ArenaPlan, party: int, wait: Wait, other: int) -> str:
    """What a party waits for, in words."""
    names = plan.parties
    if wait.kind == "poll":
        asked = plan.rings[wait.of].name
        return f"{names[party]} asks whether {asked} has sent, and waits for {names[other]}"
    if wait.kind not in ON_A_RING:
        what = "its turn after" if wait.kind == "turn" else "all to end the phase, also for"
        return f"{names[party]} waits for {what} {names[other]}"
    ring = plan.rings[wait.of]
    if wait.kind == "data":
        source, _, client = ring.name.partition("->")
        if client:
            return f"{client} waits for an answer from {source}"
        return f"{ring.reader_names[wait.number]} waits for a message from {ring.name}"
    reader = ring.reader_names[ring.readers.index(other)]
    queued = f"{n} messages are" if (n := wait.number or ring.depth) > 1 else "1 message is"
    return f"{ring.name} waits for {reader} to receive ({queued} queued)"


def cycle_of(by: dict[int, int]) -> list[int]:
    """Parties that keep each other waiting in a circle, if there are any."""
    for start in by:
        path: list[int] = []
        current = start
        while current in by and current not in path:
            path.append(current)
            current = by[current]
        if current in path:
            return path[path.index(current) :]
    return []
