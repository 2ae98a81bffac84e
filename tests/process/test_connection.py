"""LearningConnectionProcess: ports, Vars and parameters of a plastic connection."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lava_actor.process.connection import LearningConnectionProcess
from lava_actor.process.ports.ports import InPort, OutPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var

CONSTANTS = [f"{t}_{w}" for t in ("x1", "x2", "y1", "y2", "y3") for w in ("tau", "impulse")]


@pytest.fixture
def rule() -> SimpleNamespace:
    constants = {name: number for number, name in enumerate(CONSTANTS, 1)}
    return SimpleNamespace(dw_str="x0*y1", dd_str=None, dt_str="y0*x1", **constants)


class SomeConnection(AbstractProcess):
    def __init__(self, *, weights: Any, **kwargs: Any) -> None:
        super().__init__(weights=weights, **kwargs)
        self.s_in = InPort(shape=(np.shape(weights)[1],))
        self.a_out = OutPort(shape=(np.shape(weights)[0],))
        self.weights = Var(shape=np.shape(weights), init=weights)


class Plastic(LearningConnectionProcess, SomeConnection):
    pass


def test_ports_and_traces_belong_to_one_side(rule: SimpleNamespace) -> None:
    process = LearningConnectionProcess((3, 2), rule)
    for name in ("s_in_bap", "s_in_y1", "s_in_y2", "s_in_y3"):
        assert process.in_ports[name].shape == (3,)
    for name in ("x0", "tx", "x1", "x2"):
        assert process.vars[name].shape == (2,)
        assert process.vars[name].init == 0
    for name in ("y0", "ty", "y1", "y2", "y3"):
        assert process.vars[name].shape == (3,)
        assert process.vars[name].init == 0
    for name in ("tag_1", "tag_2"):
        assert process.vars[name].shape == (3, 2)
        assert process.vars[name].init == 0


def test_rules_and_constants_come_from_the_rule(rule: SimpleNamespace) -> None:
    process = LearningConnectionProcess((3, 2), rule)
    assert process._learning_rule is rule
    assert [process.vars[name].init for name in ("dw", "dd", "dt")] == ["x0*y1", None, "y0*x1"]
    assert process.vars.dw.shape == (256,)
    assert [process.vars[name].init for name in CONSTANTS] == list(range(1, 11))
    assert process.vars.x1_tau.shape == (1,)


def test_without_a_rule_nothing_is_learned() -> None:
    process = LearningConnectionProcess()
    assert process.tag_1.shape == (1, 1)
    assert [process.vars[name].init for name in ("dw", "dd", "dt")] == ["", "", ""]
    assert [process.vars[name].init for name in CONSTANTS] == [0] * 10
    assert dict(process.proc_params) == {"shape": (1, 1), "learning_rule": None}


def test_tags_have_initial_values(rule: SimpleNamespace) -> None:
    tags = np.ones((3, 2))
    process = LearningConnectionProcess((3, 2), rule, tag_1=tags, tag_2=4)
    assert process.tag_1.init is tags
    assert process.tag_2.init == 4
    assert process.proc_params["tag_1"] is tags


def test_it_cooperates_with_a_connection(rule: SimpleNamespace) -> None:
    weights = np.zeros((3, 2))
    process = Plastic(shape=weights.shape, learning_rule=rule, weights=weights, name="plastic")
    assert process.name == "plastic"
    assert process.proc_params["shape"] == (3, 2)
    assert process.proc_params["learning_rule"] is rule
    assert process.in_ports.member_names == ["s_in", "s_in_bap", "s_in_y1", "s_in_y2", "s_in_y3"]
    assert "weights" in process.vars
    assert process.vars.dw.process is process
