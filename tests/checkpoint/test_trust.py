"""What a file holds only if it was asked for, and gives back only to who trusts it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import lava_actor
from lava_actor import RunSteps
from lava_actor.errors import CheckpointError
from tests.checkpoint.test_stages import outcome

from . import networks
from .test_running_on import ROOT, configured, run_elsewhere

# -- what needs trust -----------------------------------------------------------------------------


class Thing:
    """Nothing that can be expressed without pickle."""


def test_other_parameters_need_trust_on_both_sides(tmp_path: Path) -> None:
    process = networks.Ramp(shape=(2,), gain=4, thing=Thing(), function=lambda: 3)
    file = tmp_path / "x"
    with pytest.raises(CheckpointError, match=r"proc_params\['thing'\].*trusted=True"):
        process.save(file)
    assert not file.exists()
    process.run(RunSteps(num_steps=2), run_cfg=configured(None, None))
    with pytest.raises(CheckpointError, match="trusted=True"):
        process.save(file)
    process.save(file, trusted=True)
    expected = outcome(process, 2)
    with pytest.raises(CheckpointError, match="trusted=True"):
        lava_actor.load(file)
    with pytest.raises(CheckpointError, match="trusted=True"):
        networks.Ramp(shape=(2,)).load(file)
    loaded = lava_actor.load(file, trusted=True)
    assert loaded.proc_params["function"]() == 3
    assert outcome(loaded, 2) == expected
    assert run_elsewhere(file, 2, "trusted") == expected


def test_a_trusted_save_that_needs_no_pickle_needs_no_trust(tmp_path: Path) -> None:
    networks.in_flight().save(tmp_path / "x", trusted=True)
    assert lava_actor.load(tmp_path / "x").name


SCRIPT = """
    import sys
    import numpy as np
    import lava_actor
    from lava_actor import *
    class Counter(AbstractProcess):
        def __init__(self, **kw):
            super().__init__(**kw)
            self.count = Var(shape=(1,), init=0)
    @implements(proc=Counter, protocol=LoihiProtocol)
    class PyCounter(PyLoihiProcessModel):
        count: np.ndarray = LavaPyType(np.ndarray, int)
        def run_spk(self):
            self.count += self.time_step
    if __name__ == "__main__":
        file, how = sys.argv[1:]
        if how == "save":
            counter = Counter()
            counter.run(RunSteps(num_steps=3), run_cfg=Loihi1SimCfg())
            try:
                counter.save(file)
            except lava_actor.errors.CheckpointError as error:
                assert "Counter" in str(error) and "trusted=True" in str(error), error
            else:
                raise AssertionError
            counter.save(file, trusted=True)
        elif how == "into":
            counter = Counter()
            counter.load(file, trusted=True)
        else:
            counter = lava_actor.load(file, trusted=True)
            assert type(counter) is Counter
        if how != "save":
            counter.run(RunSteps(num_steps=2))
            assert counter.count.get() == 15, counter.count.get()
        counter.stop()
"""

OTHER_SCRIPT = """
    import sys
    import lava_actor
    counter = lava_actor.load(sys.argv[1], trusted=True)
    counter.run(lava_actor.RunSteps(num_steps=2))
    assert counter.count.get() == 15, counter.count.get()
    counter.stop()
"""


def run_script(folder: Path, source: str, *arguments: str) -> None:
    script = folder / f"script{len(source)}.py"
    script.write_text(textwrap.dedent(source))
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_classes_of_a_script(tmp_path: Path) -> None:
    """They travel in the file; a script that has them uses its own."""
    file = str(tmp_path / "x")
    run_script(tmp_path, SCRIPT, file, "save")
    run_script(tmp_path, SCRIPT, file, "load")
    run_script(tmp_path, SCRIPT, file, "into")
    run_script(tmp_path, OTHER_SCRIPT, file)


class Picky(networks.Ramp):
    """Its model holds something that cannot be written."""


class PyPicky(networks.PyRamp):
    implements_process = Picky

    def on_start(self) -> None:
        self.lines = (line for line in "abc")


def test_a_model_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    process = Picky(shape=(1,), name="picky")
    process.run(RunSteps(num_steps=2), run_cfg=configured(None, None))
    try:
        with pytest.raises(CheckpointError, match=r"picky: model\.lines"):
            process.save(tmp_path / "x")
        with pytest.raises(CheckpointError, match=r"picky: model\.lines: cannot be pickled"):
            process.save(tmp_path / "x", trusted=True)
        process.run(RunSteps(num_steps=1))
    finally:
        process.stop()
    assert list(tmp_path.iterdir()) == []


class Lister(networks.Ramp):
    """Its model lists its state, and holds something that cannot be written."""


class PyLister(networks.PyRamp):
    implements_process = Lister
    checkpoint_state = ("count",)

    def on_start(self) -> None:
        self.lines = (line for line in "abc")
        self.count, self.other = 1, 1

    def run_spk(self) -> None:
        self.count += 1
        self.other += 1
        self.level += self.count + 100 * self.other


def test_a_model_that_lists_its_state_has_the_rest_made_anew(tmp_path: Path) -> None:
    process: Any = Lister(shape=(1,), name="lister")
    with process:
        process.run(RunSteps(num_steps=2), run_cfg=configured(None, None))
        assert process.level.get() == 2 + 3 + 100 * (2 + 3)
        process.save(tmp_path / "x")
    loaded: Any = lava_actor.load(tmp_path / "x")
    with loaded:
        loaded.run(RunSteps(num_steps=1))
        assert loaded.level.get() == 505 + 4 + 100 * 2


class Holder(networks.Ramp):
    """Holds other Processes, their members, and itself."""


class PyHolder(networks.PyRamp):
    implements_process = Holder


def test_references_to_processes_and_members(tmp_path: Path) -> None:
    other = networks.Tally(shape=(3,))
    process: Any = Holder(shape=(2,), target=other, var=[other.total])
    process.me, process.ports, process.all = process, [other.inp, process.out], process.vars
    process.save(tmp_path / "x")
    loaded: Any = lava_actor.load(tmp_path / "x")
    found = loaded.proc_params["target"]
    assert isinstance(found, networks.Tally)
    assert loaded.proc_params["var"][0] is found.total
    assert loaded.me is loaded
    assert loaded.ports == [found.inp, loaded.out]
    assert loaded.all is loaded.vars
    process.run(RunSteps(num_steps=2), run_cfg=configured(None, None))
    process.save(tmp_path / "x")
    expected = outcome(process, 2)
    assert outcome(lava_actor.load(tmp_path / "x"), 2) == expected
    again: Any = Holder(shape=(2,))
    again.load(tmp_path / "x")
    assert isinstance(again.proc_params["target"], networks.Tally)
    assert outcome(again, 2) == expected
