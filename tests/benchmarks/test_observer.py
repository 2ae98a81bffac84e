"""``python -m lava_actor.bench`` reports a program's networks and changes nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.chains import Chain
from lava_actor import (
    AbstractProcess,
    ActorType,
    InPort,
    LavaPyType,
    Loihi2SimCfg,
    LoihiProtocol,
    OutPort,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    RunContinuous,
    RunSteps,
    errors,
    implements,
    tag,
)
from lava_actor.bench import Observer
from lava_actor.bench.report import ActorReport, RingReport, RunReport
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF
from lava_actor.runtime.runtime import Runtime

CONFIG = Loihi2SimCfg(select_tag="floating_pt")

PROGRAM = """
import sys
from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.dense.process import Dense

class MyLIF(LIF):
    pass

cells = LIF(shape=(4,), bias_mant=1, vth=3, name="cells")
weights = Dense(weights=[[1, 0, 0, 0]], name="weights")
cells.s_out.connect(weights.s_in)
with cells:
    cells.run(RunSteps(num_steps=50), Loihi2SimCfg(select_tag="floating_pt"))
    cells.run(RunSteps(num_steps=25, blocking=False))
    cells.wait()
print("arguments", sys.argv[1:], __name__)
sys.exit(int(sys.argv[1]))
"""


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "lava_actor.bench", *arguments],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


def test_a_program_runs_unchanged_and_each_run_is_reported(tmp_path: Path) -> None:
    program, file = tmp_path / "program.py", tmp_path / "report.json"
    program.write_text(PROGRAM)
    done = bench("--json", str(file), str(program), "3", "--json", "x")
    assert done.returncode == 3, done.stderr
    assert done.stdout == "arguments ['3', '--json', 'x'] __main__\n"
    assert "run 1 finished: 50 steps" in done.stderr
    assert "cells" in done.stderr
    runs = json.loads(file.read_text())["runs"]
    assert [run["steps"] for run in runs] == [50, 25]
    for run in runs:
        assert {actor["process"] for actor in run["actors"]} == {"cells", "weights"}
        assert run["messages"] == run["steps"]  # a_out leads nowhere
        assert run["slowest"] in ("cells", "weights")
        # Four neurons fire in every fourth step; what goes to nobody does not count.
        assert run["spikes"] == {50: 48, 25: 24}[run["steps"]]
        assert run["spikes_per_second"] == pytest.approx(run["spikes"] / run["seconds"])
        spikes = {actor["process"]: actor["spikes"] for actor in run["actors"]}
        assert spikes == {"cells": run["spikes"], "weights": 0}
    assert "  48 spikes, " in done.stderr


def test_a_program_that_runs_no_network_is_told_so(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("raise SystemExit(0)")
    done = bench(str(program))
    assert done.returncode == 0
    assert "no network was run" in done.stderr


def test_a_missing_program_is_a_usage_error(tmp_path: Path) -> None:
    done = bench(str(tmp_path / "nowhere.py"))
    assert done.returncode == 2
    assert "cannot read" in done.stderr


def test_programs_written_for_lava_are_reported_as_well(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.replace("from lava_actor.proc", "from lava.proc"))
    done = bench("--lava", str(program), "0")
    assert done.returncode == 0, done.stderr
    assert "run 2 finished: 25 steps" in done.stderr


@pytest.mark.parametrize("where", [ActorType.MultiProcessing, ActorType.Threading])
def test_every_kind_of_run_is_reported_with_its_steps(where: ActorType) -> None:
    populations, _ = Chain(3).build(LIF, Dense)
    first = populations[0]
    with Observer() as observer, first:
        first.run(RunSteps(num_steps=30), CONFIG, {"actor_type": where})
        first.run(RunSteps(num_steps=20, blocking=False))
        first.wait()
        first.run(RunContinuous())
        while first.runtime.current_step < 60:
            pass
        first.pause()
        steps = first.runtime.current_step
        first.run(RunContinuous())
    outcomes = [report.outcome for report in observer.reports]
    assert outcomes == ["finished", "finished", "finished", "cut short"]
    assert [report.steps for report in observer.reports[:3]] == [30, 20, steps - 50]
    for report in observer.reports:
        assert len(report.actors) == 3
        assert report.seconds > 0
        for actor in report.actors:
            assert 0 <= actor.busy <= report.seconds
            assert actor.busy + actor.waiting == pytest.approx(report.seconds)
    assert observer.reports[0].messages == 60


class Talking(AbstractProcess):
    """Sends three kinds of messages to one listener."""

    def __init__(self) -> None:
        super().__init__()
        self.spikes = OutPort(shape=(100,))
        self.graded = OutPort(shape=(100,))
        self.whole = OutPort(shape=(100,))


@implements(proc=Talking, protocol=LoihiProtocol)
@tag("floating_pt")
class PyTalking(PyLoihiProcessModel):
    spikes: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    graded: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    whole: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

    def run_spk(self) -> None:
        few = np.zeros(100)
        few[[3, 70]] = 1
        self.spikes.send(few)
        self.graded.send(few * [0.5])
        self.whole.send(np.ones(100))


class Listening(AbstractProcess):
    """Receives from all."""

    def __init__(self) -> None:
        super().__init__()
        self.a = InPort(shape=(100,))
        self.b = InPort(shape=(100,))
        self.c = InPort(shape=(100,))


@implements(proc=Listening, protocol=LoihiProtocol)
@tag("floating_pt")
class PyListening(PyLoihiProcessModel):
    a: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    b: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    c: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)

    def run_spk(self) -> None:
        for port in (self.a, self.b, self.c):
            port.recv()


def test_only_events_of_value_one_are_spikes_and_each_counts_once_for_all_receivers() -> None:
    talking, listeners = Talking(), [Listening(), Listening()]
    for listening in listeners:
        talking.spikes.connect(listening.a)
        talking.graded.connect(listening.b)
        talking.whole.connect(listening.c)
    with Observer() as observer, talking:
        talking.run(RunSteps(num_steps=5), CONFIG)
        talking.run(RunSteps(num_steps=10))
    for report, steps in zip(observer.reports, (5, 10), strict=True):
        rings = {ring.name.rpartition(".")[2]: ring for ring in report.rings}
        assert {name: ring.spikes for name, ring in rings.items()} == {
            "spikes": 2 * steps, "graded": 0, "whole": 0,
        }  # fmt: skip
        assert [actor.spikes for actor in report.actors] == [2 * steps, 0, 0]
        assert report.spikes == 2 * steps


class Failing(AbstractProcess):
    """Fails in step 3."""


@implements(proc=Failing, protocol=LoihiProtocol)
@tag("floating_pt")
class PyFailing(PyLoihiProcessModel):
    def run_spk(self) -> None:
        if self.time_step == 3:
            raise ValueError("this was to be expected")


def test_a_failing_run_is_reported_as_such_and_its_error_still_comes() -> None:
    failing = Failing()
    expected = pytest.raises(errors.ModelError, match="this was to be expected")
    with Observer() as observer, failing, expected:
        failing.run(RunSteps(num_steps=5), CONFIG)
    (report,) = observer.reports
    assert (report.outcome, report.steps) == ("failed", 2)


def test_the_runtime_is_as_before_once_nobody_observes() -> None:
    before = (Runtime.start, Runtime._collect, Runtime.stop)
    with Observer():
        assert Runtime.start is not before[0]
    assert (Runtime.start, Runtime._collect, Runtime.stop) == before


def test_a_report_names_the_actor_that_holds_the_others_back() -> None:
    actors = (ActorReport("a", "M", 0.1, 0.9), ActorReport("b", "M", 0.8, 0.2))
    report = RunReport(1, "finished", "run ahead", 10, 1.0, actors, (), 2)
    assert report.slowest is actors[1]
    assert "b holds the others back: busy 80%" in str(report)
    calm = RunReport(1, "finished", "run ahead", 10, 1.0, actors[:1], (), 2)
    assert "mostly waits itself" in str(calm)


def test_a_report_says_how_many_spikes_there_were_per_second() -> None:
    rings = (RingReport("a.s_out", 10, 10, 300, 0, 64), RingReport("b.a_out", 10, 0, 0, 0, 64))
    actors = (ActorReport("a", "M", 0.1, 1.9, spikes=300), ActorReport("b", "M", 0.1, 1.9))
    report = RunReport(1, "finished", "run ahead", 10, 2.0, actors, rings, 2)
    assert (report.spikes, report.spikes_per_second) == (300, 150)
    assert report.as_dict()["spikes_per_second"] == 150
    assert "  300 spikes, 150 per second" in str(report)
    assert "300 spikes  M" in str(report)
