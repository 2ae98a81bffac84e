"""Sources of regular spikes, and sinks of the last message."""

from __future__ import annotations

import numpy as np
import pytest

from lava_actor.model.harness import ModelHarness
from lava_actor.proc.receiver.models import Receiver32BitModel, ReceiverModel
from lava_actor.proc.receiver.process import Receiver, Receiver32Bit
from lava_actor.proc.spiker.models import Spiker32bitModel, SpikerModel
from lava_actor.proc.spiker.process import Spiker, Spiker32bit


def test_a_spiker_spikes_first_one_step_after_its_period() -> None:
    harness = ModelHarness(SpikerModel, Spiker(shape=(2,), period=[3, 4], payload=[5, 6]))
    out = np.array(harness.run(10)["s_out"])
    np.testing.assert_array_equal(out[:, 0], [0, 0, 0, 5, 0, 0, 5, 0, 0, 5])
    np.testing.assert_array_equal(out[:, 1], [0, 0, 0, 0, 6, 0, 0, 0, 6, 0])


def test_a_32_bit_spiker_spikes_at_multiples_of_its_period() -> None:
    harness = ModelHarness(Spiker32bitModel, Spiker32bit(shape=(2,), period=3, payload=2**32 - 1))
    out = np.array(harness.run(7)["s_out"])
    assert out[:, 0].tolist() == [0, 0, 2**32 - 1, 0, 0, 2**32 - 1, 0]
    np.testing.assert_array_equal(out[:, 0], out[:, 1])


def test_one_negative_payload_makes_all_signed() -> None:
    process = Spiker32bit(shape=(2,), payload=[-1, 2**31 - 1])
    assert process.proc_params["signed"]
    assert process.proc_params["payload"].tolist() == [-1, 2**31 - 1]
    assert not Spiker32bit().proc_params["signed"]


@pytest.mark.parametrize("payload", [2**32, [-1, 2**31], -(2**31) - 1])
def test_payloads_fit_32_bits(payload) -> None:
    with pytest.raises(ValueError, match="payload"):
        Spiker32bit(shape=(2,), payload=payload)


def test_periods_are_positive() -> None:
    with pytest.raises(ValueError, match="period"):
        Spiker32bit(period=0)


def test_a_receiver_keeps_the_last_message_as_it_came() -> None:
    harness = ModelHarness(ReceiverModel, Receiver(shape=(2,)))
    harness.step(a_in=np.array([3, -4]))
    assert harness.payload.tolist() == [3, -4]
    harness.step(a_in=np.array([0.5, 1]))
    assert harness.payload.tolist() == [0.5, 1]


def test_a_32_bit_receiver_takes_messages_apart() -> None:
    harness = ModelHarness(Receiver32BitModel, Receiver32Bit(shape=(3,)))
    harness.step(a_in=np.array([0xAB123456, -1, 255], dtype=np.int64))
    assert harness.payload_last_bytes.tolist() == [0x123456, 0xFFFFFF, 255]
    assert harness.payload_first_byte.tolist() == [0xAB, 0xFF, 0]
