"""Ping-pong: a ring of two."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Case
from benchmarks.shapes import ring


def cases(full: bool) -> Iterator[Case]:
    """One case."""
    return ring.cases(full, "ping-pong", (2,))
