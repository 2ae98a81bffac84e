"""The contract of a ring within one process."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lava_actor.channels import Arena, RingRequest, plan_arena
from lava_actor.errors import (
    InvalidValueError,
    LavaActorWarning,
    PeerClosedError,
    RuntimeStateError,
)
from tests.cases import cases

DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", "g"]


class RingAgainstDeques(RuleBasedStateMachine):
    """A ring behaves like one bounded queue per reader that all get every message."""

    @initialize(depth=st.integers(1, 5), n_readers=st.integers(0, 3), size=st.integers(0, 40))
    def make(self, depth, n_readers, size):
        readers = tuple(range(1, n_readers + 1))
        request = RingRequest("ring", (size,), "<i8", False, depth, 0, readers, ("r",) * n_readers)
        self.arena = Arena.create(plan_arena("abcd", [], [request]))
        self.depth, self.size, self.sent = depth, size, 0
        self.writer = self.arena.writer(0)
        self.readers = [self.arena.reader(0, i) for i in range(n_readers)]
        self.queues: list[deque | None] = [deque() for _ in readers]
        self.closed = False

    def teardown(self):
        if hasattr(self, "arena"):
            self.arena.close()

    def attached(self):
        return [queue for queue in self.queues if queue is not None]

    def full(self):
        return any(len(queue) == self.depth for queue in self.attached())

    @precondition(lambda self: not self.closed and not self.full())
    @rule(sparse=st.booleans())
    def send(self, sparse):
        self.sent += 1
        message = np.full(self.size, self.sent)
        if sparse:
            message[1:] = 0
        self.writer.send(message)
        for queue in self.attached():
            queue.append(message)

    @rule(which=st.integers(0, 2), peek=st.booleans())
    def recv(self, which, peek):
        if which < len(self.queues) and self.queues[which]:
            if peek:
                expected, got = self.queues[which][0], self.readers[which].peek()
            else:
                expected, got = self.queues[which].popleft(), self.readers[which].recv()
            assert np.array_equal(expected, got)
            assert got.flags.owndata

    @rule(which=st.integers(0, 2))
    def skip(self, which):
        if which < len(self.queues) and self.queues[which]:
            self.readers[which].skip()
            self.queues[which].popleft()

    @rule(which=st.integers(0, 2))
    def drop(self, which):
        if which < len(self.queues):
            self.readers[which].drop()
            if self.queues[which] is not None:
                self.queues[which].clear()

    @rule(which=st.integers(0, 2))
    def detach(self, which):
        if which < len(self.queues):
            self.readers[which].detach()
            self.queues[which] = None

    @rule()
    def second_handles_go_on_where_the_first_stopped(self):
        self.writer = self.arena.writer(0) if not self.closed else self.writer
        self.readers = [self.arena.reader(0, i) for i in range(len(self.readers))]

    @rule()
    def close(self):
        self.closed = True
        self.writer.close()

    @invariant()
    def both_ends_report_what_the_queues_hold(self):
        if not hasattr(self, "arena"):
            return
        assert self.writer.probe() == (not self.full())
        longest = max(map(len, self.attached()), default=0)
        assert self.writer.free == self.depth - longest
        for reader, queue in zip(self.readers, self.queues, strict=True):
            assert reader.probe() == bool(queue)
            assert reader.available() == len(queue or ())
            assert reader.ended == (queue is None or (self.closed and not queue))


RingAgainstDeques.TestCase.settings = settings(
    max_examples=cases(60), stateful_step_count=40, deadline=None
)
test_a_ring_behaves_like_one_bounded_queue_per_reader = RingAgainstDeques.TestCase


@pytest.mark.parametrize("shape", [(), (1,), (5,), (0,), (3, 4), (2, 0, 3), (2, 3, 4), (100, 7)])
def test_what_is_sent_arrives_with_its_shape_dtype_and_values(make_ring, shape):
    rng = np.random.default_rng(1)
    for dtype in DTYPES:
        ring = make_ring(shape, dtype)
        for density in (0.0, 0.02, 0.5, 1.0):
            message = (rng.integers(1, 9, shape) * (rng.random(shape) < density)).astype(dtype)
            ring.writer.send(message)
            got = ring.reader.recv()
            assert got.shape == shape
            assert got.dtype == np.dtype(dtype)
            assert np.array_equal(got, message)


def test_values_are_converted_as_c_would(make_ring):
    ring = make_ring((3,), "i1")
    with pytest.warns(LavaActorWarning, match=r"300\.7 is sent as 44, .* int8"):
        ring.writer.send([300.7, -1.9, 2])
    assert ring.reader.recv().tolist() == [44, -1, 2]


def test_that_fractions_are_cut_is_said_once_and_of_fractions_alone(make_ring):
    ring = make_ring((3,), "i4", depth=8)
    ring.writer.send([3.0, -1.0, 0.0])  # warnings are errors here
    ring.writer.send_events(np.array([4.0]), np.array([1]))
    with pytest.warns(LavaActorWarning, match=r"0\.5 is sent as 0, .* int32"):
        ring.writer.send_events(np.array([2.0, 0.5]), np.array([0, 1]))
    ring.writer.send([0.25, 0.0, 0.0])
    got = [ring.reader.recv().tolist() for _ in range(4)]
    assert got == [[3, -1, 0], [0, 4, 0], [2, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    "message",
    [
        np.arange(12.0).reshape(3, 4).T,
        np.arange(24.0)[::2],
        np.arange(12.0).astype(">f8"),
        np.arange(12),
        list(range(12)),
    ],
    ids=["transposed", "strided", "big-endian", "integers", "list"],
)
def test_any_array_of_the_right_size_is_sent_in_c_order(make_ring, message):
    ring = make_ring((12,))
    ring.writer.send(message)
    assert np.array_equal(ring.reader.recv(), np.asarray(message, "f8").reshape(-1))


def test_a_message_of_another_size_is_refused_and_nothing_is_sent(make_ring):
    ring = make_ring((2, 3))
    with pytest.raises(InvalidValueError, match=r"'ring'.*6 elements.*\(7,\)"):
        ring.writer.send(np.zeros(7))
    assert ring.reader.available() == 0


def test_the_receiver_owns_its_array_and_the_sender_keeps_its_own(make_ring):
    ring = make_ring((300,), depth=1)
    message = np.arange(300.0)
    ring.writer.send(message)
    message[:] = -1
    first = ring.reader.recv()
    ring.writer.send(message)
    assert np.array_equal(first, np.arange(300.0))


def test_a_reader_that_detached_never_holds_the_writer_up(make_ring):
    ring = make_ring(n_readers=2, depth=1)
    ring.readers[1].detach()
    for i in range(5):
        ring.writer.send([i, i, i])
        assert ring.readers[0].recv()[0] == i
    with pytest.raises(RuntimeStateError, match="detached"):
        ring.readers[1].recv()


def test_without_readers_sends_have_no_effect(make_ring):
    ring = make_ring(n_readers=0, depth=1)
    for _ in range(3):
        ring.writer.send(np.zeros(3))
        ring.writer.send_events(None, [1])
    assert ring.writer.statistics().dropped == 6
    with pytest.raises(InvalidValueError, match="indices"):
        ring.writer.send_events(None, [3])


def test_after_close_readers_drain_the_ring_and_are_then_told(make_ring):
    ring = make_ring(n_readers=2)
    ring.writer.send([1, 2, 3])
    ring.writer.close()
    for reader in ring.readers:
        assert not reader.ended
        assert reader.recv().tolist() == [1, 2, 3]
        assert reader.ended
        for blocked_call in (reader.recv, reader.peek, reader.recv_events, reader.skip):
            with pytest.raises(PeerClosedError, match="'ring'"):
                blocked_call()
        with pytest.raises(PeerClosedError):
            reader.accumulate(np.zeros(3))
    with pytest.raises(RuntimeStateError, match="close"):
        ring.writer.send([1, 2, 3])


def test_statistics_tell_what_either_end_did(make_ring):
    ring = make_ring((1000,), n_readers=2, depth=4)
    sparse = np.zeros(1000)
    sparse[7] = 2
    ring.writer.send(sparse)
    ring.writer.send(np.ones(1000))
    ring.writer.send_events(None, [1, 2])
    ring.readers[0].recv()
    ring.readers[0].skip()
    sent, received = ring.writer.statistics(), ring.readers[0].statistics()
    assert (sent.name, sent.depth, sent.sent, sent.queued) == ("ring", 4, 3, 3)
    assert (sent.dense, sent.events, sent.blocked, sent.dropped) == (1, 2, 0, 0)
    assert (received.received, received.queued) == (2, 1)
    assert (received.dense, received.events) == (1, 1)
    assert ring.readers[1].statistics().queued == 3
    assert ring.arena.party(0).progress == 3
    assert ring.arena.party(1).progress == 2


def test_who_waits_goes_on_waiting_if_what_woke_it_is_dropped(make_ring):
    ring = make_ring((1,), depth=4)
    for number in range(200):
        got = []
        waiting = threading.Thread(target=lambda got=got: got.append(int(ring.reader.recv()[0])))
        waiting.start()
        while ring.reader.statistics().blocked <= number and waiting.is_alive():
            pass
        ring.writer.send([1])
        ring.reader.drop()
        ring.writer.send([2])
        waiting.join()
        assert got in ([1], [2])
        ring.reader.drop()
        assert ring.writer.statistics().queued == 0


def test_ring_ends_are_made_by_an_arena_only(make_ring):
    ring = make_ring()
    for kind in (type(ring.writer), type(ring.reader), type(ring.arena), type(ring.writer.party)):
        with pytest.raises(TypeError, match="Arena"):
            kind()
    with pytest.raises(InvalidValueError, match="cursor"):
        ring.arena.reader(0, 1)
    with pytest.raises(InvalidValueError, match="ring index"):
        ring.arena.writer(1)
