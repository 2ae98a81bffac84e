"""Collections: the members of a Process by kind and by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Union

from lava_actor.errors import MissingMemberError, NetworkError

if TYPE_CHECKING:
    from lava_actor.process.ports.ports import InPort, OutPort, RefPort, VarPort
    from lava_actor.process.process import AbstractProcess
    from lava_actor.process.variable import Var


class Collection:
    """Members of one kind; each is also reachable as an attribute.

    Parameters
    ----------
    process : AbstractProcess
    name : str
        Kind of the members, for example "InPort".
    """

    mem_type = Union["InPort", "OutPort", "RefPort", "VarPort", "Var", "AbstractProcess"]

    def __init__(self, process: AbstractProcess | None, name: str) -> None:
        self.process = process
        self.name = name
        self._members: dict[str, Any] = {}

    def add_members(self, new_members: dict[str, Any]) -> None:
        """Add members, or replace those of the same name."""
        self._members.update(new_members)

    def remove_member(self, name: str) -> None:
        """Take a member out."""
        del self._members[name]

    @property
    def member_names(self) -> list[str]:
        """Names in order of registration."""
        return list(self._members)

    @property
    def members(self) -> list[Any]:
        """Members in order of registration."""
        return list(self._members.values())

    def is_empty(self) -> bool:
        """True if there are none."""
        return not self._members

    def has(self, obj: Any) -> bool:
        """True if there is a member with the name of ``obj``."""
        if not hasattr(obj, "name"):
            raise NetworkError(f"{self.name} collection: {obj!r} has no name")
        return obj.name in self._members

    def __getattr__(self, name: str) -> Any:
        """Members by attribute name."""
        members = self.__dict__.get("_members", {})
        if name in members:
            return members[name]
        if name.startswith("__"):
            raise AttributeError(name)
        owner = getattr(self.__dict__.get("process"), "name", "?")
        kind = self.__dict__.get("name", "Collection")
        raise MissingMemberError(
            f"{owner} has no {kind} named {name!r}; it has {', '.join(members) or 'none'}"
        )

    def __getitem__(self, name: str) -> Any:
        """Members by name."""
        return self._members[name]

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the members; iterations do not disturb each other."""
        return iter(list(self._members.values()))

    def __len__(self) -> int:
        """Number of members."""
        return len(self._members)

    def __contains__(self, item: Any) -> bool:
        """Membership by name or by object."""
        if isinstance(item, str):
            return item in self._members
        return any(member is item for member in self._members.values())
