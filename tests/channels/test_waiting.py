"""Waits between real processes: data, space, steps, barriers, requests, and the end of it all."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest

from lava_actor.channels import Arena, plan_arena
from lava_actor.channels._native import wait_any
from lava_actor.channels.wait import available_cores
from lava_actor.errors import ChannelAborted, PeerClosedError

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


@contextmanager
def owing(child, ring_request, until_blocked):
    """A writer that owes a reader, who sleeps, the wake-up for a message."""
    arena = crowded(ring_request((1,), "i8", depth=8))
    writer, reader = arena.writer(0), arena.reader(0, 0)
    let_owe(arena, 0)
    with child(reader.recv):
        until_blocked(reader.party, "data")
        writer.send([1])
        yield writer.party, reader.party
    arena.close()


def test_what_is_owed_is_paid_before_a_wait(child, ring_request, until, until_blocked):
    with owing(child, ring_request, until_blocked) as (writer, reader):
        writer.wait(timeout=0.001)
        until(lambda: reader.progress == 1)


def test_what_is_owed_is_paid_by_steps_in_which_nothing_moves(
    child, ring_request, until, until_blocked
):
    """What else would end the wait, its slice, counts as missed."""
    for _ in range(5):  # on a busy machine who was woken may come after its slice
        with owing(child, ring_request, until_blocked) as (writer, reader):
            for _ in range(20):
                writer.end_step()
            until(lambda party=reader: party.progress == 1)
            missed = reader.missed
        if not missed:
            return
    pytest.fail("nobody rang")


def test_slow_messages_wake_at_once(make_ring):
    for _ in range(5):  # on a busy machine others may take the core in the middle of fast ones
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
        if party.brisk:
            return
    pytest.fail("fast messages are not brisk")


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
