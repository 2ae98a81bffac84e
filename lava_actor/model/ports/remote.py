"""RefPort traffic over a pair of plain channels.

Used where a RefPort and a VarPort are wired by hand. The runtime brings its own connection, which
carries whole requests. Here a request is a message filled with the command, followed by the data
if the command is SET; the reply to GET is the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lava_actor.protocol.values import cast

if TYPE_CHECKING:
    from lava_actor.model.ports.transformers import AbstractTransformer


class VarPortCmd:
    """Commands a RefPort sends to a VarPort."""

    GET: ClassVar[np.ndarray] = np.array([0.0])
    SET: ClassVar[np.ndarray] = np.array([1.0])


class ChannelRemote:
    """The client's end: asks a `PyVarPort` through two channels."""

    def __init__(
        self, send_port: Any, recv_port: Any, transformer: AbstractTransformer, shape: Any
    ) -> None:
        self._send_port = send_port
        self._recv_port = recv_port
        self._transformer = transformer
        self._shape = shape
        self._dtype = np.dtype(send_port.d_type)

    def _command(self, command: np.ndarray) -> None:
        self._send_port.send(np.full(self._send_port.shape, command[0], self._dtype))

    def read(self) -> np.ndarray:
        """Ask for the value and wait for it."""
        self._command(VarPortCmd.GET)
        value = self._transformer.transform(self._recv_port.recv(), self._recv_port)
        return np.asarray(value)

    def write(self, data: np.ndarray) -> None:
        """Send a new value."""
        self._command(VarPortCmd.SET)
        self._send_port.send(cast(np.asarray(data), self._dtype, "RefPort.write"))

    def wait(self) -> None:
        """Return when earlier writes are applied: requests are served in order."""
        self.read()
