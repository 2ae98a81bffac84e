"""All-to-all connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.proc._delays import checked_delays, delay_range
from lava_actor.proc._projection import Projection
from lava_actor.proc._siblings import of_sibling
from lava_actor.process import matrices
from lava_actor.process.inherited import given

if TYPE_CHECKING:
    from lava_actor.proc.dense.learning_process import LearningDense

__all__ = ["Dense", "LearningDense", "DelayDense"]


__getattr__ = of_sibling(__name__, "LearningDense")


class Dense(Projection):
    """Connects every neuron with every other, with one step of delay.

    ::

        a_out[t] = W @ s[t-1],  a_out[1] = 0

    where s is the input `s_in` if it is graded and ``s_in != 0`` if it is binary: then the payload
    and its sign are ignored.

    Parameters
    ----------
    weights : array_like
        W, of shape (post, pre): as many rows as `a_out` and as many columns as `s_in` have
        elements.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if the weights are not a matrix.
    InvalidTypeError
        (a `TypeError`) if they are not real numbers.
    """

    def __init__(
        self,
        *,
        weights: ArrayLike,
        num_message_bits: int = 0,
        **kwargs: Any,
    ) -> None:
        weights = weight_matrix(kwargs.get("name") or type(self).__name__, weights)
        super().__init__(**given(locals()))
        self._la_add_members(weights, num_message_bits)


class DelayDense(Dense):
    """Connects every neuron with every other, each synapse with a delay of its own.

    A spike in step t over a synapse of delay d takes part in the output of step t + 1 + d; with
    delay 0 this is `Dense`.

    Parameters
    ----------
    delays : int or array_like of int
        Delay of each synapse in steps, (post, pre), or one for all; at most 63 in the fixed-point
        model.
    max_delay : int
        Longest delay there may be, if delays are set later. 0: the longest of `delays`.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if a delay is negative, not integral or longer than `max_delay`, or the
        shape is not that of the weights.
    """

    def __init__(
        self,
        *,
        weights: ArrayLike,
        delays: ArrayLike,
        max_delay: int = 0,
        **kwargs: Any,
    ) -> None:
        owner = kwargs.get("name") or type(self).__name__
        weights = weight_matrix(owner, weights)
        delays = checked_delays(owner, delays, weights.shape)
        longest = delay_range(owner, delays, max_delay)
        super().__init__(weights=weights, delays=delays, max_delay=longest, **kwargs)
        self._la_add_delays(delays, longest)


def weight_matrix(owner: str, given: ArrayLike, for_sparse: str = "Sparse") -> np.ndarray:
    """Return weights as an array, if they are a matrix of real numbers.

    Raises
    ------
    InvalidTypeError
        If they are a sparse matrix, for which there is another Process, or no real numbers.
    InvalidValueError
        If they are no matrix.
    """
    if matrices.issparse(given):
        raise InvalidTypeError(
            f"{owner}.weights: expected an array (post, pre), got a {type(given).__name__}; use "
            f"{for_sparse} for it, or give its toarray()"
        )
    try:
        weights = np.asarray(given)
    except ValueError as error:  # nested lists of unequal lengths
        raise InvalidValueError(
            f"{owner}.weights: expected a matrix (post, pre) with rows of one length: {error}"
        ) from None
    if weights.dtype.kind not in "biuf":
        raise InvalidTypeError(f"{owner}.weights: expected real numbers, got dtype {weights.dtype}")
    if weights.ndim != 2:
        raise InvalidValueError(
            f"{owner}.weights: expected a matrix (post, pre), got shape {weights.shape}"
        )
    return weights
