"""A synfire chain makes a volley of spikes sharper from group to group.

Twenty neurons excite the next twenty, and so on (Abeles, Corticonics, 1991; Diesmann, Gewaltig &
Aertsen, Nature 402, 1999). A volley that is spread over many steps arrives within few.

    python examples/synfire_chain.py [VOLLEYS]
"""

from __future__ import annotations

import sys

import numpy as np

from lava_actor import Loihi2SimCfg
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.lif.process import LIFRefractory
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sparse.process import Sparse

GROUPS, SIZE, EVERY, SPREAD = 8, 20, 80, 4.0


def main(volleys: int = 10) -> tuple[float, float]:
    """Run; returns the spread of spikes in time, of the volleys sent and of the last group."""
    rng = np.random.default_rng(6)
    sent = np.zeros((GROUPS * SIZE, volleys * EVERY))
    for k in range(volleys):
        times = np.clip(np.rint(rng.normal(12, SPREAD, SIZE)), 0, EVERY - 1).astype(int)
        sent[np.arange(SIZE), k * EVERY + times] = 1
    source = Source(data=2.0 * sent)
    cells = LIFRefractory(shape=(GROUPS * SIZE,), du=0.5, dv=0.1, vth=1.0, refractory_period=30)
    joined = np.kron(np.eye(GROUPS, k=-1), np.full((SIZE, SIZE), 0.1))
    chain = Sparse(weights=joined * rng.uniform(0.8, 1.2, joined.shape))
    source.s_out.connect(cells.a_in)
    cells.s_out.connect(chain.s_in)
    chain.a_out.connect(cells.a_in)
    monitor = Monitor()
    monitor.probe(cells.s_out)
    with cells:
        cells.run(volleys * EVERY, Loihi2SimCfg(select_tag="floating_pt"))
    spikes = monitor.spikes(cells.s_out)

    def spread(group: int) -> float:
        mine = spikes.indices // SIZE == group
        steps, volley = spikes.steps[mine], (spikes.steps[mine] - 1) // EVERY
        found = [steps[volley == k].std() for k in range(volleys) if np.any(volley == k)]
        return float(np.mean(found)) if len(found) == volleys else float("inf")

    first, last = spread(0), spread(GROUPS - 1)
    print(f"spikes spread over {first:.1f} steps in the first group, over {last:.1f} in the last")
    return first, last


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
