"""Which rows of a Process belong to one of its parts, and how values are divided and joined.

A Process that is cut has its neurons in order, and each part has some that follow each other. An
array with an element, or a row, per neuron is divided between the parts; everything else every part
has whole. So the parts of a value, one after the other in C order, are the value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lava_actor.errors import InvalidValueError
from lava_actor.plain import plain
from lava_actor.process import matrices
from lava_actor.protocol.values import fitted, numbers


@plain(frozen=True)
class Rows:
    """Rows ``first`` to ``end`` of ``total``; so many of them are a slice of an array."""

    first: int
    end: int
    total: int
    slice: int = 1

    def shape(self, whole: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the part of an array: its first axis is cut, or all of them in C order."""
        own = self.end - self.first
        if self.slice > 1 and math.prod(whole) == self.total:
            return (own // self.slice, *whole[1:])
        return (own, *whole[1:]) if whole and whole[0] == self.total else (own,)

    def of(self, value: Any, whole: tuple[int, ...], where: str) -> object:
        """The part of a value of a Var of shape ``whole``; one number stands for all.

        Raises
        ------
        InvalidValueError
            (a `ValueError`) if the value does not fit the shape.
        """
        if hasattr(value, "targets"):  # a recipe
            return value.targets(self.first, self.end)
        if matrices.issparse(value):
            return value.tocsr()[self.first : self.end]
        if value is None or isinstance(value, str) or np.ndim(value) == 0:
            return value
        found = fitted(numbers(value, where), whole, where)
        return found.reshape(self.total, -1)[self.first : self.end].reshape(self.shape(whole))


def is_divided(shape: tuple[int, ...], total: int) -> bool:
    """Whether an array of a shape has an element, or a row, for each of ``total`` neurons."""
    return total > 1 and (math.prod(shape) == total or shape[:1] == (total,))


def joined(parts: Sequence[object], whole: tuple[int, ...]) -> object:
    """The value of which these are the parts, in order."""
    if any(matrices.issparse(part) for part in parts):
        return matrices.vstack(list(parts), format="csr")
    return np.concatenate([np.asarray(part).reshape(-1) for part in parts]).reshape(whole)


def one_for_all(value: Any, where: str) -> object:
    """A value that every part has whole.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if it has a number per neuron nevertheless.
    """
    if not isinstance(value, str) and np.size(value) > 1:
        raise InvalidValueError(
            f"{where}: expected one value for all neurons of a Process that is cut into parts, got "
            f"{np.size(value)}"
        )
    return value
