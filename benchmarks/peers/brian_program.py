"""Build the balanced network in Brian2's C++ standalone mode. Imports nothing of ours.

    python brian_program.py NETWORK.npz FOLDER THREADS STEPS

Runs in an interpreter of its own, since Brian2 builds one network per interpreter and may want
another NumPy. The program in FOLDER can then be run as often as one likes.
"""

from __future__ import annotations

import sys

import brian2 as b2
import numpy as np


def main(source: str, folder: str, threads: int, steps: int) -> None:
    """Describe and compile. Synapses of one population share their weight: the fastest form."""
    data = np.load(source)
    b2.set_device("cpp_standalone", directory=folder, build_on_run=False)
    b2.prefs.devices.cpp_standalone.openmp_threads = threads
    b2.defaultclock.dt = 1 * b2.ms
    constants = {"keep": float(data["keep"]), "threshold_v": float(data["threshold"])}
    parts = []
    groups = []
    for number in range(2):
        size = data[f"v{number}"].size
        group = b2.NeuronGroup(
            size,
            "v : 1\nu : 1\nbias : 1 (constant)",
            threshold="v > threshold_v",
            reset="v = 0",
            namespace=constants,
        )
        group.v = data[f"v{number}"]
        group.bias = data[f"bias{number}"]
        parts.append(group.run_regularly("v = v*keep + u + bias\nu = 0", when="groups"))
        parts.append(b2.SpikeMonitor(group, record=False, name=f"count{number}"))
        groups.append(group)
    for pre in range(2):
        for post in range(2):
            synapses = b2.Synapses(
                groups[pre],
                groups[post],
                on_pre="u_post += weight",
                namespace={"weight": float(data[f"weight{pre}"])},
            )
            rows, columns = data[f"rows{pre}{post}"], data[f"columns{pre}{post}"]
            order = np.lexsort((rows, columns))  # by sender, as Brian2 itself would make them
            synapses.connect(i=columns[order], j=rows[order])
            parts.append(synapses)
    network = b2.Network(*groups, *parts)
    network.run(steps * b2.ms)
    b2.device.build(directory=folder, compile=True, run=False, with_output=False)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
