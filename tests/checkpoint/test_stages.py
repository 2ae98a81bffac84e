"""Before compilation, compiled, paused, free-running, in threads: every stage can be saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lava_actor
from lava_actor import ActorType, Loihi2SimCfg, RunContinuous, RunSteps
from lava_actor.errors import (
    CheckpointError,
    InvalidValueError,
    LavaActorWarning,
    RuntimeStateError,
)
from lava_actor.model.py.convert import PyLoihiModelToPyAsyncModel
from lava_actor.proc.io.extractor import Extractor
from lava_actor.proc.io.injector import Injector
from lava_actor.process.process import AbstractProcess
from lava_actor.runtime.run_conditions import RunUntil

from . import networks
from .test_running_on import CASES, configured, run_elsewhere


def outcome(process: AbstractProcess, steps: int, **options: Any) -> dict[str, Any]:
    process.run(RunSteps(num_steps=steps), **options)
    try:
        return networks.contents(process)
    finally:
        process.stop()


# -- before it runs -------------------------------------------------------------------------------


@pytest.mark.parametrize(("build", "tag"), CASES)
def test_a_description_runs_like_the_original(build: Any, tag: str | None, tmp_path: Path) -> None:
    process = build()
    file = tmp_path / "described"
    process.save(file)
    loaded = lava_actor.load(file)
    assert (type(loaded), loaded.name) == (type(process), process.name)
    assert not loaded.is_compiled
    with pytest.raises(InvalidValueError, match="run_cfg"):
        loaded.run(RunSteps(num_steps=1))
    run_cfg = configured(tag, build)
    assert outcome(loaded, 8, run_cfg=run_cfg) == outcome(
        process, 8, run_cfg=configured(tag, build)
    )


def test_seeded_like_the_original_elsewhere(tmp_path: Path) -> None:
    """Random numbers that come from the state of this interpreter are the same in another."""
    process = networks.in_flight()
    process.compile(configured(None, None))
    process.save(tmp_path / "compiled")
    expected = outcome(process, 6)
    assert run_elsewhere(tmp_path / "compiled", 6) == expected


def test_a_compiled_network_is_compiled_again(tmp_path: Path) -> None:
    process = networks.hierarchy()
    file = tmp_path / "compiled"
    process.compile(configured(None, networks.hierarchy), {"pypy_channel_size": 7})
    process.save(file)
    loaded = lava_actor.load(file)
    assert loaded.is_compiled
    assert loaded._la_executable.compile_config["pypy_channel_size"] == 7
    assert [p.model_name for p in loaded._la_executable.actors] == [
        p.model_name for p in process._la_executable.actors
    ]
    assert outcome(loaded, 6) == outcome(process, 6)
    again = networks.hierarchy()
    again.load(file)
    assert outcome(again, 6) == outcome(loaded, 6)


def test_a_started_network_that_took_no_step(tmp_path: Path) -> None:
    process = networks.in_flight()
    process.create_runtime(configured(None, None))
    file = tmp_path / "started"
    try:
        process.save(file)
        loaded: Any = lava_actor.load(file)
        loaded.create_runtime()
        with pytest.raises(RuntimeStateError, match="not been started"):
            loaded.total.get()
        assert outcome(loaded, 6) == outcome(process, 6)
    finally:
        process.stop()


def test_a_stopped_network_starts_afresh(tmp_path: Path) -> None:
    process = networks.in_flight()
    first = outcome(process, 6, run_cfg=configured(None, None))
    file = tmp_path / "stopped"
    with pytest.warns(LavaActorWarning, match=r"is over.*the file holds the initial ones"):
        process.save(file)
    assert outcome(lava_actor.load(file), 6) == first


def test_what_the_network_looks_like_is_kept(tmp_path: Path) -> None:
    process = networks.two_readers()
    process.note = "x"
    file = tmp_path / "network"
    process.save(file)
    loaded = lava_actor.load(file)
    assert loaded.note == "x"
    assert loaded.in_ports.member_names == process.in_ports.member_names
    source: Any = loaded.in_ports["inp"].get_src_ports()[0]
    assert isinstance(source.process, networks.Ramp)
    assert source.process.proc_params["every"] == 3
    assert [type(p).__name__ for p in source.out_connections] == [
        "InPort", "ReshapePort", "ConcatPort"
    ]  # fmt: skip


# -- paused ---------------------------------------------------------------------------------------


@pytest.fixture
def paused(tmp_path: Path) -> Path:
    """The file of a network that was paused after 5 steps."""
    process = networks.in_flight()
    process.run(RunSteps(num_steps=5), run_cfg=configured(None, None))
    process.save(tmp_path / "paused")
    process.stop()
    return tmp_path / "paused"


def uninterrupted(steps: int) -> dict[str, Any]:
    return outcome(networks.in_flight(), steps, run_cfg=configured(None, None))


def test_values_can_be_read_before_the_next_step(paused: Path) -> None:
    loaded = lava_actor.load(paused)
    loaded.create_runtime()
    try:
        assert networks.contents(loaded) == uninterrupted(5)
    finally:
        loaded.stop()


def test_a_network_that_is_not_compiled_takes_the_state_when_it_starts(paused: Path) -> None:
    process = networks.in_flight()
    process.load(paused)
    assert outcome(process, 4) == uninterrupted(9)


def test_after_stop_it_starts_from_its_initial_values(paused: Path) -> None:
    loaded = lava_actor.load(paused)
    loaded.run(RunSteps(num_steps=1))
    loaded.stop()
    assert outcome(loaded, 5) == uninterrupted(5)


def test_reset_after_load_starts_from_the_initial_values(paused: Path, tmp_path: Path) -> None:
    loaded = lava_actor.load(paused)
    loaded.run(RunSteps(num_steps=1))
    loaded.reset()
    loaded.run(RunSteps(num_steps=3))
    loaded.save(tmp_path / "again")
    expected = outcome(loaded, 2)
    fresh = uninterrupted(5)
    assert {**expected, "step": 5} == fresh
    assert outcome(lava_actor.load(tmp_path / "again"), 2) == expected


def test_saving_twice_in_a_row_and_along_the_way(paused: Path, tmp_path: Path) -> None:
    file = paused
    for _ in range(3):
        loaded = lava_actor.load(file)
        loaded.run(RunSteps(num_steps=2))
        file = tmp_path / "next"
        loaded.save(file)
        loaded.save(file)
        loaded.stop()
    assert outcome(lava_actor.load(file), 1) == uninterrupted(12)


def test_saving_changes_nothing(tmp_path: Path) -> None:
    process = networks.events()
    process.run(RunSteps(num_steps=4), run_cfg=configured(None, None))
    for _ in range(3):
        process.save(tmp_path / "x")
    left = outcome(process, 4)
    assert left == outcome(networks.events(), 8, run_cfg=configured(None, None))


def test_values_that_were_set_from_outside(tmp_path: Path) -> None:
    process: Any = networks.in_flight()
    process.run(RunSteps(num_steps=2), run_cfg=configured(None, None))
    process.total.set(np.arange(6).reshape(2, 3))
    process.save(tmp_path / "x")
    expected = outcome(process, 3)
    assert outcome(lava_actor.load(tmp_path / "x"), 3) == expected


def without_global_numbers(held: dict[str, Any]) -> dict[str, Any]:
    """Threads share NumPy's global generator with everybody else."""
    return {name: value for name, value in held.items() if not name.endswith("noise")}


@pytest.mark.parametrize("schedule", ["lockstep", "run_ahead"])
@pytest.mark.parametrize("actor_type", list(ActorType))
def test_any_schedule_anywhere(schedule: str, actor_type: ActorType, tmp_path: Path) -> None:
    process = networks.remote()
    config = {"schedule": schedule, "actor_type": actor_type}
    process.run(RunSteps(num_steps=5), run_cfg=configured(None, None), compile_config=config)
    process.save(tmp_path / "x")
    expected = without_global_numbers(outcome(process, 6))
    loaded = lava_actor.load(tmp_path / "x")
    assert loaded._la_executable.compile_config["actor_type"] is actor_type
    assert without_global_numbers(outcome(loaded, 6)) == expected


def test_every_way_to_run_on(tmp_path: Path) -> None:
    """For as long as it takes: nobody sends more than is received."""
    process = networks.remote()
    process.run(RunSteps(num_steps=5), run_cfg=configured(None, None))
    process.save(tmp_path / "x")
    process.stop()
    loaded: Any = lava_actor.load(tmp_path / "x")
    loaded.run(RunUntil(lambda: loaded.runtime.current_step >= 8))
    assert loaded.runtime.current_step == 8
    loaded.run(RunContinuous())
    loaded.pause()
    assert loaded.runtime.current_step >= 8
    loaded.stop()


def test_messages_on_their_way_in_and_out(tmp_path: Path) -> None:
    injector, extractor = Injector(shape=(2,)), Extractor(shape=(2,))
    injector.out_port.connect(extractor.in_port)
    injector_sent = [np.array([i, 10.0 * i]) for i in range(5)]
    extractor.create_runtime(Loihi2SimCfg())
    for data in injector_sent:
        injector.send(data)
    extractor.run(RunSteps(num_steps=3))
    extractor.save(tmp_path / "x")
    extractor.stop()
    loaded: Any = lava_actor.load(tmp_path / "x")
    loaded.run(RunSteps(num_steps=2))
    received = [loaded.receive() for _ in range(5)]
    loaded.stop()
    assert np.array_equal(received, injector_sent)


def test_a_converted_model(tmp_path: Path) -> None:
    """A model of steps that was made to run freely."""
    process: Any = networks.Ramp(shape=(2,), gain=3)
    run_cfg = Loihi2SimCfg(
        exception_proc_model_map={process: PyLoihiModelToPyAsyncModel(networks.PyRamp)}
    )
    process.run(RunSteps(num_steps=3), run_cfg=run_cfg)
    process.save(tmp_path / "x")
    again: Any = networks.Ramp(shape=(2,), gain=3)
    run_cfg = Loihi2SimCfg(
        exception_proc_model_map={again: PyLoihiModelToPyAsyncModel(networks.PyRamp)}
    )
    again.load(tmp_path / "x")
    expected = outcome(process, 4)
    assert outcome(again, 4, run_cfg=run_cfg) == expected


def test_a_run_config_with_processes_in_it(tmp_path: Path) -> None:
    process = networks.in_flight()
    run_cfg = Loihi2SimCfg(exception_proc_model_map={process: networks.PyTally})
    process.run(RunSteps(num_steps=3), run_cfg=run_cfg)
    process.save(tmp_path / "x")
    expected = outcome(process, 4)
    loaded = lava_actor.load(tmp_path / "x")
    assert list(loaded._la_executable.run_cfg.exception_proc_model_map) == [loaded]
    assert outcome(loaded, 4) == expected


def test_a_run_config_that_cannot_be_written_is_given_again(tmp_path: Path) -> None:
    class Local(Loihi2SimCfg):
        pass

    process = networks.in_flight()
    process.run(RunSteps(num_steps=5), run_cfg=Local())
    process.save(tmp_path / "x")
    process.stop()
    loaded = lava_actor.load(tmp_path / "x")
    with pytest.raises(InvalidValueError, match="run_cfg"):
        loaded.run(RunSteps(num_steps=4))
    assert outcome(loaded, 4, run_cfg=Loihi2SimCfg()) == uninterrupted(9)


# -- refusals -------------------------------------------------------------------------------------


def test_a_running_network_is_neither_saved_nor_loaded(paused: Path) -> None:
    process = networks.remote()
    process.run(RunContinuous(), run_cfg=configured(None, None))
    try:
        with pytest.raises(RuntimeStateError, match="pause"):
            process.save(paused.with_name("other"))
        with pytest.raises(RuntimeStateError, match="pause"):
            process.load(paused)
    finally:
        process.stop()
    assert not paused.with_name("other").exists()


def another(kind: str) -> AbstractProcess:
    ramp: Any = networks.Ramp(shape=(2, 3), gain=3, every=2)
    tally: Any = networks.Tally(shape=(2, 3))
    if kind == "shape":
        ramp, tally = networks.Ramp(shape=(3, 2)), networks.Tally(shape=(3, 2))
    if kind == "connection":
        ramp.out.flatten().reshape((2, 3)).connect(tally.inp)
        return ramp
    if kind == "class":
        tally = networks.Late()
        ramp = networks.Ramp(shape=(2,))
    if kind == "more":
        ramp.out.connect(networks.Tally(shape=(2, 3)).inp)
    ramp.out.connect(tally.inp)
    return ramp


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        ("shape", r"out: expected shape \(3, 2\); the file has \(2, 3\)"),
        ("connection", r"\.out: it leads to .*ReshapePort"),
        ("class", r"expected shape|Late"),
        ("more", r"out: it leads to|Processes"),
    ],
)
def test_another_network_is_refused_with_the_first_difference(
    kind: str, match: str, paused: Path
) -> None:
    process: Any = another(kind)
    with pytest.raises(CheckpointError, match=match):
        process.load(paused)
    assert np.array_equal(process.level.init, 0)
    process.run(RunSteps(num_steps=3), run_cfg=configured(None, None))
    assert networks.contents(process)["step"] == 3
    process.stop()


def test_a_refused_file_leaves_a_paused_network_alone(paused: Path) -> None:
    process: Any = another("more")
    process.run(RunSteps(num_steps=3), run_cfg=configured(None, None))
    runtime = process.runtime
    with pytest.raises(CheckpointError):
        process.load(paused)
    assert process.runtime is runtime
    process.run(RunSteps(num_steps=1))
    assert networks.contents(process)["step"] == 4
    process.stop()


def test_a_description_is_no_state_of_a_paused_network(tmp_path: Path) -> None:
    process = networks.in_flight()
    process.save(tmp_path / "x")
    process.run(RunSteps(num_steps=1), run_cfg=configured(None, None))
    with pytest.raises(RuntimeStateError, match="no state"):
        process.load(tmp_path / "x")
    process.stop()


def test_too_many_messages_for_smaller_rings(tmp_path: Path) -> None:
    process = networks.in_flight()
    process.run(RunSteps(num_steps=20), run_cfg=configured(None, None))
    process.save(tmp_path / "x")
    process.stop()
    again = networks.in_flight()
    again.load(tmp_path / "x")
    with pytest.raises(CheckpointError, match=r"pypy_channel_size.*at least 10"):
        again.run(RunSteps(num_steps=1), compile_config={"pypy_channel_size": 3})
    assert not again.is_compiled


def test_initial_values_and_parameters_are_taken_over(tmp_path: Path) -> None:
    one, two = networks.in_flight(), networks.in_flight()
    source: Any = one.in_ports["inp"].get_src_ports()[0].process
    source.level.init = np.arange(6).reshape(2, 3)
    source.proc_params.overwrite("gain", 50)
    one.save(tmp_path / "x")
    two.load(tmp_path / "x")
    run_cfg = configured(None, None)
    assert outcome(two, 4, run_cfg=run_cfg) == outcome(one, 4, run_cfg=configured(None, None))
