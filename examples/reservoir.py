"""A reservoir of spiking neurons remembers its input for a while.

A random recurrent network (Maass, Natschlaeger & Markram, Neural Computation 14, 2002) gets a
random bit every ten steps. A linear readout of the spikes of the last bit's time tells the bit
before. Weights of the readout come from the first half of the run; the second half is the test.

    python examples/reservoir.py [BITS]
"""

from __future__ import annotations

import sys

import numpy as np

from lava_actor import Loihi2SimCfg
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor

NEURONS, STEPS_PER_BIT = 150, 10


def main(bits: int = 400) -> float:
    """Run, read out; returns the share of right answers about the bit before the present one."""
    rng = np.random.default_rng(7)
    signal = rng.integers(0, 2, bits)
    lines = np.repeat(np.stack([signal, 1 - signal]), STEPS_PER_BIT, axis=1).astype(float)
    source = Source(data=lines)
    inputs = Dense(weights=rng.normal(0, 1.2, (NEURONS, 2)))
    neurons = LIF(shape=(NEURONS,), du=0.2, dv=0.1, vth=8, bias_mant=rng.uniform(0.3, 0.9, NEURONS))
    near = rng.random((NEURONS, NEURONS)) < 0.1
    recurrent = Dense(weights=np.where(near, rng.normal(0, 0.8, near.shape), 0))
    source.s_out.connect(inputs.s_in)
    inputs.a_out.connect(neurons.a_in)
    neurons.s_out.connect(recurrent.s_in)
    recurrent.a_out.connect(neurons.a_in)
    monitor = Monitor()
    monitor.probe(neurons.s_out)
    with neurons:
        neurons.run(bits * STEPS_PER_BIT, Loihi2SimCfg(select_tag="floating_pt"))
    spikes = monitor.spikes(neurons.s_out)
    halves = np.zeros((2 * bits, NEURONS))  # spikes of each half of a bit's time
    np.add.at(halves, ((spikes.steps - 1) // (STEPS_PER_BIT // 2), spikes.indices), 1)
    states = np.hstack([halves.reshape(bits, -1), np.ones((bits, 1))])[1:]
    before = 2.0 * signal[:-1] - 1
    half = len(states) // 2
    seen = states[:half]
    readout = np.linalg.solve(seen.T @ seen + 5 * np.eye(seen.shape[1]), seen.T @ before[:half])
    right = float(((states[half:] @ readout > 0) == (before[half:] > 0)).mean())
    print(f"the bit before the present one, read from the spikes: {right:.1%} right (chance 50%)")
    return right


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
