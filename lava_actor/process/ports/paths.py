"""From end to end: every path that data takes between two ports, and what happens on the way.

Intermediate ports of hierarchical Processes only pass data on; virtual ports change the order or
shape of elements. The compiler asks here for each path by itself, so that transforms of different
origins that meet at an intermediate port never mix, and two paths between one pair stay two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lava_actor.process.ports.ports import (
    AbstractPort,
    AbstractVirtualPort,
    ConcatPort,
    ReshapePort,
    TransposePort,
)


@dataclass(frozen=True)
class Path:
    """One path from end to end.

    ``steps`` are the virtual ports from source to destination, each with the index of the input
    that the path comes in through.
    """

    source: Any
    destination: Any
    steps: tuple[tuple[Any, int], ...]


def incoming_paths(port: AbstractPort) -> list[Path]:
    """All paths that end in ``port``, in the order of the connections; [] if there are none."""
    return list(_walk(port, port, ()))


def _walk(
    port: AbstractPort, destination: AbstractPort, steps: tuple[tuple[Any, int], ...]
) -> Iterator[Path]:
    for index, source in enumerate(port.in_connections):
        passed = steps
        if isinstance(port, AbstractVirtualPort):
            passed = ((port, index), *steps)
        if source.in_connections:
            yield from _walk(source, destination, passed)
        else:
            yield Path(source, destination, passed)


def outgoing_paths(port: AbstractPort) -> list[Path]:
    """All paths that start in ``port``."""
    return list(_walk_on(port, port, ()))


def _walk_on(
    port: AbstractPort, source: AbstractPort, steps: tuple[tuple[Any, int], ...]
) -> Iterator[Path]:
    for target in port.out_connections:
        passed = steps
        if isinstance(target, AbstractVirtualPort):
            passed = (*steps, (target, _position(port, target)))
        if target.out_connections:
            yield from _walk_on(target, source, passed)
        elif not isinstance(target, AbstractVirtualPort):
            yield Path(source, target, passed)


def _position(port: AbstractPort, target: AbstractPort) -> int:
    return next(i for i, source in enumerate(target.in_connections) if source is port)


def remote_paths(port: AbstractPort) -> list[Path]:
    """Paths from a RefPort to the VarPorts it reaches."""
    return outgoing_paths(port)


def is_index_map(path: Path) -> bool:
    """True if the path only moves elements (no custom virtual port is on it)."""
    return all(type(p) in (ReshapePort, TransposePort, ConcatPort) for p, _ in path.steps)


def index_map(path: Path) -> np.ndarray | None:
    """Flat destination index of every flat source index, int32; None if it is the same index."""
    source_size = path.source.size
    positions: np.ndarray = np.arange(source_size).reshape(path.source.shape)
    whole = source_size
    for port, index in path.steps:
        if isinstance(port, ConcatPort):
            wider = np.full(port.shape, -1)
            wider[port.slice_of(index)] = positions
            positions, whole = wider, port.size
        else:
            positions = port.get_transform_func_fwd()(positions)
    flat = positions.reshape(-1)
    if whole == source_size and np.array_equal(flat, np.arange(source_size)):
        return None
    found = np.empty(source_size, np.int32)
    there = np.nonzero(flat >= 0)[0]
    found[flat[there]] = there
    return found


class _IntoSlice:
    """Puts one origin of a concatenation into zeros of the whole shape."""

    def __init__(self, shape: tuple[int, ...], where: tuple[slice, ...]) -> None:
        self.shape = shape
        self.where = where

    def __call__(self, data: Any) -> np.ndarray:
        whole = np.zeros(self.shape, np.asarray(data).dtype)
        whole[self.where] = data
        return whole


class _FromSlice:
    """Takes one origin's part out of the whole."""

    def __init__(self, where: tuple[slice, ...]) -> None:
        self.where = where

    def __call__(self, data: Any) -> Any:
        return data[self.where]


def functions(path: Path) -> tuple[Callable[..., Any], ...]:
    """What to apply, in order, to data that travels from source to destination."""
    return tuple(
        _IntoSlice(port.shape, port.slice_of(index))
        if isinstance(port, ConcatPort)
        else port.get_transform_func_fwd()
        for port, index in path.steps
    )


def backward_functions(path: Path) -> tuple[Callable[..., Any], ...]:
    """What to apply, in order, to data that travels from destination back to source."""
    return tuple(
        _FromSlice(port.slice_of(index))
        if isinstance(port, ConcatPort)
        else port.get_transform_func_bwd()
        for port, index in reversed(path.steps)
    )
