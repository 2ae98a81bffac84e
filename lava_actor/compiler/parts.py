"""What a placement is: Processes that are cut, their parts, and what of them is divided."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from lava_actor.plain import plain
from lava_actor.protocol.rows import Rows

if TYPE_CHECKING:
    from lava_actor.process.process import AbstractProcess

Home = tuple["AbstractProcess", int]
"""A Process and the number of its part."""

_PART = re.compile(r" part \d+ of \d+(?=\.|$)")


def part_name(name: str, number: int, count: int) -> str:
    """What a part of a Process is called."""
    return f"{name} part {number + 1} of {count}"


def name_of_whole(name: str) -> str:
    """What the Process of a part, or a port of it, is called."""
    return _PART.sub("", name)


@plain(frozen=True)
class PartPlan:
    """Which part of a Process an actor has: ``number`` (from 0) of ``count``, and its rows."""

    number: int
    count: int
    rows: Rows


@plain(frozen=True)
class CutPlan:
    """A Process that is cut: its actor in the uncut network, and the rows of its parts.

    ``divided`` names the members that the parts share between them.
    """

    party: int
    name: str
    parts: tuple[Rows, ...]
    divided: frozenset[str]


@plain(frozen=True)
class Placement:
    """The decisions for a network.

    ``whole`` has (Process, reason) of those not cut on request; ``workers`` is how many processes
    are shared by several actors (None: not decided yet), and ``alone`` has (actor, reason) of those
    that share none.
    ``placed`` has the worker of each Process, or part of one, where the compiler has cut them for
    that. ``costs`` are seconds per step that were measured, by Process. ``together``: actors that
    wait for each other in every step share a worker if they have little to do.
    """

    cores: int
    cuts: tuple[CutPlan, ...] = ()
    whole: tuple[tuple[str, str], ...] = ()
    workers: int | None = 0
    alone: tuple[tuple[str, str], ...] = ()
    costs: Mapping[str, float] = field(default_factory=dict)
    together: bool = False
    placed: Mapping[Home, int] = field(default_factory=dict)

    @property
    def homes(self) -> list[str]:
        """Names of the parties that sleep for those who share a worker."""
        return [f"worker {number}" for number in range(self.workers or 0)]

    def describe(self) -> Iterator[str]:
        """Lines about everything that is not as by default."""
        for cut in self.cuts:
            rows = ", ".join(f"{part.first}-{part.end - 1}" for part in cut.parts)
            yield f"{cut.name} is cut into {len(cut.parts)} parts: rows {rows}"
        for name, reason in self.whole:
            yield f"{name} is not cut: {reason}"
        if self.workers:
            yield f"{self.workers} worker{'s' * (self.workers > 1)}, shared by several actors each"
        for name, reason in self.alone:
            yield f"{name} has a process of its own: {reason}"
