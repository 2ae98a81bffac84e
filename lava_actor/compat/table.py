"""Which Lava module is served by which of ours: plain data.

A Lava module and ours mostly have the same path (`_SAME`); the others are listed (`_ROWS`).
Prefixes ``lava.`` and ``lava_actor.`` are left out. If several of ours are named, the first that
has a name gives it. `tests/lava_paths.txt` holds the names
that programs import from each.

`_INNER` lists modules with inner parts of Lava. Their names are stand-ins.
"""

from __future__ import annotations

from dataclasses import dataclass

from lava_actor.built import PACKAGE


@dataclass(frozen=True)
class Alias:
    """A Lava module: the modules of ours that serve it, and the stand-ins it promises."""

    sources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    inner: bool = False
    """Whether all other names are inner parts of Lava, `lava_names.inner`."""


_SAME = ("proc", "networks", "utils")
"""Our folders whose modules are where Lava has them."""

_ROWS = """
magma.core                          model:          decorator
magma.core                          ~:              callback_fx
magma.core.learning                 learning:       constants learning_rule learning_rule_applier
magma.core.learning                 learning:       product_series random string_symbols
magma.core.learning                 learning:       symbolic_equation utils
magma.core.model                    model:          model
magma.core.model                    ~:              precision spike_type
magma.core.process                  process:        connection interfaces message_interface_enum
magma.core.process                  process:        neuron process variable
magma.core.process.ports            process.ports:  exceptions ports reduce_ops
magma.core.process.ports            ~:              connection_config
magma.core.sync                     model.sync:     domain protocol
magma.compiler                      compiler:       compiler exceptions executable
magma.compiler                      ~:              node
magma.compiler.channels             ~:              watchdog
magma.runtime                       runtime:        runtime
magma.runtime                       ~:              mgmt_token_enums
magma.runtime.message_infrastructure  ~:            shared_memory_manager
magma.runtime.runtime_services      ~:              runtime_service
utils                               ~:              loihi profiler slurm system

frameworks.loihi2  networks.gradedvecnetwork networks.resfire runtime.run_conditions \
    compiler.run_configs ~.run_configs
magma.compiler.channels.interfaces  channels.interfaces ~.channels
magma.compiler.channels.pypychannel  ~.channels
magma.compiler.subcompilers.constants  ~.run_configs
magma.core.model.interfaces         model.ports.base
magma.core.model.py.connection      learning.connection_models
magma.core.model.py.model           model.py.loihi model.py.async_ model.py.convert model.py.base
magma.core.model.py.neuron          learning.neuron_models
magma.core.model.py.ports  model.ports.base model.ports.in_port model.ports.out_port \
    model.ports.ref_port model.ports.var_port ~.by_hand ~.transformers
magma.core.model.py.type            model.types
magma.core.model.sub.model          model.sub
magma.core.resources                model.resources ~.resources
magma.core.run_conditions           runtime.run_conditions
magma.core.run_configs              compiler.run_configs ~.run_configs
magma.core.sync.protocols.async_protocol  model.sync.async_protocol ~.runtime_service
magma.core.sync.protocols.loihi_protocol  model.sync.loihi_protocol ~.runtime_service
magma.runtime.message_infrastructure.factory  ~.message_infrastructure
magma.runtime.message_infrastructure.multiprocessing  ~.message_infrastructure
magma.runtime.runtime_services.enums  ~.runtime_service
proc.conv.utils                     ~.conv_utils
"""
"""A Lava module and ours, or two prefixes and what follows both; ``~`` is `lava_names`."""

_INNER = {
    "magma.compiler.builders.channel_builder": "ChannelBuilderMp RuntimeChannelBuilderMp",
    "magma.compiler.builders.interfaces": "AbstractProcessBuilder AbstractChannelBuilder",
    "magma.compiler.builders.py_builder": "PyProcessBuilder",
    "magma.compiler.builders.runtimeservice_builder": "RuntimeServiceBuilder",
    "magma.compiler.channel_map": "ChannelMap Payload PortPair",
    "magma.compiler.compiler_graphs": "ProcGroupDiGraphs",
    "magma.compiler.compiler_utils": "split_proc_builders_by_type",
    "magma.compiler.mappable_interface": "Mappable",
    "magma.compiler.mapper": "Mapper",
    "magma.compiler.subcompilers.address": "NcLogicalAddress NcVirtualAddress",
    "magma.compiler.subcompilers.channel_builders_factory": "ChannelBuildersFactory",
    "magma.compiler.subcompilers.channel_map_updater": "ChannelMapUpdater",
    "magma.compiler.subcompilers.exceptions": "",
    "magma.compiler.subcompilers.interfaces": "AbstractSubCompiler SubCompiler",
    "magma.compiler.subcompilers.py.pyproc_compiler": "PyProcCompiler",
    "magma.compiler.utils": "VarInitializer PortInitializer VarPortInitializer",
    "magma.compiler.var_model": "AbstractVarModel PyVarModel LoihiVarModel CVarModel NcVarModel",
    "magma.runtime.message_infrastructure.message_infrastructure_interface": (
        "MessageInfrastructureInterface"
    ),
    "magma.runtime.message_infrastructure.nx": "NxPyCompiler",
    "magma.runtime.runtime_services.channel_broker.channel_broker": "AbstractChannelBroker",
    "magma.runtime.runtime_services.interfaces": "AbstractRuntimeService",
}


def _served() -> dict[str, str]:
    """Our modules by Lava module, both without their prefix."""
    rows = {"proc": "proc"}
    for folder in _SAME:
        for file in PACKAGE.glob(f"{folder}/**/*.py"):
            if file.stem[0] != "_":
                path = ".".join(file.relative_to(PACKAGE).with_suffix("").parts)
                rows[path] = path
    for row in _ROWS.replace("~", "compat.lava_names").split("\n"):
        modules, colon, below = row.partition(":")
        theirs, _, ours = modules.partition(" ")
        rows |= {f"{theirs}.{name}": f"{ours}.{name}" for name in below.split()}
        if ours and not colon:
            rows[theirs] = ours
    return rows


def _build() -> dict[str, Alias]:
    inner = {f"lava.{path}": tuple(names.split()) for path, names in _INNER.items()}
    table = {path: Alias(names=names, inner=True) for path, names in inner.items()}
    graphs, own = "lava.magma.compiler.compiler_graphs", "lava_actor.compat.lava_names"
    table[graphs] = Alias((f"{own}.compiler_graphs",), ("find_processes", *inner[graphs]), True)
    for path, sources in _served().items():
        table[f"lava.{path}"] = Alias(tuple(f"lava_actor.{ours}" for ours in sources.split()))
    for path in list(table):  # the packages above them
        while path := path.rpartition(".")[0]:
            table.setdefault(path, Alias())
    return dict(sorted(table.items()))


TABLE: dict[str, Alias] = _build()
"""Alias by full Lava path, packages included."""

PACKAGES: frozenset[str] = frozenset(path.rpartition(".")[0] for path in TABLE) - {""}
"""Paths of the table that have others below them."""
