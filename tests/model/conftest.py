"""Channels to test ports on: one contract, several kinds of channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from lava_actor.model.memory_ring import MemoryPort, MemoryRing

Link = Callable[..., tuple[Any, Any]]


class BareEnd:
    """A channel end that only knows what every channel end knows; it has no ring."""

    def __init__(self, end: MemoryPort) -> None:
        self._end = end
        self.shape = end.shape
        self.d_type = end.d_type

    def __getattr__(self, name: str) -> Any:
        if name == "ring":
            raise AttributeError(name)
        return getattr(self._end, name)


@pytest.fixture(params=["memory", "bare", "native"])
def link(request: pytest.FixtureRequest) -> Iterator[Link]:
    """Make (sending end, receiving end) of a new channel: ``link(shape, dtype, events=False)``."""
    arenas: list[Any] = []

    def in_memory(shape: tuple[int, ...], dtype: Any, events: bool = False) -> tuple[Any, Any]:
        ring = MemoryRing("a->b", shape, np.dtype(dtype))
        ring.raw_events = events
        if request.param == "bare":
            return BareEnd(MemoryPort(ring)), BareEnd(MemoryPort(ring))
        return MemoryPort(ring), MemoryPort(ring)

    def native(shape: tuple[int, ...], dtype: Any, events: bool = False) -> tuple[Any, Any]:
        from lava_actor.channels import Arena, RingRequest, plan_arena
        from lava_actor.channels.csp import CspRecvPort, CspSendPort

        ring = RingRequest("a->b", shape, np.dtype(dtype).str, events, None, 0, (1,), ("b",))
        arena = Arena.create(plan_arena(("a", "b"), (), (ring,)))
        arenas.append(arena)
        return (
            CspSendPort(arena.writer(0), "a"),
            CspRecvPort(arena.reader(0, 0), "b"),
        )

    yield native if request.param == "native" else in_memory
    for arena in arenas:
        arena.close()
