"""What expanding a network changes of the Processes that were there, and the way back.

Needed twice: a compile that failed leaves nothing behind, and a network that was stopped can be
compiled again. Between compile and way back the user may have connected more; so only what the
expansion added is taken away.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lava_actor.compiler.network import ports_of

if TYPE_CHECKING:
    from lava_actor.process.process import AbstractProcess


State = dict[str, Any]


class Snapshot:
    """Taken before the expansion; `seal` notes what it added, `undo` takes that away."""

    def __init__(self, processes: Iterable[AbstractProcess]) -> None:
        self._before = [(process, _state_of(process)) for process in processes]
        self._added: list[tuple[AbstractProcess, State, State]] | None = None

    def seal(self) -> None:
        """Note what has been added since this snapshot was taken."""
        self._added = []
        for process, old in self._before:
            new = _state_of(process)
            links = {
                port: tuple(
                    [p for p in now if not _among(p, then)]
                    for now, then in zip(
                        new["links"][port], old["links"].get(port, ([], [])), strict=True
                    )
                )
                for port in new["links"]
            }
            names = {
                kind: [name for name in new[kind] if name not in old[kind]]
                for kind in ("procs", "var_ports")
            }
            self._added.append((process, old, {"links": links, **names}))

    @property
    def additions(self) -> list[tuple[AbstractProcess, State, State]]:
        """For every Process: what it was, and the links and names that the expansion added."""
        return list(self._added or [])

    def undo(self) -> None:
        """Take away what the expansion added."""
        if self._added is None:
            self.seal()
        for process, old, added in self._added or []:
            for name in added["var_ports"]:
                if name in process.var_ports:
                    process.var_ports.remove_member(name)
                    process.__dict__.pop(name, None)
            for name in added["procs"]:
                if name in process.procs:
                    process.procs.remove_member(name)
            for port, (ins, outs) in added["links"].items():
                port.in_connections[:] = [p for p in port.in_connections if not _among(p, ins)]
                port.out_connections[:] = [p for p in port.out_connections if not _among(p, outs)]
                for partner in (*ins, *outs):
                    port.connection_configs.pop(partner, None)
            for var, alias in old["aliases"]:
                var.aliased_var = alias
            process._model_class = old["model_class"]
        self._added = []


def _state_of(process: AbstractProcess) -> State:
    return {
        "links": {
            port: (list(port.in_connections), list(port.out_connections))
            for port in ports_of(process)
        },
        "aliases": [(var, var.aliased_var) for var in process.vars.members],
        "procs": list(process.procs.member_names),
        "var_ports": list(process.var_ports.member_names),
        "model_class": process._model_class,
    }


def _among(item: object, items: Iterable[object]) -> bool:
    return any(item is other for other in items)
