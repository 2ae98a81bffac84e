"""What to do when a pipe between Python code and a network is full or empty."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import SupportsIndex

import numpy as np

from lava_actor.channels import CspRecvPort, CspSendPort
from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.model.py.async_ import PyAsyncProcessModel
from lava_actor.model.py.loihi import UNLIMITED
from lava_actor.process.hints import warn


class SendFull(IntEnum):
    """What a sender does when the buffer is full."""

    BLOCKING = 1
    NON_BLOCKING_DROP = 2


class ReceiveEmpty(IntEnum):
    """What a receiver does when the buffer is empty."""

    BLOCKING = 1
    NON_BLOCKING_ZEROS = 2


class ReceiveNotEmpty(IntEnum):
    """What a receiver does when there is something in the buffer."""

    FIFO = 1
    ACCUMULATE = 2


@dataclass
class ChannelConfig:
    """How the pipe of an Injector, Extractor or VarWire behaves.

    Attributes
    ----------
    send_full : SendFull
        BLOCKING: wait for room. NON_BLOCKING_DROP: drop the new item, with a warning.
    receive_empty : ReceiveEmpty
        BLOCKING: wait for an item. NON_BLOCKING_ZEROS: take zeros instead.
    receive_not_empty : ReceiveNotEmpty
        FIFO: take the oldest item. ACCUMULATE: take the sum of all items that are there.
    """

    send_full: SendFull = SendFull.BLOCKING
    receive_empty: ReceiveEmpty = ReceiveEmpty.BLOCKING
    receive_not_empty: ReceiveNotEmpty = ReceiveNotEmpty.FIFO

    def get_send_full_function(self) -> Callable[[CspSendPort, np.ndarray], None]:
        """Return ``f(channel, data)`` for a full buffer."""
        return send_full_blocking if self.may_wait_to_send else send_full_non_blocking_drop

    def get_receive_empty_function(self) -> Callable[[CspRecvPort, np.ndarray], np.ndarray]:
        """Return ``f(channel, zeros)`` for an empty buffer."""
        if self.may_wait_to_receive:
            return receive_empty_blocking
        return receive_empty_non_blocking_zeros

    def get_receive_not_empty_function(
        self,
    ) -> Callable[[CspRecvPort, np.ndarray, int], np.ndarray]:
        """Return ``f(channel, zeros, number of items)`` for a buffer with items in it."""
        if self.receive_not_empty is ReceiveNotEmpty.ACCUMULATE:
            return receive_not_empty_accumulate
        return receive_not_empty_fifo

    def send(self, channel: CspSendPort, data: np.ndarray) -> None:
        """Put one item into the pipe."""
        if channel.probe():
            channel.send(data)
        else:
            self.get_send_full_function()(channel, data)

    def receive(self, channel: CspRecvPort, zeros: np.ndarray) -> np.ndarray:
        """Take from the pipe; `zeros` is what an empty one may stand for."""
        count = channel.num_available()
        if count == 0:
            return self.get_receive_empty_function()(channel, zeros)
        return self.get_receive_not_empty_function()(channel, zeros, count)

    def steps_to_receive(self, channel: CspRecvPort) -> int:
        """How many times `receive` can be called in a row before it has to wait."""
        if not self.may_wait_to_receive or channel.ring.ended:  # it will say that it has ended
            return UNLIMITED
        count = channel.num_available()
        return min(count, 1) if self.receive_not_empty is ReceiveNotEmpty.ACCUMULATE else count

    def steps_to_send(self, channel: CspSendPort) -> int:
        """How many times `send` can be called in a row before it has to wait."""
        return channel.ring.free if self.may_wait_to_send else UNLIMITED

    @property
    def may_wait_to_receive(self) -> bool:
        """Whether `receive` may have to wait."""
        return self.receive_empty is ReceiveEmpty.BLOCKING

    @property
    def may_wait_to_send(self) -> bool:
        """Whether `send` may have to wait."""
        return self.send_full is SendFull.BLOCKING


class PipeLock:
    """Lets one thread at a time use a pipe; a Process that has one can be saved."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        """Wait for the pipe."""
        self._lock.acquire()

    def __exit__(self, *_exc: object) -> None:
        """Give the pipe back."""
        self._lock.release()

    def __reduce__(self) -> tuple[type[PipeLock], tuple[()]]:
        """Save as a free lock."""
        return PipeLock, ()


def wait_until_ready(
    model: PyAsyncProcessModel, channel: CspSendPort | CspRecvPort, give_up: Callable[[], bool]
) -> bool:
    """Wait until a channel end would not wait, or there is a reason to give up.

    For models that run freely: they must look from time to time whether the user wants them to
    return, also while nothing arrives.

    Parameters
    ----------
    model : PyAsyncProcessModel
    channel : channel end
    give_up : callable
        Asked while the channel is not ready, and after every request of the user.

    Returns
    -------
    bool
        True if the channel is ready, or has ended, which an operation on it will tell.
    """
    ring = channel.ring

    def ready() -> bool:
        return bool(channel.probe() or ring.aborted or getattr(ring, "ended", False))

    while hasattr(ring, "party") and not ready():  # nobody waits at the ends of a harness
        if give_up():
            return False
        model._la_control.wait(ready)
    return True


def send_full_blocking(channel: CspSendPort, data: np.ndarray) -> None:
    """Wait until there is room, then put the item in."""
    channel.send(data)


def send_full_non_blocking_drop(channel: CspSendPort, data: np.ndarray) -> None:
    """Drop the item, with a warning."""
    warn(f"{channel.name}: the buffer is full ({channel.size} items); the new item is dropped")


def receive_empty_blocking(channel: CspRecvPort, zeros: np.ndarray) -> np.ndarray:
    """Wait for an item and take it."""
    return channel.recv()


def receive_empty_non_blocking_zeros(channel: object, zeros: np.ndarray) -> np.ndarray:
    """Take the zeros instead."""
    return zeros


def receive_not_empty_fifo(channel: CspRecvPort, zeros: np.ndarray, count: int) -> np.ndarray:
    """Take the oldest item."""
    return channel.recv()


def receive_not_empty_accumulate(channel: CspRecvPort, zeros: np.ndarray, count: int) -> np.ndarray:
    """Take all items there are, summed."""
    total = zeros.copy()
    for _ in range(count):
        total = total + channel.recv()
    return total


def validate_shape(shape: object) -> None:
    """Check a shape: `TypeError` if no tuple of integers, `ValueError` unless all are positive."""
    if not isinstance(shape, tuple):
        raise InvalidTypeError(f"shape: expected a tuple, got {shape!r}")
    for dimension in shape:
        if isinstance(dimension, bool) or not isinstance(dimension, (int, np.integer)):
            raise InvalidTypeError(f"shape: expected integers, got {dimension!r} in {shape!r}")
        if dimension <= 0:
            raise InvalidValueError(f"shape: expected positive numbers, got {shape!r}")


def validate_buffer_size(buffer_size: SupportsIndex) -> None:
    """Check a buffer size: `TypeError` if no integer, `ValueError` unless positive."""
    try:
        if isinstance(buffer_size, bool):
            raise TypeError
        size = operator.index(buffer_size)
    except TypeError:
        raise InvalidTypeError(f"buffer_size: expected an integer, got {buffer_size!r}") from None
    if size <= 0:
        raise InvalidValueError(f"buffer_size: expected a positive number, got {buffer_size!r}")


def validate_channel_config(channel_config: object) -> None:
    """Check a `ChannelConfig`: `TypeError` if it or one of its members is something else."""
    if not isinstance(channel_config, ChannelConfig):
        raise InvalidTypeError(
            f"channel_config: expected a ChannelConfig, got {type(channel_config).__name__}"
        )
    for name, kind in (
        ("send_full", SendFull),
        ("receive_empty", ReceiveEmpty),
        ("receive_not_empty", ReceiveNotEmpty),
    ):
        value = getattr(channel_config, name)
        if not isinstance(value, kind):
            raise InvalidTypeError(
                f"channel_config.{name}: expected a member of {kind.__name__}, got {value!r}"
            )
