"""References both ways: in turns, in the order in which they were made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    ActorType,
    LavaPyType,
    LoihiProtocol,
    PyLoihiProcessModel,
    PyRefPort,
    RefPort,
    RunSteps,
    Var,
    implements,
)
from tests.runtime.networks import (
    Counter,
    First,
    Reader,
    Sink,
)
from tests.runtime.test_remote_vars import every_config

# --- references both ways ----------------------------------------------------------------------


class Mutual(AbstractProcess):
    """Adds its partner's value to its own in post-management; may also write to it."""

    def __init__(self, init: int, *, writes: bool = False, pre: bool = False, **kwargs: Any) -> None:
        super().__init__(writes=writes, pre=pre, **kwargs)
        self.value = Var((1,), init=init)
        self.ref = RefPort((1,))


class _MutualModel(PyLoihiProcessModel):
    value: np.ndarray = LavaPyType(np.ndarray, np.int64)
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int64)

    def run_spk(self) -> None:
        self.value = (3 * self.value + self.time_step) % 1_000_003

    def _exchange(self) -> None:
        self.value = self.value + self.ref.read()
        if self.proc_params["writes"]:
            self.ref.write(self.value * 2)


@implements(proc=Mutual, protocol=LoihiProtocol)
class PyMutual(_MutualModel):
    def post_guard(self) -> bool:
        return not self.proc_params["pre"]

    def run_post_mgmt(self) -> None:
        self._exchange()


class PyMutualPre(_MutualModel):
    """The same in pre-management, followed by learning."""

    def pre_guard(self) -> bool:
        return True

    def lrn_guard(self) -> bool:
        return True

    def run_pre_mgmt(self) -> None:
        self._exchange()

    def run_lrn(self) -> None:
        self.value = self.value + 1


class InPre(First):
    def select(self, process: AbstractProcess, models: list[Any]) -> Any:
        return PyMutualPre if isinstance(process, Mutual) else models[0]


def exchange(values: list[int], order: list[int], partner: list[int], writes: bool, steps: int,
             learn: int) -> list[int]:  # fmt: skip
    """What a group does, by hand: everybody spikes, then takes turns in the order given."""
    for step in range(1, steps + 1):
        values = [(3 * v + step) % 1_000_003 for v in values]
        for me in order:
            values[me] += values[partner[me]]
            if writes:
                values[partner[me]] = values[me] * 2
        values = [v + learn for v in values]
    return values


@every_config
@pytest.mark.parametrize("writes", [False, True])
@pytest.mark.parametrize("size", [2, 3, 5])
def test_in_a_ring_of_references_the_first_made_goes_first_then_owners_before_clients(
    size: int, writes: bool, config: dict[str, Any]
) -> None:
    ring = [Mutual(i + 1, writes=writes) for i in range(size)]
    for one, other in zip(ring, (*ring[1:], ring[0]), strict=True):
        one.ref.connect_var(other.value)
    with ring[0]:
        ring[0].run(RunSteps(20), First(), config)
        partner = [(i + 1) % size for i in range(size)]
        order = [0, *range(size - 1, 0, -1)]
        expected = exchange(list(range(1, size + 1)), order, partner, writes, 20, learn=0)
        assert [int(p.value.get()[0]) for p in ring] == expected


@pytest.mark.parametrize("writes", [False, True])
@pytest.mark.parametrize("actor_type", [ActorType.MultiProcessing, ActorType.Threading])
def test_mutual_references_in_pre_management_come_before_learning(
    writes: bool, actor_type: ActorType
) -> None:
    one, two = Mutual(1, writes=writes), Mutual(2, writes=writes)
    one.ref.connect_var(two.value)
    two.ref.connect_var(one.value)
    with one:
        one.run(RunSteps(20), InPre(), {"actor_type": actor_type})
        expected = exchange([1, 2], [0, 1], [1, 0], writes, 20, learn=1)
        assert [int(one.value.get()[0]), int(two.value.get()[0])] == expected


def test_mutual_references_beside_messages_and_others() -> None:
    counter, sink = Counter(), Sink()
    counter.out.connect(sink.inp)
    one, two, reader = Mutual(1), Mutual(2), Reader(shape=(1,), first=1)
    one.ref.connect_var(two.value)
    two.ref.connect_var(one.value)
    reader.ref.connect_var(sink.total)
    with one, sink:
        one.run(RunSteps(10), First())
        sink.run(RunSteps(10), First())
        expected = exchange([1, 2], [0, 1], [1, 0], False, 10, learn=0)
        assert [int(one.value.get()[0]), int(two.value.get()[0])] == expected
        assert reader.got.get() == sink.total.get() == 55
