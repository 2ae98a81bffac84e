"""From a manifest to Processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cloudpickle

from lava_actor.checkpoint.codec import Decoder, Document, set_state
from lava_actor.checkpoint.describe import (
    COLLECTIONS,
    OF_PORT,
    OF_PROCESS,
    OF_VAR,
    PLAIN_NAMES,
)
from lava_actor.checkpoint.names import Names, found
from lava_actor.errors import CheckpointError
from lava_actor.model import registry
from lava_actor.process.log import LogConfig
from lava_actor.process.parameters import ProcessParameters
from lava_actor.process.ports.ports import AbstractPort
from lava_actor.process.process import AbstractProcess, ProcessServer
from lava_actor.process.variable import Var


class Rebuilt:
    """The Processes that a manifest describes; they exist, but nothing is compiled.

    Parameters
    ----------
    manifest : dict
        What `Description.manifest` returned.
    document : Document
        The values.
    names : Names
    trusted : bool
        Whether pickles may be read.
    quietly : bool
        Leave loggers alone: the Processes are only looked at.
    """

    def __init__(
        self,
        manifest: dict[str, Any],
        document: Document,
        names: Names,
        *,
        trusted: bool,
        quietly: bool = False,
    ) -> None:
        self.manifest = manifest
        self.names = names
        self._document = document
        self._trusted = trusted
        self._by_value = self._pickled_classes()
        entries = manifest["processes"]
        self.processes: list[Any] = [self._new(e, AbstractProcess) for e in entries]
        self.vars: list[Any] = [self._new(e, Var) for e in manifest["vars"]]
        self.ports: list[Any] = [self._new(e, AbstractPort) for e in manifest["ports"]]
        self.decoder = self.new_decoder(document)
        self._number()
        if not quietly:
            self._take_ids()
        self._fill_ports()
        self._fill_processes(quietly)
        self.root: Any = self.processes[_index(manifest["root"], self.processes)]

    def new_decoder(
        self, document: Document, standing_in: Callable[[Any], Any] | None = None
    ) -> Decoder:
        """A decoder whose references lead to these Processes, or to what stands in for them."""
        tables = {"process": self.processes, "var": self.vars, "port": self.ports}

        def resolve(kind: str, which: Any) -> Any:
            if kind == "members":
                owner, name = which
                if name not in COLLECTIONS:
                    raise CheckpointError(f"there is no collection {name!r}")
                return getattr(resolve("process", owner["process"]), name)
            if kind not in tables:
                raise CheckpointError(f"unknown kind of value: {kind!r}")
            target = tables[kind][_index(which, tables[kind])]
            return target if standing_in is None else standing_in(target)

        return Decoder(document, self.names, resolve, trusted=self._trusted)

    # -- objects without content -----------------------------------------------------------

    def _pickled_classes(self) -> dict[str, type]:
        root = self._document.root
        if root is None:
            return {}
        if not self._trusted:
            raise CheckpointError("classes are pickled; pass trusted=True if you trust the file")
        data = self._document.blobs[root["classes"]]
        here = {path: found(path) for path in root["paths"]}
        if all(isinstance(cls, type) for cls in here.values()):
            return here  # the program that saved it, or one like it
        classes, models = cloudpickle.loads(data)
        for model in models:
            registry.register(model)
        return dict(zip(root["paths"], classes, strict=True))

    def _new(self, entry: dict[str, Any], kind: type) -> Any:
        path = entry["class"]
        cls = PLAIN_NAMES.get(path) or self._by_value.get(path)
        if cls is None:
            cls = self.names.class_of_kind(path, kind, str(entry["name"]))
        if not issubclass(cls, kind):
            raise CheckpointError(f"{entry['name']}: {path} is no {kind.__name__}")
        self.names.add_home_of(cls)
        return object.__new__(cls)

    def _number(self) -> None:
        """Construct in the order of creation, which decides about the order of sums."""
        for process, entry in _in_order(self.processes, self.manifest["processes"]):
            AbstractProcess.__init__(process)
            process.name = _text(entry["name"])
        for var, entry in _in_order(self.vars, self.manifest["vars"]):
            shape = self.decoder.value(entry["shape"])
            Var.__init__(var, shape, None, bool(entry["shareable"]), _text(entry["name"]))

    def _take_ids(self) -> None:
        """Take the ids of the saved Processes if nobody here has one of them.

        Sub-processes that the compiler makes are named after the ids that follow.
        """
        server = ProcessServer()
        wanted = [_number(entry["id"]) for entry in self.manifest["processes"]]
        if len(set(wanted)) < len(wanted) or min(wanted, default=0) < 0:
            raise CheckpointError("two Processes have the same id")
        mine = {id(process) for process in self.processes}
        if any(p.id in wanted for p in server.processes if id(p) not in mine):
            return
        for process in self.processes:
            del server._living[process.id]
        for process, number in zip(self.processes, wanted, strict=True):
            process.id = server.restore(process, number)

    # -- content ----------------------------------------------------------------------------

    def _fill_ports(self) -> None:
        for port, entry in zip(self.ports, self.manifest["ports"], strict=True):
            AbstractPort.__init__(port, self.decoder.value(entry["shape"]))
            if entry["name"] is not None:
                port.name = _text(entry["name"])
            self._give_owner(port, entry)
        for port, entry in zip(self.ports, self.manifest["ports"], strict=True):
            set_state(port, self._state(entry), OF_PORT, trusted=self._trusted)
            port.in_connections.extend(self._port(p) for p in entry["in"])
            port.out_connections.extend(self._port(p) for p in entry["out"])
            for partner, config in entry["configs"]:
                port.connection_configs[self._port(partner)] = self.decoder.value(config)
        self._check_links()
        for var, entry in zip(self.vars, self.manifest["vars"], strict=True):
            var.init = self.decoder.value(entry["init"])
            var.aliased_var = self._maybe(entry["alias"], Var)
            self._give_owner(var, entry)
            set_state(var, self._state(entry), OF_VAR, trusted=self._trusted)

    def _give_owner(self, member: Any, entry: dict[str, Any]) -> None:
        owner = self._maybe(entry["process"], AbstractProcess)
        if owner is not None:
            member.process = owner

    def _check_links(self) -> None:
        sent = sorted((id(p), id(q)) for p in self.ports for q in p.out_connections)
        received = sorted((id(q), id(p)) for p in self.ports for q in p.in_connections)
        if sent != received:
            raise CheckpointError("a connection is known at one of its ends only")

    def _fill_processes(self, quietly: bool) -> None:
        kinds = {"vars": Var, "procs": AbstractProcess}
        for process, entry in zip(self.processes, self.manifest["processes"], strict=True):
            params = {self.decoder.value(k): self.decoder.value(v) for k, v in entry["params"]}
            process.proc_params = ProcessParameters(params)
            process.log_config = self.decoder.value(entry["log_config"])
            process.parent_proc = self._maybe(entry["parent"], AbstractProcess)
            set_state(process, self._state(entry), OF_PROCESS, trusted=self._trusted)
            for config in (process.log_config, params.get("log_config")):
                if isinstance(config, LogConfig) and not self._trusted:
                    config.logs_to_file = False  # the file would say what is written where
            for name in COLLECTIONS:
                kind = kinds.get(name, AbstractPort)
                members = {
                    _text(key): self._maybe(node, kind) for key, node in entry["members"][name]
                }
                if None in members.values():
                    raise CheckpointError(f"{process.name}.{name}: a member is missing")
                getattr(process, name).add_members(members)
            if not quietly:
                process._settle()

    def _state(self, entry: dict[str, Any]) -> dict[str, Any]:
        return {_text(name): self.decoder.value(node) for name, node in entry["attributes"]}

    def _maybe(self, node: Any, kind: type) -> Any:
        found_ = self.decoder.value(node)
        if found_ is not None and not isinstance(found_, kind):
            raise CheckpointError(f"expected a {kind.__name__}, got {found_!r}")
        return found_

    def _port(self, node: Any) -> AbstractPort:
        port: AbstractPort | None = self._maybe(node, AbstractPort)
        if port is None:
            raise CheckpointError("expected a port, got none")
        return port


def _in_order(objects: list[Any], entries: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    pairs = zip(objects, entries, strict=True)
    return sorted(pairs, key=lambda pair: _number(pair[1]["id"]))


def _number(value: Any) -> int:
    if type(value) is not int:
        raise CheckpointError(f"expected an integer, got {value!r}")
    return value


def _index(value: Any, table: list[Any]) -> int:
    if not 0 <= _number(value) < len(table):
        raise CheckpointError(f"there is no entry {value}")
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise CheckpointError(f"expected a string, got {value!r}")
    return value
