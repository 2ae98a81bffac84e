"""Which rank actors live on, how clocks agree, how messages cross: without a second rank."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_actor import Loihi2SimCfg, RunConfig
from lava_actor.channels import Arena
from lava_actor.channels.layout import RingRequest, plan_arena
from lava_actor.compiler.executable import Executable
from lava_actor.errors import InvalidValueError
from lava_actor.mpi import crossing
from lava_actor.mpi.crossing import Crossings
from lava_actor.mpi.place import place
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.injector import Injector
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.process import AbstractProcess
from lava_actor.runtime.user.clocks import Clocks
from tests.runtime.networks import Counter, First, Owner, PyCounter, Reader, Sink

CFG = Loihi2SimCfg(select_tag="floating_pt")


def chain(n: int) -> list[LIF]:
    neurons = [LIF(shape=(20,), name=f"n{i}") for i in range(n)]
    for i, (one, other) in enumerate(itertools.pairwise(neurons)):
        synapses = Dense(weights=np.eye(20), name=f"s{i}")
        one.s_out.connect(synapses.s_in)
        synapses.a_out.connect(other.a_in)
    return neurons


def where(network: LIF, n: int, **ranks: int) -> dict[str, int]:
    executable = network.compile(CFG, {"ranks": ranks} if ranks else None)
    found = place(executable, n)
    return {actor.name: found[actor.party] for actor in executable.actors}


def test_a_chain_is_cut_where_it_is_thin_and_in_equal_shares() -> None:
    found = where(chain(9)[0], 3)
    for i in range(8):
        assert found[f"s{i}"] == found[f"n{i + 1}"], "a projection lives beside what it feeds"
    ranks = [found[f"n{i}"] for i in range(9)]
    assert ranks == sorted(ranks)
    assert {ranks.count(rank) for rank in range(3)} == {3}


def test_what_talks_most_is_kept_together_in_equal_shares() -> None:
    """Rings of three, created by turns, with a thin connection from each to the next."""
    rings = [[LIF(shape=(200,), name=f"r{r}n{i}") for r in range(4)] for i in range(3)]
    for one, other in itertools.pairwise([*rings, rings[0]]):
        for source, target in zip(one, other, strict=True):
            source.s_out.connect(target.a_in)
    for one, other in itertools.pairwise(rings[0]):
        few = one.s_out.flatten()
        thin = Dense(weights=np.zeros((200, 1)), name=f"thin{one.name}")
        relay = LIF(shape=(1,), name=f"relay{one.name}")
        to_relay = Dense(weights=np.ones((1, 200)), name=f"to{one.name}")
        few.connect(to_relay.s_in)
        to_relay.a_out.connect(relay.a_in)
        relay.s_out.connect(thin.s_in)
        thin.a_out.connect(other.a_in)
    found = where(rings[0][0], 2)
    ranks = [{found[f"r{r}n{i}"] for i in range(3)} for r in range(4)]
    assert all(len(of_ring) == 1 for of_ring in ranks), ranks
    assert sorted(rank for of_ring in ranks for rank in of_ring) == [0, 0, 1, 1]


def test_ranks_that_are_asked_for_are_taken_for_all_that_has_to_be_together() -> None:
    found = where(chain(3)[0], 4, n1=3, n2=2)
    assert (found["n1"], found["s0"], found["n2"], found["s1"]) == (3, 3, 2, 2)
    found = where(chain(3)[0], 4, s0=1, n1=3)
    assert (found["s0"], found["n1"]) == (1, 3), "a projection that was told to be elsewhere is"


@pytest.mark.parametrize(
    ("ranks", "kind", "words"),
    [
        ({"n0": 2}, InvalidValueError, r"\['n0'\]: expected a rank below 2, got 2"),
        ({"n0": "1"}, InvalidValueError, "expected a rank below 2, got '1'"),
        ({"nobody": 1}, InvalidValueError, "there is no Process 'nobody' here"),
    ],
)
def test_ranks_that_make_no_sense_are_refused(
    ranks: object, kind: type[Exception], words: str
) -> None:
    executable = chain(2)[0].compile(CFG, {"ranks": ranks})
    with pytest.raises(kind, match=words):
        place(executable, 2)


def test_what_the_user_feeds_and_what_records_is_on_rank_0_and_turns_keep_together() -> None:
    injector, monitor, neurons = Injector((20,)), Monitor(name="monitor"), chain(6)
    injector.name = "injector"
    injector.out_port.connect(neurons[0].a_in)
    monitor.probe(neurons[5].s_out, num_steps=5)
    found = where(neurons[0], 2)
    assert found["injector"] == found["monitor"] == 0
    assert found["n5"] == 1, "what is recorded crosses"
    owner, reader = Owner(name="owner"), Reader(name="reader")
    reader.ref.connect_var(owner.value)
    executable = owner.compile(First(), {"ranks": {"owner": 1}})
    assert place(executable, 2) == (1, 1)


class Coupling(PyCounter):
    """Asks for learning, and takes part in the phase before it."""

    def lrn_guard(self) -> bool:
        return True

    def pre_guard(self) -> bool:
        return True


class Coupled(First):
    def select(self, process: AbstractProcess, models: list[Any]) -> Any:
        return Coupling if isinstance(process, Counter) else super().select(process, models)


def two_counters(choice: RunConfig, **ranks: int) -> Executable:
    sink = Sink(name="sink")
    for i in range(2):
        Counter(name=f"c{i}").out.connect(sink.inp)
    return sink.compile(choice, {"ranks": ranks} if ranks else None)


def test_who_meets_in_every_phase_is_on_one_rank() -> None:
    assert len(set(place(two_counters(First()), 2))) == 2
    assert len(set(place(two_counters(Coupled()), 2))) == 1
    with pytest.raises(InvalidValueError, match=r"cannot be on ranks .0, 1.: they have to be"):
        place(two_counters(Coupled(), c0=0, c1=1), 2)


# -- clocks -----------------------------------------------------------------------------------


def test_with_one_clock_every_order_goes_out_as_it_is() -> None:
    clocks = Clocks({0}, {1}, lockstep=True)
    clocks.begin_run()
    for order in (("run", 7), ("pause", None), ("stop", 1.0)):
        assert clocks.orders(*order) == [(*order, None)]
    assert clocks.next_round(set(), 0) == set()


@given(st.permutations([(0, 17), (2, 30), (3, 21)]))
def test_a_pause_ends_with_the_latest_step_that_a_clock_let_begin(
    answers: list[tuple[int, int]],
) -> None:
    clocks = Clocks({0, 2, 3}, {1}, lockstep=False)
    clocks.begin_run()
    assert clocks.orders("run", None) == [("run", None, None)]
    assert clocks.orders("pause", None) == [("hold", None, {0, 2, 3}), ("pause", None, {1})]
    assert clocks.orders("pause", None) == [("pause", None, {1})], "once more changes nothing"
    assert [clocks.note(*answer, ()) for answer in answers[:2]] == [[], []]
    assert clocks.agreeing
    assert clocks.note(*answers[2], ()) == [("fence", 30, {0, 2, 3})]
    assert not clocks.agreeing


def test_in_lockstep_no_clock_begins_a_step_before_all_have_ended_the_one_before() -> None:
    clocks = Clocks({0, 1}, set(), lockstep=True)
    clocks.begin_run()
    assert clocks.orders("run", 3) == [("run", 1, {0, 1}), ("run", 3, set())]
    rounds = 0
    while True:
        assert clocks.next_round({1}, 0) == set()
        if not clocks.next_round(set(), 0):
            break
        rounds += 1
    assert rounds == 2
    clocks.begin_run()
    clocks.orders("run", None)
    assert clocks.next_round(set(), 0) == {0, 1}
    clocks.orders("pause", None)
    assert clocks.next_round(set(), 0) == set()
    assert clocks.reason == 1


# -- messages ---------------------------------------------------------------------------------


class Two:
    """Two ranks in one process: an arena each, and what is on its way between them."""

    def __init__(self, dtype: str, size: int, depth: int, *, events: bool = False) -> None:
        request = RingRequest(
            "ring", (size,), dtype, events, depth, 0, (1, 2, 0), ("far", "too", "near")
        )
        plan = plan_arena(("writer", "far", "too"), ((0, 1, 2), ()), (request,))
        self.arenas = [Arena.create(plan), Arena.create(plan)]
        self.way: list[list[tuple[object, ...]]] = [[], []]
        self.ranks = [
            Crossings(arena, (0, 1, 1), here, lambda to, item: self.way[to].append(item))
            for here, arena in enumerate(self.arenas)
        ]
        self.writer = self.arenas[0].writer(0)
        self.near = self.arenas[0].reader(0, 2)
        self.far = [self.arenas[1].reader(0, cursor) for cursor in (0, 1)]

    def move(self, *, most: float = math.inf) -> bool:
        """A round of both couriers."""
        moved = False
        for here, rank in enumerate(self.ranks):
            moved |= rank.carry()
            while self.way[here] and most > 0:
                kind, *said = self.way[here].pop(0)
                rank.take(str(kind), tuple(said), 1 - here)
                moved, most = True, most - 1
        return moved

    def close(self) -> None:
        for arena in self.arenas:
            arena.close()


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("dtype", ["<f8", "|b1", "|i1", "<c16", "<f4"])
def test_messages_cross_as_they_were_sent_in_whatever_form(dtype: str, depth: int) -> None:
    rng = np.random.default_rng(depth)
    messages = [
        rng.integers(-2, 100, 300) * (rng.random(300) < density)
        for density in (0, 0.01, 0.1, 1, 0.01)
    ]
    messages.insert(3, np.arange(300) % 17 == 0)
    two = Two(dtype, 300, depth)
    try:
        for message in messages:
            sent = message.astype(dtype)
            two.writer.send(sent)
            assert np.array_equal(two.near.recv(), sent)
            while two.move():
                pass
            for reader in two.far:
                assert np.array_equal(reader.recv(), sent)
    finally:
        two.close()


def test_a_reader_that_takes_nothing_holds_up_the_writer_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crossing, "MOST_ON_THE_WAY", 5)
    two = Two("<i8", 1, 2)
    sent = 0
    while two.writer.free or two.move():
        if two.writer.free:
            two.writer.send(np.array([sent]))
            two.near.recv()
            sent += 1
        assert sent <= 2 + 5 + 2  # in the ring here, on the way, in the ring there
    got = []
    while len(got) < sent:
        two.move(most=1)
        while two.far[0].available():
            got.append(int(two.far[0].recv()[0]))
            assert int(two.far[1].recv()[0]) == got[-1]
    assert got == list(range(sent))
    two.close()


def test_what_a_sender_has_completed_is_believed_once_its_messages_are_there() -> None:
    two = Two("<i8", 1, 1)
    writer = two.arenas[0].party(0)
    there = two.arenas[1].party(0)
    for step in (1, 2):
        two.writer.send(np.array([step]))
        two.near.recv()
        writer.done = step
        two.move()
    while two.move():
        pass
    assert there.done == 1, "the ring there is full: the second message has no room yet"
    for reader in two.far:
        reader.recv()
    while two.move():
        pass
    assert there.done == 2
    assert two.far[0].available() == 1
    two.close()


def test_a_ring_that_is_closed_is_so_on_the_other_rank_behind_its_messages() -> None:
    two = Two("<i8", 1, 4)
    two.writer.send(np.array([1]))
    two.near.recv()
    two.writer.close()
    while two.move():
        pass
    assert not two.far[0].ended
    two.far[0].recv()
    assert two.far[0].ended
    two.close()


def test_packed_messages_that_were_cut_or_grew_are_refused() -> None:
    two = Two("<f8", 300, 4)
    two.writer.send(np.ones(300))
    count, data = two.arenas[0].reader(0, 0).pack(1)
    assert count == 1
    writer = two.arenas[1].writer(0)
    with pytest.raises(InvalidValueError, match="cut off"):
        writer.unpack(data[:10], 0, 1)
    with pytest.raises(InvalidValueError, match="damaged"):
        writer.unpack(data[:-1], 0, 1)
    wide = (1).to_bytes(4, "little") + (10**6).to_bytes(4, "little") + data[8:]
    with pytest.raises(InvalidValueError, match="damaged"):
        writer.unpack(wide, 0, 1)
    assert writer.unpack(data, 0, 1) == (1, len(data))
    two.close()
