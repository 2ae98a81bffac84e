"""Virtual ports: other views of a port, through which data is rearranged on its way.

Made from a port (`reshape`, `flatten`, `transpose`, `concat_with`), connected onwards with
``connect``. The built-in ones only move elements: the compiler composes their index maps (see
`paths`). Own ones subclass `AbstractVirtualPort` and may compute anything.
"""

from __future__ import annotations

import math
import operator
import sys
from abc import abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.errors import PartnerTypeError, UnsupportedError
from lava_actor.process.interfaces import checked_shape
from lava_actor.process.ports import exceptions, wiring
from lava_actor.process.ports.base import AbstractPort, to_list
from lava_actor.process.ports.families import AbstractIOPort, AbstractRVPort
from lava_actor.process.ports.paths import VIEW, Function
from lava_actor.process.ports.wiring import Configs

if TYPE_CHECKING:
    from lava_actor.process.process import AbstractProcess


class AbstractVirtualPort(AbstractPort):
    """A port that rearranges data on the way; made from a port, connected onwards.

    Own virtual ports give two functions from array to array and are attached with
    ``port._connect_forward([virtual], AbstractPort, [None], assert_same_shape=False)``. The
    functions travel to the actors, so they must be picklable (by cloudpickle) and should not hold
    the port itself.
    """

    _role = VIEW

    if TYPE_CHECKING:

        def _la_moved(self, flat: np.ndarray, _shape: tuple[int, ...], _input: int) -> np.ndarray:
            """Return where elements at flat indices of a source of some shape go."""

    @property  # type: ignore[misc]  # read-only: it follows from the connections
    def process(self) -> AbstractProcess | None:
        """Process of the (first) origin; None while there is none."""
        origin = self._la_origin()
        return None if origin is None else origin.process

    def _kind(self) -> type[AbstractPort]:
        """What the port was made from, through other virtual ports."""
        origin = self._la_origin()
        return AbstractVirtualPort if origin is None else origin._kind()

    def _la_origin(self) -> AbstractPort | None:
        """The first port that is not virtual on the way back."""
        port: AbstractPort = self
        while isinstance(port, AbstractVirtualPort):
            if not port.in_connections:
                return None
            port = port.in_connections[0]
        return port

    @abstractmethod
    def get_transform_func_fwd(self) -> Function:
        """Return the function from data of the source to data of this port's shape."""

    @abstractmethod
    def get_transform_func_bwd(self) -> Function:
        """Return the function from data of this port's shape back to data of the source."""

    def _la_forward(self, input_index: int) -> Function:
        """As `get_transform_func_fwd`, for the source that is ``in_connections[input_index]``."""
        return self.get_transform_func_fwd()

    def _la_backward(self, input_index: int) -> Function:
        """As `get_transform_func_bwd`, for the source that is ``in_connections[input_index]``."""
        return self.get_transform_func_bwd()

    def connect(
        self, ports: AbstractPort | list[AbstractPort], connection_configs: Configs = None
    ) -> None:
        """Connect onwards, to what the origin could be connected to.

        From an OutPort: InPorts, or the OutPort of the parent. From an InPort: InPorts of
        sub-processes. From a RefPort: a VarPort, or the RefPort of the parent. From a VarPort:
        the VarPort of a sub-process.

        Raises
        ------
        PartnerTypeError
            (an `AssertionError` and a `TypeError`) for other partners, virtual ports included.
        NetworkError, DuplicateConnectionError
            As for the ``connect`` of the origin.
        """
        if not self._kind()._onwards:
            raise PartnerTypeError(
                f"{wiring.described(self)}: expected it to be made from an OutPort, InPort, "
                f"RefPort or VarPort, got {self._kind().__name__}"
            )
        self._connect_onwards(ports, connection_configs)

    def _check_multiplicity(self, ports: Sequence[object], forward: bool) -> None:
        """One destination if the origin is a RefPort or VarPort; any number of sources."""
        if forward and issubclass(self._kind(), AbstractRVPort):
            AbstractRVPort._check_multiplicity(self, ports, forward)  # type: ignore[arg-type]


class ReshapePort(AbstractVirtualPort):
    """The same elements in C order in another shape.

    Parameters
    ----------
    new_shape, old_shape : tuple of int
        Of equal size.
    """

    def __init__(self, new_shape: tuple[int, ...], old_shape: tuple[int, ...]) -> None:
        super().__init__(new_shape)
        self.old_shape = checked_shape(old_shape, "ReshapePort.old_shape")

    @classmethod
    def of(cls, port: AbstractPort, new_shape: object) -> ReshapePort:
        """Return the view of a port in another shape; see `AbstractPort.reshape`."""
        shape = tuple(to_list(new_shape) if not isinstance(new_shape, tuple) else new_shape)
        if any(dimension < 0 for dimension in shape) or math.prod(shape) != port.size:
            raise exceptions.ReshapeError(port.shape, shape)
        return cls(shape, port.shape)

    def _la_moved(self, flat: np.ndarray, _shape: tuple[int, ...], _input: int) -> np.ndarray:
        """Return where elements at flat indices of a source of some shape go."""
        return flat

    def get_transform_func_fwd(self) -> Function:
        """Reshape to the new shape."""
        return partial(_reshaped, shape=_plain(self.shape))

    def get_transform_func_bwd(self) -> Function:
        """Reshape to the old shape."""
        return partial(_reshaped, shape=_plain(self.old_shape))


class TransposePort(AbstractVirtualPort):
    """The axes permuted.

    Parameters
    ----------
    new_shape : tuple of int
        The shape after the permutation.
    axes : sequence of int or None
        ``new_shape[i] = old_shape[axes[i]]``; None reverses the axes.
    """

    def __init__(self, new_shape: tuple[int, ...], axes: Sequence[int] | None = None) -> None:
        super().__init__(new_shape)
        self.axes = checked_axes(self.shape, axes)

    @classmethod
    def of(cls, port: AbstractPort, axes: Sequence[int] | None) -> TransposePort:
        """Return the view of a port with permuted axes; see `AbstractPort.transpose`."""
        plain = checked_axes(port.shape, axes)
        return cls(tuple(port.shape[axis] for axis in plain), plain)

    def _la_moved(self, flat: np.ndarray, shape: tuple[int, ...], _input: int) -> np.ndarray:
        """Return where elements at flat indices of a source of some shape go."""
        if not (flat.size and shape):
            return flat
        coordinates = np.unravel_index(flat, shape)
        return np.ravel_multi_index([coordinates[axis] for axis in self.axes], _plain(self.shape))

    def get_transform_func_fwd(self) -> Function:
        """Permute the axes."""
        return partial(np.transpose, axes=self.axes)

    def get_transform_func_bwd(self) -> Function:
        """Permute the axes back."""
        return partial(np.transpose, axes=tuple(int(axis) for axis in np.argsort(self.axes)))


class ConcatPort(AbstractVirtualPort):
    """Several ports of one kind side by side along an axis; each fills its slice.

    Parameters
    ----------
    ports : list of AbstractPort
        In order; they become the sources.
    axis : int
        Negative ones count from the end.

    Attributes
    ----------
    concat_axis : int
        The axis, not negative.

    Raises
    ------
    NetworkError, ConcatIndexError, ConcatShapeError, DuplicateConnectionError
        See `AbstractPort.concat_with`.
    """

    def __init__(self, ports: list[AbstractPort], axis: int) -> None:
        first = ports[0]
        family = AbstractIOPort if issubclass(first._kind(), AbstractIOPort) else AbstractRVPort
        wiring.check_partners(first, ports, [family])
        wiring.check_one_kind(first, ports)
        self.concat_axis, shape = _concatenated([tuple(port.shape) for port in ports], axis)
        if len({id(port) for port in ports}) < len(ports):
            raise exceptions.DuplicateConnectionError(
                f"{wiring.described(first)}.concat_with: a port comes twice; a second view of it, "
                f".reshape({tuple(first.shape)}), may be used instead"
            )
        super().__init__(shape)
        self._connect_backward(list(ports), AbstractPort, None, assert_same_shape=False)

    @classmethod
    def of(cls, port: AbstractPort, others: Sequence[AbstractPort], axis: int) -> ConcatPort:
        """Return a port and others side by side; see `AbstractPort.concat_with`."""
        return cls([port, *others], operator.index(axis))

    def _la_moved(self, flat: np.ndarray, shape: tuple[int, ...], input_index: int) -> np.ndarray:
        """Return where elements at flat indices of a source of some shape go."""
        if not flat.size:
            return flat
        coordinates, axis = list(np.unravel_index(flat, shape)), self.concat_axis
        coordinates[axis] = coordinates[axis] + self.part(input_index)[axis].start
        return np.ravel_multi_index(coordinates, _plain(self.shape))

    def part(self, input_index: int) -> tuple[slice, ...]:
        """Return the index of the part of this port that one of its sources fills."""
        axis = self.concat_axis
        widths = [int(port.shape[axis]) for port in self.in_connections]
        start = sum(widths[:input_index])
        return (*[slice(None)] * axis, slice(start, start + widths[input_index]))

    def _la_forward(self, input_index: int) -> Function:
        """Return the function that puts one source's data into zeros of this port's shape."""
        return partial(_placed, shape=_plain(self.shape), part=self.part(input_index))

    def _la_backward(self, input_index: int) -> Function:
        """Return the function that takes one source's part out of data of this port's shape."""
        return partial(_taken, part=self.part(input_index))

    def get_transform_func_fwd(self) -> Function:
        """Raise `UnsupportedError`: there is one function per source."""
        raise UnsupportedError(
            f"{wiring.described(self)}: a concatenation has one function per source; ask "
            f"lava_actor.process.ports.paths"
        )

    get_transform_func_bwd = get_transform_func_fwd


AbstractPort._views = sys.modules[__name__]


def checked_axes(shape: tuple[int, ...], axes: Sequence[int] | None) -> tuple[int, ...]:
    """Return a permutation of the axes of ``shape`` without negative numbers.

    Raises
    ------
    TransposeShapeError, TransposeIndexError
        See `AbstractPort.transpose`.
    """
    rank = len(shape)
    if axes is None:
        return tuple(reversed(range(rank)))
    given = [operator.index(axis) for axis in axes]
    if len(given) != rank:
        raise exceptions.TransposeShapeError(shape, axes)
    plain: list[int] = []
    for axis in given:
        if not -rank <= axis < rank or axis % rank in plain:
            raise exceptions.TransposeIndexError(shape, axes, axis)
        plain.append(axis % rank)
    return tuple(plain)


def _concatenated(shapes: list[tuple[int, ...]], axis: int) -> tuple[int, tuple[int, ...]]:
    """Return the axis, not negative, and the shape of a concatenation."""
    first = shapes[0]
    rank = len(first)
    if not -rank <= axis < rank:
        raise exceptions.ConcatIndexError(first, axis)
    axis %= rank
    rest = first[:axis] + first[axis + 1 :]
    for shape in shapes:
        if len(shape) != rank or shape[:axis] + shape[axis + 1 :] != rest:
            raise exceptions.ConcatShapeError(shapes, axis)
    width = sum(int(shape[axis]) for shape in shapes)
    return axis, (*first[:axis], width, *first[axis + 1 :])


# Functions instead of lambdas, and plain numbers instead of ports: these travel to the actors.


def _plain(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(dimension) for dimension in shape)


def _reshaped(data: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    return np.reshape(data, shape)


def _placed(data: object, shape: tuple[int, ...], part: tuple[slice, ...]) -> np.ndarray:
    data = np.asarray(data)
    whole = np.zeros(shape, data.dtype)
    whole[part] = data
    return whole


def _taken(data: object, part: tuple[slice, ...]) -> np.ndarray:
    return np.asarray(data)[part]
