"""Waits between real processes: data, space, steps, barriers, requests, and the end of it all."""

from __future__ import annotations

import os
import signal
import threading
import time
from functools import partial

import numpy as np
import pytest

from lava_actor.channels import Arena, plan_arena
from lava_actor.channels._native import wait_any
from lava_actor.channels.wait import available_cores
from lava_actor.errors import ChannelAborted, PeerClosedError, RuntimeStateError

SPIN = pytest.mark.parametrize("spin_us", [0, 50], ids=["sleep", "spin"])


@SPIN
@pytest.mark.parametrize("depth", [1, 3, 64])
@pytest.mark.parametrize("n_readers", [1, 3])
def test_every_process_receives_every_message_in_order(make_ring, child, spin_us, depth, n_readers):
    ring = make_ring((4,), "i8", n_readers, depth=depth).spin(spin_us)
    n = 3000

    def receive(reader):
        for i in range(n):
            assert reader.recv().tolist() == [i, 0, -i, 1]
        with pytest.raises(PeerClosedError):
            reader.recv()

    def send(readers_left):
        if readers_left:
            with child(partial(receive, readers_left[0])):
                send(readers_left[1:])
        else:
            for i in range(n):
                ring.writer.send([i, 0, -i, 1])
            ring.writer.close()

    send(ring.readers)
    assert ring.writer.statistics().sent == n


def let_owe(arena, *parties):
    """Let these parties owe wake-ups whatever the machine: all of its cores count as taken."""
    for party in parties:
        arena.party(party).may_owe = arena.party(party).brisk = True
    for party in range(len(arena.plan.parties)):
        arena.party(party).computing = True


def crowded(*requests):
    """An arena whose first two parties use the rings, and with more parties than cores."""
    idle = [f"idle {i}" for i in range(available_cores())]
    return Arena.create(plan_arena(["a", "b", *idle], [], requests))


@SPIN
@pytest.mark.parametrize("owe", [False, True], ids=["wake at once", "owe wake-ups"])
def test_a_message_goes_round_two_processes_and_comes_back(child, ring_request, spin_us, owe):
    there = ring_request((1,), "i8", depth=2, name="there")
    back = type(there)(**{**vars(there), "name": "back", "writer": 1, "readers": (0,)})
    arena = crowded(there, back)
    for party in (0, 1):
        arena.party(party).spin_us = spin_us
    ends = arena.writer(0), arena.reader(1, 0)
    others = arena.writer(1), arena.reader(0, 0)
    if owe:
        let_owe(arena, 0, 1)
    arena.close()
    n = 500

    def echo():
        for _ in range(n):
            others[0].send(others[1].recv() + 1)
        others[0].party.flush_wakes()

    with child(echo):
        for i in range(n):
            ends[0].send([i])
            assert ends[1].recv()[0] == i + 1


def test_a_wake_up_is_owed_until_half_a_ring_has_moved(child, ring_request, until, until_blocked):
    arena = crowded(ring_request((1,), "i8", depth=8))
    writer, reader = arena.writer(0), arena.reader(0, 0)
    let_owe(arena, 0)
    with child(reader.recv):
        until_blocked(reader.party, "data")
        asleep_since = reader.party.blocked[2]
        for i in range(3):
            writer.send([i])
        # Nobody woke it: what ends this wait without a fourth message is the slice of 100 ms.
        assert reader.party.progress == 1 or reader.party.blocked[2] == asleep_since
        writer.send([3])
        until(lambda: reader.party.progress == 1)
    arena.close()


def test_a_wake_up_is_owed_for_a_few_messages_while_a_core_is_free(
    make_ring, child, until, until_blocked
):
    """Nobody rings, and the sleep ends with its slice, unless it began after the first message."""
    for _ in range(50):
        ring = make_ring((1,), "i8", depth=64)
        ring.writer.party.may_owe = ring.writer.party.brisk = True
        with child(ring.reader.recv):
            until_blocked(ring.reader.party, "data")
            for i in range(15):
                ring.writer.send([i])
            until(lambda party=ring.reader.party: party.progress == 1)
        if ring.reader.party.missed:
            return
    pytest.fail("somebody rang")


def test_a_wake_up_that_was_owed_for_a_few_messages_is_given(
    make_ring, child, until, until_blocked
):
    ring = make_ring((1,), "i8", depth=64)
    ring.writer.party.may_owe = ring.writer.party.brisk = True
    with child(ring.reader.recv):
        until_blocked(ring.reader.party, "data")
        for i in range(16):
            ring.writer.send([i])
        until(lambda: ring.reader.party.progress == 1)


def test_what_is_owed_is_paid_before_a_wait(child, ring_request, until, until_blocked):
    arena = crowded(ring_request((1,), "i8", depth=8))
    writer, reader = arena.writer(0), arena.reader(0, 0)
    let_owe(arena, 0)
    with child(reader.recv):
        until_blocked(reader.party, "data")
        writer.send([1])
        writer.party.wait(timeout=0.001)
        until(lambda: reader.party.progress == 1)
    arena.close()


def test_slow_messages_wake_at_once(make_ring, child, until_blocked):
    ring = make_ring((1,), "i8", depth=64)
    party = ring.writer.party
    party.brisk = True
    deadline = time.monotonic() + 0.01
    while time.monotonic() < deadline:  # a step of ten milliseconds, one message
        pass
    ring.writer.send([1])
    party.wait(timeout=0.001)
    assert not party.brisk
    for i in range(60):
        ring.writer.send([i])
    party.wait(timeout=0.001)
    assert party.brisk


@SPIN
def test_a_full_ring_holds_its_writer_until_the_slowest_reader_takes_one(
    make_ring, child, until, until_blocked, spin_us
):
    ring = make_ring((1,), "i8", 2, depth=2).spin(spin_us)

    def fill():
        for i in range(3):
            ring.writer.send([i])

    with child(fill):
        until_blocked(ring.writer.party, "space")
        assert ring.writer.party.blocked[1] == 0
        assert ring.writer.sent == 2
        ring.readers[0].recv()
        until_blocked(ring.writer.party, "space")
        assert ring.writer.sent == 2
        ring.readers[1].recv()
        until(lambda: ring.writer.sent == 3)
    assert ring.writer.statistics().blocked == 1
    assert ring.writer.party.blocked is None
    assert ring.writer.party.wait_ns > 0


def test_a_writer_held_up_by_a_reader_goes_on_when_it_detaches(make_ring, child, until_blocked):
    ring = make_ring((1,), "i8", 2, depth=1)

    def fill():
        for i in range(3):
            ring.writer.send([i])

    with child(fill):
        until_blocked(ring.writer.party, "space")
        ring.readers[0].detach()
        ring.readers[1].detach()
    assert ring.writer.statistics().dropped >= 1


def test_a_waiting_reader_is_told_that_its_writer_closed(make_ring, child, until_blocked):
    ring = make_ring()

    def receive():
        with pytest.raises(PeerClosedError, match="reader 1"):
            ring.reader.recv()

    with child(receive):
        until_blocked(ring.reader.party, "data")
        ring.writer.close()


# What a party can wait for; each is run by party 1 in a process of its own.
WAITS = {
    "data": lambda arena: arena.reader(0, 0).recv(),
    "events": lambda arena: arena.reader(0, 0).recv_events(),
    "sum": lambda arena: arena.reader(0, 0).accumulate(np.zeros(3)),
    "space": lambda arena: arena.writer(1).send(np.zeros(1)),
    "step": lambda arena: arena.domain(0).await_step(arena.party(1), 1, 0),
    "barrier": lambda arena: arena.domain(0).await_release(arena.party(1), 0),
    "event": lambda arena: arena.party(1).wait(lambda: False),
    "several": lambda arena: wait_any([arena.party(1), arena.party(0)], lambda: False),
}


@SPIN
@pytest.mark.parametrize("wait", WAITS)
def test_abort_frees_whoever_waits(ring_request, child, until, spin_us, wait):
    other = type(ring_request())(
        **{**vars(ring_request((1,), depth=1)), "writer": 1, "readers": (0,)}
    )
    arena = Arena.create(plan_arena("ab", [(0, 1)], [ring_request(), other]))
    arena.party(1).spin_us = spin_us
    arena.writer(1).send(np.zeros(1))

    def run():
        for _ in range(2):  # a wait that begins after the abort does not last either
            with pytest.raises(ChannelAborted, match="code 5") as caught:
                WAITS[wait](arena)
            assert not isinstance(caught.value, PeerClosedError)

    with child(run):
        until(lambda: arena.party(1).blocked)
        arena.abort(5)
        arena.abort(6)
    assert arena.aborted == 5
    assert arena.party(1).blocked is None
    arena.close()


def test_a_message_that_is_there_is_delivered_even_after_an_abort(make_ring):
    ring = make_ring()
    ring.writer.send([1, 2, 3])
    ring.arena.abort()
    assert ring.reader.recv().tolist() == [1, 2, 3]
    with pytest.raises(ChannelAborted):
        ring.reader.recv()


@pytest.mark.parametrize("wait", WAITS)
def test_ctrl_c_reaches_a_thread_that_waits(ring_request, child, until, wait):
    other = type(ring_request())(
        **{**vars(ring_request((1,), depth=1)), "writer": 1, "readers": (0,)}
    )
    arena = Arena.create(plan_arena("ab", [(0, 1)], [ring_request(), other]))
    arena.writer(1).send(np.zeros(1))
    party, parent = arena.party(1), os.getpid()

    def interrupt():
        until(lambda: party.blocked)
        os.kill(parent, signal.SIGINT)

    start = WAITS[wait]
    with child(interrupt), pytest.raises(KeyboardInterrupt):
        start(arena)
    assert party.blocked is None
    arena.close()


def test_other_threads_run_while_one_waits(make_ring):
    ring = make_ring()
    got = []
    thread = threading.Thread(target=lambda: got.append(ring.reader.recv()))
    thread.start()
    ring.writer.send([1, 2, 3])
    thread.join()
    assert got[0].tolist() == [1, 2, 3]


# -- peers that die --------------------------------------------------------------------------------


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def fork_forever(work):
    pid = os.fork()
    if pid == 0:
        while True:
            work()
    return pid


def test_of_a_killed_writer_only_whole_messages_arrive(make_ring):
    for round_ in range(10):
        ring = make_ring((3000,), "i8", depth=3)
        numbers = iter(range(10**9))
        pid = fork_forever(lambda r=ring, n=numbers: r.writer.send(np.full(3000, next(n))))
        for i in range(20 * round_ + 1):
            assert (ring.reader.recv() == i).all()
        kill(pid)
        while ring.reader.available():
            i += 1
            assert (ring.reader.recv() == i).all()
        ring.arena.abort()
        with pytest.raises(ChannelAborted):
            ring.reader.recv()


def test_a_killed_reader_holds_its_writer_up_until_the_abort(make_ring, child, until_blocked):
    ring = make_ring((1,), "i8", depth=2)
    pid = fork_forever(ring.reader.recv)
    for i in range(50):
        ring.writer.send([i])
    kill(pid)

    while ring.writer.free:
        ring.writer.send([0])

    def send_one_more():
        with pytest.raises(ChannelAborted):
            ring.writer.send([0])

    with child(send_one_more):
        until_blocked(ring.writer.party, "space")
        ring.arena.abort()


def test_a_reader_killed_in_its_sleep_is_woken_in_vain(make_ring, until_blocked):
    ring = make_ring((1,), "i8", depth=8)
    pid = fork_forever(ring.reader.recv)
    until_blocked(ring.reader.party, "data")
    kill(pid)
    for i in range(8):
        ring.writer.send([i])
    assert [ring.reader.recv()[0] for _ in range(8)] == list(range(8))


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
