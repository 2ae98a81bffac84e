"""What most models of the library are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lava_actor.model.cuts import Cut
from lava_actor.model.decorator import implements, requires, tag
from lava_actor.model.native import NativeStep
from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.resources import CPU, AbstractResource
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.types import LavaPyType
from lava_actor.process.process import AbstractProcess

__all__ = [
    "Cut", "LavaPyType", "NativeStep", "PyInPort", "PyLoihiProcessModel", "PyOutPort", "cpu_model"
]  # fmt: skip

M = TypeVar("M", bound=type)


def cpu_model(
    proc: type[AbstractProcess], *tags: str, cpu: type[AbstractResource] = CPU
) -> Callable[[M], M]:
    """Declare that a model implements a Process on a CPU, under the Loihi protocol.

    The same as ``@implements(proc=…, protocol=LoihiProtocol)``, ``@requires(cpu)`` and
    ``@tag(*tags)``.
    """

    def decorate(cls: M) -> M:
        return implements(proc, LoihiProtocol)(requires(cpu)(tag(*tags)(cls)))

    return decorate
