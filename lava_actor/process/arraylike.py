"""Vars in expressions: what a Var stands for is its present value."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

_BINARY = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
    *("and_", "or_", "xor", "lshift", "rshift"),
)
_COMPARISONS = ("lt", "le", "gt", "ge")  # not eq: a Var is equal to itself only, as a key has to be
_UNARY = ("neg", "pos", "abs")


class ArrayLike:
    """A mixin for classes with ``__array__``, ``get`` and ``set``: reads like the array.

    Every operation asks for the value anew; for more than one of them call ``get`` once.
    """

    shape: tuple[int, ...]
    get: Callable[..., Any]
    set: Callable[..., None]

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def __getattr__(self, name: str) -> NoReturn:
        """Say how to have what arrays have and Vars have not."""
        member = f"{type(self).__name__!r} object has no attribute {name!r}"
        if not name.startswith("_") and hasattr(np.ndarray, name):
            member += f"; its value has: .get().{name}"
        raise AttributeError(member, name=name, obj=self)

    def __len__(self) -> int:
        """Length of the first dimension."""
        if not self.shape:
            raise TypeError("a Var of shape () has no len()")
        return self.shape[0]

    def __bool__(self) -> bool:
        """True: a Var is an object; ask its value as ``var.get().any()``."""
        return True

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the present value."""
        return iter(np.asarray(self))

    def __getitem__(self, idx: object) -> Any:
        """``get(idx)``."""
        return self.get(idx)

    def __setitem__(self, idx: object, value: object) -> None:
        """``set(value, idx)``."""
        self.set(value, idx)

    def __float__(self) -> float:
        """The present value, of a Var of one element."""
        return float(np.asarray(self).item())

    def __int__(self) -> int:
        """The present value, of a Var of one element."""
        return int(np.asarray(self).item())

    def __format__(self, spec: str) -> str:
        """The present value of one element if there is a format, otherwise ``str``."""
        return format(float(self), spec) if spec else str(self)


def _forward(operation: Callable[..., object]) -> Callable[..., object]:
    return lambda self, *others: operation(np.asarray(self), *others)


def _backward(operation: Callable[..., object]) -> Callable[..., object]:
    return lambda self, other: operation(other, np.asarray(self))


for _name in (*_BINARY, *_COMPARISONS, *_UNARY):
    _operation, _word = getattr(operator, _name), _name.rstrip("_")
    setattr(ArrayLike, f"__{_word}__", _forward(_operation))
    if _name in _BINARY:
        setattr(ArrayLike, f"__r{_word}__", _backward(_operation))
