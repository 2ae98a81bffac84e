"""Same network, same inputs: same results, whatever schedule, actor type, placement, timing."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import ActorType, RunContinuous, RunSteps
from tests.runtime.networks import First
from tests.runtime.random_networks import Company, Plan

SETTINGS: dict[str, dict[str, Any]] = {
    "run_ahead": {"schedule": "run_ahead"},
    "lockstep": {"schedule": "lockstep"},
    "threads": {"actor_type": ActorType.Threading},
    "threads in lockstep": {"actor_type": ActorType.Threading, "schedule": "lockstep"},
    "one of them in a thread": {"threads": ["n0"]},
    "shallow rings": {"pypy_channel_size": 1},
    "no taps": {"taps": False},
}

SEEDS = [*range(10), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(10, 80))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_network_computes_what_it_should_in_every_setting(seed: int) -> None:
    rng = random.Random(seed)
    plan = Plan.draw(rng)
    settings = SETTINGS if seed >= 10 else dict(rng.sample([*SETTINGS.items()], 2))
    for name, config in {**settings, "run_ahead": SETTINGS["run_ahead"]}.items():
        nodes = plan.build()
        run_cfg = First(custom_sync_domains=plan.domains(nodes))
        with nodes[0]:
            steps = 0
            for run in plan.runs:
                rng.choice(nodes).run(RunSteps(run), run_cfg, config)
                steps += run
                expected = plan.expected(steps)
                for node, state in zip(nodes, expected, strict=True):
                    assert node.steps.get() == steps, (name, node.name)
                    assert np.array_equal(node.state.get(), state), (name, node.name, steps)


class Floating(First):
    """Takes models in floating point where a library Process has others, too."""

    def select(self, process: Any, models: list[Any]) -> Any:
        return next((m for m in models if "floating_pt" in m.tags), models[0])


def learned(company: Company) -> tuple[bytes, ...]:
    taught, plastic = company.taught, company.plastic
    return tuple(var.get().tobytes() for var in (plastic.weights, taught.v, taught.u))


COMPANY = [100, 101, *(pytest.param(s, marks=pytest.mark.slow) for s in range(102, 130))]


@pytest.mark.parametrize("seed", COMPANY)
def test_watchers_and_learning_neurons_beside_a_random_network_get_the_same_in_every_setting(
    seed: int,
) -> None:
    rng = random.Random(seed)
    plan = Plan.draw(rng)
    watched = rng.randrange(len(plan.kinds))
    found = set()
    parts: dict[str, Any] = {"parts": {"placement": {"weigh": 3, "drive": 2}}}
    parts["workers"] = {"placement": {"weigh": 2, "workers": rng.randint(1, 3)}}
    for name, config in {**SETTINGS, **parts}.items():
        nodes = plan.build()
        company = Company(nodes[watched], seed)
        domains = [*plan.domains(nodes), company.domain()]
        with nodes[0]:
            for _ in range(2):
                nodes[0].run(RunSteps(20), Floating(custom_sync_domains=domains), config)
            states, seen = plan.expected_with_watcher(40, watched)
            for node, state in zip(nodes, states, strict=True):
                assert np.array_equal(node.state.get(), state), (name, node.name)
            assert np.array_equal(company.watcher.state.get(), seen), name
            weights = company.plastic.weights
            assert not np.array_equal(weights.get(), weights.init)
            found.add(learned(company))
    assert len(found) == 1


PROGRAM = "from tests.checkpoint.networks import main; main()"
SAVED = [200, 201, *(pytest.param(s, marks=pytest.mark.slow) for s in range(202, 220))]


@pytest.mark.parametrize("seed", SAVED)
def test_a_random_network_goes_on_in_a_fresh_interpreter(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    plan = Plan.draw(rng)
    nodes = plan.build()
    company = Company(nodes[0], seed)
    before, after = rng.choice((0, 1, 7)), rng.choice((1, 8))
    file, output = tmp_path / "paused", tmp_path / "held"
    with nodes[0]:
        nodes[0].run(RunSteps(before), Floating(custom_sync_domains=[company.domain()]))
        nodes[0].save(file)
        nodes[0].run(RunSteps(after))
        own = learned(company)
        places = {
            f"{actor.party}.{var.name}": actor.name
            for actor in nodes[0].runtime.executable.actors
            for var in actor.vars
        }
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(file), str(after), str(output), "trusted"],
        env={**os.environ, "PYTHONPATH": str(root)}, cwd=root,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    held = {
        (process, place.split(".")[1]): value
        for place, value in pickle.loads(output.read_bytes()).items()
        if (process := places.get(place))
    }
    states, seen = plan.expected_with_watcher(before + after, 0)
    for node, state in zip(nodes, states, strict=True):
        assert held[node.name, "state"][2] == state.tobytes()
    assert held["watcher", "state"][2] == seen.tobytes()
    learns = [("plastic", "weights"), ("taught", "v"), ("taught", "u")]
    assert tuple(held[key][2] for key in learns) == own


@pytest.mark.parametrize("seed", [1, 4, pytest.param(7, marks=pytest.mark.slow)])
@pytest.mark.parametrize("schedule", ["run_ahead", "lockstep"])
def test_pauses_at_random_moments_change_nothing(seed: int, schedule: str) -> None:
    plan = Plan.draw(random.Random(seed))
    nodes = plan.build()
    run_cfg = First(custom_sync_domains=plan.domains(nodes))
    with nodes[0]:
        for _ in range(10):
            nodes[0].run(RunContinuous(), run_cfg, {"schedule": schedule})
            nodes[-1].pause()
        steps = int(nodes[0].steps.get()[0])
        if steps > 3000:
            steps = 0  # too many to follow by hand; they must agree nevertheless
        assert len({int(node.steps.get()[0]) for node in nodes}) == 1
        if steps:
            for node, state in zip(nodes, plan.expected(steps), strict=True):
                assert np.array_equal(node.state.get(), state)


@pytest.mark.parametrize("seed", [2, 5])
def test_reading_vars_while_the_network_runs_changes_nothing(seed: int) -> None:
    plan = Plan.draw(random.Random(seed))
    nodes = plan.build()
    with nodes[0]:
        nodes[0].run(RunSteps(300, blocking=False), First())
        while not nodes[0].runtime.is_finished:
            for node in nodes:
                node.state.get()
        nodes[0].wait()
        for node, state in zip(nodes, plan.expected(300), strict=True):
            assert np.array_equal(node.state.get(), state)


@pytest.mark.parametrize("seed", [3, 6, 8])
def test_a_network_that_runs_again_after_stop_or_reset_computes_the_same(seed: int) -> None:
    plan = Plan.draw(random.Random(seed))
    nodes = plan.build()
    expected = plan.expected(6)
    for again in ("first", "stop", "reset", "reset", "stop"):
        if again == "stop":
            nodes[0].stop()
        elif again == "reset":
            nodes[-1].reset()
        nodes[0].run(RunSteps(6), First())
        for node, state in zip(nodes, expected, strict=True):
            assert np.array_equal(node.state.get(), state), again
    nodes[0].stop()
