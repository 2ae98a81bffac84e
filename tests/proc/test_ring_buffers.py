"""Source and sink RingBuffers, and Read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lava_actor.model.harness import ModelHarness
from lava_actor.proc.io import sink, source
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var

SOURCES = [source.PySendModelFloat, source.PySendModelFixed]
SINKS = [sink.PyReceiveModelFloat, sink.PyReceiveModelFixed]
READS = [sink.PyReadFloat, sink.PyReadFixed]


# -- source ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", SOURCES)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)])
def test_a_source_sends_column_after_column_again_and_again(model: Any, shape: Any) -> None:
    data = np.random.default_rng(0).integers(-9, 9, (*shape, 4))
    harness = ModelHarness(model, source.RingBuffer(data=data))
    for t in range(10):
        message = harness.step()["s_out"]
        assert message.shape == shape
        np.testing.assert_array_equal(message, data[..., t % 4])
    np.testing.assert_array_equal(harness.data, data)


def test_the_fixed_source_cuts_fractions_off() -> None:
    harness = ModelHarness(source.PySendModelFixed, source.RingBuffer(data=[[1.9, -1.9]]))
    assert [harness.step()["s_out"].tolist() for _ in range(2)] == [[1], [-1]]
    assert harness.data.dtype == np.int32


def test_data_that_are_set_are_sent_next() -> None:
    """Set as a whole, or written to in place."""
    harness = ModelHarness(source.PySendModelFloat, source.RingBuffer(data=np.zeros((2, 3))))
    harness.step()
    harness.set("data", np.arange(6.0).reshape(2, 3))
    assert harness.step()["s_out"].tolist() == [1, 4]
    harness.data[:, 2] = -1
    assert harness.step()["s_out"].tolist() == [-1, -1]


@pytest.mark.parametrize("data", [3.0, np.zeros((2, 0))])
def test_a_source_needs_at_least_one_column(data: Any) -> None:
    with pytest.raises(ValueError, match="at least one step"):
        source.RingBuffer(data=data)


# -- sink ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", SINKS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)])
def test_a_sink_stores_column_after_column_and_begins_again(model: Any, shape: Any) -> None:
    process = sink.RingBuffer(shape=shape, buffer=4)
    assert process.shape == shape
    harness = ModelHarness(model, process)
    rows = np.random.default_rng(0).integers(-9, 9, (6, *shape))
    for row in rows:
        harness.step(a_in=row)
    want = np.stack([rows[4], rows[5], rows[2], rows[3]], axis=-1)
    np.testing.assert_array_equal(harness.data, want)


def test_a_sink_keeps_what_its_data_were_set_to() -> None:
    process = sink.RingBuffer(shape=(2,), buffer=2)
    process.data.init = np.array([[1.0, 2.0], [3.0, 4.0]])
    harness = ModelHarness(sink.PyReceiveModelFloat, process)
    harness.step(a_in=[7.0, 8.0])
    assert harness.data.tolist() == [[7, 2], [8, 4]]
    harness.set("data", np.zeros((2, 2)))
    harness.step(a_in=[5.0, 6.0])
    assert harness.data.tolist() == [[0, 5], [0, 6]]


def test_the_fixed_sink_refuses_fractions() -> None:
    process = sink.RingBuffer(shape=(1,), buffer=2, name="memory")
    harness = ModelHarness(sink.PyReceiveModelFixed, process)
    harness.step(a_in=np.array([2.0]))
    assert harness.data.tolist() == [[2, 0]]
    with pytest.raises(ValueError, match=r"'memory'\.a_in: expected integral"):
        harness.step(a_in=np.array([2.5]))


@pytest.mark.parametrize("process", [sink.RingBuffer, sink.Read])
def test_buffers_hold_at_least_one_column(process: Any) -> None:
    shape = {"shape": (1,)} if process is sink.RingBuffer else {}
    with pytest.raises(ValueError, match="buffer: expected an integer, at least 1"):
        process(buffer=0, **shape)


# -- read ------------------------------------------------------------------------------------------


class Owner(AbstractProcess):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.v = Var(shape=shape, init=0)


@pytest.mark.parametrize("model", READS)
@pytest.mark.parametrize(
    ("interval", "offset", "buffer", "want"),
    [
        (1, 0, 7, [1, 2, 3, 4, 5, 6, 7]),
        (3, 0, 3, [1, 4, 7]),
        (3, 1, 3, [2, 5, 0]),
        (3, 4, 3, [2, 5, 0]),
        (2, 0, 3, [7, 3, 5]),
    ],
)
def test_read_samples_on_its_schedule(
    model: Any, interval: int, offset: int, buffer: int, want: list[int]
) -> None:
    """Sample n goes to column n mod buffer; steps count from 1."""
    read = sink.Read(buffer=buffer, interval=interval, offset=offset)
    read.connect_var(Owner((2,)).v)
    assert read.data.shape == (2, buffer)
    harness = ModelHarness(model, read)
    remote = harness.connect_ref("state", np.zeros(2))
    for t in range(1, 8):
        remote.value = np.array([t, -t])
        harness.step()
    assert harness.data.tolist() == [want, [-x for x in want]]


def test_read_samples_one_var() -> None:
    read = sink.Read(buffer=1)
    read.connect_var(Owner((1,)).v)
    with pytest.raises(AssertionError, match="already samples a Var"):
        read.connect_var(Owner((1,)).v)


def test_read_needs_a_positive_interval() -> None:
    with pytest.raises(ValueError, match="interval: expected an integer, at least 1"):
        sink.Read(buffer=1, interval=0)
