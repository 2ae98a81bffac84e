"""STDP finds the inputs that fire together.

Sixty inputs fire equally often, twenty of them together. Pair-based STDP (Song, Miller & Abbott,
Nature Neuroscience 3, 2000) strengthens the synapses whose spikes precede those of the neuron:
after a while the neuron listens to the twenty.

    python examples/stdp_receptive_field.py [STEPS]
"""

from __future__ import annotations

import sys

import numpy as np

from lava_actor import Loihi2SimCfg
from lava_actor.proc.dense.learning_process import LearningDense
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava_actor.proc.lif.process import LIF

INPUTS, TOGETHER, RATE, SHARE = 60, 20, 0.02, 0.8


def main(steps: int = 4000) -> float:
    """Learn; returns how much stronger the synapses of the inputs that fire together became."""
    rng = np.random.default_rng(1)
    spikes = rng.random((INPUTS, steps)) < RATE * SHARE
    volleys = rng.random(steps) < RATE
    spikes[:TOGETHER] = volleys & (rng.random((TOGETHER, steps)) < SHARE)

    source = Source(data=spikes.astype(float))
    rule = STDPLoihi(
        learning_rate=1, A_plus=2**-7, A_minus=-(2**-7), tau_plus=5, tau_minus=20,
        x1_impulse=1, y1_impulse=1, t_epoch=1,
    )  # fmt: skip
    synapses = LearningDense(weights=np.full((1, INPUTS), 0.5), learning_rule=rule)
    neuron = LIF(shape=(1,), du=1, dv=0.2, vth=5)
    source.s_out.connect(synapses.s_in)
    synapses.a_out.connect(neuron.a_in)
    neuron.s_out.connect(synapses.s_in_bap)
    with neuron:
        neuron.run(steps, Loihi2SimCfg(select_tag="floating_pt"))
        weights = synapses.weights.get()[0]
    together, alone = weights[:TOGETHER].mean(), weights[TOGETHER:].mean()
    print(f"mean weight: fire together {together:.2f}, fire alone {alone:.2f}, both began at 0.50")
    return float(together - alone)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
