"""Convolution along time."""

from __future__ import annotations

import numpy as np

from lava_actor.errors import InvalidValueError
from lava_actor.process import AbstractProcess, InPort, OutPort, Var
from lava_actor.process.inherited import given


class ConvInTime(AbstractProcess):
    """Connects two populations by a kernel that extends over the last `K` steps.

    ::

        a_out[t + 1] = sum over k = 0 … K-1 of  weights[K-1-k] @ s_in[t - k]

    so the last slice of the kernel acts first, after the one step that each connection takes.

    Parameters
    ----------
    weights
        The kernel, `(K, n_out, n_in)`.
    num_message_bits
        0: binary; all that counts is whether an input (the sum over the sources) is zero.
        Positive: graded, values are used as they come.
    **kwargs
        Go to ``proc_params``.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if `weights` has not three dimensions or no slice at all.

    Notes
    -----
    Ports: `s_in` `(n_in,)`, `a_out` `(n_out,)`. The Var `a_buff` `(n_out, K)` holds what will be
    sent: column k in k + 1 steps. The fixed model truncates weights to integers and computes in
    double precision.
    """

    def __init__(
        self,
        *,
        weights: np.ndarray,
        num_message_bits: int = 0,
        **kwargs: object,
    ) -> None:
        shape = np.shape(weights)
        if len(shape) != 3 or shape[0] == 0:
            raise InvalidValueError(
                f"ConvInTime.weights: expected three dimensions (K, n_out, n_in), K at least 1, "
                f"got shape {shape}"
            )
        super().__init__(**given(locals()))
        kernel_size, n_out, n_in = shape
        self.s_in = InPort(shape=(n_in,))
        self.a_out = OutPort(shape=(n_out,))
        self.weights = Var(shape=shape, init=weights)
        self.a_buff = Var(shape=(n_out, kernel_size), init=0)
        self.num_message_bits = Var(shape=(1,), init=num_message_bits)
