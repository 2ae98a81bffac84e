"""Message ports of a model, over every kind of channel."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest

from lava_actor.channels import CspSendPort
from lava_actor.compat.lava_names.transformers import (
    AbstractTransformer,
    IdentityTransformer,
    VirtualPortTransformer,
)
from lava_actor.model.ports.base import PortDataError
from lava_actor.model.ports.in_port import Edge, PyInPort, PyInPortVectorDense
from lava_actor.model.ports.out_port import PyOutPort

A, B = np.array([1, 2]), np.array([10, 20])


def dense_in(shape: tuple[int, ...], dtype: Any, *edges: Edge) -> Any:
    port = PyInPort.VEC_DENSE([], None, shape, dtype)
    port.connect_edges(edges)
    return port


# -- PyInPort.VEC_DENSE ---------------------------------------------------------------------------


def test_messages_of_all_sources_are_summed(link: Any) -> None:
    ends = [link((2,), np.int32) for _ in range(3)]
    for (send, _), data in zip(ends, ([1, 2], [10, 20], [100, 200]), strict=True):
        send.send(np.array(data))
    port = PyInPort.VEC_DENSE([recv for _, recv in ends], None, (2,), np.int32)
    np.testing.assert_array_equal(port.recv(), [111, 222])


def test_probe_is_true_iff_every_source_has_a_message(link: Any) -> None:
    (send_a, recv_a), (send_b, recv_b) = link((2,), np.int32), link((2,), np.int32)
    port = PyInPort.VEC_DENSE([recv_a, recv_b], None, (2,), np.int32)
    assert not port.probe()
    send_a.send(A)
    assert not port.probe()
    send_b.send(B)
    assert port.probe()
    port.recv()
    assert not port.probe()


def test_peek_shows_what_recv_returns_and_takes_nothing(link: Any) -> None:
    ends = [link((2,), np.int32), link((2,), np.int32)]
    port = dense_in((2,), np.int32, Edge(ends[0][1]), Edge(ends[1][1], np.array([1, 0], np.int32)))
    for send, _ in ends:
        send.send(A)
        send.send(B)
    for expected in ([3, 3], [30, 30]):
        np.testing.assert_array_equal(port.peek(), expected)
        np.testing.assert_array_equal(port.peek(), expected)
        np.testing.assert_array_equal(port.recv(), expected)


def test_messages_queue_up_in_order(link: Any) -> None:
    send, recv = link((1,), np.int32)
    port = PyInPort.VEC_DENSE([recv], None, (1,), np.int32)
    for i in range(5):
        send.send(np.array([i]))
    assert [int(port.recv()[0]) for _ in range(5)] == [0, 1, 2, 3, 4]


def test_every_message_is_an_array_of_the_callers_own(link: Any) -> None:
    send, recv = link((2,), np.float64)
    port = PyInPort.VEC_DENSE([recv], None, (2,), float)
    data = np.array([1.0, 2.0])
    send.send(data)
    data[:] = 0
    send.send(data)
    first = port.recv()
    second = port.recv()
    first += 5
    np.testing.assert_array_equal(second, [0, 0])


@pytest.mark.parametrize(
    ("own", "sources", "expected"),
    [
        (np.int32, [np.float64], np.float64),
        (float, [np.int32], np.float64),
        (np.int32, [bool, np.int32], np.int32),
        (bool, [bool], np.bool_),
        (np.int16, [np.int8, np.int64], np.int64),
        (np.int32, [np.int32], np.int32),
    ],
)
def test_the_dtype_of_a_message_follows_numpys_promotion(
    link: Any, own: Any, sources: list[Any], expected: Any
) -> None:
    ends = [link((2,), dtype) for dtype in sources]
    port = PyInPort.VEC_DENSE([recv for _, recv in ends], None, (2,), own)
    for send, _ in ends:
        send.send(np.array([1, 0]))
    peeked, received = port.peek(), port.recv()
    assert received.dtype == peeked.dtype == np.dtype(expected)
    np.testing.assert_array_equal(received, np.zeros(2, own) + sum([np.array([1, 0])] * len(ends)))


def test_an_unconnected_port_receives_zeros_at_once() -> None:
    port = PyInPort.VEC_DENSE([], None, (2, 3), np.int16)
    assert port.probe()
    for data in (port.recv(), port.peek()):
        assert data.dtype == np.int16
        np.testing.assert_array_equal(data, np.zeros((2, 3)))
    values, indices = port.recv_events()
    assert values is None
    assert indices.size == 0
    assert port.csp_ports == []
    assert port.shape == port._shape == (2, 3)


@pytest.mark.parametrize("shape", [(6,), (3, 2), (2, 3), (1, 6)])
def test_messages_take_the_shape_of_the_port(link: Any, shape: tuple[int, ...]) -> None:
    send, recv = link((2, 3), np.int32)
    port = dense_in(shape, np.int32, Edge(recv))
    data = np.arange(6).reshape(2, 3)
    for _ in range(2):
        send.send(data)
    np.testing.assert_array_equal(port.peek(), data.reshape(shape))
    np.testing.assert_array_equal(port.recv(), data.reshape(shape))


def test_an_index_map_moves_elements_and_functions_transform_arrays(link: Any) -> None:
    data = np.arange(1, 7).reshape(2, 3)
    transposed = np.arange(6).reshape(3, 2).T.reshape(-1).astype(np.int32)
    by_map = link((2, 3), np.int32)
    by_function = link((2, 3), np.int32)
    plain = link((3, 2), np.int32)
    port = dense_in(
        (3, 2),
        np.int32,
        Edge(by_map[1], transposed),
        Edge(by_function[1], None, (np.transpose, lambda a: 10 * a)),
        Edge(plain[1]),
    )
    for _ in range(2):
        by_map[0].send(data)
        by_function[0].send(data)
        plain[0].send(np.full((3, 2), 1000))
    np.testing.assert_array_equal(port.peek(), 11 * data.T + 1000)
    np.testing.assert_array_equal(port.recv(), 11 * data.T + 1000)
    values, indices = port.recv_events()
    np.testing.assert_array_equal(indices, np.arange(6))
    np.testing.assert_array_equal(values, (11 * data.T + 1000).reshape(-1))


def test_sources_may_fill_parts_of_a_port(link: Any) -> None:
    left, right = link((2,), np.int32), link((1,), np.int32)
    port = dense_in((3,), np.int32, Edge(left[1], np.array([0, 1])), Edge(right[1], np.array([2])))
    left[0].send(A)
    right[0].send(np.array([7]))
    np.testing.assert_array_equal(port.recv(), [1, 2, 7])


def test_a_function_may_change_the_dtype(link: Any) -> None:
    send, recv = link((), np.int32)
    other_send, other_recv = link((), np.int32)
    port = dense_in((), np.int32, Edge(recv, None, (lambda a: a / 2,)), Edge(other_recv))
    send.send(np.array(3))
    other_send.send(np.array(1))
    assert port.recv() == 2.5


def test_edges_that_do_not_fit_are_refused_when_they_are_connected(link: Any) -> None:
    _, recv = link((3,), np.int32)
    with pytest.raises(PortDataError, match="do not fit"):
        dense_in((2,), np.int32, Edge(recv))
    with pytest.raises(PortDataError, match="index map of 3"):
        dense_in((2,), np.int32, Edge(recv, np.array([0, 1])))
    with pytest.raises(PortDataError, match="from 0 to 2"):
        dense_in((2,), np.int32, Edge(recv, np.array([0, 1, 2])))


def test_a_function_that_returns_another_number_of_elements_is_named(link: Any) -> None:
    send, recv = link((3,), np.int32)
    port = dense_in((3,), np.int32, Edge(recv, None, (lambda a: a[:2],)))
    send.send(np.zeros(3))
    with pytest.raises(PortDataError, match="must return 3 elements"):
        port.recv()


def test_ports_without_elements_work(link: Any) -> None:
    send, recv = link((0,), np.int32)
    port = PyInPort.VEC_DENSE([recv], None, (0,), np.int32)
    send.send(np.zeros(0))
    send.send(np.zeros(0))
    assert port.recv().shape == (0,)
    assert port.recv_events()[1].size == 0


def test_transformers_given_to_the_constructor_apply_per_channel_end(link: Any) -> None:
    (send_a, recv_a), (send_b, recv_b) = link((2,), np.int32), link((2,), np.int32)
    transformer = VirtualPortTransformer(
        {"a": recv_a, "b": recv_b}, {"a": [lambda x: x[::-1], lambda x: x + 1]}
    )
    port = PyInPort.VEC_DENSE([recv_a, recv_b], None, (2,), np.int32, transformer)
    send_a.send(A)
    send_b.send(B)
    np.testing.assert_array_equal(port.recv(), [13, 22])

    class Own(AbstractTransformer):
        def transform(self, data: np.ndarray, csp_port: Any) -> np.ndarray:
            return -data

    port = PyInPort.VEC_DENSE([recv_a], None, (2,), np.int32, Own())
    send_a.send(A)
    np.testing.assert_array_equal(port.recv(), -A)


def test_transformers_refuse_what_they_do_not_know() -> None:
    with pytest.raises(AssertionError, match="at least one"):
        VirtualPortTransformer({}, {})
    known = object()
    transformer = VirtualPortTransformer({"a": known}, {})
    np.testing.assert_array_equal(transformer.transform(A, known), A)
    with pytest.raises(AssertionError, match="none of its"):
        transformer.transform(A, object())
    assert IdentityTransformer().transform(A, None) is A


def test_a_subclass_may_override_recv(link: Any) -> None:
    class Doubling(PyInPortVectorDense):
        def recv(self) -> np.ndarray:
            return 2 * super().recv()

    send, recv = link((2,), np.int32)
    send.send(A)
    np.testing.assert_array_equal(Doubling([recv], None, (2,), np.int32).recv(), 2 * A)


# -- events ---------------------------------------------------------------------------------------


def test_events_of_one_source_come_as_they_were_sent(link: Any) -> None:
    send, recv = link((5,), np.int32, events=True)
    out = PyOutPort.VEC_SPARSE([send], None, (5,), np.int32)
    port = PyInPort.VEC_SPARSE([recv], None, (5,), np.int32)
    for _ in range(2):
        out.send(np.array([7, 8]), np.array([1, 3]))
    values, indices = port.peek()
    np.testing.assert_array_equal(values, [7, 8])
    values, indices = port.recv()
    np.testing.assert_array_equal(values, [7, 8])
    np.testing.assert_array_equal(indices, [1, 3])
    assert port.probe()


def test_float_events_keep_their_values(link: Any) -> None:
    send, recv = link((5,), np.float64, events=True)
    PyOutPort.VEC_SPARSE([send], None, (5,), float).send(np.array([0.5, 1.5]), np.array([1, 4]))
    values, indices = PyInPort.VEC_SPARSE([recv], None, (5,), float).recv()
    np.testing.assert_array_equal(values, [0.5, 1.5])
    np.testing.assert_array_equal(indices, [1, 4])


def test_dense_and_sparse_ports_can_be_mixed(link: Any) -> None:
    send, recv = link((2, 2), np.int32)
    out = PyOutPort.VEC_DENSE([send], None, (2, 2), np.int32)
    port = PyInPort.VEC_SPARSE([recv], None, (2, 2), np.int32)
    out.send(np.array([[0, 5], [1, 0]]))
    values, indices = port.recv()
    np.testing.assert_array_equal(values, [5, 1])
    np.testing.assert_array_equal(indices, [1, 2])

    send, recv = link((4,), np.int32)
    PyOutPort.VEC_SPARSE([send], None, (4,), np.int32).send(np.array([5, 6]), np.array([3, 0]))
    np.testing.assert_array_equal(
        PyInPort.VEC_DENSE([recv], None, (4,), np.int32).recv(), [6, 0, 0, 5]
    )


def test_events_are_sent_where_a_mask_is_true(link: Any) -> None:
    for message in (np.array([0, 5, 0, 6]), np.array([[0, 5], [6, 7]])):
        send, recv = link(message.shape, np.int32)
        where = np.where(message)
        PyOutPort.VEC_SPARSE([send], None, message.shape, np.int32).send(message[where], where)
        port = PyInPort.VEC_DENSE([recv], None, message.shape, np.int32)
        np.testing.assert_array_equal(port.recv(), message)
    send, _ = link((2, 2), np.int32)
    out = PyOutPort.VEC_SPARSE([send], None, (2, 2), np.int32)
    with pytest.raises(ValueError, match="send"):
        out.send(np.array([1]), (np.array([2]), np.array([0])))


def test_events_of_several_sources_are_one_ascending_set_with_sums(link: Any) -> None:
    ends = [link((6,), np.int32) for _ in range(2)]
    outs = [PyOutPort.VEC_SPARSE([send], None, (6,), np.int32) for send, _ in ends]
    port = PyInPort.VEC_SPARSE([recv for _, recv in ends], None, (6,), np.int32)
    outs[0].send(np.array([3, 4]), np.array([1, 5]))
    outs[1].send(np.array([10, 20]), np.array([0, 5]))
    values, indices = port.recv()
    np.testing.assert_array_equal(indices, [0, 1, 5])
    np.testing.assert_array_equal(values, [10, 3, 24])


def test_spikes_of_several_sources_add_up_like_whole_messages(link: Any) -> None:
    for dtype in (np.int32, float, bool):
        ends = [link((6,), bool) for _ in range(2)]
        port = PyInPort.VEC_DENSE([recv for _, recv in ends], None, (6,), dtype)
        a, b = np.array([1, 0, 0, 1, 0, 0], bool), np.array([1, 0, 1, 0, 0, 0], bool)
        for _ in range(2):
            ends[0][0].send(a)
            ends[1][0].send(b)
        whole = port.recv()
        values, indices = port.recv_events()
        rebuilt = np.zeros(6, whole.dtype)
        rebuilt[indices] = 1 if values is None else values
        np.testing.assert_array_equal(rebuilt, whole)
        assert values is None or values.dtype == whole.dtype


def test_spikes_at_different_places_need_no_values(link: Any) -> None:
    ends = [link((4,), bool) for _ in range(2)]
    port = PyInPort.VEC_DENSE([recv for _, recv in ends], None, (4,), np.int32)
    ends[0][0].send(np.array([1, 0, 0, 0], bool))
    ends[1][0].send(np.array([0, 0, 1, 0], bool))
    values, indices = port.recv_events()
    assert values is None
    np.testing.assert_array_equal(indices, [0, 2])


def test_events_go_through_index_maps_in_the_order_sent(link: Any) -> None:
    send, recv = link((3,), np.int32)
    port = dense_in((3,), np.int32, Edge(recv, np.array([2, 1, 0])))
    send.send(np.array([5, 0, 6]))
    values, indices = port.recv_events()
    np.testing.assert_array_equal(values, [5, 6])
    np.testing.assert_array_equal(indices, [2, 0])


def test_events_have_the_promoted_dtype(link: Any) -> None:
    send, recv = link((3,), np.int8)
    port = PyInPort.VEC_DENSE([recv], None, (3,), np.float32)
    send.send(np.array([0, 2, 0]))
    values, _ = port.recv_events()
    assert values.dtype == np.float32


def test_an_unconnected_sparse_port_receives_two_empty_arrays() -> None:
    values, indices = PyInPort.VEC_SPARSE([], None, (3,), np.int16).recv()
    assert values.dtype == np.int16
    assert values.shape == indices.shape == (0,)


# -- scalars --------------------------------------------------------------------------------------


def test_scalar_ports_carry_numbers(link: Any) -> None:
    ends = [link((1,), np.int32), link((1,), np.int32)]
    outs = [PyOutPort.SCALAR_DENSE([send], None, (1,), np.int32) for send, _ in ends]
    port = PyInPort.SCALAR_DENSE([recv for _, recv in ends], None, (1,), np.int32)
    outs[0].send(3)
    outs[1].send(np.array([4]))
    assert port.peek() == 7
    number = port.recv()
    assert number == 7
    assert np.ndim(number) == 0
    assert PyInPort.SCALAR_DENSE([], None, (1,), np.int32).recv() == 0


@pytest.mark.parametrize("cls", [PyInPort.SCALAR_DENSE, PyOutPort.SCALAR_DENSE])
def test_a_scalar_port_cannot_stand_for_an_array(cls: Any) -> None:
    with pytest.raises(PortDataError, match="carries one number"):
        cls([], None, (2,), np.int32)


def test_scalar_sparse_ports_hand_out_one_event_at_a_time(link: Any) -> None:
    send, recv = link((4,), np.int32)
    one = PyOutPort.SCALAR_SPARSE([send], None, (4,), np.int32)
    many = PyOutPort.VEC_SPARSE([send], None, (4,), np.int32)
    port = PyInPort.SCALAR_SPARSE([recv], None, (4,), np.int32)
    assert not port.probe()
    one.send(9, 2)
    many.send(np.array([], int), np.array([], int))
    many.send(np.array([5, 6]), np.array([0, 3]))
    assert port.probe()
    assert port.peek() == (9, 2)
    assert [port.recv() for _ in range(3)] == [(9, 2), (5, 0), (6, 3)]
    assert not port.probe()
    unconnected = PyInPort.SCALAR_SPARSE([], None, (4,), np.int32)
    assert unconnected.probe()
    assert unconnected.recv() == unconnected.peek() == (0, 0)


# -- PyOutPort ------------------------------------------------------------------------------------


def test_data_are_cast_like_in_an_array_assignment(link: Any) -> None:
    send, recv = link((3,), np.int32)
    is_native = isinstance(send, CspSendPort)
    with pytest.warns(match="is sent as") if is_native else contextlib.nullcontext():
        PyOutPort.VEC_DENSE([send], None, (3,), np.int32).send(np.array([1.9, -3.9, 0]))
    np.testing.assert_array_equal(recv.recv(), [1, -3, 0])
    send, recv = link((3,), bool)
    PyOutPort.VEC_DENSE([send], None, (3,), bool).send(np.array([2, 0, -1]))
    np.testing.assert_array_equal(recv.recv(), [True, False, True])


@pytest.mark.parametrize("data", [3, 3.0, np.int8(3), np.array(3), np.array([[3]]), [3]])
def test_a_port_of_size_one_takes_numbers(link: Any, data: Any) -> None:
    send, recv = link((1,), np.int32)
    PyOutPort.VEC_DENSE([send], None, (1,), np.int32).send(data)
    np.testing.assert_array_equal(recv.recv(), [3])


@pytest.mark.parametrize("data", [np.zeros(3), np.zeros((1, 2)), 3, np.zeros((2, 1))])
def test_another_shape_is_refused_by_name(link: Any, data: Any) -> None:
    send, recv = link((2,), np.int32)

    class Model:
        _la_process_name = "sender"

    model = Model()
    model.s_out = port = PyOutPort.VEC_DENSE([send], model, (2,), np.int32)  # type: ignore[attr-defined]
    with pytest.raises(AssertionError, match=r"sender\.s_out\.send: expected shape \(2,\)"):
        port.send(data)
    with pytest.raises(ValueError, match="expected shape"):
        port.send(data)
    assert not recv.probe()


def test_what_is_no_number_is_refused(link: Any) -> None:
    send, _ = link((1,), np.int32)
    with pytest.raises(TypeError, match="expected numbers"):
        PyOutPort.VEC_DENSE([send], None, (1,), np.int32).send("a")


MASKED = np.ma.masked_equal([1, 2], 1)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (np.array(["1", "2"]), "expected numbers"),
        (["1", "2"], "expected numbers"),
        (np.array([1, 2], object), "expected numbers"),
        (MASKED, "without a mask"),
    ],
)
def test_text_objects_and_masks_are_refused_by_every_kind_of_port(
    link: Any, data: Any, why: str
) -> None:
    send, recv = link((2,), np.int32)
    sparse, _ = link((2,), np.int32, events=True)
    one, _ = link((1,), np.int32)
    with pytest.raises(TypeError, match=why):
        PyOutPort.VEC_DENSE([send], None, (2,), np.int32).send(data)
    with pytest.raises(TypeError, match=why):
        PyOutPort.VEC_SPARSE([sparse], None, (2,), np.int32).send(data, np.arange(2))
    with pytest.raises(TypeError, match=why):
        PyOutPort.SCALAR_DENSE([one], None, (1,), np.int32).send(data[:1])
    with pytest.raises(TypeError, match=why):
        PyOutPort.SCALAR_SPARSE([sparse], None, (2,), np.int32).send(data[:1], 1)
    assert not recv.probe()
    PyOutPort.VEC_DENSE([send], None, (2,), np.int32).send(np.ma.array([1, 2]))
    np.testing.assert_array_equal(recv.recv(), [1, 2])


def test_every_destination_gets_every_message(link: Any) -> None:
    ends = [link((2,), np.int32) for _ in range(3)]
    PyOutPort.VEC_DENSE([send for send, _ in ends], None, (2,), np.int32).send(A)
    for _, recv in ends:
        np.testing.assert_array_equal(recv.recv(), A)


def test_unconnected_out_ports_drop_what_they_are_given() -> None:
    PyOutPort.VEC_DENSE([], None, (2,), np.int32).send(np.zeros(99))
    PyOutPort.VEC_SPARSE([], None, (2,), np.int32).send(np.zeros(9), np.zeros(3))
    PyOutPort.SCALAR_DENSE([], None, (1,), np.int32).send("x")
    PyOutPort.SCALAR_SPARSE([], None, (2,), np.int32).send(1, 99)
    port = PyOutPort.VEC_DENSE([], None, (2,), np.int32)
    port.send_events(None, np.array([1]))
    port.flush()


def test_sparse_data_and_indices_must_fit(link: Any) -> None:
    send, recv = link((3,), np.int32, events=True)
    port = PyOutPort.VEC_SPARSE([send], None, (3,), np.int32)
    with pytest.raises(PortDataError, match="equal length"):
        port.send(np.array([1, 2]), np.array([1]))
    with pytest.raises(PortDataError, match="at most 3"):
        port.send(np.ones(4), np.arange(4))
    with pytest.raises(PortDataError, match="integer indices"):
        port.send(np.ones(1), np.array([0.5]))
    port.send(np.ones(1), np.array([2.0]))
    assert recv.recv()[2] == 1
    with pytest.raises(PortDataError, match="below 3"):
        PyOutPort.SCALAR_SPARSE([send], None, (3,), np.int32).send(1, 3)


def test_dense_ports_may_send_events_too(link: Any) -> None:
    send, recv = link((4,), bool)
    PyOutPort.VEC_DENSE([send], None, (4,), bool).send_events(None, np.array([1, 3]))
    np.testing.assert_array_equal(recv.recv(), [False, True, False, True])


def test_non_contiguous_arrays_are_sent_as_they_look(link: Any) -> None:
    send, recv = link((2, 3), np.float64)
    data = np.arange(6.0).reshape(3, 2).T
    PyOutPort.VEC_DENSE([send], None, (2, 3), float).send(data)
    np.testing.assert_array_equal(recv.recv(), data)


def test_ports_start_and_join_their_channel_ends() -> None:
    calls = []

    class End:
        shape, d_type = (1,), np.dtype(int)

        def start(self) -> None:
            calls.append("start")

        def join(self) -> None:
            calls.append("join")

    port = PyOutPort.VEC_DENSE([End(), End()], None, (1,), int)
    port.start()
    port.join()
    assert calls == ["start", "start", "join", "join"]
