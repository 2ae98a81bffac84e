"""Winner take all: of neurons that inhibit each other, that with the strongest input fires.

Inputs of eight neurons differ by a few percent only, and are noisy. One connection carries the
inhibition of all.

    python examples/winner_take_all.py [STEPS]
"""

from __future__ import annotations

import sys

import numpy as np

from lava_actor import Loihi2SimCfg
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sources.process import PoissonSource

NEURONS = 8


def main(steps: int = 1000) -> float:
    """Run; returns the winner's share of all spikes."""
    rng = np.random.default_rng(3)
    rates = 40 + 1.5 * rng.permutation(NEURONS)
    source = PoissonSource(shape=(NEURONS,), rate=rates, amplitude=0.02, seed=5)
    neurons = LIF(shape=(NEURONS,), du=1, dv=0.02, vth=15)
    inhibition = Dense(weights=-17.0 * (1 - np.eye(NEURONS)))
    source.s_out.connect(neurons.a_in)
    neurons.s_out.connect(inhibition.s_in)
    inhibition.a_out.connect(neurons.a_in)
    monitor = Monitor()
    monitor.probe(neurons.s_out)
    with neurons:
        neurons.run(steps, Loihi2SimCfg(select_tag="floating_pt"))
    counts = np.bincount(monitor.spikes(neurons.s_out).indices, minlength=NEURONS)
    share = counts[rates.argmax()] / counts.sum()
    print(f"spikes {counts.tolist()}; neuron {rates.argmax()} has the strongest input: {share:.0%}")
    return float(share)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
