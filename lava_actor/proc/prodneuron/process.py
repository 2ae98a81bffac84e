"""Populations that multiply two inputs."""

from __future__ import annotations

from lava_actor.proc._shaped import Shaped
from lava_actor.process import InPort, OutPort, Var


class ProdNeuron(Shaped):
    """Multiplies its two inputs, element by element.

    ::

        p     = floor(a_in1 * a_in2 / 2**exp)
        s_out = p * [|p| > vth]

    Parameters
    ----------
    shape
        Shape of the population and of all three ports.
    vth
        Threshold; what is equal to it is not sent.
    exp
        Fractional bits of the values: the product has twice as many and is shifted back.

    Notes
    -----
    The product is int32 (wrapping). The Var `v` holds the shifted product.
    """

    def __init__(self, shape: tuple[int, ...], vth: int = 1, exp: int = 0) -> None:
        super().__init__(shape=shape, vth=vth, exp=exp)
        self.a_in1 = InPort(shape=shape)
        self.a_in2 = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.v = Var(shape=shape, init=0)
        self.vth = Var(shape=(1,), init=vth)
        self.exp = Var(shape=(1,), init=exp)
