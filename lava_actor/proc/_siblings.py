"""Names that a module shows and its `learning_` sibling defines.

Learning variants derive from what `process` and `models` define, so they live beside them and need
the arithmetic of learning; programs look for them where Lava has them. They are imported when a
program asks.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable


def of_sibling(module: str, names: str) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a module that shows some names of its sibling."""
    package, _, own = module.rpartition(".")

    def get(name: str) -> object:
        if name in names.split():
            return getattr(importlib.import_module(f"{package}.learning_{own}"), name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return get
