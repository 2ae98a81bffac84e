"""Members of our classes that only programs for Lava ask for; our classes do not mention them.

They are attached when `lava_actor.compat.install` makes Lava's import paths resolve, and stay:
objects that were made meanwhile may be asked for them later.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from lava_actor.channels.interfaces import AbstractCspPort
from lava_actor.compat.lava_names.by_hand import ChannelRemote, service
from lava_actor.compat.lava_names.node import Node, NodeConfig
from lava_actor.compat.lava_names.resources import HeadNode
from lava_actor.compat.lava_names.runtime_service import (
    AsyncPyRuntimeService,
    LoihiPhase,
    LoihiPyRuntimeService,
    Proc_Function_With_Guard,
    PyRuntimeService,
)
from lava_actor.compiler.executable import Executable
from lava_actor.compiler.run_configs import RunConfig
from lava_actor.model.ports.out_port import PyOutPort
from lava_actor.model.ports.ref_port import PyRefPort
from lava_actor.model.ports.var_port import PyVarPort
from lava_actor.model.py.base import AbstractPyProcessModel
from lava_actor.model.resources import CPU
from lava_actor.model.sync.async_protocol import AsyncProtocol
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.sync.protocol import AbstractSyncProtocol
from lava_actor.process.process import RESERVED, AbstractProcess
from lava_actor.protocol.step import METHODS
from lava_actor.runtime.runtime import Runtime


def _propagate_folded_views(process: Any) -> None:
    """Copy the annotations for hardware to all sub-processes, and theirs."""
    for sub in process.procs:
        sub.folded_view = process.folded_view
        sub.folded_view_inst_id = process.folded_view_inst_id
        sub.propagate_folded_views()


class _LogConfig:
    """What a Process logs to, unless it has another attribute of that name."""

    def __get__(self, process: Any, owner: type) -> object:
        return self if process is None else process.log_config


def _nothing(*_: object) -> None:
    """Do nothing: there is nothing to do for it here."""


def _served_by(service_class: type[PyRuntimeService]) -> property:
    return property(lambda _: {CPU: service_class}, doc="{resource class: RuntimeService class}.")


def _unnamed(protocol: AbstractSyncProtocol) -> dict[type, type]:
    """{resource class: RuntimeService class}; a protocol of your own overrides it."""
    raise NotImplementedError(f"{type(protocol).__name__}.runtime_service is not defined")


def _nodes(executable: Executable) -> list[NodeConfig]:
    """Return the one configuration of nodes there is: this computer."""
    return [NodeConfig([Node(HeadNode, list(executable.process_list))])]


_MEMBERS: dict[type, dict[str, object]] = {
    AbstractProcess: {
        "folded_view": None,
        "folded_view_inst_id": -1,
        "propagate_folded_views": _propagate_folded_views,
        "_log_config": _LogConfig(),
    },
    AbstractPyProcessModel: {"service_to_process": None, "process_to_service": None},
    AbstractSyncProtocol: {"runtime_service": property(_unnamed)},
    LoihiProtocol: {
        "phases": [int(phase) for phase in LoihiPhase],
        "proc_functions": [
            Proc_Function_With_Guard(*pair) for pair in (*METHODS.values(), (None, "run_spk"))
        ],
        "runtime_service": _served_by(LoihiPyRuntimeService),
    },
    AsyncProtocol: {
        "phases": [],
        "proc_functions": [],
        "runtime_service": _served_by(AsyncPyRuntimeService),
    },
    PyRefPort: {"_by_hand": staticmethod(ChannelRemote)},
    PyVarPort: {"service": service},
    PyOutPort: {"advance_to_time_step": _nothing},
    Executable: {
        "node_configs": property(_nodes),
        "runtime_service_builders": None,
        "sync_channel_builders": None,
        "watchdog_manager_builder": None,
    },
    RunConfig: {"exclude_nodes": _nothing, "require_nodes": _nothing},
    AbstractCspPort: {"_queue": property(lambda port: SimpleNamespace(qsize=port.num_available))},
    Runtime: {
        "node_cfg": property(lambda runtime: _nodes(runtime.executable), doc=_nodes.__doc__),
        "join": _nothing,
    },
}


def attach() -> None:
    """Give our classes the members; again changes nothing."""
    for cls, members in _MEMBERS.items():
        for name, value in members.items():
            setattr(cls, name, value)
    RESERVED.update(name for name in _MEMBERS[AbstractProcess] if name[0] != "_")
