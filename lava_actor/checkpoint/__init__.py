"""Networks in files, without pickle: `save`, `load`, and starting where a network was paused.

    names      classes and functions by import path; which of them a file may name
    arrays     views, shared memory, order of axes
    kinds      the kinds of values a file can hold, a row each
    codec      values <-> JSON and arrays
    archive    the zip: written in full or not at all, checked before it is used
    network    Processes -> tables, as their user built them; whether two networks are equal
    rebuild    tables -> Processes
    models     the state of a model, inside of its actor
    rings      messages in flight
    resume     starting where a network was paused
    store      all of it together

The format is written down in ``docs/file_format.md``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lava_actor.checkpoint.archive import complaints
    from lava_actor.checkpoint.resume import (
        Pending,
        Resume,
        forget_pending,
        pending_of,
        set_pending,
    )
    from lava_actor.checkpoint.store import Update, load_new, save

__all__ = [
    "Pending", "Resume", "Update", "complaints", "forget_pending", "load_new", "pending_of",
    "save", "set_pending",
]  # fmt: skip

_HOMES = {"complaints": "archive", **dict.fromkeys(("Update", "load_new", "save"), "store")}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is: actors and most programs need little of this."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES.get(name, 'resume')}"), name)
    globals()[name] = value
    return value
