"""What could be imported once can be imported for good.

`public_paths.txt` holds modules, and names in them, as `module` and `module:name`.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

LISTED = (Path(__file__).parent / "public_paths.txt").read_text("utf-8").split()
NAMES: dict[str, list[str]] = {}
for entry in LISTED:
    module, _, name = entry.partition(":")
    NAMES.setdefault(module, []).extend([name] * bool(name))


@pytest.mark.parametrize("module", NAMES)
def test_a_public_path_does_not_break(module: str) -> None:
    found = importlib.import_module(module)
    assert [name for name in NAMES[module] if not hasattr(found, name)] == []
