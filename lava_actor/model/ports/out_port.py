"""Out-ports of a model: one message for every destination.

All destinations of a port read the same ring, so a port sends once, however many listen. A port
that nobody listens to drops what it is given.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from lava_actor.channels import Outlet, RingWriter
from lava_actor.model.ports.base import AbstractPyIOPort, PortDataError
from lava_actor.model.ports.rings import SinkRing, sink_of
from lava_actor.protocol.values import numbers


class PyOutPort(AbstractPyIOPort):
    """An out-port of a ProcessModel.

    Declared as ``PyOutPort.VEC_DENSE``, ``VEC_SPARSE``, ``SCALAR_DENSE`` or ``SCALAR_SPARSE``.
    Data are cast to the declared dtype like in an array assignment (1.9 becomes 1 in an integer
    port, which warns of it once; every non-zero becomes True in a boolean one). What is no number,
    masked, or complex where the port is real raises `InvalidTypeError`. Sending waits while a
    destination's ring is full.
    """

    _rings: list[SinkRing]

    def _set_up(self) -> None:
        self._rings = [sink_of(port) for port in self._csp_ports]
        self._bind()

    def _bind(self) -> None:
        """Choose the implementations of the methods that a model calls every step."""

    @abstractmethod
    def send(self, *args: Any) -> None:
        """Send one message to every destination."""

    def send_events(self, values: np.ndarray | None, indices: np.ndarray) -> None:
        """Send one message as events.

        Parameters
        ----------
        values : 1-D array or None
            None: all ones.
        indices : 1-D integer array
            Flat indices into the port's shape, kept in their order.
        """
        for ring in self._rings:
            ring.send_events(values, indices)

    def _numbers(self, data: object) -> np.ndarray:
        """Data as an array; the port's name is looked up only for what may be refused."""
        found = np.asarray(data)
        if found.dtype.kind in "biufc" and not isinstance(data, np.ma.MaskedArray):
            return found
        return numbers(data, f"{self.label}.send")

    def native_sinks(self) -> list[RingWriter] | None:
        """Return the rings behind the port; None if anything else is among them."""
        sinks = [ring for ring in self._rings if isinstance(ring, RingWriter)]
        return sinks if len(sinks) == len(self._rings) else None

    def flush(self) -> None:
        """Do nothing: messages leave when they are sent."""


class PyOutPortVectorDense(Outlet, PyOutPort, form="VEC_DENSE"):
    """Sends whole arrays."""

    def _bind(self) -> None:
        ring = self._rings[0] if len(self._rings) == 1 else None
        simple = ring if isinstance(ring, RingWriter) and ring.shape == self._shape else None
        self._la_send_to(simple, not self._rings)

    def _la_send(self, data: object) -> None:
        """Send what is not simply an array of the one ring's shape."""
        if self._rings:
            message = self._message(data)
            for ring in self._rings:
                ring.send(message)

    def _message(self, data: object) -> np.ndarray:
        message = self._numbers(data)
        if message.shape != self._shape:
            if message.size != 1 or self._size != 1:
                raise PortDataError(
                    f"{self.label}.send: expected shape {self._shape}, got {message.shape}"
                )
            message = message.reshape(self._shape)
        return message


class PyOutPortVectorSparse(PyOutPort, form="VEC_SPARSE"):
    """Sends events: values with indices."""

    def send(self, data: object, indices: object) -> None:
        """Send events to every destination.

        A destination that receives sparsely gets both arrays as they were sent; one that receives
        densely gets an array of zeros with the values added at the indices.

        Parameters
        ----------
        data, indices : 1-D arrays of equal length, at most as long as the port is large
            Indices are flat, or what ``np.where`` returns: a tuple with an array per dimension.

        Raises
        ------
        PortDataError
            (an `AssertionError` and `ValueError`) if the lengths do not fit.
        """
        if not self._rings:
            return
        values, index = np.atleast_1d(self._numbers(data)), self._flat(indices)
        if values.ndim != 1 or index.ndim != 1 or values.size != index.size:
            raise PortDataError(
                f"{self.label}.send: expected data and indices of equal length, got shapes "
                f"{values.shape} and {index.shape}"
            )
        if values.size > self._size:
            raise PortDataError(
                f"{self.label}.send: expected at most {self._size} elements, got {values.size}"
            )
        if index.dtype.kind not in "iu":
            index = self._integral(index)
        for ring in self._rings:
            ring.send_events(values, index)

    def _flat(self, indices: object) -> np.ndarray:
        if isinstance(indices, tuple) and all(isinstance(i, np.ndarray) for i in indices):
            if len(indices) == 1:
                return np.atleast_1d(indices[0])
            if len(indices) == len(self._shape):
                try:
                    return np.asarray(np.ravel_multi_index(indices, self._shape))
                except ValueError as error:
                    raise PortDataError(f"{self.label}.send: {error}") from None
        return np.atleast_1d(np.asarray(indices))

    def _integral(self, index: np.ndarray) -> np.ndarray:
        """Indices that came out of floating-point arithmetic, if they are whole numbers."""
        whole = index.astype(np.int64)
        if not (whole == index).all():
            raise PortDataError(f"{self.label}.send: expected integer indices, got {index}")
        return whole


class PyOutPortScalarDense(PyOutPort, form="SCALAR_DENSE"):
    """Sends single numbers; the port has one element."""

    one_number = True

    def send(self, data: object) -> None:
        """Send one number to every destination."""
        if not self._rings:
            return
        value = self._numbers(data)
        if value.size != 1:
            raise PortDataError(f"{self.label}.send: expected one number, got shape {value.shape}")
        for ring in self._rings:
            ring.send(value.reshape(self._shape))


class PyOutPortScalarSparse(PyOutPort, form="SCALAR_SPARSE"):
    """Sends single events."""

    def send(self, data: object, index: int) -> None:
        """Send the value ``data`` at flat index ``index`` to every destination."""
        if not self._rings:
            return
        value = self._numbers(data).reshape(-1)
        if value.size != 1 or not 0 <= index < self._size:
            raise PortDataError(
                f"{self.label}.send: expected one number and an index below {self._size}, got "
                f"{data!r} at {index!r}"
            )
        place = np.array([index], np.int32)
        for ring in self._rings:
            ring.send_events(value, place)
