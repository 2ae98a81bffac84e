"""Every public name says what it is for."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lava_actor
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.lif.models import PyLifModelFloat
from lava_actor.proc.lif.process import LIF

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


ROOT = Path(lava_actor.__file__).parent
EXAMPLES = sorted(
    ".".join(file.relative_to(ROOT.parent).with_suffix("").parts)
    for file in ROOT.rglob("*.py")
    if ">>>" in file.read_text("utf-8")
)


class Lenient(doctest.OutputChecker):
    """Where an example shows no answer, any will do."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return not want or super().check_output(want, got, optionflags)


def scene() -> dict[str, Any]:
    """What examples take for granted: networks, and what is in the files."""
    here: dict[str, Any] = {name: getattr(lava_actor, name) for name in lava_actor.__all__}
    return here | {
        "np": np,
        "LIF": LIF,
        "PyLifModelFloat": PyLifModelFloat,
        "run_cfg": lava_actor.Loihi2SimCfg(select_tag="floating_pt"),
        "network": LIF(shape=(3,), bias_mant=1),
        "neurons": LIF(shape=(50,), bias_mant=1),
        "source": Source(data=np.eye(2, dtype=int)),
        "sink": Sink(shape=(1,), buffer=5),
    }


def write_files() -> None:
    h5py = pytest.importorskip("h5py")
    from lava_actor.exchange import write_nir

    synapses, cells = Dense(weights=[[1.0, 2.0]]), LIF(shape=(1,), du=0.5, dv=0.1)
    source, sink = Source(data=np.eye(2), name="input"), Sink(shape=(1,), buffer=1, name="output")
    source.s_out.connect(synapses.s_in)
    synapses.a_out.connect(cells.a_in)
    cells.s_out.connect(sink.a_in)
    write_nir("trained.nir", cells, dt=1e-3)
    with h5py.File("trained.net", "w") as file:
        file["layer/0/type"], file["layer/0/shape"] = "input", [2]
        file["layer/1/type"], file["layer/1/shape"] = "dense", [1]
        file["layer/1/weight"] = np.array([[60, 40]])
        for name, value in {"iDecay": 4096, "vDecay": 0, "vThMant": 100}.items():
            file[f"layer/1/neuron/{name}"] = value


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_of_docstrings_run_and_give_what_they_show(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if name.startswith("lava_actor.exchange"):
        write_files()
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(Lenient(), optionflags=doctest.NORMALIZE_WHITESPACE)
    try:
        for example in doctest.DocTestFinder().find(module, name):
            runner.run(doctest.DocTest(
                example.examples, vars(module) | scene(), example.name, None, None, None
            ))  # fmt: skip
    finally:
        lava_actor.stop_all()
    assert runner.summarize(verbose=False).failed == 0
    assert runner.tries > 0
