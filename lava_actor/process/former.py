"""Names of attributes in what earlier versions have written: none of ours began with ``_la_``."""

from __future__ import annotations

import inspect
from types import FunctionType
from typing import Any

PREFIX = "_la_"
"""Of what is ours in classes that users derive from, and neither Lava's nor a documented hook."""

_CODE = (FunctionType, staticmethod, classmethod, property)


def renamed(obj: object, state: dict[str, Any]) -> dict[str, Any]:
    """A state that an earlier version has written, with the names that our attributes have now.

    What an object has under its name as it was just made is not ours.
    """
    cls, held = type(obj), obj.__dict__
    found = {}
    for name, value in state.items():
        now = PREFIX + name.lstrip("_")
        taken = name in held or now in state or (name[0] != "_" and f"_{name}" in state)
        found[now if not taken and (now in held or _is_declared(cls, now)) else name] = value
    return found


def _is_declared(cls: type, name: str) -> bool:
    """Whether a class says that its instances have such an attribute, which is no code."""
    if any(name in inspect.get_annotations(base) for base in cls.__mro__):
        return True
    there = inspect.getattr_static(cls, name, None)
    return hasattr(cls, name) and not isinstance(there, _CODE)
