"""The barrier of a domain beside waits of another kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lava_actor.channels import Arena, plan_arena


@pytest.mark.parametrize("index", [0, 1])
def test_a_barrier_leaves_those_asleep_who_sleep_by_their_bell(
    child: Callable[..., Any], until_blocked: Callable[..., None], index: int
) -> None:
    arena = Arena.create(plan_arena("ab", [(0, 1)], []))
    domain, party = arena.domain(0), arena.party(index)

    def sleep() -> None:
        party.wait(lambda: party.done)
        assert not party.missed, "nobody rang the bell"

    assert not domain.arrive(0)[0]
    with child(sleep):
        until_blocked(party, "event")
        assert domain.arrive(0)[0]
        domain.release(0)
        party.done = 1
        party.bell()
    arena.close()
