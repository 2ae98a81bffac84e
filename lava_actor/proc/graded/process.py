"""Populations that compute with graded (multi-bit) spikes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.proc._shaped import Shaped
from lava_actor.process import InPort, OutPort, Var


def loihi2round(x: ArrayLike) -> np.ndarray:
    """Round to integers as the hardware does: ``trunc(x + [x > 0] - 0.5)``.

    To the nearest integer, halves away from zero: 2.5 becomes 3, -2.5 becomes -3.
    """
    values = np.asarray(x)
    return np.trunc(values + (values > 0) - 0.5).astype(int)


class AbstractGradedVec(Shaped):
    """Passes graded values on that a threshold lets through.

    Parameters
    ----------
    shape
        Shape of the population, of both ports and of the Var `v`.
    vth
        Threshold.
    exp
        Fractional bits of the values; kept for reference, the CPU model does not use it.
    """

    def __init__(self, shape: tuple[int, ...], vth: int = 1, exp: int = 0) -> None:
        super().__init__(shape=shape, vth=vth, exp=exp)
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.v = Var(shape=shape, init=0)
        self.vth = Var(shape=(1,), init=vth)
        self.exp = Var(shape=(1,), init=exp)


class GradedVec(AbstractGradedVec):
    """Passes graded values on where their magnitude exceeds a threshold.

    ::

        x = v + a_in;   s_out = x * [|x| > vth];   v = 0

    Parameters
    ----------
    vth
        Threshold; what is equal to it is not sent.

    Notes
    -----
    The Var `v` is zero after each step; a value that is set before a run is added once. State and
    messages are int32.
    """


class GradedReluVec(AbstractGradedVec):
    """Passes graded values on where they exceed a threshold.

    ::

        x = v + a_in;   s_out = x * [x > vth];   v = 0

    State as for `GradedVec`.

    Parameters
    ----------
    vth
        Threshold: what does not exceed it is sent as 0.
    """


class NormVecDelay(Shaped):
    """One half of a normalisation: squares its input, and scales it by what comes back later.

    ::

        s2_out[t] = a_in1[t]**2
        o         = a_in1[t-1] * a_in2[t]
        s_out[t]  = o * [|o| > vth]

    Between the two stand a sum and an `InvSqrt`, see `lava_actor.networks.NormalizeNet`.

    Parameters
    ----------
    shape
        Shape of the population and of all four ports.
    vth
        Threshold of the main output.
    exp
        Fractional bits of the values; kept for reference, the CPU model does not use it.

    Notes
    -----
    The Var `v` holds the input of this step, `v2` the one that was multiplied, a step older. All
    is int32.
    """

    def __init__(self, shape: tuple[int, ...], vth: int = 1, exp: int = 0) -> None:
        super().__init__(shape=shape, vth=vth, exp=exp)
        self.a_in1 = InPort(shape=shape)
        self.a_in2 = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.s2_out = OutPort(shape=shape)
        self.v = Var(shape=shape, init=0)
        self.v2 = Var(shape=shape, init=0)
        self.vth = Var(shape=(1,), init=vth)
        self.exp = Var(shape=(1,), init=exp)


class InvSqrt(Shaped):
    """Inverse square root of its input: ``s_out = 1 / sqrt(a_in)``.

    Parameters
    ----------
    shape
        Shape of the population and of both ports.
    fp_base
        Fixed point: fractional bits of input and output, that is
        ``s_out = 2**fp_base / sqrt(a_in / 2**fp_base)`` up to the error of the iteration, see
        `lava_actor.proc.graded.models.inv_sqrt`. Zero gives zero.
    """

    def __init__(self, shape: tuple[int, ...], fp_base: int = 12) -> None:
        super().__init__(shape=shape, fp_base=fp_base)
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.fp_base = Var(shape=(1,), init=fp_base)
