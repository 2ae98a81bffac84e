"""Whether two networks are equal but for their values."""

from __future__ import annotations

from typing import Any

from lava_actor.checkpoint.describe import COLLECTIONS
from lava_actor.checkpoint.names import path_of
from lava_actor.checkpoint.view import View
from lava_actor.process.ports.ports import AbstractPort, AbstractVirtualPort, ConcatPort
from lava_actor.process.process import AbstractProcess


class Outline:
    """What has to be equal, Process by Process in order of creation."""

    def __init__(self, process: AbstractProcess) -> None:
        self.view = View(process)
        self.processes = self.view.network(process)
        self._rank = {id(p): rank for rank, p in enumerate(self.processes)}

    def difference(self, other: Outline) -> str | None:
        """Say what is different in ``other``, the file; None if nothing is."""
        mine, its = self.processes, other.processes
        for one, two in zip(mine, its, strict=False):
            here, there = path_of(type(one)), path_of(type(two))
            if here != there:
                return f"{one.name} is a {here}; the file has {two.name}, a {there}"
            found = self._difference(one, other, two)
            if found:
                return found
        if len(mine) != len(its):
            more = (mine if len(mine) > len(its) else its)[min(len(mine), len(its))]
            return (
                f"the network has {len(mine)} Processes, the file {len(its)}; the first without "
                f"a counterpart is {more.name}"
            )
        return None

    def _difference(self, one: AbstractProcess, other: Outline, two: AbstractProcess) -> str | None:
        for kind in COLLECTIONS:
            here, there = self.view.members(one, kind), other.view.members(two, kind)
            if sorted(here) != sorted(there):
                return (
                    f"{one.name}.{kind}: expected {', '.join(sorted(here)) or 'none'}; the file "
                    f"has {', '.join(sorted(there)) or 'none'}"
                )
            if kind == "procs":
                continue
            for name, member in here.items():
                twin = there[name]
                if tuple(member.shape) != tuple(twin.shape):
                    return (
                        f"{one.name}.{name}: expected shape {tuple(member.shape)}; the file has "
                        f"{tuple(twin.shape)}"
                    )
                if isinstance(member, AbstractPort):
                    mine, its = self._targets(member), other._targets(twin)
                    if mine != its:
                        return (
                            f"{one.name}.{name}: it leads to {_described(mine)}; in the file to "
                            f"{_described(its)}"
                        )
        return None

    def _targets(self, port: AbstractPort) -> tuple[Any, ...]:
        """Where a port leads to, through which virtual ports."""
        return tuple(self._target(p, port) for p in self.view.links(port)[1])

    def _target(self, port: AbstractPort, source: AbstractPort) -> tuple[Any, ...]:
        if not isinstance(port, AbstractVirtualPort) and port.process is not None:
            return (self._rank.get(id(port.process)), port.name)
        place = None
        if isinstance(port, ConcatPort):
            place = (
                next(i for i, p in enumerate(self.view.links(port)[0]) if p is source),
                port.concat_axis,
            )
        how = (getattr(port, "axes", None), place)
        return (path_of(type(port)), tuple(port.shape), how, self._targets(port))


def _described(targets: tuple[Any, ...]) -> str:
    return ", ".join(map(str, targets)) or "nothing"
