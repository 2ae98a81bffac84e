"""Collections: the members of a Process, by kind and by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from lava_actor.errors import InvalidKeyError, MissingMemberError, NetworkError

if TYPE_CHECKING:
    from lava_actor.process.interfaces import AbstractProcessMember
    from lava_actor.process.process import AbstractProcess

Member = TypeVar("Member", bound="AbstractProcess | AbstractProcessMember")


class Collection(Generic[Member]):
    """Members of one kind; each is also reachable as an attribute and by ``[name]``.

    Parameters
    ----------
    process : AbstractProcess
        Whose members these are.
    name : str
        Kind of the members, for example "InPort".
    """

    def __init__(self, process: AbstractProcess | None, name: str) -> None:
        self.process = process
        self.name = name
        self._members: dict[str, Member] = {}

    def add_members(self, new_members: Mapping[str, Member]) -> None:
        """Add members, or replace those of the same name."""
        self._members.update(new_members)

    def remove_member(self, name: str) -> None:
        """Take a member out.

        Raises
        ------
        InvalidKeyError
            (a `KeyError`) if there is none of that name.
        """
        self[name]
        del self._members[name]

    @property
    def member_names(self) -> list[str]:
        """Names in order of registration; a scan of the Process registers alphabetically."""
        return list(self._members)

    @property
    def members(self) -> list[Member]:
        """Members in order of registration."""
        return list(self._members.values())

    def is_empty(self) -> bool:
        """Return True if there are none."""
        return not self._members

    def has(self, obj: Member) -> bool:
        """Return True if there is a member with the name of ``obj``, whichever object it is.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if ``obj`` has no ``name``.
        """
        if not hasattr(obj, "name"):
            raise NetworkError(f"{self._owner()}: expected a member with a name, got {obj!r}")
        return obj.name in self._members

    def __getattr__(self, name: str) -> Member:
        """Members by attribute name."""
        # Looked up in __dict__: while unpickling, the attributes are not there yet.
        members = self.__dict__.get("_members", {})
        if name in members:
            return members[name]
        raise MissingMemberError(self._nothing_called(name))

    def __getitem__(self, name: str) -> Member:
        """Members by name."""
        try:
            return self._members[name]
        except KeyError:
            raise InvalidKeyError(self._nothing_called(name)) from None

    def __dir__(self) -> list[str]:
        """Attributes and members, for completion in an interactive session."""
        return [*super().__dir__(), *self._members]

    def __iter__(self) -> Iterator[Member]:
        """Iterate over the members; iterations do not disturb each other."""
        return iter(self.members)

    def __len__(self) -> int:
        """Return the number of members."""
        return len(self._members)

    def __contains__(self, item: object) -> bool:
        """Membership by name or by object."""
        if isinstance(item, str):
            return item in self._members
        return any(member is item for member in self._members.values())

    def __repr__(self) -> str:
        """Kind, owner and names."""
        return f"<{self._owner()}: {', '.join(self._members) or 'empty'}>"

    def _owner(self) -> str:
        owner = getattr(self.__dict__.get("process"), "name", None)
        kind = self.__dict__.get("name", "Collection")
        return f"{kind} collection" if owner is None else f"{kind} collection of {owner}"

    def _nothing_called(self, name: object) -> str:
        known = ", ".join(self.__dict__.get("_members", {})) or "none"
        return f"{self._owner()}: there is no member {name!r}; there is: {known}"


def named(collection: Collection[Member]) -> list[tuple[str, Member]]:
    """Names and members; a function, as a method would hide the member of its name."""
    return list(collection._members.items())
