"""Which Processes belong to a network: follow every connection, both ways, to the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lava_actor.process.ports.ports import AbstractPort
    from lava_actor.process.process import AbstractProcess


def ports_of(process: AbstractProcess) -> Iterator[AbstractPort]:
    """All ports of a Process."""
    for collection in (
        process.in_ports,
        process.out_ports,
        process.ref_ports,
        process.var_ports,
    ):
        yield from collection.members


def find_network(seeds: Iterable[AbstractProcess]) -> list[AbstractProcess]:
    """Every Process that can be reached from ``seeds``, in creation order.

    Connections are followed in both directions and through virtual ports; isolated Processes are
    not part of a network.
    """
    found: dict[int, AbstractProcess] = {}
    todo = list(seeds)
    seen_ports: set[int] = set()
    while todo:
        process = todo.pop()
        if id(process) in found:
            continue
        found[id(process)] = process
        port_queue = list(ports_of(process))
        while port_queue:
            port = port_queue.pop()
            if id(port) in seen_ports:
                continue
            seen_ports.add(id(port))
            if port.process is not None and id(port.process) not in found:
                todo.append(port.process)
            port_queue.extend(port.in_connections)
            port_queue.extend(port.out_connections)
    return sorted(found.values(), key=lambda p: p.id)
