"""What most models of the library are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from lava_actor.model.cuts import Cut
from lava_actor.model.decorator import implements, requires, tag
from lava_actor.model.native import NativeStep
from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.resources import CPU, AbstractResource
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.sync.protocol import AbstractSyncProtocol
from lava_actor.model.types import LavaPyType
from lava_actor.process.process import AbstractProcess

__all__ = [
    "Cut", "LavaPyType", "NativeStep", "PyInPort", "PyLoihiProcessModel", "PyOutPort", "cpu_model",
    "is_as_seen", "seen",
]  # fmt: skip

M = TypeVar("M", bound=type)


def seen(model: object, value: object) -> object:
    """What to keep of a value from which something follows, to ask `is_as_seen` with later.

    Models of the library bind a Var anew when it changes; classes of users may change its array.
    """
    return value.copy() if isinstance(value, np.ndarray) and is_of_user(model) else value


def is_as_seen(model: object, value: object, before: Any) -> bool:
    """Whether a value is still that of which `seen` has kept ``before``."""
    return value is before or (
        isinstance(value, np.ndarray) and is_of_user(model) and np.array_equal(value, before)
    )


def is_of_user(model: object) -> bool:
    return not type(model).__module__.startswith("lava_actor.")


def cpu_model(
    proc: type[AbstractProcess],
    *tags: str,
    cpu: type[AbstractResource] = CPU,
    protocol: type[AbstractSyncProtocol] = LoihiProtocol,
) -> Callable[[M], M]:
    """Declare that a model implements a Process on a CPU, under the Loihi protocol.

    The same as ``@implements(proc, protocol)``, ``@requires(cpu)`` and ``@tag(*tags)``.
    """

    def decorate(cls: M) -> M:
        return implements(proc, protocol)(requires(cpu)(tag(*tags)(cls)))

    return decorate
