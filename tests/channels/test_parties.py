"""Words, waits and meetings of parties and domains."""

from __future__ import annotations

import os
from functools import partial

import pytest

from lava_actor.channels import Arena, plan_arena
from lava_actor.channels._native import wait_any
from lava_actor.errors import ChannelAborted, RuntimeStateError
from tests.channels.test_waiting import SPIN

# -- parties and domains -----------------------------------------------------------------------


def test_words_of_a_party_are_seen_by_every_process(make_ring, child):
    arena = make_ring().arena
    words = {"step": 7, "done": 6, "turn": 2**63, "phase": 3, "state": 4, "busy_ns": 5}

    def write():
        for name, value in words.items():
            setattr(arena.party(1), name, value)

    with child(write):
        pass
    assert {name: getattr(arena.party(1), name) for name in words} == words
    assert arena.party(1) is arena.party(1)
    assert (arena.party(1).index, arena.party(1).name) == (1, "reader 1")


def test_a_wait_says_whether_a_condition_holds_or_the_time_is_over(make_ring):
    party = make_ring().arena.party(0)
    assert not party.wait(timeout=0)
    assert not party.wait(lambda: False, timeout=0.001)
    assert party.wait(lambda: False, lambda: True, timeout=0)
    assert party.wait(lambda: True)
    looks = iter([False] * 5)
    assert party.wait(lambda: next(looks, True), timeout=60)
    assert party.blocked is None


def test_what_a_condition_or_a_server_raises_leaves_the_wait_and_nobody_asleep(make_ring):
    party = make_ring().arena.party(0)
    for when in range(4):  # at the first look, while it spins, once it is announced
        looks = iter([0] * when)
        with pytest.raises(StopIteration):
            party.wait(lambda looks=looks: next(looks))
        assert party.blocked is None

    class Server:
        def pending(self):
            return True

        def serve(self):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        party.wait(serve=[Server()])
    assert not party.wait(timeout=0)


def test_a_condition_that_waits_itself_is_refused(make_ring):
    ring = make_ring()
    party = ring.reader.party
    for nested in (ring.reader.recv, party.wait):
        with pytest.raises(RuntimeStateError, match="must not wait itself"):
            party.wait(nested)
    assert not party.wait(timeout=0), "the party can wait again"


class Answers:
    """Serves what arrives at one end of a ring."""

    def __init__(self, reader):
        self.reader, self.got = reader, []
        self.pending = reader.probe

    def serve(self):
        while self.pending():
            self.got.append(int(self.reader.recv()[0]))


@SPIN
def test_a_party_that_waits_serves_whatever_comes_and_all_that_came_before_its_condition(
    child, ring_request, spin_us
):
    there = ring_request((1,), "i8", depth=2)
    back = type(there)(**{**vars(there), "writer": 1, "readers": (0,)})
    arena = Arena.create(plan_arena("ab", [], [there, back]))
    arena.party(0).spin_us = arena.party(1).spin_us = spin_us
    requests, n = Answers(arena.reader(0, 0)), 300

    def ask():
        for i in range(n):
            arena.writer(0).send([2 * i])
            arena.writer(0).send([2 * i + 1])
            arena.party(0).turn = i + 1
            arena.party(1).bell()
            arena.reader(1, 0).recv()

    with child(ask):
        for i in range(n):
            assert arena.party(1).wait(lambda i=i: arena.party(0).turn > i, serve=[requests])
            assert requests.got == [2 * i, 2 * i + 1]
            requests.got.clear()
            arena.writer(1).send([i])
    arena.close()


@SPIN
@pytest.mark.parametrize("look", [1, 2, 3])
def test_a_request_that_comes_between_two_looks_is_not_slept_over(make_ring, spin_us, look):
    ring = make_ring((1,), "i8").spin(spin_us)
    party, server = ring.reader.party, Answers(ring.reader)
    looks = iter(range(1, 1000))

    def pending():
        found = ring.reader.probe()
        if next(looks) == look:
            ring.writer.send([7])
        return found

    server.pending = pending
    assert party.wait(lambda: server.got, serve=[server])
    assert server.got == [7]
    assert party.missed == 0


@SPIN
def test_no_post_is_missed(make_ring, child, spin_us):
    arena = make_ring().spin(spin_us).arena
    n = 2000

    def post():
        for i in range(n):
            arena.party(0).post()
            while arena.party(0).done != i + 1:
                os.sched_yield()

    party = arena.party(0)
    with child(post):
        for i in range(n):
            party.wait(lambda i=i: party.mailbox != i)
            assert party.mailbox == i + 1
            party.done = i + 1


def test_one_thread_waits_for_several_parties(make_ring, child):
    rings = [make_ring((1,), "i8") for _ in range(3)]
    parties = [ring.reader.party for ring in rings]
    probes = [ring.reader.probe for ring in rings]
    assert not wait_any(parties, *probes, timeout=0)
    assert not wait_any(parties, *probes, timeout=0.001)

    def send():
        rings[2].writer.send([1])

    with child(send):
        assert wait_any(parties, *probes)
    assert rings[2].reader.probe()
    rings[1].arena.abort(5)
    assert wait_any(parties, *probes)
    rings[2].reader.skip()
    with pytest.raises(ChannelAborted, match="code 5"):
        wait_any(parties, *probes)


@SPIN
def test_no_member_starts_a_step_before_the_horizon_allows_it(make_ring, child, until, spin_us):
    arena = make_ring(n_readers=2).spin(spin_us).arena
    domain, n = arena.domain(0), 300

    def step(party):
        for t in range(1, n + 1):
            assert domain.await_step(party, t, 0)
            assert domain.horizon >= t
            party.step = t

    with child(partial(step, arena.party(1))), child(partial(step, arena.party(2))):
        for t in range(1, n + 1):
            assert arena.party(1).step < t
            domain.raise_horizon(t)
            domain.raise_horizon(t - 1)
            assert domain.horizon == t
            until(lambda t=t: arena.party(1).step == arena.party(2).step == t)


def test_mail_ends_a_wait_for_a_step_and_waits_for_the_end_of_a_barrier(
    make_ring, child, until_blocked
):
    arena = make_ring().arena
    domain, party = arena.domain(0), arena.party(1)

    def wait():
        assert not domain.await_step(party, 1, 0)
        last, epoch = domain.arrive(1)
        assert not last
        assert domain.await_release(party, epoch) == 7
        assert domain.await_step(party, 1, 2)

    with child(wait):
        until_blocked(party, "step")
        party.post()
        until_blocked(party, "barrier")
        party.post()
        assert domain.arrive(2) == (True, 3)
        domain.release(7)
        until_blocked(party, "step")
        domain.raise_horizon(1)
    domain.raise_horizon(5)
    assert not domain.await_step(party, 1, 0), "mail counts first"


@SPIN
def test_members_meet_at_the_barrier_with_all_bits_and_one_decision(make_ring, child, spin_us):
    arena = make_ring(n_readers=2).spin(spin_us).arena
    domain, n = arena.domain(0), 300

    def meet(index):
        party = arena.party(index)
        for t in range(n):
            last, result = domain.arrive(1 << (index + t % 50))
            if last:
                assert result == 0b111 << (t % 50)
                domain.release(-t)
            else:
                assert domain.await_release(party, result) == -t

    with child(partial(meet, 1)), child(partial(meet, 2)):
        meet(0)


def test_words_of_a_domain_are_free_for_the_runtime(make_ring):
    domain = make_ring().arena.domain(0)
    domain.limit, domain.fence, domain.pause = 2**40, 2**41, 1
    assert (domain.limit, domain.fence, domain.pause) == (2**40, 2**41, 1)
