"""A central pattern generator: three neurons take turns, without any rhythm in their input.

All get the same constant drive. Each inhibits the next one in the ring, slowly; an odd ring
cannot come to rest, so bursts travel around (as in a ring oscillator).

    python examples/pattern_generator.py [STEPS]
"""

from __future__ import annotations

import sys

import numpy as np

from lava_actor import Loihi2SimCfg
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor

WINDOW = 20


def main(steps: int = 4000) -> float:
    """Run; returns the share of bursts that are followed by the right neuron's."""
    neurons = LIF(shape=(3,), du=0.01, dv=0.1, vth=10, bias_mant=3.0, v=[0.0, 3.0, 6.0])
    ring = Dense(weights=-0.4 * np.roll(np.eye(3), 1, axis=0))  # k inhibits k + 1
    neurons.s_out.connect(ring.s_in)
    ring.a_out.connect(neurons.a_in)
    monitor = Monitor()
    monitor.probe(neurons.s_out)
    with neurons:
        neurons.run(steps, Loihi2SimCfg(select_tag="floating_pt"))
    spikes = monitor.spikes(neurons.s_out)
    rates = np.zeros((steps // WINDOW, 3))
    np.add.at(rates, (np.minimum((spikes.steps - 1) // WINDOW, len(rates) - 1), spikes.indices), 1)
    leaders = rates[len(rates) // 4 :].argmax(axis=1)
    turns = leaders[np.flatnonzero(np.diff(leaders)) + 1]
    moves = np.diff(turns) % 3
    usual = np.bincount(moves, minlength=3).argmax()
    regular = float((moves == usual).mean()) if len(moves) else 0.0
    length = len(leaders) * WINDOW / max(1, len(turns)) * 3
    print(f"{len(turns)} bursts, a round takes {length:.0f} steps, {regular:.0%} in order")
    return regular if len(turns) > 5 else 0.0


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
