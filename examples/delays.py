"""Delays turn patterns in time into coincidences.

Six inputs fire in an order of their own. Two neurons hear all of them, each with delays that let
the spikes of one pattern arrive together (polychronous groups, Izhikevich, Neural Computation 18,
2006). Each neuron fires for its own pattern only, though all spikes of both are the same but for
time.

    python examples/delays.py [PATTERNS]
"""

from __future__ import annotations

import sys

import numpy as np

from lava_actor import Loihi2SimCfg
from lava_actor.proc.dense.process import DelayDense
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sources.process import SpikeTimes

INPUTS, EVERY = 6, 40


def main(patterns: int = 30) -> float:
    """Play patterns; returns the share that was answered by the right neuron alone."""
    rng = np.random.default_rng(4)
    forward = np.array([0, 3, 7, 8, 12, 15])
    shapes = np.stack([forward, forward[::-1]])  # steps at which the inputs fire
    played = rng.integers(0, 2, patterns)
    times = [[1 + k * EVERY + shapes[p][i] for k, p in enumerate(played)] for i in range(INPUTS)]
    source = SpikeTimes(times=times)
    synapses = DelayDense(weights=np.ones((2, INPUTS)), delays=shapes.max() - shapes)
    neurons = LIF(shape=(2,), du=1, dv=0.5, vth=INPUTS - 1.5)
    source.s_out.connect(synapses.s_in)
    synapses.a_out.connect(neurons.a_in)
    monitor = Monitor()
    monitor.probe(neurons.s_out)
    with neurons:
        neurons.run(patterns * EVERY, Loihi2SimCfg(select_tag="floating_pt"))
    spikes = monitor.spikes(neurons.s_out)
    answers = np.zeros((patterns, 2))
    np.add.at(answers, ((spikes.steps - 1) // EVERY, spikes.indices), 1)
    right = float((answers == np.eye(2)[played]).all(axis=1).mean())
    print(f"{patterns} patterns: {right:.0%} answered by the right neuron, once")
    return right


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
