"""`LoihiProtocol`: step by step, every step in phases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from lava_actor.model.sync.protocol import AbstractSyncProtocol
from lava_actor.protocol import step


class Phase:
    """Phases of a step, in order; the host phase ends a run."""

    SPK = step.SPK
    PRE_MGMT = step.PRE_MGMT
    LRN = step.LRN
    POST_MGMT = step.POST_MGMT
    HOST = step.HOST


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
        *(Proc_Function_With_Guard(*pair) for pair in step.METHODS.values()),
        Proc_Function_With_Guard(None, "run_spk"),
    ]
