"""Sparse connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.proc._delays import checked_delays, delay_range, drawn_delays
from lava_actor.proc._projection import Projection, canonical_csr
from lava_actor.proc._siblings import of_sibling
from lava_actor.proc.connectivity import Distribution, Recipe

if TYPE_CHECKING:
    from scipy.sparse import sparray, spmatrix

    from lava_actor.proc.sparse.learning_process import LearningSparse

__all__ = ["Sparse", "LearningSparse", "DelaySparse"]


__getattr__ = of_sibling(__name__, "LearningSparse")


class Sparse(Projection):
    """Connects some neurons with some others, with one step of delay.

    Computes what `Dense` computes with the same matrix, at the cost of the synapses there are.

    Parameters
    ----------
    weights : sparse matrix of any format, array_like, or Recipe
        Of shape (post, pre). Stored zeros are synapses, too: they keep their place when weights
        are set. Entries stored twice are summed. A recipe (`lava_actor.proc.connectivity`) is
        built by the model.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if the weights are not a matrix.
    InvalidTypeError
        (a `TypeError`) if they are not real numbers.

    Notes
    -----
    `weights.get()` returns a csr matrix of the dtype that was given (int32 in the fixed-point
    model). `weights.set(m)` takes a matrix with the same pattern. Of a recipe, `weights.get()` is
    the recipe itself until the network is started; where two neurons have several synapses, the
    matrix has several entries.
    """

    def __init__(
        self,
        *,
        weights: ArrayLike | spmatrix | sparray | Recipe,
        num_message_bits: int = 0,
        **kwargs: Any,
    ) -> None:
        owner = kwargs.get("name") or type(self).__name__
        if not isinstance(weights, Recipe):
            weights = canonical_csr(owner, "weights", weights)
        super().__init__(num_message_bits=num_message_bits, **kwargs)
        self._la_add_members(weights, num_message_bits)


class DelaySparse(Sparse):
    """Connects some neurons with some others, each synapse with a delay of its own.

    See `DelayDense`.

    Parameters
    ----------
    delays : int, sparse matrix or array_like of int; int or Distribution if weights are a Recipe
        Delay of each synapse in steps, (post, pre), or one for all. Synapses without a stored
        delay have delay 0. Numbers of a distribution are rounded; both its bounds are needed.
    max_delay : int
        Longest delay there may be, if delays are set later. 0: the longest of `delays`.

    Raises
    ------
    InvalidValueError
        As for `DelayDense`.
    """

    def __init__(
        self,
        *,
        weights: Any,
        delays: ArrayLike | spmatrix | sparray | Distribution,
        max_delay: int = 0,
        **kwargs: Any,
    ) -> None:
        owner = kwargs.get("name") or type(self).__name__
        if isinstance(weights, Recipe):
            delays, longest = drawn_delays(owner, delays, max_delay)
        else:
            if np.ndim(weights) == 2:  # or else it is they that are wrong
                delays = checked_delays(owner, delays, np.shape(weights))
            longest = delay_range(owner, delays, max_delay)
        super().__init__(weights=weights, max_delay=longest, **kwargs)
        if isinstance(delays, int):
            pattern = self.weights.init.astype(int)
            pattern.data[:] = delays
            delays = pattern
        self._la_add_delays(delays, longest)
