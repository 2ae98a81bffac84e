"""What models do at a pause and at the end: `_pause`, `_stop` and `join`, as Lava calls them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    ActorType,
    AsyncProtocol,
    InPort,
    LavaPyType,
    LoihiProtocol,
    OutPort,
    PyAsyncProcessModel,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    RunContinuous,
    RunSteps,
    Var,
    implements,
)
from lava_actor.errors import LavaActorWarning, ModelError
from tests.runtime.networks import First

CONFIGS: dict[str, dict[str, Any]] = {
    "run_ahead": {"schedule": "run_ahead"},
    "lockstep": {"schedule": "lockstep"},
    "threads": {"actor_type": ActorType.Threading},
}


Action = Callable[[Any], None]


def nothing(_model: Any) -> None:
    """Do nothing."""


class Stepping(AbstractProcess):
    def __init__(
        self, log: Path, stop: Action = nothing, pause: Action = nothing, **kwargs: Any
    ) -> None:
        super().__init__(log=str(log), stop=stop, pause=pause, **kwargs)
        self.inp = InPort(shape=(1,))
        self.out = OutPort(shape=(1,))
        self.steps = Var(shape=(1,), init=0)


class Free(Stepping):
    pass


class Hooks:
    """Writes down what is called, and at which step."""

    proc_params: Any
    steps: Any

    def note(self, what: str) -> None:
        with open(self.proc_params["log"], "a") as file:
            file.write(f"{what} {int(self.steps[0])}\n")

    def _pause(self) -> None:
        self.note("_pause")
        self.proc_params["pause"](self)
        super()._pause()  # type: ignore[misc]

    def _stop(self) -> None:
        self.note("_stop")
        self.proc_params["stop"](self)
        super()._stop()  # type: ignore[misc]

    def join(self) -> None:
        self.note("join")
        super().join()  # type: ignore[misc]


@implements(Stepping, protocol=LoihiProtocol)
class SteppingModel(Hooks, PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, int)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, int)
    steps: np.ndarray = LavaPyType(np.ndarray, int)

    def run_spk(self) -> None:
        self.steps += 1


@implements(Free, protocol=AsyncProtocol)
class FreeModel(Hooks, PyAsyncProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, int)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, int)
    steps: np.ndarray = LavaPyType(np.ndarray, int)

    def run_async(self) -> None:
        while self.steps[0] < self.num_steps and not (
            self.check_for_stop_cmd() or self.check_for_pause_cmd()
        ):
            self.steps += 1


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines()


@pytest.mark.parametrize("kind", [Stepping, Free])
@pytest.mark.parametrize("config", CONFIGS)
def test_models_hear_of_pauses_and_of_the_end(kind: Any, config: str, tmp_path: Path) -> None:
    process = kind(tmp_path / "log")
    process.run(RunSteps(3), First(), CONFIGS[config])
    process.run(RunContinuous())
    process.pause()
    steps = int(process.steps.get()[0])
    process.stop()
    assert lines(tmp_path / "log") == [f"{what} {steps}" for what in ("_pause", "_stop", "join")]


@pytest.mark.parametrize("config", CONFIGS)
def test_a_running_network_that_is_stopped_does_not_pause_first(
    config: str, tmp_path: Path
) -> None:
    process = Stepping(tmp_path / "log")
    process.run(RunContinuous(), First(), CONFIGS[config])
    process.stop()
    assert [line.split()[0] for line in lines(tmp_path / "log")] == ["_stop", "join"]


def test_after_a_reset_the_new_model_hears_of_the_end(tmp_path: Path) -> None:
    process = Stepping(tmp_path / "log")
    process.run(RunSteps(3), First())
    process.reset()
    process.run(RunSteps(2))
    process.stop()
    assert lines(tmp_path / "log") == ["_stop 2", "join 2"]


def test_models_of_every_domain_clean_up(tmp_path: Path) -> None:
    stepping = [Stepping(tmp_path / f"{i}", name=f"s{i}") for i in range(3)]
    free = Free(tmp_path / "free")
    for process in stepping:
        process.out.connect(free.inp)
    free.run(RunSteps(2), First())
    free.stop()
    for name in ("0", "1", "2", "free"):
        assert lines(tmp_path / name) == ["_stop 2", "join 2"], name


def fail(_model: Any) -> None:
    raise ValueError("the disk is full")


def take_long(model: Any) -> None:
    time.sleep(1.5)  # longer than an actor gets that has nothing to do
    model.note("saved")


def hang(_model: Any) -> None:
    while True:
        time.sleep(10)


def test_what_stop_raises_is_logged_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    process = Stepping(tmp_path / "log", fail, name="plotter")
    process.run(RunSteps(1), First())
    with caplog.at_level(logging.ERROR):
        process.stop()
    assert "SteppingModel._stop failed" in caplog.text
    assert "ValueError: the disk is full" in caplog.text


def test_a_model_may_take_its_time_to_clean_up(tmp_path: Path) -> None:
    process = Stepping(tmp_path / "log", take_long)
    process.run(RunSteps(1), First())
    process.stop()
    assert lines(tmp_path / "log") == ["_stop 1", "saved 1", "join 1"]


def test_a_model_that_never_ends_its_clean_up_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    process = Stepping(tmp_path / "log", hang, name="hangs")
    process.run(RunSteps(1), First())
    process.runtime.stop(timeout=0.2)
    assert "had to kill hangs (in _pause or _stop of step 1)" in caplog.text


def test_what_pause_raises_is_an_error_of_the_model(tmp_path: Path) -> None:
    process = Stepping(tmp_path / "log", pause=fail)
    process.run(RunContinuous(), First())
    with pytest.raises(ModelError, match="the disk is full"):
        process.pause()


def test_overrides_that_nothing_calls_are_doubted(tmp_path: Path) -> None:
    class Own(Stepping):
        pass

    @implements(Own, protocol=LoihiProtocol)
    class OwnModel(Hooks, PyLoihiProcessModel):
        inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, int)
        out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, int)
        steps: np.ndarray = LavaPyType(np.ndarray, int)

        def _get_var(self) -> None:
            super()._get_var()  # type: ignore[misc]

        def _spike(self) -> None:
            """A helper of its own."""

        def run_spk(self) -> None:
            self._spike()

    with pytest.warns(LavaActorWarning, match=r"OwnModel\._get_var: nothing calls this") as caught:
        Own(tmp_path / "log").compile(First())
    assert len(caught) == 1
