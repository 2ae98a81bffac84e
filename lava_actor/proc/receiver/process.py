"""Sinks that keep the last message."""

from __future__ import annotations

from lava_actor.process import AbstractProcess, InPort, Var
from lava_actor.process.inherited import given


class Receiver(AbstractProcess):
    """Keeps what it received last (the sum over its sources) in the Var `payload`.

    Parameters
    ----------
    shape
        Shape of `a_in` and `payload`.
    """

    def __init__(self, *, shape: tuple[int, ...] = (1,), **inherited: object) -> None:
        super().__init__(**given(locals()))
        self.a_in = InPort(shape=shape)
        self.payload = Var(shape=shape, init=0)


class Receiver32Bit(AbstractProcess):
    """Keeps the last 32-bit message as the hardware stores it: three bytes and one.

    ::

        payload_last_bytes = a_in & 0xFFFFFF             the 24 low bits
        payload_first_byte = (a_in >> 24) & 0xFF         the 8 high bits

    Parameters
    ----------
    shape
        Shape of `a_in` and of both Vars.
    """

    def __init__(self, *, shape: tuple[int, ...] = (1,), **inherited: object) -> None:
        super().__init__(**given(locals()))
        self.a_in = InPort(shape=shape)
        self.payload_last_bytes = Var(shape=shape, init=0)
        self.payload_first_byte = Var(shape=shape, init=0)
