"""Where the classes of Processes and models may come from, and what travels with them."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    ActorType,
    LavaPyType,
    Loihi1SimCfg,
    LoihiProtocol,
    PyLoihiProcessModel,
    RunSteps,
    Var,
    implements,
)
from tests.runtime.networks import Counter, First, PyCounter, Sink
from tests.runtime.scripts import PRELUDE

both_types = pytest.mark.parametrize(
    "actor_type", [ActorType.MultiProcessing, ActorType.Threading]
)


@both_types
def test_classes_defined_inside_a_function(actor_type: ActorType) -> None:
    step = 3

    def helper(value: Any) -> Any:
        return value + step

    class Local(AbstractProcess):
        def __init__(self, start: int) -> None:
            super().__init__(start=start)
            self.value = Var((1,), init=start)

    @implements(proc=Local, protocol=LoihiProtocol)
    class PyLocal(PyLoihiProcessModel):
        value: np.ndarray = LavaPyType(np.ndarray, np.int64)

        def run_spk(self) -> None:
            self.value = helper(self.value)

    with Local(10) as local:
        local.run(RunSteps(4), First(), {"actor_type": actor_type})
        assert local.value.get() == 22


def test_a_class_defined_again_in_a_notebook_is_the_new_one() -> None:
    for step in (1, 10):

        class Again(AbstractProcess):
            def __init__(self) -> None:
                super().__init__()
                self.value = Var((1,), init=0)

        @implements(proc=Again, protocol=LoihiProtocol)
        class PyAgain(PyLoihiProcessModel):
            value: np.ndarray = LavaPyType(np.ndarray, np.int64)

            def run_spk(self, step: int = step) -> None:
                self.value = self.value + step

        with Again() as again:
            again.run(RunSteps(2), First())
            assert again.value.get() == 2 * step


def test_models_that_inherit_from_models_and_call_super() -> None:
    class PyDouble(PyCounter):
        def run_spk(self) -> None:
            super().run_spk()
            self.count += 1

    class Double(First):
        def select(self, process: Any, models: list[Any]) -> Any:
            return PyDouble if isinstance(process, Counter) else models[0]

    counter, sink = Counter(), Sink()
    counter.out.connect(sink.inp)
    with counter:
        counter.run(RunSteps(3), Double())
        assert counter.count.get() == 6
        assert sink.total.get() == 1 + 3 + 5


def test_an_instance_in_the_exception_map_gets_its_own_model() -> None:
    class PyTriple(PyCounter):
        def run_spk(self) -> None:
            self.count += 3
            self.out.send(self.count)

    one, two, sink = Counter(), Counter(), Sink()
    sink.inp.connect_from([one.out, two.out])
    with sink:
        sink.run(RunSteps(2), Loihi1SimCfg(exception_proc_model_map={two: PyTriple}))
        assert one.count.get() == 2
        assert two.count.get() == 6


def test_a_module_that_was_loaded_from_a_file_outside_the_path(tmp_path: Path) -> None:
    file = tmp_path / "off_the_path.py"
    file.write_text(PRELUDE)
    spec = importlib.util.spec_from_file_location("off_the_path", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["off_the_path"] = module
    try:
        spec.loader.exec_module(module)
        with module.sink:
            module.sink.run(RunSteps(4), First())
            assert module.sink.total.get() == 10
    finally:
        del sys.modules["off_the_path"]


def test_a_module_that_was_edited_and_reloaded_counts_as_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    file = tmp_path / "edited_lab.py"
    for step, total in ((1, 10), (2, 20)):
        file.write_text(PRELUDE.replace("self.count += 1", f"self.count += {step}"))
        if "edited_lab" in sys.modules:
            importlib.invalidate_caches()
            module = importlib.reload(sys.modules["edited_lab"])
        else:
            module = importlib.import_module("edited_lab")
        with module.sink:
            module.sink.run(RunSteps(4), First())
            assert module.sink.total.get() == total
    del sys.modules["edited_lab"]


@dataclass
class Settings:
    """A parameter of a class of this very module."""

    gain: int
    table: np.ndarray


def test_parameters_of_any_class_travel_and_are_the_actors_own() -> None:
    class Scaled(AbstractProcess):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.value = Var((3,), init=1)

    @implements(proc=Scaled, protocol=LoihiProtocol)
    class PyScaled(PyLoihiProcessModel):
        value: np.ndarray = LavaPyType(np.ndarray, np.int64)

        def run_spk(self) -> None:
            settings = self.proc_params["settings"]
            settings.gain += 1
            self.value = settings.gain * settings.table + len(self.proc_params["names"])

    settings = Settings(4, np.array([1, 2, 3]))
    with Scaled(settings=settings, names=("a", "b")) as scaled:
        scaled.run(RunSteps(2), First())
        assert np.array_equal(scaled.value.get(), [8, 14, 20])
        assert settings.gain == 4


def test_globals_of_a_model_are_its_own() -> None:
    class Forgetful(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self.value = Var((1,), init=0)

    kept = [0]

    @implements(proc=Forgetful, protocol=LoihiProtocol)
    class PyForgetful(PyLoihiProcessModel):
        value: np.ndarray = LavaPyType(np.ndarray, np.int64)

        def run_spk(self) -> None:
            kept[0] += 1
            self.value[:] = kept[0]

    with Forgetful() as forgetful:
        forgetful.run(RunSteps(3), First())
        assert forgetful.value.get() == 3
    assert kept == [0]


def test_the_environment_and_the_folder_are_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MY_LAB", "as set just now")

    class Looks(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self.value = Var((1,), init="")

    @implements(proc=Looks, protocol=LoihiProtocol)
    class PyLooks(PyLoihiProcessModel):
        value: str = LavaPyType(str, str)

        def run_spk(self) -> None:
            import os

            self.value = f"{os.environ['MY_LAB']} {os.getcwd()}"

    with Looks() as looks:
        looks.run(RunSteps(1), First())
        assert looks.value.get() == f"as set just now {tmp_path}"
