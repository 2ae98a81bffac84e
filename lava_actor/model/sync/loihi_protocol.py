"""`LoihiProtocol`: step by step, every step in phases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from lava_actor.model.sync.protocol import AbstractSyncProtocol, registered_services


class Phase:
    """Phases of a step, in order; the host phase ends a run."""

    SPK = 1
    PRE_MGMT = 2
    LRN = 3
    POST_MGMT = 4
    HOST = 5


class Proc_Function_With_Guard(NamedTuple):  # noqa: N801  (the name users import)
    """A phase method of a model and the method that decides whether it runs."""

    guard: str | None
    func: str


@dataclass
class LoihiProtocol(AbstractSyncProtocol):
    """All models of the domain do the same step; management and learning run on demand.

    ``run_spk`` runs in every step. Afterwards pre-management, learning and post-management run
    if some model of the domain asks for them through its guards.
    """

    phases: ClassVar[list[int]] = [
        Phase.SPK,
        Phase.PRE_MGMT,
        Phase.LRN,
        Phase.POST_MGMT,
        Phase.HOST,
    ]
    proc_functions: ClassVar[list[Proc_Function_With_Guard]] = [
        Proc_Function_With_Guard("pre_guard", "run_pre_mgmt"),
        Proc_Function_With_Guard("lrn_guard", "run_lrn"),
        Proc_Function_With_Guard("post_guard", "run_post_mgmt"),
        Proc_Function_With_Guard("host_guard", "run_host_mgmt"),
        Proc_Function_With_Guard(None, "run_spk"),
    ]

    @property
    def runtime_service(self) -> dict[Any, Any]:
        """{resource class: RuntimeService class}."""
        return registered_services(LoihiProtocol)
