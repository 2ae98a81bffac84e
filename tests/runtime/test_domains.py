"""Sync domains: who is in which, and that they run side by side, coupled by messages only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lava_actor import ActorType, AsyncProtocol, LoihiProtocol, RunContinuous, RunSteps
from lava_actor.model.sync.domain import SyncDomain
from tests.runtime.networks import (
    Counter,
    Expand,
    First,
    Free,
    HierarchicalSink,
    Owner,
    Reader,
    Relay,
    Sender,
    Sink,
    Writer,
    receive_steps,
    send_steps,
)

both_types = pytest.mark.parametrize(
    "actor_type", [ActorType.MultiProcessing, ActorType.Threading]
)
schedules = pytest.mark.parametrize("schedule", ["run_ahead", "lockstep"])


def domain(name: str, *processes: Any) -> SyncDomain:
    return SyncDomain(name, LoihiProtocol(), list(processes))


@schedules
@pytest.mark.parametrize("n_domains", [1, 2, 3])
def test_domains_that_exchange_messages_run_to_the_same_step(n_domains: int, schedule: str) -> None:
    counter, relay, sink = Counter(), Relay(add=1), Sink()
    counter.out.connect(relay.inp)
    relay.out.connect(sink.inp)
    domains = [domain(f"d{i}", p) for i, p in enumerate((counter, relay, sink)[: n_domains - 1])]
    with sink:
        for steps in (3, 1, 6):
            sink.run(
                RunSteps(steps), First(custom_sync_domains=domains), {"schedule": schedule}
            )
        assert sink.total.get() == 55 + 10
        assert counter.count.get() == 10
        assert len(sink.runtime.executable.sync_domains) == n_domains


@both_types
def test_domains_pause_and_go_on_together(actor_type: ActorType) -> None:
    counter, sink = Counter(), Sink()
    counter.out.connect(sink.inp)
    config = First(custom_sync_domains=[domain("first", counter)])
    with sink:
        for _ in range(5):
            sink.run(RunContinuous(), config, {"actor_type": actor_type})
            counter.pause()
            assert counter.count.get() == sink.received.get() == sink.last.get()


def test_a_loop_of_messages_through_two_domains() -> None:
    counter, relay, sink = Counter(), Relay(), Sink()
    counter.out.connect([relay.inp, sink.inp])
    relay.out.connect(sink.inp)
    with counter:
        counter.run(RunSteps(20), First(custom_sync_domains=[domain("relay", relay)]))
        assert sink.total.get() == 2 * 210


def test_references_across_domains() -> None:
    owner, writer, reader = Owner(init=4), Writer(first=1), Reader(first=1)
    writer.ref.connect_var(owner.value)
    reader.ref.connect_var(owner.value)
    config = First(custom_sync_domains=[domain("owner", owner), domain("reader", reader)])
    with owner:
        owner.run(RunSteps(4), config)
        assert np.array_equal(owner.value.get(), [9, 9, 9])
        assert np.array_equal(reader.got.get(), [9, 9, 9])


def test_a_domain_of_a_hierarchical_process_holds_what_is_inside() -> None:
    sender, sink = Sender([1, 2]), HierarchicalSink(shape=(2,))
    sender.out.connect(sink.inp)
    config = Expand(custom_sync_domains=[domain("inner", sink)])
    with sink:
        sink.run(RunSteps(3), config)
        assert np.array_equal(sink.last.get(), [1, 2])


def test_free_and_stepping_models_are_in_default_domains_of_their_own() -> None:
    source, relay, sink = Free(send_steps), Relay(), Free(receive_steps)
    source.out.connect(relay.inp)
    relay.out.connect(sink.inp)
    with source:
        source.run(RunSteps(5), First())
        names = [d.name for d in source.runtime.executable.sync_domains]
        assert sorted(names) == ["AsyncProtocol_SyncDomain", "LoihiProtocol_SyncDomain"]
        assert np.array_equal(sink.history.get()[:5], range(1, 6))


def test_two_domains_of_free_models() -> None:
    source, sink = Free(send_steps), Free(receive_steps)
    source.out.connect(sink.inp)
    domains = [SyncDomain("sources", AsyncProtocol(), [source])]
    with source:
        for _ in range(3):
            source.run(RunSteps(5), First(custom_sync_domains=domains))
        assert np.array_equal(sink.history.get()[:5], range(1, 6))


@pytest.mark.parametrize(
    "domains",
    [
        lambda c, s: [domain("same", c), domain("same", s)],
        lambda c, s: [domain("one", c), domain("two", c)],
        lambda c, s: [SyncDomain("wrong", AsyncProtocol(), [c])],
        lambda c, s: [domain("stranger", Counter())],
    ],
    ids=["same name", "process in two", "other protocol", "not in the network"],
)
def test_domains_that_contradict_each_other_are_refused(domains: Any) -> None:
    counter, sink = Counter(), Sink()
    counter.out.connect(sink.inp)
    with pytest.raises(AssertionError):
        counter.run(RunSteps(1), First(custom_sync_domains=domains(counter, sink)))
    assert not counter.is_compiled
    with counter:
        counter.run(RunSteps(1), First())
        assert sink.total.get() == 1


def test_ten_domains() -> None:
    relays = [Relay(add=1) for _ in range(12)]
    counter, sink = Counter(), Sink()
    for one, other in zip((counter, *relays), (*relays, sink), strict=True):
        one.out.connect(other.inp)
    domains = [domain(f"d{i}", relay) for i, relay in enumerate(relays)]
    with sink:
        sink.run(RunSteps(5), First(custom_sync_domains=domains))
        assert sink.total.get() == 15 + 5 * 12
