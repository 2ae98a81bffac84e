"""Processes, Vars, ports and Collections survive pickling; a running network does not."""

from __future__ import annotations

import copy
import gc
import logging
import pickle
from collections.abc import Callable
from typing import Any

import cloudpickle
import numpy as np
import pytest

from lava_actor.compat.lava_names.connection_config import ConnectionConfig
from lava_actor.proc.lif.process import LIF
from lava_actor.process.log import LogConfig
from lava_actor.process.ports.ports import InPort, OutPort, RefPort, VarPort
from lava_actor.process.process import AbstractProcess, ProcessServer
from lava_actor.process.variable import Var, VarServer


class Holder(AbstractProcess):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inp, self.out = InPort((2, 3)), OutPort((2, 3))
        self.v = Var((2, 3), np.arange(6).reshape(2, 3))
        self.ref, self.var_port = RefPort((2, 3)), VarPort(self.v)


Copier = Callable[[Any], Any]


def by_pickle(obj: Any) -> Any:
    return pickle.loads(pickle.dumps(obj))


def by_cloudpickle(obj: Any) -> Any:
    return pickle.loads(cloudpickle.dumps(obj))


@pytest.fixture(params=[by_pickle, by_cloudpickle, copy.deepcopy], ids=lambda f: f.__name__)
def copied(request: pytest.FixtureRequest) -> Copier:
    copier: Copier = request.param
    return copier


def test_a_process_keeps_its_name_members_and_parameters(copied: Copier) -> None:
    original = Holder(name="original", gain=3)
    loaded = copied(original)
    assert type(loaded) is Holder
    assert loaded is not original
    assert loaded.name == "original"
    assert dict(loaded.proc_params) == {"name": "original", "gain": 3}
    assert loaded.vars.members == [loaded.v]
    assert loaded.in_ports.inp is loaded.inp
    assert loaded.v.process is loaded
    assert loaded.var_port.var is loaded.v
    assert np.array_equal(loaded.v.init, original.v.init)
    loaded._post_init()
    assert loaded.var_ports.member_names == ["var_port"]


def test_connections_survive_in_their_order(copied: Copier) -> None:
    one, other, third = Holder(), Holder(), Holder()
    config = ConnectionConfig(num_probes=7)
    one.out.connect([third.inp, other.inp], [None, config])
    view = third.out.transpose().reshape((2, 3))
    view.connect(other.inp)
    other.ref.connect_var(one.v)
    other_copy, one_copy = copied([other, one])
    third_copy = other_copy.inp.get_src_ports()[1].process
    assert other_copy.inp.get_src_ports() == [one_copy.out, third_copy.out]
    assert one_copy.out.out_connections == [third_copy.inp, other_copy.inp]
    assert one_copy.out.connection_configs == {other_copy.inp: config}
    assert other_copy.inp.connection_configs[one_copy.out].num_probes == 7
    flat, permuted = other_copy.inp.in_connections[1], third_copy.out.out_connections[0]
    assert flat.in_connections == [permuted]
    assert permuted.axes == (1, 0)
    assert other_copy.ref.get_dst_vars() == [one_copy.v]
    assert one_copy._v_implicit_port is one_copy.var_ports["_v_implicit_port"]


def test_hierarchy_and_aliases_survive(copied: Copier) -> None:
    parent, child = Holder(name="parent"), Holder(name="child")
    parent.register_sub_procs({"part": child})
    parent.v.alias(child.v)
    child.out.connect(parent.out)
    loaded = copied(child)
    assert loaded.parent_proc.name == "parent"
    assert loaded.parent_proc.procs.part is loaded
    assert loaded.parent_proc.v.aliased_var is loaded.v
    assert loaded.parent_proc.out.get_src_ports() == [loaded.out]
    loaded.parent_proc.validate_var_aliases()


@pytest.mark.parametrize("part", ["v", "inp", "var_port", "vars", "out_ports"])
def test_a_part_brings_its_process_along(copied: Copier, part: str) -> None:
    loaded = copied(getattr(Holder(name="holder"), part))
    assert loaded.process.name == "holder"
    assert getattr(loaded.process, part) is loaded


def test_parts_without_a_process_survive(copied: Copier) -> None:
    source, sink, var = OutPort((6,)), InPort((2, 3)), Var((2,), 5, name="loose")
    source.reshape((2, 3)).connect(sink)
    assert copied(sink).get_src_ports()[0].shape == (6,)
    loaded = copied(var)
    assert (loaded.name, loaded.init, loaded.process) == ("loose", 5, None)


def test_beside_the_original_a_copy_gets_ids_of_its_own(copied: Copier) -> None:
    original = Holder()
    loaded = copied(original)
    assert loaded.id > original.id
    assert loaded.v.id > original.v.id
    assert {original, loaded} <= set(ProcessServer().processes)
    assert {original.v, loaded.v} <= set(VarServer().vars)
    assert loaded.name == f"Process_{original.id}"


def test_where_the_ids_are_free_they_stay() -> None:
    ProcessServer().reset_server()
    VarServer().reset_server()
    network = [Holder(), Holder(), Holder()]
    network[0].out.connect(network[2].inp)
    data = pickle.dumps(network)
    del network
    gc.collect()
    ProcessServer().reset_server()
    VarServer().reset_server()
    loaded = pickle.loads(data)
    assert [process.id for process in loaded] == [0, 1, 2]
    assert [process.v.id for process in loaded] == [0, 1, 2]
    assert ProcessServer().processes == loaded
    assert AbstractProcess().id == 3
    assert Var((1,)).id == 3


class Live:
    """A runtime that must not be pickled."""

    is_over = True

    def __reduce__(self) -> str:
        raise AssertionError("a running network was pickled")


def test_a_running_network_stays_where_it_is(copied: Copier) -> None:
    process = Holder()
    process.runtime = Live()
    process.out.external_pipe_csp_recv_port = Live()  # type: ignore[attr-defined]
    process.out.flag_external_pipe(5)
    loaded = copied(process)
    assert loaded.runtime is None
    assert not hasattr(loaded.out, "external_pipe_csp_recv_port")
    assert loaded.out.external_pipe_flag
    assert loaded.out.external_pipe_buffer_size == 5
    assert loaded.v.get() is loaded.v.init


def test_a_loaded_process_logs_as_the_original_did(copied: Copier) -> None:
    process = Holder(name="logging", log_config=LogConfig(level_console=logging.INFO))
    assert process.log.level == logging.INFO
    loaded = copied(process)
    assert loaded.log.name == "lava_actor.logging"
    assert loaded.log.level == logging.INFO
    assert len(loaded.log.handlers) == 1


def test_a_class_of_a_notebook_travels_by_value() -> None:
    class Local(Holder):
        def __init__(self) -> None:
            super().__init__()
            self.extra = Var((1,), 4)

    loaded = by_cloudpickle(Local())
    assert type(loaded).__name__ == "Local"
    assert loaded.vars.member_names == ["extra", "v"]


def test_a_subclass_may_leave_out_what_cannot_travel(copied: Copier) -> None:
    loaded = copied(WithHandle())
    assert loaded.handle is None
    assert loaded.vars.member_names == ["v"]


class WithHandle(Holder):
    def __init__(self) -> None:
        super().__init__()
        self.handle: Any = (number for number in range(3))  # generators cannot be pickled

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "handle": None}


def test_a_connected_process_of_the_library_survives(copied: Copier) -> None:
    lif, goal = LIF(shape=(3,), name="lif", bias_mant=2), LIF(shape=(3,), name="goal")
    lif.s_out.connect(goal.a_in)
    loaded = copied(lif)
    assert loaded.s_out.out_connections[0].process.name == "goal"
    assert loaded.bias_mant.init == 2
    loaded._post_init()
