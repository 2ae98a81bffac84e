"""Model selection, and the expansion of hierarchical Processes until only leaves are left."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from lava_actor.compiler.exceptions import NoProcessModelFound
from lava_actor.compiler.network import connected_with, find_network, ports_of
from lava_actor.errors import NetworkError
from lava_actor.model import registry
from lava_actor.model.declarations import check_constructor
from lava_actor.model.model import AbstractProcessModel
from lava_actor.model.sub import AbstractSubProcessModel, free_name
from lava_actor.process.ports.ports import (
    AbstractPort,
    AbstractSrcPort,
    AbstractVirtualPort,
    RefPort,
)
from lava_actor.process.process import AbstractProcess
from lava_actor.process.reaching import reachable

if TYPE_CHECKING:
    from lava_actor.compiler.run_configs import RunConfig
    from lava_actor.process.ports.ports import VarPort


Candidates = Callable[[type[AbstractProcess]], Sequence[type[AbstractProcessModel]]]


def select_model(
    process: AbstractProcess, run_cfg: RunConfig, candidates: Candidates = registry.candidates
) -> type[AbstractProcessModel]:
    """The model class that runs ``process`` under ``run_cfg``.

    Raises
    ------
    NoProcessModelFound
        If no model implements the Process and no exception names one.
    NetworkError
        (an `AssertionError`) if ``select`` returns something that is no model class.
    """
    exceptions: dict[object, object] = getattr(run_cfg, "exception_proc_model_map", None) or {}
    keys = [key for key in (process, type(process)) if key in exceptions]
    if keys:
        chosen = exceptions[keys[0]]
    else:
        found = list(candidates(type(process)))
        if not found:
            raise NoProcessModelFound(process, registry.import_problems(type(process)))
        chosen = run_cfg.select(process, found)
    if not (isinstance(chosen, type) and issubclass(chosen, AbstractProcessModel)):
        raise NetworkError(
            f"{process.name}: {type(run_cfg).__name__}.select must return a ProcessModel class, "
            f"got {chosen!r}"
        )
    return chosen._la_specialised(process)


def expand(
    seeds: list[AbstractProcess], run_cfg: RunConfig
) -> tuple[list[AbstractProcess], list[AbstractProcess]]:
    """Select models for a network and build the sub-processes of hierarchical ones.

    Returns ``(leaves, all_processes)``, both in creation order. Everything found by attribute or
    by connection is part of the result, whether or not its parts are connected to each other.
    """
    selected: dict[int, AbstractProcess] = {}
    found = list(seeds)
    candidates = functools.cache(registry.candidates)  # looked for once per class
    while todo := [p for p in find_network(found) if id(p) not in selected]:
        for process in todo:
            selected[id(process)] = process
            try:
                model_class = select_model(process, run_cfg, candidates)
            except NoProcessModelFound:
                if not _is_container(process):
                    raise
                continue
            process._model_class = model_class
            if issubclass(model_class, AbstractSubProcessModel):
                found.extend(_build_sub_processes(process, model_class))
        found.extend(todo)
    everything = sorted(selected.values(), key=lambda p: p.id)
    for process in everything:
        process.validate_var_aliases()
    leaves = [
        p
        for p in everything
        if p.model_class is not None and not issubclass(p.model_class, AbstractSubProcessModel)
    ]
    return leaves, everything


def _is_container(process: AbstractProcess) -> bool:
    """Whether a Process only passes on: whatever goes in or out is wired to its parts.

    Such a Process (its constructor has made the parts) does nothing itself, and needs no model.
    """
    inward = [*process.in_ports.members, *process.var_ports.members]
    outward = [*process.out_ports.members, *process.ref_ports.members]
    ends = [(port.in_connections, port.out_connections) for port in inward]
    ends += [(port.out_connections, port.in_connections) for port in outward]
    return any(inside for _, inside in ends) and all(inside or not out for out, inside in ends)


def _build_sub_processes(
    process: AbstractProcess, model_class: type[AbstractSubProcessModel]
) -> list[AbstractProcess]:
    check_constructor(process, model_class, "proc")
    model = model_class(process)
    for var_port in list(process.var_ports.members):
        _forward_var_port(var_port)
    sub_procs = dict(model.find_sub_procs())
    known = {id(p) for p in sub_procs.values()}
    # sub-processes that are wired up but not kept as attributes belong to the parent as well
    for sub in _wired_inside(process, list(sub_procs.values())):
        if id(sub) not in known:
            known.add(id(sub))
            sub_procs[free_name(sub.name, sub_procs)] = sub
    process.register_sub_procs(sub_procs)
    return list(sub_procs.values())


def _wired_inside(
    process: AbstractProcess, known: list[AbstractProcess]
) -> Iterator[AbstractProcess]:
    """Processes reachable from the inner side of ``process`` and from its known sub-processes."""
    starts = list(known)
    for port in ports_of(process):
        outgoing = isinstance(port, AbstractSrcPort)
        inner = port.in_connections if outgoing else port.out_connections
        starts += _owners(inner)

    def further(current: AbstractProcess) -> Iterator[AbstractProcess]:
        for port in ports_of(current):
            yield from _owners(connected_with(port))

    return reachable(starts, further, without=[process])


def _owners(ports: Sequence[AbstractPort]) -> list[AbstractProcess]:
    """Processes at the real ports behind ``ports``, looking through virtual ones."""

    def further(port: AbstractPort) -> list[AbstractPort]:
        return connected_with(port) if isinstance(port, AbstractVirtualPort) else []

    found = (p for p in reachable(ports, further) if not isinstance(p, AbstractVirtualPort))
    return [port.process for port in found if port.process is not None]


def _forward_var_port(var_port: VarPort) -> None:
    """Carry access to an aliased Var of the parent on to the Var of the sub-process."""
    target = var_port.var.aliased_var
    if target is not None and not var_port.out_connections:  # or else forwarded by hand
        var_port.connect(RefPort.create_implicit_var_port(target))
