"""The workloads of the benchmarks compute what they say, on tiny sizes. Nothing looks at time."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from benchmarks import report, resources
from benchmarks.__main__ import SHAPES, options
from benchmarks.balanced import Balanced, Loop
from benchmarks.chains import Chain
from benchmarks.machine import Machine
from benchmarks.measure import Case, Contender, WrongResultError, measure
from benchmarks.peers import lava, plumbing
from benchmarks.periodic import Layer, Source
from benchmarks.processes import CONFIG, actors
from benchmarks.quantities import MEMORY, SHARE, TIME
from benchmarks.shapes import (
    balanced,
    diamond,
    idle,
    many_to_one,
    memory,
    microcircuit,
    observed,
    one_to_many,
    one_to_one,
    overhead,
    parts,
    pipeline,
    plastic,
    recorded,
    ring,
    start_stop,
    stream,
    synapses,
    two_cores,
    var_access,
)
from lava_actor import RunSteps
from lava_actor.proc.dense.process import LearningDense
from lava_actor.proc.sparse.process import LearningSparse
from tests.benchmarks.contenders import carry_out, counting

KINDS = [plumbing.RING, plumbing.PIPE, plumbing.QUEUE]

NETWORKS = {
    "1→1": lambda: one_to_one.build(3),
    "1→n": lambda: one_to_many.build(3),
    "n→1": lambda: many_to_one.build(3),
    "diamond": diamond.build,
    "ring": lambda: ring.build(3),
    "ping-pong": lambda: ring.build(2),
    "pipeline": lambda: pipeline.build(5),
    "two cores": two_cores.build,
    "parts": lambda: parts.build(Layer(Source(200, 50), 4000)),
    "Monitor on v": lambda: observed.monitored("v"),
    "Monitor on s_out": lambda: observed.monitored("s_out"),
    "RefPort": observed.referred,
    "RefPort in turns": lambda: observed.referred(observed.Limiter),
    "unobserved": observed.alone,
    "recorded v": lambda: recorded.chain("v"),
    "recorded s_out": lambda: recorded.chain("s_out"),
    "all spikes": lambda: recorded.whole(Balanced(200, 4000), watched=True),
    "balanced": lambda: balanced.build(Balanced(200, 4000)),
    "delays": lambda: synapses.connected(Layer(Source(66, 33), 660), delayed=True),
    "no delays": lambda: synapses.connected(Layer(Source(66, 33), 660), delayed=False),
    "Conv": synapses.Convolution((6, 5, 2)).build,
    "sigma-delta": synapses.Digits((6, 12, 3)).build,
}


def small_microcircuit():
    return microcircuit.build(microcircuit.example(), 0.002)


@pytest.mark.parametrize("schedule", ["run_ahead", "lockstep"])
@pytest.mark.parametrize("shape", NETWORKS)
def test_a_network_of_actors_computes_what_its_shape_asks_for(shape: str, schedule: str) -> None:
    placement = parts.PARTS if shape == "parts" else None
    carry_out(actors("actors", NETWORKS[shape], schedule, placement=placement), 1, 40)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    "shape",
    [
        lambda kind: plumbing.fan_out(kind, 3, 1),
        lambda kind: plumbing.fan_out(kind, 3, 3),
        lambda kind: plumbing.fan_in(kind, 3, 3),
        lambda kind: plumbing.diamond(kind, 3),
        lambda kind: plumbing.ring(kind, 3, 3),
        lambda kind: plumbing.ring(kind, 3, 2),
    ],
    ids=["1→1", "1→n", "n→1", "diamond", "ring", "ping-pong"],
)
def test_processes_without_a_runtime_pass_on_the_same_messages(shape, kind) -> None:
    carry_out(shape(kind), 1, 40)


@pytest.mark.parametrize(
    "contender",
    [
        one_to_one.copies(10),
        pipeline.loop(3),
        balanced.loop(Balanced(100, 1000)),
        two_cores.alone(),
        var_access.ours("get", 5),
        var_access.ours("set", 5),
        var_access.ours("get", 5, running=True),
        var_access.ours("set", 5, running=True),
        var_access.by_pipe(5),
        var_access.until(),
        start_stop.networks(3, whole=False),
        start_stop.networks(3, whole=True),
        start_stop.forks(3),
        start_stop.pauses(3),
        overhead.contender("ahead", overhead.without_messages),
        overhead.contender("lockstep", overhead.without_messages, "lockstep"),
        overhead.contender("relaying", overhead.relaying),
        overhead.contender("native", overhead.native),
        memory.content(Balanced(100, 1000)),
        memory.as_kept(Balanced(100, 1000)),
        memory.actors("balanced", lambda: balanced.build(Balanced(100, 1000))),
        idle.paused(3, 0.01),
        actors("microcircuit", small_microcircuit, placement={"workers": 1}),
        stream.streaming(5, ahead=True),
        stream.streaming(5, ahead=False),
        *(
            plastic.learning(kind, 40, density, fixed=fixed, native=native)
            for kind, density in ((LearningDense, 1.0), (LearningSparse, 0.2))
            for fixed in (False, True)
            for native in (True, False)
        ),
    ],
    ids=lambda contender: contender.name,
)
def test_the_other_workloads_check_their_results(contender: Contender) -> None:
    carry_out(contender, 1, 3)


def test_a_receiver_that_misses_a_message_is_noticed() -> None:
    def programs() -> list[plumbing.Program]:
        send, recvs = plumbing.PIPE.link(2, 1)
        return [plumbing.sender(send, 2, factor=2.0), plumbing.receiver(recvs)]

    with pytest.raises(WrongResultError, match="did not get what was sent"):
        carry_out(plumbing.crew("wrong", programs), 5)


def test_a_network_that_differs_from_the_loop_is_noticed() -> None:
    def build():
        population, check = pipeline.build(3)
        population.bias_mant.init = np.full(100, 0.5)
        return population, check

    with pytest.raises(WrongResultError, match="differs from the loop"):
        carry_out(actors("wrong", build), 5)


def test_activity_reaches_the_end_of_the_longest_chain() -> None:
    chain = Chain(41)
    state = chain.start()
    fired = 0
    for _ in range(300):
        chain.loop(state, 1)
        fired += np.count_nonzero(state.v[-1] == 0)
    assert fired > 300


def test_the_balanced_network_has_its_synapses_and_its_activity() -> None:
    network = Balanced(2000, 80_000)
    assert network.all_weights.nnz == pytest.approx(80_000, rel=0.05)
    state = Loop.start(network)
    state.run(100)
    assert 0.005 < state.fired / 100 / 2000 < 0.2


def test_the_worker_of_lava_runs_the_same_chain() -> None:
    through_compat = (sys.executable, "-W", "error", "-m", "lava_actor.compat", "-m")
    for network, arguments in (("chain", (3,)), ("balanced", (100, 1000))):
        carry_out(lava.contender(network, *arguments, command=through_compat), 1, 10)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("full", [False, True])
def test_every_shape_offers_cases_with_contenders(name: str, full: bool, monkeypatch) -> None:
    monkeypatch.setattr(balanced, "activity", lambda network: 0.03)
    monkeypatch.setattr("benchmarks.peers.brian.version", lambda: "2")
    cases = list(import_module(f"benchmarks.shapes.{name}").cases(full))
    assert cases
    for case in cases:
        names = [contender.name for contender in case.contenders]
        assert len(set(names)) == len(names) > 0


def test_the_actors_of_a_network_are_the_newcomers_without_children() -> None:
    chain, _ = pipeline.build(3)
    with chain:
        pids = resources.newcomers(lambda: chain.run(RunSteps(num_steps=1), CONFIG))
        actors_of_it = resources.leaves(pids)
        assert len(actors_of_it) == 3
        assert pids > actors_of_it  # their service, and the launcher if it is new
        sizes = [resources.pss([pid]) for pid in actors_of_it]
        assert min(sizes) > 0
        assert resources.cpu_seconds(actors_of_it) > 0


def test_contenders_take_turns_and_ratios_are_taken_within_a_round() -> None:
    log: list[str] = []
    case = Case("shape", "name", "step", (counting("fast", log), counting("slow", log)))
    result = measure(case, rounds=3, seconds=1.0)
    assert log == ["fast", "slow", "slow", "fast", "fast", "slow"]
    fast, slow = result.rows
    assert (fast.median, fast.ratio, slow.median, slow.ratio) == (0.25, 1.0, 1.0, 4.0)


def test_figures_of_nothing_at_all_are_compared_as_well() -> None:
    def of(name: str, figure: float) -> Contender:
        return Contender(name, lambda: nullcontext(lambda amount: figure), fixed=1)

    contenders = (of("nothing", 0.0), of("nothing either", 0.0), of("something", 0.5))
    result = measure(Case("idle", "name", "network", contenders), rounds=1, seconds=1.0)
    assert [row.ratio for row in result.rows] == [1.0, 1.0, float("inf")]


def test_the_report_has_a_row_per_contender_and_quotes_recorded_figures() -> None:
    contenders = (counting("fast", []), counting("slow", []))
    case = Case("1→1", "name", "step", contenders, lava="255–320", payload=8)
    text = report.markdown([measure(case, rounds=1, seconds=1.0)], Machine.look(), 1)
    assert "Lava 0.10 (recorded)" in text
    assert "255–320 µs/step" in text
    assert "| slow | 1 s/step |" in text


def test_what_is_no_time_is_written_in_units_of_its_own() -> None:
    for quantity, text in ((TIME, "250 ms/unit"), (MEMORY, "2.5e-07 MB/unit"), (SHARE, "25.00%")):
        case = Case("shape", "name", "unit", (counting("fast", []),), quantity=quantity)
        result = measure(case, rounds=1, seconds=1.0)
        (row,) = result.rows
        assert text in report.cells(result, row)[3]
        assert report.as_dict(result)["quantity"] == quantity.name


def test_the_command_measures_prints_and_writes(tmp_path: Path) -> None:
    short = ("--rounds", "1", "--seconds", "0.001")
    command = [sys.executable, "-m", "benchmarks", "--only", "diamond", "ping_pong", *short]
    done = subprocess.run(
        [*command, "--out", str(tmp_path)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "load" in done.stdout
    assert "diamond, 4 actors" in done.stdout
    found = json.loads((tmp_path / "benchmarks.json").read_text(encoding="utf-8"))
    assert [result["shape"] for result in found["results"]] == ["diamond", "ping-pong"]
    assert "| diamond | 4 actors |" in (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    if importlib.util.find_spec("matplotlib") is not None:
        assert {file.stem for file in tmp_path.glob("*.png")} == {"diamond", "ping-pong"}


@pytest.mark.parametrize("wrong", ["--rounds=0", "--seconds=-1", "--seconds=nan"])
def test_turns_and_their_length_are_above_zero(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        options([wrong])
    assert "expected a number above 0, got" in capsys.readouterr().err
