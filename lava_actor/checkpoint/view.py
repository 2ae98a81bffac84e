"""A network as it was described, whether or not compiling it has added to it since.

The compiler builds sub-processes and wires them to their parents. What belongs in a file is the
description before that: loading compiles again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lava_actor.errors import CheckpointError
from lava_actor.process.ports.ports import AbstractPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var


class View:
    """The description of the network that ``process`` belongs to."""

    def __init__(self, process: AbstractProcess) -> None:
        self._links: dict[int, tuple[list[Any], list[Any]]] = {}
        self._aliases: dict[int, Var | None] = {}
        self._names: dict[int, dict[str, list[str]]] = {}
        self._added: set[int] = set()
        executable = process._executable
        if executable is None:
            return
        before = executable.before
        if before is None:
            if len(executable.all_processes) > len(executable.process_list):
                raise CheckpointError(
                    f"{process.name}: this network was unpickled in compiled form, which lacks "
                    f"how it was before; save it with lava_actor.utils.serialization"
                )
            return
        self._added = {id(p) for p in executable.all_processes}
        for original, old, added in before.additions:
            self._added.discard(id(original))
            self._names[id(original)] = {kind: added[kind] for kind in ("procs", "var_ports")}
            for port, links in added["links"].items():
                self._links[id(port)] = links
            for var, alias in old["aliases"]:
                self._aliases[id(var)] = alias
            for name in added["var_ports"]:
                if name in original.var_ports:
                    self._added.add(id(original.var_ports[name]))

    def links(self, port: AbstractPort) -> tuple[list[Any], list[Any], dict[Any, Any]]:
        """Sources, destinations and connection configs of a port."""
        ins, outs = self._links.get(id(port), ((), ()))
        there = [
            [p for p in now if not any(p is other for other in then)]
            for now, then in ((port.in_connections, ins), (port.out_connections, outs))
        ]
        kept = {id(p) for side in there for p in side}
        configs = {p: c for p, c in port.connection_configs.items() if id(p) in kept}
        return there[0], there[1], configs

    def alias(self, var: Var) -> Var | None:
        """What a Var is aliased to."""
        return self._aliases.get(id(var), var.aliased_var)

    def members(self, process: AbstractProcess, kind: str) -> dict[str, Any]:
        """Members of a Process by name, in order; ``kind`` names the collection."""
        added = self._names.get(id(process), {}).get(kind, [])
        collection = getattr(process, kind)
        pairs = zip(collection.member_names, collection.members, strict=True)
        return {name: member for name, member in pairs if name not in added}

    def was_added(self, obj: Any) -> bool:
        """True for what the compiler has made."""
        if not isinstance(obj, (AbstractProcess, AbstractPort, Var)):
            return False
        owner = None if isinstance(obj, AbstractProcess) else obj.process
        return id(obj) in self._added or (owner is not None and id(owner) in self._added)

    def network(self, seed: AbstractProcess) -> list[AbstractProcess]:
        """Every Process that belongs to ``seed`` by connection, hierarchy or alias, by id."""
        found: dict[int, AbstractProcess] = {}
        ports: set[int] = set()
        todo: list[AbstractProcess] = [self.outermost(seed)]
        while todo:
            process = todo.pop()
            if id(process) in found or self.was_added(process):
                continue
            found[id(process)] = process
            todo += self._relatives(process)
            for port in self.all_ports([process], ports):
                if port.process is not None:
                    todo.append(port.process)
        return sorted(found.values(), key=lambda p: p.id)

    def outermost(self, process: AbstractProcess) -> AbstractProcess:
        """A Process of the description: the parent of one that the compiler has made."""
        while self.was_added(process) and process.parent_proc is not None:
            process = process.parent_proc
        return process

    def _relatives(self, process: AbstractProcess) -> Iterator[AbstractProcess]:
        yield from self.members(process, "procs").values()
        if process.parent_proc is not None:
            yield process.parent_proc
        for var in process.vars.members:
            target = self.alias(var)
            if target is not None and target.process is not None:
                yield target.process

    def all_ports(
        self, processes: list[AbstractProcess], seen: set[int] | None = None
    ) -> list[AbstractPort]:
        """The ports of Processes and all they are connected to, in a fixed order; not `seen`."""
        found: list[AbstractPort] = []
        seen = set() if seen is None else seen
        todo: list[AbstractPort] = []
        for process in reversed(processes):
            for kind in ("var_ports", "ref_ports", "out_ports", "in_ports"):
                todo += reversed(list(self.members(process, kind).values()))
        while todo:
            port = todo.pop()
            if id(port) in seen:
                continue
            seen.add(id(port))
            found.append(port)
            ins, outs, _ = self.links(port)
            todo += [*reversed(outs), *reversed(ins)]
        return found
