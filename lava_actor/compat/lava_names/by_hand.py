"""RefPort traffic over a pair of plain channels, wired by hand.

The runtime brings its own connection, which carries whole requests. Here a request is a message
filled with the command, followed by the data if the command is SET; the reply to GET is the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lava_actor.compat.lava_names.transformers import AbstractTransformer
from lava_actor.model.ports.var_port import PyVarPort
from lava_actor.model.types import LavaPyType
from lava_actor.protocol.values import VarSlot, cast, numbers

if TYPE_CHECKING:
    from lava_actor.channels import CspRecvPort, CspSendPort


class VarPortCmd:
    """Commands a RefPort sends to a VarPort."""

    GET: ClassVar[np.ndarray] = np.array([0.0])
    SET: ClassVar[np.ndarray] = np.array([1.0])


class ChannelRemote:
    """The client's end: asks a `PyVarPort` through two channels."""

    def __init__(
        self, send_port: CspSendPort, recv_port: CspRecvPort,
        transformer: AbstractTransformer | None,
    ) -> None:  # fmt: skip
        self._send_port, self._recv_port, self._transformer = send_port, recv_port, transformer
        self._dtype = np.dtype(send_port.d_type)

    def _command(self, command: np.ndarray) -> None:
        self._send_port.send(np.full(self._send_port.shape, command[0], self._dtype))

    def read(self) -> np.ndarray:
        """Ask for the value and wait for it."""
        self._command(VarPortCmd.GET)
        return _received(self._recv_port, self._transformer)

    def write(self, data: np.ndarray) -> None:
        """Send a new value."""
        self._command(VarPortCmd.SET)
        self._send_port.send(cast(np.asarray(data), self._dtype, "RefPort.write"))

    def wait(self) -> None:
        """Return when earlier writes are applied: requests are served in order."""
        self.read()


def _received(port: CspRecvPort, transformer: AbstractTransformer | None) -> np.ndarray:
    data = port.recv()
    return np.asarray(data if transformer is None else transformer.transform(data, port))


def service(self: PyVarPort) -> None:
    """Carry out one request that waits, if there is one; never waits for a request."""
    port = self._csp_recv_port
    if port is None or self._csp_send_port is None or not port.probe():
        return
    command = np.asarray(port.recv()).reshape(-1)[0]
    model, name = self._process_model, self.var_name
    declared = getattr(type(model), name, None)
    where = f"{getattr(model, '_la_process_name', None) or type(model).__name__}.{name}"
    slot = VarSlot(declared if isinstance(declared, LavaPyType) else None, self._shape, where)
    if command == VarPortCmd.GET[0]:
        send_port = self._csp_send_port
        value = numbers(slot.presented(getattr(model, name)), where)
        value = cast(value, np.dtype(send_port.d_type), where)
        send_port.send(value.reshape(send_port.shape))
    else:
        data = _received(port, self._transformer)
        setattr(model, name, slot.assigned(getattr(model, name), data))
