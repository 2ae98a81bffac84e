"""A patch of cortex in four layers: 77 169 neurons, 0.3 billion synapses at full scale.

The model of Potjans and Diesmann (2014), Cerebral Cortex 24:785-806: four layers, each with
excitatory and inhibitory neurons, connected as measured under one square millimetre of cortex, each
neuron driven by Poisson spikes. Its firing rates are the same in every simulator, so the script
prints them beside the published ones.

    python examples/microcircuit.py                       # a tenth of the size, one second
    python examples/microcircuit.py --scale 1 --time 200  # all of it
    python examples/microcircuit.py --drive constant      # a constant current instead of spikes

With ``--scale s`` there are s times the neurons and s times the synapses per neuron. Weights grow
by ``1/sqrt(s)``, which keeps the variance of the input, and a constant current makes up for its
mean.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from lava_actor import Loihi2SimCfg
from lava_actor.proc.connectivity import Normal, fixed_total_number
from lava_actor.proc.lif.process import LIFRefractory
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sources.process import PoissonSource
from lava_actor.proc.sparse.process import DelaySparse

NAMES = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
NEURONS = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
EXTERNAL = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])  # inputs of each neuron
RATES = np.array([0.971, 2.868, 4.746, 5.396, 8.142, 9.078, 0.991, 7.523])  # Hz, published
PROBABILITY = np.array(  # row: target, column: source
    [
        [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
        [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
        [0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0],
        [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
        [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
        [0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0],
        [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
        [0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443],
    ]
)

STEP = 0.1  # ms
CAPACITY = 250.0  # pF
TAU_M, TAU_SYN = 10.0, 0.5  # ms
REST, THRESHOLD, REFRACTORY = -65.0, -50.0, 2.0  # mV, mV, ms
START = (-58.0, 10.0)  # mV: mean and standard deviation of the first voltages
EPSP, INHIBITION, SPREAD = 87.8, -4.0, 0.1  # pA, relative, relative
EXTERNAL_RATE = 8.0  # Hz
DELAY = {"E": (1.5, 0.75), "I": (0.75, 0.375)}  # ms: mean and standard deviation
LONGEST = {"E": 63, "I": 31}  # steps: more than six standard deviations above the mean

DECAY_M, DECAY_SYN = np.exp(-STEP / TAU_M), np.exp(-STEP / TAU_SYN)
PER_SPIKE = TAU_M * TAU_SYN / (CAPACITY * (TAU_M - TAU_SYN)) * (DECAY_M - DECAY_SYN)
"""mV that a synaptic current of 1 pA at the beginning of a step adds until its end."""
PER_CONSTANT = TAU_M / CAPACITY * (1 - DECAY_M)
"""mV that a constant current of 1 pA adds in a step."""


def synapses() -> np.ndarray:
    """Numbers of synapses at full scale, (target, source), from the probability of at least one."""
    return np.log(1 - PROBABILITY) / np.log(1 - 1 / np.outer(NEURONS, NEURONS))


def weights() -> np.ndarray:
    """Mean weights at full scale in pA, (target, source)."""
    found = np.tile([EPSP, INHIBITION * EPSP], (8, 4))
    found[NAMES.index("L23E"), NAMES.index("L4E")] *= 2
    return found


def compensation(scale: float) -> np.ndarray:
    """Constant current of each population in pA that keeps the mean input of the full scale."""
    indegrees = synapses() / NEURONS[:, None]
    recurrent = (weights() * indegrees) @ RATES
    external = EPSP * EXTERNAL * EXTERNAL_RATE
    return TAU_SYN * 1e-3 * (1 - np.sqrt(scale)) * (recurrent + external)


def build(
    scale: float, drive: str = "poisson", seed: int = 1
) -> tuple[list[LIFRefractory], int]:
    """Describe the network: its populations, and how many synapses connect them."""
    rng = np.random.default_rng(seed)
    sizes = np.maximum(1, np.round(scale * NEURONS).astype(int))
    growth = 1 / np.sqrt(scale)
    current = compensation(scale)
    if drive == "constant":
        current += EXTERNAL * EXTERNAL_RATE * EPSP * TAU_SYN * 1e-3 * np.sqrt(scale)
    populations = [
        LIFRefractory(
            shape=(size,),
            name=name,
            v=rng.normal(START[0] - REST, START[1], size),
            du=1 - DECAY_SYN,
            dv=1 - DECAY_M,
            bias_mant=bias,
            vth=THRESHOLD - REST,
            refractory_period=round(REFRACTORY / STEP),
        )
        for name, size, bias in zip(NAMES, sizes, PER_CONSTANT * current, strict=True)
    ]
    if drive == "poisson":
        for population, inputs in zip(populations, EXTERNAL, strict=True):
            source = PoissonSource(
                shape=population.v.shape,
                rate=scale * inputs * EXTERNAL_RATE * STEP * 1e-3,
                amplitude=EPSP * growth * PER_SPIKE,
                name=f"external->{population.name}",
            )
            source.s_out.connect(population.a_in)
    numbers = np.round(scale**2 * synapses()).astype(int)
    means = weights() * growth * PER_SPIKE
    for (target, source), number in np.ndenumerate(numbers):
        if number:
            connect(populations[source], populations[target], int(number), means[target, source])
    return populations, int(numbers.sum())


def connect(source: LIFRefractory, target: LIFRefractory, number: int, mean: float) -> None:
    """Connect two populations by so many synapses; weights take 256 values, one byte each."""
    kind = source.name[-1]
    bounds = (0.0, np.inf) if mean > 0 else (-np.inf, 0.0)
    late, spread = (value / STEP for value in DELAY[kind])
    connection = DelaySparse(
        weights=fixed_total_number(
            (target.v.size, source.v.size),
            number,
            weight=Normal(mean, SPREAD * abs(mean), *bounds, levels=256),
        ),
        delays=Normal(late, spread, low=1, high=LONGEST[kind]),
        name=f"{source.name}->{target.name}",
    )
    source.s_out.connect(connection.s_in)
    connection.a_out.connect(target.a_in)


def draw(recordings: list[tuple[np.ndarray, np.ndarray]], sizes: list[int], picture: Path) -> None:
    """Raster plot, layer above layer, of at most 2000 neurons in all."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    every = max(1, sum(sizes) // 2000)
    figure, axes = plt.subplots(figsize=(10, 7), layout="constrained")
    below, ticks = 0, []
    for name, size, (steps, neurons) in reversed(list(zip(NAMES, sizes, recordings, strict=True))):
        shown = neurons % every == 0
        colour = "tab:blue" if name.endswith("E") else "tab:red"
        heights = below + neurons[shown] // every
        axes.scatter(steps[shown] * STEP, heights, s=2, c=colour, linewidths=0)
        ticks.append(below + size / every / 2)
        below += -(-size // every)
    axes.set_yticks(ticks, reversed(NAMES))
    axes.set_xlabel("time / ms")
    figure.savefig(picture, dpi=110)


def main() -> None:
    """Build, run, compare, draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--scale", type=float, default=0.1, help="0.002 to 1")
    parser.add_argument("--time", type=float, default=1000.0, help="ms that are looked at")
    parser.add_argument("--warm-up", type=float, default=100.0, help="ms before")
    parser.add_argument("--drive", choices=("poisson", "constant"), default="poisson")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--placement", choices=("actors", "cores", "auto"), default="cores")
    parser.add_argument(
        "--picture", type=Path, default=Path(tempfile.gettempdir()) / "microcircuit.png"
    )
    arguments = parser.parse_args()
    if not 0.002 <= arguments.scale <= 1 or min(arguments.time, arguments.warm_up) < STEP:
        parser.error("expected a scale from 0.002 to 1, and times of at least one step")

    populations, number = build(arguments.scale, arguments.drive, arguments.seed)
    sizes = [population.v.size for population in populations]
    print(f"{sum(sizes)} neurons, {number} synapses")
    monitor = Monitor()
    for population in populations:
        monitor.probe(population.s_out)
    began = time.perf_counter()
    warm_up, steps = round(arguments.warm_up / STEP), round(arguments.time / STEP)
    config = Loihi2SimCfg(select_tag="floating_pt")
    with monitor:
        told = {"seed": arguments.seed, "placement": arguments.placement}
        monitor.create_runtime(config, compile_config=told)
        print(f"built in {time.perf_counter() - began:.1f} s")
        monitor.run(warm_up, progress=True, step_length=f"{STEP} ms")
        began = time.perf_counter()
        monitor.run(steps, progress=True)
        seconds = time.perf_counter() - began
    print(
        f"{steps * STEP:.0f} ms in {seconds:.1f} s on {len(os.sched_getaffinity(0))} cores: "
        f"real-time factor {seconds / (steps * STEP * 1e-3):.2f}, "
        f"{seconds / steps * 1e6:.0f} us per step"
    )
    recordings = [tuple(monitor.spikes(population.s_out)[:2]) for population in populations]
    print("population  rate / Hz  published")
    for name, size, published, (when, _) in zip(NAMES, sizes, RATES, recordings, strict=True):
        rate = np.count_nonzero(when > warm_up) / size / (steps * STEP * 1e-3)
        print(f"{name:10}  {rate:9.3f}  {published:9.3f}")
    draw(recordings, sizes, arguments.picture)
    print(f"raster plot: {arguments.picture}")


if __name__ == "__main__":
    main()
