"""Delta encoding and its compressed messages."""

from __future__ import annotations

import cloudpickle
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lava_actor.compiler.expand import select_model
from lava_actor.compiler.run_configs import Loihi2SimCfg
from lava_actor.model.decorator import implements
from lava_actor.model.harness import ModelHarness
from lava_actor.model.ports import PyInPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.types import LavaPyType
from lava_actor.proc.io.compression import (
    decode_encode_delta_sparse_8,
    encode_delta_sparse_8,
    encode_packed_4,
    encode_sparse,
)
from lava_actor.proc.io.encoder import (
    Compression,
    DeltaEncoder,
    PyDeltaEncoderModelDense,
    PyDeltaEncoderModelSparse,
)
from lava_actor.proc.io.source import RingBuffer
from lava_actor.process.ports.ports import InPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var
from lava_actor.runtime.run_conditions import RunSteps


class Decoder(AbstractProcess):
    """Keeps the words of the last message."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.a_in = InPort(shape)
        self.data = Var(shape=shape, init=0)
        self.index = Var(shape=shape, init=0)


@implements(proc=Decoder, protocol=LoihiProtocol)
class PyDecoder(PyLoihiProcessModel):
    """Receives pairs."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_SPARSE, np.int32)
    data: np.ndarray = LavaPyType(np.ndarray, np.int32)
    index: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        data, index = self.a_in.recv()
        self.data[: data.size], self.index[: index.size] = data, index


def words(*values: int) -> list[int]:
    return np.array(values, dtype=np.uint32).view(np.int32).tolist()


def frame(size: int, values: dict[int, int]) -> np.ndarray:
    made = np.zeros(size, dtype=np.int32)
    made[list(values)] = list(values.values())
    return made


def test_sparse_messages_hold_values_and_positions() -> None:
    data, index = encode_sparse([[0, 3], [-2, 0]])
    assert (data.tolist(), index.tolist()) == ([3, -2], [1, 2])
    data, index = encode_sparse(np.zeros(3))
    assert (data.tolist(), index.tolist()) == ([0], [0])


def test_packed_messages_hold_four_bytes_per_word_in_turns() -> None:
    data, index = encode_packed_4([1, 2, 3, 4, 5, 6])
    assert (data.tolist(), index.tolist()) == (words(0x04030201), words(0x00000605))
    data, index = encode_packed_4(np.full(9, -1))
    assert data.tolist() == words(0xFFFFFFFF, 0xFF)
    assert index.tolist() == words(0xFFFFFFFF, 0)


@pytest.mark.parametrize(
    ("values", "data", "index"),
    [
        ({1: 3, 2: -2, 7: 5}, [0x0005FE03], [0x00040001]),
        ({0: 3, 300: 4, 1500: 5}, [0x04040103, 0x5], [0xFF2CFF00, 0xB3]),
        ({300: 3, 301: 4}, [0x04030100], [0x002CFF00]),
        ({}, [0], [0]),
    ],
)
def test_delta_sparse_messages_hold_values_and_gaps(values, data, index) -> None:
    made = encode_delta_sparse_8(frame(2000, values))
    assert [part.tolist() for part in made] == [words(*data), words(*index)]


@given(
    hnp.arrays(
        np.int32,
        st.sampled_from([1, 7, 300, 70000, 140000]),
        elements=st.integers(1, 255),
        fill=st.just(0),
    )
)
def test_delta_sparse_messages_can_be_read_back(values) -> None:
    bytes_read, positions = decode_encode_delta_sparse_8(*encode_delta_sparse_8(values))
    np.testing.assert_array_equal(positions, np.flatnonzero(values))
    np.testing.assert_array_equal(bytes_read, values[positions])


@pytest.mark.parametrize("position", [254, 255, 256, 509, 510, 65024, 65025, 65026, 130050])
def test_single_values_far_from_the_beginning_can_be_read_back(position) -> None:
    for first in ({}, {0: 1}, {3: 1}):
        values = frame(140000, {**first, position: 9})
        octets, positions = decode_encode_delta_sparse_8(*encode_delta_sparse_8(values))
        assert positions.tolist() == [*first, position]
        assert octets.tolist() == [*first.values(), 9]


@pytest.mark.parametrize("compression", Compression)
@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt", None])
def test_compression_chooses_the_model(compression, tag) -> None:
    encoder = DeltaEncoder(shape=(4,), vth=1, compression=compression)
    dense = compression is Compression.DENSE
    model = PyDeltaEncoderModelDense if dense else PyDeltaEncoderModelSparse
    assert select_model(encoder, Loihi2SimCfg(select_tag=tag)) is model
    assert type(encoder) is DeltaEncoder


def test_a_model_refuses_what_it_cannot_write() -> None:
    encoder = DeltaEncoder(shape=(4,), vth=1, compression=Compression.PACKED_4)
    with pytest.raises(RuntimeError, match=r"DENSE.*PACKED_4"):
        PyDeltaEncoderModelDense(encoder.proc_params)


def test_encoders_travel() -> None:
    encoder = DeltaEncoder(shape=(4,), vth=2, compression=Compression.SPARSE)
    copied = cloudpickle.loads(cloudpickle.dumps(encoder))
    assert type(copied) is type(encoder)
    assert copied.vth.init == 2


def test_messages_leave_one_step_late_and_residues_are_kept() -> None:
    harness = ModelHarness(PyDeltaEncoderModelDense, DeltaEncoder(shape=(2,), vth=3))
    out = harness.run(4, a_in=np.array([[2, 5], [4, 6], [4, 2], [0, 0]]))["s_out"]
    np.testing.assert_array_equal(out, [[0, 0], [0, 5], [4, 0], [0, -3]])


def test_messages_are_limited_in_width() -> None:
    encoder = DeltaEncoder(shape=(2,), vth=1, num_bits=4)
    assert (encoder.a_min.get(), encoder.a_max.get()) == (-8, 7)
    harness = ModelHarness(PyDeltaEncoderModelDense, encoder)
    out = harness.run(4, a_in=np.array([10, -10]))["s_out"]
    np.testing.assert_array_equal(out, [[0, 0], [7, -8], [3, -2], [0, 0]])


def test_compressed_messages_are_pairs() -> None:
    encoder = DeltaEncoder(shape=(2, 2), vth=1, compression=Compression.SPARSE)
    harness = ModelHarness(PyDeltaEncoderModelSparse, encoder)
    harness.step(a_in=np.array([[0, 3], [4, 0]]))
    data, index = harness.step(a_in=np.array([[0, 3], [4, 0]]))["s_out"]
    assert (data.tolist(), index.tolist()) == ([3, 4], [1, 2])


def test_words_of_packed_messages_pass_as_they_are() -> None:
    encoder = DeltaEncoder(shape=(8,), vth=1, compression=Compression.PACKED_4)
    harness = ModelHarness(PyDeltaEncoderModelSparse, encoder)
    harness.step(a_in=np.full(8, -1))
    data, index = harness.step(a_in=np.full(8, -1))["s_out"]
    assert (data.tolist(), index.tolist()) == ([-1], [-1])


@pytest.mark.parametrize(
    ("compression", "data", "index"),
    [
        (Compression.SPARSE, [3, -2, 5], [1, 2, 7]),
        (Compression.PACKED_4, [0x00FE0300], [0x05000000]),
        (Compression.DELTA_SPARSE_8, [0x0005FE03], [0x00040001]),
    ],
)
def test_messages_reach_a_receiver_as_they_were_written(compression, data, index) -> None:
    """Indices may be any words: rings of sparse ports do not look at them."""
    frame_sent = frame(400, {1: 3, 2: -2, 7: 5})[:, np.newaxis]
    source = RingBuffer(data=frame_sent)
    encoder = DeltaEncoder(shape=(400,), vth=1, compression=compression)
    decoder = Decoder((400,))
    source.s_out.connect(encoder.a_in)
    encoder.s_out.connect(decoder.a_in)
    try:
        decoder.run(condition=RunSteps(2), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
        assert decoder.data.get()[: len(data)].tolist() == data
        assert decoder.index.get()[: len(index)].tolist() == index
    finally:
        decoder.stop()
