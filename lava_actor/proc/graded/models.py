"""Models of the graded vectors, and the fixed-point inverse square root."""

from __future__ import annotations

import functools

import numpy as np

from lava_actor.errors import InvalidValueError
from lava_actor.model.cuts import Cut
from lava_actor.model.native import NativeStep
from lava_actor.proc._arithmetic import integral_input, kept
from lava_actor.proc._model import LavaPyType, PyInPort, PyLoihiProcessModel, PyOutPort, cpu_model
from lava_actor.proc.graded.process import GradedReluVec, GradedVec, InvSqrt, NormVecDelay

WORD_BITS = 24
"""Width of the numbers that `clz` and `make_fpinv_table` are about."""
CORRECTION = 1.238982962
"""Centres the first guess of the inverse square root between two powers of four."""
EXACT_BASE = 18
"""Fractional bits up to which no number in `inv_sqrt` has more than 53 bits, see ``graded.h``."""

BY_NEURON = Cut("s_out", ("a_in", "s_out", "v"))


def _graded(function: str) -> NativeStep:
    return NativeStep.of(
        np.int32, function, "a_in", "s_out", "v", integers=("vth",), stands_for=("_la_passes",)
    )


class GradedModel(PyLoihiProcessModel):
    """What models of graded vectors with a threshold have in common."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    v: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)
    vth: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)
    exp: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)


class AbstractGradedVecModel(GradedModel):
    """Adds the input to `v`, sends what passes the threshold, clears `v`."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)

    def _la_passes(self, values: np.ndarray) -> np.ndarray:
        """Return which of the values are sent."""
        raise NotImplementedError

    def run_spk(self) -> None:
        """Receive and pass on."""
        values = self.v + integral_input(self, "a_in", self.a_in.recv())
        self.s_out.send(values * self._la_passes(values))
        self.v[...] = 0


AbstractPyGradedVecModel = AbstractGradedVecModel
"""The same under our own name."""


@cpu_model(GradedVec, "fixed_pt")
class PyGradedVecModelFixed(AbstractGradedVecModel):
    """Fixed-point model of `GradedVec`."""

    cut = BY_NEURON
    native_step = _graded("graded_i32")

    def _la_passes(self, values: np.ndarray) -> np.ndarray:
        """Return where the magnitude exceeds the threshold."""
        return np.abs(values) > self.vth


@cpu_model(GradedReluVec, "fixed_pt")
class PyGradedReluVecModelFixed(AbstractGradedVecModel):
    """Fixed-point model of `GradedReluVec`."""

    cut = BY_NEURON
    native_step = _graded("graded_relu_i32")

    def _la_passes(self, values: np.ndarray) -> np.ndarray:
        """Return where the value exceeds the threshold."""
        return values > self.vth


@cpu_model(NormVecDelay, "fixed_pt")
class NormVecDelayModel(GradedModel):
    """Fixed-point model of `NormVecDelay`."""

    native_step = NativeStep.of(
        np.int32,
        "square_i32",
        "a_in1",
        "s2_out",
        "v v2",
        then=NativeStep.of(np.int32, "normed_i32", "a_in2", "s_out", "", "v2", integers=("vth",)),
    )

    a_in1: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    a_in2: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s2_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    v2: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)

    def run_spk(self) -> None:
        """Send the square before waiting for what is made of it: the two may form a loop."""
        a_in1 = integral_input(self, "a_in1", self.a_in1.recv())
        self.s2_out.send(a_in1 * a_in1)
        a_in2 = integral_input(self, "a_in2", self.a_in2.recv())
        self.v2 = kept(self.v2, self.v)
        self.v = kept(self.v, a_in1)
        product = self.v2 * a_in2
        self.s_out.send(product * (np.abs(product) > self.vth))


@cpu_model(InvSqrt, "floating_pt")
class InvSqrtModelFloat(PyLoihiProcessModel):
    """Floating-point model of `InvSqrt`; `fp_base` is not used, zero gives infinity."""

    native_step = NativeStep.of(float, "inverse_root_f64", "a_in", "s_out")

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    fp_base: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        """Receive, send the inverse square root."""
        with np.errstate(divide="ignore"):
            self.s_out.send(1 / np.sqrt(self.a_in.recv()))


@cpu_model(InvSqrt, "fixed_pt")
class InvSqrtModelFP(PyLoihiProcessModel):
    """Fixed-point model of `InvSqrt`; see `inv_sqrt`."""

    native_step = NativeStep.of(
        np.int32, "inverse_root_i32", "a_in", "s_out", "", {"_la_guesses": np.int64},
        integers={"fp_base": (0, EXACT_BASE)},
        refuses={1: "a_in: expected numbers that are not negative"},
        stands_for=("_la_guesses",),
        uniform=False,
    )  # fmt: skip

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    fp_base: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        """Receive, send the inverse square root of each element."""
        a_in = integral_input(self, "a_in", self.a_in.recv())
        base = int(self.fp_base[0])
        roots = [inv_sqrt(int(x), b_fraction=base) for x in a_in.flat]
        self.s_out.send(np.array(roots, dtype=np.int64).reshape(a_in.shape))

    @property
    def _la_guesses(self) -> np.ndarray:
        return _guesses_of(min(max(int(self.fp_base[0]), 0), EXACT_BASE))


def clz(val: int) -> int:
    """Number of leading zeros of `val` as a number of 24 bits."""
    return WORD_BITS - int(val).bit_length()


def make_fpinv_table(fp_base: int) -> np.ndarray:
    """First guesses of the inverse square root, 24 entries, by the number of leading zeros.

    The entry for z leading zeros is ``int(2**fp_base / (2**((m - fp_base)/2) * 1.238982962))`` with
    ``m = 23 - z`` the position of the highest bit.
    """
    return np.array([_first_guess(WORD_BITS - 1 - zeros, fp_base) for zeros in range(WORD_BITS)])


def _first_guess(high_bit: int, fp_base: int) -> int:
    return int(2**fp_base / (2 ** ((high_bit - fp_base) / 2) * CORRECTION))


@functools.cache
def _guesses_of(fp_base: int) -> np.ndarray:
    """Twice the first guess for numbers of 0 to 31 bits; 0 for 0."""
    guesses = np.array([0, *(2 * _first_guess(bit, fp_base) for bit in range(31))])
    guesses.flags.writeable = False
    return guesses


def inv_sqrt(s_fp: int, n_iters: int = 5, b_fraction: int = 12) -> int:
    """Fixed-point inverse square root by Goldschmidt's iteration.

    Parameters
    ----------
    s_fp
        The number, with `b_fraction` fractional bits.
    n_iters
        Number of iterations; each about doubles the number of correct bits.
    b_fraction
        Fractional bits of number and result.

    Returns
    -------
    int
        About ``2**b_fraction / sqrt(s_fp / 2**b_fraction)``; 0 for 0.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) for negative numbers.

    Notes
    -----
    With B = `b_fraction` and Y twice the first guess (`make_fpinv_table`), ``b = s_fp``,
    ``y = Y/2``, each iteration computes (Wikipedia, *Methods of computing square roots*,
    Goldschmidt's algorithm)::

        b = ((b*Y >> (B+1)) * Y) >> (B+1)
        Y = (3 << B) - b
        y = (y*Y) >> (B+1)

    Intermediate numbers are Python's, so that nothing overflows.
    """
    value = int(s_fp)
    if value == 0:
        return 0
    if value < 0:
        raise InvalidValueError(f"inv_sqrt: expected a number that is not negative, got {value}")
    shift = b_fraction + 1
    factor = 2 * _first_guess(value.bit_length() - 1, b_fraction)
    root = factor // 2
    for _ in range(n_iters):
        value = ((value * factor >> shift) * factor) >> shift
        factor = (3 << b_fraction) - value
        root = (root * factor) >> shift
    return root
