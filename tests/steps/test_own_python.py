"""Steps of a model's own Python: what the interpreter finds without a search, it finds so."""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    InPort,
    LavaPyType,
    OutPort,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    Var,
)
from tests.steps.conftest import Stand


class Own(AbstractProcess):
    def __init__(self) -> None:
        super().__init__()
        self.a_in = InPort(shape=(3,))
        self.s_out = OutPort(shape=(3,))
        self.v = Var(shape=(3,), init=1.0)


class PyOwn(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    v: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self) -> None:
        self.v[:] = self.v + self.a_in.recv()
        self.s_out.send(self.v)


def copy_of(function: FunctionType) -> FunctionType:
    """A function of which the interpreter knows nothing yet."""
    return FunctionType(function.__code__.replace(), function.__globals__)


def steps(stand: Stand, count: int) -> None:
    """Let a model do so many steps."""
    burst = stand.burst()
    for step in range(1, count + 1):
        stand.feeds[0].send(np.ones(3))
        stand.clock.raise_horizon(step)
        burst.run(stand.party.mailbox, 0)
        assert stand.party.done == step
        stand.takes[0].recv()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="others search for what the class has too")
def test_members_ports_and_methods_are_found_without_a_search(
    stand: Callable[..., Stand]
) -> None:
    run_spk = copy_of(PyOwn.run_spk)
    made = stand(Own(), type("PyOwn", (PyOwn,), {"run_spk": run_spk}), {"a_in": ["float"]})
    steps(made, 100)
    np.testing.assert_array_equal(made.model.v, np.full(3, 101.0))
    lookups = {
        (step.opname, step.argval)
        for step in dis.get_instructions(run_spk, adaptive=True)
        if "ATTR" in step.opname or "LOAD_METHOD" in step.opname
    }
    assert {name for _, name in lookups} == {"v", "a_in", "recv", "s_out", "send"}
    assert not any("ADAPTIVE" in how for how, _ in lookups), lookups


def test_declarations_stay_where_they_are(stand: Callable[..., Stand]) -> None:
    made = stand(Own(), PyOwn, {"a_in": ["float"]})
    steps(made, 3)
    assert PyOwn.v == LavaPyType(np.ndarray, float)
    assert type(made.model).a_in.cls is PyInPort.VEC_DENSE
    assert vars(made.model)["v"] is made.model.v


def test_a_model_that_replaces_its_method_or_looks_into_itself_goes_on(
    stand: Callable[..., Stand]
) -> None:
    class Changing(PyOwn):
        def run_spk(self) -> None:
            super().run_spk()
            if self.time_step == 20:
                vars(self)["seen"] = sorted(vars(self))
            if self.time_step == 30:
                self.run_spk: Any = self.other  # type: ignore[method-assign]

        def other(self) -> None:
            self.s_out.send(-self.a_in.recv())

    made = stand(Own(), Changing, {"a_in": ["float"]})
    steps(made, 40)
    np.testing.assert_array_equal(made.model.v, np.full(3, 31.0))
    assert "v" in made.model.seen
    assert made.model.time_step == 40


@pytest.mark.parametrize("attribute", ["_req_pause", "_req_stop"])
def test_a_request_ends_steps_in_a_row(stand: Callable[..., Stand], attribute: str) -> None:
    class Asking(PyOwn):
        def run_spk(self) -> None:
            super().run_spk()
            if self.time_step == 3:
                setattr(self, attribute, True)

    made = stand(Own(), Asking, {"a_in": ["float"]})
    for _ in range(5):
        made.feeds[0].send(np.ones(3))
    made.clock.raise_horizon(5)
    made.burst().run(made.party.mailbox, 0)
    assert made.party.done == 3
    assert not getattr(made.model, attribute)


def test_ports_of_a_user_receive_and_send_as_they_say(stand: Callable[..., Stand]) -> None:
    class Doubling(PyInPort.VEC_DENSE):  # type: ignore[name-defined,misc]
        def recv(self) -> Any:
            return 2 * super().recv()

    class Halving(PyOutPort.VEC_DENSE):  # type: ignore[name-defined,misc]
        def send(self, data: Any) -> None:
            super().send(data / 2)

    class With(PyOwn):
        a_in: PyInPort = LavaPyType(Doubling, float)
        s_out: PyOutPort = LavaPyType(Halving, float)

    made = stand(Own(), With, {"a_in": ["float"]})
    made.feeds[0].send(np.ones(3))
    made.clock.raise_horizon(1)
    made.burst().run(made.party.mailbox, 0)
    np.testing.assert_array_equal(made.takes[0].recv(), np.full(3, 1.5))
