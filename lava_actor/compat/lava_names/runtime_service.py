"""What Lava's protocols name: phase methods, and base classes of runtime services.

Our services are part of the runtime and are not subclassed; these classes keep the constructor
contract that custom protocols and their tests rely on, and make the built-in protocols name them
(``LoihiProtocol().runtime_service``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from lava_actor.protocol import step

if TYPE_CHECKING:
    from lava_actor.channels.interfaces import AbstractCspPort


class LoihiVersion(IntEnum):
    """Generations of the hardware."""

    N2 = 2
    N3 = 3


class LoihiPhase(IntEnum):
    """Phases of a step, numbered as in `LoihiProtocol`."""

    SPIKING = step.SPK
    PRE_MGMT = step.PRE_MGMT
    LEARNING = step.LRN
    POST_MGMT = step.POST_MGMT
    HOST = step.HOST


class Proc_Function_With_Guard(NamedTuple):  # noqa: N801  (the name users import)
    """A phase method of a model and the method that decides whether it runs."""

    guard: str | None
    func: str


class PyRuntimeService(ABC):
    """A service that controls the models of one sync domain.

    Parameters
    ----------
    protocol : AbstractSyncProtocol
        The protocol it implements.

    Attributes
    ----------
    runtime_service_id : number of the domain, None until wired
    model_ids : ids of the domain's models
    runtime_to_service, service_to_runtime : management channel ends, None until wired
    service_to_process, process_to_service : management channel ends, one per model
    """

    def __init__(self, protocol: object) -> None:
        self.protocol = protocol
        self.runtime_service_id: int | None = None
        self.model_ids: list[int] = []
        self.runtime_to_service: AbstractCspPort | None = None
        self.service_to_runtime: AbstractCspPort | None = None
        self.service_to_process: list[AbstractCspPort] = []
        self.process_to_service: list[AbstractCspPort] = []

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(id={self.runtime_service_id}, "
            f"protocol={type(self.protocol).__name__}, models={self.model_ids})"
        )

    def _channels(self) -> list[AbstractCspPort]:
        ends = [end for end in (self.runtime_to_service, self.service_to_runtime) if end]
        return [*ends, *self.service_to_process, *self.process_to_service]

    def start(self) -> None:
        """Start the wired channels, then `run`."""
        for end in self._channels():
            end.start()
        self.run()

    @abstractmethod
    def run(self) -> None:
        """Serve until told to stop."""

    def join(self) -> None:
        """End the wired channels."""
        for end in self._channels():
            end.join()


class LoihiPyRuntimeService(PyRuntimeService):
    """Name of the service behind `LoihiProtocol`."""

    def run(self) -> None:
        """Do nothing: the runtime's own service drives the phases."""


class AsyncPyRuntimeService(PyRuntimeService):
    """Name of the service behind `AsyncProtocol`."""

    def run(self) -> None:
        """Do nothing: the runtime's own service starts and ends free-running models."""
