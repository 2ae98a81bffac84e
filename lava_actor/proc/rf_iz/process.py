"""Resonate-and-fire neurons with a reset."""

from __future__ import annotations

from lava_actor.proc.rf.process import RF


class RF_IZ(RF):  # noqa: N801 - the documented name
    """Resonate-and-fire neuron that spikes on its imaginary part and is reset by its spike.

    Oscillates as `RF` (same ports and Vars), then (Izhikevich 2001)::

        s_out = [im >= vth]
        re = 0,  im = vth - eps     where it spiked          eps: 1e-5 (float), 1 (fixed)
    """
