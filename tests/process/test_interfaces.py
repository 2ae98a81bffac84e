"""What Vars and ports have in common, and the registries that number things."""

from __future__ import annotations

import contextlib
import gc
import threading

import numpy as np
import pytest

from lava_actor.errors import LavaActorError
from lava_actor.process.interfaces import (
    AbstractProcessMember,
    IdGeneratorSingleton,
    WeakRegistry,
)
from lava_actor.process.ports.ports import InPort, OutPort
from lava_actor.process.process import AbstractProcess, ProcessServer
from lava_actor.process.variable import Var, VarServer


class Member(AbstractProcessMember):
    pass


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0, 4), (np.int64(2), np.int32(3))])
def test_a_shape_is_a_tuple_of_sizes_as_integers_of_python(shape: tuple[int, ...]) -> None:
    found = Member(shape).shape
    assert found == shape
    assert {*map(type, found)} <= {int}


@pytest.mark.parametrize(
    "shape",
    [True, [2, 3], np.array([2, 3]), None, (-1,), (2, -3), (2.0,), (1.5,), ("2",), ((2,),)],
)
def test_anything_else_is_no_shape(shape: object) -> None:
    with pytest.raises(AssertionError, match=r"Member\.shape: expected") as raised:
        Member(shape)  # type: ignore[arg-type]
    assert isinstance(raised.value, LavaActorError)


@pytest.mark.parametrize("size", [0, 3, np.int64(3)])
def test_a_plain_integer_is_a_shape_of_one_dimension(size: int) -> None:
    assert Member(size).shape == (size,)


@pytest.mark.parametrize(("shape", "size"), [((), 1), ((3,), 3), ((2, 3), 6), ((4, 0), 0)])
def test_the_size_is_the_product_of_the_dimensions(shape: tuple[int, ...], size: int) -> None:
    assert Member(shape).size == size
    assert isinstance(Member(tuple(np.int64(n) for n in shape)).size, int)


def test_name_and_process_are_unset_before_registration() -> None:
    member = Member((1,))
    assert member.name is None
    assert member.process is None


@pytest.mark.parametrize("name", [None, 3, b"port"])
def test_a_name_is_a_str(name: object) -> None:
    member = Member((1,))
    with pytest.raises(AssertionError, match="expected a str"):
        member.name = name  # type: ignore[assignment]
    member.name = "port"
    assert member.name == "port"


@pytest.mark.parametrize("process", [None, 3, "process", Member((1,))])
def test_the_parent_is_a_process(process: object) -> None:
    member = Member((1,))
    with pytest.raises(AssertionError, match="expected a Process"):
        member.process = process  # type: ignore[assignment]
    parent = AbstractProcess()
    member.process = parent
    assert member.process is parent


def test_the_base_of_id_generators_cannot_be_made() -> None:
    with pytest.raises(TypeError):
        IdGeneratorSingleton()  # type: ignore[abstract]


def test_an_id_generator_counts_from_zero_and_is_one_object_until_it_is_reset() -> None:
    class Ids(IdGeneratorSingleton):
        def __new__(cls) -> Ids:
            if cls.instance is None:
                cls.instance = super().__new__(cls)
            return cls.instance  # type: ignore[no-any-return]

        def __init__(self) -> None:
            if Ids.is_not_initialized:
                super().__init__()
                Ids.is_not_initialized = False

    first = Ids()
    assert [Ids().get_next_id() for _ in range(3)] == [0, 1, 2]
    assert Ids() is first
    Ids.reset_singleton()
    assert Ids() is not first
    assert Ids().get_next_id() == 0
    assert IdGeneratorSingleton.instance is None


def test_threads_that_make_the_first_registry_at_once_make_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Registry(WeakRegistry[Var]):
        _kind = Var

    original, both, initialised = IdGeneratorSingleton.__init__, threading.Barrier(2), []

    def initialise(registry: IdGeneratorSingleton) -> None:
        initialised.append(registry)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.1)
        original(registry)

    monkeypatch.setattr(IdGeneratorSingleton, "__init__", initialise)
    threads = [threading.Thread(target=Registry) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert initialised == [Registry.instance]


def test_processes_and_vars_are_numbered_apart() -> None:
    ProcessServer().reset_server()
    VarServer().reset_server()
    variables = [Var((1,)) for _ in range(2)]
    process = AbstractProcess()
    assert [var.id for var in variables] == [0, 1]
    assert process.id == 0


def test_a_reset_registry_is_empty_and_makes_room_for_a_new_one() -> None:
    server = ProcessServer()
    process = AbstractProcess()
    assert process in server.processes
    server.reset_server()
    assert server.processes == []
    assert server.num_processes == 0
    assert server._next_id == 0
    assert ProcessServer() is not server
    assert AbstractProcess().id == 0


def test_a_registry_lets_its_objects_die() -> None:
    VarServer().reset_server()
    kept, dropped = Var((1,)), Var((1,))
    assert VarServer().vars == [kept, dropped]
    del dropped
    gc.collect()
    assert VarServer().vars == [kept]
    assert VarServer().num_vars == 1
    assert Var((1,)).id == 2


@pytest.mark.parametrize("server", [ProcessServer, VarServer])
@pytest.mark.parametrize("wrong", [None, 3, InPort((1,)), OutPort])
def test_a_registry_takes_its_own_kind_only(server: type, wrong: object) -> None:
    with pytest.raises(AssertionError, match=rf"{server.__name__}\.register: expected a"):
        server().register(wrong)


def test_registering_again_gives_a_new_id_and_frees_the_old_one() -> None:
    VarServer().reset_server()
    var, other = Var((1,)), Var((1,))
    var.id = VarServer().register(var)
    assert var.id == 2
    assert VarServer().vars == [other, var]
    assert VarServer().restore(Var((1,)), 0) == 0


def test_an_id_is_restored_if_nobody_has_it() -> None:
    VarServer().reset_server()
    first, second = Var((1,)), Var((1,))
    assert VarServer().restore(first, 0) == 0
    assert VarServer().restore(second, 7) == 7
    assert Var((1,)).id == 8
    assert VarServer().restore(second, 0) == 9
