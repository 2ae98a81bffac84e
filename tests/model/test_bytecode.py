"""Names in compiled code, against `dis`, for everything that some modules of Python define."""

from __future__ import annotations

import argparse
import dis
import inspect
import subprocess
import types
from collections.abc import Iterator

import cloudpickle
import pytest

from lava_actor.model.bytecode import names_in
from lava_actor.runtime.start import pickling

# More than 256 names make arguments of two bytes.
MANY = "\n".join(f"    global g{i}\n    g{i} = h{i}\n    self.a{i} = g{i}" for i in range(300))


def codes() -> Iterator[types.CodeType]:
    for module in (argparse, dis, inspect, subprocess):
        yield from nested(compile(inspect.getsource(module), module.__name__, "exec"))
    yield from nested(compile(f"def many(self):\n{MANY}\n", "many", "exec"))


def nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from nested(constant)


@pytest.mark.parametrize("operations", [("STORE_ATTR",), ("LOAD_GLOBAL", "STORE_GLOBAL")])
def test_names_are_those_that_dis_finds(operations: tuple[str, ...]) -> None:
    found = 0
    for code in codes():
        steps = dis.get_instructions(code)
        expected = list(dict.fromkeys(s.argval for s in steps if s.opname in operations))
        assert names_in(code, *operations) == expected
        found += len(expected)
    assert found > 500


def test_globals_are_those_that_cloudpickle_would_find() -> None:
    for code in codes():
        cloudpickle.cloudpickle._extract_code_globals_cache.pop(code, None)
        theirs = list(cloudpickle.cloudpickle._extract_code_globals(code))
        for inner in nested(code):
            cloudpickle.cloudpickle._extract_code_globals_cache.pop(inner, None)
        assert list(pickling.globals_of(code)) == theirs
        assert list(cloudpickle.cloudpickle._extract_code_globals(code)) == theirs
