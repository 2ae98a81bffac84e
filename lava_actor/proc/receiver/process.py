"""Sinks that keep the last message."""

from __future__ import annotations

from lava_actor.process import AbstractProcess, InPort, LogConfig, Var


class Receiver(AbstractProcess):
    """Keeps what it received last (the sum over its sources) in the Var `payload`.

    Parameters
    ----------
    shape
        Shape of `a_in` and `payload`.
    name : str, optional
        Default ``Process_<id>``; need not be unique.
    log_config : LogConfig, optional
        Without it, records go where the application wants them.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...] = (1,),
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        super().__init__(shape=shape, name=name, log_config=log_config)
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
    name : str, optional
        Default ``Process_<id>``; need not be unique.
    log_config : LogConfig, optional
        Without it, records go where the application wants them.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...] = (1,),
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        super().__init__(shape=shape, name=name, log_config=log_config)
        self.a_in = InPort(shape=shape)
        self.payload_last_bytes = Var(shape=shape, init=0)
        self.payload_first_byte = Var(shape=shape, init=0)
