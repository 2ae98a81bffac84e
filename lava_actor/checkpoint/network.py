"""What a network is, in tables of Processes, Vars and ports; and whether two are equal.

A network is described as its user built it. The compiler adds sub-processes and wires them to
their parents; none of that belongs in a file, since loading compiles again. Entries refer to each
other by their places in the tables, which are in one order for equal networks: that of creation,
members by name, and virtual ports as connections lead to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lava_actor.checkpoint.arrays import Said
from lava_actor.checkpoint.codec import Encoder, state_of
from lava_actor.checkpoint.names import path_of
from lava_actor.errors import CheckpointError
from lava_actor.process import AbstractProcess, Var
from lava_actor.process.collection import Collection
from lava_actor.process.interfaces import where
from lava_actor.process.ports import ports
from lava_actor.process.ports.ports import AbstractPort
from lava_actor.process.reaching import reachable
from lava_actor.process.recording import Recording

Tables = dict[str, list[Any]]

PORTS = ("in_ports", "out_ports", "ref_ports", "var_ports")
COLLECTIONS = {**dict.fromkeys(PORTS, "ports"), "vars": "vars", "procs": "processes"}
BASES: dict[str, type] = {"processes": AbstractProcess, "vars": Var, "ports": AbstractPort}

#: Classes that are named without their module, which is our own business.
PLAIN = {c.__name__: c for c in (Var, Recording, *(getattr(ports, n) for n in ports.__all__))}

#: Attributes that have a place of their own in the tables, or belong to a run.
RESERVED: dict[str, frozenset[str]] = {
    "processes": frozenset(
        {
            *(*COLLECTIONS, "id", "name", "proc_params", "parent_proc", "log", "_la_home"),
            *("_runtime", "model", "_model", "_model_class", "_is_compiled", "_la_executable"),
        }
    ),
    "vars": frozenset(
        {
            *("shape", "_process", "_name", "_init", "init"),
            *("shareable", "aliased_var", "model", "id", "_source"),
        }
    ),
    "ports": frozenset(
        {
            *("shape", "_process", "_name", "in_connections", "out_connections"),
            *("connection_configs", "external_pipe_csp_send_port", "external_pipe_csp_recv_port"),
        }
    ),
}


class Network:
    """The network that a Process belongs to by connection, hierarchy or alias.

    Attributes
    ----------
    tables : the Processes, Vars and ports
    said : an entry for each of them
    sizes : how many there are, without those that are only referred to by attributes
    root : the place of the Process, or of the one that the compiler made it a part of
    """

    def __init__(self, process: AbstractProcess) -> None:
        self._added: set[int] = set()
        self._hidden: set[tuple[int, str]] = set()
        self._links: set[tuple[int, int]] = set()
        self._aliases: dict[int, Var | None] = {}
        self._note_additions(process)
        while self._was_added(process) and process.parent_proc is not None:
            process = process.parent_proc
        processes = self._connected(process)
        self.tables: Tables = {
            "processes": processes,
            "vars": self._members_of(processes, ["vars"]),
            "ports": self._members_of(processes, PORTS),
        }
        self._places = {
            id(obj): {table: place}
            for table, objs in self.tables.items()
            for place, obj in enumerate(objs)
        }
        self.root = self._place(process)
        self.said: Tables = {table: [] for table in self.tables}
        self.describe()
        self.sizes = {table: len(entries) for table, entries in self.said.items()}

    def _note_additions(self, process: AbstractProcess) -> None:
        executable = process._la_executable
        if executable is None or executable.before is None:
            return
        self._added = {id(p) for p in executable.all_processes}
        for original, old, added in executable.before.additions:
            self._added.discard(id(original))
            for port, sides in added["links"].items():
                self._links |= {(id(port), id(partner)) for side in sides for partner in side}
            self._aliases |= {id(var): alias for var, alias in old["aliases"]}
            self._hidden |= {(id(original), n) for n in (*added["procs"], *added["var_ports"])}
            made = (original.var_ports._members.get(name) for name in added["var_ports"])
            self._added |= {id(port) for port in made}

    def _was_added(self, obj: object) -> bool:
        """True for what the compiler has made."""
        if not isinstance(obj, AbstractProcess | Var | AbstractPort):
            return False
        owner = None if isinstance(obj, AbstractProcess) else obj.process
        return id(obj) in self._added or (owner is not None and id(owner) in self._added)

    def _members(self, process: AbstractProcess, kind: str) -> dict[str, object]:
        held = getattr(process, kind)._members.items()
        return {name: m for name, m in held if (id(process), name) not in self._hidden}

    def _members_of(self, processes: Iterable[AbstractProcess], kinds: Iterable[str]) -> list[Any]:
        found = ((self._members(p, kind), p) for p in processes for kind in kinds)
        return [members[name] for members, _ in found for name in sorted(members)]

    def _partners(self, port: AbstractPort) -> tuple[list[AbstractPort], list[AbstractPort]]:
        sides = (port.in_connections, port.out_connections)
        ins, outs = ([p for p in s if (id(port), id(p)) not in self._links] for s in sides)
        return ins, outs

    def _alias(self, var: Var) -> Var | None:
        return self._aliases.get(id(var), var.aliased_var)

    def _connected(self, seed: AbstractProcess) -> list[AbstractProcess]:
        def further(one: object) -> list[object]:
            if isinstance(one, AbstractPort):
                return [one.process, *(p for side in self._partners(one) for p in side)]
            if not isinstance(one, AbstractProcess) or self._was_added(one):
                return []
            aliases = [self._alias(var) for var in one.vars.members]
            parts = self._members(one, "procs").values()
            near = [*parts, one.parent_proc, *self._members_of([one], PORTS)]
            return near + [var.process for var in aliases if var is not None]

        start: list[object] = [seed]
        found = (p for p in reachable(start, further) if isinstance(p, AbstractProcess))
        return sorted((p for p in found if not self._was_added(p)), key=lambda p: p.id)

    # -- references -------------------------------------------------------------------------

    def reference(self, obj: object) -> Said | None:
        """How values refer to a part of the network; other Processes become parts of it."""
        if id(obj) in self._places:
            return self._places[id(obj)]
        if isinstance(obj, Collection) and isinstance(obj.process, AbstractProcess):
            kinds = (kind for kind in COLLECTIONS if getattr(obj.process, kind) is obj)
            return {"members": [self._place(obj.process), next(kinds)]}
        table = next((table for table, base in BASES.items() if isinstance(obj, base)), None)
        if table is None:
            return None
        if self._was_added(obj):
            raise CheckpointError(
                f"{getattr(obj, 'name', obj)!r} was built when the network was compiled, and is "
                f"referred to from outside of the model that built it"
            )
        self.tables[table].append(obj)
        self._places[id(obj)] = {table: len(self.tables[table]) - 1}
        return self._places[id(obj)]

    def _place(self, obj: object) -> object:
        return None if obj is None else next(iter((self.reference(obj) or {}).values()))

    # -- entries ----------------------------------------------------------------------------

    def describe(self, encoder: Encoder | None = None) -> None:
        """Complete the entries: without an encoder what they are, with one also their values."""
        done = dict.fromkeys(self.tables, 0)
        while any(done[table] < len(objs) for table, objs in self.tables.items()):
            for table, objs in self.tables.items():  # which grow meanwhile
                for obj in objs[done[table] :]:
                    if done[table] == len(self.said[table]):
                        self.said[table].append(self._structure(obj))
                    if encoder is not None:
                        self.said[table][done[table]] |= self._values(table, obj, encoder)
                    done[table] += 1

    def _structure(self, obj: Any) -> Said:
        cls = type(obj)
        plain = PLAIN.get(cls.__name__) is cls
        said = {"class": cls.__name__ if plain else path_of(cls), "name": obj.name}
        if isinstance(obj, AbstractProcess):
            members = {
                kind: {name: self._place(m) for name, m in self._members(obj, kind).items()}
                for kind in COLLECTIONS
            }
            return {**said, "id": obj.id, "parent": self._place(obj.parent_proc), **members}
        said["shape"] = [int(n) for n in obj.shape]
        if isinstance(obj, Recording):
            said["records"] = obj.described()
        if isinstance(obj, Var):
            alias = self._place(self._alias(obj))
            return {**said, "id": obj.id, "shareable": bool(obj.shareable), "alias": alias}
        ins, outs = ([self._place(p) for p in side] for side in self._partners(obj))
        how = [getattr(obj, "axes", None), getattr(obj, "concat_axis", None)]
        return {**said, "in": ins, "out": outs, "how": str(how)}

    def _values(self, table: str, obj: Any, encoder: Encoder) -> Said:
        label = obj.name if table == "processes" else where(obj)
        said: Said = {}
        pickled = encoder.add_class(type(obj), label)
        if pickled is not None:
            said["pickled"] = pickled
        if table == "processes":
            params = obj.proc_params._parameters
            said["params"] = encoder.add_pairs(params, f"{label}.proc_params")
        elif table == "vars":
            said["init"] = encoder.add(obj.init, f"{label}.init")
        else:
            partners = {p for side in self._partners(obj) for p in side}
            configs = {p: c for p, c in obj.connection_configs.items() if p in partners}
            said["configs"] = encoder.add_pairs(configs, f"{label}.connection_configs")
        state = {
            name: value
            for name, value in state_of(obj).items()
            if name not in RESERVED[table] and not self._was_added(value)
        }
        return {**said, "attributes": encoder.add_state(state, label)}


def difference(mine: Tables, its: Tables) -> str | None:
    """Say what is different in a file's network; None if nothing but values is."""
    pairs = list(zip(mine["processes"], its["processes"], strict=False))
    for one, two in pairs:
        name, here, there = one["name"], one["class"], two["class"]
        if here != there:
            return f"{name} is a {here}; the file has {two['name']}, a {there}"
        for kind, table in COLLECTIONS.items():
            here, there = (", ".join(sorted(p[kind])) or "none" for p in (one, two))
            if here != there:
                return f"{name}.{kind}: expected {here}; the file has {there}"
            for member in one[kind] if table != "processes" else ():
                a, b = (t[table][p[kind][member]] for t, p in ((mine, one), (its, two)))
                if a["shape"] != b["shape"]:
                    return (
                        f"{name}.{member}: expected shape {tuple(a['shape'])}; the file has "
                        f"{tuple(b['shape'])}"
                    )
                here, there = a.get("records"), b.get("records")
                if there is not None and here != there:
                    return f"{name}.{member}: expected {here}; the file has {there}"
    ours, theirs = len(mine["processes"]), len(its["processes"])
    if ours != theirs:
        more = (mine if ours > theirs else its)["processes"][len(pairs)]["name"]
        return (
            f"the network has {ours} Processes, the file {theirs}; the first without a counterpart "
            f"is {more}"
        )
    names = _names(mine)
    for place, (a, b) in enumerate(zip(mine["ports"], its["ports"], strict=False)):
        virtual = ("class", "shape", "how", "in") if a["name"] is None else ()
        if any(a[key] != b[key] for key in ("out", *virtual)):
            here, there = (
                ", ".join(names.get(p) or _virtual(t["ports"][p]) for p in port["out"]) or "nothing"
                for t, port in ((mine, a), (its, b))
            )
            if place in names:
                return f"{names[place]}: it leads to {here}; in the file to {there}"
            return f"expected a {_virtual(a)} to {here}; the file has a {_virtual(b)} to {there}"
    return None


def _names(said: Tables) -> dict[int, str]:
    """What ports are called, by their places."""
    return {
        place: f"{process['name']}.{name}"
        for process in said["processes"]
        for kind in PORTS
        for name, place in process[kind].items()
    }


def _virtual(port: Said) -> str:
    return f"{port['class']} of shape {tuple(port['shape'])}"
