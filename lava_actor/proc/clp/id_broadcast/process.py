"""Broadcast of an id."""

from __future__ import annotations

from lava_actor.process import AbstractProcess, InPort, OutPort, Var
from lava_actor.process.inherited import given


class IdBroadcast(AbstractProcess):
    """Passes a graded value on in the same step, to everyone who listens.

    Parameters
    ----------
    shape
        Shape of `a_in`, `s_out` and of the Var `val`, the value of the last step.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...] = (1,),
        **inherited: object,
    ) -> None:
        super().__init__(**given(locals()))
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.val = Var(shape=shape, init=0)
