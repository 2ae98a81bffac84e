"""Every public name says what it is for."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

import lava_actor

MODULES = [
    module.name
    for module in pkgutil.walk_packages(lava_actor.__path__, "lava_actor.")
    if not any(part.startswith("_") for part in module.name.split("."))
]


def undocumented(module: object) -> Iterator[str]:
    for name, member in vars(module).items():
        if name.startswith("_") or getattr(member, "__module__", "") != module.__name__:
            continue
        if not (inspect.isclass(member) or inspect.isroutine(member)):
            continue
        if not inspect.getdoc(member):
            yield name
        if inspect.isclass(member):
            for attribute, value in vars(member).items():
                is_code = inspect.isroutine(value) or isinstance(value, property)
                if attribute.startswith("_") or not is_code:
                    continue
                if not inspect.getdoc(getattr(member, attribute)):
                    yield f"{name}.{attribute}"


@pytest.mark.parametrize("name", MODULES)
def test_no_public_name_is_without_a_docstring(name: str) -> None:
    assert list(undocumented(importlib.import_module(name))) == []
