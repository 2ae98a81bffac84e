"""Broadcast of an id."""

from __future__ import annotations

from lava_actor.process import AbstractProcess, InPort, LogConfig, OutPort, Var


class IdBroadcast(AbstractProcess):
    """Passes a graded value on in the same step, to everyone who listens.

    Parameters
    ----------
    shape
        Shape of `a_in`, `s_out` and of the Var `val`, the value of the last step.
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
        self.s_out = OutPort(shape=shape)
        self.val = Var(shape=shape, init=0)
