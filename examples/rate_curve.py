"""How often a neuron fires for how strong an input: a population measures what theory says.

One neuron per input, all in one Process. The rate of a leaky neuron follows from its decay and its
threshold (Gerstner et al., Neuronal Dynamics, 2014, section 5.2); a building block of one's own, a
hierarchical Process, is the neuron with the source that drives it.

    python examples/rate_curve.py [STEPS]
"""

from __future__ import annotations

import sys

import numpy as np

from lava_actor import (
    AbstractProcess,
    AbstractSubProcessModel,
    Loihi2SimCfg,
    LoihiProtocol,
    OutPort,
    implements,
)
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sources.process import RegularSource

DECAY, THRESHOLD = 0.05, 10.0


class Driven(AbstractProcess):
    """Neurons, each with a constant input of its own."""

    def __init__(self, drive: np.ndarray) -> None:
        super().__init__(drive=drive)
        self.s_out = OutPort(shape=drive.shape)


@implements(Driven, protocol=LoihiProtocol)
class DrivenModel(AbstractSubProcessModel):
    """A source that sends in every step, and the neurons."""

    def __init__(self, proc: Driven) -> None:
        drive = proc.proc_params["drive"]
        self.source = RegularSource(shape=drive.shape, period=1, amplitude=drive)
        self.cells = LIF(shape=drive.shape, du=1, dv=DECAY, vth=THRESHOLD)
        self.source.s_out.connect(self.cells.a_in)
        self.cells.s_out.connect(proc.s_out)


def expected(drive: np.ndarray) -> np.ndarray:
    """Spikes per step: v approaches drive/DECAY, and its distance shrinks by DECAY per step."""
    left = 1 - THRESHOLD * DECAY / drive
    with np.errstate(invalid="ignore", divide="ignore"):
        steps = np.ceil(np.log(left) / np.log(1 - DECAY))
    return np.where(left > 0, 1 / steps, 0.0)


def main(steps: int = 2000) -> float:
    """Measure; returns the largest difference between rates measured and expected."""
    drive = np.linspace(0.3, 3.0, 28)
    driven, monitor = Driven(drive), Monitor()
    monitor.probe(driven.s_out)
    with driven:
        driven.run(steps, Loihi2SimCfg(select_tag="floating_pt", select_sub_proc_model=True))
    rates = np.bincount(monitor.spikes(driven.s_out).indices, minlength=len(drive)) / steps
    for strength, rate in list(zip(drive, rates, strict=True))[::3]:
        print(f"input {strength:.1f}: {'#' * round(rate * 120)} {rate:.3f}")
    difference = float(np.abs(rates - expected(drive)).max())
    print(f"largest difference to theory: {difference:.4f} spikes per step")
    return difference


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
