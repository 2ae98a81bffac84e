"""A network as it was described, whether or not compiling it has added to it since.

The compiler builds sub-processes and wires them to their parents. What belongs in a file is the
description before that: loading compiles again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lava_actor.compiler.network import ports_of
from lava_actor.errors import CheckpointError
from lava_actor.process.ports.ports import AbstractPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var


class View:
    """The description of the network that ``process`` belongs to."""

    def __init__(self, process: AbstractProcess) -> None:
        self._ports: dict[int, tuple[list[Any], list[Any], dict[Any, Any]]] = {}
        self._aliases: dict[int, Var | None] = {}
        self._members: dict[int, dict[str, dict[str, Any]]] = {}
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
        for original, state in before._saved:
            self._added.discard(id(original))
            self._members[id(original)] = {k: state[k] for k in ("procs", "var_ports")}
            for port, ins, outs, configs in state["ports"]:
                self._ports[id(port)] = ins, outs, configs
            for var, alias in state["aliases"]:
                self._aliases[id(var)] = alias

    def links(self, port: AbstractPort) -> tuple[list[Any], list[Any], dict[Any, Any]]:
        """Sources, destinations and connection configs of a port."""
        found = self._ports.get(id(port))
        if found is not None:
            return found
        return port.in_connections, port.out_connections, port.connection_configs

    def alias(self, var: Var) -> Var | None:
        """What a Var is aliased to."""
        return self._aliases.get(id(var), var.aliased_var)

    def members(self, process: AbstractProcess, kind: str) -> dict[str, Any]:
        """Members of a Process by name, in order; ``kind`` names the collection."""
        saved = self._members.get(id(process), {})
        if kind in saved:
            return saved[kind]
        collection = getattr(process, kind)
        return dict(zip(collection.member_names, collection.members, strict=True))

    def was_added(self, obj: Any) -> bool:
        """True for what the compiler has made."""
        if isinstance(obj, AbstractProcess):
            return id(obj) in self._added
        owner = getattr(obj, "process", None)
        if owner is None:
            return False
        if id(owner) in self._added:
            return True
        return (
            isinstance(obj, AbstractPort)
            and bool(self._ports)
            and id(obj) not in self._ports
            and id(owner) in self._members
            and any(obj is port for port in ports_of(owner))
        )

    def network(self, seed: AbstractProcess) -> list[AbstractProcess]:
        """Every Process that belongs to ``seed`` by connection, hierarchy or alias, by id."""
        seen: dict[int, AbstractProcess] = {}
        todo: list[AbstractProcess] = [self.outermost(seed)]
        while todo:
            process = todo.pop()
            if id(process) in seen or self.was_added(process):
                continue
            seen[id(process)] = process
            todo += self._neighbours(process)
        return sorted(seen.values(), key=lambda p: p.id)

    def outermost(self, process: AbstractProcess) -> AbstractProcess:
        """A Process of the description: the parent of one that the compiler has made."""
        while self.was_added(process) and process.parent_proc is not None:
            process = process.parent_proc
        return process

    def _neighbours(self, process: AbstractProcess) -> Iterator[AbstractProcess]:
        yield from self.members(process, "procs").values()
        if process.parent_proc is not None:
            yield process.parent_proc
        for var in process.vars.members:
            target = self.alias(var)
            if target is not None and target.process is not None:
                yield target.process
        for port in self.all_ports([process]):
            if port.process is not None:
                yield port.process

    def all_ports(self, processes: list[AbstractProcess]) -> list[AbstractPort]:
        """The ports of Processes, and virtual ports between them, in a fixed order."""
        found: list[AbstractPort] = []
        seen: set[int] = set()
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
