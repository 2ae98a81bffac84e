"""What a model-side port needs from the ring behind a channel end.

The runtime's channel ends carry native rings as ``.ring``. Anything else that can ``send`` or
``recv`` (an object of a test, a pipe) is wrapped, so that ports know one interface only. See
`lava_actor.channels` for the meaning of the methods.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

if TYPE_CHECKING:
    from lava_actor.channels import RingReader
    from lava_actor.process.ports.paths import Function

Events = tuple["np.ndarray | None", np.ndarray]
"""(values or None for all ones, flat int32 indices)"""


class SourceRing(Protocol):
    """Where messages come from; `channels.RingReader` is one."""

    @property
    def dtype(self) -> np.dtype:
        """Element type of the messages."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the messages."""

    def recv(self) -> np.ndarray:
        """Take one message."""

    def peek(self) -> np.ndarray:
        """Look at the next message."""

    def recv_events(self) -> Events:
        """Take one message as events."""

    def peek_events(self) -> Events:
        """Look at the next message as events."""

    def accumulate(self, out: np.ndarray, index_map: np.ndarray | None = None) -> None:
        """Take one message and add it to ``out``."""

    def probe(self) -> bool:
        """True if there is a message."""


class SinkRing(Protocol):
    """Where messages go; `channels.RingWriter` is one."""

    @property
    def dtype(self) -> np.dtype:
        """Element type of the messages."""

    def send(self, array: np.ndarray) -> None:
        """Send a whole message."""

    def send_events(self, values: np.ndarray | None, indices: np.ndarray) -> None:
        """Send events."""


def dense_to_events(message: np.ndarray) -> Events:
    """Non-zero elements of a message, ascending; values None if all of them are one."""
    flat = np.ascontiguousarray(message).reshape(-1)
    indices = np.flatnonzero(flat).astype(np.int32)
    values = flat[indices]
    return (None if (values == 1).all() else values), indices


def with_values(events: Events, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Values and indices of events; of those that are all ones the values are made."""
    values, indices = events
    return np.ones(indices.size, dtype) if values is None else values, indices


def events_to_dense(events: Events, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Place events into an array of zeros; values of equal indices are summed."""
    values, indices = events
    out = np.zeros(shape, dtype)
    np.add.at(out.reshape(-1), indices, np.ones((), dtype) if values is None else values)
    return out


def add_to(out: np.ndarray, message: np.ndarray, index_map: np.ndarray | None) -> None:
    """Add a whole message into ``out``, element by element through ``index_map`` if given."""
    flat = out.reshape(-1)
    if index_map is None:
        flat += message.reshape(-1)
    else:
        np.add.at(flat, index_map, message.reshape(-1))


class PartedRing:
    """Several rings whose messages, one after the other, are one message; a `SourceRing`.

    The parts of a Process that is cut send in them, each for its neurons.
    """

    def __init__(self, readers: Sequence[RingReader], shape: tuple[int, ...]) -> None:
        self._readers = list(readers)
        self.shape = shape
        self.dtype = np.dtype(readers[0].dtype)
        ends = np.cumsum([0, *(math.prod(reader.shape) for reader in readers)]).tolist()
        self._places = [slice(*ends[k : k + 2]) for k in range(len(readers))]
        self._in_order = np.arange(ends[-1], dtype=np.int32)
        self.depth = min(reader.depth for reader in readers)

    def with_maps(self, index_map: np.ndarray | None) -> list[tuple[RingReader, np.ndarray | None]]:
        """The rings, with where their messages go if the whole goes by ``index_map``."""
        index_map = self._in_order if index_map is None else index_map
        return [(r, index_map[p]) for r, p in zip(self._readers, self._places, strict=True)]

    def recv(self) -> np.ndarray:
        """Take one message."""
        return np.concatenate([r.recv().reshape(-1) for r in self._readers]).reshape(self.shape)

    def peek(self) -> np.ndarray:
        """Look at the next message."""
        return np.concatenate([r.peek().reshape(-1) for r in self._readers]).reshape(self.shape)

    def recv_events(self) -> Events:
        """Take one message as events."""
        return self._together([reader.recv_events() for reader in self._readers])

    def peek_events(self) -> Events:
        """Look at the next message as events."""
        return self._together([reader.peek_events() for reader in self._readers])

    def _together(self, parts: list[Events]) -> Events:
        indices = np.concatenate(
            [part + place.start for (_, part), place in zip(parts, self._places, strict=True)],
            dtype=np.int32,
        )
        if all(values is None for values, _ in parts):
            return None, indices
        return np.concatenate([with_values(part, self.dtype)[0] for part in parts]), indices

    def accumulate(self, out: np.ndarray, index_map: np.ndarray | None = None) -> None:
        """Take one message and add it to ``out``."""
        for reader, places in self.with_maps(index_map):
            reader.accumulate(out, places)

    def available(self) -> int:
        """How many messages there are in all parts."""
        return min(reader.available() for reader in self._readers)

    def probe(self) -> bool:
        """True if there is a message."""
        return all(reader.probe() for reader in self._readers)

    def detach(self) -> None:
        """Stop receiving."""
        for reader in self._readers:
            reader.detach()


class _Plain:
    """Around any end of a channel."""

    __slots__ = ("_port", "dtype", "shape")

    def __init__(self, port: Any) -> None:
        self._port = port
        self.dtype = np.dtype(port.d_type)
        self.shape = tuple(port.shape)


class PlainSource(_Plain):
    """Makes a `SourceRing` of any object with ``recv``, ``peek`` and ``probe``."""

    __slots__ = ()

    def recv(self) -> np.ndarray:
        """Take one message."""
        return np.asarray(self._port.recv())

    def peek(self) -> np.ndarray:
        """Look at the next message."""
        return np.asarray(self._port.peek())

    def recv_events(self) -> Events:
        """Take one message as events."""
        return dense_to_events(self.recv())

    def peek_events(self) -> Events:
        """Look at the next message as events."""
        return dense_to_events(self.peek())

    def accumulate(self, out: np.ndarray, index_map: np.ndarray | None = None) -> None:
        """Take one message and add it to ``out``."""
        add_to(out, self.recv(), index_map)

    def probe(self) -> bool:
        """True if there is a message."""
        return bool(self._port.probe())


class PlainSink(_Plain):
    """Makes a `SinkRing` of any object with ``send``."""

    __slots__ = ()

    def send(self, array: np.ndarray) -> None:
        """Send a whole message."""
        self._port.send(array)

    def send_events(self, values: np.ndarray | None, indices: np.ndarray) -> None:
        """Send events as a whole message."""
        self._port.send(events_to_dense((values, indices), self.shape, self.dtype))


def source_of(csp_port: object) -> SourceRing:
    """The ring behind the receiving end ``csp_port``."""
    ring = getattr(csp_port, "ring", None)
    return cast(SourceRing, ring) if ring is not None else PlainSource(csp_port)


def sink_of(csp_port: object) -> SinkRing:
    """The ring behind the sending end ``csp_port``."""
    ring = getattr(csp_port, "ring", None)
    return cast(SinkRing, ring) if ring is not None else PlainSink(csp_port)


def transformed(data: np.ndarray, functions: Sequence[Function]) -> np.ndarray:
    """Apply ``functions`` one after the other."""
    for function in functions:
        data = function(data)
    return np.asarray(data)
