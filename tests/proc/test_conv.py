"""Convolutional connections, and the utilities around them."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix

from lava_actor.compat.lava_names import conv_utils as utils
from lava_actor.compat.lava_names.conv_utils import TensorOrder
from lava_actor.errors import LavaActorWarning
from lava_actor.model.harness import ModelHarness
from lava_actor.proc.conv.models import PyConvModelFixed, PyConvModelFloat
from lava_actor.proc.conv.process import Conv
from tests.cases import cases


def convolve(image: np.ndarray, weight: np.ndarray, geometry: dict[str, Any]) -> np.ndarray:
    """The definition, element by element."""
    (sx, sy), (px, py), (dx, dy) = (geometry[k] for k in ("stride", "padding", "dilation"))
    out_channels, kx, ky, in_per_group = weight.shape
    out_per_group = out_channels // geometry["groups"]
    shape = utils.output_shape(image.shape, out_channels, (kx, ky), (sx, sy), (px, py), (dx, dy))
    result = np.zeros(shape, np.result_type(image, weight))
    for a, b, o in np.ndindex(*shape):
        for m, n, c in product(range(kx), range(ky), range(in_per_group)):
            x = a * sx + (kx - 1 - m) * dx - px
            y = b * sy + (ky - 1 - n) * dy - py
            if 0 <= x < image.shape[0] and 0 <= y < image.shape[1]:
                channel = o // out_per_group * in_per_group + c
                result[a, b, o] += weight[o, m, n, c] * image[x, y, channel]
    return result


@st.composite
def images(draw: Any) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Image, kernel and a geometry that fits."""
    groups = draw(st.integers(1, 3))
    channels = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    kernel, stride, dilation = draw(pair), draw(pair), draw(pair)
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    size = [
        max(1, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 4))
        for k, d, p in zip(kernel, dilation, padding, strict=True)
    ]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    image = rng.integers(-9, 10, (*size, channels[0])) * (rng.random((*size, channels[0])) < 0.5)
    weight = rng.integers(-100, 100, (channels[1], *kernel, channels[0] // groups))
    return image, weight, {
        "stride": stride, "padding": padding, "dilation": dilation, "groups": groups
    }  # fmt: skip


@settings(deadline=None, max_examples=cases(60))
@given(images())
def test_models_compute_the_definition(case: Any) -> None:
    """Float and fixed; any stride, padding, dilation, groups; one step late."""
    image, weight, geometry = case
    want = convolve(image, weight, geometry)
    for model in (PyConvModelFloat, PyConvModelFixed):
        process = Conv(weight=weight, input_shape=image.shape, num_message_bits=8, **geometry)
        assert process.a_out.shape == process.output_shape == want.shape
        harness = ModelHarness(model, process)
        assert not harness.step(s_in=image)["a_out"].any()
        np.testing.assert_array_equal(harness.step()["a_out"], want)


@settings(deadline=None, max_examples=cases(40))
@given(images())
def test_utilities_compute_the_definition(case: Any) -> None:
    """The reference functions, and the matrix with the same effect."""
    image, weight, geometry = case
    want = convolve(image, weight, geometry)
    order = ("stride", "padding", "dilation", "groups")
    arguments = weight.shape[1:3], *(geometry[name] for name in order)
    got = utils.conv(image, weight, *arguments)
    assert got.dtype == weight.dtype
    np.testing.assert_array_equal(got, want)
    np.testing.assert_allclose(utils.conv_scipy(image, weight, *arguments), want)
    dst, src, values = utils.conv_to_sparse(
        image.shape, want.shape, weight, *(geometry[name] for name in order)
    )
    matrix = coo_matrix((values, (dst, src)), shape=(want.size, image.size)).tocsr()
    np.testing.assert_array_equal(matrix @ image.reshape(-1), want.reshape(-1))


@settings(deadline=None, max_examples=cases(20))
@given(images())
def test_other_orders_are_correlations(case: Any) -> None:
    """NCHW with images (C, H, W), HWCN with images (H, W, C)."""
    image, weight, geometry = case
    want = convolve(image, weight[:, ::-1, ::-1, :], geometry)
    numbers = [geometry[name] for name in ("stride", "padding", "dilation", "groups")]
    for order, axes, channels_first in (
        (TensorOrder.NCHW, (0, 3, 1, 2), True),
        (TensorOrder.HWCN, (1, 2, 3, 0), False),
    ):
        images = [np.moveaxis(x, -1, 0) if channels_first else x for x in (image, want)]
        dst, src, values = utils.conv_to_sparse(
            images[0].shape, images[1].shape, weight.transpose(axes), *numbers, order
        )
        matrix = coo_matrix((values, (dst, src)), shape=(want.size, image.size)).tocsr()
        np.testing.assert_array_equal(matrix @ images[0].reshape(-1), images[1].reshape(-1))


def test_example_of_the_documentation() -> None:
    kernel = np.arange(1, 10).reshape(1, 3, 3, 1)
    image = np.zeros((4, 4, 1))
    image[1, 1] = 1
    harness = ModelHarness(PyConvModelFloat, Conv(weight=kernel, input_shape=(4, 4, 1)))
    harness.step(s_in=image)
    assert harness.step()["a_out"][..., 0].tolist() == [[5, 6], [8, 9]]


def test_binary_input_ignores_the_payload() -> None:
    harness = ModelHarness(PyConvModelFloat, Conv(weight=np.full((1, 1, 1, 1), 2.5)))
    harness.step(s_in=np.full((1, 1, 1), -7.0))
    assert harness.step()["a_out"].tolist() == [[[2.5]]]


def test_fixed_sums_wrap_at_24_bits() -> None:
    conv = Conv(weight=np.full((1, 1, 1, 1), 3), num_message_bits=24)
    harness = ModelHarness(PyConvModelFixed, conv)
    harness.step(s_in=np.full((1, 1, 1), 2**22))
    assert harness.step()["a_out"].ravel().tolist() == [3 * 2**22 - 2**24]


def test_a_kernel_that_is_set_counts() -> None:
    for model in (PyConvModelFloat, PyConvModelFixed):
        harness = ModelHarness(model, Conv(weight=np.full((1, 1, 1, 1), 3)))
        harness.step(s_in=np.ones((1, 1, 1)))
        harness.set("weight", np.full((1, 1, 1, 1), 5))
        assert harness.step(s_in=np.ones((1, 1, 1)))["a_out"] == [3]
        assert harness.step()["a_out"] == [5]


def test_parameters_without_effect_are_reported() -> None:
    with pytest.warns(LavaActorWarning, match="weight_exp=2 and num_weight_bits=8 have no effect"):
        Conv(weight=np.ones((1, 1, 1, 1)), weight_exp=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_shape": (4, 4)}, "input_shape: expected"),
        ({"groups": (1, 1)}, "groups: expected one"),
        ({"groups": 0}, "groups: expected one"),
        ({"groups": 2}, "groups: expected a divisor"),
        ({"input_shape": (4, 4, 2)}, "weight: expected 2 input channels"),
        ({"stride": (1, 2, 3)}, "stride: expected one number or a pair"),
        ({"stride": 0}, "stride: expected at least 1"),
        ({"padding": -1}, "padding: expected at least 0"),
        ({"input_shape": (2, 4, 1)}, "no output"),
        ({"weight": np.ones((1, 3, 3))}, "weight: expected shape"),
        ({"weight": np.ones((0, 3, 3, 1))}, "weight: expected channels"),
        ({"weight": np.ones((1, 3, 3, 0)), "input_shape": (4, 4, 0)}, "weight: expected channels"),
    ],
    ids=str,
)
def test_senseless_shapes_are_refused(options: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"weight": np.ones((1, 3, 3, 1)), "input_shape": (4, 4, 1)}
    with pytest.raises(ValueError, match=message):
        Conv(**{**given, **options})


def test_weights_must_be_real() -> None:
    with pytest.raises(TypeError, match="real numbers"):
        Conv(weight=np.full((1, 1, 1, 1), 1j))


def test_small_utilities() -> None:
    assert utils.make_tuple(3) == utils.make_tuple([3]) == (3, 3)
    assert utils.make_tuple((1, 2)) == (1, 2)
    with pytest.raises(ValueError, match="pair"):
        utils.make_tuple((1, 2, 3))
    assert utils.signed_clamp(np.array([7, 8, -8, -9, 2**40]), 4).tolist() == [7, -8, -8, 7, 0]
    assert utils.TORCH_IS_AVAILABLE is False
    assert [order.value for order in TensorOrder] == [1, 2, 3, 4]


def test_the_sparse_form_checks_its_arguments() -> None:
    arguments = (4, 4, 3), (4, 4, 2), np.ones((2, 1, 1, 3)), (1, 1), (0, 0), (1, 1)
    with pytest.raises(AssertionError, match="divisible"):
        utils.conv_to_sparse(*arguments, 2)
    with pytest.raises(ValueError, match="TensorOrder"):
        utils.conv_to_sparse(*arguments, 1, 9)  # type: ignore[arg-type]
