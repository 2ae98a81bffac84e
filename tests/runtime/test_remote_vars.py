"""RefPorts reach into the Vars of other actors, in an order that does not depend on timing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    AbstractSubProcessModel,
    ActorType,
    LavaPyType,
    LoihiProtocol,
    PyLoihiProcessModel,
    PyRefPort,
    RefPort,
    RunContinuous,
    RunSteps,
    Var,
    VarPort,
    implements,
)
from lava_actor.errors import ModelError
from lava_actor.process.ports.ports import AbstractPort
from tests.runtime.networks import (
    Counter,
    Expand,
    First,
    Free,
    HoldAs,
    Holder,
    Owner,
    Permute,
    Reader,
    Writer,
)

CONFIGS: list[dict[str, Any]] = [
    {"schedule": "run_ahead"},
    {"schedule": "lockstep"},
    {"actor_type": ActorType.Threading},
]
every_config = pytest.mark.parametrize("config", CONFIGS, ids=["run_ahead", "lockstep", "threads"])
doors = pytest.mark.parametrize("door", ["VarPort", "connect_var"])


def connect(user: Any, owner: Owner, door: str) -> None:
    if door == "VarPort":
        user.ref.connect(owner.door)
    else:
        user.ref.connect_var(owner.value)


# --- one partner -------------------------------------------------------------------------------


@every_config
@doors
@pytest.mark.parametrize("wait", [True, False])
def test_a_write_is_there_after_the_step(wait: bool, door: str, config: dict[str, Any]) -> None:
    writer, owner = Writer(wait=wait), Owner(init=4)
    connect(writer, owner, door)
    with writer:
        for step, expected in enumerate([4, 7, 8, 9], 1):
            writer.run(RunSteps(1), First(), config)
            assert np.array_equal(owner.value.get(), [expected] * 3)
            assert np.array_equal(owner.seen.get(), [4 if step < 3 else expected - 1] * 3)


@every_config
@doors
def test_a_write_is_seen_by_the_owners_next_spiking(door: str, config: dict[str, Any]) -> None:
    writer, owner = Writer(wait=False, first=1), Owner(init=0)
    connect(writer, owner, door)
    with writer:
        writer.run(RunSteps(50), First(), config)
        assert np.array_equal(owner.seen.get(), [54] * 3)
        assert np.array_equal(owner.value.get(), [55] * 3)


@every_config
@doors
def test_a_read_gets_the_present_value(door: str, config: dict[str, Any]) -> None:
    reader, owner = Reader(), Owner(init=17)
    connect(reader, owner, door)
    with reader:
        reader.run(RunSteps(1), First(), config)
        assert np.array_equal(reader.got.get(), [1, 1, 1])
        reader.run(RunSteps(1))
        assert np.array_equal(reader.got.get(), [17, 17, 17])
        owner.value.set([1, 2, 3])
        reader.run(RunSteps(1))
        assert np.array_equal(reader.got.get(), [1, 2, 3])


class Accumulator(AbstractProcess):
    """A Var that grows in spiking."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = Var((3,), init=0)


@implements(proc=Accumulator, protocol=LoihiProtocol)
class PyAccumulator(PyLoihiProcessModel):
    value: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        self.value += self.time_step


@every_config
def test_a_reader_in_post_management_sees_the_value_of_this_very_step(
    config: dict[str, Any],
) -> None:
    owner, readers = Accumulator(), [Reader(first=1) for _ in range(4)]
    for reader in readers:
        reader.ref.connect_var(owner.value)
    with owner:
        for step in (1, 2, 3, 4, 5, 25, 26):
            owner.run(RunSteps(step - owner.runtime.current_step if owner.runtime else step),
                      First(), config)  # fmt: skip
            for reader in readers:
                assert np.array_equal(reader.got.get(), [step * (step + 1) // 2] * 3)


def test_unconnected_remote_ports_read_zeros_and_write_nothing() -> None:
    with Reader(first=1) as reader:
        reader.run(RunSteps(2), First())
        assert np.array_equal(reader.got.get(), [0, 0, 0])
    with Writer(first=1) as writer:
        writer.run(RunSteps(2), First())
    with Owner() as owner:
        owner.run(RunSteps(2), First())
        assert np.array_equal(owner.value.get(), [4, 4, 4])


@every_config
def test_two_writers_to_two_vars_of_one_process(config: dict[str, Any]) -> None:
    owner, one, two = Owner(init=4), Writer(), Writer(data=np.array([1, 2, 3]))
    one.ref.connect(owner.door)
    two.ref.connect_var(owner.seen)
    with owner:
        owner.run(RunSteps(2), First(), config)
        assert np.array_equal(owner.value.get(), [7, 7, 7])
        assert np.array_equal(owner.seen.get(), [1, 2, 3])


def test_many_references_to_one_var_port() -> None:
    owner = Owner(init=4)
    writer, readers = Writer(first=1), [Reader(first=1) for _ in range(3)]
    for user in (writer, *readers):
        user.ref.connect_var(owner.value)
    with owner:
        owner.run(RunSteps(3), First())
        assert np.array_equal(owner.value.get(), [8, 8, 8])
        for reader in readers:  # the writer was made first, so it goes first
            assert np.array_equal(reader.got.get(), [8, 8, 8])


def test_a_written_value_is_converted_to_what_the_owner_declares() -> None:
    class FloatWriter(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self.ref = RefPort((3,))

    @implements(proc=FloatWriter, protocol=LoihiProtocol)
    class PyFloatWriter(PyLoihiProcessModel):
        ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, float)

        def post_guard(self) -> bool:
            return True

        def run_post_mgmt(self) -> None:
            self.ref.write(np.array([1.9, -3.9, 1e6]))

    writer, owner = FloatWriter(), Owner()
    writer.ref.connect_var(owner.value)
    with writer:
        writer.run(RunSteps(2), First())
        assert owner.value.get().dtype == np.int64
        assert np.array_equal(owner.value.get(), [1, -3, 10**6])


# --- hierarchy and virtual ports ---------------------------------------------------------------


class OuterOwner(AbstractProcess):
    """An `Owner` inside."""

    def __init__(self, init: int = 4) -> None:
        super().__init__(init=init)
        self.value = Var((3,), init=init)
        self.door = VarPort(self.value)


@implements(proc=OuterOwner)
class SubOuterOwner(AbstractSubProcessModel):
    def __init__(self, proc: AbstractProcess) -> None:
        self.owner = Owner(init=proc.proc_params["init"])
        proc.vars.value.alias(self.owner.value)


class OuterUser(AbstractProcess):
    """A `Writer` or `Reader` inside."""

    def __init__(self, inner: type) -> None:
        super().__init__(inner=inner)
        self.ref = RefPort((3,))
        self.got = Var((3,), init=1)


@implements(proc=OuterUser)
class SubOuterUser(AbstractSubProcessModel):
    def __init__(self, proc: AbstractProcess) -> None:
        self.user = proc.proc_params["inner"]()
        self.user.ref.connect(proc.ref_ports.ref)
        proc.vars.got.alias(self.user.got)


@doors
@pytest.mark.parametrize("steps", [1, 2])
def test_references_go_through_hierarchies(door: str, steps: int) -> None:
    for kind in (Writer, Reader):
        user: Any = OuterUser(kind)
        owner: Any = OuterOwner()
        connect(user, owner, door)
        with user:
            user.run(RunSteps(steps), Expand())
            if kind is Writer:
                assert np.array_equal(owner.value.get(), [{1: 4, 2: 7}[steps]] * 3)
            else:
                assert np.array_equal(user.got.get(), [{1: 1, 2: 4}[steps]] * 3)


DATA = np.arange(12).reshape(3, 4)


@pytest.mark.parametrize(
    ("way", "arrange"),
    [
        (lambda p: p.transpose(), lambda a: a.T),
        (lambda p: p.reshape((2, 6)), lambda a: a.reshape(2, 6)),
        (lambda p: p.flatten(), np.ravel),
        (lambda p: p.transpose().reshape((6, 2)), lambda a: a.T.reshape(6, 2)),
    ],
)
def test_virtual_ports_rearrange_what_is_written_and_undo_it_for_what_is_read(
    way: Any, arrange: Any
) -> None:
    writer, reader = Writer(shape=(3, 4), first=1, data=DATA), Reader(shape=(3, 4), first=1)
    expected = arrange(DATA)
    target, source = Owner(shape=expected.shape, init=0), Owner(shape=expected.shape, init=expected)
    way(writer.ref).connect(target.door)
    way(reader.ref).connect(source.door)
    with writer, reader:
        writer.run(RunSteps(1), First())
        reader.run(RunSteps(1), First())
        assert np.array_equal(target.value.get(), expected)
        assert np.array_equal(reader.got.get(), DATA)


def test_a_virtual_port_of_the_user_works_both_ways() -> None:
    data = np.array([10, 20, 30])
    writer, reader = Writer(first=1, data=data), Reader(first=1)
    target, source = Owner(init=0), Owner(init=data)
    for user, owner in ((writer, target), (reader, source)):
        virtual = Permute([2, 0, 1])
        user.ref._connect_forward(
            [virtual], AbstractPort, [None], assert_same_shape=False, assert_same_type=True
        )
        virtual.connect(owner.door)
    with writer:
        writer.run(RunSteps(1), First())
        assert np.array_equal(target.value.get(), [30, 10, 20])
    with reader:
        reader.run(RunSteps(1), First())
        assert np.array_equal(reader.got.get(), [20, 30, 10])


# --- use at the wrong moment, failures, asynchronous owners ------------------------------------


class Hasty(AbstractProcess):
    """Uses its RefPort in a phase of its choice."""

    def __init__(self, where: str, how: str, **kwargs: Any) -> None:
        super().__init__(where=where, how=how, **kwargs)
        self.ref = RefPort((3,))
        self.got = Var((3,), init=0)


@implements(proc=Hasty, protocol=LoihiProtocol)
class PyHasty(PyLoihiProcessModel):
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int64)
    got: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def _use(self, where: str) -> None:
        if where != self.proc_params["where"]:
            return
        if self.proc_params["how"] == "read":
            self.got = self.ref.read()
        elif self.proc_params["how"] == "write":
            self.ref.write(np.array([7, 8, 9]))
        else:
            self.ref.wait()

    def run_spk(self) -> None:
        self._use("spk")

    def lrn_guard(self) -> bool:
        return True

    def run_lrn(self) -> None:
        self._use("lrn")


@pytest.mark.parametrize("where", ["spk", "lrn"])
@pytest.mark.parametrize("how", ["read", "write", "wait"])
def test_a_reference_used_outside_management_is_an_error_or_is_served(where: str, how: str) -> None:
    hasty, owner = Hasty(where, how, name="hasty"), Owner(init=6)
    hasty.ref.connect_var(owner.value)
    with hasty:
        try:
            hasty.run(RunSteps(3), First())
        except ModelError as error:
            assert error.failures[0].process == "hasty"
            assert "ref" in str(error)
        else:
            if how == "read":
                assert np.array_equal(hasty.got.get(), [6, 6, 6])


def test_a_client_of_a_failed_owner_is_released() -> None:
    def fail(model: Any) -> None:
        if model.time_step == 4:
            raise ArithmeticError("owner fails")

    owner, reader = Counter(on_step=fail, name="owner"), Reader(shape=(1,), first=1)
    reader.ref.connect_var(owner.count)
    with pytest.raises(ModelError, match=r"1 Exception\(s\) occurred") as caught:
        owner.run(RunSteps(100), First())
    assert caught.value.failures[0].process == "owner"


def test_an_owner_of_a_failed_client_is_released() -> None:
    class Bad(AbstractProcess):
        def __init__(self) -> None:
            super().__init__(name="client")
            self.ref = RefPort((1,))

    @implements(proc=Bad, protocol=LoihiProtocol)
    class PyBad(PyLoihiProcessModel):
        ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int64)

        def post_guard(self) -> bool:
            return True

        def run_post_mgmt(self) -> None:
            if self.ref.read()[0] == 4:
                raise ArithmeticError("client fails")

    bad, owner = Bad(), Counter()
    bad.ref.connect_var(owner.count)
    with pytest.raises(ModelError, match="client fails") as caught:
        owner.run(RunSteps(100), First())
    assert [(f.process, f.step, f.phase) for f in caught.value.failures] == [
        ("client", 4, "run_post_mgmt")
    ]


def test_a_value_that_cannot_be_read_is_the_readers_error() -> None:
    def spoil(model: Any) -> None:
        model.value = {"no": "array"}

    owner, reader = Holder(init=0, shape=(3,), on_step=spoil, name="owner"), Reader(first=1)
    reader.ref.connect_var(owner.value)
    with pytest.raises(ModelError, match="value"):
        owner.run(RunSteps(3), HoldAs(np.ndarray, np.int64))


def test_an_asynchronous_owner_serves_between_its_rounds() -> None:
    def count(model: Any) -> None:
        while model.value[0] < 5:
            model.check_for_stop_cmd()
            model.value += 1
        while not (model.check_for_stop_cmd() or model.check_for_pause_cmd()):
            pass

    owner, reader = Free(count), Reader(shape=(1,), first=1)
    reader.ref.connect_var(owner.value)
    with reader:
        # As many steps as it takes: some may be done before the owner has counted that far.
        reader.run(RunContinuous(), First())
        while reader.got.get() < 5:
            pass
        reader.pause()
        assert reader.got.get() == 5


def test_a_reference_to_an_asynchronous_owner_that_has_returned_is_served() -> None:
    def set_seven(model: Any) -> None:
        model.value[:] = 7

    owner = Free(set_seven, shape=(3,))
    reader, writer = Reader(first=1), Writer(first=1)
    reader.ref.connect_var(owner.value)
    with reader:
        reader.run(RunSteps(3), First())
        reader.run(RunSteps(3))
        assert np.array_equal(reader.got.get(), [7, 7, 7])
    owner = Free(lambda model: None, shape=(3,))
    writer.ref.connect_var(owner.value)
    with writer:
        writer.run(RunSteps(3), First())
        assert np.array_equal(owner.value.get(), [8, 8, 8])
