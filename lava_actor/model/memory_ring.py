"""A ring without an arena: a queue in the memory of one thread, for `ModelHarness`.

Behaves like the native rings where a model can see it: messages are copied, sent data are cast
into the ring's dtype, and every message can be received as a whole or as events.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from lava_actor.channels.interfaces import AbstractCspPort
from lava_actor.errors import DeadlockError, InvalidValueError
from lava_actor.model.ports.rings import (
    Events,
    add_to,
    dense_to_events,
    events_to_dense,
    with_values,
)

Sent = np.ndarray | Events


class MemoryRing:
    """Both ends of a queue of messages.

    A reader that finds nothing gets zeros once per step, as if nobody had sent anything worth
    mentioning; a second time, or after messages of this step, it raises `DeadlockError`.

    Attributes
    ----------
    queue : messages that wait, each an array or a tuple (values, indices)
    raw_events : events stay events when they are collected by `take_all`
    unseen : how many of the last messages `probe` does not see yet
    """

    def __init__(self, name: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.size = int(np.prod(shape, dtype=np.int64))
        self.queue: deque[Sent] = deque()
        self.raw_events = False
        self._may_be_silent = True
        self.unseen = 0

    def next_step(self) -> None:
        """Allow one receive without a message again."""
        self._may_be_silent = True

    def take_all(self) -> list[Sent]:
        """Remove and return all messages in the form they would be looked at."""
        messages = [m if self.raw_events else self._dense(m) for m in self.queue]
        self.queue.clear()
        return [with_values(m, self.dtype) if isinstance(m, tuple) else m for m in messages]

    # -- sending ----------------------------------------------------------------------------

    def send(self, array: np.ndarray) -> None:
        """Send a whole message."""
        message = np.asarray(array)
        if message.size != self.size:
            raise InvalidValueError(
                f"{self.name}: expected {self.size} elements (shape {self.shape}), got shape "
                f"{message.shape}"
            )
        self._put(message.reshape(self.shape).astype(self.dtype, casting="unsafe"))

    def send_events(self, values: np.ndarray | None, indices: np.ndarray) -> None:
        """Send events."""
        places = np.array(indices).astype(np.int32)
        if values is not None:
            values = np.array(values).astype(self.dtype, casting="unsafe").reshape(-1)
            if values.size != places.size:
                raise InvalidValueError(
                    f"{self.name}: expected as many values as indices, got {values.size} and "
                    f"{places.size}"
                )
        positions = not self.raw_events and places.size > 0
        if positions and not 0 <= places.min() <= places.max() < self.size:
            raise InvalidValueError(
                f"{self.name}: expected indices from 0 to {self.size - 1}, got {places.min()} to "
                f"{places.max()}"
            )
        self._put((values, places))

    def _put(self, message: Sent) -> None:
        self.queue.append(message)
        self._may_be_silent = False

    # -- receiving --------------------------------------------------------------------------

    def recv(self) -> np.ndarray:
        """Take one message."""
        return self._dense(self._take())

    def peek(self) -> np.ndarray:
        """Look at the next message."""
        return self._dense(self._next())

    def recv_events(self) -> Events:
        """Take one message as events."""
        return self._events(self._take())

    def peek_events(self) -> Events:
        """Look at the next message as events."""
        return self._events(self._next())

    def accumulate(self, out: np.ndarray, index_map: np.ndarray | None = None) -> None:
        """Take one message and add it to ``out``."""
        add_to(out, self.recv(), index_map)

    def skip(self) -> None:
        """Take one message and forget it."""
        self._take()

    def probe(self) -> bool:
        """True if there is a message that was sent before this phase of this step."""
        return len(self.queue) > self.unseen

    def available(self) -> int:
        """Number of messages that wait."""
        return len(self.queue)

    def _next(self) -> Sent:
        if self.queue:
            return self.queue[0]
        if self._may_be_silent:
            return None, np.empty(0, np.int32)
        raise DeadlockError(
            f"{self.name}: the model waits for a message that nobody sent: in a network it would "
            f"wait forever"
        )

    def _take(self) -> Sent:
        message = self._next()
        if self.queue:
            self.queue.popleft()
        self._may_be_silent = False
        return message

    def _dense(self, message: Sent) -> np.ndarray:
        if isinstance(message, tuple):
            return events_to_dense(message, self.shape, self.dtype)
        return np.array(message)

    def _events(self, message: Sent) -> Events:
        if isinstance(message, tuple):
            values, indices = message
            return (None if values is None else np.array(values)), np.array(indices)
        return dense_to_events(message)


class MemoryPort(AbstractCspPort[Any]):
    """A channel end on a `MemoryRing`, for either direction."""

    def __init__(self, ring: MemoryRing) -> None:
        super().__init__(ring, ring.name)

    @property
    def size(self) -> int:
        """Number of elements of a message: there is room for any number of messages."""
        return self.ring.size

    def num_available(self) -> int:
        """Number of messages that wait."""
        return self.ring.available()

    def _leave(self) -> None:
        """There is nobody to tell."""

    def send(self, data: np.ndarray) -> None:
        """Send a whole message."""
        self.ring.send(data)

    def recv(self) -> np.ndarray:
        """Take one message."""
        return self.ring.recv()

    def peek(self) -> np.ndarray:
        """Look at the next message."""
        return self.ring.peek()
