"""STDP learns a sequence; its first element then calls up the rest.

Groups of neurons are made to fire one after the other, again and again. All-to-all synapses with
STDP become strong from each group to the next (Blum & Abbott, Neural Computation 8, 1996). With
these weights the first group alone lets all others follow in order.

    python examples/sequence_learning.py [REPETITIONS]
"""

from __future__ import annotations

import sys

import numpy as np

from lava_actor import Loihi2SimCfg
from lava_actor.proc.dense.learning_process import LearningDense
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor

ELEMENTS, SIZE, APART, PAUSE = 5, 4, 3, 30
NEURONS = ELEMENTS * SIZE
CONFIG = Loihi2SimCfg(select_tag="floating_pt")


def learned(repetitions: int) -> np.ndarray:
    """Weights after the sequence was shown so often."""
    period = ELEMENTS * APART + PAUSE
    shown = np.zeros((NEURONS, repetitions * period))
    for element in range(ELEMENTS):
        shown[element * SIZE : (element + 1) * SIZE, element * APART :: period] = 10
    source, cells = Source(data=shown), LIF(shape=(NEURONS,), du=1, dv=1, vth=5)
    rule = STDPLoihi(
        learning_rate=1, A_plus=2**-4, A_minus=-(2**-4), tau_plus=3, tau_minus=3,
        x1_impulse=1, y1_impulse=1, t_epoch=1,
    )  # fmt: skip
    synapses = LearningDense(weights=np.zeros((NEURONS, NEURONS)), learning_rule=rule)
    source.s_out.connect(cells.a_in)
    cells.s_out.connect([synapses.s_in, synapses.s_in_bap])
    with cells:
        cells.run(shown.shape[1], CONFIG)
        return synapses.weights.get()


def main(repetitions: int = 20) -> list[int]:
    """Learn and recall; returns the elements in the order in which they fired."""
    weights = np.maximum(learned(repetitions), 0)
    cue = np.zeros((NEURONS, 40))
    cue[:SIZE, 0] = 10
    cells = LIF(shape=(NEURONS,), du=1, dv=1, vth=0.8 * weights.max() * SIZE)
    source = Source(data=cue)
    synapses = Dense(weights=weights)
    source.s_out.connect(cells.a_in)
    cells.s_out.connect(synapses.s_in)
    synapses.a_out.connect(cells.a_in)
    monitor = Monitor()
    monitor.probe(cells.s_out)
    with cells:
        cells.run(40, CONFIG)
    spikes = monitor.spikes(cells.s_out)
    in_time = spikes.indices[np.argsort(spikes.steps, kind="stable")]
    order = list(dict.fromkeys((in_time // SIZE).tolist()))
    print(f"after {repetitions} repetitions the first of {ELEMENTS} elements calls up: {order}")
    return order


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
