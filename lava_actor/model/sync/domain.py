"""`SyncDomain`: a named group of Processes under one protocol."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lava_actor.errors import NetworkError
from lava_actor.model.sync.protocol import AbstractSyncProtocol
from lava_actor.process.process import AbstractProcess


class SyncDomain:
    """A group of Processes that keep together under one protocol.

    Parameters
    ----------
    name : str
        Unique within a run configuration.
    protocol : AbstractSyncProtocol, optional
        An instance; may be set later with `set_protocol`.
    processes : list of Processes, optional

    Raises
    ------
    NetworkError
        (an `AssertionError`) if the protocol is no protocol instance or a member no Process.
    """

    def __init__(
        self, name: str, protocol: AbstractSyncProtocol | None = None,
        processes: Iterable[AbstractProcess] | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.protocol: AbstractSyncProtocol | None = None
        self.processes: list[AbstractProcess] = []
        if protocol is not None:
            self.set_protocol(protocol)
        if processes is not None:
            self.add_process(list(processes))

    def __repr__(self) -> str:
        members = ", ".join(process.name for process in self.processes)
        return f"SyncDomain({self.name!r}, {type(self.protocol).__name__}, [{members}])"

    def set_protocol(self, protocol: AbstractSyncProtocol) -> None:
        """Set the protocol; an instance, not a class."""
        if not isinstance(protocol, AbstractSyncProtocol):
            raise NetworkError(
                f"sync domain {self.name!r}: protocol must be an instance of a sync protocol, "
                f"got {protocol!r}"
            )
        self.protocol = protocol

    def add_process(self, process: AbstractProcess | Iterable[AbstractProcess]) -> None:
        """Add a Process, or each of a list."""
        members: list[Any] = list(process) if isinstance(process, (list, tuple)) else [process]
        for member in members:
            if not isinstance(member, AbstractProcess):
                raise NetworkError(
                    f"sync domain {self.name!r}: members must be Processes, got {member!r}"
                )
        self.processes.extend(members)
