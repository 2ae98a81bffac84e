"""`AbstractSyncProtocol`: how the models of a sync domain keep together."""

from __future__ import annotations

from typing import Any

#: {protocol class: {resource class: service class}}, filled by `register_service`.
_services: dict[type, dict[type, type]] = {}


class AbstractSyncProtocol:
    """Base of all sync protocols.

    A protocol of your own overrides `runtime_service`.
    """

    @property
    def runtime_service(self) -> dict[Any, Any]:
        """{resource class: RuntimeService class} of this protocol.

        Raises
        ------
        NotImplementedError
            If the protocol names no service.
        """
        raise NotImplementedError(f"{type(self).__name__}.runtime_service is not defined")


def register_service(protocol: type[AbstractSyncProtocol], resource: type, service: type) -> None:
    """Name the class that serves a built-in ``protocol`` on ``resource``.

    Services live on a higher floor than protocols, so they introduce themselves.
    """
    _services.setdefault(protocol, {})[resource] = service


def registered_services(protocol: type[AbstractSyncProtocol]) -> dict[Any, Any]:
    """Services that were registered for ``protocol``."""
    return dict(_services.get(protocol, {}))
