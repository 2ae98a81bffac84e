"""Convolutional connections."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.proc.conv._geometry import Pair, make_tuple, output_shape
from lava_actor.process import AbstractProcess, InPort, OutPort, Var
from lava_actor.process.hints import warn
from lava_actor.process.inherited import given


class Conv(AbstractProcess):
    """Connects an image of neurons with another one by a convolution, with one step of delay.

    With g the group of output channel o, c over the input channels of the group, and zeros around
    the input::

        a_out[a, b, o] = sum over m, n, c of
            weight[o, m, n, c] * s[a*sx + (KX-1-m)*dx - px, b*sy + (KY-1-n)*dy - py,
                                   g*C_in/groups + c]

    where s is the input of the step before: `s_in` if it is graded and ``s_in != 0`` if it is
    binary.

    Parameters
    ----------
    weight : array_like (C_out, KX, KY, C_in / groups)
    weight_exp : int
        Without effect: the models do not scale.
    input_shape : (X, Y, C_in)
    padding, stride, dilation : int or (x, y)
    groups : int
        Input and output channels are divided into so many groups that are not connected.
    num_weight_bits : int
        Without effect: the models do not truncate.
    num_message_bits : int
        0: binary input. More: graded.

    Attributes
    ----------
    input_shape, output_shape : tuple of int
        Shapes of `s_in` and `a_out`.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if shapes, groups or pairs do not fit each other, or there is no output.
    InvalidTypeError
        (a `TypeError`) if the weights are not real numbers.
    """

    def __init__(
        self,
        *,
        weight: ArrayLike,
        weight_exp: int = 0,
        input_shape: tuple[int, int, int] = (1, 1, 1),
        padding: int | Pair = 0,
        stride: int | Pair = 1,
        dilation: int | Pair = 1,
        groups: int = 1,
        num_weight_bits: int = 8,
        num_message_bits: int = 0,
        **inherited: Any,
    ) -> None:
        weight = np.asarray(weight)
        owner = inherited.get("name") or type(self).__name__
        _check_channels(owner, weight, input_shape, groups)
        groups = int(np.asarray(groups).reshape(-1)[0])
        kernel_size = weight.shape[1], weight.shape[2]
        padding = _pair(owner, "padding", padding, 0)
        stride = _pair(owner, "stride", stride, 1)
        dilation = _pair(owner, "dilation", dilation, 1)
        if weight_exp != 0 or num_weight_bits != 8:
            warn(
                f"{owner}: weight_exp={weight_exp} and num_weight_bits={num_weight_bits} have no "
                f"effect: Conv neither scales nor truncates its weights"
            )
        super().__init__(**given(locals()))
        self.input_shape = tuple(input_shape)
        self.output_shape = output_shape(
            input_shape, weight.shape[0], kernel_size, stride, padding, dilation
        )
        self.s_in = InPort(shape=self.input_shape)
        self.a_out = OutPort(shape=self.output_shape)
        self.weight = Var(shape=weight.shape, init=weight)
        self.weight_exp = Var(shape=(1,), init=weight_exp)
        self.num_weight_bits = Var(shape=(1,), init=num_weight_bits)
        self.kernel_size = Var(shape=(2,), init=np.array(kernel_size))
        self.padding = Var(shape=(2,), init=padding)
        self.stride = Var(shape=(2,), init=stride)
        self.dilation = Var(shape=(2,), init=dilation)
        self.groups = Var(shape=(1,), init=groups)
        self.a_buf = Var(shape=self.output_shape, init=0)
        self.num_message_bits = Var(shape=(1,), init=num_message_bits)


def _check_channels(owner: str, weight: np.ndarray, input_shape: Any, groups: int) -> None:
    if weight.dtype.kind not in "biuf":
        raise InvalidTypeError(f"{owner}.weight: expected real numbers, got dtype {weight.dtype}")
    if weight.ndim != 4:
        raise InvalidValueError(
            f"{owner}.weight: expected shape (C_out, KX, KY, C_in / groups), got {weight.shape}"
        )
    if 0 in weight.shape:
        raise InvalidValueError(
            f"{owner}.weight: expected channels and a kernel to be there, got shape {weight.shape}"
        )
    if len(input_shape) != 3:
        raise InvalidValueError(
            f"{owner}.input_shape: expected (X, Y, C_in), got {tuple(input_shape)}"
        )
    if np.size(groups) != 1 or np.asarray(groups).dtype.kind not in "iu" or np.any(groups < 1):
        raise InvalidValueError(f"{owner}.groups: expected one positive int, got {groups!r}")
    count = int(np.asarray(groups).reshape(-1)[0])
    if input_shape[2] % count or weight.shape[0] % count:
        raise InvalidValueError(
            f"{owner}.groups: expected a divisor of the channels, {input_shape[2]} (input) and "
            f"{weight.shape[0]} (output), got {count}"
        )
    if input_shape[2] // count != weight.shape[3]:
        raise InvalidValueError(
            f"{owner}.weight: expected {input_shape[2] // count} input channels per group (last "
            f"dimension), as input_shape is {tuple(input_shape)} with {count} groups, "
            f"got {weight.shape[3]}"
        )


def _pair(owner: str, name: str, value: ArrayLike, least: int) -> Pair:
    try:
        pair = make_tuple(value)
    except InvalidValueError as error:
        raise InvalidValueError(f"{owner}.{name}: {error}") from None
    if min(pair) < least:
        raise InvalidValueError(f"{owner}.{name}: expected at least {least}, got {value!r}")
    return pair
