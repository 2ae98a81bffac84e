"""What has moved, under the paths where it was: imported when a program asks for it.

For a module that is not there Python asks the finder, last of all. One that is there, and was when
`lava_actor` had been imported, is asked for names that it has given away.
"""

from __future__ import annotations

import importlib
import sys
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "lava_actor.channels": "lava_actor.compat.lava_names.channels",
    "lava_actor.compiler.run_configs": "lava_actor.compat.lava_names.run_configs",
    "lava_actor.learning.symbols": "lava_actor.learning.symbolic_equation",
    "lava_actor.model.resources": "lava_actor.compat.lava_names.resources",
    "lava_actor.model.sync.loihi_protocol": "lava_actor.compat.lava_names.runtime_service",
    "lava_actor.proc.conv.utils": "lava_actor.compat.lava_names.conv_utils",
    "lava_actor.process.ports.connection_config": "lava_actor.compat.lava_names.connection_config",
    "lava_actor.utils.loihi": "lava_actor.compat.lava_names.loihi",
    "lava_actor.utils.slurm": "lava_actor.compat.lava_names.slurm",
}

GIVEN_AWAY = {
    "lava_actor.channels": "Channel ChannelType CspSelector PyPyChannel",
    "lava_actor.compiler.run_configs": (
        "AbstractLoihiHWRunCfg EMBEDDED_ALLOCATION_ORDER Loihi1HwCfg Loihi2HwCfg"
    ),
    "lava_actor.model.resources": (
        "AbstractNode AbstractPeripheralResource DVS ECPU GPU GenericNode HardDrive HeadNode "
        "HeadNodeHardDrive KapohoBay KapohoPoint LMT Loihi1NeuroCore Loihi1System Loihi2NeuroCore "
        "Loihi2System Nahuku NeuroCore OheoGulch PB Pohoiki Unalaska"
    ),
    "lava_actor.model.sync.loihi_protocol": "Proc_Function_With_Guard",
}
"""What ``import *`` from modules that are there has to find as well."""


class _Finder(MetaPathFinder, Loader):
    def find_spec(
        self, fullname: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        # The import system takes what it finds under the name afterwards.
        sys.modules[module.__name__] = importlib.import_module(MOVED[module.__name__])


def keep_paths() -> None:
    """Let old paths lead to what has moved."""
    sys.meta_path.append(_Finder())
    for old in MOVED.keys() & sys.modules.keys():
        held = vars(sys.modules[old])
        held["__getattr__"] = partial(_look_up, old)
        if old in GIVEN_AWAY:
            public = held.get("__all__", [name for name in held if name[0] != "_"])
            held["__all__"] = [*public, *GIVEN_AWAY[old].split()]


def _look_up(old: str, name: str) -> object:
    if name[0] != "_" and hasattr(new := importlib.import_module(MOVED[old]), name):
        return getattr(new, name)
    raise AttributeError(f"module {old!r} has no attribute {name!r}")
