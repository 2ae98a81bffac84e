"""What all model-side ports share."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike

from lava_actor.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lava_actor.channels import CspRecvPort, CspSendPort
    from lava_actor.model.ports.rings import SinkRing, SourceRing


class PortDataError(InvalidValueError, AssertionError):
    """Data do not fit the port they were given to."""


class AbstractPortImplementation(ABC):
    """A port of a ProcessModel.

    Parameters
    ----------
    process_model : ProcessModel
        The model that owns the port; None in tests.
    shape : tuple of int
        Shape of the Process's port.
    d_type : type
        Declared element type; anything `numpy.dtype` accepts.
    """

    one_number: ClassVar[bool] = False
    """Whether the port carries one number, and has one element."""

    def __init__(
        self, process_model: object, shape: tuple[int, ...] = (), d_type: DTypeLike = int
    ) -> None:
        self._process_model = process_model
        self._shape = tuple(shape)
        self._d_type = d_type
        self._size = math.prod(self._shape)
        if self.one_number and self._size != 1:
            raise PortDataError(
                f"{self.label}: a SCALAR_DENSE port carries one number, but its shape is "
                f"{self.shape}; use VEC_DENSE, or SCALAR_SPARSE for one (value, index) at a time"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the port."""
        return self._shape

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._size

    @property
    @abstractmethod
    def csp_ports(self) -> list[Any]:
        """Channel ends behind the port; empty if it is unconnected."""

    def start(self) -> None:
        """Start the channel ends."""
        for port in self.csp_ports:
            port.start()

    def join(self) -> None:
        """End the channel ends."""
        for port in self.csp_ports:
            port.join()

    @property
    def label(self) -> str:
        """``Process.port`` for messages, as far as it is known."""
        model = self._process_model
        owner = getattr(model, "_la_process_name", None) or type(model).__name__
        for name, value in getattr(model, "__dict__", {}).items():
            if value is self:
                return f"{owner}.{name}"
        return f"{type(self).__name__} of {owner}" if model is not None else type(self).__name__


class AbstractPyPort(AbstractPortImplementation):
    """A port of a ProcessModel written in Python."""

    VEC_DENSE: ClassVar[type[Self]]
    VEC_SPARSE: ClassVar[type[Self]]
    SCALAR_DENSE: ClassVar[type[Self]]
    SCALAR_SPARSE: ClassVar[type[Self]]

    def __init_subclass__(cls, form: str | None = None, **more: object) -> None:
        """Let the base have a class of one of these forms under its name."""
        super().__init_subclass__(**more)
        if form is not None:
            setattr(next(b for b in cls.__bases__ if issubclass(b, AbstractPyPort)), form, cls)

    def _set_up(self) -> None:
        """Make ready what a kind of port has besides."""


class AbstractPyRemotePort(AbstractPyPort):
    """A port for a Var.

    Parameters
    ----------
    csp_send_port, csp_recv_port : optional
        Ends of channels wired by hand, with `lava_actor.compat`. The runtime leaves them out.
    process_model, shape, d_type
        See `AbstractPortImplementation`.
    transformer : optional
        Applied to what comes through such channels.
    """

    def __init__(
        self,
        csp_send_port: CspSendPort | None,
        csp_recv_port: CspRecvPort | None,
        process_model: object,
        shape: tuple[int, ...] = (),
        d_type: DTypeLike = int,
        transformer: Any = None,
    ) -> None:
        super().__init__(process_model, shape, d_type)
        self._csp_send_port = csp_send_port
        self._csp_recv_port = csp_recv_port
        self._transformer = transformer
        self._set_up()

    @property
    def csp_ports(self) -> list[Any]:
        """Channel ends behind the port; empty if it is unconnected or served by the runtime."""
        return [p for p in (self._csp_send_port, self._csp_recv_port) if p is not None]


class AbstractPyIOPort(AbstractPyPort):
    """A port for messages.

    Parameters
    ----------
    csp_ports : list of channel ends
        Empty or None if the port is unconnected.
    process_model, shape, d_type
        See `AbstractPortImplementation`.
    """

    _rings: Sequence[SourceRing | SinkRing]
    """What is behind the channel ends."""

    def __init__(
        self,
        csp_ports: list[object] | None,
        process_model: object,
        shape: tuple[int, ...] = (),
        d_type: DTypeLike = int,
    ) -> None:
        super().__init__(process_model, shape, d_type)
        self._csp_ports: list[object] = list(csp_ports) if csp_ports else []
        self._dtype: np.dtype = np.dtype(d_type)
        self._set_up()

    @property
    def dtype(self) -> np.dtype:
        """Type of what is sent; of what is received, to which that of each source promotes it."""
        return self._dtype

    @property
    def channel_types(self) -> tuple[np.dtype, ...]:
        """Element types of the channels behind the port."""
        return tuple(np.dtype(ring.dtype) for ring in self._rings)

    @property
    def csp_ports(self) -> list[Any]:
        """Channel ends behind the port; that of an external pipe is the last one."""
        return self._csp_ports
