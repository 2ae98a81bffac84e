"""Firing rates of the cortical microcircuit over seeds, ours and NEST's.

    NEST_PYTHON=… python -m benchmarks.rates --seeds 10

Every seed is another network, with other first voltages and other spikes from outside. Two things
are asked of each population. Our mean lies within two standard deviations of NEST's mean, those
over NEST's seeds; and Welch's test does not tell the means apart, at one per cent for all
populations together.
"""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from scipy.stats import ttest_ind

from benchmarks.peers import nest_simulator as nest
from benchmarks.processes import CONFIG
from benchmarks.shapes import microcircuit
from lava_actor.proc.monitor.process import Monitor

WARM_UP = 5000
LEVEL = 0.01


def ours(scale: float, steps: int, seed: int) -> np.ndarray:
    """Spikes per second of each population, after the warm-up."""
    model = microcircuit.example()
    populations, _ = model.build(scale, seed=seed)
    monitor = Monitor()
    for population in populations:
        monitor.probe(population.s_out)
    with monitor:
        monitor.run(WARM_UP + steps, CONFIG, {"seed": seed, "placement": "cores"})
        when = [(monitor.spikes(p.s_out).steps, p.v.size) for p in populations]
    fired = [np.count_nonzero(late > WARM_UP) / size for late, size in when]
    return np.array(fired) / (steps * model.STEP * 1e-3)


def theirs(scale: float, steps: int, seed: int, threads: int) -> np.ndarray:
    """The same from NEST."""
    found: list[np.ndarray] = []
    with tempfile.TemporaryDirectory() as folder:
        network = Path(folder) / "microcircuit.npz"
        described = microcircuit.described(microcircuit.example(), scale)
        told = {"seed": seed, "warm_up": WARM_UP}
        np.savez(network, **(described | told))  # type: ignore[arg-type]
        contender = nest.contender(network, threads, steps, lambda _, rates: found.append(rates))
        with contender.open() as run:
            run(WARM_UP + steps)
    return found[0]


def table(names: tuple[str, ...], mine: np.ndarray, peer: np.ndarray) -> tuple[str, bool]:
    """Both, a row for each population, and whether all agree."""
    lines = [
        "| | ours: mean ± sd | NEST: mean ± sd | difference / sd | p |",
        "|---|---|---|---|---|",
    ]
    alike = True
    for name, own, other in zip(names, mine.T, peer.T, strict=True):
        far = (own.mean() - other.mean()) / other.std(ddof=1)
        p = ttest_ind(own, other, equal_var=False).pvalue
        alike &= bool(abs(far) <= 2 and p >= LEVEL / len(names))
        spread = [f"{x.mean():.3f} ± {x.std(ddof=1):.3f}" for x in (own, other)]
        lines.append(f"| {name} | {spread[0]} | {spread[1]} | {far:+.2f} | {p:.2f} |")
    return "\n".join(lines), alike


def main() -> None:
    """Run both, print, and end with 1 if they differ."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--scale", type=float, default=microcircuit.SCALE)
    parser.add_argument("--steps", type=int, default=20_000, help="after the warm-up")
    parser.add_argument("--threads", type=int, default=2, help="of NEST")
    arguments = parser.parse_args()
    if nest.version() is None:
        parser.error("expected NEST in the Python that NEST_PYTHON names")
    scale, steps, seeds = arguments.scale, arguments.steps, range(1, arguments.seeds + 1)
    both = [
        np.array([rates(seed) for seed in seeds])
        for rates in (
            partial(ours, scale, steps),
            lambda seed: theirs(scale, steps, seed, arguments.threads),
        )
    ]
    shown, alike = table(microcircuit.example().NAMES, *both)
    print(shown)
    raise SystemExit(0 if alike else 1)


if __name__ == "__main__":
    main()
