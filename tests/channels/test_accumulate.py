"""Adding a message into an array equals receiving it and adding it with NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from lava_actor.channels import receiver
from lava_actor.errors import InvalidValueError

NUMERIC = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c16"]


def messages(size, dtype):
    """Return one message in every form: whole, sparse, and events with and without values."""
    rng = np.random.default_rng(3)
    whole = rng.integers(1, 4, size).astype(dtype)
    sparse = (rng.integers(1, 4, size) * (rng.random(size) < 0.05)).astype(dtype)
    indices = rng.integers(0, size, 6)
    return [
        (lambda w: w.send(sparse), sparse),
        (lambda w: w.send(whole), whole),
        (
            lambda w: w.send_events(None, indices),
            np.bincount(indices, minlength=size).astype(dtype),
        ),
        (
            lambda w: w.send_events(np.full(6, 2).astype(dtype), indices),
            np.bincount(indices, np.full(6, np.full(1, 2).astype(dtype)[0].real), size).astype(
                dtype
            ),
        ),
    ]


@pytest.mark.parametrize("message_dtype", NUMERIC)
@pytest.mark.parametrize("mapped", [False, True])
def test_the_sum_is_numpys_for_every_pair_of_types_and_every_form(make_ring, message_dtype, mapped):
    size = 500
    ring = make_ring((size,), message_dtype)
    rng = np.random.default_rng(4)
    index_map = rng.integers(0, 40, size).astype(np.int32) if mapped else None
    for out_dtype in NUMERIC:
        if not np.can_cast(message_dtype, out_dtype, "safe"):
            continue
        out = rng.integers(0, 9, 40 if mapped else size).astype(out_dtype)
        expected = out.copy()
        for send, dense in messages(size, message_dtype):
            send(ring.writer)
            ring.reader.accumulate(out, index_map)
            where = np.arange(size) if index_map is None else index_map
            np.add.at(expected, where, dense.astype(out_dtype))
            assert np.array_equal(out, expected), (message_dtype, out_dtype)


def test_any_shape_counts_by_flat_index(make_ring):
    ring = make_ring((2, 3), "i4")
    out = np.zeros((3, 2), np.int32)
    ring.writer.send(np.arange(6))
    ring.reader.accumulate(out)
    assert out.tolist() == [[0, 1], [2, 3], [4, 5]]
    reverse = np.arange(6, dtype=np.int32)[::-1].copy().reshape(2, 3)
    ring.writer.send(np.arange(6))
    ring.reader.accumulate(out, reverse)
    assert (out == 5).all()


@pytest.mark.parametrize("dtype", NUMERIC)
def test_a_receiver_returns_the_sum_of_a_message_of_each_ring(make_ring, dtype):
    size, rng = 500, np.random.default_rng(5)
    rings = [make_ring((size,), d) for d in (dtype, "?")]
    places = [rng.integers(0, 41, size).astype(np.int32), None]
    everywhere = [places[0], np.arange(size, dtype=np.int32)]
    for used, maps, shape, room in (
        (rings, [None, None], (20, 25), size),
        (rings, everywhere, (4, 100), size),  # what lies behind the shape is not received
        (rings[:1], places[:1], (40,), 41),
        (rings[1:], [None], (size,), size),
    ):
        take = receiver(
            [(r.reader, m) for r, m in zip(used, maps, strict=True)], shape, np.dtype(dtype), room
        )
        for send, dense in messages(size, dtype):
            expected = np.zeros(room, dtype)
            for ring, index_map in zip(used, maps, strict=True):
                if ring is rings[0]:
                    send(ring.writer)
                    message = dense
                else:
                    ring.writer.send(message := rng.random(size) < 0.1)
                where = np.arange(size) if index_map is None else index_map
                np.add.at(expected, where, message.astype(dtype))
            got = take()
            assert got.dtype == expected.dtype
            assert np.array_equal(got, expected[: np.prod(shape)].reshape(shape))
            assert not any(ring.reader.available() for ring in used)


def test_integers_wrap(make_ring):
    ring = make_ring((1,), "i4")
    out = np.array([2**31 - 1], np.int32)
    ring.writer.send([1])
    ring.reader.accumulate(out)
    assert out[0] == -(2**31)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    "index_map",
    [[0, 1, 9], [0, -1, 1], [0, 1], np.array([0, 1, 2], np.int64)],
    ids=["too large", "negative", "too short", "not int32"],
)
def test_a_map_that_does_not_fit_is_refused_and_the_message_stays(make_ring, sparse, index_map):
    ring = make_ring((3,))
    ring.writer.send_events([5.0, 5.0], [1, 2]) if sparse else ring.writer.send([5.0] * 3)
    out = np.zeros(3)
    if isinstance(index_map, list):
        index_map = np.array(index_map, np.int32)
    with pytest.raises(InvalidValueError, match="'ring'"):
        ring.reader.accumulate(out, index_map)
    assert not out.any()
    assert ring.reader.available() == 1


def test_the_target_must_be_an_array_that_can_be_written_in_place(make_ring):
    ring = make_ring((3,))
    ring.writer.send(np.zeros(3))
    read_only = np.zeros(3)
    read_only.flags.writeable = False
    for out in ([0, 0, 0], np.zeros(6)[::2], read_only, np.zeros(4), np.zeros(3, ">f8")):
        with pytest.raises(InvalidValueError, match="'ring'"):
            ring.reader.accumulate(out)


def test_empty_messages_add_nothing(make_ring):
    ring = make_ring((0,))
    ring.writer.send(np.zeros(0))
    ring.reader.accumulate(np.zeros(0))
    assert ring.reader.received == 1
