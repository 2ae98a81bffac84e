"""Vectors and matrices of graded spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import sparray, spmatrix

from lava_actor.networks.network import (
    AlgebraicMatrix,
    AlgebraicVector,
    Network,
    build_with,
)
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.graded import process as graded
from lava_actor.proc.io import sink, source
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.prodneuron.process import ProdNeuron
from lava_actor.proc.sparse.process import Sparse
from lava_actor.process import matrices
from lava_actor.process.ports.ports import InPort

MESSAGE_BITS = 24
WEIGHT_BITS = 8


class InputVec(AlgebraicVector):
    """Sends the columns of an array, one per step, over and over.

    Parameters
    ----------
    vec
        ``(neurons, steps)``; an array of one dimension is the course of a single neuron.
    loihi2
        Accepted; on a CPU there is nothing to adapt to.
    exp
        Values are multiplied by ``2**exp``.
    **kwargs
        Ignored.
    """

    def __init__(
        self, vec: ArrayLike, loihi2: bool = False, exp: int = 0, **kwargs: object
    ) -> None:
        data = np.atleast_2d(vec) * (1 << exp if exp >= 0 else 2.0**exp)
        self.shape = data.shape
        self.exp = exp
        self.main = self.inport_plug = source.RingBuffer(data=data)
        self.out_port = self.main.s_out


class OutputVec(Network):
    """Records what it receives, from the very step in which it is sent.

    Parameters
    ----------
    shape
        Shape of what is received.
    buffer
        How many steps are kept; then the recording starts again at its beginning.
    loihi2
        Accepted; on a CPU there is nothing to adapt to.
    num_message_bits
        Accepted; recordings are 24 bits wide.
    **kwargs
        Ignored.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        buffer: int = 1,
        loihi2: bool = False,
        num_message_bits: int = MESSAGE_BITS,
        **kwargs: object,
    ) -> None:
        self.shape = shape
        self.buffer = buffer
        self.main = self.outport_plug = sink.RingBuffer(shape=shape, buffer=buffer)
        self.in_port = self.main.a_in

    def get_data(self) -> np.ndarray:
        """Return the recording, ``shape + (buffer,)``, as signed numbers of 24 bits (int32)."""
        return (self.outport_plug.data.get().astype(np.int32) << 8) >> 8


class LIFVec(AlgebraicVector):
    """A population of `LIF` neurons; takes the arguments of `LIF`."""

    def __init__(self, **kwargs: Any) -> None:
        self.main: LIF = LIF(**kwargs)
        self.shape = kwargs["shape"]
        self.in_port = self.main.a_in
        self.out_port = self.main.s_out


class GradedVec(AlgebraicVector):
    """A population that passes graded values on, see `lava_actor.proc.graded.process.GradedVec`.

    ``gvec * gvec2`` multiplies two of them, element by element, in two steps; the result is an
    identity connection.
    """

    def __init__(
        self, shape: tuple[int, ...], vth: int = 10, exp: int = 0, **kwargs: object
    ) -> None:
        self.main: graded.GradedVec = graded.GradedVec(shape=shape, vth=vth, exp=exp, **kwargs)
        self.shape = shape
        self.vth = vth
        self.exp = exp
        self.in_port = self.main.a_in
        self.out_port = self.main.s_out

    def __mul__(self, other: object) -> GradedSparse:
        if not isinstance(other, GradedVec):
            return NotImplemented
        product = ProductVec(shape=self.shape, vth=1, exp=self.exp)
        product << (_identity(self) @ self, _identity(other) @ other)
        result = _identity(self)
        result @ product
        return result


class ProductVec(AlgebraicVector):
    """A population that multiplies two inputs, see `lava_actor.proc.prodneuron.process.ProdNeuron`.

    ``product << (net1, net2)`` connects both.
    """

    in_port2: InPort

    def __init__(
        self, shape: tuple[int, ...], vth: int = 10, exp: int = 0, **kwargs: object
    ) -> None:
        self.main: ProdNeuron = ProdNeuron(shape=shape, vth=vth, exp=exp, **kwargs)
        self.shape = shape
        self.vth = vth
        self.exp = exp
        self.in_port = self.main.a_in1
        self.in_port2 = self.main.a_in2
        self.out_port = self.main.s_out

    def __lshift__(self, other: object) -> ProductVec:
        return self if self._driven_by(other, self.in_port, self.in_port2) else NotImplemented


class _GradedMatrix(AlgebraicMatrix):
    def __init__(
        self,
        kind: type[Dense | Sparse],
        weights: ArrayLike,
        exp: int,
        parameters: dict[str, object],
    ) -> None:
        self.main = kind(
            weights=weights,
            num_message_bits=MESSAGE_BITS,
            num_weight_bits=WEIGHT_BITS,
            weight_exp=-exp,
            **parameters,
        )
        self.exp = exp
        self.in_port, self.out_port = self.main.s_in, self.main.a_out
        self.shape = self.main.a_out.shape


class GradedDense(_GradedMatrix):
    """A dense connection for graded values and fractional weights.

    Parameters
    ----------
    weights
        ``(n_out, n_in)``; stored as integers multiplied by ``2**exp`` (toward zero).
    exp
        Fractional bits of the weights.
    **kwargs
        Further arguments of `Dense`.
    """

    def __init__(self, weights: ArrayLike, exp: int = 7, **kwargs: object) -> None:
        super().__init__(Dense, np.trunc(np.asarray(weights) * 2.0**exp), exp, kwargs)


class GradedSparse(_GradedMatrix):
    """A sparse connection for graded values and fractional weights.

    Parameters as for `GradedDense`; the weights may be a SciPy sparse matrix.
    """

    def __init__(
        self, weights: ArrayLike | spmatrix | sparray, exp: int = 7, **kwargs: object
    ) -> None:
        scaled = matrices.csr_matrix(weights) * 2.0**exp
        super().__init__(Sparse, scaled.trunc(), exp, kwargs)


class NormalizeNet(AlgebraicVector):
    """Scales a vector to length one, up to ``2**exp``.

    A `NormVecDelay` squares the vector; the squares are summed, `InvSqrt` makes the factor out of
    the sum, and `NormVecDelay` applies it. The factor arrives two steps after the vector that it
    was made of, the vector is kept for one: the result is right once the input has been constant
    for some steps.

    Parameters
    ----------
    shape
        Shape of the vector, ``(n,)``.
    exp
        Fractional bits.
    """

    def __init__(self, shape: tuple[int, ...], exp: int = 12, **kwargs: object) -> None:
        self.shape = shape
        self.fpb = exp
        size = int(np.prod(shape))
        self.main: graded.NormVecDelay = graded.NormVecDelay(shape=shape, vth=1, exp=exp, **kwargs)
        self.sum = Dense(weights=np.ones((1, size)), num_message_bits=MESSAGE_BITS)
        self.inv_sqrt = graded.InvSqrt(shape=(1,), fp_base=exp)
        self.spread = Dense(weights=np.ones((size, 1)), num_message_bits=MESSAGE_BITS)
        self.main.s2_out.connect(self.sum.s_in)
        self.sum.a_out.connect(self.inv_sqrt.a_in)
        self.inv_sqrt.s_out.connect(self.spread.s_in)
        self.spread.a_out.connect(self.main.a_in2)
        self.in_port = self.main.a_in1
        self.out_port = self.main.s_out


def _identity(vector: AlgebraicVector) -> GradedSparse:
    return GradedSparse(weights=np.eye(int(np.prod(vector.shape))))


build_with(GradedSparse, ProductVec)
