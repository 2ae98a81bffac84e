"""What all members of a Process have in common, and the registries that give ids."""

from __future__ import annotations

import math
import operator
import threading
import weakref
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np

from lava_actor.errors import InvalidValueError, NetworkError
from lava_actor.process.hints import warn

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")


class Owner:
    """What members belong to: the base of `AbstractProcess`."""

    id: int
    name: str


class AbstractProcessMember(ABC):  # noqa: B024  (nothing to override; never made by itself)
    """A Var or port: has a shape, and once registered a name and a Process.

    Parameters
    ----------
    shape : tuple of int, or int
        Non-negative dimensions; ``()`` is a scalar, and 5 is ``(5,)``.

    Raises
    ------
    NetworkError
        (an `AssertionError`) if ``shape`` is neither a non-negative integer nor a tuple of them.
    """

    def __init__(self, shape: tuple[int, ...] | int) -> None:
        self.shape: tuple[int, ...] = checked_shape(shape, type(self).__name__)
        self._process: Owner | None = None
        self._name: str | None = None

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse another shape for a member of a Process; warn of what no model would see."""
        if self.__dict__.get("_process") is not None:
            kind = type(self).__name__
            if name == "shape":
                raise InvalidValueError(
                    f"{where(self)}.shape: expected a shape when the {kind} is made; it stays "
                    f"{self.shape}"
                )
            if not (name[0] == "_" or name in self.__dict__ or self._declares(name)):
                warn(
                    f"{where(self)}.{name}: {kind} has no such attribute, and no model sees what "
                    f"is assigned here{self._instead_of_assignment()}"
                )
        object.__setattr__(self, name, value)

    @classmethod
    def _declares(cls, name: str) -> bool:
        return hasattr(cls, name) or any(
            name in getattr(base, "__annotations__", ()) for base in cls.__mro__
        )

    @property
    def name(self) -> Any:
        """Attribute name in the Process; None until registered. Only a str can be assigned."""
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
    def process(self, value: Owner) -> None:
        if not isinstance(value, Owner):
            raise NetworkError(f"{where(self)}.process: expected a Process, got {value!r}")
        self._process = value

    def _instead_of_assignment(self) -> str:
        """What to do instead of assigning to the attribute, for the error message."""
        return ""

    @property
    def size(self) -> int:
        """Number of elements; 1 for ``()``."""
        return math.prod(int(dimension) for dimension in self.shape)


def where(member: AbstractProcessMember) -> str:
    """``process.member`` for messages; the class and shape where there are no names yet."""
    owner, name = member.process, member.name
    if name is None:
        name = f"{type(member).__name__}{tuple(member.shape)}"
    return name if owner is None else f"{owner.name}.{name}"


def checked_shape(shape: object, owner: str) -> tuple[int, ...]:
    """Return a tuple of non-negative integers, and such an integer in a tuple, as Python's own.

    Raises
    ------
    NetworkError
        (an `AssertionError`) if it is something else.
    """
    given = shape if isinstance(shape, tuple) else (shape,)
    try:
        found = tuple(map(operator.index, given))
    except TypeError:
        found = (-1,)
    if min(found, default=0) < 0 or any(isinstance(i, (bool, np.bool_)) for i in given):
        raise NetworkError(
            f"{owner}.shape: expected a non-negative integer or a tuple of them, got {shape!r}"
        )
    return found


class IdGeneratorSingleton(ABC):
    """Base of singletons that hand out ids: 0, 1, 2 and so on."""

    instance: ClassVar[Any] = None
    is_not_initialized: ClassVar[bool] = True

    @abstractmethod
    def __new__(cls) -> Self:
        """Return the one instance."""
        return super().__new__(cls)

    def __init__(self) -> None:
        self._next_id = 0

    def get_next_id(self) -> int:
        """Return the next unused id."""
        found = self._next_id
        self._next_id += 1
        return found

    @classmethod
    def reset_singleton(cls) -> None:
        """Forget the instance; the next constructor call makes one that starts at 0."""
        cls.instance = None
        cls.is_not_initialized = True


#: Two threads that make their first Process at once make one registry.
_making = threading.RLock()


class WeakRegistry(IdGeneratorSingleton, Generic[T]):
    """A singleton that numbers objects in order of creation and lets them die.

    Subclasses name the class they accept. Objects that were loaded keep the id they had, unless a
    living one has it.
    """

    _kind: ClassVar[type[Any]]
    """The class of the registered objects."""

    def __new__(cls) -> Self:
        """Return the one instance of this class."""
        with _making:
            if cls.instance is None:
                cls.instance = super().__new__(cls)
            return cls.instance

    def __init__(self) -> None:
        cls = type(self)
        with _making:
            if cls.is_not_initialized:
                super().__init__()
                self._living: weakref.WeakValueDictionary[int, T] = weakref.WeakValueDictionary()
                self._lock = threading.Lock()
                cls.is_not_initialized = False

    def register(self, obj: T) -> int:
        """Give ``obj`` an id of its own; one that it had is free again.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if ``obj`` is of another class.
        """
        if not isinstance(obj, self._kind):
            raise NetworkError(
                f"{type(self).__name__}.register: expected a {self._kind.__name__}, got {obj!r}"
            )
        with self._lock:
            former = obj.__dict__.get("id")
            if self._living.get(former) is obj:
                del self._living[former]
            found = self.get_next_id()
            self._living[found] = obj
        return found

    def restore(self, obj: T, wanted: int) -> int:
        """Register a loaded object: under its old id if that is free, else under a new one."""
        with self._lock:
            holder = self._living.get(wanted)
            if holder is None or holder is obj:
                self._next_id = max(self._next_id, wanted + 1)
                self._living[wanted] = obj
                return wanted
        return self.register(obj)

    def _in_order(self) -> list[T]:
        with self._lock:
            return [obj for _, obj in sorted(self._living.items())]

    def reset_server(self) -> None:
        """Forget everything and start at 0 again."""
        self._living.clear()
        self._next_id = 0
        self.reset_singleton()
