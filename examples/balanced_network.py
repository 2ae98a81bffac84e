"""A balanced network of 10 000 LIF neurons across the cores of this machine.

80 % of the neurons excite, 20 % inhibit; every neuron listens to 2 % of the others, 2 million
synapses in all, and about 3 % of the neurons fire in a step. Six actors: two populations, four
connections; a seventh, a Monitor, records every spike. The network runs without blocking, so that
this script can show its progress and look at a Var meanwhile. At the end: throughput, what every
actor did, and a raster plot.

    python examples/balanced_network.py [--steps N] [--picture FILE]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.sparse
from tqdm import tqdm

from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sparse.process import Sparse

EXCITATORY, INHIBITORY = 8000, 2000
CONNECTIVITY = 0.02
WEIGHT = 0.2  # of an excitatory synapse
BALANCE = 5.0  # how much stronger an inhibitory synapse is
RASTER_STEPS = 300


def random_synapses(
    rng: np.random.Generator, post: int, pre: int, weight: float
) -> scipy.sparse.csr_matrix:
    """Each pair is connected with a probability of 2 %, all with one weight."""
    matrix = scipy.sparse.random(
        post, pre, density=CONNECTIVITY, format="csr", random_state=rng, data_rvs=np.ones
    )
    return matrix * weight


def build(seed: int = 7) -> tuple[LIF, LIF, Monitor, int]:
    """Describe the network; returns both populations, the Monitor and the number of synapses."""
    rng = np.random.default_rng(seed)
    sizes = {"E": EXCITATORY, "I": INHIBITORY}
    populations = {
        name: LIF(
            shape=(size,),
            name=name,
            v=rng.uniform(0.0, 10.0, size),
            du=1.0,
            dv=0.05,
            bias_mant=rng.uniform(0.55, 1.15, size),
            vth=10.0,
        )
        for name, size in sizes.items()
    }
    n_synapses = 0
    for pre, weight in (("E", WEIGHT), ("I", -BALANCE * WEIGHT)):
        for post, post_size in sizes.items():
            matrix = random_synapses(rng, post_size, sizes[pre], weight)
            n_synapses += matrix.nnz
            synapses = Sparse(weights=matrix, name=f"{pre}->{post}")
            populations[pre].s_out.connect(synapses.s_in)
            synapses.a_out.connect(populations[post].a_in)
    monitor = Monitor(name="record")
    for population in populations.values():
        monitor.probe(population.s_out)
    return populations["E"], populations["I"], monitor, n_synapses


def draw(steps: np.ndarray, neurons: np.ndarray, last: int, picture: Path) -> None:
    """Raster plot of every 20th neuron, and the share of neurons that fired in each step."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    first = max(0, last - RASTER_STEPS)
    shown = steps > first
    steps, neurons = steps[shown], neurons[shown]
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(10, 6), sharex=True, height_ratios=(3, 1), layout="constrained"
    )
    drawn = neurons % 20 == 0
    colours = np.where(neurons[drawn] < EXCITATORY, "tab:blue", "tab:red")
    top.scatter(steps[drawn], neurons[drawn], s=1.5, c=colours, linewidths=0)
    top.set_ylabel("neuron (blue excites, red inhibits)")
    fired = np.bincount(steps - first, minlength=last - first + 1)[1:]
    share = 100.0 * fired / (EXCITATORY + INHIBITORY)
    bottom.plot(np.arange(first, last) + 1, share, lw=1)
    bottom.set_ylabel("fired / %")
    bottom.set_xlabel("time step")
    figure.savefig(picture, dpi=110)


def main() -> None:
    """Run, watch, report, draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument(
        "--picture", type=Path, default=Path(tempfile.gettempdir()) / "balanced_network.png"
    )
    arguments = parser.parse_args()
    if arguments.steps < 1:
        parser.error("expected at least one step")

    excitatory, inhibitory, monitor, n_synapses = build()
    print(f"{EXCITATORY + INHIBITORY} neurons, {n_synapses} synapses")
    with monitor:
        warm_up = 200
        monitor.run(RunSteps(num_steps=warm_up), Loihi2SimCfg(select_tag="floating_pt"))
        started = time.perf_counter()
        monitor.run(RunSteps(num_steps=arguments.steps, blocking=False))
        runtime = monitor.runtime
        with tqdm(total=arguments.steps, unit="step", smoothing=0) as bar:
            while not runtime.is_finished:
                bar.update(runtime.current_step - warm_up - bar.n)
                time.sleep(0.05)
                if bar.n > arguments.steps // 2 and not bar.postfix:
                    bar.set_postfix_str(f"mean v of E: {excitatory.v.get().mean():.2f}")
            monitor.wait()
            bar.update(arguments.steps - bar.n)
        seconds = time.perf_counter() - started
        actors = runtime.status()
    spikes = [monitor.spikes(population.s_out) for population in (excitatory, inhibitory)]
    steps = np.concatenate([each.steps for each in spikes])
    neurons = np.concatenate([spikes[0].indices, EXCITATORY + spikes[1].indices])
    report(arguments.steps, seconds, int((steps > warm_up).sum()), n_synapses)
    for actor in actors:
        print(f"  {actor.process:6} busy {actor.busy:6.2f} s, waiting {actor.waiting:6.2f} s")
    draw(steps, neurons, warm_up + arguments.steps, arguments.picture)
    print(f"raster plot: {arguments.picture}")


def report(steps: int, seconds: float, fired: int, n_synapses: int) -> None:
    """Throughput; an event is one spike at one synapse."""
    share = fired / steps / (EXCITATORY + INHIBITORY)
    events = fired * n_synapses / (EXCITATORY + INHIBITORY)
    print(
        f"{steps} steps in {seconds:.2f} s: {seconds / steps * 1e6:.0f} us per step, "
        f"{steps / seconds:.0f} steps/s, {fired / seconds:.3g} spikes/s, "
        f"{events / seconds:.3g} synaptic events/s; {share:.1%} of the neurons fire per step"
    )


if __name__ == "__main__":
    main()
