"""Prototype neurons: LIF neurons that can be allocated in one shot."""

from __future__ import annotations

from typing import Any

from lava_actor.errors import InvalidValueError
from lava_actor.proc.lif.process import LearningLIF
from lava_actor.process.ports.ports import InPort


class PrototypeLIF(LearningLIF):
    """A population of LIF neurons, each for one prototype, that other Processes allocate and reset.

    ::

        u, v by the LIF equations (`LIF`, fixed point)
        u = v = 0                                   where reset_in > 0
        bap = one-hot of a_third_factor_in[0] - 1   if that is not 0
        s_out = bap, y1 = 127*bap                   if there is a bap, else the LIF's spikes
        v = 0                                       where s_out

    Ports beyond those of `LearningLIF`: `reset_in`, of the population's shape.

    Parameters
    ----------
    shape : tuple of one int, or int
        Number of prototypes.
    **kwargs
        The other parameters of `LearningLIF`.

    Raises
    ------
    InvalidValueError
        If the population has several dimensions: what goes to a learning connection is a line.
    """

    def __init__(self, *, shape: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(shape=shape, **kwargs)
        if len(self.s_out.shape) != 1:
            raise InvalidValueError(
                f"{self.name}.shape: expected one dimension, got {self.s_out.shape}"
            )
        self.reset_in = InPort(shape=shape)
