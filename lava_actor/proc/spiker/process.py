"""Sources of regular spikes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.errors import InvalidValueError
from lava_actor.process import AbstractProcess, OutPort, Var
from lava_actor.process.inherited import given


class Spiker(AbstractProcess):
    """Sends a payload every `period` steps, for the first time in step ``period + 1``.

    ::

        hit     = [counter = rate]
        s_out   = payload * hit
        counter = 1 where hit, else counter + 1          counter starts at 0

    Parameters
    ----------
    shape
        Shape of the population, of `s_out` and of the Vars `rate`, `counter`, `payload`.
    period
        Steps between spikes; held by the Var `rate`.
    payload
        What is sent.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...] = (1,),
        period: ArrayLike = 10,
        payload: ArrayLike = 1,
        **inherited: object,
    ) -> None:
        super().__init__(**given(locals()))
        self.s_out = OutPort(shape=shape)
        self.rate = Var(shape=shape, init=period)
        self.counter = Var(shape=shape, init=0)
        self.payload = Var(shape=shape, init=payload)


class Spiker32bit(AbstractProcess):
    """Sends a 32-bit payload in the steps ``period``, ``2*period`` and so on.

    Parameters
    ----------
    shape
        Shape of the population, of `s_out` and of the Var `counter` (which starts at 1).
    period
        Steps between spikes; one for all or one per neuron.
    payload
        What is sent; one for all or one per neuron. If any is negative all are signed.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if a payload does not fit: ``-2**31 … 2**31 - 1`` if any is negative,
        ``0 … 2**32 - 1`` otherwise; or if a period is below 1.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...] = (1,),
        period: ArrayLike = 1,
        payload: ArrayLike = 1,
        **inherited: object,
    ) -> None:
        periods = np.atleast_1d(np.asarray(period, dtype=np.int64))
        payloads = np.atleast_1d(np.asarray(payload, dtype=np.int64))
        signed = bool((payloads < 0).any())
        low, high = (-(2**31), 2**31 - 1) if signed else (0, 2**32 - 1)
        if (payloads < low).any() or (payloads > high).any():
            raise InvalidValueError(
                f"Spiker32bit.payload: expected values in [{low}, {high}], got {payload!r}"
            )
        if (periods < 1).any():
            raise InvalidValueError(f"Spiker32bit.period: expected at least 1, got {period!r}")
        super().__init__(
            **{**given(locals()), "period": periods, "payload": payloads, "signed": signed}
        )
        self.s_out = OutPort(shape=shape)
        self.counter = Var(shape=shape, init=1)
