"""What the Processes of all-to-all and sparse connections have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.process import AbstractProcess, InPort, OutPort, Var, matrices
from lava_actor.utils.weightutils import SignMode

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from scipy.sparse import csr_matrix, sparray, spmatrix


class Projection(AbstractProcess):
    """Weights (post, pre) between spikes and activations.

    Parameters
    ----------
    num_message_bits : int
        0: binary input. More: graded.
    **kwargs
        For the fixed-point model: ``weight_exp`` (default 0, at most 30), ``num_weight_bits``
        (default 8, 1 to 10), ``sign_mode`` (default: found from the weights). See
        `PyDenseModelBitAcc`.
    """

    _la_model_parameters: ClassVar[dict[str, type]] = {
        "weight_exp": int, "num_weight_bits": int, "sign_mode": SignMode,
    }  # fmt: skip

    def _la_add_members(self, weights: Any, num_message_bits: int) -> None:
        post, pre = weights.shape
        self.s_in = InPort(shape=(pre,))
        self.a_out = OutPort(shape=(post,))
        self.weights = Var(shape=weights.shape, init=weights)
        self.a_buff = Var(shape=(post,), init=0)
        self.num_message_bits = Var(shape=(1,), init=num_message_bits)

    def _la_add_delays(self, delays: object, longest: int) -> None:
        self.delays = Var(shape=self.weights.shape, init=delays)
        self.a_buff = Var(shape=(*self.a_out.shape, longest + 1), init=0)


def canonical_csr(process: str, name: str, given: ArrayLike | spmatrix | sparray) -> csr_matrix:
    """Return a copy of a matrix in compressed rows, entries in order and summed.

    Raises
    ------
    InvalidValueError
        If it is not a matrix.
    InvalidTypeError
        If its elements are not real numbers.
    """
    shape = np.shape(given)
    if len(shape) != 2:
        raise InvalidValueError(
            f"{process}.{name}: expected a matrix (post, pre), got shape {tuple(shape)}"
        )
    try:
        plain = given if matrices.issparse(given) else np.asarray(given)
    except InvalidTypeError as error:  # a recipe
        raise InvalidTypeError(f"{process}.{name}: {error}") from None
    matrix: csr_matrix = matrices.csr_matrix(plain, copy=True)
    if matrix.dtype.kind not in "biuf":
        raise InvalidTypeError(f"{process}.{name}: expected real numbers, got {matrix.dtype}")
    matrix.sum_duplicates()
    return matrix
