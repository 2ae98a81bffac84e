"""LearningNeuronProcess: what a neuron shows to plastic connections."""

from __future__ import annotations

from typing import Any

from lava_actor.process.neuron import LearningNeuronProcess
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var


class SomeNeuron(AbstractProcess):
    def __init__(self, *, shape: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(shape=shape, **kwargs)
        self.v = Var(shape=shape)


class Learner(LearningNeuronProcess, SomeNeuron):
    pass


def test_the_mixin_is_no_process() -> None:
    assert LearningNeuronProcess.__bases__ == (object,)


def test_ports_are_lines_and_traces_have_the_shape_of_the_neurons() -> None:
    rule = object()
    neuron = Learner((4, 2), rule, name="learner")
    assert neuron.in_ports.member_names == ["a_third_factor_in"]
    assert neuron.out_ports.member_names == ["s_out_bap", "s_out_y1", "s_out_y2", "s_out_y3"]
    assert {port.shape for port in (*neuron.in_ports, *neuron.out_ports)} == {(4,)}
    assert neuron.vars.member_names == ["v", "y1", "y2", "y3"]
    assert {var.shape for var in neuron.vars} == {(4, 2)}
    assert neuron.y1.init == 0
    assert neuron.proc_params["shape"] == (4, 2)
    assert neuron.proc_params["learning_rule"] is rule
    assert neuron.name == "learner"
