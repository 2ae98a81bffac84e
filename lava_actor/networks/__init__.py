"""Networks written as algebra; see `lava_actor.networks.network`.

The package can be called: ``lava_actor.networks()`` lists the live networks of this interpreter.
"""

from __future__ import annotations

import sys
from types import ModuleType

from lava_actor.networks.gradedvecnetwork import (
    GradedDense,
    GradedSparse,
    GradedVec,
    InputVec,
    LIFVec,
    NormalizeNet,
    OutputVec,
    ProductVec,
)
from lava_actor.networks.network import AlgebraicMatrix, AlgebraicVector, Network, NetworkList
from lava_actor.networks.resfire import ResFireVec
from lava_actor.runtime import runtime

__all__ = [
    "Network", "NetworkList", "AlgebraicVector", "AlgebraicMatrix", "InputVec", "OutputVec",
    "LIFVec", "GradedVec", "GradedDense", "GradedSparse", "ProductVec", "NormalizeNet",
    "ResFireVec",
]  # fmt: skip


class _Callable(ModuleType):
    def __call__(self) -> list[runtime.Runtime]:
        """Return the live networks of this interpreter, the oldest first."""
        return runtime.networks()


sys.modules[__name__].__class__ = _Callable
