"""Phases and their guards, requests of a model for a pause or a stop."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    LavaPyType,
    LoihiProtocol,
    PyLoihiProcessModel,
    RunContinuous,
    RunSteps,
    Var,
    implements,
)
from lava_actor.errors import ModelError
from lava_actor.model.sync.domain import SyncDomain
from tests.runtime.networks import Counter, First, Phased, Sink

SPK, PRE, LRN, POST, HOST = 1, 2, 3, 4, 5
ALWAYS = None


def trace(process: Phased) -> list[tuple[int, int]]:
    """``(step, phase)`` of everything the model did, in order."""
    count = int(process.entries.get()[0])
    return [divmod(int(x), 10) for x in process.trace.get()[:count]]


def run(*models: Phased, steps: int = 3, config: dict[str, Any] | None = None) -> None:
    for one, other in zip(models, models[1:], strict=False):
        one.out.connect(other.inp)
    models[0].run(RunSteps(steps), First(), config)


# --- guards of one model -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("guards", "expected"),
    [
        ({}, []),
        ({"pre": ALWAYS}, []),
        ({"lrn": ALWAYS}, [LRN]),
        ({"post": ALWAYS}, [POST]),
        ({"pre": ALWAYS, "lrn": ALWAYS}, [PRE, LRN]),
        ({"pre": ALWAYS, "post": ALWAYS}, [POST]),
        ({"lrn": ALWAYS, "post": ALWAYS}, [LRN, POST]),
        ({"pre": ALWAYS, "lrn": ALWAYS, "post": ALWAYS}, [PRE, LRN, POST]),
    ],
)
@pytest.mark.parametrize("schedule", ["lockstep", "run_ahead"])
def test_the_guards_of_a_model_decide_which_phases_it_runs(
    guards: dict[str, Any], expected: list[int], schedule: str
) -> None:
    model = Phased(guards=guards)
    with model:
        run(model, steps=3, config={"schedule": schedule})
        assert trace(model) == [(s, p) for s in (1, 2, 3) for p in (SPK, *expected)]


def test_guards_may_differ_from_step_to_step() -> None:
    with Phased(guards={"pre": (2, 3), "lrn": (1, 3), "post": (4,)}) as model:
        run(model, steps=4)
        assert trace(model) == [
            (1, SPK), (1, LRN), (2, SPK), (3, SPK), (3, PRE), (3, LRN), (4, SPK), (4, POST),
        ]  # fmt: skip


def test_the_host_phase_runs_once_at_the_end_of_every_run() -> None:
    with Phased(guards={"host": ALWAYS, "post": ALWAYS}) as model:
        run(model, steps=2)
        assert trace(model)[-1] == (2, HOST)
        assert model.host.get() == 1
        model.run(RunSteps(3))
        assert model.host.get() == 2
        assert trace(model)[-1] == (5, HOST)
        model.run(RunContinuous())
        model.pause()
        assert model.host.get() == 3
        model.run(RunSteps(0))
        assert model.host.get() in (3, 4)


def test_the_host_phase_has_a_guard() -> None:
    with Phased() as model:
        run(model, steps=2)
        assert model.host.get() == 0


@pytest.mark.parametrize("schedule", ["lockstep", "run_ahead"])
def test_steps_count_on_from_run_to_run(schedule: str) -> None:
    with Phased() as model:
        run(model, steps=2, config={"schedule": schedule})
        model.run(RunSteps(3))
        assert [step for step, _ in trace(model)] == [1, 2, 3, 4, 5]


# --- guards of several models ------------------------------------------------------------------


def test_pre_management_asked_for_by_one_reaches_those_whose_guard_is_true() -> None:
    asks = Phased(guards={"pre": (2,), "lrn": (2,)}, name="asks")
    joins = Phased(guards={"pre": ALWAYS}, name="joins")
    not_me = Phased(name="not_me")
    with asks:
        run(asks, joins, not_me)
        assert trace(asks) == [(1, SPK), (2, SPK), (2, PRE), (2, LRN), (3, SPK)]
        assert trace(joins) == [(1, SPK), (2, SPK), (2, PRE), (3, SPK)]
        assert trace(not_me) == [(1, SPK), (2, SPK), (3, SPK)]
        assert asks.runtime.executable.schedule.lockstep


def test_a_learner_that_does_not_want_pre_management_learns_after_it() -> None:
    asks = Phased(guards={"pre": ALWAYS, "lrn": ALWAYS})
    learns = Phased(guards={"lrn": ALWAYS, "post": (2,)})
    with asks:
        run(asks, learns, steps=2)
        assert trace(asks) == [(s, p) for s in (1, 2) for p in (SPK, PRE, LRN)]
        assert trace(learns) == [(1, SPK), (1, LRN), (2, SPK), (2, LRN), (2, POST)]


def test_post_management_runs_after_learning_also_for_models_that_do_not_learn() -> None:
    learns = Phased(guards={"lrn": ALWAYS})
    tidies = Phased(guards={"post": ALWAYS})
    with learns:
        run(learns, tidies, steps=2)
        assert trace(learns) == [(s, p) for s in (1, 2) for p in (SPK, LRN)]
        assert trace(tidies) == [(s, p) for s in (1, 2) for p in (SPK, POST)]


def test_run_ahead_cannot_be_forced_where_guards_couple() -> None:
    asks, joins = Phased(guards={"pre": ALWAYS, "lrn": ALWAYS}), Phased(guards={"pre": ALWAYS})
    with pytest.raises(ValueError, match="lockstep"):
        run(asks, joins, config={"schedule": "run_ahead"})
    assert not asks.is_compiled


def test_an_unknown_schedule_is_refused() -> None:
    with pytest.raises(ValueError, match="schedule"):
        run(Phased(), config={"schedule": "random"})


def test_guards_of_one_domain_do_not_reach_another() -> None:
    asks = Phased(guards={"pre": ALWAYS, "lrn": ALWAYS}, name="asks")
    joins = Phased(guards={"pre": ALWAYS}, name="joins")
    other = Phased(guards={"pre": ALWAYS}, name="other")
    asks.out.connect(joins.inp)
    joins.out.connect(other.inp)
    domains = [SyncDomain("second", LoihiProtocol(), [other])]
    with asks:
        asks.run(RunSteps(2), First(custom_sync_domains=domains))
        assert asks.pre.get() == 2
        assert joins.pre.get() == 2
        assert other.pre.get() == 0


@pytest.mark.parametrize("seed", range(6))
def test_random_guards_follow_the_protocol(seed: int) -> None:
    """Against the protocol's own loop, written out: what every model does in every step."""
    rng = np.random.default_rng(seed)
    n, steps = 3, 6

    def some() -> tuple[int, ...]:
        return tuple(int(s) for s in range(1, steps + 1) if rng.random() < 0.5)

    guards = [{g: some() for g in ("pre", "lrn", "post")} for _ in range(n)]
    models = [Phased(guards=g) for g in guards]
    with models[0]:
        run(*models, steps=steps)
        for model, expected in zip(models, protocol(guards, steps), strict=True):
            assert trace(model) == expected


def protocol(guards: list[dict[str, tuple[int, ...]]], steps: int) -> list[list[tuple[int, int]]]:
    """The service's loop: after each phase everybody says what it wants next."""
    done: list[list[tuple[int, int]]] = [[] for _ in guards]
    for step in range(1, steps + 1):

        def true(model: dict[str, tuple[int, ...]], guard: str, step: int = step) -> bool:
            return step in model[guard]

        wants = []
        for model, log in zip(guards, done, strict=True):
            log.append((step, SPK))
            if true(model, "lrn"):
                wants.append(PRE if true(model, "pre") else LRN)
            else:
                wants.append(POST if true(model, "post") else 0)
        while phase := min((w for w in wants if w), default=0):
            for i, (model, log) in enumerate(zip(guards, done, strict=True)):
                guard = {PRE: "pre", LRN: "lrn", POST: "post"}[phase]
                if true(model, guard):
                    log.append((step, phase))
                if phase == PRE:
                    wants[i] = LRN
                elif phase == LRN:
                    wants[i] = POST if true(model, "post") else 0
                else:
                    wants[i] = 0
    return done


def test_what_is_sent_in_spiking_is_received_in_the_same_step() -> None:
    counter, sink = Counter(), Sink()
    counter.out.connect(sink.inp)
    with counter:
        for step in range(1, 6):
            counter.run(RunSteps(1), First())
            assert sink.last.get() == step


# --- what the phase says -----------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["pre", "lrn", "post"])
def test_an_error_in_a_phase_of_one_reaches_all_that_wait_at_the_barrier(phase: str) -> None:
    def fail(model: Any) -> None:
        raise ArithmeticError(f"in {phase}")

    everything: dict[str, Any] = {"pre": None, "lrn": None, "post": None}
    bad = Phased({phase: fail}, guards=everything, name="bad")
    peers = [Phased(guards=everything) for _ in range(3)]
    with pytest.raises(ModelError, match=f"in {phase}") as caught:
        run(bad, *peers)
    assert len(caught.value.failures) == 1


def test_a_guard_may_look_at_the_state() -> None:

    class Doubling(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self.value = Var((1,), init=1)

    @implements(proc=Doubling, protocol=LoihiProtocol)
    class PyDoubling(PyLoihiProcessModel):
        value: np.ndarray = LavaPyType(np.ndarray, np.int64)

        def run_spk(self) -> None:
            self.value += 1

        def lrn_guard(self) -> bool:
            return bool(self.value[0] < 100)

        def run_lrn(self) -> None:
            self.value *= 2

    with Doubling() as doubling:
        doubling.run(RunSteps(10), First())
        expected = 1
        for _ in range(10):
            expected += 1
            if expected < 100:
                expected *= 2
        assert doubling.value.get() == expected


# --- many domains ------------------------------------------------------------------------------


def expected_trace(members: list[Phased], steps: int) -> list[list[tuple[int, int]]]:
    """What the members of one domain do, by the table in the documentation of models."""
    traces: list[list[tuple[int, int]]] = [[] for _ in members]
    for step in range(1, steps + 1):
        pre, lrn, post = (
            [step in m.proc_params["guards"].get(guard, ()) for m in members]
            for guard in ("pre", "lrn", "post")
        )
        first = any(wants and also for wants, also in zip(lrn, pre, strict=True))
        second = any(lrn)
        third = any(post)
        for done, *takes in zip(traces, pre, lrn, post, strict=True):
            come = zip((PRE, LRN, POST), (first, second, third), takes, strict=True)
            done += [(step, SPK), *((step, phase) for phase, here, own in come if here and own)]
    return traces


@pytest.mark.parametrize(
    "count", [1, 9, 10, 12, pytest.param(40, marks=pytest.mark.slow)]
)
def test_any_number_of_domains_keeps_its_phases_apart_in_lockstep(count: int) -> None:
    steps, rng = 6, random.Random(count)

    def some() -> tuple[int, ...]:
        return tuple(s for s in range(1, steps + 1) if rng.random() < 0.5)

    domains: list[list[Phased]] = [
        [
            Phased(guards={g: some() for g in ("pre", "lrn", "post") if rng.random() < 0.7})
            for _ in range(1 if count > 12 else rng.randint(1, 2))
        ]
        for _ in range(count)
    ]
    models = [model for domain in domains for model in domain]
    for one, other in zip(models, models[1:], strict=False):
        one.out.connect(other.inp)
    named = [SyncDomain(f"d{i}", LoihiProtocol(), list(d)) for i, d in enumerate(domains)]
    with models[0]:
        models[0].run(
            RunSteps(steps), First(custom_sync_domains=named), {"schedule": "lockstep"}
        )
        for domain in domains:
            assert [trace(m) for m in domain] == expected_trace(domain, steps)
