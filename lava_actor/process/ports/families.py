"""The two families of ports: for messages, and for remote Vars."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lava_actor.errors import InvalidValueError, NetworkError
from lava_actor.process.ports import wiring
from lava_actor.process.ports.base import AbstractPort

if TYPE_CHECKING:
    from lava_actor.channels import CspRecvPort, CspSendPort


class AbstractSrcPort:
    """Marks ports that begin a connection: OutPort, RefPort."""


class AbstractDstPort:
    """Marks ports that end a connection: InPort, VarPort."""


class AbstractIOPort(AbstractPort):
    """Base of the message ports.

    Attributes
    ----------
    external_pipe_flag : bool
        Whether ordinary Python code takes part while the network runs.
    external_pipe_buffer_size : int
        How many messages fit between it and the network.
    external_pipe_csp_send_port, external_pipe_csp_recv_port : object
        Our end of a pipe into a network that runs now; not there before.
    """

    external_pipe_csp_send_port: CspSendPort
    external_pipe_csp_recv_port: CspRecvPort

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.external_pipe_flag = False
        self.external_pipe_buffer_size = 64

    def flag_external_pipe(self, buffer_size: int | None = None) -> None:
        """Let ordinary Python code send to, or receive from, this port while the network runs.

        Parameters
        ----------
        buffer_size : int, optional
            How many messages fit in between; at least 1.

        Raises
        ------
        InvalidValueError
            (a `ValueError`) if ``buffer_size`` is below 1.
        """
        if buffer_size is not None:
            if operator.index(buffer_size) < 1:
                raise InvalidValueError(
                    f"{wiring.described(self)}.flag_external_pipe: expected a buffer_size of at "
                    f"least 1, got {buffer_size}"
                )
            self.external_pipe_buffer_size = operator.index(buffer_size)
        self.external_pipe_flag = True

    def __getstate__(self) -> dict[str, object]:
        """Leave out the ends of pipes into a network that runs now."""
        ends = ("external_pipe_csp_send_port", "external_pipe_csp_recv_port")
        return {name: value for name, value in self.__dict__.items() if name not in ends}


class AbstractRVPort(AbstractPort):
    """Base of the ports to remote Vars, which have one destination and name one source.

    A call connects one partner, and a port has one destination. Several RefPorts may share a
    VarPort (or the RefPort of a parent) as destination: each says so with its own ``connect``,
    whereas ``connect_from`` names *the* source and refuses a second one.
    """

    def _check_multiplicity(self, ports: Sequence[object], forward: bool) -> None:
        if len(ports) > 1:
            raise NetworkError(f"{wiring.described(self)}: expected one partner, got {len(ports)}")
        known = self.out_connections if forward else self.in_connections
        if known and ports:
            if known[0] is ports[0]:
                return  # a duplicate, and reported as such
            raise NetworkError(
                f"{wiring.described(self)}: expected one partner, but it is connected to "
                f"{wiring.described(known[0])} already"
            )
