"""Errors of ports, by the names of the programming model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lava_actor.errors import LavaActorError


class ReshapeError(LavaActorError):
    """The number of elements differs."""

    def __init__(self, old_shape: tuple[int, ...], new_shape: tuple[int, ...]) -> None:
        super().__init__(
            f"cannot reshape {old_shape} into {new_shape}: the number of elements differs"
        )


class DuplicateConnectionError(LavaActorError):
    """The same two ports are connected twice."""

    def __init__(self, what: str = "") -> None:
        super().__init__(what or "these ports are connected already")


class ConcatShapeError(LavaActorError):
    """Shapes differ outside of the axis of concatenation."""

    def __init__(self, shapes: Sequence[tuple[int, ...]], axis: int) -> None:
        super().__init__(
            f"cannot concatenate shapes {list(shapes)} along axis {axis}: other dimensions differ"
        )


class ConcatIndexError(LavaActorError):
    """The axis of concatenation does not exist."""

    def __init__(self, shape: tuple[int, ...], axis: int) -> None:
        super().__init__(f"axis {axis} is out of range for shape {shape}")


class TransposeShapeError(LavaActorError):
    """Not as many axes as dimensions."""

    def __init__(self, old_shape: tuple[int, ...], axes: Any) -> None:
        super().__init__(f"cannot transpose shape {old_shape} by axes {axes}: counts differ")


class TransposeIndexError(LavaActorError):
    """An axis does not exist, or comes twice."""

    def __init__(self, old_shape: tuple[int, ...], axes: Any, wrong_index: Any) -> None:
        super().__init__(
            f"cannot transpose shape {old_shape} by axes {axes}: axis {wrong_index} is out of "
            f"range or repeated"
        )


class VarNotSharableError(LavaActorError):
    """A RefPort or VarPort on a Var that is not shareable."""

    def __init__(self, var_name: str) -> None:
        super().__init__(f"Var {var_name!r} is not shareable (shareable=False)")
