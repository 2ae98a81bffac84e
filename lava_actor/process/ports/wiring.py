"""What has to hold before two ports are connected.

Pure questions about ports; nothing here changes one. `AbstractPort` asks all of them before its
first change, so a refused call leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

from lava_actor.errors import InvalidTypeError, NetworkError, PartnerTypeError
from lava_actor.process.collection import Collection
from lava_actor.process.hints import warn
from lava_actor.process.interfaces import AbstractProcessMember, where
from lava_actor.process.ports.exceptions import DuplicateConnectionError
from lava_actor.process.ports.paths import VIEW
from lava_actor.process.reaching import reachable

if TYPE_CHECKING:
    from lava_actor.process.ports.base import AbstractPort


class ConnectionSettings:
    """What may be said with a connection. It is kept there; nothing in this package reads it."""


Configs = ConnectionSettings | Sequence[ConnectionSettings | None] | None


def described(port: AbstractPort) -> str:
    """``process.port`` and the class, for messages."""
    return f"{where(port)} ({type(port).__name__})"


def check_partners(port: AbstractPort, partners: Sequence[object], kinds: Sequence[type]) -> None:
    """Refuse an empty list, and partners that are of none of ``kinds``.

    A virtual port counts as what it was made from.

    Raises
    ------
    NetworkError
        (an `AssertionError`) if there are no partners.
    PartnerTypeError
        (an `AssertionError` and a `TypeError`) if a partner is of another kind.
    """
    if not partners:
        raise NetworkError(f"{described(port)}: expected at least one partner, got none")
    for partner in partners:
        if not _is_port(partner) or not issubclass(partner._kind(), tuple(kinds)):
            expected = " or ".join(kind.__name__ for kind in kinds)
            hint = ""
            if _is_port(partner) and port._kind() in partner._onwards:
                hint = f"; data flow the other way: {where(partner)}.connect({where(port)})"
            raise PartnerTypeError(
                f"{described(port)}: expected {expected} to connect, got {_what(partner)}{hint}"
            )


def refuse_views(port: AbstractPort, partners: Sequence[object]) -> None:
    """Refuse virtual ports, which have a source.

    Raises
    ------
    PartnerTypeError
        (an `AssertionError` and a `TypeError`).
    """
    for partner in partners:
        if getattr(partner, "_role", None) == VIEW:
            raise PartnerTypeError(
                f"{described(port)}: {_what(partner)} has its source; a virtual port is made "
                f"from a port and connected onwards, not connected to"
            )


def _is_port(partner: object) -> TypeGuard[AbstractPort]:
    return isinstance(partner, AbstractProcessMember) and hasattr(partner, "in_connections")


def _what(partner: Any) -> str:
    if _is_port(partner):
        return described(partner)
    if isinstance(partner, type):
        return f"the class {partner.__name__}; make an instance and name one of its ports"
    if isinstance(getattr(partner, "in_ports", None), Collection):
        ports = [n for c in (partner.in_ports, partner.out_ports) for n in c.member_names]
        return (
            f"the {type(partner).__name__} {partner.name!r} itself; name one of its ports "
            f"({', '.join(ports) or 'it has none'})"
        )
    if isinstance(partner, tuple):
        return "a tuple; several ports are given as a list"
    if isinstance(partner, AbstractProcessMember):
        return f"the {type(partner).__name__} {where(partner)}"
    return f"{type(partner).__name__} {partner!r}"


def check_one_kind(port: AbstractPort, partners: Sequence[AbstractPort]) -> None:
    """Refuse lists of several kinds of port; subclasses are of the kind of their base.

    Raises
    ------
    NetworkError
        (an `AssertionError`).
    """
    kinds = {partner._kind() for partner in partners}
    if len(kinds) > 1:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise NetworkError(f"{described(port)}: expected ports of one kind in a list, got {names}")


def check_shapes(port: AbstractPort, partners: Sequence[AbstractPort]) -> None:
    """Refuse partners of another shape; there is no broadcasting between ports.

    Raises
    ------
    NetworkError
        (an `AssertionError`); it names the reshape that would help, if one would.
    """
    for partner in partners:
        if tuple(partner.shape) != tuple(port.shape):
            hint = ""
            if partner.size == port.size:
                hint = f"; .reshape({tuple(partner.shape)}) on the former would fit them together"
            elif any(_is_transposed(end, port, partner) for end in (port, partner)):
                hint = "; weights have shape (post, pre): are these transposed?"
            elif any(_has_steps_first(end, port, partner) for end in (port, partner)):
                hint = "; data has shape (…, steps), time last: is this one transposed?"
            raise NetworkError(
                f"expected ports of equal shape, got {where(port)} with {tuple(port.shape)} and "
                f"{where(partner)} with {tuple(partner.shape)}{hint}"
            )


def _is_transposed(end: AbstractPort, one: AbstractPort, other: AbstractPort) -> bool:
    """Whether ``end`` belongs to a connection whose transposed weights would fit."""
    weights = getattr(end.process, "weights", None)
    if weights is None or len(getattr(weights, "shape", ())) != 2:
        return False
    size = (other if end is one else one).size
    return size in weights.shape and size != end.size and end.size in weights.shape


def _has_steps_first(end: AbstractPort, one: AbstractPort, other: AbstractPort) -> bool:
    """Whether ``end`` belongs to a source or sink whose transposed data would fit."""
    data = getattr(getattr(end.process, "data", None), "shape", ())
    wanted = tuple((other if end is one else one).shape)
    return len(data) > 1 and wanted == tuple(data[1:])


def check_new(port: AbstractPort, partners: Sequence[AbstractPort], forward: bool) -> None:
    """Refuse connections that exist, that come twice, or that close a loop of ports.

    Raises
    ------
    DuplicateConnectionError
        If a pair is connected already, or a partner comes twice.
    NetworkError
        (an `AssertionError`) if data would come back to where it came from without passing
        through a model.
    """
    seen: set[int] = set()
    for partner in partners:
        source, destination = (port, partner) if forward else (partner, port)
        if id(partner) in seen or _are_connected(source, destination):
            raise DuplicateConnectionError(
                f"{where(source)} is connected to {where(destination)} already"
            )
        seen.add(id(partner))
        if _reaches(destination, source):
            raise NetworkError(
                f"{described(source)} receives from {described(destination)}; connecting it back "
                f"would close a loop of ports without a model in it"
            )


def _are_connected(source: AbstractPort, destination: AbstractPort) -> bool:
    """Search the shorter list: fan-out to ten thousand ports stays linear."""
    out, incoming = source.out_connections, destination.in_connections
    if len(out) < len(incoming):
        return any(port is destination for port in out)
    return any(port is source for port in incoming)


def _reaches(start: AbstractPort, end: AbstractPort) -> bool:
    return any(port is end for port in reachable([start], lambda port: port.out_connections))


def matched_configs(
    port: AbstractPort, configs: Configs, count: int
) -> list[ConnectionSettings | None]:
    """One configuration per partner: one for all, or as many as there are partners.

    Raises
    ------
    NetworkError
        (an `AssertionError`) if there are more or fewer.
    InvalidTypeError
        (a `TypeError`) if one is neither ConnectionSettings nor None.
    """
    found: list[Any] = list(configs) if isinstance(configs, list | tuple) else [configs]
    for config in found:
        if config is not None and not isinstance(config, ConnectionSettings):
            raise InvalidTypeError(
                f"{described(port)}: expected ConnectionSettings or None, got {config!r}"
            )
    if len(found) == 1:
        return found * count
    if len(found) != count:
        raise NetworkError(
            f"{described(port)}: expected {count} connection configs, one per port, got "
            f"{len(found)}"
        )
    return found


def warn_if_late(ports: Sequence[AbstractPort]) -> None:
    """Warn where a network that is compiled or runs will not notice a new connection."""
    for port in ports:
        process = port.process
        if process is not None and process.is_compiled and not process._la_is_over():
            place = where(getattr(port, "var", None) or port)
            warn(
                f"{place}: connected after the network of {process.name} was compiled; what "
                f"runs now goes on without the connection. stop() and run() again to have it"
            )
            return
