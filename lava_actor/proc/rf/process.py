"""Resonate-and-fire neurons."""

from __future__ import annotations

import numpy as np

from lava_actor.errors import InvalidValueError
from lava_actor.proc._shaped import Shaped
from lava_actor.process import InPort, LogConfig, OutPort, Var
from lava_actor.process.inherited import given


class RF(Shaped):
    """Resonate-and-fire neuron: a damped oscillator that spikes once per period when it is driven.

    The state is a complex number that turns by ``2*pi/period`` and shrinks by ``1 - alpha`` in each
    step (Izhikevich, Resonate-and-fire neurons, Neural Networks 14, 2001)::

        re[t] = cos_decay*re[t-1] - sin_decay*im[t-1] + a_real_in[t]
        im[t] = sin_decay*re[t-1] + cos_decay*im[t-1] + a_imag_in[t]
        s_out = [re[t] >= vth] * [im[t] >= 0] * [im[t-1] < 0]

    Parameters
    ----------
    shape
        Shape of the population, of all ports and of the Vars `real` and `imag`.
    period
        Period of the oscillation in steps, not 0.
    alpha
        Loss of amplitude per step, 0 … 1.
    state_exp
        Fixed point: fractional bits of the state; inputs are shifted left by it. The Var `vth`
        holds ``int(vth * 2**state_exp)``.
    decay_bits
        Fixed point: fractional bits of the decays, at least 1. The Vars `sin_decay` and
        `cos_decay` hold ``int(x * 2**decay_bits)``. Leave 0 for the float model.
    vth
        Threshold of the real part, in units of the input.
    name : str, optional
        Default ``Process_<id>``; need not be unique.
    log_config : LogConfig, optional
        Without it, records go where the application wants them.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        period: float,
        alpha: float,
        state_exp: int = 0,
        decay_bits: int = 0,
        vth: float = 1,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        super().__init__(**given(locals()))
        if np.size(period) != 1 or not np.abs(period) > 0:
            raise InvalidValueError(
                f"{self.name}.period: expected one number of steps other than 0, got {period}"
            )
        sin_decay = (1 - alpha) * np.sin(2 * np.pi / period)
        cos_decay = (1 - alpha) * np.cos(2 * np.pi / period)
        if decay_bits > 0:
            sin_decay = np.int32(sin_decay * (1 << decay_bits))
            cos_decay = np.int32(cos_decay * (1 << decay_bits))
        if state_exp > 0:
            vth = int(vth * (1 << state_exp))
        self.a_real_in = InPort(shape=shape)
        self.a_imag_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.real = Var(shape=shape, init=0)
        self.imag = Var(shape=shape, init=0)
        self.sin_decay = Var(shape=(1,), init=sin_decay)
        self.cos_decay = Var(shape=(1,), init=cos_decay)
        self.state_exp = Var(shape=(1,), init=state_exp)
        self.decay_bits = Var(shape=(1,), init=decay_bits)
        self.vth = Var(shape=(1,), init=vth)
