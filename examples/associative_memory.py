"""Spiking neurons complete patterns of which they are shown a part.

Binary synapses join neurons that are active in the same pattern (Willshaw, Buneman &
Longuet-Higgins, Nature 222, 1969). Half of a pattern makes the rest of it fire, a step later.

    python examples/associative_memory.py [PATTERNS]
"""

from __future__ import annotations

import sys

import numpy as np

from lava_actor import Loihi2SimCfg
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sparse.process import Sparse

NEURONS, ACTIVE, SHOWN = 400, 12, 6


def main(patterns: int = 100) -> float:
    """Store and recall; returns the share of patterns that were completed without a mistake."""
    rng = np.random.default_rng(5)
    stored = np.zeros((patterns, NEURONS), bool)
    cues = np.zeros((NEURONS, patterns))
    for k in range(patterns):
        members = rng.choice(NEURONS, ACTIVE, replace=False)
        stored[k, members] = True
        cues[members[:SHOWN], k] = 1
    source = Source(data=cues)
    synapses = Sparse(weights=(stored.T.astype(int) @ stored > 0).astype(float))
    cells = LIF(shape=(NEURONS,), du=1, dv=1, vth=SHOWN - 0.5)
    source.s_out.connect(synapses.s_in)
    synapses.a_out.connect(cells.a_in)
    monitor = Monitor()
    monitor.probe(cells.s_out)
    with cells:
        cells.run(patterns + 1, Loihi2SimCfg(select_tag="floating_pt"))
    recalled = np.zeros_like(stored)
    spikes = monitor.spikes(cells.s_out)
    recalled[spikes.steps - 2, spikes.indices] = True
    right = float((recalled == stored).all(axis=1).mean())
    print(
        f"{patterns} patterns, {SHOWN} of {ACTIVE} neurons shown: {right:.0%} complete, no mistake"
    )
    return right


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
