"""Messages arrive where they should, added up where several end in one port, and in order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lava_actor import (
    ActorType,
    InPort,
    LavaPyType,
    LoihiProtocol,
    OutPort,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    RunSteps,
    Var,
    implements,
)
from lava_actor.process.ports.ports import AbstractPort, AbstractVirtualPort
from tests.runtime.networks import (
    AbstractProcess,
    Counter,
    Expand,
    First,
    HierarchicalSender,
    HierarchicalSink,
    Permute,
    Relay,
    Sender,
    Sink,
)

ACTOR_TYPES = (ActorType.MultiProcessing, ActorType.Threading)


@pytest.mark.parametrize("actor_type", ACTOR_TYPES)
def test_a_receiver_keeps_what_a_sender_sends(actor_type: ActorType) -> None:
    sender, sink = Sender([1, 2]), Sink(shape=(2,))
    sender.out.connect(sink.inp)
    with sink:
        sink.run(RunSteps(2), First(), {"actor_type": actor_type})
        assert np.array_equal(sink.last.get(), [1, 2])
        assert np.array_equal(sink.total.get(), [2, 4])


@pytest.mark.parametrize("actor_type", ACTOR_TYPES)
def test_three_senders_into_one_port_are_added(actor_type: ActorType) -> None:
    senders = [Sender([1, 2]) for _ in range(3)]
    sink = Sink(shape=(2,))
    sink.inp.connect_from([s.out for s in senders])
    with sink:
        sink.run(RunSteps(2), First(), {"actor_type": actor_type})
        assert np.array_equal(sink.last.get(), [3, 6])


@pytest.mark.parametrize("actor_type", ACTOR_TYPES)
def test_one_sender_reaches_three_receivers(actor_type: ActorType) -> None:
    sender = Sender([1, 2])
    sinks = [Sink(shape=(2,)) for _ in range(3)]
    sender.out.connect([s.inp for s in sinks])
    with sender:
        sender.run(RunSteps(2), First(), {"actor_type": actor_type})
        for sink in sinks:
            assert np.array_equal(sink.last.get(), [1, 2])


@pytest.mark.parametrize("n_senders", [1, 3])
@pytest.mark.parametrize("n_sinks", [1, 3])
def test_hierarchical_processes_compute_the_same(n_senders: int, n_sinks: int) -> None:
    senders = [HierarchicalSender([1, 2]) for _ in range(n_senders)]
    sinks = [HierarchicalSink(shape=(2,)) for _ in range(n_sinks)]
    for sender in senders:
        sender.out.connect([sink.inp for sink in sinks])
    with senders[0]:
        senders[0].run(RunSteps(2), Expand())
        for sink in sinks:
            assert np.array_equal(sink.last.get(), [n_senders, 2 * n_senders])
        for sender in senders:
            assert np.array_equal(sender.data.get(), [1, 2])
            assert sender.runtime is senders[0].runtime


def test_a_hierarchical_receiver_nobody_sends_to_receives_zeros() -> None:
    with HierarchicalSink(shape=(2,)) as sink:
        sink.run(RunSteps(3), Expand())
        assert np.array_equal(sink.last.get(), [0, 0])


def test_a_hierarchical_sender_nobody_listens_to_runs() -> None:
    with HierarchicalSender([3, 4]) as sender:
        sender.run(RunSteps(3), Expand())
        assert np.array_equal(sender.data.get(), [3, 4])


def test_unconnected_ports_do_not_keep_a_network_from_running() -> None:
    with Relay(shape=(2,), add=1) as relay:
        relay.run(RunSteps(3), First())
        assert np.array_equal(relay.last.get(), [1, 1])


def test_five_processes_in_a_chain_have_four_channels() -> None:
    first, last = Counter(), Sink()
    relays = [Relay(add=1) for _ in range(3)]
    for one, other in zip((first, *relays), (*relays, last), strict=True):
        one.out.connect(other.inp)
    executable = first.compile(First())
    assert len(executable.proc_builders) == 5
    assert len(executable.channel_builders) == 4
    with first:
        first.run(RunSteps(4))
        assert last.last.get() == 7
        assert last.total.get() == 4 + 5 + 6 + 7


def test_a_message_may_go_through_a_hundred_steps_of_a_ring_with_one_slot() -> None:
    counter, sink = Counter(), Sink()
    counter.out.connect(sink.inp)
    with sink:
        sink.run(RunSteps(100), First(), {"pypy_channel_size": 1})
        assert sink.total.get() == 5050


# --- what a model may do with its ports --------------------------------------------------------


class Burst(AbstractProcess):
    """Sends `n` messages in one step, and none in the others of a cycle of `n` steps."""

    def __init__(self, n: int) -> None:
        super().__init__(n=n)
        self.out = OutPort((1,))
        self.number = Var((1,), init=0)


@implements(proc=Burst, protocol=LoihiProtocol)
class PyBurst(PyLoihiProcessModel):
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)
    number: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        n = self.proc_params["n"]
        if (self.time_step - 1) % n == 0:
            for _ in range(n):
                self.number += 1
                self.out.send(self.number)


class Drain(AbstractProcess):
    """Receives all there is in every `n`-th step; keeps what came, in order."""

    def __init__(self, n: int) -> None:
        super().__init__(n=n)
        self.inp = InPort((1,))
        self.kept = Var((256,), init=0)
        self.count = Var((1,), init=0)


@implements(proc=Drain, protocol=LoihiProtocol)
class PyDrain(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    kept: np.ndarray = LavaPyType(np.ndarray, np.int64)
    count: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        n = self.proc_params["n"]
        if self.time_step % n == 0:
            for _ in range(n):
                self.kept[self.count[0]] = self.inp.recv()[0]
                self.count += 1


@pytest.mark.parametrize(("sent", "taken"), [(1, 64), (64, 1), (64, 64), (16, 32), (1, 32)])
def test_up_to_64_messages_may_wait_in_a_port(sent: int, taken: int) -> None:
    burst, drain = Burst(sent), Drain(taken)
    burst.out.connect(drain.inp)
    with drain:
        drain.run(RunSteps(192), First())
        count = int(drain.count.get()[0])
        assert count == 192
        assert np.array_equal(drain.kept.get()[:count], np.arange(1, count + 1))


class Prober(AbstractProcess):
    """Two sources into one port: what `probe` and `peek` say around `recv`."""

    def __init__(self) -> None:
        super().__init__()
        self.inp = InPort((2,))
        self.before = Var((1,), init=-1)
        self.after = Var((1,), init=-1)
        self.peeked = Var((2,), init=-1)
        self.received = Var((2,), init=-1)


@implements(proc=Prober, protocol=LoihiProtocol)
class PyProber(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    before: np.ndarray = LavaPyType(np.ndarray, np.int64)
    after: np.ndarray = LavaPyType(np.ndarray, np.int64)
    peeked: np.ndarray = LavaPyType(np.ndarray, np.int64)
    received: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        if self.time_step == 2:  # the messages of both steps are there then
            self.peeked = self.inp.peek()
            self.before[:] = self.inp.probe()
            self.received = self.inp.recv()
            self.inp.recv()
            self.after[:] = self.inp.probe()


def test_probe_tells_whether_every_source_has_a_message_and_peek_does_not_take_it() -> None:
    one, two, prober = Sender([1, 2]), Sender([10, 20]), Prober()
    prober.inp.connect_from([one.out, two.out])
    with prober:
        prober.run(RunSteps(2), First())
        assert np.array_equal(prober.peeked.get(), [11, 22])
        assert np.array_equal(prober.received.get(), [11, 22])
        assert prober.before.get() == 1
        assert prober.after.get() == 0


class SparseSender(AbstractProcess):
    """Sends ``time_step`` values at descending indices."""

    def __init__(self, n: int) -> None:
        super().__init__(n=n)
        self.out = OutPort((n,))


@implements(proc=SparseSender, protocol=LoihiProtocol)
class PySparseSender(PyLoihiProcessModel):
    out: PyOutPort = LavaPyType(PyOutPort.VEC_SPARSE, np.int32)

    def run_spk(self) -> None:
        indices = np.arange(self.time_step)[::-1]
        self.out.send(indices + 100, indices)


class SparseSink(AbstractProcess):
    """Adds up values by index; counts messages' lengths."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.inp = InPort((n,))
        self.sums = Var((n,), init=0)
        self.lengths = Var((16,), init=0)


@implements(proc=SparseSink, protocol=LoihiProtocol)
class PySparseSink(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_SPARSE, np.int32)
    sums: np.ndarray = LavaPyType(np.ndarray, np.int64)
    lengths: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        values, indices = self.inp.recv()
        self.lengths[self.time_step] = len(values)
        np.add.at(self.sums, indices, values)


def test_sparse_messages_keep_their_length_between_actors() -> None:
    sender, sink = SparseSender(6), SparseSink(6)
    sender.out.connect(sink.inp)
    with sink:
        sink.run(RunSteps(6), First())
        assert np.array_equal(sink.lengths.get()[:7], range(7))
        assert np.array_equal(sink.sums.get(), [(6 - i) * (100 + i) for i in range(6)])


def test_a_sparse_sender_feeds_dense_and_sparse_receivers_at_once() -> None:
    sender, sparse, dense = SparseSender(4), SparseSink(4), Sink(shape=(4,))
    sender.out.connect([sparse.inp, dense.inp])
    with sender:
        sender.run(RunSteps(4), First())
        assert np.array_equal(dense.total.get(), sparse.sums.get())


def test_two_sparse_sources_give_unique_ascending_indices_with_summed_values() -> None:
    senders, sink = [SparseSender(6), SparseSender(6)], SparseSink(6)
    sink.inp.connect_from([s.out for s in senders])
    with sink:
        sink.run(RunSteps(6), First())
        assert np.array_equal(sink.lengths.get()[:7], range(7))
        assert np.array_equal(sink.sums.get(), [2 * (6 - i) * (100 + i) for i in range(6)])


# --- numerics: dtype of the source on the way, of the sum on arrival ---------------------------


class TypedSender(AbstractProcess):
    """Sends `data` as it is into a port of the dtype its model declares."""

    def __init__(self, data: Any) -> None:
        super().__init__(data=np.asarray(data))
        self.out = OutPort(np.shape(data))


class TypedSink(AbstractProcess):
    """Keeps the last message as text of its dtype and values."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.inp = InPort(shape)
        self.text = Var((1,), init="")


def _typed_sender(d_type: Any) -> type:
    @implements(proc=TypedSender, protocol=LoihiProtocol)
    class Model(PyLoihiProcessModel):
        out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, d_type)

        def run_spk(self) -> None:
            self.out.send(self.proc_params["data"])

    return Model


def _typed_sink(d_type: Any) -> type:
    @implements(proc=TypedSink, protocol=LoihiProtocol)
    class Model(PyLoihiProcessModel):
        inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, d_type)
        text: str = LavaPyType(str, str)

        def run_spk(self) -> None:
            got = self.inp.recv()
            self.text = f"{got.dtype} {got.tolist()}"

    return Model


class Typed(First):
    def __init__(self, sender: Any, sink: Any) -> None:
        super().__init__()
        self.models = {TypedSender: _typed_sender(sender), TypedSink: _typed_sink(sink)}

    def select(self, process: AbstractProcess, models: list[Any]) -> Any:
        return self.models[type(process)]


@pytest.mark.parametrize(
    ("data", "sender", "sink", "expected"),
    [
        ([1.9, -3.9], np.int32, np.int32, "int32 [1, -3]"),
        ([2, 0], bool, np.int32, "int32 [1, 0]"),
        ([1.5, 2.5], float, np.int32, "float64 [1.5, 2.5]"),
        ([1, 2], np.int32, float, "float64 [1.0, 2.0]"),
        ([300, -1], np.uint8, np.int32, "int32 [44, 255]"),
        ([2**62 + 1, 5], np.int64, np.int64, f"int64 [{2**62 + 1}, 5]"),
        ([1 + 2j, 3], complex, complex, "complex128 [(1+2j), (3+0j)]"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*1.9 is sent as 1")
def test_send_casts_to_the_source_and_recv_promotes_to_the_sum(
    data: list[Any], sender: Any, sink: Any, expected: str
) -> None:
    one, other = TypedSender(data), TypedSink((2,))
    one.out.connect(other.inp)
    with other:
        other.run(RunSteps(1), Typed(sender, sink))
        assert other.text.get() == expected


# --- virtual ports -----------------------------------------------------------------------------

DATA = np.arange(12).reshape(3, 4)


@pytest.mark.parametrize("inner", [False, True], ids=["flat", "hierarchical"])
@pytest.mark.parametrize(
    ("way", "expected"),
    [
        (lambda p: p.transpose(), DATA.T),
        (lambda p: p.transpose((1, 0)), DATA.T),
        (lambda p: p.reshape((2, 6)), DATA.reshape(2, 6)),
        (lambda p: p.flatten(), DATA.ravel()),
        (lambda p: p.transpose().reshape((2, 6)), DATA.T.reshape(2, 6)),
        (lambda p: p.reshape((2, 3, 2)).transpose((2, 0, 1)).flatten(),
         DATA.reshape(2, 3, 2).transpose(2, 0, 1).ravel()),
        (lambda p: p.transpose().transpose(), DATA),
    ],
)  # fmt: skip
def test_virtual_ports_rearrange_messages_as_numpy_does(
    way: Any, expected: np.ndarray, inner: bool
) -> None:
    sender = HierarchicalSender(DATA) if inner else Sender(DATA)
    sink: Any = (HierarchicalSink if inner else Sink)(shape=expected.shape)
    way(sender.out).connect(sink.inp)
    with sink:
        sink.run(RunSteps(1), Expand())
        assert np.array_equal(sink.last.get(), expected)


def _attach(port: AbstractPort, virtual: AbstractVirtualPort) -> AbstractVirtualPort:
    port._connect_forward(
        [virtual], AbstractPort, [None], assert_same_shape=False, assert_same_type=True
    )
    return virtual


@pytest.mark.parametrize("inner", [False, True], ids=["flat", "hierarchical"])
def test_a_virtual_port_of_the_user_transforms_messages(inner: bool) -> None:
    sender: Any = (HierarchicalSender if inner else Sender)([1, 2, 3])
    sink: Any = (HierarchicalSink if inner else Sink)(shape=(3,))
    _attach(sender.out, Permute([2, 0, 1])).connect(sink.inp)
    with sink:
        sink.run(RunSteps(1), Expand())
        assert np.array_equal(sink.last.get(), [3, 1, 2])


def test_two_inverse_virtual_ports_cancel() -> None:
    sender, sink = Sender([1, 2, 3]), Sink(shape=(3,))
    first = _attach(sender.out, Permute([2, 0, 1]))
    _attach(first, Permute([1, 2, 0])).connect(sink.inp)
    with sink:
        sink.run(RunSteps(1), First())
        assert np.array_equal(sink.last.get(), [1, 2, 3])


def test_different_virtual_ports_into_one_port_are_added() -> None:
    one, two, sink = Sender([1, 2, 3]), Sender([10, 20, 30]), Sink(shape=(3,))
    _attach(one.out, Permute([2, 0, 1])).connect(sink.inp)
    _attach(two.out, Permute([1, 2, 0])).connect(sink.inp)
    with sink:
        sink.run(RunSteps(1), First())
        assert np.array_equal(sink.last.get(), [23, 31, 12])


def test_two_paths_from_one_port_to_one_other_both_count() -> None:
    sender, sink = Sender(DATA[:3, :3]), Sink(shape=(3, 3))
    sender.out.connect(sink.inp)
    sender.out.transpose().connect(sink.inp)
    with sink:
        sink.run(RunSteps(2), First())
        assert np.array_equal(sink.last.get(), DATA[:3, :3] + DATA[:3, :3].T)


@pytest.mark.parametrize("axis", [0, 1])
def test_concatenated_ports_fill_their_part_of_the_receiver(axis: int) -> None:
    one, two = Sender(DATA), Sender(-DATA)
    expected = np.concatenate([DATA, -DATA], axis)
    sink = Sink(shape=expected.shape)
    one.out.concat_with([two.out], axis).connect(sink.inp)
    with sink:
        sink.run(RunSteps(2), First())
        assert np.array_equal(sink.last.get(), expected)
