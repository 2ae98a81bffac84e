"""From tables to Processes: nothing is compiled, and no constructor of a user's class is called."""

from __future__ import annotations

from lava_actor.checkpoint.arrays import Part, Said
from lava_actor.checkpoint.codec import Decoder, Document, set_state
from lava_actor.checkpoint.names import Names
from lava_actor.checkpoint.network import BASES, COLLECTIONS, PLAIN, RESERVED, Tables
from lava_actor.errors import CheckpointError
from lava_actor.process import LogConfig, Var
from lava_actor.process.former import renamed
from lava_actor.process.parameters import ProcessParameters
from lava_actor.process.ports.ports import AbstractPort
from lava_actor.process.process import AbstractProcess, ProcessServer


def decoder_for(document: Document, names: Names, tables: Tables, *, trusted: bool) -> Decoder:
    """A decoder whose references lead into these tables."""

    def resolve(table: str, which: Part) -> Part:
        if table == "members" and which[1] in COLLECTIONS:
            return getattr(resolve("processes", which[0]), which[1])
        if table not in tables:
            raise CheckpointError(f"there is no kind of value {table!r}")
        if not 0 <= _checked(which, int) < len(tables[table]):
            raise CheckpointError(f"there is no entry {which} in {table}")
        return tables[table][which]

    return Decoder(document, names, resolve, trusted=trusted)


class Rebuilt:
    """The Processes that a file describes.

    Parameters
    ----------
    said : the entries, as `Network` describes them
    document : the values they refer to
    names : grows by the packages of all classes
    trusted : whether pickles may be read
    former : whether it was written before names of ours began with ``_la_``
    """

    def __init__(
        self, said: Tables, document: Document, names: Names, *, trusted: bool, former: bool
    ) -> None:
        self.tables: Tables = {}
        self.decoder = decoder_for(document, names, self.tables, trusted=trusted)
        self._said, self._names = said, names
        self._trusted, self._former = trusted, former
        for table, base in BASES.items():
            self.tables[table] = [object.__new__(self._class(e, base)) for e in said[table]]
        self._construct()
        self._take_ids()
        for port, entry in self._entries("ports"):
            self._connect(port, entry)
        self._check_links()
        for var, entry in self._entries("vars"):
            var.init = self.decoder.value(entry["init"])
            var.aliased_var = self._part("vars", entry["alias"])
            self._set_attributes("vars", var, entry)
        for process, entry in self._entries("processes"):
            self._fill(process, entry)

    def _class(self, entry: Said, base: type) -> type:
        path, name = entry["class"], entry["name"]
        if "pickled" in entry:
            cls = self.decoder.value(entry["pickled"])
        elif path in PLAIN:
            cls = PLAIN[path]
        else:
            cls = self._names.class_of_kind(path, base, str(name))
        if not issubclass(cls, base):
            raise CheckpointError(f"{name}: {path} is no {base.__name__}")
        return cls

    def _entries(self, table: str, key: str | None = None) -> list[tuple[Part, Said]]:
        pairs = list(zip(self.tables[table], self._said[table], strict=True))
        return pairs if key is None else sorted(pairs, key=lambda pair: _checked(pair[1][key], int))

    def _part(self, table: str, place: object) -> Part:
        return None if place is None else self.decoder.value({table: place})

    def _construct(self) -> None:
        """In the order of creation, which decides about the order of sums."""
        for process, entry in self._entries("processes", "id"):
            AbstractProcess.__init__(process)
            process.name = _checked(entry["name"], str)
        for var, entry in self._entries("vars", "id"):
            shape = tuple(entry["shape"])
            Var.__init__(var, shape, None, bool(entry["shareable"]), _checked(entry["name"], str))
        for port, entry in self._entries("ports"):
            AbstractPort.__init__(port, tuple(entry["shape"]))
            if entry["name"] is not None:
                port.name = entry["name"]

    def _take_ids(self) -> None:
        """Take the ids of the saved Processes if nobody here has one of them.

        Sub-processes that the compiler makes are named after the ids that follow.
        """
        server, processes = ProcessServer(), self._entries("processes")
        wanted = [entry["id"] for _, entry in processes]
        if len(set(wanted)) < len(wanted) or min(wanted, default=0) < 0:
            raise CheckpointError("two Processes have the same id")
        mine = {id(process) for process, _ in processes}
        if any(p.id in wanted for p in server.processes if id(p) not in mine):
            return
        for process, _ in processes:
            del server._living[process.id]
        for process, entry in processes:
            process.id = server.restore(process, entry["id"])

    def _connect(self, port: AbstractPort, entry: Said) -> None:
        self._set_attributes("ports", port, entry)
        port.in_connections.extend(self._part("ports", place) for place in entry["in"])
        port.out_connections.extend(self._part("ports", place) for place in entry["out"])
        port.connection_configs.update(self.decoder.pairs(entry["configs"]))

    def _check_links(self) -> None:
        ports = self.tables["ports"]
        sent = sorted((id(p), id(q)) for p in ports for q in p.out_connections)
        received = sorted((id(q), id(p)) for p in ports for q in p.in_connections)
        if sent != received:
            raise CheckpointError("a connection is known at one of its ends only")

    def _fill(self, process: AbstractProcess, entry: Said) -> None:
        params = self.decoder.pairs(entry["params"])
        process.proc_params = ProcessParameters(params)
        process.parent_proc = self._part("processes", entry["parent"])
        self._set_attributes("processes", process, entry)
        for config in (_checked(process.log_config, LogConfig), params.get("log_config")):
            if isinstance(config, LogConfig) and not self._trusted:
                config.logs_to_file = False  # the file would say what is written where
        for kind, table in COLLECTIONS.items():
            members = {name: self._part(table, place) for name, place in entry[kind].items()}
            if None in members.values():
                raise CheckpointError(f"{process.name}.{kind}: a member is missing")
            for member in members.values() if table != "processes" else ():
                member.process = process
            getattr(process, kind).add_members(members)
        process._la_settle()

    def _set_attributes(self, table: str, obj: object, entry: Said) -> None:
        state = self.decoder.state(entry["attributes"])
        if self._former and table == "processes":
            state = renamed(obj, state)
        set_state(obj, state, RESERVED[table], trusted=self._trusted)


def _checked(value: object, kind: type) -> Part:
    if type(value) is not kind:
        raise CheckpointError(f"expected a value of type {kind.__name__}, got {value!r}")
    return value
