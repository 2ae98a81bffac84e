"""`LoihiProtocol`: step by step, every step in phases."""

from __future__ import annotations

from dataclasses import dataclass

from lava_actor.model.sync.protocol import AbstractSyncProtocol
from lava_actor.protocol import step


class Phase:
    """Phases of a step, in order; the host phase ends a run."""

    SPK = step.SPK
    PRE_MGMT = step.PRE_MGMT
    LRN = step.LRN
    POST_MGMT = step.POST_MGMT
    HOST = step.HOST


@dataclass
class LoihiProtocol(AbstractSyncProtocol):
    """All models of the domain do the same step; management and learning run on demand.

    ``run_spk`` runs in every step. Afterwards pre-management, learning and post-management run
    if some model of the domain asks for them through its guards.
    """
