"""Convolution along time."""

from __future__ import annotations

import numpy as np
import pytest

from lava_actor.model.harness import ModelHarness
from lava_actor.proc.conv_in_time.models import PyConvInTimeFixed, PyConvInTimeFloat
from lava_actor.proc.conv_in_time.process import ConvInTime


def convolved(weights: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """a_out[t + 1] = sum over k of weights[K-1-k] @ s_in[t - k], one step at a time."""
    steps, size = len(inputs), weights.shape[0]
    out = np.zeros((steps + 1, weights.shape[1]), dtype=weights.dtype)
    for t in range(steps):
        for k in range(min(size, t + 1)):
            out[t + 1] += weights[size - 1 - k] @ inputs[t - k]
    return out[:steps]


@pytest.mark.parametrize("model", [PyConvInTimeFloat, PyConvInTimeFixed])
@pytest.mark.parametrize("bits", [0, 24])
@pytest.mark.parametrize("density", [0.1, 1])
def test_the_kernel_extends_into_the_past(model, bits, density) -> None:
    rng = np.random.default_rng(7)
    weights = rng.integers(-20, 20, (3, 4, 5))
    inputs = rng.integers(-9, 10, (15, 5)) * (rng.random((15, 5)) < density)
    harness = ModelHarness(model, ConvInTime(weights=weights, num_message_bits=bits))
    out = harness.run(15, s_in=inputs)["a_out"]
    np.testing.assert_array_equal(out, convolved(weights, inputs if bits else inputs != 0))


def test_a_kernel_set_later_is_used() -> None:
    harness = ModelHarness(PyConvInTimeFloat, ConvInTime(weights=np.ones((1, 1, 2))))
    harness.set("weights", np.array([[[2.0, 5.0]]]))
    harness.step(s_in=np.array([True, True]))
    assert harness.step()["a_out"].tolist() == [7]
    np.testing.assert_array_equal(harness.weights, [[[2, 5]]])


def test_fixed_point_computes_in_integers() -> None:
    harness = ModelHarness(
        PyConvInTimeFixed, ConvInTime(weights=np.array([[[1.9, -1.9]]]), num_message_bits=8)
    )
    assert harness.weights.tolist() == [[[1, -1]]]
    harness.step(s_in=np.array([3.0, 1.0]))
    assert harness.step()["a_out"].tolist() == [2]
    with pytest.raises(ValueError, match="s_in"):
        harness.step(s_in=np.array([0.5, 0]))


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4, 5), (0, 3, 4)])
def test_kernels_have_three_dimensions(shape) -> None:
    with pytest.raises(ValueError, match="three dimensions"):
        ConvInTime(weights=np.ones(shape))
