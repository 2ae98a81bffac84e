"""What a picture of a network shows: boxes, some within others, and connections between ports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lava_actor.compiler.network import find_network, relatives
from lava_actor.process.interfaces import where
from lava_actor.process.reaching import reachable

if TYPE_CHECKING:
    from lava_actor.compiler.executable import ActorPlan
    from lava_actor.process.process import AbstractProcess

#: Of a line within a box.
LETTERS = 26


@dataclass
class Box:
    """A Process; one that is drawn around others has `parts`."""

    key: int
    name: str
    kind: str
    role: str
    notes: list[str]
    inputs: list[str]
    outputs: list[str]
    parent: int | None = None
    parts: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Edge:
    """A connection: of messages, or of a RefPort with a Var (``remote``)."""

    source: int
    source_port: str
    target: int
    target_port: str
    label: str
    remote: bool = False


@dataclass
class Graph:
    """Boxes by the id of their Process, and edges between those without parts."""

    boxes: dict[int, Box]
    edges: list[Edge]

    def roots(self) -> list[int]:
        """Boxes that are part of no other."""
        return [key for key, box in self.boxes.items() if box.parent is None]


def graph_of(process: AbstractProcess) -> Graph:
    """The network of a Process: what was compiled, or what is connected so far."""
    executable = process._la_executable
    processes = find_network([process]) if executable is None else executable.all_processes
    # With parts that no port leads to, and what holds the Processes that were found.
    found = {p.id: p for p in reachable(processes, relatives)}
    actors = {} if executable is None else executable.proc_builders
    boxes = {key: _box(found[key], actors.get(found[key])) for key in sorted(found)}
    for key, box in boxes.items():
        parent = found[key].parent_proc
        if parent is not None and parent.id in boxes:
            box.parent = parent.id
            boxes[parent.id].parts.append(key)
    return Graph(boxes, [e for key in boxes for e in _edges(found[key], boxes)])


def _box(process: AbstractProcess, plan: ActorPlan | None) -> Box:
    ports = [p for kind in (process.out_ports, process.in_ports) for p in kind]
    kind, shape = type(process).__name__, str(ports[0].shape) if ports else ""
    one_line = len(kind) + len(shape) < LETTERS
    notes = [f"{kind} {shape}".strip()] if one_line else [kind, shape]
    longest = _longest_delay(process)
    if longest:
        notes.append(f"delays up to {longest}")
    if plan is not None:
        notes.append(f"actor {plan.party}: {plan.model_name}")
    return Box(
        key=process.id, name=process.name, kind=kind, role=_role(process), notes=notes,
        inputs=process.in_ports.member_names, outputs=process.out_ports.member_names,
    )  # fmt: skip


def _role(process: AbstractProcess) -> str:
    """What a Process does in its network, as far as its members tell; decides the colour."""
    if not process.in_ports:
        return "source" if process.out_ports else "watcher"
    if not process.out_ports:
        return "sink"
    return "connection" if "weights" in process.vars else "neurons"


def _longest_delay(process: AbstractProcess) -> int:
    if "delays" not in process.vars:
        return 0
    init = process.vars["delays"].init
    return int(init.max()) if hasattr(init, "max") else int(np.max(init))


def _edges(process: AbstractProcess, boxes: dict[int, Box]) -> list[Edge]:
    edges = []
    for remote, ports in ((False, process.out_ports), (True, process.ref_ports)):
        for port in ports:
            if port.process is not process or (boxes[process.id].parts and not remote):
                continue  # what is sent comes from a part
            for end in port.get_dst_ports():
                owner = end.process
                if owner is None or owner.id not in boxes or boxes[owner.id].parts:
                    continue
                label = f"{where(port)} → {where(end)} {tuple(port.shape)}"
                edges.append(Edge(process.id, port.name, owner.id, end.name, label, remote))
    return edges
