"""Channel ends, the stand-alone channel and the selector."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from lava_actor.channels import (
    AbstractCspRecvPort,
    AbstractCspSendPort,
    CspRecvPort,
    CspSendPort,
    SpinOnFreeCore,
    SpinThenBlock,
    choose_policy,
)
from lava_actor.channels.wait import available_cores
from lava_actor.compat.lava_names.channels import Channel, CspSelector, PyPyChannel
from lava_actor.errors import ChannelAborted, NetworkError, PeerClosedError, RuntimeStateError


def channel(shape=(2,), dtype=np.int32, size=2, name=""):
    made = PyPyChannel(None, f"source{name}", f"target{name}", shape, dtype, size)
    made.src_port.start()
    made.dst_port.start()
    return made


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float64])
@pytest.mark.parametrize("shape", [(6,), (2, 3), (1, 2, 3)])
def test_data_crosses_within_one_process(shape, dtype):
    made = channel(shape, dtype)
    data = np.arange(6).reshape(shape).astype(dtype)
    made.src_port.send(data)
    assert made.dst_port.probe()
    got = made.dst_port.recv()
    assert np.array_equal(got, data)
    assert got.dtype == dtype
    assert not made.dst_port.probe()


def test_ends_know_their_properties():
    made = channel((2, 3), np.int16, 5)
    assert isinstance(made, Channel)
    assert isinstance(made.src_port, AbstractCspSendPort)
    assert isinstance(made.dst_port, AbstractCspRecvPort)
    assert (made.src_port.name, made.dst_port.name) == ("source", "target")
    for port in (made.src_port, made.dst_port):
        assert (port.shape, port.d_type, port.size) == ((2, 3), np.dtype(np.int16), 5)


def test_a_relay_of_three_processes_delivers_everything_and_peek_equals_recv(child):
    first, second = channel(name=" 1"), channel(name=" 2")
    n = 200

    def produce():
        first.src_port.start()
        for i in range(n):
            first.src_port.send(np.array([i, -i]))

    def relay():
        for _ in range(n):
            peeked = first.dst_port.peek()
            received = first.dst_port.recv()
            assert np.array_equal(peeked, received)
            second.src_port.send(received)

    with child(produce), child(relay):
        for i in range(n):
            assert second.dst_port.peek().tolist() == [i, -i]
            assert second.dst_port.recv().tolist() == [i, -i]


def test_as_many_sends_succeed_as_the_channel_holds(child, until_blocked):
    made = channel(size=3)

    def send():
        for i in range(4):
            made.src_port.send(np.array([i, i]))

    with child(send):
        until_blocked(made.src_port.ring.party, "space")
        assert made.dst_port.num_available() == 3
        assert made.src_port.num_available() == 3
        assert not made.src_port.probe()
        made.dst_port.recv()
    assert made.dst_port.num_available() == 3


def test_a_message_of_another_shape_is_an_assertion_error_that_names_the_port():
    made = channel((2, 3))
    for data in (np.zeros(6), np.zeros((3, 2)), 1.0):
        with pytest.raises(AssertionError, match=r"source\.send.*\(2, 3\)") as caught:
            made.src_port.send(data)
        assert isinstance(caught.value, NetworkError)


def test_join_ends_either_side(child):
    made = channel()
    made.src_port.send(np.zeros(2))
    made.src_port.join()
    made.dst_port.recv()
    with pytest.raises(PeerClosedError):
        made.dst_port.recv()
    with pytest.raises(RuntimeStateError):
        made.src_port.send(np.zeros(2))
    other = channel(size=1)
    other.dst_port.join()
    for _ in range(3):
        other.src_port.send(np.zeros(2))


def test_join_in_a_process_that_did_not_start_the_end_changes_nothing(child):
    made = channel()

    def join():
        made.src_port.join()
        made.dst_port.join()

    with child(join):
        pass
    made.src_port.send(np.ones(2))
    assert made.dst_port.recv().tolist() == [1, 1]
    made.src_port.join()
    made.src_port.join()


def test_a_channel_holds_no_descriptor_and_no_thread():
    made = [channel() for _ in range(50)]  # the always-on fixture would see what is left behind
    assert len(made) == 50


def test_the_selector_takes_the_first_ready_port_in_the_order_given():
    first, second = channel(), channel()
    for made in (first, second):
        made.src_port.send(np.zeros(2))
    choices = (first.dst_port, lambda: "first"), (second.dst_port, lambda: "second")
    assert CspSelector().select(*choices) == "first"
    assert CspSelector().select(*reversed(choices)) == "second"
    first.dst_port.recv()
    assert CspSelector().select(*choices) == "second"


def test_the_selector_waits_for_another_process(child):
    data, command = channel(), channel()
    n = 300

    def send():
        for i in range(n):
            (command if i % 3 == 0 else data).src_port.send(np.array([i, 0]))

    selector = CspSelector()
    choices = [
        (port, lambda port=port: port.recv()[0]) for port in (command.dst_port, data.dst_port)
    ]
    with child(send):
        got = [selector.select(*choices) for _ in range(n)]
    assert sorted(got) == list(range(n))
    assert [i for i in got if i % 3 == 0] == list(range(0, n, 3))


def test_the_selector_waits_for_one_port_and_for_space(child, until_blocked):
    made = channel(size=1)
    made.src_port.send(np.zeros(2))

    def receive():
        made.dst_port.recv()

    with child(receive):
        assert CspSelector().select((made.src_port, lambda: "space")) == "space"


def test_the_selector_gives_up_when_nothing_can_come():
    first, second = channel(), channel()
    first.src_port.join()
    second.src_port.join()
    with pytest.raises(PeerClosedError, match="target"):
        CspSelector().select((first.dst_port, dict), (second.dst_port, dict))


def test_an_abort_frees_the_selector(make_ring):
    ring = make_ring()
    port = CspRecvPort(ring.reader, "in")
    ring.arena.abort()
    with pytest.raises(ChannelAborted, match="in"):
        CspSelector().select((port, dict))


def test_ends_of_a_network_are_made_from_its_rings(make_ring):
    ring = make_ring((2,), n_readers=2)
    source = CspSendPort(ring.writer, "lif.s_out")
    targets = [CspRecvPort(reader, "dense.s_in") for reader in ring.readers]
    source.send([1, 2])
    assert [target.recv().tolist() for target in targets] == [[1, 2], [1, 2]]
    assert source.ring is ring.writer
    assert targets[0].ring is ring.readers[0]


def test_the_constructor_takes_lavas_arguments_by_name():
    names = list(inspect.signature(PyPyChannel).parameters)[:6]
    assert names == ["message_infrastructure", "src_name", "dst_name", "shape", "dtype", "size"]


def test_parties_spin_only_while_they_fit_the_cores():
    assert isinstance(choose_policy(2, cores=2), SpinThenBlock)
    assert isinstance(choose_policy(3, cores=2), SpinOnFreeCore)
    assert type(choose_policy(available_cores())) is SpinThenBlock
    made = channel()
    SpinThenBlock(7).apply(made.src_port.ring.party)
    assert made.src_port.ring.party.spin_us == 7
