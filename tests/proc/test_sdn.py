"""Sigma, Delta and SigmaDelta."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lava_actor.model.harness import ModelHarness
from lava_actor.proc.sdn.models import (
    PyDeltaModelFixed,
    PyDeltaModelFloat,
    PySigmaDeltaModelFixed,
    PySigmaDeltaModelFixedCorrected,
    PySigmaDeltaModelFloat,
    PySigmaModelFixed,
    PySigmaModelFloat,
    ReLU,
)
from lava_actor.proc.sdn.process import ActivationMode, Delta, Sigma, SigmaDelta

courses = hnp.arrays(
    np.int64, st.tuples(st.integers(1, 20), st.just(3)), elements=st.integers(-1000, 1000)
)


def sent(harness: ModelHarness, inputs: np.ndarray) -> np.ndarray:
    return np.array([harness.step(a_in=row)["s_out"] for row in inputs])


@pytest.mark.parametrize("model", [PySigmaModelFloat, PySigmaModelFixed])
def test_sigma_sends_the_sum_so_far(model) -> None:
    harness = ModelHarness(model, Sigma(shape=(2,)))
    inputs = np.array([[1, -2], [3, 0], [-5, 4]])
    np.testing.assert_array_equal(sent(harness, inputs), inputs.cumsum(axis=0))


def test_sigma_wraps_at_32_bits() -> None:
    harness = ModelHarness(PySigmaModelFixed, Sigma(shape=(1,)))
    out = sent(harness, np.array([[2**31 - 1], [1]], dtype=np.int32))
    assert out.ravel().tolist() == [2**31 - 1, -(2**31)]


@given(courses, st.integers(1, 50))
def test_what_delta_has_sent_never_lags_by_the_threshold(course, vth) -> None:
    """The sum of all changes sent differs from the input by less than the threshold."""
    harness = ModelHarness(PyDeltaModelFloat, Delta(shape=(3,), vth=vth))
    received = sent(harness, course.astype(float)).cumsum(axis=0)
    assert (np.abs(received - course) < vth).all()


@given(courses)
def test_delta_with_threshold_zero_sends_every_change(course) -> None:
    harness = ModelHarness(PyDeltaModelFixed, Delta(shape=(3,), vth=0))
    out = sent(harness, course)
    np.testing.assert_array_equal(out, np.diff(course, axis=0, prepend=0))


def test_a_change_equal_to_the_threshold_is_sent() -> None:
    harness = ModelHarness(PyDeltaModelFixed, Delta(shape=(1,), vth=5))
    assert sent(harness, np.array([[4], [5], [5]])).ravel().tolist() == [0, 5, 0]


def test_cumulative_error_adds_up_what_is_left() -> None:
    """Errors 4, 8 (sent, cleared), 4, 8: not the change of a step but their sum is compared."""
    process = Delta(shape=(1,), vth=6, cum_error=True)
    harness = ModelHarness(PyDeltaModelFixed, process)
    assert sent(harness, np.array([[4], [4], [4], [4]])).ravel().tolist() == [0, 4, 0, 0]
    assert harness.error.tolist() == [0]


def test_an_error_that_crosses_without_a_change_is_kept() -> None:
    harness = ModelHarness(PyDeltaModelFixed, Delta(shape=(1,), vth=4, cum_error=True))
    harness.model.error[...] = 4
    assert sent(harness, np.array([[0]])).ravel().tolist() == [0]
    assert harness.error.tolist() == [4]


@pytest.mark.parametrize("make", [Delta, SigmaDelta])
def test_the_threshold_is_held_in_state_scale(make) -> None:
    assert make(shape=(1,), vth=10, spike_exp=2, state_exp=3).vth.get() == 320


def test_bits_that_delta_cuts_off_are_lost() -> None:
    """In state scale 3 and 4 are sent as floor(3/2) and floor(1/2)."""
    harness = ModelHarness(
        PySigmaDeltaModelFixed,
        SigmaDelta(shape=(1,), vth=0, state_exp=1, act_mode=ActivationMode.UNIT),
    )
    assert sent(harness, np.array([[3], [1]])).ravel().tolist() == [1, 0]


def test_the_corrected_model_makes_up_for_bits_cut_off() -> None:
    harness = ModelHarness(
        PySigmaDeltaModelFixedCorrected,
        SigmaDelta(shape=(1,), vth=0, state_exp=1, act_mode=ActivationMode.UNIT),
    )
    assert sent(harness, np.array([[3], [1]])).ravel().tolist() == [1, 1]
    assert harness.act.tolist() == [4]


def test_activation_rectifies_the_sum_and_the_bias() -> None:
    harness = ModelHarness(PySigmaDeltaModelFloat, SigmaDelta(shape=(2,), vth=0, bias=[1, -1]))
    out = sent(harness, np.array([[-3.0, 3.0], [4.0, -4.0]]))
    np.testing.assert_array_equal(out, [[0, 2], [2, -2]])
    np.testing.assert_array_equal(ReLU(np.array([-1, 0, 2])), [0, 0, 2])


def test_an_unknown_activation_is_an_error() -> None:
    class Mine(SigmaDelta):
        """Of which the library does not know what modes it has."""

    harness = ModelHarness(PySigmaDeltaModelFloat, Mine(shape=(1,), vth=0, act_mode=7))
    with pytest.raises(NotImplementedError, match="act_mode"):
        harness.step(a_in=0.0)


@pytest.mark.parametrize(
    ("model", "process"),
    [
        (PySigmaModelFixed, Sigma(shape=(1,))),
        (PyDeltaModelFixed, Delta(shape=(1,), vth=1)),
        (PySigmaDeltaModelFixed, SigmaDelta(shape=(1,), vth=1)),
    ],
)
def test_fixed_point_takes_integral_floats_and_no_others(model, process) -> None:
    harness = ModelHarness(model, process)
    assert harness.step(a_in=np.array([3.0]))["s_out"].tolist() == [3]
    with pytest.raises(ValueError, match="a_in"):
        harness.step(a_in=np.array([0.5]))
