"""Injector, Extractor and VarWire: Python code and a running network."""

from __future__ import annotations

import pickle
import threading
import warnings
from typing import Any

import numpy as np
import pytest

from lava_actor import Loihi2SimCfg, RunContinuous, RunSteps
from lava_actor.errors import InvalidTypeError, LavaActorWarning, NetworkError
from lava_actor.model.harness import ModelHarness
from lava_actor.model.memory_ring import MemoryPort, MemoryRing
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io import extractor as extractors
from lava_actor.proc.io import injector as injectors
from lava_actor.proc.io.extractor import Extractor, VarWire
from lava_actor.proc.io.injector import Injector
from lava_actor.proc.io.utils import (
    ChannelConfig,
    PipeLock,
    ReceiveEmpty,
    ReceiveNotEmpty,
    SendFull,
    validate_buffer_size,
    validate_channel_config,
    validate_shape,
)
from lava_actor.proc.lif.process import LIF

ASYNC = {
    Injector: injectors.PyLoihiInjectorModelAsync,
    Extractor: extractors.PyLoihiExtractorModelAsync,
}
ZEROS = ChannelConfig(receive_empty=ReceiveEmpty.NON_BLOCKING_ZEROS)


def items(count: int) -> list[np.ndarray]:
    return [np.array([float(k), -k / 2]) for k in range(1, count + 1)]


def pair(**options: Any) -> tuple[Injector, Extractor]:
    injector, extractor = Injector((2,), **options), Extractor((2,), **options)
    injector.out_port.connect(extractor.in_port)
    return injector, extractor


# -- a running network -----------------------------------------------------------------------------


@pytest.mark.parametrize("free", [False, True], ids=["stepping", "free"])
def test_every_item_arrives_once_and_in_order(free: bool) -> None:
    """More items than the pipes hold, from one thread to another, through a running network."""
    injector, extractor = pair(buffer_size=3)
    exceptions = ASYNC if free else {}
    received: list[np.ndarray] = []
    with injector:
        injector.run(
            RunSteps(20, blocking=False), Loihi2SimCfg(exception_proc_model_map=exceptions)
        )
        feeder = threading.Thread(target=lambda: [injector.send(item) for item in items(20)])
        feeder.start()
        received.extend(extractor.receive() for _ in range(20))
        feeder.join()
        injector.wait()
    np.testing.assert_array_equal(received, items(20))


def test_items_are_there_for_the_next_step_and_stay_after_the_run() -> None:
    """Non-blocking policies are no race: what was sent before a run is found in it."""
    injector, extractor = pair(channel_config=ZEROS)
    with injector:
        injector.create_runtime(Loihi2SimCfg())
        injector.send([1, 2])
        injector.run(RunSteps(2))
        assert extractor.receive().tolist() == [1, 2]
        assert extractor.receive().tolist() == [0, 0]  # nothing was there in step 2
        assert extractor.receive().tolist() == [0, 0]  # nothing is there now
        for item in items(2):
            injector.send(item)
        injector.run(RunSteps(2))
        np.testing.assert_array_equal([extractor.receive() for _ in range(2)], items(2))


def test_accumulate_sums_what_is_there() -> None:
    config = ChannelConfig(
        receive_empty=ReceiveEmpty.NON_BLOCKING_ZEROS,
        receive_not_empty=ReceiveNotEmpty.ACCUMULATE,
    )
    injector, extractor = pair(channel_config=config)
    with injector:
        injector.create_runtime(Loihi2SimCfg())
        for item in items(3):
            injector.send(item)
        injector.run(RunSteps(3))
        assert extractor.receive().tolist() == [6, -3]
        assert extractor.receive().tolist() == [0, 0]


def test_a_full_pipe_may_drop_items() -> None:
    """The sender is told; those that were there before stay."""
    config = ChannelConfig(send_full=SendFull.NON_BLOCKING_DROP)
    injector, extractor = pair(buffer_size=2, channel_config=config)
    with injector:
        injector.create_runtime(Loihi2SimCfg())
        injector.send([1, 1])
        injector.send([2, 2])
        with pytest.warns(LavaActorWarning, match=r"full \(2 items\)"):
            injector.send([3, 3])
        injector.run(RunSteps(2))
        assert [extractor.receive().tolist() for _ in range(2)] == [[1, 1], [2, 2]]


@pytest.mark.parametrize("tag", ["floating_pt", "fixed_pt", None])
def test_pipes_go_with_any_kind_of_numbers(tag: str | None) -> None:
    """A fixed-point network takes integral numbers from an Injector."""
    injector, extractor = Injector((2,)), Extractor((1,))
    synapses = Dense(weights=np.array([[2.0, 4.0]]), num_message_bits=8)
    injector.out_port.connect(synapses.s_in)
    synapses.a_out.connect(extractor.in_port)
    with injector:
        injector.create_runtime(Loihi2SimCfg(select_tag=tag))
        for item in ([1, 1], [3, 0], [0, 0]):
            injector.send(item)
        injector.run(RunSteps(3))
        assert [float(extractor.receive()[0]) for _ in range(3)] == [0, 6, 6]


def test_a_free_running_injector_pauses_while_nothing_comes() -> None:
    """It waits for items, and still looks whether it is to return."""
    injector, extractor = pair()
    config = Loihi2SimCfg(exception_proc_model_map=ASYNC)
    with injector:
        injector.run(RunContinuous(), config)
        injector.send([1, 2])
        assert extractor.receive().tolist() == [1, 2]
        injector.pause()
        injector.run(RunContinuous())
        injector.send([3, 4])
        assert extractor.receive().tolist() == [3, 4]
        injector.stop()


def test_a_wire_hands_out_a_var_after_every_step() -> None:
    """`receive` may be called before the network exists: it waits."""
    cells = LIF(shape=(2, 1), bias_mant=1.5)
    wire = VarWire()
    wire.connect_var(cells.v)
    first: list[np.ndarray] = []
    waiting = threading.Thread(target=lambda: first.append(wire.receive()))
    waiting.start()
    with cells:
        cells.run(RunSteps(3), Loihi2SimCfg())
        waiting.join()
        rest = [wire.receive() for _ in range(2)]
    assert np.array([*first, *rest]).tolist() == [[[v], [v]] for v in (1.5, 3.0, 4.5)]


def test_pipes_refuse_what_does_not_fit() -> None:
    injector, extractor = pair()
    with pytest.raises(AssertionError, match="network does not exist yet"):
        injector.send([1, 2])
    with pytest.raises(AssertionError, match="network does not exist yet"):
        extractor.receive()
    with pytest.raises(AssertionError, match="no Var is connected"):
        VarWire().receive()
    wire, cells = VarWire(), LIF(shape=(1,))
    wire.connect_var(cells.v)
    with pytest.raises(NetworkError, match="already taps a Var"):
        wire.connect_var(cells.u)
    with injector:
        injector.create_runtime(Loihi2SimCfg())
        with pytest.raises(AssertionError, match=r"expected an array of shape \(2,\)"):
            injector.send([1, 2, 3])
        for wrong, why in (
            (np.array([3 + 4j, 1]), "expected real numbers"),
            (np.ma.masked_equal([1, 2], 1), "without a mask"),
            (["1", "2"], "expected numbers"),
        ):
            for send in (injector.send, injector.in_port.external_pipe_csp_send_port.send):
                with pytest.raises(InvalidTypeError, match=why):
                    send(wrong)


# -- models by themselves --------------------------------------------------------------------------


def test_a_free_running_model_moves_as_many_items_as_steps() -> None:
    harness = ModelHarness(injectors.PyLoihiInjectorModelAsync, Injector((2,)))
    assert np.array(harness.run_async(2, in_port=items(3))["out_port"]).tolist() == [
        item.tolist() for item in items(2)
    ]
    harness = ModelHarness(extractors.PyLoihiExtractorModelAsync, Extractor((2,)))
    assert len(harness.run_async(3, in_port=items(3))["out_port"]) == 3


# -- policies --------------------------------------------------------------------------------------


class Port(MemoryPort):
    """A channel end of limited size."""

    size = 0

    def __init__(self, size: int) -> None:
        super().__init__(MemoryRing("port", (1,), np.dtype(float)))
        self.size = size

    def probe(self) -> bool:
        return self.ring.available() < self.size


def test_policies_do_what_they_are_called() -> None:
    zeros = np.zeros(1)
    port = Port(2)
    drop = ChannelConfig(SendFull.NON_BLOCKING_DROP, ReceiveEmpty.NON_BLOCKING_ZEROS)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for value in (1.0, 2.0, 3.0):
            drop.send(port, np.array([value]))
    assert len(caught) == 1
    assert drop.receive(port, zeros).tolist() == [1]
    drop.send(port, np.array([5.0]))
    accumulate = ChannelConfig(receive_not_empty=ReceiveNotEmpty.ACCUMULATE)
    assert accumulate.receive(port, zeros).tolist() == [7]
    assert drop.receive(port, zeros).tolist() == [0]
    ChannelConfig().send(port, np.array([4.0]))
    assert ChannelConfig().receive(port, zeros).tolist() == [4]
    assert zeros.tolist() == [0]


def test_values_of_policies_are_those_programs_use() -> None:
    assert (SendFull.BLOCKING, SendFull.NON_BLOCKING_DROP) == (1, 2)
    assert (ReceiveEmpty.BLOCKING, ReceiveEmpty.NON_BLOCKING_ZEROS) == (1, 2)
    assert (ReceiveNotEmpty.FIFO, ReceiveNotEmpty.ACCUMULATE) == (1, 2)


@pytest.mark.parametrize("wrong", [3, [3], (3.0,), (True,), ("3",)])
def test_shapes_are_tuples_of_integers(wrong: Any) -> None:
    with pytest.raises(TypeError, match="shape: expected"):
        validate_shape(wrong)


@pytest.mark.parametrize("wrong", [(0,), (2, -1)])
def test_shapes_are_positive(wrong: Any) -> None:
    with pytest.raises(ValueError, match="shape: expected positive"):
        validate_shape(wrong)


def test_buffer_sizes_are_positive_integers() -> None:
    validate_buffer_size(np.int64(3))
    for wrong in (1.5, "1", None, True):
        with pytest.raises(TypeError, match="buffer_size"):
            validate_buffer_size(wrong)
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="buffer_size"):
            validate_buffer_size(wrong)


@pytest.mark.parametrize(
    "wrong",
    [None, 1, ChannelConfig(send_full=1), ChannelConfig(receive_empty=SendFull.BLOCKING)],  # type: ignore[arg-type]
    ids=str,
)
def test_configurations_are_made_of_the_right_enums(wrong: Any) -> None:
    with pytest.raises(TypeError, match="channel_config"):
        validate_channel_config(wrong)


def test_a_lock_is_saved_as_a_free_one() -> None:
    lock = PipeLock()
    with lock:
        copy = pickle.loads(pickle.dumps(lock))
        with copy:
            pass
