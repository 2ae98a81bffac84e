"""What is done in every so many steps, once the models have spiked."""

from __future__ import annotations

import numpy as np

from lava_actor.proc._model import LavaPyType, PyLoihiProcessModel
from lava_actor.process import AbstractProcess, Var


class Scheduled(AbstractProcess):
    """Has its turn in the steps t with ``(t - 1) mod interval == offset mod interval``."""

    def _la_schedule(self, interval: int, offset: int) -> None:
        self.interval = Var(shape=(1,), init=interval)
        self.offset = Var(shape=(1,), init=offset % interval)


class OnSchedule(PyLoihiProcessModel):
    """The model of a `Scheduled` Process."""

    interval: np.ndarray = LavaPyType(np.ndarray, np.int32)
    offset: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def post_guard(self) -> bool:
        """Whether this step is one of the schedule."""
        return bool((self.time_step - 1) % self.interval[0] == self.offset[0])
