"""Which Processes belong to a network: follow every connection, both ways, to the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from lava_actor.process.process import AbstractProcess
from lava_actor.process.reaching import reachable

if TYPE_CHECKING:
    from lava_actor.process.ports.ports import AbstractPort


def ports_of(process: AbstractProcess) -> Iterator[AbstractPort]:
    """All ports of a Process."""
    for ports in (process.in_ports, process.out_ports, process.ref_ports, process.var_ports):
        yield from ports.members


def find_network(seeds: Iterable[AbstractProcess]) -> list[AbstractProcess]:
    """Every Process that can be reached from ``seeds``, in creation order.

    Connections are followed in both directions and through virtual ports; isolated Processes are
    not part of a network.
    """
    starts: Iterable[AbstractProcess | AbstractPort] = seeds
    found = reachable(starts, around)
    return sorted((one for one in found if isinstance(one, AbstractProcess)), key=lambda p: p.id)


def around(one: AbstractProcess | AbstractPort) -> Iterable[AbstractProcess | AbstractPort]:
    """The ports of a Process; what a port is connected with, and its Process."""
    if isinstance(one, AbstractProcess):
        return ports_of(one)
    others = connected_with(one)
    return others if one.process is None else [one.process, *others]


def relatives(process: AbstractProcess) -> list[AbstractProcess]:
    """The parts of a Process, and what it is a part of."""
    above = process.parent_proc
    return [*process.procs.members, *([] if above is None else [above])]


def connected_with(port: AbstractPort) -> list[AbstractPort]:
    """The ports on both sides of a port, virtual ones too."""
    return [*port.in_connections, *port.out_connections]
