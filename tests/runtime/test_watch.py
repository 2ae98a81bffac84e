"""A `Watch` calls a deadlock what is one, and nothing else, in every state and between any two."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.runtime.imagined import LEASE, MAIL, USER, Imagined, Ring, Wiring

SEND, RECV = ("send", 0), ("recv", 0)
TURNS = (("publish", 1), ("await", 1, 1), ("publish", 4), ("await", 1, 4))
TURNS_BACK = (("publish", 1), ("await", 0, 4), ("await", 0, 1), ("publish", 4))
#: Of three members: the owner, and two who wait for the nearest first.
OWNS = (("publish", 1), ("await", 2, 1), ("await", 1, 1), ("publish", 4), ("await", 2, 4), ("await", 1, 4))
SECOND = (("publish", 1), ("await", 0, 4), ("await", 2, 1), ("publish", 4))
THIRD = (("publish", 1), ("await", 1, 4), ("await", 0, 4), ("publish", 4))

#: {name: (wiring, whether the run comes to its end)}
WIRINGS: dict[str, tuple[Wiring, bool]] = {
    "a chain": (Wiring(((SEND,), (RECV,)), (Ring(0, (1,)),), mail=1), True),
    "a chain of three": (
        Wiring(
            ((SEND,), (RECV, ("send", 1)), (("recv", 1),)), (Ring(0, (1,)), Ring(1, (2,))), steps=1
        ),
        True,
    ),
    "a loop": (
        Wiring(((SEND, ("recv", 1)), (RECV, ("send", 1))), (Ring(0, (1,)), Ring(1, (0,)))), True
    ),
    "both receive first": (
        Wiring(
            ((("recv", 1), SEND), (RECV, ("send", 1))), (Ring(0, (1,)), Ring(1, (0,))), mail=2
        ),
        False,
    ),
    "a message of one's own, received first": (Wiring(((RECV, SEND),), (Ring(0, (0,)),)), False),
    "a message of one's own, sent first": (Wiring(((SEND, RECV),), (Ring(0, (0,)),)), True),
    "a message is missing": (
        Wiring(((("send", 0, 4),), (RECV,)), (Ring(0, (1,)),), mail=1, steps=3), False
    ),
    "a ring nobody reads": (Wiring(((SEND,), ()), (Ring(0, (1,)),), steps=3), False),
    "a ring just deep enough": (Wiring(((SEND,), ()), (Ring(0, (1,), 3),), steps=3), True),
    "a ring one of two reads": (
        Wiring(((SEND,), (RECV,), ()), (Ring(0, (1, 2)),), steps=2), False
    ),
    "two cursors of one party": (
        Wiring(((SEND,), (RECV, ("recv", 0, 1))), (Ring(0, (1, 1)),)), True
    ),
    "one of two cursors waits in vain": (
        Wiring(((SEND,), (("recv", 0, 1), ("recv", 0, 1), RECV)), (Ring(0, (1, 1), 9),)), False
    ),
    "a message that comes once the slowest allows it": (
        Wiring(((("send", 0, 3),), (("recv", 0, 0, 2),), ()), (Ring(0, (1,)),), steps=3), True
    ),
    "lockstep": (
        Wiring(((SEND,), (RECV,), ()), (Ring(0, (1,)),), lockstep=True), True
    ),
    "a message is missing in lockstep": (
        Wiring(((("send", 0, 2),), (RECV,), ()), (Ring(0, (1,)),), lockstep=True), False
    ),
    "both receive first in lockstep": (
        Wiring(
            ((("recv", 1), SEND), (RECV, ("send", 1)), ()),
            (Ring(0, (1,)), Ring(1, (0,))), lockstep=True,
        ),
        False,
    ),
    "turns": (Wiring((TURNS, TURNS_BACK), mail=1), True),
    "turns in lockstep": (Wiring((TURNS, TURNS_BACK), lockstep=True), True),
    "turns, and a message that does not come": (
        Wiring((TURNS, (RECV, *TURNS_BACK)), (Ring(0, (1,)),)), False
    ),
    "three turns": (Wiring((OWNS, SECOND, THIRD)), True),
    "three turns, of which one is not taken": (Wiring((OWNS, (("publish", 4),), THIRD)), True),
    "three turns, and a message that comes after its reader's": (
        Wiring((OWNS, (RECV, *SECOND), (*THIRD, SEND)), (Ring(2, (1,)),)), False
    ),
    "a question between steps": (
        Wiring(((), (SEND, ("recv", 1))), (Ring(1, (0,)), Ring(0, (1,))), served=((0, 0),)), True
    ),
    "a question to one who waits for the asker": (
        Wiring(
            ((("send", 3), ("recv", 2)), (("recv", 3), SEND, ("recv", 1), ("send", 2))),
            (Ring(1, (0,)), Ring(0, (1,)), Ring(1, (0,)), Ring(0, (1,))), served=((0, 0),),
        ),
        False,
    ),
    "a free one takes all": (
        Wiring(((SEND,), (RECV, RECV)), (Ring(0, (1,)),), free=frozenset({1}), mail=1), True
    ),
    "a free one wants more": (
        Wiring(((SEND,), (RECV, RECV, RECV)), (Ring(0, (1,)),), free=frozenset({1})), False
    ),
    "a free one sends less": (
        Wiring(((SEND,), (RECV,)), (Ring(0, (1,)),), free=frozenset({0})), False
    ),
    "two free ones": (
        Wiring(((SEND,), (RECV,)), (Ring(0, (1,)),), free=frozenset({0, 1}), steps=0), True
    ),
    "two free ones that both receive first": (
        Wiring(
            ((("recv", 1), SEND), (RECV, ("send", 1))), (Ring(0, (1,)), Ring(1, (0,))),
            free=frozenset({0, 1}), steps=0,
        ),
        False,
    ),
    "the user closes a loop": (
        Wiring(((SEND, ("recv", 1)),), (Ring(0, (1,)), Ring(1, (0,))), from_user=9), True
    ),
    "the user has not closed a loop": (
        Wiring(((("recv", 1), SEND), ()), (Ring(0, (2,)), Ring(2, (0,))), from_user=9), True
    ),
}  # fmt: skip


def reachable(start: Imagined) -> tuple[dict[Any, Imagined], dict[Any, list[tuple[int, Any]]]]:
    """All states, and from each the moves to others."""
    states, moves = {start.key(): start}, {}
    todo = deque([start])
    while todo:
        state = todo.popleft()
        moves[state.key()] = found = []
        for who in state.movers():
            after = state.copied()
            after.move(who)
            found.append((who, after.key()))
            if after.key() not in states:
                states[after.key()] = after
                todo.append(after)
    return states, moves


def leading_to(ends: set[Any], moves: dict[Any, list[tuple[int, Any]]]) -> set[Any]:
    """The states from which one of the ends can be reached."""
    before: dict[Any, list[Any]] = {}
    for key, found in moves.items():
        for _, after in found:
            before.setdefault(after, []).append(key)
    todo, seen = [*ends], set(ends)
    while todo:
        for key in before.get(todo.pop(), ()):
            if key not in seen:
                seen.add(key)
                todo.append(key)
    return seen


@pytest.mark.parametrize("name", WIRINGS)
def test_in_every_state_a_deadlock_is_what_cannot_come_to_an_end(name: str) -> None:
    wiring, completes = WIRINGS[name]
    states, moves = reachable(Imagined(wiring))
    hopeful = leading_to({key for key, state in states.items() if state.complete}, moves)
    assert (Imagined(wiring).key() in hopeful) == completes
    for key, state in states.items():
        watch = state.watch()
        assert watch.look() is None, "one look is too early: the lease may grow"
        who_moves = {who for who, _ in moves[key]}
        if LEASE not in who_moves:
            failure = watch.look()
            assert failure is None or key not in hopeful, failure
        if not who_moves:
            assert (failure is None) == state.complete
            assert watch.resting() == state.complete
            assert watch.blocked_for_good() != state.complete
            assert watch.settled()
        if who_moves - {LEASE, MAIL, USER}:
            assert not watch.resting()
            assert not watch.blocked_for_good()


def test_who_waits_for_the_user_is_blocked_but_in_no_deadlock() -> None:
    wiring = Wiring(((SEND, ("recv", 1)),), (Ring(0, (1,)), Ring(1, (0,))))
    state = Imagined(wiring)
    while movers := state.movers():
        state.move(movers[0])
    watch = state.watch()
    assert not any(watch.look() for _ in range(5))
    assert watch.blocked_for_good()
    assert not watch.resting()


def test_a_deadlock_is_named_though_others_wait_for_the_user_or_go_on_for_ever() -> None:
    programs = ((("recv", 1), SEND), (RECV, ("send", 1)), (("recv", 2),), ())
    rings = (Ring(0, (1,)), Ring(1, (0,)), Ring(4, (2,)))
    state = Imagined(Wiring(programs, rings, free=frozenset({0, 1, 2, 3}), steps=0))
    while movers := [who for who in state.movers() if who != 3]:
        state.move(movers[0])
    assert 3 in state.movers()
    watch = state.watch()
    assert watch.look() is None
    failure = watch.look()
    assert failure is not None
    assert "waits on itself" in failure.message
    assert "0.in waits for a message from ring1" in failure.message
    assert not watch.blocked_for_good()


def test_a_free_one_that_does_not_know_of_the_next_run_yet_is_not_at_rest() -> None:
    """Its service may be slower than the one that looks."""
    wiring, _ = WIRINGS["a free one takes all"]
    state = Imagined(wiring)
    while movers := state.movers():
        state.move(movers[0])
    watch = state.watch()
    assert watch.resting()
    watch.new_run()
    assert not watch.resting()
    assert not watch.blocked_for_good()


def test_who_takes_a_message_and_goes_on_while_all_are_looked_at_is_not_blocked() -> None:
    """Its record says that it waits, its ring is empty again: and yet it moves."""
    wiring = dataclasses.replace(WIRINGS["a loop"][0], steps=1)
    states, _ = reachable(Imagined(wiring))
    for start in states.values():
        for moment in range(24):
            for who in range(2):
                state = start.copied()
                state.on_read = partial(_two_moves_at, state, moment, who, itertools.count())
                blocked = state.watch().blocked_for_good()
                assert not (blocked and state.movers())


def _two_moves_at(state: Imagined, moment: int, who: int, reads: Iterator[int]) -> None:
    if next(reads) == moment:
        for _ in range(2):
            if who in state.movers():
                state.move(who)


def drawn(rng: random.Random) -> Wiring:
    """A wiring whose orders of sending and receiving may or may not work out."""
    n = rng.randint(2, 4)
    rings, programs = [], [[] for _ in range(n)]
    for r in range(rng.randint(1, 4)):
        writer = rng.randrange(n)
        readers = tuple(rng.randrange(n) for _ in range(rng.randint(1, 2)))
        rings.append(Ring(writer, readers, rng.randint(1, 2)))
        every = 1 if rng.random() < 0.9 else 2
        programs[writer].append(("send", r, every))
        for cursor, reader in enumerate(readers):
            where = rng.choice((0, len(programs[reader])))
            programs[reader].insert(where, ("recv", r, cursor))
    steps = rng.randint(2, 4)
    free = frozenset(i for i in range(n) if rng.random() < 0.1)
    for i in free:
        programs[i] *= steps
    return Wiring(
        tuple(map(tuple, programs)), tuple(rings), free, lockstep=rng.random() < 0.3,
        steps=steps, mail=rng.randint(0, 3),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_during_a_look_only_what_stays_so_is_a_deadlock(seed: int) -> None:
    """Between any two things that a look reads some move on, and others stand still for long."""
    outcomes = {_played(random.Random(f"{seed} {number}")) for number in range(25)}
    assert outcomes == {True, False}


def _played(rng: random.Random) -> bool:
    """Play a network to its end; tells whether that was a deadlock."""
    wiring = drawn(rng)
    state = Imagined(wiring)
    pace = rng.choice((0.02, 0.1, 0.5))
    starved: set[int] = set()

    def go_on() -> None:
        movers = [who for who in state.movers() if who not in starved]
        if movers and rng.random() < pace:
            state.move(rng.choice(movers))

    state.on_read = go_on
    watch = state.watch()
    named = None
    while named is None and (state.movers() or not state.complete):
        if LEASE in state.movers():
            state.move(LEASE)  # as its service does before every look
        named = watch.look()
        if watch.blocked_for_good() and not wiring.mail:
            assert not state.movers()
        starved = {i for i in range(len(state.parties)) if rng.random() < 0.3}
    if named is None:
        return False
    state.on_read = lambda: None
    party = state.parties[int(named.process.removeprefix("party"))]
    record = party.record
    while movers := state.movers():
        state.move(rng.choice(movers))
    assert party.record == record
    assert not state.complete
    return True
