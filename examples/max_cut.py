"""A maximum cut of a graph, searched by noisy neurons: a QUBO.

Vertices are divided in two parts so that as many edges as can be run between them. A neuron per
vertex says by firing that its vertex is in one part; neighbours inhibit each other. Noise lets the
network try; what was best is kept (Boltzmann sampling by spikes: Buesing, Bill, Nessler & Maass,
PLoS Computational Biology 7, 2011).

    python examples/max_cut.py [SEED]
"""

from __future__ import annotations

import itertools
import sys

import numpy as np

from lava_actor import Loihi2SimCfg
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sources.process import PoissonSource

VERTICES, WINDOW, STEPS = 12, 10, 6000


def cut(edges: np.ndarray, part: np.ndarray) -> int:
    """How many edges run between the parts."""
    return int(edges[np.ix_(part, ~part)].sum())


def main(seed: int = 1) -> tuple[int, int]:
    """Search; returns the best cut that was found, and the best there is."""
    rng = np.random.default_rng(seed)
    edges = np.triu(rng.random((VERTICES, VERTICES)) < 0.4, 1)
    edges = edges | edges.T
    noise = PoissonSource(shape=(VERTICES,), rate=0.5, amplitude=1.0, seed=seed)
    cells = LIF(shape=(VERTICES,), du=1, dv=0.02, vth=8, bias_mant=0.2 * edges.sum(axis=1))
    inhibition = Dense(weights=-4.0 * edges)
    noise.s_out.connect(cells.a_in)
    cells.s_out.connect(inhibition.s_in)
    inhibition.a_out.connect(cells.a_in)
    monitor = Monitor()
    monitor.probe(cells.s_out)
    with cells:
        cells.run(STEPS, Loihi2SimCfg(select_tag="floating_pt"))
    spikes = monitor.spikes(cells.s_out)
    tried = np.zeros((STEPS // WINDOW, VERTICES), bool)
    tried[(spikes.steps - 1) // WINDOW, spikes.indices] = True
    found = max(cut(edges, part) for part in tried)
    parts = np.array(list(itertools.product([False, True], repeat=VERTICES - 1)))
    best = max(cut(edges, np.append(part, False)) for part in parts)
    print(f"{edges.sum() // 2} edges: {found} are cut by what the network found, {best} at most")
    return found, best


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
