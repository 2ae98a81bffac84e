"""Programs of parties that meet, to be tried in every order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.channels import doorbell
from tests.channels.doorbell import BARRIER, DATA, ENDED, EVENT, STEP, TURN, Condition, Steps
from tests.channels.model_check import Program, fence, load, sleep, store, wake

RING, OTHER_RING = DATA + 1, DATA + 2


def changes(word: str, value: int, whom: str, record: int) -> Steps:
    """Make something true and tell who waits for it."""
    yield store(word, value)
    yield from doorbell.tell(whom, record)


def reads_two_rings() -> Steps:
    yield from doorbell.block("a", RING, (("x", 1),))
    yield from doorbell.block("a", OTHER_RING, (("y", 1),))
    yield from doorbell.block("a", RING, (("x", 2),))


def writes_one_ring() -> Steps:
    yield from changes("x", 1, "a", RING)
    yield from changes("x", 2, "a", RING)


def writes_two_messages() -> Steps:
    yield from changes("x", 1, "a@w", RING)
    yield from changes("x", 2, "a@w", RING)


def asks(rounds: int) -> Steps:
    """A client: its turn, one request and its answer, and the turn is over."""
    for i in range(1, rounds + 1):
        yield from changes("ask.write", i, "b", DATA)
        yield from doorbell.block("a", DATA, (("answer.write", i),))
        yield from changes("turn", i, "b", EVENT)


def owns(rounds: int) -> Steps:
    """The owner of the Var waits for the client to be done, and serves."""
    for i in range(1, rounds + 1):
        yield from doorbell.wait("b", (("turn", i),), "ask", "answer", "a")
        assert (yield load("ask.taken")) >= i, "stopped waiting before all was served"


def takes_turns(rounds: int) -> Steps:
    """A client that is past something else first, asks, and is past its turn."""
    for i in range(1, rounds + 1):
        yield store("turn", 2 * i - 1)
        yield from doorbell.tell_turn("b", 1, 2 * i - 1)
        yield from changes("ask.write", i, "b", DATA)
        yield from doorbell.block("a", DATA, (("answer.write", i),))
        yield store("turn", 2 * i)
        yield from doorbell.tell_turn("b", 1, 2 * i)


def another_takes_turns(rounds: int) -> Steps:
    """A client that asks nothing."""
    for i in range(1, rounds + 1):
        yield store("other turn", i)
        yield from doorbell.tell_turn("b", 2, i)


def owns_in_turns(rounds: int) -> Steps:
    """The owner waits for one client after the other."""
    for i in range(1, rounds + 1):
        for index, word, stage in ((1, "turn", 2 * i), (2, "other turn", i)):
            record = (TURN + index, stage)
            yield from doorbell.wait("b", ((word, stage),), "ask", "answer", "a", record)
        assert (yield load("ask.taken")) >= i, "stopped waiting before all was served"


def awaits_step_and_mail() -> Steps:
    yield from doorbell.block("a", STEP, (("horizon", 1), ("a.mailbox", 1)))
    if (yield load("horizon")) < 1:
        yield from doorbell.block("a", STEP, (("horizon", 1), ("a.mailbox", 2)))
    if (yield load("a.mailbox")) < 1:
        yield from doorbell.block("a", STEP, (("horizon", 2), ("a.mailbox", 1)))


def grants_a_step() -> Steps:
    yield from doorbell.domain_raise(1)
    yield from doorbell.tell("a", STEP)


def sends_and_awaits_answer(rounds: int) -> Steps:
    for i in range(1, rounds + 1):
        yield store("x", i)
        owed = yield from doorbell.tell_or_owe("b", RING)
        yield from doorbell.block("a", OTHER_RING, (("y", i),), owed=owed)


def answers(rounds: int) -> Steps:
    owed: tuple[str, ...] = ()
    for i in range(1, rounds + 1):
        yield from doorbell.block("b", RING, (("x", i),), owed=owed)
        yield store("y", i)
        owed = yield from doorbell.tell_or_owe("a", OTHER_RING)
    yield from doorbell.flush(owed)


def selects() -> Steps:
    found = 0
    while not found:
        found = yield from doorbell.wait_turn_any(("a", "b"), (("y", 1),))
    found = 0
    while not found:
        found = yield from doorbell.wait_turn_any(("a", "b"), (("x", 1),))


def steps(who: str, members: tuple[str, ...], rounds: int, release: Callable[..., Steps]) -> Steps:
    """Lockstep: end a step at the gate, where the last one lets all go on; await the next."""
    for step in range(1, rounds + 1):
        epoch = yield from doorbell.domain_arrive(len(members))
        if epoch is None:
            yield from release(members, step)
            yield from changes("done", step, "service", EVENT)
        else:
            yield from doorbell.block(who, BARRIER, (("epoch", epoch + 1),), gate=True)
            assert (yield load("decision")) == step
        yield from doorbell.block(who, STEP, (("horizon", step),))


def serves(members: tuple[str, ...], rounds: int) -> Steps:
    """The service: grants a step once the last one is done."""
    for step in range(1, rounds + 1):
        yield from doorbell.block("service", EVENT, (("done", step),))
        yield from doorbell.domain_raise(step)
        yield fence()
        for who in members:
            if (yield from doorbell.party_waits_for(who, STEP)):
                yield from doorbell.party_wake_fenced(who)


def meets(who: str, members: tuple[str, ...], rounds: int) -> Steps:
    """Barrier after barrier; the last one grants the next step itself, hence rings no bell."""
    for step in range(1, rounds + 1):
        epoch = yield from doorbell.domain_arrive(len(members))
        if epoch is None:
            yield from doorbell.domain_release(members, step)
        else:
            yield from doorbell.block(who, BARRIER, (("epoch", epoch + 1),), gate=True)
            assert (yield load("decision")) == step


def meets_as_two(members: tuple[str, ...], rounds: int) -> Steps:
    """The same by a worker with two members."""
    for step in range(1, rounds + 1):
        lacks: tuple[tuple[str, int, Condition], ...] = ()
        for who in ("a@w", "b@w"):
            epoch = yield from doorbell.domain_arrive(len(members))
            if epoch is None:
                yield from doorbell.domain_release(members, step)
                lacks = ()
            else:
                lacks = (*lacks, (who, BARRIER, (("epoch", epoch + 1),)))
        if lacks:
            yield from doorbell.team_sleep("w", lacks)
        yield store("a@w.blocked", 0)
        yield store("b@w.blocked", 0)


def waits_in_vain(who: str, gate: bool) -> Steps:
    found = yield from doorbell.block(who, BARRIER if gate else RING, (("x", 1),), gate=gate)
    assert found == ENDED
    found = yield from doorbell.block(who, RING, (("x", 1),))
    assert found == ENDED


Needs = tuple[tuple[int, Condition], ...]


def drives(a: Needs, b: Needs, together: Callable[..., Steps] = doorbell.team_sleep) -> Steps:
    """A worker with two members: each goes on until it lacks something, then both sleep as one."""
    at = (0, 0)
    recorded = False
    while at != (len(a), len(b)):
        i, j = at
        if i < len(a) and (yield from doorbell.holds(a[i][1])):
            i += 1
        if j < len(b) and (yield from doorbell.holds(b[j][1])):
            j += 1
        if at != (i, j):
            at = (i, j)
            if recorded:  # of whoever goes on; to take back both is to do more than is needed
                yield store("a@w.blocked", 0)
                yield store("b@w.blocked", 0)
                recorded = False
            continue
        lacks: tuple[tuple[str, int, Condition], ...] = ()
        if i < len(a):
            lacks = (*lacks, ("a@w", *a[i]))
        if j < len(b):
            lacks = (*lacks, ("b@w", *b[j]))
        recorded = True
        yield from together("w", lacks)


def moves_out() -> Steps:
    """A worker one of whose two members leaves for a thread of its own, and then sleeps itself."""
    yield from drives(((RING, (("x", 1),)),), ())
    yield store("a@w.moved", 1)
    yield fence()  # a thread is started
    yield store("left", 1)
    yield fence()
    yield wake("left")
    yield from drives((), ((OTHER_RING, (("y", 1),)),))


def has_moved() -> Steps:
    yield sleep(("left", 0))
    yield from doorbell.block("a@w", RING, (("x", 2),))


DOMAIN = {"horizon": 0, "arrived": 0, "epoch": 0, "decision": 0, "done": 0}
GATE = {"gate.word": 0, "gate.sleepers": 0}
SHARED = doorbell.party("w") | {"a@w.blocked": 0, "b@w.blocked": 0, "a@w.moved": 0, "b@w.moved": 0}
IN_WORKER = {f"{who}@w.{word}": 0 for who in "ab" for word in ("blocked", "moved", "sleeping")}
MOVING = doorbell.party("w", "a@w") | SHARED | {"awake": 2, "x": 0, "y": 0, "left": 0}
TURNS = doorbell.party("a", "b") | {"ask.write": 0, "ask.taken": 0, "answer.write": 0, "turn": 0}
TURNS |= {"b.number": 0, "other turn": 0}
LOCKSTEP = doorbell.party("a", "b", "service") | DOMAIN | GATE


def lockstep(release: Callable[..., Steps], rounds: int) -> dict[str, Program]:
    both = ("a", "b")
    return {
        "a": partial(steps, "a", both, rounds, release),
        "b": partial(steps, "b", both, rounds, release),
        "service": partial(serves, both, rounds),
    }


MEETINGS: dict[str, tuple[dict[str, int], dict[str, Program], int]] = {
    "a reader of two rings": (
        doorbell.party("a") | {"x": 0, "y": 0},
        {
            "reader": reads_two_rings,
            "writer": writes_one_ring,
            "other": partial(changes, "y", 1, "a", OTHER_RING),
        },
        1,
    ),
    "a client asks an owner": (TURNS, {"a": partial(asks, 1), "b": partial(owns, 1)}, 2),
    "a client asks an owner twice": (TURNS, {"a": partial(asks, 2), "b": partial(owns, 2)}, 0),
    "two clients take turns": (
        TURNS,
        {
            "a": partial(takes_turns, 1),
            "other": partial(another_takes_turns, 1),
            "b": partial(owns_in_turns, 1),
        },
        0,
    ),
    "mail and a step": (
        doorbell.party("a") | {"a.mailbox": 0, "horizon": 0},
        {
            "a": awaits_step_and_mail,
            "service": grants_a_step,
            "poster": partial(doorbell.party_post, "a"),
        },
        1,
    ),
    "wake-ups are owed": (
        doorbell.party("a", "b") | {"x": 0, "y": 0},
        {"a": partial(sends_and_awaits_answer, 2), "b": partial(answers, 2)},
        0,
    ),
    "one waits as two parties": (
        doorbell.party("a", "b") | {"x": 0, "y": 0},
        {
            "selector": selects,
            "writer": partial(changes, "x", 1, "a", RING),
            "other": partial(changes, "y", 1, "b", RING),
        },
        1,
    ),
    "two share a worker": (
        SHARED | {"x": 0, "y": 0},
        {
            "worker": partial(
                drives,
                ((RING, (("x", 1),)), (RING, (("x", 2),))),
                ((OTHER_RING, (("y", 1),)),),
            ),
            "writer": writes_two_messages,
            "other": partial(changes, "y", 1, "b@w", OTHER_RING),
        },
        1,
    ),
    "two members and a service": (LOCKSTEP, lockstep(doorbell.domain_release, 1), 0),
    "three members": (
        doorbell.party("a", "b", "c") | DOMAIN | GATE,
        {who: partial(meets, who, ("a", "b", "c"), 1) for who in "abc"},
        1,
    ),
    "two of a worker and a third meet twice": (
        doorbell.party("w", "c") | IN_WORKER | DOMAIN | GATE,
        {
            "worker": partial(meets_as_two, ("a@w", "b@w", "c"), 2),
            "c": partial(meets, "c", ("a@w", "b@w", "c"), 2),
        },
        1,
    ),
    "two members meet thrice": (
        doorbell.party("a", "b") | DOMAIN | GATE,
        {who: partial(meets, who, ("a", "b"), 3) for who in "ab"},
        1,
    ),
    "the network ends": (
        doorbell.party("a", "b") | {"x": 0} | GATE,
        {
            "a": partial(waits_in_vain, "a", False),
            "b": partial(waits_in_vain, "b", True),
            "service": partial(doorbell.arena_abort, ("a", "b"), True),
        },
        0,
    ),
}


LONG_MEETINGS = {
    "one leaves a worker": (
        MOVING,
        {
            "worker": moves_out,
            "thread": has_moved,
            "writer": writes_two_messages,
            "other": partial(changes, "y", 1, "b@w", OTHER_RING),
        },
        0,
    ),
    "two members and a service, slices end": (LOCKSTEP, lockstep(doorbell.domain_release, 1), 1),
    "three members meet twice": (
        doorbell.party("a", "b", "c") | DOMAIN | GATE,
        {who: partial(meets, who, ("a", "b", "c"), 2) for who in "abc"},
        0,
    ),
}
