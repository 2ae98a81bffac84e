"""Vectors of resonate-and-fire neurons."""

from __future__ import annotations

from typing import Any

from lava_actor.networks.network import AlgebraicVector, Network, NetworkList
from lava_actor.proc.resfire.process import RFZero
from lava_actor.process.ports.ports import InPort


class ResFireVec(AlgebraicVector):
    """A population of `RFZero` neurons.

    ``vec << net`` drives the real part, ``vec << (net1, net2)`` real and imaginary part.

    Parameters
    ----------
    uth, shape, freqs, decay_tau, dt
        Arguments of `RFZero`.
    **kwargs
        Ignored.
    """

    in_port2: InPort

    def __init__(self, **kwargs: Any) -> None:
        self.uth = kwargs.pop("uth", 10)
        self.shape = kwargs.pop("shape", (1,))
        self.freqs = kwargs.pop("freqs", [10])
        self.decay_tau = kwargs.pop("decay_tau", [1])
        self.dt = kwargs.pop("dt", 0.001)
        self.main: RFZero = RFZero(
            shape=self.shape,
            freqs=self.freqs,
            decay_tau=self.decay_tau,
            dt=self.dt,
            uth=self.uth,
        )
        self.in_port = self.main.u_in
        self.in_port2 = self.main.v_in
        self.out_port = self.main.s_out

    def __lshift__(self, other: object) -> Network:
        if isinstance(other, NetworkList) or not isinstance(other, tuple | list):
            return super().__lshift__(other)
        return self if self._driven_by(other, self.in_port, self.in_port2) else NotImplemented
