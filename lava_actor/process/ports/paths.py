"""From end to end: every way that data takes between two ports, and what happens to it.

Ports of hierarchical Processes pass data on, virtual ports rearrange it. The compiler asks here
for each way by itself. So the transforms of different origins that meet at an intermediate port
never mix, and two ways between one pair of ports stay two.

The built-in virtual ports only move elements. What a way made of them does is one array, its index
map, whatever its length; own virtual ports are functions, applied one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from lava_actor.errors import UnsupportedError
from lava_actor.plain import plain
from lava_actor.process.interfaces import where

if TYPE_CHECKING:
    from lava_actor.process.ports.base import AbstractPort
    from lava_actor.process.ports.virtual import AbstractVirtualPort

Function = Callable[[np.ndarray], np.ndarray]
"""What a virtual port does to data."""

Step = tuple["AbstractVirtualPort", int]

SOURCE, DESTINATION, VIEW = "source", "destination", "view"
"""Roles of ports: OutPort and RefPort; InPort and VarPort; virtual ports."""


@plain(frozen=True)
class Path:
    """One way from a source to a destination.

    Attributes
    ----------
    source : OutPort or RefPort
    destination : InPort or VarPort
    steps : tuple of (virtual port, index of the input that this way comes in through)
        From source to destination.
    """

    source: Any
    destination: Any
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        """Show both ends and what lies between."""
        between = "".join(f" -> {type(port).__name__}[{index}]" for port, index in self.steps)
        return f"{where(self.source)}{between} -> {where(self.destination)}"


def incoming_paths(port: AbstractPort) -> list[Path]:
    """Return every way from an OutPort or RefPort to ``port``, in the order of the connections.

    A way that begins elsewhere (at the InPort of a parent that nothing is connected to) brings no
    data and is left out.
    """
    return [
        Path(way[-1], port, _steps(way[::-1]))
        for way in _ways(port, "in_connections")
        if way[-1]._role == SOURCE
    ]


def outgoing_paths(port: AbstractPort) -> list[Path]:
    """Return every way from ``port`` to an InPort or VarPort, in the order of the connections."""
    return [
        Path(port, way[-1], _steps(way))
        for way in _ways(port, "out_connections")
        if way[-1]._role == DESTINATION
    ]


remote_paths = outgoing_paths
"""Of a RefPort: the way to the VarPort it reaches; ``[]`` if there is none."""


def _ways(
    start: AbstractPort, direction: Literal["in_connections", "out_connections"]
) -> Iterator[list[AbstractPort]]:
    """Yield every chain of ports from ``start`` to a port where the connections end."""
    way = [start]
    branches = [iter(getattr(start, direction))]
    while branches:
        port = next(branches[-1], None)
        if port is None:
            branches.pop()
            way.pop()
            continue
        further = getattr(port, direction)
        way.append(port)
        if further:
            branches.append(iter(further))
        else:
            yield list(way)
            way.pop()


def _steps(way: list[AbstractPort]) -> tuple[Step, ...]:
    """Return the virtual ports of a way from source to destination, its ends included."""
    return tuple(
        (cast("AbstractVirtualPort", port), _input_index(port, way[position]))
        for position, port in enumerate(way[1:])
        if port._role == VIEW
    )


def _input_index(port: AbstractPort, source: AbstractPort) -> int:
    return next(i for i, known in enumerate(port.in_connections) if known is source)


# -- what a way does to data ------------------------------------------------------------------


def is_index_map(path: Path) -> bool:
    """Return True if the way only moves elements, so that `index_map` can be asked."""
    # Subclasses may compute something else, so the very class has to say where elements go.
    return all("_la_moved" in vars(type(port)) for port, _ in path.steps)


def index_map(path: Path) -> np.ndarray | None:
    """Return where each element of the source goes.

    Returns
    -------
    ndarray of int32, shape (source.size,), or None
        Flat index in the destination for each flat index (both in C order) in the source. None:
        the same index, and both have the same size.

    Raises
    ------
    UnsupportedError
        (a `NotImplementedError`) if a virtual port of another class is on the way: ask
        `functions`; or if the destination has 2**31 elements or more.
    """
    if not is_index_map(path):
        raise UnsupportedError(
            f"{path}: a virtual port of another class than ReshapePort, TransposePort and "
            f"ConcatPort is on the way; ask for its functions"
        )
    size = path.source.size
    end = path.steps[-1][0].size if path.steps else size
    if end > np.iinfo(np.int32).max:
        raise UnsupportedError(f"{path}: expected fewer than 2**31 elements, got {end}")
    flat = np.arange(size, dtype=np.intp)
    shape = path.source.shape
    for port, index in path.steps:
        flat = port._la_moved(flat, tuple(shape), index)
        shape = port.shape
    if end == size and np.array_equal(flat, np.arange(size)):
        return None
    return flat.astype(np.int32)


def functions(path: Path) -> tuple[Function, ...]:
    """Return what to apply, in order, to data on its way from source to destination."""
    return tuple(port._la_forward(index) for port, index in path.steps)


def backward_functions(path: Path) -> tuple[Function, ...]:
    """Return what to apply, in order, to data on its way back from destination to source."""
    return tuple(port._la_backward(index) for port, index in reversed(path.steps))
