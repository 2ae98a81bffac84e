"""No wake-up is lost: every interleaving of a few parties, with the store buffers of x86-64.

`doorbell` says what the headers do, `model_check` tries all orders; here is who meets whom, and
a collection of broken protocols, each of which the explorer must see through.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.channels import doorbell
from tests.channels.doorbell import BARRIER, EVENT, STEP, TURN, Condition, Steps
from tests.channels.meetings import (
    LOCKSTEP,
    LONG_MEETINGS,
    MEETINGS,
    OTHER_RING,
    RING,
    SHARED,
    TURNS,
    answers,
    asks,
    changes,
    drives,
    lockstep,
    serves,
)
from tests.channels.model_check import Found, Program, add, explore, load, sleep, store


@pytest.mark.parametrize(
    "meeting", [*MEETINGS, *(pytest.param(m, marks=pytest.mark.slow) for m in LONG_MEETINGS)]
)
def test_whatever_the_order_nobody_sleeps_for_good_and_the_count_of_those_awake_is_exact(
    meeting: str,
) -> None:
    memory, programs, slices = (MEETINGS | LONG_MEETINGS)[meeting]
    found = explore(memory, programs, buffers=True, slices=slices)
    assert found.lost is None, "\n".join(found.lost)
    assert found.ends
    for end in found.ends:
        assert end["awake"] == memory["awake"]
        assert not end.get("gate.sleepers")


# -- protocols that are wrong, and must be found out ----------------------------------------------


def owns_and_forgets_requests() -> Steps:
    """Serve, announce, look at the turn only, sleep."""
    while (yield load("turn")) < 1:
        yield from doorbell.serve("ask", "answer", "a")
        yield from doorbell.block("b", EVENT, (("turn", 1),))
    yield from doorbell.serve("ask", "answer", "a")


def ends_its_turn_without_a_fence() -> Steps:
    yield store("turn", 1)
    if (yield from doorbell.party_waits_for("b", EVENT)) and (yield load("b.number")) <= 1:
        yield from doorbell.party_wake_fenced("b")


def sleeps_on(who: str, condition: Condition) -> Steps:
    """Look once; after every slice announce again without a look, as long as nobody has rung."""
    key = yield from doorbell.party_prepare(who)
    if (yield from doorbell.holds(condition)):
        yield from doorbell.party_cancel(who)
        return
    while (yield load(f"{who}.bell")) == key:
        yield sleep((f"{who}.bell", key))
        yield from doorbell.party_cancel(who)
        if (yield load(f"{who}.bell")) == key:
            yield from doorbell.party_prepare(who)


def does_not_look_at_the_end() -> Steps:
    key = yield from doorbell.party_prepare("a")
    if not (yield from doorbell.holds((("x", 1),))):
        yield sleep(("a.bell", key))
    yield from doorbell.party_cancel("a")


def does_not_look_again() -> Steps:
    if (yield load("x")) < 1:
        key = yield from doorbell.party_prepare("a")
        yield sleep(("a.bell", key))


def tells_without_a_fence() -> Steps:
    yield store("x", 1)
    if (yield from doorbell.party_waits_for("a", RING)):
        yield from doorbell.party_wake_fenced("a")


def records_too_late() -> Steps:
    key = yield from doorbell.party_prepare("a")
    yield store("a.blocked", RING)
    if not (yield from doorbell.holds((("x", 1),))):
        yield sleep(("a.bell", key))


def forgets_its_debts() -> Steps:
    yield store("x", 1)
    yield from doorbell.tell_or_owe("b", RING)
    yield from doorbell.block("a", OTHER_RING, (("y", 1),))


def releases_whoever_sleeps(members: tuple[str, ...], decision: int) -> Steps:
    """Take every member for one that sleeps at the gate."""
    for who in members:
        yield from doorbell.party_cancel(who)
    yield store("decision", decision)
    yield add("epoch", 1)
    yield from doorbell.gate_open()


def releases_too_late(members: tuple[str, ...], decision: int) -> Steps:
    """Clear the flags after the epoch has moved."""
    yield store("decision", decision)
    yield add("epoch", 1)
    yield from doorbell.gate_open()
    for who in members:
        if BARRIER <= (yield load(f"{who}.blocked")) < EVENT:
            yield from doorbell.party_cancel(who)


def sleeps_by_the_bell_and_arrives(who: str) -> Steps:
    """Arrive, and do not wait for the release but for something else (the end of a run)."""
    if (yield from doorbell.domain_arrive(2)) is None:
        yield from releases_whoever_sleeps(("a", "b"), 1)
        yield from changes("done", 1, "service", EVENT)
    yield from doorbell.block(who, STEP, (("horizon", 1),))


def sleeps_and_records(home: str, members: tuple[tuple[str, int, Condition], ...]) -> Steps:
    """A team that announces itself before its members have their records."""
    lacks: Condition = ()
    key = yield from doorbell.party_prepare(home)
    for who, record, condition in members:
        yield store(f"{who}.blocked", record)
        lacks = (*lacks, *condition)
    if not (yield from doorbell.holds(lacks)):
        yield sleep((f"{home}.bell", key))
    yield from doorbell.party_cancel(home)


def records_and_sleeps(home: str, members: tuple[tuple[str, int, Condition], ...]) -> Steps:
    """A team that does not look at its members again."""
    for who, record, _ in members:
        yield store(f"{who}.blocked", record)
    key = yield from doorbell.party_prepare(home)
    yield sleep((f"{home}.bell", key))
    yield from doorbell.party_cancel(home)


def shares(together: Callable[..., Steps], left: int) -> tuple[dict[str, int], Any, int]:
    """Two in a worker, of whom one has waited for something else before."""
    worker = partial(drives, ((RING, (("x", 1),)),), ((OTHER_RING, (("y", 1),)),), together)
    programs = {
        "worker": worker,
        "writer": partial(changes, "x", 1, "a@w", RING),
        "other": partial(changes, "y", 1, "b@w", OTHER_RING),
    }
    return SHARED | {"x": 0, "y": 0, "a@w.blocked": left, "b@w.blocked": left}, programs, 0


READER_AND_WRITER = doorbell.party("a") | {"x": 0}
WRONG: dict[str, tuple[dict[str, int], dict[str, Program], int]] = {
    "does not look at what it has to serve": (
        TURNS,
        {"a": partial(asks, 1), "b": owns_and_forgets_requests},
        0,
    ),
    "ends its turn without a fence": (
        TURNS,
        {
            "a": ends_its_turn_without_a_fence,
            "b": partial(doorbell.wait, "b", (("turn", 1),), "ask", "answer", "a", (TURN + 1, 1)),
        },
        0,
    ),
    "announces again without a look": (
        READER_AND_WRITER,
        {
            "a": partial(sleeps_on, "a", (("x", 1),)),
            "writer": partial(changes, "x", 1, "a", RING),
        },
        1,
    ),
    "does not look at the abort word": (
        READER_AND_WRITER,
        {
            "a": does_not_look_at_the_end,
            "service": partial(doorbell.arena_abort, ("a",), False),
        },
        0,
    ),
    "does not look again": (
        READER_AND_WRITER,
        {"a": does_not_look_again, "writer": partial(changes, "x", 1, "a", RING)},
        0,
    ),
    "tells without a fence": (
        READER_AND_WRITER,
        {"a": partial(doorbell.block, "a", RING, (("x", 1),)), "writer": tells_without_a_fence},
        0,
    ),
    "records what it waits for once it sleeps": (
        READER_AND_WRITER | {"a.blocked": OTHER_RING},
        {"a": records_too_late, "writer": partial(changes, "x", 1, "a", RING)},
        0,
    ),
    "a team that sleeps before its members have their records": shares(sleeps_and_records, RING),
    "a team that does not look again": shares(records_and_sleeps, 0),
    "forgets its debts": (
        doorbell.party("a", "b") | {"x": 0, "y": 0},
        {"a": forgets_its_debts, "b": partial(answers, 1)},
        0,
    ),
    "a release that takes all for sleepers at the gate": (
        LOCKSTEP,
        {
            "a": partial(sleeps_by_the_bell_and_arrives, "a"),
            "b": partial(sleeps_by_the_bell_and_arrives, "b"),
            "service": partial(serves, ("a", "b"), 1),
        },
        0,
    ),
    "a release that clears flags too late": (LOCKSTEP, lockstep(releases_too_late, 1), 0),
}


def explored(meeting: tuple[dict[str, int], dict[str, Program], int], buffers: bool) -> Found:
    memory, programs, slices = meeting
    return explore(memory, programs, buffers=buffers, slices=slices)


@pytest.mark.parametrize("mistake", WRONG)
def test_the_explorer_finds(mistake: str) -> None:
    found = explored(WRONG[mistake], buffers=True)
    broken = found.lost or [end for end in found.ends if end["awake"] != WRONG[mistake][0]["awake"]]
    assert broken, mistake


def test_the_explorer_knows_what_store_buffers_do() -> None:
    assert explored(WRONG["tells without a fence"], buffers=True).lost
    assert not explored(WRONG["tells without a fence"], buffers=False).lost
