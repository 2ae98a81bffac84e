"""Delta encoding of a stream of frames, with compressed messages if wanted.

A camera frame differs little from the one before. `DeltaEncoder` sends the differences that reach a
threshold; `Compression` says how a frame of differences is written into a message, see
`lava_actor.proc.io.compression`.
"""

from __future__ import annotations

from enum import Enum, unique

import numpy as np

from lava_actor.errors import RuntimeStateError
from lava_actor.model.model import AbstractProcessModel
from lava_actor.model.resources import HostCPU
from lava_actor.proc._arithmetic import integral_input, kept, shl
from lava_actor.proc._model import LavaPyType, PyInPort, PyLoihiProcessModel, PyOutPort, cpu_model
from lava_actor.proc._shaped import Shaped
from lava_actor.proc.io.compression import (
    decode_encode_delta_sparse_8,
    encode_delta_sparse_8,
    encode_packed_4,
    encode_sparse,
)
from lava_actor.process import AbstractProcess, InPort, OutPort, Var
from lava_actor.process.inherited import given
from lava_actor.process.parameters import ProcessParameters


@unique
class Compression(Enum):
    """How a frame of differences is written into a message."""

    DENSE = 0
    """The frame itself."""
    SPARSE = 1
    """Values and flat indices of what is not zero."""
    PACKED_4 = 2
    """All values as bytes, four to a word."""
    DELTA_SPARSE_8 = 3
    """What is not zero as byte pairs (value, gap since the one before)."""


class DeltaEncoder(Shaped):
    """Sends how its input changes, where it changes enough.

    With ``a = a_in * 2**spike_exp``::

        delta   = a - act + residue
        s       = delta where |delta| >= vth, else 0;   clipped to a_min … a_max
        residue = delta - s;   act = a
        s_out   = s of the step before (zeros first)

    Parameters
    ----------
    shape
        Shape of both ports and of the Vars `act` and `residue`.
    vth
        Threshold in units of the input; the Var `vth` holds ``vth * 2**spike_exp``.
    spike_exp
        Fractional bits of the messages.
    num_bits
        Width of the messages, sign included; None: no limit. Sets the Vars `a_min`, `a_max`
        (scaled by ``2**spike_exp``; both -1 if there is no limit).
    compression
        How messages are written; chooses the model. `Compression.DENSE` sends frames from a dense
        port, the others (data, index) pairs from a sparse one.

    Notes
    -----
    Integers only: fractional input is an error.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        vth: int,
        spike_exp: int = 0,
        num_bits: int | None = None,
        compression: Compression = Compression.DENSE,
        **kwargs: object,
    ) -> None:
        super().__init__(**given(locals()))
        a_min = a_max = -1
        if num_bits is not None:
            a_min = -(1 << (num_bits - 1)) << spike_exp
            a_max = ((1 << (num_bits - 1)) - 1) << spike_exp
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.vth = Var(shape=(1,), init=vth << spike_exp)
        self.act = Var(shape=shape, init=0)
        self.residue = Var(shape=shape, init=0)
        self.spike_exp = Var(shape=(1,), init=spike_exp)
        self.a_min = Var(shape=(1,), init=a_min)
        self.a_max = Var(shape=(1,), init=a_max)


class AbstractPyDeltaEncoderModel(PyLoihiProcessModel):
    """The encoding itself; subclasses write the messages."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    vth: np.ndarray = LavaPyType(np.ndarray, np.int32)
    act: np.ndarray = LavaPyType(np.ndarray, np.int32)
    residue: np.ndarray = LavaPyType(np.ndarray, np.int32)
    spike_exp: np.ndarray = LavaPyType(np.ndarray, np.int32)
    a_min: np.ndarray = LavaPyType(np.ndarray, np.int32)
    a_max: np.ndarray = LavaPyType(np.ndarray, np.int32)

    _la_compressions: frozenset[Compression]
    """What this model can write."""

    def __init__(self, proc_params: ProcessParameters) -> None:
        super().__init__(proc_params)
        self._la_compression: Compression = proc_params["compression"]
        if self._la_compression not in self._la_compressions:
            names = ", ".join(sorted(c.name for c in self._la_compressions))
            raise RuntimeStateError(
                f"DeltaEncoder.compression: {type(self).__name__} writes {names}, "
                f"got {self._la_compression!r}"
            )
        self._la_buffer = np.zeros(proc_params["shape"], dtype=np.int32)

    @classmethod
    def _la_specialised(cls, process: AbstractProcess) -> type[AbstractProcessModel]:
        """Return the model that writes the compression of `process`, whichever was selected."""
        compression = process.proc_params["compression"]
        for model in (cls, PyDeltaEncoderModelDense, PyDeltaEncoderModelSparse):
            if compression in model._la_compressions:
                return model
        return cls

    def encode_delta(self, a_in: np.ndarray) -> np.ndarray:
        """Return what to send for an input that is already shifted."""
        delta = a_in - self.act + self.residue
        s_out = np.where(np.abs(delta) >= self.vth, delta, 0)
        if self.a_max[0] >= 0:  # -1: no limit
            s_out = np.clip(s_out, self.a_min, self.a_max)
        self.residue = kept(self.residue, delta - s_out)
        self.act = kept(self.act, a_in)
        return s_out

    def _la_send_message(self, frame: np.ndarray) -> None:
        """Write a frame of differences into a message and send it."""
        raise NotImplementedError

    def run_spk(self) -> None:
        """Send the frame of the step before, then receive and encode."""
        self._la_send_message(self._la_buffer)
        a_in = integral_input(self, "a_in", self.a_in.recv())
        self._la_buffer = self.encode_delta(shl(a_in, self.spike_exp))


# The tags other than the first make the models fit networks of either number system: integers are
# what an encoder produces in both. Between the two models the compression decides.
@cpu_model(DeltaEncoder, "dense_out", "fixed_pt", "floating_pt", cpu=HostCPU)
class PyDeltaEncoderModelDense(AbstractPyDeltaEncoderModel):
    """Model of `DeltaEncoder` that sends frames."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    _la_compressions = frozenset({Compression.DENSE})

    def _la_send_message(self, frame: np.ndarray) -> None:
        """Send the frame."""
        self.s_out.send(frame)


@cpu_model(DeltaEncoder, "sparse_out", "fixed_pt", "floating_pt", cpu=HostCPU)
class PyDeltaEncoderModelSparse(AbstractPyDeltaEncoderModel):
    """Model of `DeltaEncoder` that sends (data, index) pairs."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_SPARSE, np.int32)
    _la_compressions = frozenset(Compression) - {Compression.DENSE}

    def _la_send_message(self, frame: np.ndarray) -> None:
        """Compress the frame and send it."""
        encode = {
            Compression.SPARSE: encode_sparse,
            Compression.PACKED_4: encode_packed_4,
            Compression.DELTA_SPARSE_8: encode_delta_sparse_8,
        }[self._la_compression]
        if frame.size:
            self.s_out.send(*encode(frame))
        else:  # not even the single zero that stands for nothing fits an empty port
            self.s_out.send(frame.ravel(), frame.ravel())

    decode_encode_delta_sparse_8 = staticmethod(decode_encode_delta_sparse_8)
