"""Build synapses that learn by pairs of spikes in Brian2's C++ standalone mode.

    python brian_plastic.py ARRAYS.npz FOLDER THREADS STEPS

Imports nothing of ours. Traces and weights are updated where there are spikes, which is the fastest
form: ``i, j, w`` are the synapses by sender; ``before_i, before_t, behind_i, behind_t`` the
spikes, which come again after ``cycle`` steps.
"""

from __future__ import annotations

import sys

import brian2 as b2
import numpy as np

TAU = 8
RATE = 0.5


def main(source: str, folder: str, threads: int, steps: int) -> None:
    """Describe and compile."""
    data = np.load(source)
    b2.set_device("cpp_standalone", directory=folder, build_on_run=False)
    b2.prefs.devices.cpp_standalone.openmp_threads = threads
    b2.defaultclock.dt = 1 * b2.ms
    n, cycle = int(data["n"]), int(data["cycle"]) * b2.ms
    before = b2.SpikeGeneratorGroup(
        n, data["before_i"], data["before_t"] * b2.ms, period=cycle
    )
    fires = np.zeros((int(data["cycle"]), n))
    fires[data["behind_t"], data["behind_i"]] = 1
    namespace = {"fires": b2.TimedArray(fires, dt=1 * b2.ms), "cycle": cycle}
    behind = b2.NeuronGroup(n, "a : 1", threshold="fires(t % cycle, i) > 0", namespace=namespace)
    cleared = behind.run_regularly("a = 0", when="groups")
    synapses = b2.Synapses(
        before,
        behind,
        f"""
        w : 1
        dx1/dt = -x1 / ({TAU}*ms) : 1 (event-driven)
        dy1/dt = -y1 / ({TAU}*ms) : 1 (event-driven)
        """,
        on_pre=f"a_post += w\nx1 += 1\nw -= {RATE} * y1",
        on_post=f"y1 += 1\nw += {RATE} * x1",
        name="synapses",
    )
    synapses.connect(i=data["i"], j=data["j"])
    synapses.w = data["w"]
    network = b2.Network(before, behind, cleared, synapses)
    network.run(steps * b2.ms)
    b2.device.build(directory=folder, compile=True, run=False, with_output=False)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
