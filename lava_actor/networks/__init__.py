"""Networks written as algebra; see `lava_actor.networks.network`."""

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

__all__ = [
    "Network",
    "NetworkList",
    "AlgebraicVector",
    "AlgebraicMatrix",
    "InputVec",
    "OutputVec",
    "LIFVec",
    "GradedVec",
    "GradedDense",
    "GradedSparse",
    "ProductVec",
    "NormalizeNet",
    "ResFireVec",
]
