"""Graded vectors, products, normalisation and the inverse square root."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_actor.model.harness import ModelHarness
from lava_actor.proc.graded.models import (
    InvSqrtModelFloat,
    InvSqrtModelFP,
    NormVecDelayModel,
    PyGradedReluVecModelFixed,
    PyGradedVecModelFixed,
    clz,
    inv_sqrt,
    make_fpinv_table,
)
from lava_actor.proc.graded.process import (
    GradedReluVec,
    GradedVec,
    InvSqrt,
    NormVecDelay,
    loihi2round,
)
from lava_actor.proc.prodneuron.models import PyProdNeuronModelFixed
from lava_actor.proc.prodneuron.process import ProdNeuron


def test_values_beyond_the_threshold_pass() -> None:
    values = np.array([-4, -3, 0, 3, 4])
    harness = ModelHarness(PyGradedVecModelFixed, GradedVec((5,), vth=3))
    assert harness.step(a_in=values)["s_out"].tolist() == [-4, 0, 0, 0, 4]
    harness = ModelHarness(PyGradedReluVecModelFixed, GradedReluVec((5,), vth=3))
    assert harness.step(a_in=values)["s_out"].tolist() == [0, 0, 0, 0, 4]


def test_a_value_set_by_hand_is_added_once() -> None:
    harness = ModelHarness(PyGradedVecModelFixed, GradedVec((1,), vth=0))
    harness.set("v", 5)
    assert [harness.step(a_in=2)["s_out"][0] for _ in range(2)] == [7, 2]


def test_products_are_shifted_toward_minus_infinity() -> None:
    harness = ModelHarness(PyProdNeuronModelFixed, ProdNeuron((4,), vth=1, exp=2))
    a_in1, a_in2 = np.array([3, -3, 2, 5]), np.array([3, 3, 2, 0])
    assert harness.step(a_in1=a_in1, a_in2=a_in2)["s_out"].tolist() == [2, -3, 0, 0]
    assert harness.v.tolist() == [2, -3, 1, 0]


def test_normalisation_multiplies_the_input_of_the_step_before() -> None:
    harness = ModelHarness(NormVecDelayModel, NormVecDelay((2,), vth=0))
    out = harness.run(3, a_in1=np.array([[2, -3], [4, 5], [0, 1]]), a_in2=np.array([10, 100]))
    np.testing.assert_array_equal(out["s2_out"], [[4, 9], [16, 25], [0, 1]])
    np.testing.assert_array_equal(out["s_out"], [[0, 0], [20, -300], [40, 500]])


@pytest.mark.parametrize(
    ("number", "root"),
    [(0, 0), (1, 264045), (2, 185567), (4, 131343), (16, 65669), (4096, 4095), (100000, 829)],
)
def test_inverse_square_roots(number, root) -> None:
    assert inv_sqrt(number) == root


def test_inverse_square_root_of_the_largest_number() -> None:
    assert inv_sqrt(2**22) == 127


@given(st.integers(1, 2**31 - 1), st.integers(8, 16))
def test_inverse_square_roots_are_near_the_exact_ones(number, bits) -> None:
    exact = 2**bits / math.sqrt(number / 2**bits)
    # each iteration loses less than a unit of the factor, which is small for large numbers
    assert inv_sqrt(number, b_fraction=bits) == pytest.approx(exact, rel=0.05, abs=4)


def test_a_negative_number_has_no_inverse_square_root() -> None:
    with pytest.raises(ValueError, match="not negative"):
        inv_sqrt(-1)


def test_leading_zeros_choose_the_first_guess() -> None:
    assert [clz(v) for v in (0, 1, 2, 2**23)] == [24, 23, 22, 0]
    table = make_fpinv_table(12)
    assert table.shape == (24,)
    assert table[clz(4096)] == int(2**12 / 1.238982962)


def test_inverse_square_root_models() -> None:
    fixed = ModelHarness(InvSqrtModelFP, InvSqrt((3,)))
    assert fixed.step(a_in=np.array([0, 1, 4096]))["s_out"].tolist() == [0, 264045, 4095]
    other_base = ModelHarness(InvSqrtModelFP, InvSqrt((1,), fp_base=8))
    assert other_base.step(a_in=256)["s_out"][0] == pytest.approx(256, abs=1)
    exact = ModelHarness(InvSqrtModelFloat, InvSqrt((2,)))
    np.testing.assert_array_equal(exact.step(a_in=np.array([4.0, 0.0]))["s_out"], [0.5, np.inf])


def test_rounding_takes_halves_away_from_zero() -> None:
    values = [0, 0.4, 0.5, 2.5, -0.4, -0.5, -2.5, 3]
    assert loihi2round(values).tolist() == [0, 0, 1, 3, 0, -1, -3, 3]
