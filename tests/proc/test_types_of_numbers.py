"""A number is a number, whatever type it comes in: nothing wraps, steps stay native."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import AbstractProcess, Loihi2SimCfg, RunSteps
from lava_actor.errors import InvalidTypeError
from lava_actor.learning.learning_rule import Loihi2FLearningRule
from lava_actor.model.types import declared, first_value
from lava_actor.proc.connectivity import Uniform
from lava_actor.proc.lif.models import PyLifModelFloat
from lava_actor.proc.lif.process import LIF, LIFRefractory, LIFReset, TernaryLIF
from lava_actor.proc.rf.process import RF
from lava_actor.proc.rf_iz.process import RF_IZ
from lava_actor.proc.s4d.process import SigmaS4dDeltaLayer
from lava_actor.proc.sdn.process import Delta, SigmaDelta
from lava_actor.proc.spiker.process import Spiker32bit

INTEGERS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.int64, np.uint64]
FORMS = [
    *(pytest.param(kind, id=kind.__name__) for kind in INTEGERS),
    pytest.param(lambda x: np.array(x, np.int8), id="0-d"),
    pytest.param(lambda x: np.array([x], np.int8), id="array of one"),
]


def sigma_s4d(d_states: Any) -> AbstractProcess:
    ones = np.ones(600)
    return SigmaS4dDeltaLayer(shape=(300,), vth=1, d_states=d_states, a=ones, b=ones, c=ones)


@pytest.mark.parametrize("as_type", FORMS)
@pytest.mark.parametrize(
    ("make", "number"),
    [
        (lambda x: RF(shape=(3,), period=8, alpha=0.1, state_exp=6, decay_bits=x), 12),
        (lambda x: RF((3,), 8, 0.1, x, 12), 9),
        (lambda x: RF_IZ(shape=(3,), period=8, alpha=0.1, state_exp=x, decay_bits=12), 9),
        (lambda x: Delta(shape=(2,), vth=x, spike_exp=6, state_exp=6), 100),
        (lambda x: SigmaDelta(shape=(2,), vth=x, spike_exp=6, state_exp=6, bias=x), 100),
        (lambda x: SigmaDelta(shape=(2,), vth=1, spike_exp=x, state_exp=x), 6),
        (lambda x: LIFRefractory(shape=(2,), refractory_period=x), 3),
        (lambda x: LIFReset(shape=(2,), reset_interval=x, reset_offset=x), 3),
        (sigma_s4d, 2),
    ],
    ids=["decay_bits", "by position", "RF_IZ", "Delta", "SigmaDelta", "exponents", "refractory",
         "reset", "d_states"],
)  # fmt: skip
def test_a_narrow_integer_is_the_same_as_pythons(make: Any, number: int, as_type: Any) -> None:
    expected, found = make(number), make(as_type(number))
    for name, var in vars(expected).items():
        if hasattr(var, "init"):
            np.testing.assert_array_equal(np.ravel(getattr(found, name).init), np.ravel(var.init))
    told = {"refractory_period", "reset_interval", "reset_offset"} & {*expected.proc_params}
    assert all(type(found.proc_params[name]) is int for name in told)


@pytest.mark.parametrize("kind", [np.int16, np.uint8, np.float32, np.float16])
def test_a_bias_of_each_neuron_does_not_wrap(kind: Any) -> None:
    bias = np.array([100, 20])
    expected = SigmaDelta(shape=(2,), vth=1, spike_exp=6, state_exp=6, bias=bias).bias.init
    found = SigmaDelta(shape=(2,), vth=1, spike_exp=6, state_exp=6, bias=bias.astype(kind))
    np.testing.assert_array_equal(found.bias.init, expected)


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.float32])
def test_distributions_and_rules_compute_in_full(kind: Any) -> None:
    expected = Uniform(-100, 100, levels=4).values()
    np.testing.assert_array_equal(Uniform(kind(-100), kind(100), levels=kind(4)).values(), expected)
    rule = Loihi2FLearningRule(dw="x1*y0", x1_impulse=kind(16), x1_tau=kind(4), t_epoch=1)
    assert type(rule.x1_tau) in (int, float)
    assert RF((3,), kind(7), 0.1).cos_decay.init == RF((3,), 7, 0.1).cos_decay.init


MANY = [[10], (10,), np.array([10]), np.array([10.0]), np.array([[10]], np.float32), np.int8(10)]


@pytest.mark.parametrize("tag", ["floating_pt", "fixed_pt"])
@pytest.mark.parametrize("ten", MANY, ids=repr)
def test_a_parameter_in_an_array_of_one_stays_native(tag: str, ten: Any) -> None:
    """What a native step did not take would be warned of, which is an error here."""
    found = []
    for given in (10, ten):
        with LIF(shape=(3, 4), vth=given, du=0, dv=0, bias_mant=3) as cells:
            cells.run(RunSteps(5), Loihi2SimCfg(select_tag=tag))
            found.append(cells.v.get())
        with TernaryLIF(shape=(3,), vth_hi=given, vth_lo=-2, bias_mant=3) as cells:
            cells.run(RunSteps(5), Loihi2SimCfg(select_tag=tag))
            found.append(cells.v.get())
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[1], found[3])


class OwnVth(PyLifModelFloat):
    _la_hidden_from_discovery = True


def test_a_model_of_a_users_finds_the_array_as_it_was_given() -> None:
    told = declared(OwnVth)["vth"]
    assert first_value(PyLifModelFloat, told, [10]) == 10
    assert first_value(OwnVth, told, [10]) == [10]


def test_one_array_for_two_parameters_stays_native() -> None:
    one = np.arange(12) % 4 + 1
    with Spiker32bit(shape=(12,), period=one, payload=one) as spiker:
        spiker.run(RunSteps(5), Loihi2SimCfg())


@pytest.mark.parametrize("kind", [np.int64, np.float64, np.int16])
@pytest.mark.parametrize("saved", [1, 2, 3])
def test_a_part_of_one_neuron_has_rows_as_any_other(saved: int, kind: Any, tmp_path: Path) -> None:
    """What such a part has of the numbers per neuron are arrays of one, and stay so in a file."""

    def steps(parts: int, count: int, given: Path | None = None) -> LIF:
        cells = LIF(shape=(3,), vth=np.array([1, 2, 3], kind), bias_mant=0.7, name="cells")
        told = {"placement": {"cells": parts}}
        cells.create_runtime(Loihi2SimCfg(select_tag="floating_pt"), compile_config=told)
        if given is not None:
            cells.load(given)
        cells.run(RunSteps(count))
        return cells

    with steps(1, 20) as whole:
        expected = whole.v.get()
    with steps(saved, 10) as before:
        before.save(tmp_path / "cells.lava")
    for parts in (1, 2, 3):
        with steps(parts, 10, tmp_path / "cells.lava") as behind:
            np.testing.assert_array_equal(behind.v.get(), expected)
            assert behind.vth.get().tolist() == [1, 2, 3]


@pytest.mark.parametrize("masked", [np.ma.masked, np.ma.array([5.0], mask=[True])], ids=repr)
def test_a_mask_is_refused_as_ever(masked: Any) -> None:
    with pytest.raises(InvalidTypeError, match="mask"):
        RF(shape=(1,), period=10.0, alpha=0.1, vth=masked)
    with pytest.raises(InvalidTypeError, match="expected a number"):
        Uniform(masked, 3.0)


class Own(RF):
    def __init__(self, shape: tuple[int, ...], period: Any, **others: Any) -> None:
        super().__init__(shape, 8, 0.1, **others)
        self.given = period


def test_a_constructor_of_a_users_gets_what_it_was_given() -> None:
    period = np.array([3.0])
    assert Own((1,), period, decay_bits=np.int8(12)).given is period
    assert Own(shape=(1,), period=period, decay_bits=np.int8(12)).cos_decay.init == 2606


@pytest.mark.parametrize("kind", [object, complex, str])
def test_a_bias_of_other_kinds_is_not_made_whole(kind: Any) -> None:
    bias = np.array([0.5, 0.25]).astype(kind)
    with pytest.raises(TypeError), SigmaDelta(shape=(2,), vth=1, bias=bias) as neurons:
        neurons.run(RunSteps(1), Loihi2SimCfg(select_tag="floating_pt"))
