"""Help and completion tell what a Process of the library takes."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import lava_actor.proc
from lava_actor import AbstractProcess
from lava_actor.errors import LavaActorWarning
from lava_actor.proc.dense.process import DelayDense
from lava_actor.proc.lif.process import LIF, LIFRefractory, LIFReset

VARIADIC = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


def library() -> Iterator[Any]:
    for module in pkgutil.walk_packages(lava_actor.proc.__path__, "lava_actor.proc."):
        for cls in vars(importlib.import_module(module.name)).values():
            is_process = isinstance(cls, type) and issubclass(cls, AbstractProcess)
            if is_process and cls.__module__ == module.name:
                yield cls


def documented(cls: type[Any]) -> dict[str, str]:
    """``{parameter: its description}`` of the section Parameters."""
    text = inspect.getdoc(cls) or ""
    section = re.search(r"^Parameters\n-+\n(.*?)(\n\n\w+\n-+|\Z)", text, re.DOTALL | re.MULTILINE)
    found: dict[str, str] = {}
    for head, body in re.findall(
        r"^(\S.*)\n((?:[ \t]+.*\n?|\n)*)", section[1] + "\n" if section else "", re.MULTILINE
    ):
        for name in head.partition(" : ")[0].split(", "):
            found[name] = head.partition(" : ")[2] + body
    return found


@pytest.mark.parametrize("cls", list(library()), ids=lambda cls: cls.__name__)
def test_a_process_shows_its_parameters_and_says_what_each_is(cls: Any) -> None:
    shown = [p for p in inspect.signature(cls).parameters.values() if p.kind not in VARIADIC]
    told = documented(cls)
    missing = [p.name for p in shown if not told.get(p.name) or "See `" in told[p.name][:8]]
    assert missing == []


def test_the_signature_of_a_class_is_that_of_its_constructor() -> None:
    assert list(inspect.signature(LIF).parameters)[:2] == ["shape", "u"]
    assert inspect.signature(LIF).parameters["vth"].default == 10

    names = list(inspect.signature(DelayDense).parameters)
    assert names == [
        *("weights", "num_message_bits", "delays", "max_delay", "name", "log_config", "kwargs")
    ]

    class Own(AbstractProcess):
        def __init__(self, *, size: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)

    assert list(inspect.signature(Own).parameters) == ["size", "kwargs"]
    assert list(inspect.signature(AbstractProcess).parameters) == ["proc_params"]


@pytest.mark.parametrize("cls", [LIFReset, LIFRefractory])
def test_what_no_class_above_takes_is_refused_from_derived_classes_as_well(cls: Any) -> None:
    class Own(cls):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)

    for made in (cls, Own):
        with pytest.warns(LavaActorWarning), pytest.raises(TypeError, match="argument 'vthh'"):
            made(shape=(1,), vthh=1)
    assert "Threshold; a neuron spikes" in cls.__doc__
    assert Own(shape=(1,), vth=3).vth.init == 3
