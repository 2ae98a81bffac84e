"""What all members of a Process have in common, and the id generators behind them."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from lava_actor.errors import NetworkError

if TYPE_CHECKING:
    from lava_actor.process.process import AbstractProcess


class AbstractProcessMember(ABC):  # noqa: B024  (nothing to override; never made by itself)
    """A Var or port: has a shape, and once registered a name and a Process.

    Parameters
    ----------
    shape : tuple of int
        Non-negative dimensions; ``()`` is a scalar.

    Raises
    ------
    NetworkError
        (an `AssertionError`) if ``shape`` is no tuple of non-negative integers.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape: tuple[int, ...] = checked_shape(shape, type(self).__name__)
        self._process: AbstractProcess | None = None
        self._name: str | None = None

    @property
    def name(self) -> Any:
        """Attribute name in the Process; None until registered."""
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        if not isinstance(value, str):
            raise NetworkError(f"{type(self).__name__}.name: expected a str, got {value!r}")
        self._name = value

    @property
    def process(self) -> Any:
        """The Process this is a member of; None until registered."""
        return self._process

    @process.setter
    def process(self, value: AbstractProcess) -> None:
        from lava_actor.process.process import AbstractProcess

        if not isinstance(value, AbstractProcess):
            raise NetworkError(
                f"{type(self).__name__}.process: expected a Process, got {value!r}"
            )
        self._process = value

    @property
    def size(self) -> int:
        """Number of elements; 1 for ``()``."""
        size = 1
        for dimension in self.shape:
            size *= int(dimension)
        return size


def checked_shape(shape: Any, owner: str) -> tuple[int, ...]:
    """``shape`` itself if it is a tuple of non-negative integers."""
    if not isinstance(shape, tuple):
        raise NetworkError(f"{owner}.shape: expected a tuple of int, got {shape!r}")
    for dimension in shape:
        try:
            fine = operator.index(dimension) >= 0
        except TypeError:
            fine = False
        if not fine:
            raise NetworkError(
                f"{owner}.shape: expected non-negative integers, got {dimension!r} in {shape!r}"
            )
    return shape


class IdGeneratorSingleton(ABC):
    """Base of singletons that hand out ids 0, 1, 2, …"""

    instance: ClassVar[Any] = None
    is_not_initialized: ClassVar[bool] = True

    @abstractmethod
    def __new__(cls) -> Any:
        """Return the one instance."""

    def __init__(self) -> None:
        self._next_id = 0

    def get_next_id(self) -> int:
        """The next unused id."""
        found = self._next_id
        self._next_id += 1
        return found

    @classmethod
    def reset_singleton(cls) -> None:
        """Forget the instance; the next constructor call makes one that starts at 0."""
        if cls.instance is not None:
            cls.instance = None
            cls.is_not_initialized = True
