"""Functions that know their name but not their module (ufuncs) in models of the program itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import scipy.special

from lava_actor.runtime.start import pickling

PROGRAM = """
import numpy as np
from lava_actor import (
    CPU,
    AbstractProcess,
    LavaPyType,
    Loihi2SimCfg,
    LoihiProtocol,
    PyLoihiProcessModel,
    RunSteps,
    Var,
    implements,
    requires,
)
from scipy.special import expit


class Rate(AbstractProcess):
    def __init__(self, function):
        super().__init__(function=function)
        self.rate = Var(shape=(2,), init=np.array([-1.0, 1.0]))


@implements(proc=Rate, protocol=LoihiProtocol)
@requires(CPU)
class PyRate(PyLoihiProcessModel):
    rate: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self):
        self.rate = self.proc_params["function"](expit(self.rate))


if __name__ == "__main__":
    rate = Rate(np.negative)
    rate.run(condition=RunSteps(num_steps=2), run_cfg=Loihi2SimCfg())
    got = rate.rate.get()
    rate.stop()
    expected = -expit(-expit(np.array([-1.0, 1.0])))
    assert np.array_equal(got, expected), got
"""


def test_a_program_sends_a_ufunc_that_it_imported_by_name(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_ufunc_is_sent_by_a_module_that_can_be_imported() -> None:
    for ufunc in (np.negative, scipy.special.expit):
        module = pickling._importable_home(ufunc, ufunc.__name__)
        assert module.__name__.partition(".")[0] in ("numpy", "scipy")
    assert pickling._importable_home([].append, "append") is None
