"""Base classes of models: what a fresh model holds, hooks, requests."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

from lava_actor.compat.lava_names.resources import (
    CPU,
    ECPU,
    LMT,
    PB,
    GenericNode,
    HardDrive,
    HeadNode,
    HeadNodeHardDrive,
    KapohoPoint,
    Loihi2NeuroCore,
    Loihi2System,
    Unalaska,
)
from lava_actor.errors import RuntimeStateError
from lava_actor.model.ports import PyInPort, PyOutPort, PyVarPort
from lava_actor.model.py.async_ import PyAsyncProcessModel
from lava_actor.model.py.base import AbstractPyProcessModel
from lava_actor.model.py.loihi import PyLoihiProcessModel


def test_a_stepping_model_starts_before_its_first_step() -> None:
    model = PyLoihiProcessModel({"a": 1})
    assert model.time_step == 0
    assert model.phase == PyLoihiProcessModel.Phase.SPK
    assert model.phase.shape == (1,)
    assert model.proc_params == {"a": 1}
    assert (model._req_pause, model._req_stop) == (False, False)
    assert model.var_id_to_var_map == {}
    assert model.model_id is None
    assert PyLoihiProcessModel().proc_params is None
    assert PyLoihiProcessModel(proc_params={}).proc_params == {}


def test_phase_methods_do_nothing_and_guards_say_no() -> None:
    model = PyLoihiProcessModel({})
    for name in ("run_spk", "run_pre_mgmt", "run_lrn", "run_post_mgmt", "run_host_mgmt"):
        assert getattr(model, name)() is None
    for name in ("pre_guard", "lrn_guard", "post_guard", "host_guard"):
        assert not getattr(model, name)()
    model.on_start()
    model.on_var_update()


@pytest.mark.parametrize("phase", [3, np.int64(3), np.array([3])])
def test_the_phase_may_be_set_as_number_or_array(phase: Any) -> None:
    model = PyLoihiProcessModel({})
    model.phase = phase
    assert model.phase[0] == 3
    assert model._la_phase == 3
    assert type(model._la_phase) is int
    with pytest.raises(ValueError, match="read-only"):
        model.phase[0] = 1


@pytest.mark.parametrize("cls", [PyLoihiProcessModel, PyAsyncProcessModel])
def test_requests_set_the_flags_the_runtime_reads(cls: type) -> None:
    model = cls({})
    model.request_pause()
    assert (model._req_pause, model._req_stop) == (True, False)
    model.request_stop()
    assert (model._req_pause, model._req_stop) == (True, True)


def test_ports_that_are_assigned_are_listed() -> None:
    model = PyLoihiProcessModel({})
    model.b = b = PyInPort.VEC_DENSE([], model, (1,), int)  # type: ignore[attr-defined]
    model.a = a = PyOutPort.VEC_DENSE([], model, (1,), int)  # type: ignore[attr-defined]
    model.c = c = PyVarPort.VEC_DENSE("v", None, None, model, (1,), int)  # type: ignore[attr-defined]
    assert model.py_ports == [b, a, c]
    assert model.var_ports == [c]


def test_add_ports_for_polling_is_the_only_abstract_method() -> None:
    assert AbstractPyProcessModel.__abstractmethods__ == {"add_ports_for_polling"}
    with pytest.raises(TypeError):
        AbstractPyProcessModel({})  # type: ignore[abstract]


def test_a_model_cannot_run_without_an_actor() -> None:
    for cls in (PyLoihiProcessModel, PyAsyncProcessModel):
        with pytest.raises(RuntimeStateError, match="driven by the actor"):
            cls({}).start()
        cls({}).join()


def test_a_free_running_model_must_override_run_async() -> None:
    with pytest.raises(NotImplementedError, match="run_async"):
        PyAsyncProcessModel({}).run_async()


def test_a_free_running_model_asks_its_control() -> None:
    class Control:
        stop = pause = False

        def stop_requested(self) -> bool:
            return self.stop

        def pause_requested(self) -> bool:
            return self.pause

        def wait(self, *_conditions: object) -> None:
            raise AssertionError("nobody has to wait")

    model, control = PyAsyncProcessModel({}), Control()
    assert not model.check_for_stop_cmd()
    assert not model.check_for_pause_cmd()
    model._la_connect_control(control)
    control.stop = True
    assert model.check_for_stop_cmd()
    assert not model.check_for_pause_cmd()
    control.pause = True
    assert model.check_for_pause_cmd()


def test_log_levels_are_set_on_the_models_own_logger_only_if_given() -> None:
    root = logging.getLogger().level

    class Chatty(PyLoihiProcessModel):
        def __init__(self, proc_params: Any) -> None:
            AbstractPyProcessModel.__init__(self, proc_params, loglevel=logging.DEBUG)

    assert Chatty({}).log.level == logging.DEBUG
    assert PyLoihiProcessModel({}).log.level == logging.NOTSET
    assert PyLoihiProcessModel({}).log.name == "lava_actor.model.PyLoihiProcessModel"
    assert logging.getLogger().level == root


def test_resources_of_nodes_and_the_tree_of_classes() -> None:
    assert GenericNode.resources == [CPU, HardDrive]
    assert HeadNode.resources == [CPU, HeadNodeHardDrive]
    assert KapohoPoint.resources == [Loihi2NeuroCore, LMT, PB]
    assert Unalaska.resources == [CPU, Loihi2NeuroCore, LMT, PB]
    assert issubclass(Unalaska, Loihi2System)
    assert issubclass(LMT, ECPU)
    assert issubclass(PB, ECPU)
    assert not issubclass(ECPU, CPU)
