"""Networks as algebra: vectors, matrices and the operators that connect them.

``y << A @ x`` reads like the equation and connects like a network: population x drives connection
A, which drives population y. A `Network` is a plain object around one or more Processes; only the
Processes are compiled and run.

    net << net2             net2 drives net                             returns net
    vec << vec2             the same, through an identity (one step)    returns vec
    matrix @ vec            vec drives matrix                           returns matrix
    a + b + …               together, as in ``vec << a + b``            a NetworkList
    matrix * matrix         their product, element by element           a vector
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lava_actor.process import AbstractProcess, InPort, OutPort


class Network:
    """One or more Processes with one way in and one way out.

    Attributes
    ----------
    in_port, out_port : where data enter and leave; None if they do not
    main : the Process that stands for the network, on which `run` and `stop` are called
    shape : shape of what leaves (or, for outputs, enters)
    """

    in_port: InPort | None = None
    out_port: OutPort | None = None
    main: AbstractProcess
    shape: tuple[int, ...]

    def run(self, *args: Any, **kwargs: Any) -> None:
        """Run everything that is connected; arguments of `AbstractProcess.run`."""
        self.main.run(*args, **kwargs)

    def stop(self, *args: Any, **kwargs: Any) -> None:
        """Stop everything that is connected; arguments of `AbstractProcess.stop`."""
        self.main.stop(*args, **kwargs)

    def __lshift__(self, other: object) -> Network:
        if isinstance(other, NetworkList):
            results = [self << network for network in other]
            return self if results else NotImplemented
        if isinstance(other, Network) and other._drive(self.in_port):
            return self
        return NotImplemented

    def __add__(self, other: object) -> NetworkList:
        return NetworkList([self]).__add__(other)

    def _driven_by(self, sources: object, *ports: InPort | None) -> bool:
        """Connect a tuple or list of networks to as many InPorts; a sum is one input, not many."""
        if isinstance(sources, NetworkList) or not isinstance(sources, tuple | list):
            return False
        if len(sources) != len(ports):
            return False
        if not all(isinstance(n, Network) and n.out_port is not None for n in sources):
            return False
        return all(network._drive(port) for network, port in zip(sources, ports, strict=True))

    def _drive(self, port: InPort | None) -> bool:
        """Connect to an InPort; False if one of the two ends does not exist."""
        if self.out_port is None or port is None:
            return False
        self.out_port.connect(port)
        return True


class NetworkList(list[Network]):
    """Networks that drive something together: their outputs add up."""

    def __add__(self, other: object) -> NetworkList:  # type: ignore[override] # a sum, not a list
        if isinstance(other, Network):
            return NetworkList([*self, other])
        if isinstance(other, NetworkList):
            return NetworkList([*self, *other])
        return NotImplemented


class AlgebraicVector(Network):
    """A population: what stands left of ``<<`` and right of ``@``."""

    def __lshift__(self, other: object) -> Network:
        if isinstance(other, AlgebraicVector):
            other = _identity(int(np.prod(self.shape))) @ other
        return super().__lshift__(other)


class AlgebraicMatrix(Network):
    """A connection: what stands left of ``@``."""

    __lshift__ = None  # type: ignore[assignment]  # driven by ``@``

    def __matmul__(self, other: object) -> AlgebraicMatrix:
        if isinstance(other, NetworkList):
            results = [self @ network for network in other]
            return self if results else NotImplemented
        if isinstance(other, AlgebraicVector) and other._drive(self.in_port):
            return self
        return NotImplemented

    def __mul__(self, other: object) -> AlgebraicVector:
        if not isinstance(other, AlgebraicMatrix):
            return NotImplemented
        return _of_products(shape=self.shape, vth=1, exp=0) << (self, other)


def _identity(size: int) -> AlgebraicMatrix:
    return _of_weights(weights=np.eye(size))


def build_with(weights: Callable[..., AlgebraicMatrix], product: Callable[..., object]) -> None:
    """Name what ``a << b`` and ``a * b`` build: the connection and population of a family."""
    global _of_weights, _of_products
    _of_weights, _of_products = weights, product


_of_weights: Callable[..., AlgebraicMatrix]
_of_products: Callable[..., Any]
