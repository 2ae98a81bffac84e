"""Watches whether a Var stays within a number of bits."""

from __future__ import annotations

import numpy as np

from lava_actor.errors import InvalidValueError, NetworkError
from lava_actor.process import AbstractProcess, RefPort, Var
from lava_actor.process.inherited import given


class BitCheck(AbstractProcess):
    """Raises a flag, for good, once a Var leaves the range of signed `bits`-bit integers.

    The Var is looked at in the post-management phase of each step. Models on a CPU compute with
    more bits than hardware has; this shows where that would make a difference.

    Parameters
    ----------
    layerid
        A number to recognise the watched Var by in what `debug` prints.
    debug
        1: print a line when the flag is raised.
    bits
        Width to check for, sign included: 1 … 31.
    **kwargs
        Go to ``proc_params``.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if `bits` is not in 1 … 31.
    """

    def __init__(
        self,
        *,
        layerid: int | None = None,
        debug: int = 0,
        bits: int = 24,
        **kwargs: object,
    ) -> None:
        if not 1 <= bits <= 31:
            raise InvalidValueError(f"BitCheck.bits: expected 1 … 31, got {bits!r}")
        super().__init__(**given(locals()))
        self._shape: tuple[int, ...] = (1,)
        self._create_members()

    def _create_members(self) -> None:
        layerid = self.proc_params["layerid"]
        self.state = RefPort(self._shape)
        self.layerid = Var(shape=self._shape, init=0 if layerid is None else layerid)
        self.debug = Var(shape=self._shape, init=self.proc_params["debug"])
        self.bits = Var(shape=self._shape, init=self.proc_params["bits"])
        self._overflowed = Var(shape=self._shape, init=0)

    def connect_var(self, var: Var) -> None:
        """Watch `var`; the Vars of this Process take its shape.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if a Var is watched already: use one BitCheck per Var.
        """
        if self.state.out_connections:
            raise NetworkError(f"{self.name}.connect_var: this BitCheck already watches a Var")
        self._shape = tuple(var.shape)
        self._create_members()
        self._post_init()
        self.state.connect_var(var)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the watched Var; ``(1,)`` before `connect_var`."""
        return self._shape

    @property
    def overflowed(self) -> np.ndarray:
        """The flag, in the shape of the watched Var: all ones once anything overflowed."""
        return self._overflowed.get()
