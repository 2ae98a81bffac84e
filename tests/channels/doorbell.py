"""``doorbell.h``, ``domain.h``, ``sleep.h`` as programs for `model_check`: same names, same order.

A party is its name; its words are ``a.bell``, ``a.sleeping``, ``a.blocked``. One that lives with
others has the name of their home in its own, ``a@w``; ``a@w.moved`` says that it has left. A
condition is a tuple
of (word, least value), any of which will do: all words that parties wait for only grow.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from tests.channels.model_check import (
    Op,
    add,
    choose,
    exchange,
    fence,
    load,
    sleep,
    store,
    tally,
    wake,
)

Condition = tuple[tuple[str, int], ...]
Steps = Generator[Op, Any, Any]

#: Kinds of blocked records; a record is kind and what is waited for, as one number.
DATA, STEP, BARRIER, EVENT, TURN = 100, 200, 300, 400, 500
TIME_OVER, HOLDS, ENDED = 0, 1, 2


def party(*names: str) -> dict[str, int]:
    """The words of parties, and those of their arena."""
    words = {"abort": 0, "awake": len(names)}
    for name in names:
        words |= {f"{name}.bell": 0, f"{name}.sleeping": 0, f"{name}.blocked": 0}
    return words


# -- doorbell --------------------------------------------------------------------------------------


def home_of(who: str) -> Steps:
    """Who sleeps for a party."""
    _, _, home = who.partition("@")
    if not home or (yield load(f"{who}.moved")):
        return who
    return home


def party_wake_fenced(who: str) -> Steps:
    home = yield from home_of(who)
    if (yield load(f"{home}.sleeping")) and (yield exchange(f"{home}.sleeping", 0)):
        yield tally("awake", 1)
        yield add(f"{home}.bell", 1)
        yield wake(f"{home}.bell")


def party_waits_for(who: str, record: int) -> Steps:
    home = yield from home_of(who)
    if not (yield load(f"{home}.sleeping")):
        return False
    on = yield load(f"{who}.blocked")
    return on in (record, 0) or on >= EVENT


def party_wake(who: str) -> Steps:
    yield fence()
    yield from party_wake_fenced(who)


def go_to_sleep(who: str) -> Steps:
    if not (yield exchange(f"{who}.sleeping", 1)):
        yield tally("awake", -1)
    yield fence()


def party_prepare(who: str) -> Steps:
    key = yield load(f"{who}.bell")
    yield from go_to_sleep(who)
    return key


def party_cancel(who: str) -> Steps:
    if (yield exchange(f"{who}.sleeping", 0)):
        yield tally("awake", 1)


def party_post(who: str) -> Steps:
    yield add(f"{who}.mailbox", 1)
    yield from party_wake(who)


# -- gate, abort, domain ---------------------------------------------------------------------------


def gate_prepare(who: str) -> Steps:
    key = yield load("gate.word")
    yield add("gate.sleepers", 1)
    yield from go_to_sleep(who)
    return key


def gate_cancel(who: str) -> Steps:
    yield add("gate.sleepers", -1)
    yield from party_cancel(who)


def gate_open() -> Steps:
    yield fence()
    if (yield load("gate.sleepers")):
        yield add("gate.word", 1)
        yield wake("gate.word")


def arena_abort(parties: tuple[str, ...], gate: bool) -> Steps:
    yield exchange("abort", 1)
    for who in parties:
        yield add(f"{who}.bell", 1)
        yield wake(f"{who}.bell")
    if gate:
        yield add("gate.word", 1)
        yield wake("gate.word")


def domain_raise(value: int) -> Steps:
    if (yield load("horizon")) < value:
        yield exchange("horizon", value)


def domain_arrive(n: int) -> Steps:
    """Returns None for the last of n, else the epoch."""
    epoch = yield load("epoch")
    if (yield add("arrived", 1)) + 1 == n:
        yield store("arrived", 0)
        return None
    return epoch


def domain_release(members: tuple[str, ...], decision: int) -> Steps:
    for who in members:
        if BARRIER <= (yield load(f"{who}.blocked")) < EVENT:
            yield from party_cancel(who)
    yield store("decision", decision)
    yield add("epoch", 1)
    yield from gate_open()
    for who in members:
        if (yield from home_of(who)) != who:
            yield from party_wake_fenced(who)


# -- waiting ---------------------------------------------------------------------------------------


def holds(condition: Condition) -> Steps:
    for word, least in condition:
        if (yield load(word)) >= least:
            return True
    return False


def look(condition: Condition) -> Steps:
    if (yield from holds(condition)):
        return HOLDS
    return ENDED if (yield load("abort")) else TIME_OVER


def wait_turn(who: str, condition: Condition, gate: bool = False) -> Steps:
    if gate:
        key = yield from gate_prepare(who)
        found = yield from look(condition)
        if not found:
            yield sleep(("gate.word", key))
        yield from gate_cancel(who)
    else:
        key = yield from party_prepare(who)
        found = yield from look(condition)
        if not found:
            yield sleep((f"{who}.bell", key))
        yield from party_cancel(who)
    if not found:
        found = yield from look(condition)
    return found


def wait_turn_any(parties: tuple[str, ...], condition: Condition) -> Steps:
    keys: tuple[tuple[str, int], ...] = ()
    for who in parties:
        key = yield from party_prepare(who)
        keys = (*keys, (f"{who}.bell", key))
    found = yield from look(condition)
    if not found:
        yield sleep(*keys)
    for who in parties:
        yield from party_cancel(who)
    return found


# -- what _party.pxi and the ends of rings make of it ---------------------------------------------


def block(
    who: str, record: int, condition: Condition, *, gate: bool = False, owed: tuple[str, ...] = ()
) -> Steps:
    """``Party._block``."""
    yield from flush(owed)
    yield store(f"{who}.blocked", record)
    found = TIME_OVER
    while not found:
        found = yield from wait_turn(who, condition, gate)
    yield store(f"{who}.blocked", 0)
    return found


def team_sleep(home: str, members: tuple[tuple[str, int, Condition], ...]) -> Steps:
    """``Team._sleep``: each member's record, then one wait for all of them."""
    lacks: Condition = ()
    for who, record, condition in members:
        yield store(f"{who}.blocked", record)
        lacks = (*lacks, *condition)
    yield from block(home, EVENT, lacks)


def flush(owed: tuple[str, ...]) -> Steps:
    if owed:
        yield fence()
    for who in owed:
        yield from party_wake_fenced(who)


def tell(who: str, record: int) -> Steps:
    """After a change: wake a party that waits for just that."""
    yield fence()
    if (yield from party_waits_for(who, record)):
        yield from party_wake_fenced(who)


def tell_turn(who: str, me: int, stage: int) -> Steps:
    """``Turns._publish``: wake a party that waits for this stage of `me`, or for an earlier one."""
    yield fence()
    if (yield from party_waits_for(who, EVENT)):
        on = yield load(f"{who}.blocked")
        number = yield load(f"{who}.number")
        if on < TURN or (on == TURN + me and number <= stage):
            yield from party_wake_fenced(who)


def tell_or_owe(who: str, record: int) -> Steps:
    """The same, or a little later: returns whom a wake-up is owed."""
    yield fence()
    if (yield from party_waits_for(who, record)):
        if (yield choose()):
            return (who,)
        yield from party_wake_fenced(who)
    return ()


def serve(requests: str, replies: str, client: str) -> Steps:
    """Answer what came through a ring, each by a message in another."""
    while True:
        taken = yield load(f"{requests}.taken")
        if (yield load(f"{requests}.write")) <= taken:
            return
        yield store(f"{requests}.taken", taken + 1)
        yield store(f"{replies}.write", taken + 1)
        yield from tell(client, DATA)


def wait(
    who: str,
    condition: Condition,
    requests: str,
    replies: str,
    client: str,
    record: tuple[int, int] = (EVENT, 0),
) -> Steps:
    """``Party.wait`` with one server; ``Turns._await_one`` if the record is that of a turn."""
    while True:
        held = yield from holds(condition)
        if not held and (yield load("abort")):
            return ENDED
        yield from serve(requests, replies, client)
        if held:
            return HOLDS
        taken = yield load(f"{requests}.taken")
        yield store(f"{who}.number", record[1])
        yield from block(who, record[0], (*condition, (f"{requests}.write", taken + 1)))
