"""What a Process was given both as a parameter and as an initial value exists once in its actor."""

from __future__ import annotations

from typing import Any

import numpy as np
import psutil
import pytest

from lava_actor import (
    AbstractProcess,
    LavaPyType,
    Loihi2SimCfg,
    LoihiProtocol,
    PyLoihiProcessModel,
    RunSteps,
    Var,
    implements,
)
from lava_actor.proc.dense.process import DelayDense, Dense

CFG = Loihi2SimCfg(select_tag="floating_pt")
SIZE = 1500


class Table(AbstractProcess):
    """Keeps an array, given as a parameter too."""

    def __init__(self, table: np.ndarray) -> None:
        super().__init__(table=table)
        self.table = Var(table.shape, init=table)
        self.seen = Var((2,), init=0)


class _TableModel(PyLoihiProcessModel):
    table: np.ndarray = LavaPyType(np.ndarray, float)
    seen: np.ndarray = LavaPyType(np.ndarray, float)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.first = float(proc_params["table"][0, 0])

    def run_spk(self) -> None:
        self.table += 1
        self.seen[:] = self.first, self.table[0, 0]


@implements(proc=Table, protocol=LoihiProtocol)
class PyTable(_TableModel):
    pass


class Pristine(Table):
    """Its model asks for the parameter in every step."""


@implements(proc=Pristine, protocol=LoihiProtocol)
class PyPristine(_TableModel):
    def run_spk(self) -> None:
        self.table += 1
        self.seen[:] = self.proc_params["table"][0, 0], self.table[0, 0]


def proportional_size(process: AbstractProcess) -> int:
    """PSS of the largest actor of a network that has run, in bytes."""
    with process:
        process.run(RunSteps(num_steps=3), run_cfg=CFG)
        children = psutil.Process().children(recursive=True)
        return max(child.memory_full_info().pss for child in children)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "make",
    [
        lambda table: Dense(weights=table),
        lambda table: DelayDense(weights=table, delays=np.ones(table.shape, np.int32)),
        Table,
    ],
)
def test_a_large_parameter_that_is_an_initial_value_is_kept_once(make: Any, order: Any) -> None:
    table = np.asarray(np.ones((SIZE, SIZE)), order=order)
    small = proportional_size(make(np.ones((4, 4))))
    assert proportional_size(make(table)) - small < 1.6 * table.nbytes


def test_a_model_finds_the_parameter_at_its_start_and_again_after_a_reset() -> None:
    process = Table(np.full((200, 200), 5.0))
    with process:
        process.run(RunSteps(num_steps=2), run_cfg=CFG)
        assert process.seen.get().tolist() == [5, 7]
        process.reset()
        process.run(RunSteps(num_steps=1))
        assert process.seen.get().tolist() == [5, 6]
        assert process.proc_params["table"][0, 0] == 5


def test_a_model_that_asks_for_the_parameter_later_finds_what_was_given() -> None:
    process = Pristine(np.full((200, 200), 5.0))
    with process:
        process.run(RunSteps(num_steps=2), run_cfg=CFG)
        assert process.seen.get().tolist() == [5, 7]


def test_a_network_that_shares_is_saved_and_goes_on(tmp_path: Any) -> None:
    process = Table(np.full((200, 200), 5.0))
    with process:
        process.run(RunSteps(num_steps=2), run_cfg=CFG)
        process.save(tmp_path / "file", trusted=True)
        process.load(tmp_path / "file", trusted=True)
        process.run(RunSteps(num_steps=1))
        assert process.seen.get().tolist() == [5, 8]
        process.reset()
        process.run(RunSteps(num_steps=1))
        assert process.seen.get().tolist() == [5, 6]


@pytest.mark.parametrize("size", [3, 200])
def test_vars_of_one_initial_array_do_not_share_it(size: int) -> None:
    class Two(AbstractProcess):
        def __init__(self, both: np.ndarray) -> None:
            super().__init__(nested={"both": [both]})
            self.one = Var(both.shape, init=both)
            self.two = Var(both.shape, init=both)

    @implements(proc=Two, protocol=LoihiProtocol)
    class PyTwo(PyLoihiProcessModel):
        one: np.ndarray = LavaPyType(np.ndarray, float)
        two: np.ndarray = LavaPyType(np.ndarray, float)

        def run_spk(self) -> None:
            self.one += 1
            self.two += 2 * self.proc_params["nested"]["both"][0]

    process = Two(np.full((size, size), 5.0))
    with process:
        process.run(RunSteps(num_steps=2), run_cfg=CFG)
        assert process.one.get()[0, 0] == 7
        assert process.two.get()[0, 0] == 25
