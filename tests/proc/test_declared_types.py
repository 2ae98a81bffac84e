"""What the models of the library declare their ports and Vars to be, against a table of all of it.

`declared_types.txt` has a line for each model. Receivers see these types: a type that changes is a
change of interface. Where Lava is known to declare something else, `DEVIATIONS` says so, and
`docs/lava_programs.md` lists it with the reason.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path

import numpy as np
import pytest

import lava_actor.proc
from lava_actor.model.model import AbstractProcessModel
from lava_actor.model.types import LavaPyType

TABLE = Path(__file__).with_name("declared_types.txt")
DOCS = Path(__file__).parents[2] / "docs" / "lava_programs.md"

DEVIATIONS = {
    "LIF and its kin: bias_mant, bias_exp": {"bias_mant": "int32", "bias_exp": "int32"},
    "BitCheck: state": {"state": "int64"},
    "S4d, SigmaS4dDelta: a, b, c, s4_state": dict.fromkeys(("a", "b", "c", "s4_state"), "complex"),
    "Conv: weight_exp": {"weight_exp": "int32"},
    "ATRLIF: theta_0, theta_step": {"theta_0": "float", "theta_step": "float"},
}
"""{what the documentation names: {member: type here}}"""


def declared() -> dict[str, dict[str, str]]:
    """{model: {member: type}} of all models of the library that implement a Process."""
    found = {}
    for module in pkgutil.walk_packages(lava_actor.proc.__path__, "lava_actor.proc."):
        for name, cls in vars(importlib.import_module(module.name)).items():
            if (
                inspect.isclass(cls)
                and issubclass(cls, AbstractProcessModel)
                and cls.__module__ == module.name
                and "implements_process" in vars(cls)
            ):
                members = {
                    member: value
                    for member in dir(cls)
                    if isinstance(value := getattr(cls, member, None), LavaPyType)
                }
                found[name] = {member: type_name(t.d_type) for member, t in members.items()}
    return {name: members for name, members in found.items() if members}


def type_name(dtype: object) -> str:
    """`int` and `float` by these names, types of NumPy by theirs."""
    return getattr(dtype, "__name__", None) or np.dtype(dtype).name


def recorded() -> dict[str, dict[str, str]]:
    rows = (line.split() for line in TABLE.read_text().splitlines())
    return {model: dict(item.split("=") for item in items) for model, *items in rows}


def test_the_table_has_every_model() -> None:
    assert sorted(declared()) == sorted(recorded())


@pytest.mark.parametrize("model", sorted(recorded()))
def test_ports_and_vars_are_declared_as_recorded(model: str) -> None:
    assert declared()[model] == recorded()[model]


def test_deviations_from_lava_are_documented() -> None:
    text = " ".join(DOCS.read_text().split())
    for what, members in DEVIATIONS.items():
        processes, _, names = what.partition(": ")
        assert f"`{processes.split(',')[0].split(' ')[0]}`" in text, what
        for member in names.split(", "):
            assert f"`{member}`" in text, what
            assert any(members[member] == row.get(member) for row in recorded().values()), what
