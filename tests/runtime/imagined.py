"""Networks imagined move by move, as far as a `Watch` can see them: no process, no memory.

An `Imagined` network knows what each party does next, and does one such thing at a time: one word
written, one message moved, one wait begun or ended. Whoever plays it decides who moves when, so
every order of events can be played, also those that only a stopped process or a starved machine
brings about. It looks to a `Watch` like an arena.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from lava_actor.protocol import words
from lava_actor.protocol.step import SPK
from lava_actor.runtime.service.deadlock import Watch

LEASE, MAIL, USER = -1, -2, -3


@dataclass(frozen=True)
class Ring:
    """One writer, any readers; a party beyond the last actor is the user."""

    writer: int
    readers: tuple[int, ...]
    depth: int = 1


@dataclass(frozen=True)
class Wiring:
    """What the parties do in every step (or run, if they are free), as (verb, number ...).

    send ring [every] | recv ring [cursor [every]] | serve ring | publish stage | await party stage
    """

    programs: tuple[tuple[tuple[Any, ...], ...], ...]
    rings: tuple[Ring, ...] = ()
    free: frozenset[int] = frozenset()
    served: tuple[tuple[int, int], ...] = ()
    lockstep: bool = False
    steps: int = 2
    mail: int = 0
    from_user: int = 0


@dataclass
class Imagined:
    """A state of such a network; `move` changes it."""

    wiring: Wiring
    on_read: Callable[[], None] = lambda: None
    horizon: int = 0
    lease: int = 1
    epoch: int = 0
    arrived: int = 0
    hungry: int = 0
    waits: int = 0
    posted: int = 0
    fed: int = 0
    written: list[int] = field(default_factory=list)
    taken: list[list[int]] = field(default_factory=list)
    parties: list[SimpleNamespace] = field(default_factory=list)

    def __post_init__(self) -> None:
        wiring = self.wiring
        self.written = [0 for _ in wiring.rings]
        self.taken = [[0 for _ in ring.readers] for ring in wiring.rings]
        self.parties = [
            SimpleNamespace(
                doing="look", pc=0, done=0, turn=0, mailbox=0, answered=0, progress=0, record=None
            )
            for _ in wiring.programs
        ]
        self.horizon = 1

    def copied(self) -> Imagined:
        """The same state, to be changed independently."""
        other = copy.copy(self)
        other.written, other.taken = list(self.written), [list(row) for row in self.taken]
        other.parties = [SimpleNamespace(**vars(party)) for party in self.parties]
        return other

    def key(self) -> Any:
        """Equal for states that differ in the moments of waits only."""
        return (
            self.horizon, self.lease, self.epoch, self.arrived, self.hungry, self.posted, self.fed,
            tuple(self.written), tuple(map(tuple, self.taken)),
            tuple(
                (p.doing, p.pc, p.done, p.turn, p.mailbox, p.answered,
                 p.record and (*p.record[:2], p.record[3]))
                for p in self.parties
            ),
        )  # fmt: skip

    @property
    def complete(self) -> bool:
        """Whether the run is over."""
        return all(
            p.turn == 1 if i in self.wiring.free else p.done == self.wiring.steps
            for i, p in enumerate(self.parties)
        )

    # -- moves ------------------------------------------------------------------------------

    def movers(self) -> list[int]:
        """Who can move now: actors, the lease, the post, the user."""
        return [who for who in (*range(len(self.parties)), LEASE, MAIL, USER) if self._can(who)]

    def _can(self, who: int) -> bool:
        if who >= 0:
            record = self.parties[who].record
            return record is None or self.over(who, record)
        if who == LEASE:
            return not self.wiring.lockstep and (
                bool(self.hungry) or min(self.wiring.steps, self._least() + self.lease)
                > self.horizon
            )
        if who == MAIL:
            return self.posted < self.wiring.mail
        return self.fed < self.wiring.from_user and self._users_ring() is not None

    def _users_ring(self) -> int | None:
        n = len(self.parties)
        for r, ring in enumerate(self.wiring.rings):
            if ring.writer >= n and not self.full(r):
                return r
            if any(i >= n and self.queued(r, c) for c, i in enumerate(ring.readers)):
                return r
        return None

    def _least(self) -> int:
        stepping = [p.done for i, p in enumerate(self.parties) if i not in self.wiring.free]
        return min(stepping, default=self.wiring.steps)

    def move(self, who: int) -> None:
        """Let somebody do the next thing."""
        if who >= 0:
            self._act(who, self.parties[who])
        elif who == LEASE:
            if self.hungry and self.lease < 2:
                self.lease *= 2  # asked for more: it grows, within limits
            self.hungry = 0
            wanted = min(self.wiring.steps, self._least() + self.lease)
            self.horizon = max(self.horizon, wanted)
        elif who == MAIL:
            self.parties[self.posted % len(self.parties)].mailbox += 1
            self.posted += 1
        else:
            ring = self._users_ring()
            assert ring is not None
            self.fed += 1
            if self.wiring.rings[ring].writer >= len(self.parties):
                self.written[ring] += 1
            else:
                for cursor, i in enumerate(self.wiring.rings[ring].readers):
                    if i >= len(self.parties) and self.queued(ring, cursor):
                        self.taken[ring][cursor] += 1

    def queued(self, ring: int, cursor: int) -> int:
        return self.written[ring] - self.taken[ring][cursor]

    def full(self, ring: int) -> bool:
        depth = self.wiring.rings[ring].depth
        return any(self.queued(ring, c) >= depth for c in range(len(self.taken[ring])))

    def over(self, who: int, record: Any) -> bool:
        """Whether a wait has ended, be it that nobody has noticed."""
        kind, index, _, number = record
        party = self.parties[who]
        asked = any(o == who and self.queued(r, 0) for o, r in self.wiring.served)
        return bool({
            "data": lambda: self.queued(index, number),
            "space": lambda: not self.full(index),
            "barrier": lambda: self.epoch != number,
            "turn": lambda: self.parties[index].turn >= number or asked,
            "step": lambda: number <= self.horizon or party.mailbox != party.answered or asked,
            "rest": lambda: party.mailbox != party.answered or asked,
        }[kind]())  # fmt: skip

    def _wait(self, party: Any, kind: str, index: int, number: int) -> None:
        self.waits += 1
        party.record = (kind, index, self.waits, number)

    def _act(self, who: int, party: Any) -> None:
        if party.record is not None:
            party.record = None
            if party.doing == "barrier":
                party.doing = "look"
        elif (asked := self._question(who)) is not None and (
            party.doing == "look" or self._verb(who) == "await"
        ):
            self.taken[asked][0] += 1
            self.written[asked + 1] += 1  # the ring with the answers comes next
        elif party.doing == "answer":
            party.answered, party.doing = party.mailbox, "look"
        elif party.doing == "look":
            self._look(who, party)
        else:
            self._do(who, party)

    def _question(self, who: int) -> int | None:
        return next((r for o, r in self.wiring.served if o == who and self.queued(r, 0)), None)

    def _verb(self, who: int) -> str | None:
        program, pc = self.wiring.programs[who], self.parties[who].pc
        return program[pc][0] if pc < len(program) else None

    def _look(self, who: int, party: Any) -> None:
        """Between two steps."""
        is_free = who in self.wiring.free
        if party.mailbox != party.answered:
            party.doing = "answer"
        elif party.turn == 0 if is_free else party.done < self.horizon:
            party.doing, party.pc = "step", 0
        elif is_free:
            self._wait(party, "rest", -1, 0)
        elif party.done == self.horizon < self.wiring.steps and not self.wiring.lockstep and (
            not self.hungry
        ):
            self.hungry = 1
        else:
            self._wait(party, "step", 0, party.done + 1)

    def _do(self, who: int, party: Any) -> None:
        """The next thing of a step."""
        program = self.wiring.programs[who]
        if party.pc == len(program):
            self._end_step(who, party)
            return
        verb, *numbers = program[party.pc]
        step = party.done + 1
        if verb == "send":
            ring, every = (*numbers, 1)[:2]
            if step % every == 0:
                if self.full(ring):
                    self._wait(party, "space", ring, 0)
                    return
                self.written[ring] += 1
                party.progress += 1
        elif verb == "recv":
            ring, cursor, every = (*numbers, *(0, 0, 1)[len(numbers) :])
            if step % every == 0:
                if not self.queued(ring, cursor):
                    self._wait(party, "data", ring, cursor)
                    return
                self.taken[ring][cursor] += 1
                party.progress += 1
        elif verb == "publish":
            party.turn = 4 * step + numbers[0]
        elif self.parties[numbers[0]].turn < 4 * step + numbers[1]:
            self._wait(party, "turn", numbers[0], 4 * step + numbers[1])
            return
        party.pc += 1

    def _end_step(self, who: int, party: Any) -> None:
        if who in self.wiring.free:
            party.turn, party.doing = 1, "look"
            return
        party.done, party.doing = party.done + 1, "look"
        if not self.wiring.lockstep:
            return
        self.arrived += 1
        if self.arrived == len(self.parties) - len(self.wiring.free):
            self.arrived = 0
            self.horizon = min(self.wiring.steps, party.done + 1)
            self.epoch += 1
        else:
            party.doing = "barrier"
            self._wait(party, "barrier", 0, self.epoch)

    # -- as an arena ------------------------------------------------------------------------

    def watch(self) -> Watch:
        """A `Watch` that is told of one run."""
        wiring, n = self.wiring, len(self.parties)
        stepping = tuple(i for i in range(n) if i not in wiring.free)
        plan: Any = SimpleNamespace(
            n_actors=n, clock_parties=stepping, external_parties=(n,), served_rings=wiring.served
        )  # fmt: skip
        made = Watch(_Arena(self, stepping), plan)  # type: ignore[arg-type]
        made.new_run()
        return made


class _Arena:
    def __init__(self, of: Imagined, stepping: tuple[int, ...]) -> None:
        self._of = of
        rings = [
            SimpleNamespace(
                name=f"ring{r}", writer=ring.writer, readers=ring.readers, depth=ring.depth,
                reader_names=[f"{i}.in" for i in ring.readers],
            )
            for r, ring in enumerate(of.wiring.rings)
        ]  # fmt: skip
        self.plan = SimpleNamespace(
            rings=rings, parties=[f"party{i}" for i in range(len(of.parties))], away=frozenset(),
            elsewhere=frozenset(), domains=(stepping,), here=lambda _domain: stepping,
        )  # fmt: skip

    def party(self, index: int) -> Any:
        return _Words(self._of, index)

    def domain(self, _index: int) -> Any:
        return _Clock(self._of)

    def reader(self, ring: int, cursor: int) -> Any:
        return _Reader(self._of, ring, cursor)


class _Seen:
    """Whatever is read, something may happen just before."""

    def __init__(self, of: Imagined, *where: int) -> None:
        self._of, self._where = of, where

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_"):
            object.__getattribute__(self, "_of").on_read()
        return object.__getattribute__(self, name)


class _Words(_Seen):
    phase = SPK
    state = words.STEPPING

    def __getattr__(self, name: str) -> Any:
        index = self._where[0]
        if name == "index":
            return index
        party = self._of.parties[index]
        if name == "name":
            return f"party{index}"
        return {"blocked": party.record, "step": party.done + 1, **vars(party)}[name]


class _Clock(_Seen):
    far = None
    pause = 0
    limit = words.NO_LIMIT

    def __getattr__(self, name: str) -> Any:
        of = self._of
        words = {"fence": of.wiring.steps, "horizon": of.horizon, "epoch": of.epoch}
        return {**words, "granted": of.horizon}[name]


class _Reader(_Seen):
    ended = False

    def probe(self) -> bool:
        return bool(self.available())

    def available(self) -> int:
        return self._of.queued(*self._where)
