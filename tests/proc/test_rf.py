"""Resonate-and-fire neurons."""

from __future__ import annotations

import numpy as np
import pytest

from lava_actor.errors import InvalidValueError
from lava_actor.model.harness import ModelHarness
from lava_actor.proc.rf.models import PyRFModelFixed, PyRFModelFloat
from lava_actor.proc.rf.process import RF
from lava_actor.proc.rf_iz.models import PyRF_IZModelFixed, PyRF_IZModelFloat
from lava_actor.proc.rf_iz.process import RF_IZ


def test_decays_are_scaled_and_cut_toward_zero() -> None:
    process = RF((1,), period=10, alpha=0.07)
    assert process.sin_decay.get() == pytest.approx(0.546640284632)
    assert process.cos_decay.get() == pytest.approx(0.752385804769)
    process = RF((1,), period=10, alpha=0.07, state_exp=6, decay_bits=12, vth=1.1)
    assert (process.sin_decay.get(), process.cos_decay.get()) == (2239, 3081)
    assert process.vth.get() == 70


def test_the_state_turns_once_per_period() -> None:
    """Without loss the state comes back after a period, and spikes each time it does."""
    harness = ModelHarness(PyRFModelFloat, RF((1,), period=8, alpha=0, vth=0.5))
    kick = {0: {"a_real_in": 1.0, "a_imag_in": 0.3}}
    spikes = [int(harness.step(**kick.get(t, {}))["s_out"][0]) for t in range(17)]
    assert [t for t, spike in enumerate(spikes) if spike] == [8, 16]
    assert (harness.real[0], harness.imag[0]) == (pytest.approx(1), pytest.approx(0.3))


@pytest.mark.parametrize(("model", "process"), [(PyRFModelFixed, RF), (PyRF_IZModelFixed, RF_IZ)])
def test_fixed_point_needs_bits_for_the_decays(model, process) -> None:
    with pytest.raises(ValueError, match="decay_bits"):
        ModelHarness(model, process((1,), period=10, alpha=0.1))


def test_the_reset_leaves_the_state_just_below_the_threshold() -> None:
    harness = ModelHarness(PyRF_IZModelFloat, RF_IZ((1,), period=10, alpha=0.07, vth=1))
    assert harness.step(a_imag_in=2.0)["s_out"].tolist() == [1]
    assert (harness.real[0], harness.imag[0]) == (0, 1 - 1e-5)
    fixed = RF_IZ((1,), period=10, alpha=0.07, state_exp=6, decay_bits=12)
    harness = ModelHarness(PyRF_IZModelFixed, fixed)
    assert harness.step(a_imag_in=2)["s_out"].tolist() == [1]
    assert (harness.real[0], harness.imag[0]) == (0, 63)


def test_fixed_point_follows_floating_point() -> None:
    """With many fractional bits the two models agree to a few units of the last place."""
    rng = np.random.default_rng(3)
    inputs = rng.integers(-5, 6, (2, 60, 4))
    # thresholds out of reach: a spike changes nothing in RF, but must not hide a difference
    exact = ModelHarness(PyRFModelFloat, RF((4,), 12, 0.1, vth=1e6))
    fixed = ModelHarness(PyRFModelFixed, RF((4,), 12, 0.1, state_exp=10, decay_bits=16, vth=1000))
    for real, imag in zip(*inputs, strict=True):
        exact.step(a_real_in=real, a_imag_in=imag)
        fixed.step(a_real_in=real, a_imag_in=imag)
    np.testing.assert_allclose(fixed.real / 2**10, exact.real, atol=0.05)
    np.testing.assert_allclose(fixed.imag / 2**10, exact.imag, atol=0.05)


def test_fixed_point_saturates() -> None:
    harness = ModelHarness(PyRFModelFixed, RF((1,), 10, 0.1, state_exp=6, decay_bits=12))
    harness.step(a_real_in=2**20, a_imag_in=-(2**20))
    assert (harness.real[0], harness.imag[0]) == (2**23 - 1, -(2**23 - 1))


@pytest.mark.parametrize("kind", [RF, RF_IZ])
@pytest.mark.parametrize("period", [0, np.nan, np.array([3, 4])])
def test_a_period_is_one_number_other_than_0(kind, period) -> None:
    with pytest.raises(InvalidValueError, match=r"cells\.period: expected one number of steps"):
        kind(shape=(2,), period=period, alpha=0.1, name="cells")
