"""Undo for a compile that failed: the user repairs the cause and compiles again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lava_actor.compiler.network import ports_of

if TYPE_CHECKING:
    from lava_actor.process.process import AbstractProcess


class Snapshot:
    """What expansion may change of the Processes that exist before it."""

    def __init__(self, processes: Iterable[AbstractProcess]) -> None:
        self._saved = [(process, self._state_of(process)) for process in processes]

    @staticmethod
    def _state_of(process: AbstractProcess) -> dict[str, Any]:
        return {
            "ports": [
                (
                    port,
                    list(port.in_connections),
                    list(port.out_connections),
                    dict(port.connection_configs),
                )
                for port in ports_of(process)
            ],
            "aliases": [(var, var.aliased_var) for var in process.vars.members],
            "procs": dict(zip(process.procs.member_names, process.procs.members, strict=True)),
            "var_ports": dict(
                zip(process.var_ports.member_names, process.var_ports.members, strict=True)
            ),
            "model_class": process._model_class,
            "is_compiled": process._is_compiled,
        }

    def restore(self) -> None:
        """Put every Process back to where it was."""
        for process, state in self._saved:
            for name in process.var_ports.member_names:
                if name not in state["var_ports"]:
                    process.var_ports.remove_member(name)
                    process.__dict__.pop(name, None)
            for name in process.procs.member_names:
                if name not in state["procs"]:
                    process.procs.remove_member(name)
            for port, ins, outs, configs in state["ports"]:
                port.in_connections[:] = ins
                port.out_connections[:] = outs
                port.connection_configs.clear()
                port.connection_configs.update(configs)
            for var, alias in state["aliases"]:
                var.aliased_var = alias
            process._model_class = state["model_class"]
            process._is_compiled = state["is_compiled"]
