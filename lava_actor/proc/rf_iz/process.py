"""Resonate-and-fire neurons with a reset."""

from __future__ import annotations

from lava_actor.proc.rf.process import RF


class RF_IZ(RF):  # noqa: N801 - the documented name
    """Resonate-and-fire neuron that spikes on its imaginary part and is reset by its spike.

    Oscillates as `RF` (same ports and Vars), then (Izhikevich 2001)::

        s_out = [im >= vth]
        re = 0,  im = vth - eps     where it spiked          eps: 1e-5 (float), 1 (fixed)

    Parameters
    ----------
    shape
        Shape of the population, of all ports and of the Vars `real` and `imag`.
    period
        Period of the oscillation in steps.
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
