"""`AsyncProtocol`: every model runs freely."""

from __future__ import annotations

from dataclasses import dataclass

from lava_actor.model.sync.protocol import AbstractSyncProtocol


@dataclass
class AsyncProtocol(AbstractSyncProtocol):
    """Models run without common steps; only their messages couple them."""
