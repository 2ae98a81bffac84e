"""Events and arrays are two forms of the same message."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lava_actor.channels import Arena, RingRequest, plan_arena
from lava_actor.errors import InvalidTypeError, InvalidValueError

DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u4", "f2", "f4", "f8", "c8", "c16", "g"]


def one_ring(size, dtype, events=False):
    dtype = np.dtype(dtype).str
    request = RingRequest("ring", (size,), dtype, events, 3, 0, (1, 1), ("dense", "events"))
    arena = Arena.create(plan_arena("ab", [], [request]))
    ends = arena.writer(0), arena.reader(0, 0), arena.reader(0, 1)
    arena.close()
    return ends


def from_events(size, dtype, values, indices):
    out = np.zeros(size, dtype)
    np.add.at(out, indices, np.ones((), dtype) if values is None else values)
    return out


@st.composite
def sparse_arrays(draw):
    """Arrays with few elements set, among them the numbers that compare oddly."""
    dtype = np.dtype(draw(st.sampled_from(["?", "i1", "i2", "i4", "i8", "u1", "f4", "f8"])))
    size = draw(st.integers(0, 2000))
    array = np.zeros(size, dtype)
    if size:
        picks = st.tuples(st.integers(0, size - 1), hnp.from_dtype(dtype))
        for index, value in draw(st.lists(picks, max_size=20)):
            array[index] = value
    return array


@settings(deadline=None)
@given(sparse_arrays())
def test_a_sparse_array_arrives_bit_for_bit_and_its_events_are_its_set_elements(array):
    writer, dense, events = one_ring(array.size, array.dtype)
    writer.send(array)
    assert dense.recv().tobytes() == array.tobytes()
    values, indices = events.recv_events()
    bits = array.view(np.uint8).reshape(array.size, array.itemsize)
    expected = np.flatnonzero(bits.any(axis=1))
    assert indices.dtype == np.int32
    assert np.array_equal(indices, expected)
    if values is None:
        assert (array[expected] == 1).all()
    else:
        assert values.tobytes() == array[expected].tobytes()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("size", [5, 1000])
def test_nan_and_negative_zero_survive(dtype, size):
    writer, dense, events = one_ring(size, dtype)
    array = np.zeros(size, dtype)
    array[:3] = np.nan, -0.0, -np.inf
    writer.send(array)
    assert dense.recv().tobytes() == array.tobytes()
    values, indices = events.recv_events()
    assert indices.tolist() == [0, 1, 2]
    assert values.tobytes() == array[:3].tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [0, 1, 7, 8, 63, 64, 65, 200, 5000])
def test_events_of_an_array_do_not_depend_on_the_form_it_travelled_in(dtype, size):
    writer, dense, events = one_ring(size, dtype)
    rng = np.random.default_rng(size)
    for density in (0.0, 0.03, 0.1, 0.1, 0.13, 1.0, 0.03):
        array = (rng.integers(1, 3, size) * (rng.random(size) < density)).astype(dtype)
        writer.send(array)
        assert np.array_equal(dense.recv(), array)
        values, indices = events.recv_events()
        assert np.array_equal(indices, np.flatnonzero(array))
        expected = array[indices]
        assert (values is None) == bool((expected == 1).all())
        if values is not None:
            assert np.array_equal(values, expected)


def test_sparse_arrays_travel_as_events_and_others_whole():
    writer, dense, events = one_ring(1000, "f8")
    sparse, full = np.zeros(1000), np.ones(1000)
    sparse[3] = 1
    writer.send(sparse)
    writer.send(full)
    assert (writer.statistics().events, writer.statistics().dense) == (1, 1)
    for reader in (dense, events):
        assert reader.recv().sum() == 1
        assert reader.recv().sum() == 1000


def test_after_a_full_array_a_sparse_one_is_noticed_again_within_sixteen():
    writer, dense, events = one_ring(1000, "f8")
    writer.send(np.ones(1000))
    for reader in (dense, events):
        reader.skip()
    sparse = np.zeros(1000)
    for _ in range(16):
        writer.send(sparse)
        for reader in (dense, events):
            reader.skip()
    assert writer.statistics().events >= 1


@pytest.mark.parametrize("planned_for_events", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_sent_events_keep_their_order_and_sum_up_in_an_array(dtype, planned_for_events):
    size = 64
    writer, dense, events = one_ring(size, dtype, planned_for_events)
    order = [9, 3, 3, 0, 63]
    values = np.array([1, 0, 1, 1, 2]).astype(dtype)
    for index_dtype in (np.int32, np.int64, np.uint8, ">i8"):
        writer.send_events(values, np.array(order, index_dtype))
        got_values, got_indices = events.peek_events()
        assert got_indices.tolist() == order
        assert np.array_equal(got_values, values)
        assert np.array_equal(dense.recv(), from_events(size, dtype, values, order))
        assert np.array_equal(events.recv(), from_events(size, dtype, values, order))


def test_events_that_are_all_ones_have_no_values():
    writer, dense, events = one_ring(100, "f8")
    for values in (None, np.ones(3), [1, 1, 1]):
        writer.send_events(values, [5, 2, 2])
        got, indices = events.recv_events()
        assert got is None
        assert indices.tolist() == [5, 2, 2]
        assert dense.recv()[[2, 5]].tolist() == [2, 1]


def test_no_events_at_all_is_a_message_of_zeros():
    writer, dense, events = one_ring(4, "f8")
    for values, indices in ((None, []), ([], []), (np.zeros(0), np.zeros(0, int))):
        writer.send_events(values, indices)
        assert dense.recv().tolist() == [0, 0, 0, 0]
        assert events.recv_events()[1].tolist() == []


def test_more_events_than_an_array_ring_holds_travel_as_their_sum():
    writer, dense, events = one_ring(4, "i4")
    writer.send_events([1, 2, 3, 4, 5, 6], [0, 0, 1, 1, 3, 3])
    assert dense.recv().tolist() == [3, 7, 0, 11]
    values, indices = events.recv_events()
    assert values.tolist() == [3, 7, 11]
    assert indices.tolist() == [0, 1, 3]


@pytest.mark.parametrize("dtype", ["i1", "f8", "c16"])
@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_an_events_ring_holds_as_many_events_as_elements_in_any_order(dtype, size):
    writer, dense, events = one_ring(size, dtype, events=True)
    indices = np.arange(size)[::-1].copy()
    values = (np.arange(size) % 100 + 2).astype(dtype)
    writer.send_events(values, indices)
    got_values, got_indices = events.recv_events()
    assert np.array_equal(got_indices, indices)
    assert np.array_equal(got_values, values)
    assert np.array_equal(dense.recv(), values[::-1])
    with pytest.raises(InvalidValueError, match=f"at most {size} events"):
        writer.send_events(None, np.zeros(size + 1, int))


def test_an_events_ring_carries_any_index_but_no_array_can_be_made_of_it():
    writer, dense, events = one_ring(3, "f8", events=True)
    writer.send_events([7.0], [1000])
    assert events.recv_events()[1].tolist() == [1000]
    with pytest.raises(InvalidValueError, match="receive them as events"):
        dense.recv()
    with pytest.raises(InvalidValueError, match="reach outside"):
        dense.accumulate(np.zeros(3))
    assert dense.available() == 1
    dense.skip()


@pytest.mark.parametrize("indices", [[3], [-1], [0, 2**31]])
@pytest.mark.parametrize("values", [None, True])
def test_an_index_outside_of_an_array_ring_is_refused(indices, values):
    writer, dense, _ = one_ring(3, "f8")
    values = None if values is None else np.full(len(indices), 2.0)
    with pytest.raises(InvalidValueError, match="from 0 to 2"):
        writer.send_events(values, indices)
    assert dense.available() == 0


def test_lengths_must_agree_and_indices_be_integers():
    writer, _, _ = one_ring(3, "f8")
    with pytest.raises(InvalidValueError, match="2 values and 1 indices"):
        writer.send_events([1.0, 2.0], [0])
    with pytest.raises(InvalidTypeError, match="integer indices"):
        writer.send_events([1.0], [0.5])
