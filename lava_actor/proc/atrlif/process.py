"""Leaky integrate-and-fire neurons with adaptive threshold and refractory state."""

from __future__ import annotations

from numpy.typing import ArrayLike

from lava_actor.proc._shaped import Shaped
from lava_actor.process import InPort, OutPort, Var
from lava_actor.process.inherited import given

DEFAULT_THETA = 5
"""The threshold at the start, if none is given."""


class ATRLIF(Shaped):
    """Leaky integrate-and-fire neuron with adaptive threshold and refractory state.

    ::

        i     = (1 - delta_i)*i + a_in
        v     = (1 - delta_v)*v + i + bias
        theta = (1 - delta_theta)*(theta - theta_0) + theta_0
        r     = (1 - delta_r)*r
        s_out = [v - r >= theta]
        r += 2*theta,  then  theta += theta_step          where it spiked; v is not reset

    Parameters
    ----------
    shape
        Shape of the population, of both ports and of the Vars `i, v, theta, r, s, bias_mant,
        bias_exp`.
    i, v, r, s
        State at the start: current, voltage, refractory state, spikes.
    theta
        Threshold at the start; None stands for 5. The fixed model starts at `theta_0`, unless a
        `theta` is given here.
    delta_i, delta_v, delta_theta, delta_r
        Decays per step, fractions 0 … 1 in both models.
    theta_0
        Where the threshold decays to.
    theta_step
        By how much a spike raises the threshold.
    bias_mant, bias_exp
        Constant input: ``bias_mant`` (float), ``bias_mant * 2**bias_exp`` (fixed; floor for
        negative exponents).

    Notes
    -----
    The fixed model keeps the whole state, `theta` included, multiplied by 64.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        i: ArrayLike = 0,
        v: ArrayLike = 0,
        theta: ArrayLike | None = None,
        r: ArrayLike = 0,
        s: ArrayLike = 0,
        delta_i: float = 0.4,
        delta_v: float = 0.4,
        delta_theta: float = 0.2,
        delta_r: float = 0.2,
        theta_0: float = 5,
        theta_step: float = 3.75,
        bias_mant: ArrayLike = 0,
        bias_exp: ArrayLike = 0,
        **inherited: object,
    ) -> None:
        super().__init__(**given(locals()))
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.i = Var(shape=shape, init=i)
        self.v = Var(shape=shape, init=v)
        self.theta = Var(shape=shape, init=DEFAULT_THETA if theta is None else theta)
        self.r = Var(shape=shape, init=r)
        self.s = Var(shape=shape, init=s)
        self.bias_mant = Var(shape=shape, init=bias_mant)
        self.bias_exp = Var(shape=shape, init=bias_exp)
        self.delta_i = Var(shape=(1,), init=delta_i)
        self.delta_v = Var(shape=(1,), init=delta_v)
        self.delta_theta = Var(shape=(1,), init=delta_theta)
        self.delta_r = Var(shape=(1,), init=delta_r)
        self.theta_0 = Var(shape=(1,), init=theta_0)
        self.theta_step = Var(shape=(1,), init=theta_step)
