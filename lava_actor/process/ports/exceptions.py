"""Errors of ports, by the names of the programming model."""

from __future__ import annotations

from collections.abc import Sequence

from lava_actor.errors import NetworkError

Shape = tuple[int, ...]


class ReshapeError(NetworkError, ValueError):
    """The numbers of elements differ."""

    def __init__(self, old_shape: Shape, new_shape: Shape) -> None:
        super().__init__(
            f"reshape: expected a shape with as many elements as {old_shape}, got {new_shape}"
        )


class DuplicateConnectionError(NetworkError):
    """The same two ports are connected twice."""

    def __init__(self, what: str = "these ports are connected already") -> None:
        super().__init__(what)


class ConcatShapeError(NetworkError, ValueError):
    """Shapes differ outside of the axis of concatenation."""

    def __init__(self, shapes: Sequence[Shape], axis: int) -> None:
        listed = ", ".join(map(str, shapes))
        super().__init__(
            f"concat_with: expected shapes that differ in axis {axis} only, got {listed}"
        )


class ConcatIndexError(NetworkError, IndexError):
    """The axis of concatenation does not exist."""

    def __init__(self, shape: Shape, axis: int) -> None:
        super().__init__(f"concat_with: expected an axis of shape {shape}, got {axis}")


class TransposeShapeError(NetworkError, ValueError):
    """Not as many axes as dimensions."""

    def __init__(self, old_shape: Shape, axes: object) -> None:
        super().__init__(f"transpose: expected one axis per dimension of {old_shape}, got {axes}")


class TransposeIndexError(NetworkError, IndexError):
    """An axis does not exist, or comes twice."""

    def __init__(self, old_shape: Shape, axes: object, wrong_index: object) -> None:
        super().__init__(
            f"transpose: expected each axis of shape {old_shape} once, got {axes}; "
            f"{wrong_index} is out of range or repeated"
        )


class VarNotSharableError(NetworkError):
    """A RefPort or VarPort on a Var that is not shareable."""

    def __init__(self, var_name: str) -> None:
        super().__init__(f"expected a Var with shareable=True, got {var_name!r}, which is not")
