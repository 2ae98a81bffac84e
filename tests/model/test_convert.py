"""Models written for steps, running freely."""

from __future__ import annotations

from typing import Any

import cloudpickle
import numpy as np
import pytest

from lava_actor.model import registry
from lava_actor.model.decorator import implements, requires, tag
from lava_actor.model.harness import ModelHarness
from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.py.async_ import PyAsyncProcessModel
from lava_actor.model.py.convert import PyLoihiModelToPyAsyncModel
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.resources import CPU
from lava_actor.model.sync.async_protocol import AsyncProtocol
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.types import LavaPyType, declared
from lava_actor.process.ports.ports import InPort, OutPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var


class Leaky(AbstractProcess):
    def __init__(self, decay: float = 0.5) -> None:
        super().__init__(decay=decay)
        self.v = Var((2,), init=8)
        self.a_in = InPort((2,))
        self.s_out = OutPort((2,))


class AbstractLeakyModel(PyLoihiProcessModel):
    factor = 2
    v: Any = None
    a_in: Any = None
    s_out: Any = None

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.decay = proc_params["decay"]
        self.log_of_steps: list[tuple[str, int, int]] = []
        self.started = self.updated = 0

    @property
    def doubled(self) -> Any:
        return self.v * self.factor

    def on_start(self) -> None:
        self.started += 1

    def on_var_update(self) -> None:
        self.updated += 1

    def note(self, what: str) -> None:
        self.log_of_steps.append((what, self.time_step, int(self.phase[0])))

    def run_spk(self) -> None:
        self.note("spk")
        self.v = self.v * self.decay + self.a_in.recv()
        self.s_out.send(self.v)


@implements(proc=Leaky, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class LeakyModel(AbstractLeakyModel):
    v: np.ndarray = LavaPyType(np.ndarray, float)
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

    def run_spk(self) -> None:
        super().run_spk()
        assert isinstance(self, LeakyModel)

    def pre_guard(self) -> bool:
        return self.time_step == 2

    def run_pre_mgmt(self) -> None:
        self.note("pre")

    def post_guard(self) -> bool:
        return self.time_step % 2 == 0

    def run_post_mgmt(self) -> None:
        self.note("post")

    def lrn_guard(self) -> bool:
        return True

    def run_lrn(self) -> None:
        raise AssertionError("learning does not take place")


LeakyAsync = PyLoihiModelToPyAsyncModel(LeakyModel)


def test_the_new_class_says_the_same_about_itself() -> None:
    assert LeakyAsync.__name__ == "LeakyModelAsync"
    assert issubclass(LeakyAsync, PyAsyncProcessModel)
    assert not issubclass(LeakyAsync, PyLoihiProcessModel)
    assert LeakyAsync.implements_process is Leaky
    assert LeakyAsync.implements_protocol is AsyncProtocol
    assert LeakyAsync.required_resources == [CPU]
    assert LeakyAsync.tags == ["floating_pt"]
    assert LeakyAsync.factor == 2  # type: ignore[attr-defined]
    assert declared(LeakyAsync) == declared(LeakyModel)
    assert callable(LeakyAsync.run_spk)  # type: ignore[attr-defined]


def test_the_same_argument_gives_the_same_class_and_discovery_does_not_find_it() -> None:
    assert PyLoihiModelToPyAsyncModel(LeakyModel) is LeakyAsync
    assert registry.candidates(Leaky) == [LeakyModel]


@pytest.mark.parametrize("wrong", [3, PyAsyncProcessModel, Leaky])
def test_only_stepping_models_can_be_converted(wrong: Any) -> None:
    with pytest.raises(TypeError, match="subclass of PyLoihiProcessModel"):
        PyLoihiModelToPyAsyncModel(wrong)


def test_it_computes_what_the_stepping_model_computes() -> None:
    inputs = np.arange(12.0).reshape(6, 2)

    class NoLearning(LeakyModel):
        def lrn_guard(self) -> bool:
            return False

    stepping = ModelHarness(NoLearning, Leaky())
    expected = stepping.run(6, a_in=inputs)["s_out"]
    free = ModelHarness(LeakyAsync, Leaky())
    sent = free.run_async(4, a_in=inputs[:4])["s_out"]
    sent += free.run_async(2, a_in=inputs[4:])["s_out"]
    np.testing.assert_array_equal(sent, expected)
    np.testing.assert_array_equal(free.v, stepping.v)
    assert free.time_step == stepping.time_step == 6


def test_every_run_does_the_number_of_steps_asked_for_and_time_goes_on() -> None:
    harness = ModelHarness(LeakyAsync, Leaky())
    harness.run_async(1, a_in=[0])
    harness.run_async(1, a_in=[0])
    harness.run_async(3, a_in=[0] * 3)
    assert harness.log_of_steps == [
        ("spk", 1, 1),
        ("pre", 2, 2),
        ("spk", 2, 1),
        ("post", 2, 4),
        ("spk", 3, 1),
        ("spk", 4, 1),
        ("post", 4, 4),
        ("spk", 5, 1),
    ]


def test_hooks_attributes_and_properties_work_on_the_new_model() -> None:
    harness = ModelHarness(LeakyAsync, Leaky())
    model = harness.model
    assert model.started == 1
    harness.set("v", 3)
    assert model.updated == 1
    np.testing.assert_array_equal(model.doubled, [6, 6])
    assert model.decay == 0.5
    assert repr(model).startswith("LeakyModelAsync implements Leaky")
    with pytest.raises(AttributeError):
        model.no_such_thing


def test_it_returns_when_it_asks_for_a_halt_or_is_asked_to() -> None:
    class Impatient(LeakyModel):
        def run_spk(self) -> None:
            if self.time_step == 2:
                self.request_stop()

    harness = ModelHarness(PyLoihiModelToPyAsyncModel(Impatient), Leaky())
    harness.run_async(10)
    assert harness.time_step == 2
    assert harness.stop_requested

    class Control:
        calls = 0

        def stop_requested(self) -> bool:
            self.calls += 1
            return False

        def pause_requested(self) -> bool:
            return self.calls == 3

    harness = ModelHarness(LeakyAsync, Leaky())
    harness.model._la_connect_control(Control())
    harness.run_async(10, a_in=[0] * 10)
    assert harness.time_step == 3


def test_the_new_class_travels() -> None:
    copy = cloudpickle.loads(cloudpickle.dumps(LeakyAsync))
    assert copy.__name__ == "LeakyModelAsync"
    assert list(declared(copy)) == ["a_in", "s_out", "v"]
    assert type(copy({"decay": 0.5})._la_stepper).__name__ == "LeakyModel"
