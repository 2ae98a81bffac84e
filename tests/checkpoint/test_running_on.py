"""Saved, loaded and run on is the same as never stopped: bit for bit, in another interpreter."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lava_actor
from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.proc.lif.process import LIF
from lava_actor.process.process import AbstractProcess

from . import networks

ROOT = Path(__file__).parent.parent.parent
PROGRAM = f"from {networks.__name__} import main; main()"
CASES = [pytest.param(build, None, id=build.__name__) for build in networks.OWN]
CASES += [pytest.param(build, tag, id=build.__name__) for build, tag in networks.LIBRARY.items()]


def configured(tag: str | None, build: Any) -> Loihi2SimCfg:
    return Loihi2SimCfg(select_tag=tag, select_sub_proc_model=build is networks.hierarchy)


def run_elsewhere(file: Path, steps: int, *options: str) -> dict[str, Any]:
    """Load a file in a fresh interpreter and run on."""
    output = file.with_suffix(".out")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(file), str(steps), str(output), *options],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = pickle.loads(output.read_bytes())
    return found


@pytest.mark.parametrize(("build", "tag"), CASES)
def test_a_paused_network_goes_on_elsewhere(build: Any, tag: str | None, tmp_path: Path) -> None:
    process: AbstractProcess = build()
    file = tmp_path / "paused"
    process.run(RunSteps(num_steps=9), run_cfg=configured(tag, build))
    try:
        process.save(file)
        at_nine = networks.contents(process)
        process.run(RunSteps(num_steps=14))
        expected = networks.contents(process)
        process.load(file)
        assert networks.contents(process) == at_nine
        process.run(RunSteps(num_steps=14))
        assert networks.contents(process) == expected
    finally:
        process.stop()
    assert run_elsewhere(file, 14) == expected


def test_a_loaded_network_may_be_compiled_otherwise(tmp_path: Path) -> None:
    lif = LIF(shape=(6,), bias_mant=0.5, vth=100)
    with lif:
        lif.run(4, Loihi2SimCfg(select_tag="floating_pt"))
        lif.save(tmp_path / "file.lava")
        lif.run(3)
        expected = lif.v.get().tolist()
    loaded = lava_actor.load(tmp_path / "file.lava")
    with loaded:
        loaded.run(1, compile_config={"placement": {loaded.name: 3}})
        assert len(loaded.runtime.executable.actors) == 3
        loaded.run(2)
        assert loaded.v.get().tolist() == expected
