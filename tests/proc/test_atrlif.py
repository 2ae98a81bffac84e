"""Neurons with adaptive threshold and refractory state."""

from __future__ import annotations

import numpy as np
import pytest

from lava_actor.model.harness import ModelHarness
from lava_actor.proc.atrlif.models import PyATRLIFModelFixed, PyATRLIFModelFloat
from lava_actor.proc.atrlif.process import ATRLIF


def test_a_spike_raises_threshold_and_refractory_state() -> None:
    harness = ModelHarness(PyATRLIFModelFloat, ATRLIF(shape=(1,)))
    assert harness.step(a_in=6.0)["s_out"].tolist() == [1]
    # i = v = 6; the refractory state takes twice the threshold before that rises
    assert (harness.v[0], harness.r[0], harness.theta[0]) == (6, 10, 8.75)
    assert harness.s.tolist() == [1]
    assert harness.step(a_in=6.0)["s_out"].tolist() == [0]


def test_the_threshold_decays_to_theta_0() -> None:
    harness = ModelHarness(PyATRLIFModelFloat, ATRLIF(shape=(1,), theta=13, theta_0=5))
    harness.step()
    assert harness.theta[0] == pytest.approx(0.8 * 8 + 5)


def test_fixed_point_starts_at_theta_0_unless_told_otherwise() -> None:
    decay = {"delta_theta": 0}
    start = ModelHarness(PyATRLIFModelFixed, ATRLIF(shape=(1,), theta_0=7, **decay))
    assert start.theta.tolist() == [7 * 64]
    given = ModelHarness(PyATRLIFModelFixed, ATRLIF(shape=(2,), theta=[9, 9.5], theta_0=7, **decay))
    assert given.theta.tolist() == [9 * 64, 608]
    assert ATRLIF(shape=(1,)).theta.get() == 5


def test_fixed_point_honours_a_step_of_the_threshold_set_later() -> None:
    process = ATRLIF(shape=(1,), delta_theta=0, theta_step=1)
    harness = ModelHarness(PyATRLIFModelFixed, process)
    harness.step(a_in=100)
    assert harness.theta.tolist() == [6 * 64]
    harness.set("theta_step", 2.5)
    harness.step(a_in=1000)
    assert harness.theta.tolist() == [6 * 64 + 160]


def test_fixed_point_follows_floating_point() -> None:
    """The state in 64ths stays near the exact one as long as the spikes are the same."""
    rng = np.random.default_rng(5)
    params = {"shape": (4,), "theta_0": 40, "theta_step": 10, "delta_i": 0.3, "delta_v": 0.25}
    exact = ModelHarness(PyATRLIFModelFloat, ATRLIF(**params, theta=40))
    fixed = ModelHarness(PyATRLIFModelFixed, ATRLIF(**params))
    for row in rng.integers(0, 30, (30, 4)):
        want, have = exact.step(a_in=row)["s_out"], fixed.step(a_in=row)["s_out"]
        if (want != have).any():
            break
        np.testing.assert_allclose(fixed.v / 64, exact.v, atol=1)
        np.testing.assert_allclose(fixed.theta / 64, exact.theta, atol=1)


@pytest.mark.parametrize(("exponent", "bias"), [(0, 3), (3, 24), (-1, 1)])
def test_fixed_point_bias_has_an_exponent(exponent, bias) -> None:
    process = ATRLIF(shape=(1,), bias_mant=3, bias_exp=exponent)
    harness = ModelHarness(PyATRLIFModelFixed, process)
    harness.step()
    assert harness.v.tolist() == [bias]


def test_fixed_point_refuses_fractional_input() -> None:
    harness = ModelHarness(PyATRLIFModelFixed, ATRLIF(shape=(1,)))
    with pytest.raises(ValueError, match="a_in"):
        harness.step(a_in=np.array([0.5]))
