"""What a RefPort that only reads refuses, and what becomes of it when its owner cannot go on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    InPort,
    LavaPyType,
    LoihiProtocol,
    OutPort,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    PyRefPort,
    RunSteps,
    Var,
    implements,
)
from lava_actor.compiler.compiler import Compiler
from lava_actor.errors import DeadlockError, ModelError, NetworkError
from lava_actor.model.harness import ModelHarness
from tests.runtime.networks import First
from tests.runtime.tap_networks import (
    CONFIGS,
    TURNS,
    Owner,
    PyPreReader,
    PyReader,
    Reader,
    With,
    _OwnerModel,
    _TappingModel,
    counting,
    every,
)

# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [{}, TURNS], ids=["tap", "turns"])
@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("write", r"reader\.ref\.write: this RefPort only reads"),
        ("spk", r"reader\.ref\.read: .*reads_only=True can only be read in run_post_mgmt"),
        ("pre", r"reader\.ref\.read: .*reads_only=True can only be read in run_post_mgmt"),
    ],
)
def test_what_a_reading_port_does_not_do_is_an_error(
    where: str, said: str, config: dict[str, Any]
) -> None:
    owner, reader = counting(), Reader((3,), where=where, name="reader")
    reader.ref.connect_var(owner.value)
    with owner, pytest.raises(ModelError, match=said):
        owner.run(RunSteps(3), With({Reader: PyPreReader} if where == "pre" else {}), config)


def test_a_harness_refuses_what_a_reading_port_does_not_do() -> None:
    for where, said in (("write", "ref.write: this RefPort only reads"), ("spk", "ref.read: ")):
        harness = ModelHarness(PyReader, Reader((3,), where=where))
        harness.connect_ref("ref", np.arange(3.0))
        with pytest.raises(RuntimeError, match=said):
            harness.step()
    harness = ModelHarness(PyReader, Reader((3,)))
    harness.connect_ref("ref", np.arange(3.0))
    harness.step()
    assert "'<f8', (3,)" in harness.seen


def test_only_refports_can_be_declared_to_only_read() -> None:
    class PyWrong(_OwnerModel):
        value: np.ndarray = LavaPyType(np.ndarray, float, reads_only=True)

    class PyWrongPort(PyReader):
        inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64, reads_only=True)

    class PyOdd(PyReader):
        ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, float, reads_only=3)  # type: ignore[arg-type]

    class PyUnrhythmic(PyReader):
        ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, float, every=2)

    for process, model, said in (
        (Reader((3,)), every(0), r"PySeldom\.ref .*every must be a whole number >= 1, got 0"),
        (Reader((3,)), PyUnrhythmic, r"PyUnrhythmic\.ref .*every is for RefPorts with reads_only"),
        (counting(), PyWrong, r"PyWrong\.value .*reads_only is for RefPorts alone"),
        (Reader((3,)), PyWrongPort, r"PyWrongPort\.inp .*reads_only is for RefPorts alone"),
        (Reader((3,)), PyOdd, r"PyOdd\.ref .*reads_only must be True or False, got 3"),
    ):
        with pytest.raises(NetworkError, match=said):
            Compiler().compile(process, With({type(process): model}))


class Feedback(AbstractProcess):
    """Waits for a message in every step."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = Var((3,), init=0)
        self.inp = InPort((1,))


@implements(proc=Feedback, protocol=LoihiProtocol)
class PyFeedback(PyLoihiProcessModel):
    value: np.ndarray = LavaPyType(np.ndarray, float)
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)

    def run_spk(self) -> None:
        self.inp.recv()


class Late(Reader):
    """Sends what it has read, in the next step only."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__((3,), **kwargs)
        self.out = OutPort((1,))


@implements(proc=Late, protocol=LoihiProtocol)
class PyLate(_TappingModel):
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)

    def run_spk(self) -> None:
        if self.time_step > 1:
            self.out.send(np.ones(1, np.int64))


@pytest.mark.parametrize("config", [{}, CONFIGS["lockstep"]], ids=["run ahead", "lockstep"])
def test_a_reader_that_its_owner_waits_for_is_a_deadlock_that_names_both(
    config: dict[str, Any],
) -> None:
    owner, reader = Feedback(name="owner"), Late(name="reader")
    reader.ref.connect_var(owner.value)
    reader.out.connect(owner.inp)
    with owner, pytest.raises(DeadlockError) as caught:
        owner.run(RunSteps(3), First(), config)
    assert "owner.inp waits for a message from reader.out" in str(caught.value)
    if not config:
        assert "reader.ref waits for a message from owner.value" in str(caught.value)


class PyFailingOwner(_OwnerModel):
    value: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self) -> None:
        super().run_spk()
        if self.time_step == 3:
            raise ZeroDivisionError("on purpose")


def test_readers_of_an_owner_that_fails_are_released() -> None:
    owner, reader = Owner([np.zeros(3)], (3,), name="owner"), Reader((3,))
    reader.ref.connect_var(owner.value)
    with owner, pytest.raises(ModelError, match="on purpose") as caught:
        owner.run(RunSteps(5), With({Owner: PyFailingOwner}))
    assert [failure.process for failure in caught.value.failures] == ["owner"]
