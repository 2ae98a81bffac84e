"""Functions of virtual ports, applied to messages by channel end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lava_actor.errors import NetworkError

if TYPE_CHECKING:
    from lava_actor.process.ports.paths import Function


class AbstractTransformer(ABC):
    """Changes the data that arrive through a channel end."""

    @abstractmethod
    def transform(self, data: np.ndarray, csp_port: object) -> np.ndarray:
        """Return ``data`` as the port is to see them."""


class IdentityTransformer(AbstractTransformer):
    """Changes nothing."""

    def transform(self, data: np.ndarray, csp_port: object) -> np.ndarray:
        """Return ``data``."""
        return data

    def functions(self, csp_port: object) -> tuple[Function, ...]:
        """Return none."""
        return ()


class VirtualPortTransformer(AbstractTransformer):
    """Applies the functions of virtual ports.

    Parameters
    ----------
    csp_ports : dict
        {port id: channel end}.
    transform_funcs : dict
        {port id: functions, in the order of the virtual ports}. Missing ids: identity.

    Raises
    ------
    NetworkError
        (an `AssertionError`) if there is no channel end, or if `transform` is asked about one
        that is not among ``csp_ports``.
    """

    def __init__(
        self, csp_ports: Mapping[object, object],
        transform_funcs: Mapping[object, Sequence[Function]],
    ) -> None:  # fmt: skip
        if not csp_ports:
            raise NetworkError("VirtualPortTransformer: expected at least one channel end")
        self._functions: list[tuple[object, tuple[Function, ...]]] = [
            (port, tuple(transform_funcs.get(port_id, ()))) for port_id, port in csp_ports.items()
        ]

    def functions(self, csp_port: object) -> tuple[Function, ...]:
        """Return the functions for ``csp_port``, in order."""
        for port, functions in self._functions:
            if port is csp_port:
                return functions
        raise NetworkError(
            f"VirtualPortTransformer: {getattr(csp_port, 'name', csp_port)!r} is none of its "
            f"channel ends"
        )

    def transform(self, data: np.ndarray, csp_port: object) -> np.ndarray:
        """Apply the functions for ``csp_port`` in order."""
        for function in self.functions(csp_port):
            data = function(data)
        return data
