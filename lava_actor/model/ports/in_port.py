"""In-ports of a model: messages of all sources, summed.

Every source delivers through its own ring, possibly along a path of virtual ports. A path is an
*index map* (flat destination index of every flat source index; None: the same) or, where a custom
virtual port is on it, a sequence of functions.

Ports are used in every step, so what can be decided when the port is connected is decided there:
`connect_edges` binds the fastest implementation that gives the same result to the instance.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from lava_actor.channels import Inlet, RingReader, receiver
from lava_actor.model.ports.base import AbstractPyIOPort, PortDataError
from lava_actor.model.ports.rings import (
    Events,
    PartedRing,
    SourceRing,
    add_to,
    dense_to_events,
    source_of,
    transformed,
    with_values,
)

if TYPE_CHECKING:
    from lava_actor.process.ports.paths import Function


@dataclass(frozen=True, slots=True)
class Edge:
    """One path from an OutPort into this port.

    Parameters
    ----------
    csp_port : channel end to receive from
    index_map : int32 array, optional
        Flat destination index of every flat source index; None: the same index.
    functions : tuple of callables
        Array to array, applied in order; used instead of an index map.
    """

    csp_port: object
    index_map: np.ndarray | None = None
    functions: tuple[Function, ...] = ()


class PyInPort(AbstractPyIOPort):
    """An in-port of a ProcessModel.

    Declared as ``PyInPort.VEC_DENSE``, ``VEC_SPARSE``, ``SCALAR_DENSE`` or ``SCALAR_SPARSE``.

    Parameters
    ----------
    csp_ports : list of channel ends
        One per source.
    process_model, shape, d_type
        See `AbstractPortImplementation`.
    transformer : optional
        Gives the functions of virtual ports, by channel end.

    Attributes
    ----------
    edges : list of Edge
        What the port receives from, in the order in which messages are summed.
    """

    edges: list[Edge]
    _rings: list[SourceRing]

    def __init__(
        self,
        csp_ports: list[object] | None,
        process_model: object,
        shape: tuple[int, ...] = (),
        d_type: DTypeLike = int,
        transformer: object = None,
    ) -> None:
        super().__init__(csp_ports, process_model, shape, d_type)
        self.connect_edges(
            [Edge(port, None, _functions(transformer, port)) for port in self._csp_ports]
        )

    def connect_edges(self, edges: Sequence[Edge], *, spills: bool = False) -> None:
        """Receive from ``edges`` from now on; replaces what was connected before.

        ``spills``: index maps may lead one place behind the end, for what is not received.
        """
        self.room = self._size + spills
        self._csp_ports = [edge.csp_port for edge in edges]
        self._rings = [source_of(port) for port in self._csp_ports]
        self.edges = [self._checked(e, r) for e, r in zip(edges, self._rings, strict=True)]
        own = np.dtype(self._d_type)
        self._dtype: np.dtype = np.result_type(own, *(ring.dtype for ring in self._rings))
        self._bind()

    def _checked(self, edge: Edge, ring: SourceRing) -> Edge:
        count = math.prod(ring.shape)
        if edge.functions:
            return edge
        if edge.index_map is None:
            if count != self._size:
                raise PortDataError(
                    f"{self.label}: messages of shape {tuple(ring.shape)} do not fit the port's "
                    f"shape {self._shape}"
                )
            return edge
        index_map = np.ascontiguousarray(edge.index_map, np.int32).reshape(-1)
        if index_map.size != count:
            raise PortDataError(
                f"{self.label}: expected an index map of {count} elements, got {index_map.size}"
            )
        if count and not 0 <= index_map.min() <= index_map.max() < self.room:
            raise PortDataError(
                f"{self.label}: expected an index map into {self._size} elements, got indices "
                f"from {index_map.min()} to {index_map.max()}"
            )
        return Edge(edge.csp_port, index_map)

    def _bind(self) -> None:
        """Choose the implementations of the methods that a model calls every step."""
        single = len(self.edges) == 1 and self.room == self._size
        self._rebind("probe", self._rings[0].probe if single else None)
        self._rebind("recv_events", self._fast_events() if single else None)

    def _as_sent(self) -> bool:
        """True if a single source's messages need no change of index or type."""
        edge, ring = self.edges[0], self._rings[0]
        return edge.index_map is None and not edge.functions and ring.dtype == self._dtype

    def _fast_events(self) -> Callable[[], Events] | None:
        """Return `recv_events` for a single source."""
        edge, take, dtype = self.edges[0], self._rings[0].recv_events, self._dtype
        if self._as_sent():
            return take
        if edge.functions:
            return None
        index_map = edge.index_map

        def recv_events() -> Events:
            values, indices = take()
            if values is not None and values.dtype != dtype:
                values = values.astype(dtype)
            return values, (indices if index_map is None else index_map[indices])

        return recv_events

    def native_sources(self) -> list[tuple[RingReader, np.ndarray | None]] | None:
        """Rings and index maps behind the port; None if anything but these is on the way."""
        if any(edge.functions for edge in self.edges):
            return None
        sources: list[tuple[RingReader, np.ndarray | None]] = []
        for edge, ring in zip(self.edges, self._rings, strict=True):
            if isinstance(ring, RingReader):
                sources.append((ring, edge.index_map))
            elif isinstance(ring, PartedRing):
                sources += ring.with_maps(edge.index_map)
            else:
                return None
        return sources

    def native_message(self) -> list[tuple[RingReader, int]] | None:
        """Rings with the parts of what is received, and where each begins; None if it is a sum."""
        found = self.native_sources()
        if found is None or len(self.edges) != 1 or self.edges[0].index_map is not None:
            return None
        return [(ring, 0 if places is None else int(places[0])) for ring, places in found]

    def _rebind(self, name: str, implementation: Callable[..., object] | None) -> None:
        """Let the instance use ``implementation`` unless a subclass has its own method."""
        self.__dict__.pop(name, None)
        owner = next(cls for cls in type(self).__mro__ if name in cls.__dict__)
        if implementation is not None and owner.__module__ == __name__:
            self.__dict__[name] = implementation

    # -- what models call -------------------------------------------------------------------

    @abstractmethod
    def recv(self) -> Any:
        """Receive one message from every source; wait until each has one."""

    @abstractmethod
    def peek(self) -> Any:
        """Like `recv`, but leave the messages where they are."""

    def probe(self) -> bool:
        """True if `recv` would not wait: every source has a message (unconnected: always)."""
        return all(ring.probe() for ring in self._rings)

    def recv_events(self) -> Events:
        """Receive one message from every source as one set of events.

        Returns
        -------
        (values, indices)
            ``values`` is a 1-D array, or None if every value is one; ``indices`` holds flat
            indices (int32) into the port's shape. Of a single source: the events as they were
            sent. Of several: ascending, unique indices with the summed values. Unconnected:
            no events. The arrays are the caller's own.
        """
        return self._merged([self._take_events(i) for i in range(len(self.edges))])

    def peek_events(self) -> Events:
        """Like `recv_events`, but leave the messages where they are."""
        return self._merged([self._take_events(i, peek=True) for i in range(len(self.edges))])

    # -- inside -----------------------------------------------------------------------------

    def _dense(self, *, peek: bool = False) -> np.ndarray:
        """Sum of one message from every source, as a new array; with ``peek`` they stay."""
        spills = self.room > self._size
        out = np.zeros((self.room,) if spills else self._shape, self._dtype)
        for edge, ring in zip(self.edges, self._rings, strict=True):
            if edge.functions:
                out = np.asarray(out + self._through(edge, ring.peek() if peek else ring.recv()))
            elif peek:
                add_to(out, ring.peek(), edge.index_map)
            else:
                ring.accumulate(out, edge.index_map)
        return out[: self._size].reshape(self._shape) if spills else out

    def _through(self, edge: Edge, message: np.ndarray) -> np.ndarray:
        data = transformed(message, edge.functions)
        if data.size != self._size:
            raise PortDataError(
                f"{self.label}: the virtual ports in front of it must return {self._size} "
                f"elements (shape {self._shape}), got shape {data.shape}"
            )
        return data.reshape(self._shape)

    def _take_events(self, index: int, *, peek: bool = False) -> Events:
        edge, ring = self.edges[index], self._rings[index]
        if edge.functions:
            return dense_to_events(self._through(edge, ring.peek() if peek else ring.recv()))
        values, indices = ring.peek_events() if peek else ring.recv_events()
        if edge.index_map is not None:
            indices = edge.index_map[indices]
        if self.room > self._size:
            own = indices < self._size
            indices, values = indices[own], None if values is None else values[own]
        return values, indices

    def _merged(self, parts: list[Events]) -> Events:
        if not parts:
            return None, np.empty(0, np.int32)
        if len(parts) == 1:
            values, indices = parts[0]
            if values is not None and values.dtype != self._dtype and not self.edges[0].functions:
                values = values.astype(self._dtype)
            return values, indices
        indices, places = np.unique(
            np.concatenate([indices for _, indices in parts]), return_inverse=True
        )
        plain = all(values is None for values, _ in parts)
        if plain and (indices.size == places.size or self._dtype.kind == "b"):
            return None, indices
        if plain:
            return np.bincount(places, minlength=indices.size).astype(self._dtype), indices
        given = [with_values(part, self._dtype)[0] for part in parts]
        dtype = np.result_type(self._dtype, *(values.dtype for values in given))
        summed = np.zeros(indices.size, dtype)
        np.add.at(summed, places, np.concatenate(given).astype(dtype, copy=False))
        return summed, indices


class PyInPortVectorDense(Inlet, PyInPort, form="VEC_DENSE"):
    """Receives whole arrays."""

    def _bind(self) -> None:
        super()._bind()
        self._la_receive_by(self._la_source())

    def _la_source(self) -> RingReader | Callable[[], np.ndarray] | None:
        """Return a ring whose messages need no change, or what receives otherwise."""
        shape = self._shape
        if len(self.edges) == 1 and self.room == self._size and self._as_sent():
            ring = self._rings[0]
            if tuple(ring.shape) != shape:
                return lambda: ring.recv().reshape(shape)
            return ring if isinstance(ring, RingReader) else ring.recv
        sources = self.native_sources()
        return receiver(sources, shape, self._dtype, self.room) if sources else None

    def peek(self) -> np.ndarray:
        """Return what `recv` would return, and leave the messages where they are."""
        return self._dense(peek=True)


class PyInPortVectorSparse(PyInPort, form="VEC_SPARSE"):
    """Receives events: values with indices."""

    def recv(self) -> tuple[np.ndarray, np.ndarray]:
        """Receive one message from every source as events.

        Returns
        -------
        (values, indices)
            1-D arrays of equal length. Of a single source: as they were sent. Of several:
            ascending, unique flat indices with summed values. Unconnected: two empty arrays.
        """
        return with_values(self.recv_events(), self._dtype)

    def peek(self) -> tuple[np.ndarray, np.ndarray]:
        """Return what `recv` would return, and leave the messages where they are."""
        return with_values(self.peek_events(), self._dtype)


class PyInPortScalarDense(PyInPort, form="SCALAR_DENSE"):
    """Receives single numbers; the port has one element."""

    one_number = True

    def recv(self) -> Any:
        """Receive one number from every source and return the sum (unconnected: zero)."""
        return self._dense().reshape(-1)[0]

    def peek(self) -> Any:
        """Return what `recv` would return, and leave the messages where they are."""
        return self._dense(peek=True).reshape(-1)[0]


class PyInPortScalarSparse(PyInPort, form="SCALAR_SPARSE"):
    """Receives events one by one."""

    def _bind(self) -> None:
        super()._bind()
        self._waiting: deque[tuple[object, int]] = deque()
        self.__dict__.pop("probe", None)

    def recv(self) -> tuple[Any, int]:
        """Return the next event as (value, index).

        The events of a message are handed out one after the other; the next message of every
        source is received when none is left. Waits until there is an event. Unconnected:
        ``(0, 0)``.
        """
        while not self._waiting and self.edges:
            self._fetch()
        return self._waiting.popleft() if self._waiting else (self._dtype.type(0), 0)

    def peek(self) -> tuple[Any, int]:
        """Return the event that `recv` would return, and keep it."""
        while not self._waiting and self.edges:
            self._fetch()
        return self._waiting[0] if self._waiting else (self._dtype.type(0), 0)

    def probe(self) -> bool:
        """True if `recv` would not wait."""
        while not self._waiting and self.edges:
            if not all(ring.probe() for ring in self._rings):
                return False
            self._fetch()
        return True

    def _fetch(self) -> None:
        values, indices = with_values(self.recv_events(), self._dtype)
        self._waiting.extend(zip(values, indices.tolist(), strict=True))


def _functions(transformer: Any, port: object) -> tuple[Function, ...]:
    if transformer is None:
        return ()
    if hasattr(transformer, "functions"):
        functions: tuple[Function, ...] = transformer.functions(port)
        return functions
    return (lambda data: transformer.transform(data, port),)
