"""A ring of neurons remembers a direction after its cue is gone.

Neurons with similar preferred directions excite one another, all others inhibit (after Zhang,
Journal of Neuroscience 16, 1996). A short cue lets a bump of activity arise, which stays where
it is.

    python examples/ring_attractor.py [STEPS]
"""

from __future__ import annotations

import sys

import numpy as np

from lava_actor import Loihi2SimCfg
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor

NEURONS, CUE_STEPS, DIRECTION = 72, 30, 2.0


def main(steps: int = 600) -> float:
    """Run; returns by how many degrees the remembered direction misses the cue."""
    angles = np.linspace(0, 2 * np.pi, NEURONS, endpoint=False)
    cue = np.zeros((NEURONS, steps))
    cue[:, :CUE_STEPS] = np.maximum(0, np.cos(angles - DIRECTION))[:, None] ** 8
    source = Source(data=cue)
    cells = LIF(shape=(NEURONS,), du=0.1, dv=0.2, vth=1.0)
    ring = Dense(weights=0.06 * np.cos(angles[:, None] - angles) - 0.01)
    source.s_out.connect(cells.a_in)
    cells.s_out.connect(ring.s_in)
    ring.a_out.connect(cells.a_in)
    monitor = Monitor()
    monitor.probe(cells.s_out)
    with cells:
        cells.run(steps, Loihi2SimCfg(select_tag="floating_pt"))
    spikes = monitor.spikes(cells.s_out)
    late = spikes.indices[spikes.steps > steps - 100]
    if not len(late):
        print("forgotten: nobody fires at the end")
        return 180.0
    remembered = np.angle(np.exp(1j * angles[late]).mean())
    missed = float(np.degrees(abs(np.angle(np.exp(1j * (remembered - DIRECTION))))))
    firing = len(set(late.tolist()))
    print(f"{steps - CUE_STEPS} steps after the cue {firing} of {NEURONS} neurons fire")
    print(f"they miss its direction by {missed:.1f} degrees")
    return missed


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
