"""What is done in every so many steps, once the models have spiked; and with one Var of another."""

from __future__ import annotations

import numpy as np

from lava_actor.errors import NetworkError
from lava_actor.proc._model import PyLoihiProcessModel
from lava_actor.process import AbstractProcess, RefPort, Var


class Remote(AbstractProcess):
    """A Process with a RefPort `state`, for one Var."""

    state: RefPort

    def _connect_state(self, var: Var, already: str) -> None:
        """Connect the RefPort, in the shape of the Var.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if it has one: what it does with it ``already``.
        """
        if self.state.out_connections:
            raise NetworkError(f"{self.name}.connect_var: {already} a Var")
        self.state = RefPort(shape=tuple(var.shape))
        self._post_init()
        self.state.connect_var(var)


class Scheduled(AbstractProcess):
    """Has its turn in the steps t with ``(t - 1) mod interval == offset mod interval``."""

    def _schedule(self, interval: int, offset: int) -> None:
        self.interval = Var(shape=(1,), init=interval)
        self.offset = Var(shape=(1,), init=offset % interval)


class OnSchedule(PyLoihiProcessModel):
    """The model of a `Scheduled` Process."""

    interval: np.ndarray
    offset: np.ndarray

    def post_guard(self) -> bool:
        """Whether this step is one of the schedule."""
        return bool((self.time_step - 1) % self.interval[0] == self.offset[0])
