"""Processes that work on one Var of another Process."""

from __future__ import annotations

from typing import ClassVar

from lava_actor.errors import NetworkError
from lava_actor.process import AbstractProcess, RefPort, Var


class Remote(AbstractProcess):
    """A Process with a RefPort `state`, for one Var."""

    state: RefPort

    _la_already: ClassVar[str]
    """What it does with the Var that it has."""

    def connect_var(self, var: Var) -> None:
        """Choose the Var; this Process takes its shape.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if there is one already: use one such Process per Var.
        """
        if self.state.out_connections:
            raise NetworkError(f"{self.name}.connect_var: {self._la_already} a Var")
        self._la_take_shape(tuple(var.shape))
        self._post_init()
        self.state.connect_var(var)

    def _la_take_shape(self, shape: tuple[int, ...]) -> None:
        """Make what has the shape of the Var."""
        self.state = RefPort(shape=shape)
