"""A step of every neuron of the library, relative to LIF of the same size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmarks.measure import Case, Contender, Run, expect
from benchmarks.shapes.overhead import busy
from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.proc.atrlif.process import ATRLIF
from lava_actor.proc.graded.process import GradedReluVec, GradedVec, InvSqrt, NormVecDelay
from lava_actor.proc.io.source import RingBuffer
from lava_actor.proc.lif.process import LIF, LearningLIF, LIFRefractory, LIFReset, TernaryLIF
from lava_actor.proc.prodneuron.process import ProdNeuron
from lava_actor.proc.resfire.process import RFZero
from lava_actor.proc.rf.process import RF
from lava_actor.proc.rf_iz.process import RF_IZ
from lava_actor.proc.s4d.process import S4d
from lava_actor.proc.sdn.process import ActivationMode, Delta, Sigma, SigmaDelta

STEPS = {100: 5000, 10_000: 1000}
PATTERN = 10
"""Steps after which the input repeats."""
WARM_UP = 50 * PATTERN
"""Steps in which the rings are gone through once: their memory is new, and the first touch dear."""

Shape = tuple[int, ...]
FLOATING, FIXED = "floating_pt", "fixed_pt"
BOTH = (FLOATING, FIXED)
CONSTANTS = {"period": 7, "alpha": 0.1, "decay_bits": 12}
NEURONS: dict[str, tuple[Callable[[Shape], Any], tuple[str, ...]]] = {
    "LIF": (lambda shape: LIF(shape=shape), BOTH),
    "LIFReset": (lambda shape: LIFReset(shape=shape, reset_interval=50), BOTH),
    "LIFRefractory": (
        lambda shape: LIFRefractory(shape=shape, refractory_period=3),
        BOTH,
    ),
    "TernaryLIF": (lambda shape: TernaryLIF(shape=shape, vth_lo=-1, vth_hi=1), BOTH),
    "LearningLIF": (lambda shape: LearningLIF(shape=shape), BOTH),
    "ATRLIF": (lambda shape: ATRLIF(shape=shape), BOTH),
    "RF": (lambda shape: RF(shape=shape, **CONSTANTS), BOTH),
    "RF_IZ": (
        lambda shape: RF_IZ(shape=shape, **CONSTANTS),
        BOTH,
    ),
    "RFZero": (lambda shape: RFZero(shape=shape, freqs=40, decay_tau=0.1), (FIXED,)),
    "ProdNeuron": (lambda shape: ProdNeuron(shape=shape), (FIXED,)),
    "GradedVec": (lambda shape: GradedVec(shape=shape), (FIXED,)),
    "GradedReluVec": (lambda shape: GradedReluVec(shape=shape), (FIXED,)),
    "NormVecDelay": (lambda shape: NormVecDelay(shape=shape), (FIXED,)),
    "InvSqrt": (lambda shape: InvSqrt(shape=shape), BOTH),
    "Sigma": (lambda shape: Sigma(shape=shape), BOTH),
    "Delta": (lambda shape: Delta(shape=shape, vth=1, cum_error=True), BOTH),
    "SigmaDelta": (
        lambda shape: SigmaDelta(shape=shape, vth=1, act_mode=ActivationMode.RELU),
        BOTH,
    ),
    "S4d": (lambda shape: S4d(shape=shape, a=0.9, b=0.5, c=1.0), (FLOATING,)),
}


def contender(name: str, size: int, kind: str) -> Contender:
    """Seconds of the neuron's actor; every in-port receives a few numbers in every step."""

    @contextmanager
    def opened() -> Iterator[Run]:
        yield run

    def run(steps: int) -> float:
        neuron = NEURONS[name][0]((size,))
        rng = np.random.default_rng(1)
        for port in neuron.in_ports:
            if port.name == "a_third_factor_in":
                continue  # which LearningLIF does not receive
            data = np.where(rng.random((size, PATTERN)) < 0.1, 1, 0)
            RingBuffer(data=data).s_out.connect(port)
        with neuron:
            neuron.run(RunSteps(num_steps=WARM_UP), Loihi2SimCfg(select_tag=kind))
            before = busy(neuron)
            neuron.run(RunSteps(num_steps=steps))
            expect(neuron.runtime.current_step == WARM_UP + steps, "not all steps were done")
            return busy(neuron) - before

    return Contender(name, opened, fixed=STEPS[size])


def cases(full: bool) -> Iterator[Case]:
    """Floating and fixed point, small and large populations."""
    for kind in (FLOATING, FIXED):
        for size in STEPS:
            yield Case(
                shape="neurons",
                name=f"{size} neurons, {'floating' if kind is FLOATING else 'fixed'} point",
                unit="step",
                contenders=tuple(
                    contender(name, size, kind)
                    for name, (_, kinds) in NEURONS.items()
                    if kind in kinds
                ),
            )
