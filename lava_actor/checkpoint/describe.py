"""From Processes to a manifest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cloudpickle

from lava_actor.checkpoint.codec import Document, Encoder, state_of
from lava_actor.checkpoint.names import Names, home_of, is_importable, path_of
from lava_actor.checkpoint.view import View
from lava_actor.errors import CheckpointError
from lava_actor.model import registry
from lava_actor.process.collection import Collection
from lava_actor.process.interfaces import where
from lava_actor.process.ports.ports import (
    AbstractPort,
    AbstractVirtualPort,
    ConcatPort,
    ImplicitVarPort,
    InPort,
    OutPort,
    RefPort,
    ReshapePort,
    TransposePort,
    VarPort,
)
from lava_actor.process.process import AbstractProcess
from lava_actor.process.recording import Recording
from lava_actor.process.variable import Var

COLLECTIONS = ("in_ports", "out_ports", "ref_ports", "var_ports", "vars", "procs")

#: Classes that are named without their module, which is our own business.
PLAIN_NAMES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        *(InPort, OutPort, RefPort, VarPort, ImplicitVarPort),
        *(ReshapePort, TransposePort, ConcatPort, Var, Recording),
    )
}

#: Attributes of a Process that have a place of their own in the manifest, or belong to a run.
OF_PROCESS = frozenset(
    {
        *COLLECTIONS,
        *("id", "name", "proc_params", "log_config", "parent_proc", "log", "_home"),
        *("_runtime", "_model", "_model_class", "_is_compiled", "_executable"),
    }
)
OF_PORT = frozenset(
    {
        *("shape", "_process", "_name", "in_connections", "out_connections"),
        *("connection_configs", "external_pipe_csp_send_port", "external_pipe_csp_recv_port"),
    }
)
OF_VAR = frozenset(
    {"shape", "_process", "_name", "init", "shareable", "aliased_var", "model", "id", "_source"}
)


class Description:
    """Describes the network of a Process.

    Parameters
    ----------
    root : AbstractProcess
        The Process that `save` was called on.
    trusted : bool
        Pickle what cannot be expressed otherwise.
    """

    def __init__(self, root: AbstractProcess, *, trusted: bool) -> None:
        self.view = View(root)
        self.root = self.view.outermost(root)
        self.processes = self.view.network(root)
        self.is_trusted = trusted
        self._by_value: list[type] = []
        self._tables: dict[str, list[Any]] = {"process": list(self.processes)}
        self._index = {id(p): {"process": i} for i, p in enumerate(self.processes)}
        for kind, members in (
            ("var", [v for p in self.processes for v in p.vars.members]),
            ("port", self.view.all_ports(self.processes)),
        ):
            self._tables[kind] = members
            self._index.update((id(m), {kind: i}) for i, m in enumerate(members))
        self.names = Names(home_of(path_of(type(p))) for p in self.processes)
        self.encoder = self.new_encoder()

    def new_encoder(self) -> Encoder:
        """An encoder for one more document that refers to this network."""
        return Encoder(self.names, self._reference, trusted=self.is_trusted)

    @property
    def is_pickled(self) -> bool:
        """True if something needed pickle."""
        return self.encoder.pickled or bool(self._by_value)

    def manifest(self) -> dict[str, Any]:
        """The tables of Processes, Vars and ports; values are in the encoder's document."""
        made: dict[str, list[Any]] = {"process": [], "var": [], "port": []}
        describe: dict[str, Callable[[Any], dict[str, Any]]] = {
            "process": self._process,
            "var": self._var,
            "port": self._port,
        }
        grew = True
        while grew:  # attributes may refer to what is not connected
            grew = False
            for kind, table in self._tables.items():
                while len(made[kind]) < len(table):
                    made[kind].append(describe[kind](table[len(made[kind])]))
                    grew = True
        return {
            "root": self._index[id(self.root)]["process"],
            "processes": made["process"],
            "vars": made["var"],
            "ports": made["port"],
        }

    def document(self) -> Document:
        """The values, after `manifest`; its root is the pickle of classes, if there is one."""
        root = None
        if self._by_value:
            models = [m for c in self._by_value for m in _models_of(c)]
            node = self.encoder.document
            node.blobs.append(_pickled_classes(self._by_value, models))
            root = {"classes": len(node.blobs) - 1, "paths": [path_of(c) for c in self._by_value]}
        return self.encoder.finish(root)

    def _reference(self, obj: Any) -> dict[str, Any] | None:
        found = self._index.get(id(obj))
        if found is not None:
            return found
        if isinstance(obj, AbstractProcess):
            kind = "process"
        elif isinstance(obj, Var):
            kind = "var"
        elif isinstance(obj, AbstractPort):
            kind = "port"
        elif isinstance(obj, Collection) and isinstance(obj.process, AbstractProcess):
            for name in COLLECTIONS:
                if getattr(obj.process, name) is obj:
                    return {"members": [self._reference(obj.process), name]}
            return None
        else:
            return None
        if self.view.was_added(obj):
            raise CheckpointError(
                f"{getattr(obj, 'name', obj)!r} was built when the network was compiled, and is "
                f"referred to from outside of the model that built it"
            )
        self._tables[kind].append(obj)
        reference = self._index[id(obj)] = {kind: len(self._tables[kind]) - 1}
        return reference

    def class_name(self, cls: type, what: str) -> str:
        """The path of a class; classes without one are pickled if that is allowed."""
        if PLAIN_NAMES.get(cls.__name__) is cls:
            return cls.__name__
        path = path_of(cls)
        if is_importable(cls):
            self.names.add_home_of(cls)
        elif cls not in self._by_value:
            if not self.is_trusted:
                raise CheckpointError(
                    f"{what}: its class {path} cannot be imported by name in another interpreter; "
                    f"move it to a module, or pass trusted=True to save (and load) it as a pickle"
                )
            self._by_value.append(cls)
        return path

    # -- entries ----------------------------------------------------------------------------

    def _process(self, process: AbstractProcess) -> dict[str, Any]:
        name, add = process.name, self.encoder.add
        members = {
            kind: [
                [key, self._reference(member)]
                for key, member in self.view.members(process, kind).items()
            ]
            for kind in COLLECTIONS
        }
        params = [
            [add(key, name), add(value, f"{name}.proc_params[{key!r}]")]
            for key, value in process.proc_params._parameters.items()
        ]
        return {
            "class": self.class_name(type(process), name),
            "name": name,
            "id": process.id,
            "parent": add(process.parent_proc, f"{name}.parent_proc"),
            "members": members,
            "params": params,
            "log_config": add(process.log_config, f"{name}.log_config"),
            "attributes": self._attributes(process, OF_PROCESS, name),
        }

    def _var(self, var: Var) -> dict[str, Any]:
        label, add = where(var), self.encoder.add
        return {
            "class": self.class_name(type(var), label),
            "name": var.name,
            "id": var.id,
            "shape": add(tuple(var.shape), label),
            "init": add(var.init, f"{label}.init"),
            "shareable": bool(var.shareable),
            "alias": add(self.view.alias(var), label),
            "process": add(var.process, label),
            "attributes": self._attributes(var, OF_VAR, label),
        }

    def _port(self, port: AbstractPort) -> dict[str, Any]:
        label, add = where(port), self.encoder.add
        ins, outs, configs = self.view.links(port)
        is_virtual = isinstance(port, AbstractVirtualPort)  # it belongs to whom its source does
        return {
            "class": self.class_name(type(port), label),
            "name": port.name,
            "shape": add(tuple(port.shape), label),
            "process": None if is_virtual else add(port.process, label),
            "in": [self._reference(p) for p in ins],
            "out": [self._reference(p) for p in outs],
            "configs": [[self._reference(p), add(c, label)] for p, c in configs.items()],
            "attributes": self._attributes(port, OF_PORT, label),
        }

    def _attributes(self, obj: Any, known: frozenset[str], label: str) -> list[Any]:
        return [
            [name, self.encoder.add(value, f"{label}.{name}")]
            for name, value in state_of(obj).items()
            if name not in known and not self.view.was_added(value)
        ]


def _models_of(cls: type) -> list[type]:
    """Models that can only travel with the class they are for."""
    if not issubclass(cls, AbstractProcess):
        return []
    return [m for m in registry.candidates(cls) if not is_importable(m)]


def _pickled_classes(classes: list[type], models: list[type]) -> bytes:
    try:
        data: bytes = cloudpickle.dumps((classes, models), protocol=5)
    except Exception as error:
        names = ", ".join(c.__qualname__ for c in classes)
        raise CheckpointError(f"cannot pickle the classes {names}: {error}") from error
    return data
