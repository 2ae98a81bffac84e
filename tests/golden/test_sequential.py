"""Networks recorded on the reference compute the same here, step by step in one process.

No runtime takes part, see `tests/golden/sequential.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from . import rebuild
from .sequential import SequentialNetwork

CASES = sorted(rebuild.DATA.glob("*.npz"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_models_compute_what_was_recorded(path: Path) -> None:
    """The network in the file, run step by step, computes what was recorded."""
    case = rebuild.Case.load(path)
    rebuilt = rebuild.build(case)
    recorder = rebuild.Recorder(rebuilt)
    network = SequentialNetwork([rebuilt.main], rebuilt.run_config())
    for step in range(1, case.num_steps + 1):
        network.step()
        recorder.after_step()
        for event in case.events_after(step):
            var = getattr(rebuilt.processes[event["process"]], event["var"])
            var.set(rebuilt.value(event["value"]))
    rebuild.compare(case, recorder.after_run() | rebuild.read_monitors(rebuilt))


def test_all_recordings_are_here() -> None:
    assert len(CASES) == 150
