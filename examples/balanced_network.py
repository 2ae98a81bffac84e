"""A balanced network of 10 000 LIF neurons across the cores of this machine.

80 % of the neurons excite, 20 % inhibit; every neuron listens to 2 % of the others, 2 million
synapses in all, and about 3 % of the neurons fire in a step. Six actors: two populations, four
connections; a seventh writes down who fired. The network runs without blocking, so that this
script can show its progress and look at a Var meanwhile. At the end: throughput, what every actor
did, and a raster plot.

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

from lava_actor import (
    AbstractProcess,
    InPort,
    LavaPyType,
    Loihi2SimCfg,
    LoihiProtocol,
    PyInPort,
    PyLoihiProcessModel,
    RunSteps,
    Var,
    implements,
)
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.sparse.process import Sparse

EXCITATORY, INHIBITORY = 8000, 2000
CONNECTIVITY = 0.02
WEIGHT = 0.2  # of an excitatory synapse
BALANCE = 5.0  # how much stronger an inhibitory synapse is
RASTER_STEPS = 300


class Raster(AbstractProcess):
    """Writes down which neurons of two populations fired in the last steps."""

    def __init__(self, shapes: tuple[int, int], steps: int) -> None:
        super().__init__(steps=steps)
        self.excitatory = InPort(shape=(shapes[0],))
        self.inhibitory = InPort(shape=(shapes[1],))
        self.spikes = Var(shape=(steps, sum(shapes)), init=0)
        self.total = Var(shape=(1,), init=0)


@implements(proc=Raster, protocol=LoihiProtocol)
class PyRaster(PyLoihiProcessModel):
    """Works on events: a step costs what fired, not what exists."""

    excitatory: PyInPort = LavaPyType(PyInPort.VEC_SPARSE, float)
    inhibitory: PyInPort = LavaPyType(PyInPort.VEC_SPARSE, float)
    spikes: np.ndarray = LavaPyType(np.ndarray, bool)
    total: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        """Note the indices of this step in a row of the raster."""
        _, excitatory = self.excitatory.recv()
        _, inhibitory = self.inhibitory.recv()
        row = self.spikes[(self.time_step - 1) % self.proc_params["steps"]]
        row[:] = False
        row[excitatory] = True
        row[EXCITATORY + inhibitory] = True
        self.total[0] += excitatory.size + inhibitory.size


def random_synapses(
    rng: np.random.Generator, post: int, pre: int, weight: float
) -> scipy.sparse.csr_matrix:
    """Each pair is connected with a probability of 2 %, all with one weight."""
    matrix = scipy.sparse.random(
        post, pre, density=CONNECTIVITY, format="csr", random_state=rng, data_rvs=np.ones
    )
    return matrix * weight


def build(seed: int = 7) -> tuple[LIF, LIF, Raster, int]:
    """Describe the network; returns both populations, the raster and the number of synapses."""
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
    raster = Raster((EXCITATORY, INHIBITORY), RASTER_STEPS)
    populations["E"].s_out.connect(raster.excitatory)
    populations["I"].s_out.connect(raster.inhibitory)
    return populations["E"], populations["I"], raster, n_synapses


def draw(spikes: np.ndarray, first_step: int, picture: Path) -> None:
    """Raster plot of every 20th neuron, and the share of neurons that fired in each step."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    neurons, steps = np.nonzero(spikes[::20])
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(10, 6), sharex=True, height_ratios=(3, 1), layout="constrained"
    )
    colours = np.where(neurons * 20 < EXCITATORY, "tab:blue", "tab:red")
    top.scatter(steps + first_step, neurons * 20, s=1.5, c=colours, linewidths=0)
    top.set_ylabel("neuron (blue excites, red inhibits)")
    bottom.plot(np.arange(spikes.shape[1]) + first_step, 100.0 * spikes.mean(axis=0), lw=1)
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

    excitatory, _, raster, n_synapses = build()
    print(f"{EXCITATORY + INHIBITORY} neurons, {n_synapses} synapses")
    with raster:
        warm_up = 200
        raster.run(RunSteps(num_steps=warm_up), Loihi2SimCfg(select_tag="floating_pt"))
        before = int(raster.total.get()[0])
        started = time.perf_counter()
        raster.run(RunSteps(num_steps=arguments.steps, blocking=False))
        runtime = raster.runtime
        with tqdm(total=arguments.steps, unit="step", smoothing=0) as bar:
            while not runtime.is_finished:
                bar.update(runtime.current_step - warm_up - bar.n)
                time.sleep(0.05)
                if bar.n > arguments.steps // 2 and not bar.postfix:
                    bar.set_postfix_str(f"mean v of E: {excitatory.v.get().mean():.2f}")
            raster.wait()
            bar.update(arguments.steps - bar.n)
        seconds = time.perf_counter() - started
        fired = int(raster.total.get()[0]) - before
        report(arguments.steps, seconds, fired, n_synapses)
        for actor in runtime.status():
            print(f"  {actor.process:6} busy {actor.busy:6.2f} s, waiting {actor.waiting:6.2f} s")
        order = np.roll(np.arange(RASTER_STEPS), -((warm_up + arguments.steps) % RASTER_STEPS))
        spikes = raster.spikes.get()[order].T
    first = warm_up + arguments.steps - RASTER_STEPS
    draw(spikes, first, arguments.picture)
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
