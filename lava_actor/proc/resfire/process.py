"""Resonate-and-fire neurons that spike at zero phase."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.proc._shaped import Shaped
from lava_actor.process import InPort, OutPort, Var

DECAY_SCALE = 1 << 15
"""The rotation is a fixed-point number with 15 fractional bits."""


class RFZero(Shaped):
    """Resonate-and-fire neuron; sends its real part when the imaginary part crosses zero upwards.

    With ``lct + j*lst = 2**15 * exp((-1/decay_tau + 2j*pi*freqs) * dt)`` (toward zero)::

        u[t] = (u[t-1]*lct) // 2**15 - (v[t-1]*lst) // 2**15 + u_in[t]
        v[t] = (v[t-1]*lct) // 2**15 + (u[t-1]*lst) // 2**15 + v_in[t]
        s_out = u[t] * [u[t] > uth] * [v[t] >= 0] * [v[t-1] < 0]

    Parameters
    ----------
    shape
        Shape of the population, of all ports and of the Vars `u`, `v`, `lct`, `lst`.
    freqs
        Frequency in Hz; one for all or one per neuron.
    decay_tau
        Time constant of the decay in s; one for all or one per neuron.
    dt
        Length of a step in s.
    uth
        Threshold.

    Notes
    -----
    Fixed point only: int32, wrapping, so that ``|u|`` and ``|v|`` should stay below 2**16.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        freqs: ArrayLike,
        decay_tau: ArrayLike,
        dt: float = 0.001,
        uth: int = 1,
    ) -> None:
        super().__init__(shape=shape, freqs=freqs, decay_tau=decay_tau, dt=dt, uth=uth)
        decay = np.exp(-dt / np.asarray(decay_tau, dtype=float))
        angle = 2 * np.pi * np.asarray(freqs, dtype=float) * dt
        self.u_in = InPort(shape=shape)
        self.v_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.u = Var(shape=shape, init=0)
        self.v = Var(shape=shape, init=0)
        self.lct = Var(shape=shape, init=(decay * np.cos(angle) * DECAY_SCALE).astype(np.int32))
        self.lst = Var(shape=shape, init=(decay * np.sin(angle) * DECAY_SCALE).astype(np.int32))
        self.uth = Var(shape=(1,), init=uth)
