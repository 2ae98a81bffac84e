"""How far the horizon is raised, with actors that the test moves and a clock that it sets."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from lava_actor.channels import Arena, plan_arena
from lava_actor.runtime.service import lease as module
from lava_actor.runtime.service.lease import (
    LEASE_SECONDS,
    LEAST_STEPS,
    MOST_SECONDS,
    WIDE_SECONDS,
    Lease,
)


class Line:
    """Two actors; the second is the last of a line."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        crowd: float = 1.0,
        steps: int | None = None,
        **where: frozenset[int],
    ) -> None:
        self.now = 1000.0
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now))
        plan = plan_arena(["first", "last", "user"], [[0, 1], []], [])
        self.arena = Arena.create(replace(plan, **where))
        self.lease = Lease(self.arena, (0, 1), lockstep=False, crowd=crowd)
        self.lease.start(steps, self.arena.party(2))

    def move(self, first: int, last: int, seconds: float) -> None:
        self.arena.party(0).done, self.arena.party(1).done = first, last
        self.now += seconds

    def ask(self, *, hungry: bool = True) -> int:
        self.lease.extend(hungry=hungry)
        return int(self.lease.clock.granted)


@pytest.fixture
def line(monkeypatch):
    line = Line(monkeypatch)
    yield line
    line.arena.close()


def test_who_is_ahead_gets_no_more_while_the_last_have_not_begun(line):
    line.move(LEAST_STEPS, 0, 0.0001)
    for _ in range(20):
        assert line.ask() == LEAST_STEPS


def test_what_everybody_uses_up_at_once_doubles(line):
    granted = LEAST_STEPS
    steps = LEAST_STEPS
    for _ in range(10):
        line.move(granted, granted - steps // 2, LEASE_SECONDS / 100)
        granted, steps = line.ask(), 2 * steps
        assert granted == line.arena.party(1).done + steps


def test_what_lasted_does_not_double(line):
    line.move(LEAST_STEPS, LEAST_STEPS, LEASE_SECONDS / 3)
    assert line.ask() == 2 * LEAST_STEPS  # as much again, not twice as much


def test_the_rate_decides_in_the_end(line):
    for step in range(1, 50):  # a step takes a hundredth of a lease
        line.move(line.lease.clock.granted, step * 10, LEASE_SECONDS / 10)
        line.ask(hungry=False)
    ahead = line.lease.clock.granted - line.arena.party(1).done
    assert 75 <= ahead <= 102


def test_less_than_a_quarter_of_a_lease_wakes_nobody(line):
    line.lease._steps = 100
    line.move(LEAST_STEPS, LEAST_STEPS, LEASE_SECONDS / 3)
    granted = LEAST_STEPS + 100
    assert line.ask() == granted
    line.move(granted, LEAST_STEPS + 24, 0)
    assert line.ask() == granted
    line.move(granted, LEAST_STEPS + 25, 0)
    assert line.ask() == granted + 25


def test_the_end_of_a_run_is_granted_however_near_it_is(monkeypatch):
    line = Line(monkeypatch, steps=LEAST_STEPS + 1)
    line.lease._steps = 100
    line.move(LEAST_STEPS, 0, 0)
    assert line.ask() == LEAST_STEPS + 1
    assert not line.lease.active
    line.arena.close()


@pytest.mark.parametrize(
    ("crowd", "seconds"), [(0.5, LEASE_SECONDS), (50, 0.05), (10_000, MOST_SECONDS)]
)
def test_where_many_share_a_core_a_lease_is_longer(monkeypatch, crowd, seconds):
    line = Line(monkeypatch, crowd)
    assert line.lease.seconds == pytest.approx(seconds)
    line.arena.close()


def test_nobody_gets_far_ahead_of_who_is_on_another_rank_of_the_machine(monkeypatch):
    line = Line(monkeypatch, away=frozenset({1}))
    for _ in range(20):
        line.move(line.lease.clock.granted, 3, LEASE_SECONDS)
        line.ask()
    assert line.lease.clock.granted <= 3 + LEAST_STEPS
    line.arena.close()


def test_nobody_gets_far_ahead_of_who_is_on_another_machine(monkeypatch):
    line = Line(monkeypatch, away=frozenset({1}), elsewhere=frozenset({1}))
    clock = line.lease.clock
    for done in (0, 5, 5, 5):
        clock.tell_far(done)
        line.move(clock.granted, 1000, WIDE_SECONDS)  # whatever the block of the other says here
        line.ask()
        assert done <= clock.granted <= done + 2 * LEAST_STEPS
    assert clock.slowest == 5
    assert clock.slowest_near == line.arena.party(0).done
    line.arena.close()
