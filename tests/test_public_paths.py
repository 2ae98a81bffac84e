"""What could be imported once can be imported for good.

`public_paths.txt` holds modules, and names in them, as `module` and `module:name`.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from lava_actor import load, moved
from lava_actor.compat.lava_names.connection_config import ConnectionConfig
from lava_actor.compat.lava_names.run_configs import Loihi2HwCfg
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF

LISTED = (Path(__file__).parent / "public_paths.txt").read_text("utf-8").split()
NAMES: dict[str, list[str]] = {}
for entry in LISTED:
    module, _, name = entry.partition(":")
    NAMES.setdefault(module, []).extend([name] * bool(name))


@pytest.mark.parametrize("module", NAMES)
def test_a_public_path_does_not_break(module: str) -> None:
    found = importlib.import_module(module)
    assert [name for name in NAMES[module] if not hasattr(found, name)] == []


@pytest.mark.parametrize(("old", "new"), moved.MOVED.items())
def test_what_moved_is_the_same_under_both_paths(old: str, new: str) -> None:
    found, home = importlib.import_module(old), importlib.import_module(new)
    package, _, name = old.rpartition(".")
    assert found is getattr(importlib.import_module(package), name)
    given = [name for name in NAMES[old] if hasattr(home, name)]
    assert all(getattr(found, name) is getattr(home, name) for name in given)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        found.Nothing


@pytest.mark.parametrize("module", moved.GIVEN_AWAY)
def test_a_star_finds_what_a_module_has_given_away(module: str) -> None:
    found: dict[str, object] = {}
    exec(f"from {module} import *", found)
    assert {*moved.GIVEN_AWAY[module].split()} <= found.keys()
    assert {name for name in NAMES[module] if name[0] != "_"} <= found.keys()


def test_files_name_what_moved_as_before(tmp_path: Path) -> None:
    source, sink = LIF(shape=(1,)), Dense(weights=[[1]])
    source.s_out.connect(sink.s_in, ConnectionConfig(num_probes=7))
    source.compile(Loihi2HwCfg(select_tag="floating_pt"))
    source.save(tmp_path / "network")
    with ZipFile(tmp_path / "network") as file:
        text = b"".join(map(file.read, file.namelist()))
    assert b"lava_actor.process.ports.connection_config:ConnectionConfig" in text
    assert b"lava_actor.compiler.run_configs:Loihi2HwCfg" in text
    again: Any = load(tmp_path / "network")
    (config,) = again.s_out.connection_configs.values()
    assert config == ConnectionConfig(num_probes=7)
