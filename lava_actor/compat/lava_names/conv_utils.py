"""Convolutions as `Conv` computes them: a reference, and the matrix that does the same."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum, unique
from typing import NamedTuple

import numpy as np

from lava_actor.errors import InvalidValueError, NetworkError
from lava_actor.proc._arithmetic import wrap_bits
from lava_actor.proc.conv._geometry import OutputSizeError, Pair, make_tuple, output_shape

__all__ = [
    "TORCH_IS_AVAILABLE", "TensorOrder", "make_tuple", "output_shape", "signed_clamp", "conv",
    "conv_scipy", "conv_to_sparse", "OutputSizeError",
]  # fmt: skip

TORCH_IS_AVAILABLE = False
"""There is one implementation only, and it does not use torch."""


@unique
class TensorOrder(IntEnum):
    """Order of the dimensions of a kernel, and of the images that go with it.

    N is the number of output channels, C of input channels, H and W (or X and Y) the extents.
    """

    NCHW = 1
    """Images (C, H, W); the operation is a correlation, as in most machine-learning libraries."""
    CHWN = 2
    """Images (C, H, W)."""
    HWCN = 3
    """Images (H, W, C)."""
    NWHC = 4
    """Images (W, H, C), the order of `Conv`; the operation is a convolution."""


signed_clamp = wrap_bits


def conv(
    input_: np.ndarray, weight: np.ndarray,
    kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair, groups: int,
) -> np.ndarray:  # fmt: skip
    """Convolve an image with a kernel; the result has the dtype of the kernel.

    Parameters
    ----------
    input_ : ndarray (X, Y, C_in)
    weight : ndarray (C_out, KX, KY, C_in / groups)
    kernel_size, stride, padding, dilation : pairs (x, y)
    groups : int

    Returns
    -------
    ndarray (X_out, Y_out, C_out)

    Raises
    ------
    OutputSizeError
        (a `ValueError`) if there is no output.
    """
    result = conv_scipy(input_, weight, kernel_size, stride, padding, dilation, groups)
    return result.astype(weight.dtype)


def conv_scipy(
    input_: np.ndarray, weight: np.ndarray,
    kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair, groups: int,
) -> np.ndarray:  # fmt: skip
    """Convolve an image with a kernel, in double precision; see `conv`."""
    from scipy.signal import convolve2d  # takes a second to import, and no model needs it

    out_channels = weight.shape[0]
    shape = output_shape(input_.shape, out_channels, kernel_size, stride, padding, dilation)
    padded = np.pad(np.asarray(input_, float), [*((n, n) for n in padding), (0, 0)])
    spans = (d * (k - 1) + 1 for k, d in zip(kernel_size, dilation, strict=True))
    spread = np.zeros((out_channels, *spans, weight.shape[3]))
    spread[:, :: dilation[0], :: dilation[1], :] = weight
    in_per_group, out_per_group = input_.shape[2] // groups, out_channels // groups
    result = np.zeros(shape)
    for o in range(out_channels):
        first = o // out_per_group * in_per_group
        for c in range(in_per_group):
            full = convolve2d(padded[..., first + c], spread[o, :, :, c], mode="valid")
            result[..., o] += full[:: stride[0], :: stride[1]]
    return result


def conv_to_sparse(
    input_shape: tuple[int, int, int], output_shape: tuple[int, int, int], kernel: np.ndarray,
    stride: Pair, padding: Pair, dilation: Pair, group: int,
    order: TensorOrder = TensorOrder.NWHC,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """List the synapses of a convolution.

    Parameters
    ----------
    input_shape, output_shape : tuple of three int
        Shapes of the images, in the layout that goes with `order`.
    kernel : ndarray
        In the order of dimensions `order`, with C the input channels of one group.
    stride, padding, dilation : pairs
        In the order of the extents in `order`.
    group : int
    order : TensorOrder

    Returns
    -------
    tuple of (dst, src, weights)
        Arrays such that the sparse matrix ``(weights, (dst, src))`` times the flattened input is
        the flattened output. NWHC: of the convolution, other orders: of the correlation.

    Raises
    ------
    NetworkError
        (an `AssertionError`) if channels are not divisible by `group`.
    InvalidValueError
        (a `ValueError`) if `order` is unknown.
    """
    layout = _layout(order)
    turned = np.transpose(np.asarray(kernel), layout.kernel_axes)  # to (N, extents, C)
    if layout.is_convolution:
        turned = turned[:, ::-1, ::-1, :]
    n_in, n_out = layout.sizes(input_shape), layout.sizes(output_shape)
    out_channels = turned.shape[0]
    if n_in[2] % group or out_channels % group or n_in[2] // group != turned.shape[3]:
        raise NetworkError(
            f"conv_to_sparse: expected channels divisible by group={group} and a kernel with the "
            f"input channels of one group, got {n_in[2]} input and {out_channels} output channels "
            f"with a kernel for {turned.shape[3]}"
        )
    extents = (n_out[0], n_out[1], out_channels, *turned.shape[1:])
    a, b, o, m, n, c = np.indices(extents).reshape(len(extents), -1)
    x = a * stride[0] + m * dilation[0] - padding[0]
    y = b * stride[1] + n * dilation[1] - padding[1]
    inside = (x >= 0) & (x < n_in[0]) & (y >= 0) & (y < n_in[1])
    channel = o // (out_channels // group) * (n_in[2] // group) + c
    dst = layout.flat(n_out, a[inside], b[inside], o[inside])
    src = layout.flat(n_in, x[inside], y[inside], channel[inside])
    return dst, src, turned[o, m, n, c][inside]


class _Layout(NamedTuple):
    """Where extents and channels are, in a kernel and in an image."""

    kernel_axes: tuple[int, ...]
    channels_first: bool
    is_convolution: bool

    def sizes(self, shape: Sequence[int]) -> tuple[int, int, int]:
        """Return the shape of an image as (extent, extent, channels)."""
        if self.channels_first:
            return shape[1], shape[2], shape[0]
        return shape[0], shape[1], shape[2]

    def flat(self, sizes: Sequence[int], x: np.ndarray, y: np.ndarray, c: np.ndarray) -> np.ndarray:
        """Return the row-major flat index in an image."""
        if self.channels_first:
            return (c * sizes[0] + x) * sizes[1] + y
        return (x * sizes[1] + y) * sizes[2] + c


def _layout(order: TensorOrder) -> _Layout:
    layouts = {
        TensorOrder.NCHW: _Layout((0, 2, 3, 1), True, False),
        TensorOrder.CHWN: _Layout((3, 1, 2, 0), True, False),
        TensorOrder.HWCN: _Layout((3, 0, 1, 2), False, False),
        TensorOrder.NWHC: _Layout((0, 1, 2, 3), False, True),
    }
    if order not in layouts:
        where = "conv_to_sparse.order"
        raise InvalidValueError(f"{where}: expected a member of TensorOrder, got {order!r}")
    return layouts[order]
