"""Runs begin and end for all: every interleaving of a service, its actors and the user's pauses.

The programs say what `stepping.py`, `lease.py`, `service.py` and the clock in ``domain.h`` do about
runs, in the same order; how somebody sleeps is taken as right (`tests/channels/test_doorbell.py`).
Two runs follow each other. A pause of the user may come at any moment, the first actor asks for one
in a step, and both may cross. Nobody may be left waiting, and each run must end once, with all
actors at its fence. So too where the user grants single steps (`user/rounds.py`), and a pause of
another thread of the user's, or a request, gives the clock back to the service.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from lava_actor.protocol import words
from lava_actor.runtime.actor.stepping import SteppingLoop
from tests.channels.doorbell import Steps
from tests.channels.model_check import (
    Found,
    Program,
    add,
    amend,
    exchange,
    explore,
    load,
    store,
    until_other,
)

FROZEN = 1 << 8
NO_END = 1 << 7
#: What the service is told, in one word: that somebody announced a run, that it is to pause.
EVENT, PAUSE = 1, 16
#: In the word of the barrier: a member asks for a pause.
ASKED = 4
#: In a mailbox: the network ends.
ABORT = 1 << 8


def raised(horizon: int, to: int) -> int:
    return max(horizon, to)  # a frozen one is more than any step


def frozen(horizon: int) -> int:
    return horizon | FROZEN


def thawed(horizon: int) -> int:
    return horizon & ~FROZEN


# -- an actor --------------------------------------------------------------------------------------


def arrive(asks: int) -> Steps:
    """Arrive at the barrier of two: the epoch to wait for the end of, or None and who asks."""
    epoch = yield load("epoch")
    before = yield add("arrived", 1 + (ASKED if asks else 0))
    if not before % ASKED:
        return epoch, 0
    found = yield exchange("arrived", 0)
    return None, found // ASKED


def release() -> Steps:
    yield add("epoch", 1)


def grant(step: int) -> Steps:
    yield amend("horizon", raised, step)


def end_of_step(step: int, asks: int) -> Steps:
    epoch, asked = yield from arrive(asks)
    if epoch is not None:
        yield until_other(("epoch", epoch))
        return
    if asked:
        yield store("asked", 1)
        yield store("fence", step)
    fence = yield load("fence")
    if step < fence:
        yield from grant(step + 1)
    yield from release()


def looks_at_the_run_first(done: int, announced: int) -> Steps:
    """The run whose end is to be announced, or 0."""
    turn = yield load("turn")
    fence = yield load("fence")
    return turn if done == fence and announced != turn else 0


def looks_at_the_fence_first(done: int, announced: int) -> Steps:
    fence = yield load("fence")
    turn = yield load("turn")
    return turn if done == fence and announced != turn else 0


def actor(
    who: str, lockstep: bool, asks_in: int, look: Callable[[int, int], Steps], alone: bool = False
) -> Steps:
    done = announced = 0
    epoch: int | None = None
    while True:
        seen = yield load(f"{who}.mailbox")
        if seen >= ABORT:
            return
        horizon = yield load("horizon")
        if done < thawed(horizon):
            done += 1
            yield store(f"{who}.done", done)
            if lockstep:
                yield from end_of_step(done, done == asks_in)
            elif done == asks_in:
                yield store("asked", 1)
                yield add("inbox", PAUSE)
            continue
        run = yield from look(done, announced)
        if run:
            announced = run
            if not alone:
                epoch, _ = yield from arrive(0)
            if epoch is None:
                yield from release()
                yield store("told", announced)
                by_hand = yield load("by_hand")
                if not by_hand:
                    yield add("inbox", EVENT)
        yield until_other(("horizon", horizon), (f"{who}.mailbox", seen))


# -- the service, and the user ---------------------------------------------------------------------


def post(who: str, amount: int) -> Steps:
    yield add(f"{who}.mailbox", amount)


def end_run() -> Steps:
    """A pause: the run ends with the last step that may have started."""
    fence = yield load("fence")
    horizon = yield amend("horizon", frozen)
    yield store("fence", min(fence, thawed(horizon)))
    yield from post("a", 1)
    yield from post("b", 1)


def begin_run(steps: int) -> Steps:
    """Return the last step of the run."""
    fence = yield load("fence")
    target = fence + steps if steps else NO_END
    yield store("fence", target)
    yield add("turn", 1)
    yield amend("horizon", thawed)
    yield from grant(fence + 1)
    return target


def service(lockstep: bool, runs: tuple[int, ...]) -> Steps:
    """``runs``: the steps of each, 0 for no end."""
    taken = 0
    for number, steps in enumerate(runs, 1):
        target = yield from begin_run(steps)
        active = not lockstep
        while True:
            found = yield load("inbox")
            if found // PAUSE != taken // PAUSE:
                active = False
                yield from end_run()
            if found % PAUSE != taken % PAUSE:
                told = yield load("told")
                if told == number:
                    taken = found
                    break
            if found == taken and active:  # the time has come to grant more
                horizon = yield load("horizon")
                active = horizon < target
                yield from grant(min(target, horizon + 1))
            elif found == taken:
                yield until_other(("inbox", taken))
            taken = found
        fence = yield load("fence")
        for who in ("a", "b"):
            done = yield load(f"{who}.done")
            assert done == fence, f"run {number} is over at {fence}, and {who} at {done}"
    yield from post("a", ABORT)
    yield from post("b", ABORT)


def user(pauses: int) -> Steps:
    for _ in range(pauses):
        yield add("inbox", PAUSE)


# -- steps by hand ---------------------------------------------------------------------------------


def takes_the_lock() -> Steps:
    while (yield exchange("lock", 1)):
        yield until_other(("lock", 1))


def takes_no_lock() -> Steps:
    return
    yield


def user_by_hand(steps: int, take: Callable[[], Steps]) -> Steps:
    """Grant single steps until these are done, a model asks for a pause, or the run is cancelled."""
    for _ in range(steps):
        yield from take()
        cancelled = yield load("cancelled")
        if not cancelled:
            yield store("by_hand", 1)
            yield from begin_run(1)
        yield store("lock", 0)
        if cancelled:
            break
        turn = yield load("turn")
        while (told := (yield load("told"))) != turn:
            yield until_other(("told", told))
        asked = yield load("asked")
        if asked:
            break
    yield add("inbox", PAUSE)


def another_thread(take: Callable[[], Steps]) -> Steps:
    yield store("cancelled", 1)
    yield from take()
    yield add("inbox", PAUSE)
    yield store("lock", 0)


def service_by_hand() -> Steps:
    taken, by_hand = 0, True
    while True:
        found = yield load("inbox")
        if found // PAUSE != taken // PAUSE:
            by_hand = False
            yield store("by_hand", 0)
            yield from end_run()
        told = yield load("told")
        turn = yield load("turn")
        if not by_hand and told == turn:
            break
        if found == taken:
            yield until_other(("inbox", taken))
        taken = found
    fence = yield load("fence")
    done = yield load("a.done")
    assert done == fence, f"all is over at {fence}, and a at {done}"
    yield from post("a", ABORT)
    yield from post("b", ABORT)


WORDS = (
    "horizon", "fence", "turn", "told", "arrived", "epoch", "inbox", "asked", "lock", "cancelled",
    "by_hand", "a.mailbox", "a.done", "b.mailbox", "b.done",
)  # fmt: skip


def explored(
    look: Callable[[int, int], Steps], lockstep: bool, runs: tuple[int, ...], asks_in: int = 0,
    pauses: int = 1,
) -> Found:
    return explored_with(
        partial(service, lockstep, runs), partial(user, pauses),
        a=partial(actor, "a", lockstep, asks_in, look), b=partial(actor, "b", lockstep, 0, look),
    )  # fmt: skip


def explored_with(*others: Program, **actors: Program) -> Found:
    programs = actors | {f"other {i}": other for i, other in enumerate(others)}
    return explore(dict.fromkeys(WORDS, 0), programs, buffers=False)


def explored_by_hand(steps: int, asks_in: int, take: Callable[[], Steps]) -> Found:
    return explored_with(
        service_by_hand, partial(user_by_hand, steps, take), partial(another_thread, take),
        a=partial(actor, "a", False, asks_in, looks_at_the_run_first, alone=True),
    )  # fmt: skip


#: Whether in lockstep, the steps of the runs, when the first actor asks for a pause, pauses.
CROSSINGS = {
    "two runs in lockstep": (True, (1, 1), 0, 0),
    "a pause, a request and another run in lockstep": (True, (0, 1), 1, 1),
    "two runs ahead": (False, (1, 1), 0, 0),
    "a pause ahead": (False, (1,), 0, 1),
}
LONG_CROSSINGS = {
    "a pause and a request in lockstep": (True, (0,), 2, 1),
    "a request ahead": (False, (2,), 1, 0),
    "a pause and another run ahead": (False, (1, 1), 0, 1),
}


@pytest.mark.parametrize(
    "crossing", [*CROSSINGS, *(pytest.param(c, marks=pytest.mark.slow) for c in LONG_CROSSINGS)]
)
def test_a_run_ends_once_and_for_all_whoever_pauses_it_when(crossing: str) -> None:
    found = explored(looks_at_the_run_first, *(CROSSINGS | LONG_CROSSINGS)[crossing])
    assert found.lost is None, "\n".join(found.lost)
    assert found.ends


@pytest.mark.parametrize(
    ("steps", "asks_in"), [(1, 0), pytest.param(2, 1, marks=pytest.mark.slow)]
)
def test_steps_that_the_user_grants_end_once_and_for_all_whoever_pauses(
    steps: int, asks_in: int
) -> None:
    found = explored_by_hand(steps, asks_in, takes_the_lock)
    assert found.lost is None, "\n".join(found.lost)
    assert found.ends


def test_a_pause_that_does_not_take_the_lock_under_which_steps_are_granted_is_found_out() -> None:
    try:
        found = explored_by_hand(1, 0, takes_no_lock)
    except AssertionError as error:
        assert "is over at" in str(error)
    else:
        assert found.lost is not None


@pytest.mark.parametrize("crossing", ["two runs in lockstep", "two runs ahead"])
def test_an_actor_that_looks_at_the_fence_before_the_run_is_found_out(crossing: str) -> None:
    """It takes the end of the last run for that of the next, and is missed at the real one."""
    try:
        found = explored(looks_at_the_fence_first, *CROSSINGS[crossing])
    except AssertionError as error:
        assert "is over at" in str(error)
    else:
        assert found.lost is not None


def test_an_actor_is_not_taken_in_by_a_run_that_begins_while_it_looks() -> None:
    """The actor itself: it has read the fence of no run yet, and then the first run begins."""
    runs = SimpleNamespace(turn=0)

    class Clock(SimpleNamespace):
        @property
        def fence(self) -> int:
            runs.turn = 1
            return 0

    def await_step(*_: object) -> None:
        assert runs.turn == 1

    loop: Any = SteppingLoop.__new__(SteppingLoop)
    loop.actor = SimpleNamespace(runs=runs, servers=[], mail_seen=0)
    loop.party = SimpleNamespace(done=0, flush_wakes=lambda: None)
    loop.clock = Clock(limit=words.NO_LIMIT, horizon=0, granted=0, await_step=await_step)
    loop.paced, loop.lockstep, loop.announced = False, True, 0
    loop._park(1)
    assert loop.announced == 0
