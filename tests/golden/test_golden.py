"""Networks recorded on the reference compute the same here, run by the runtime.

`test_sequential.py` runs the same networks step by step without a runtime: a case that fails here
and passes there points at the runtime, a case that fails in both at a model.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lava_actor.runtime.run_conditions import RunSteps

from . import rebuild

CASES = sorted(rebuild.DATA.glob("*.npz"))
pytestmark = pytest.mark.filterwarnings("ignore:.*are clipped:lava_actor.errors.LavaActorWarning")
UNTOUCHED = [path for path in CASES if not rebuild.Case.load(path).meta["events"]]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_runtime_computes_what_was_recorded(path: Path) -> None:
    """The network in the file, run and read in single steps, computes what was recorded."""
    case = rebuild.Case.load(path)
    rebuilt = rebuild.build(case)
    recorder = rebuild.Recorder(rebuilt)
    main, run_config = rebuilt.main, rebuilt.run_config()
    try:
        for step in range(1, case.num_steps + 1):
            main.run(condition=RunSteps(1), run_cfg=run_config)
            recorder.after_step()
            for event in case.events_after(step):
                var = getattr(rebuilt.processes[event["process"]], event["var"])
                var.set(rebuilt.value(event["value"]))
        got = recorder.after_run() | rebuild.read_monitors(rebuilt)
    finally:
        main.stop()
    rebuild.compare(case, got)


@pytest.mark.parametrize("path", UNTOUCHED, ids=lambda path: path.stem)
def test_one_long_run_ends_where_it_was_recorded_to_end(path: Path) -> None:
    """Run at once, with actors running ahead of each other, the network ends in the same state."""
    case = rebuild.Case.load(path)
    rebuilt = rebuild.build(case)
    recorder = rebuild.Recorder(rebuilt)
    main = rebuilt.main
    try:
        main.run(condition=RunSteps(case.num_steps), run_cfg=rebuilt.run_config())
        recorder.after_step()
        got = recorder.after_run() | rebuild.read_monitors(rebuilt)
    finally:
        main.stop()
    rebuild.compare(case, got, last_step_only=True)
