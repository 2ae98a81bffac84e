"""A network on several ranks that runs as often and as long as its standard input says.

    echo 1000 1000 | mpiexec -n 2 python -m lava_actor.mpi -m benchmarks.ranks chain 41
    echo 1000 1000 | mpiexec -n 2 python -m lava_actor.mpi -m benchmarks.ranks balanced 2

``chain N`` has N processes, placed as they come. ``balanced N`` is N balanced networks of 10 000
neurons and 2 million synapses, one per rank; each has a tenth of its synapses from the network
before it, in a ring. Every number of steps is answered with the microseconds that a step took. At
the end the result is checked: that of a chain against a loop in NumPy, what the balanced networks
did by their number of spikes, which is printed and is the same wherever they are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter

import numpy as np
import scipy.sparse

from benchmarks.balanced import DECAY, EXCITATORY, INHIBITORY, THRESHOLD, Balanced
from benchmarks.shapes import pipeline
from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.sparse.process import Sparse

CONFIG = Loihi2SimCfg(select_tag="floating_pt")
NEURONS, SYNAPSES = 10_000, 200
"""Of a balanced network; synapses per neuron."""
FROM_OTHERS = 0.1

Built = tuple[LIF, dict[str, int], Callable[[int], str]]
"""A Process of the network, ranks by name, and what says how it went after so many steps."""


def chain(n_processes: int) -> Built:
    """LIF, Dense, LIF and so on."""
    first, check = pipeline.build(n_processes)

    def checked(steps: int) -> str:
        check(steps)
        return "as the loop"

    return first, {}, checked


def balanced(n_networks: int) -> Built:
    """One balanced network per rank."""
    one = Balanced(NEURONS, NEURONS * SYNAPSES)
    populations = [
        LIF(
            shape=(NEURONS,), du=1.0, dv=DECAY, vth=THRESHOLD, name=f"neurons{number}",
            v=np.concatenate(one.voltages), bias_mant=np.concatenate(one.biases),
        )
        for number in range(n_networks)
    ]  # fmt: skip
    names = {population.name: number for number, population in enumerate(populations)}
    for number, population in enumerate(populations):
        shares = {number: 1.0}
        if n_networks > 1:
            shares = {number: 1 - FROM_OTHERS, (number - 1) % n_networks: FROM_OTHERS}
        for source, share in shares.items():
            weights = _weights(np.random.default_rng((number, source)), round(SYNAPSES * share))
            connection = Sparse(weights=weights, name=f"{source}to{number}")
            populations[source].s_out.connect(connection.s_in)
            connection.a_out.connect(population.a_in)
            names[connection.name] = number

    def potentials(_steps: int) -> str:
        return f"the sum of v is {sum(float(p.v.get().sum()) for p in populations)!r}"

    return populations[0], names, potentials


def _weights(rng: np.random.Generator, per_neuron: int) -> scipy.sparse.csr_matrix:
    """Every neuron has that many synapses, four fifths from those that excite."""
    columns = rng.integers(0, NEURONS, NEURONS * per_neuron)
    rows = np.repeat(np.arange(NEURONS), per_neuron)
    values = np.where(columns < NEURONS * 4 // 5, EXCITATORY, INHIBITORY)
    return scipy.sparse.csr_matrix((values, (rows, columns)), (NEURONS, NEURONS))


def main() -> None:
    """See the module."""
    kind, number = sys.argv[1:]
    network, ranks, told = {"chain": chain, "balanced": balanced}[kind](int(number))
    done = pipeline.REPLAYED
    with network:
        network.run(RunSteps(done), CONFIG, {"ranks": ranks} if ranks else None)
        for steps in (int(word) for line in sys.stdin for word in line.split()):
            started = perf_counter()
            network.run(RunSteps(steps))
            print((perf_counter() - started) / steps * 1e6, flush=True)
            done += steps
        print(told(done), flush=True)


if __name__ == "__main__":
    main()
