"""Watches whether a Var stays within a number of bits."""

from __future__ import annotations

import numpy as np

from lava_actor.errors import InvalidValueError
from lava_actor.proc._remote import Remote
from lava_actor.process import Var
from lava_actor.process.inherited import given


class BitCheck(Remote):
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

    _la_already = "this BitCheck already watches"

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
        self._la_take_shape((1,))

    def _la_take_shape(self, shape: tuple[int, ...]) -> None:
        super()._la_take_shape(shape)
        layerid = self.proc_params["layerid"]
        self.layerid = Var(shape=shape, init=0 if layerid is None else layerid)
        self.debug = Var(shape=shape, init=self.proc_params["debug"])
        self.bits = Var(shape=shape, init=self.proc_params["bits"])
        self._overflowed = Var(shape=shape, init=0)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the watched Var; ``(1,)`` before `connect_var`."""
        return self.state.shape

    @property
    def overflowed(self) -> np.ndarray:
        """The flag, in the shape of the watched Var: all ones once anything overflowed."""
        return self._overflowed.get()
