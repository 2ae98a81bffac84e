"""Models of Conv."""

from __future__ import annotations

import math

import numpy as np

from lava_actor.kernels import conv_events
from lava_actor.kernels.steps import ConvBurst
from lava_actor.model.cuts import Cut
from lava_actor.model.members import declares
from lava_actor.proc._arithmetic import wrap_bits
from lava_actor.proc._connection import FloatNumbers, Undelayed
from lava_actor.proc._model import LavaPyType, cpu_model, is_as_seen, seen
from lava_actor.proc.conv.process import Conv

BY_SLICE = Cut(
    "a_out",
    ("a_out", "a_buf"),
    cost=2.0,
    sends_first=True,
    alike=("weight", "kernel_size", "padding", "stride", "dilation"),
    remade=("_la_prepared_from", "_la_kernel", "_la_rest"),
    by_slices=True,
)
"""Costs are those of a kernel of 3 x 3 and 8 channels of which two pixels in a hundred spike."""


class AbstractPyConvModel(Undelayed):
    """Sends what was computed in the step before, then receives and convolves."""

    a_buf: np.ndarray
    weight: np.ndarray
    kernel_size: np.ndarray
    padding: np.ndarray
    stride: np.ndarray
    dilation: np.ndarray
    groups: np.ndarray
    weight_exp: np.ndarray
    num_weight_bits: np.ndarray

    _la_prepared_from: object = None
    """The weight that `_la_kernel` was made of."""

    _la_kernel: np.ndarray
    """(C_in, KX, KY, C_out / groups), turned: one input and all its outputs lie together."""

    _la_rest: tuple[int, ...] = ()
    """What the geometry says besides shapes and the padding of the first axis."""

    @property
    def a_buff(self) -> np.ndarray:
        """What will be sent in the next step."""
        return self.a_buf

    @a_buff.setter
    def a_buff(self, value: np.ndarray) -> None:
        self.a_buf = value

    _la_burst = ConvBurst, "_la_current_kernel"

    def _la_var_written(self, name: str) -> None:
        """Look at weight and geometry again."""
        if name in ("weight", "kernel_size", "padding", "stride", "dilation", "groups"):
            self._la_prepared_from = None

    def _la_add_weights(self, at: np.ndarray, x: np.ndarray | None, sums: np.ndarray) -> None:
        """Add the kernel, moved to the neurons `at` and times `x`, to `sums` (X, Y, C)."""
        conv_events(*self._la_current_kernel(), at, x, sums)

    def _la_current_kernel(self) -> tuple[np.ndarray, tuple[int, ...]]:
        """Return the kernel as it is summed up, and the geometry.

        A part has the slices of its output from one on: for it, the input begins so much earlier.
        """
        if not (self._la_rest and is_as_seen(self, self.weight, self._la_prepared_from)):
            self._la_prepare()  # files of old have no rest
        _, kx, ky, _ = self.weight.shape
        slices = self._la_first_row // math.prod(self.a_out.shape[1:])
        padding = int(self.padding[0]) - slices * int(self.stride[0])
        shapes = (*self.s_in.shape, *self.a_out.shape, kx, ky)
        return self._la_kernel, (*shapes, padding, *self._la_rest)

    def _la_prepare(self) -> None:
        groups = int(np.asarray(self.groups).reshape(-1)[0])
        out, kx, ky, in_per_group = self.weight.shape
        turned = self.weight[:, ::-1, ::-1, :].reshape(groups, out // groups, kx, ky, in_per_group)
        self._la_kernel = np.ascontiguousarray(turned.transpose(0, 4, 2, 3, 1), self._la_number)
        numbers = (self.padding[1], *self.stride, *self.dilation, groups)
        self._la_rest = tuple(int(number) for number in numbers)
        self._la_prepared_from = seen(self, self.weight)


@cpu_model(Conv, "floating_pt")
@declares(float, "a_buf weight weight_exp num_weight_bits")
@declares(np.int32, "kernel_size padding stride dilation groups")
class PyConvModelFloat(FloatNumbers, AbstractPyConvModel):
    """Floating-point model of `Conv`."""

    cut = BY_SLICE
    num_message_bits: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=5)


@cpu_model(Conv, "fixed_pt")
@declares(np.int32, "a_out a_buf", 24)
@declares(np.int32, "kernel_size padding stride dilation groups weight_exp num_weight_bits")
class PyConvModelFixed(AbstractPyConvModel):
    """Fixed-point model of `Conv`: fractions of weights are cut off, sums wrap at 24 bits."""

    cut = BY_SLICE
    weight: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=8)
    num_message_bits: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=5)

    @classmethod
    def _la_arithmetic_of(cls) -> type[object]:
        return PyConvModelFixed

    def _la_scaled(self, sums: np.ndarray) -> np.ndarray:
        """Wrap at 24 bits."""
        return wrap_bits(sums, 24).astype(np.int32)
