"""Parameters of a Process: what its constructor was given, and what its model reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lava_actor.errors import InvalidKeyError
from lava_actor.plain import plain


@plain
class OfVar:
    """Stands for a parameter whose value is that of a Var: what the model holds now."""

    model: object
    name: str


class ProcessParameters(Mapping[str, Any]):
    """Keyword parameters; a key is set once, `overwrite` changes it.

    The Process and its model read the same parameters, but not the same object: the model gets a
    copy when its actor starts, and later changes on one side are not seen on the other.

    Parameters
    ----------
    initial_parameters : dict
        Used as it is, not copied.
    """

    def __init__(self, initial_parameters: dict[str, object]) -> None:
        self._parameters = initial_parameters

    def __setitem__(self, key: str, value: object) -> None:
        """Add a parameter; `InvalidKeyError` (a `KeyError`) if there is one of that name."""
        if key in self._parameters:
            raise InvalidKeyError(
                f"parameter {key!r} exists already; use overwrite({key!r}, …) to change it"
            )
        self._parameters[key] = value

    def __getitem__(self, key: str) -> Any:
        """Return the value of a parameter; `InvalidKeyError` (a `KeyError`) if there is none."""
        try:
            found = self._parameters[key]
        except KeyError:
            known = ", ".join(map(str, self._parameters)) or "none"
            raise InvalidKeyError(f"there is no parameter {key!r}; there is: {known}") from None
        return getattr(found.model, found.name) if type(found) is OfVar else found

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._parameters)

    def __len__(self) -> int:
        """Return the number of parameters."""
        return len(self._parameters)

    def overwrite(self, key: str, value: object) -> None:
        """Set a parameter, whether or not it exists."""
        self._parameters[key] = value

    def __repr__(self) -> str:
        """Show the parameters as a dict."""
        return f"ProcessParameters({self._parameters!r})"

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        """Identity: parameters may hold arrays, which do not compare to one bool."""
        return self is other
