"""The cortical microcircuit in NEST. Imports nothing of ours.

    python nest_program.py NETWORK.npz THREADS

Runs in an interpreter of its own, since NEST may want another NumPy. Once the network is built it
reads numbers of steps, and answers with seconds; at the end it says the rates of the populations,
after a warm-up.
"""

from __future__ import annotations

import sys
from time import perf_counter
from typing import Any

import nest
import numpy as np

BEFORE = 10
"""Steps before the first number comes."""


def build(data: Any, threads: int) -> list[Any]:
    """Describe the network; returns the recorder of each population."""
    step = float(data["step"])
    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.SetKernelStatus({"resolution": step, "local_num_threads": threads, "print_time": False})
    nest.SetKernelStatus({"rng_seed": int(data["seed"])})
    populations, recorders = [], []
    for size, current, rate in zip(data["sizes"], data["current"], data["drive"], strict=True):
        mean, deviation = data["start"]
        cells = nest.Create(
            "iaf_psc_exp",
            int(size),
            params={
                "C_m": float(data["capacity"]),
                "tau_m": float(data["tau_m"]),
                "tau_syn_ex": float(data["tau_syn"]),
                "tau_syn_in": float(data["tau_syn"]),
                "t_ref": float(data["refractory"]),
                "E_L": float(data["rest"]),
                "V_reset": float(data["rest"]),
                "V_th": float(data["threshold"]),
                "I_e": float(current),
                "V_m": nest.random.normal(float(mean), float(deviation)),
            },
        )
        drive = nest.Create("poisson_generator", params={"rate": float(rate)})
        nest.Connect(drive, cells, syn_spec={"weight": float(data["external"]), "delay": step})
        recorder = nest.Create("spike_recorder", params={"start": float(data["warm_up"]) * step})
        nest.Connect(cells, recorder)
        populations.append(cells)
        recorders.append(recorder)
    for (target, source), number in np.ndenumerate(data["numbers"]):
        if not number:
            continue
        mean = float(data["weights"][target, source])
        late, spread = map(float, data["delay"][source])
        bounds = {"min": 0.0} if mean > 0 else {"max": 0.0}
        weight = nest.random.normal(mean, float(data["spread"]) * abs(mean))
        nest.Connect(
            populations[source],
            populations[target],
            {"rule": "fixed_total_number", "N": int(number)},
            {
                "weight": nest.math.redraw(weight, **({"min": -1e9, "max": 1e9} | bounds)),
                "delay": nest.math.redraw(nest.random.normal(late, spread), min=step, max=1e9),
            },
        )
    return recorders


def main(source: str, threads: int) -> None:
    """Serve runs."""
    data = np.load(source)
    recorders = build(data, threads)
    step = float(data["step"])
    nest.Prepare()
    nest.Run(step * BEFORE)
    print("answer ready", flush=True)
    done = BEFORE
    for line in sys.stdin:
        steps = int(line)
        started = perf_counter()
        nest.Run(step * steps)
        print("answer", perf_counter() - started, flush=True)
        done += steps
    fired = np.array([recorder.n_events for recorder in recorders])
    print("answer", *(fired / data["sizes"] / ((done - data["warm_up"]) * step * 1e-3)), flush=True)
    nest.Cleanup()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
