"""Networks recorded on the reference compute the same here, step by step in one process.

No runtime takes part, see `tests/golden/sequential.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lava_actor.compiler.run_configs import Loihi2SimCfg
from lava_actor.errors import DeadlockError
from lava_actor.model.decorator import implements
from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.types import LavaPyType
from lava_actor.process.ports.ports import InPort, OutPort
from lava_actor.process.process import AbstractProcess

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
    assert len(CASES) == 154


class Relay(AbstractProcess):
    """Passes on what it receives, after it has received it."""

    def __init__(self) -> None:
        super().__init__()
        self.inp = InPort((1,))
        self.out = OutPort((1,))


@implements(proc=Relay, protocol=LoihiProtocol)
class PyRelay(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, int)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, int)

    def run_spk(self) -> None:
        self.out.send(self.inp.recv())


def test_models_that_wait_for_each_other_are_reported() -> None:
    first, second = Relay(), Relay()
    first.out.connect(second.inp)
    second.out.connect(first.inp)
    network = SequentialNetwork([first], Loihi2SimCfg())
    with pytest.raises(DeadlockError, match=rf"{first.name}.out->{second.name}.inp"):
        network.step()
