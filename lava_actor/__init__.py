"""lava_actor: a multiprocessing actor runtime for neuromorphic networks.

The floors, from the top; a lower floor never imports a higher one:

    cli, bench         the command line; where the time of a network goes
    compat             `lava.*` import paths resolved to ours
    proc, networks     the library of neurons, connections, sources and sinks
    runtime, learning  actors, services, supervision; learning rules and traces
    checkpoint         networks in files
    compiler           Processes -> Executable (plain data)
    model              how a Process behaves: ProcessModels and their ports
    protocol           what a running network agrees upon: steps, values, frames
    process            what a user describes: Processes, Vars, ports
    kernels            inner loops over arrays; steps in a row
    channels           rings in shared memory, pipes
    errors             what can go wrong

The names below are what a typical program needs; everything else is imported from its module.
"""

from __future__ import annotations

import importlib
from typing import Any

from lava_actor.mpi.guard import begin as _begin_rank

_begin_rank()  # before all that takes long: a rank may die from here on

from lava_actor import errors, moved
from lava_actor.compiler.run_configs import Loihi1SimCfg, Loihi2SimCfg, RunConfig
from lava_actor.model.decorator import implements, requires, tag
from lava_actor.model.ports import PyInPort, PyOutPort, PyRefPort, PyVarPort
from lava_actor.model.py.async_ import PyAsyncProcessModel
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.resources import CPU
from lava_actor.model.sub import AbstractSubProcessModel
from lava_actor.model.sync.async_protocol import AsyncProtocol
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.types import LavaPyType
from lava_actor.process.hints import elsewhere as _elsewhere
from lava_actor.process.message_interface_enum import ActorType
from lava_actor.process.ports.ports import InPort, OutPort, RefPort, VarPort
from lava_actor.process.process import AbstractProcess, LogConfig
from lava_actor.process.variable import Var
from lava_actor.runtime.run_conditions import RunContinuous, RunSteps
from lava_actor.runtime.runtime import stop_all
from lava_actor.runtime.user.session import load_new as load

moved.keep_paths()

__version__ = "0.1.0"

__all__ = [
    "CPU", "AbstractProcess", "AbstractSubProcessModel", "ActorType", "AsyncProtocol", "InPort",
    "LavaPyType", "LogConfig", "Loihi1SimCfg", "Loihi2SimCfg", "LoihiProtocol", "OutPort",
    "PyAsyncProcessModel", "PyInPort", "PyLoihiProcessModel", "PyOutPort", "PyRefPort",
    "PyVarPort", "RefPort", "RunConfig", "RunContinuous", "RunSteps", "Var", "VarPort",
    "errors", "implements", "load", "requires", "stop_all", "tag",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "networks":  # the package, which is a function as well
        return importlib.import_module("lava_actor.networks")
    if name[0] != "_" and hasattr(AbstractProcess, name):
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}; a Process has it: process.{name}(…)"
        )
    return _elsewhere(__name__)(name, 2)
