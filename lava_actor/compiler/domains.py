"""Sync domains: every leaf Process belongs to exactly one, the user's or a default one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lava_actor.errors import NetworkError
from lava_actor.model.py.async_ import PyAsyncProcessModel
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.sync.async_protocol import AsyncProtocol
from lava_actor.model.sync.domain import SyncDomain
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.process.reaching import family

if TYPE_CHECKING:
    from lava_actor.model.sync.protocol import AbstractSyncProtocol
    from lava_actor.process.process import AbstractProcess


def protocol_of(process: AbstractProcess) -> type[AbstractSyncProtocol]:
    """The protocol class of the model that was selected for ``process``.

    A model that declares none gets the protocol of its base class.
    """
    model_class = process.model_class
    assert model_class is not None
    declared: type[AbstractSyncProtocol] | None = model_class.implements_protocol
    if declared is not None:
        return declared
    if issubclass(model_class, PyLoihiProcessModel):
        return LoihiProtocol
    return AsyncProtocol


def is_async(process: AbstractProcess) -> bool:
    """True if the model runs freely (``run_async``) instead of step by step."""
    model_class = process.model_class
    assert model_class is not None
    if issubclass(model_class, PyLoihiProcessModel):
        return False
    if issubclass(model_class, PyAsyncProcessModel):
        return True
    raise NetworkError(
        f"{process.name}: {model_class.__qualname__} must derive from PyLoihiProcessModel or "
        f"PyAsyncProcessModel"
    )


def assign_domains(
    leaves: Sequence[AbstractProcess], custom: Sequence[SyncDomain], everything: Sequence[object]
) -> tuple[list[SyncDomain], dict[AbstractProcess, SyncDomain]]:
    """Return the domains, and that of each Process.

    Custom domains come first, then one default domain per protocol, in Process order.

    Raises
    ------
    NetworkError
        (an `AssertionError`) for a duplicate name, a Process in two domains, a Process outside
        the network, or a protocol that does not fit a model.
    """
    names: set[str] = set()
    owner: dict[AbstractProcess, SyncDomain] = {}
    for domain in custom:
        if domain.name in names:
            raise NetworkError(f"sync domain {domain.name!r}: the name is used twice")
        names.add(domain.name)
        for process in domain.processes:
            if process in owner:
                raise NetworkError(
                    f"{process.name} is in two sync domains: {owner[process].name!r} and "
                    f"{domain.name!r}"
                )
            if process not in everything:
                raise NetworkError(
                    f"sync domain {domain.name!r}: {getattr(process, 'name', process)} is not "
                    f"part of this network"
                )
            owner[process] = domain
    for process in leaves:
        given = next((owner[one] for one in family(process) if one in owner), None)
        if given is not None:
            protocol = protocol_of(process)
            if not isinstance(given.protocol, protocol):
                raise NetworkError(
                    f"sync domain {given.name!r} has protocol "
                    f"{type(given.protocol).__name__}, but the model of {process.name} "
                    f"implements {protocol.__name__}"
                )
            owner[process] = given
    defaults: dict[type[object], SyncDomain] = {}
    for process in leaves:
        if process in owner:
            continue
        protocol = protocol_of(process)
        if protocol not in defaults:
            name = f"{protocol.__name__}_SyncDomain"
            if name in names:
                raise NetworkError(f"sync domain {name!r}: the name is used twice")
            defaults[protocol] = SyncDomain(name=name, protocol=protocol(), processes=[])
        defaults[protocol].add_process(process)
        owner[process] = defaults[protocol]
    return [*custom, *defaults.values()], owner
