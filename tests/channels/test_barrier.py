"""The barrier of a domain, as far as it can be looked at from one process."""

from __future__ import annotations

import pytest

from lava_actor.channels import Arena, plan_arena


@pytest.mark.parametrize("index", [0, 1])
def test_a_barrier_leaves_those_asleep_who_sleep_by_their_bell(index: int) -> None:
    arena = Arena.create(plan_arena("ab", [(0, 1)], []))
    domain, party = arena.domain(0), arena.party(index)
    assert not domain.arrive(0)[0]
    key = party.prepare_wait()
    assert domain.arrive(0)[0]
    domain.release(0)
    party.bell()
    assert party.commit_wait(key, 0)
    arena.close()
