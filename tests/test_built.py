"""A native module is made of certain files, knows which, and is not used with others."""

from __future__ import annotations

import importlib
import runpy
import sysconfig
from pathlib import Path

import pytest

from lava_actor import built

ROOT = Path(built.__file__).parents[1]


@pytest.fixture(scope="module")
def sources_of():
    return runpy.run_path(str(ROOT / "setup.py"))["sources_of"]


def test_a_native_module_is_made_of_what_its_files_name_and_of_nothing_else(sources_of, tmp_path):
    files = {
        "mine.pyx": 'cimport lava_actor.far.off\ninclude "part.pxi"',
        "mine.pxd": "from lava_actor.loops cimport b\nfrom libc.math cimport exp",
        "part.pxi": "from lava_actor.other cimport a\nfrom lava_actor.errors import LavaActorError",
        "other.pxd": 'cdef extern from "direct.h" nogil:\n    int a',
        "other.pyx": 'include "theirs.pxi"',
        "theirs.pxi": "",
        "far/off.pxd": "",
        "loops/__init__.pxd": "",
        "loops/direct.h": '#include <stdint.h>\n# include "indirect.h"',
        "loops/indirect.h": "",
        "loops/unrelated.h": "",
    }
    package = tmp_path / built.PACKAGE.name
    for name, text in files.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    found = {str(p.relative_to(package)) for p in sources_of(package / "mine.pyx", tmp_path)}
    assert found == set(files) - {"other.pyx", "theirs.pxi", "loops/unrelated.h"}


@pytest.mark.parametrize("line", ['include "nowhere.pxi"', "from lava_actor.nowhere cimport a"])
def test_a_file_that_is_named_and_not_there_stops_the_build(line, sources_of, tmp_path):
    source = tmp_path / built.PACKAGE.name / "mine.pyx"
    source.parent.mkdir()
    source.write_text(line)
    with pytest.raises(SystemExit, match=r"mine\.pyx: .*nowhere.* is not in lava_actor"):
        sources_of(source, tmp_path)


@pytest.mark.parametrize(
    "source", sorted(built.PACKAGE.rglob("*.pyx")), ids=lambda source: source.stem
)
def test_what_a_native_module_was_built_from_is_all_it_is_made_of(source, sources_of):
    module = importlib.import_module(".".join(source.relative_to(ROOT).with_suffix("").parts))
    names = module.BUILT_FROM.partition(":")[2].split(",")
    assert names == sorted(str(path.relative_to(built.PACKAGE)) for path in sources_of(source))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("lava_actor.channels._native", "channels/control.h"),
        ("lava_actor.kernels._kernels", "kernels/_kernels.pyx"),
        ("lava_actor.kernels.steps._steps", "channels/_native.pxd"),
    ],
)
def test_a_native_module_that_is_older_than_its_sources_is_not_used(module, source, monkeypatch):
    built.require(module)
    monkeypatch.setitem(built._digests, source, b"what a pull has brought")
    with pytest.raises(ImportError, match=r"built from other sources .* `make build`"):
        built.require(module)
    monkeypatch.delattr(importlib.import_module(module), "BUILT_FROM")
    with pytest.raises(ImportError, match="rebuild it with `make build`"):
        built.require(module)


def test_a_python_without_the_gil_is_refused_before_anything_is_loaded(monkeypatch):
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: name == "Py_GIL_DISABLED")
    with pytest.raises(ImportError, match="builds of CPython without the GIL"):
        runpy.run_path(built.__file__)


def test_where_no_sources_are_installed_a_native_module_is_taken_as_it_is(monkeypatch):
    monkeypatch.setattr(built, "_digests", {})
    monkeypatch.setattr(built, "PACKAGE", built.PACKAGE / "nowhere")
    built.require("lava_actor.channels._native")
