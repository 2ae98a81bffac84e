"""A Sudoku is solved by spiking neurons that inhibit whatever they contradict.

One neuron stands for one digit in one cell of a 4x4 Sudoku. A spike inhibits all neurons that
cannot be right at the same time; Poisson noise lets the network try. Neurons of given digits get
a strong drive (after Jonke, Habenschuss & Maass, Frontiers in Neuroscience 10, 2016).

    python examples/sudoku.py [SEED]
"""

from __future__ import annotations

import itertools
import sys

import numpy as np

from lava_actor import Loihi2SimCfg
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sources.process import PoissonSource

PUZZLE = np.array([[1, 0, 0, 0], [0, 0, 3, 0], [0, 4, 0, 0], [0, 0, 0, 2]])
WINDOW, LIMIT = 50, 20_000


def contradicts(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two statements (row, column, digit) cannot both be true."""
    (r, c, d), (row, column, digit) = one, other
    if (r, c) == (row, column):
        return d != digit
    same_box = (r // 2, c // 2) == (row // 2, column // 2)
    return d == digit and (r == row or c == column or same_box)


def solved(grid: np.ndarray) -> bool:
    """Whether every row, column and box has each digit once, and the givens are kept."""
    boxes = grid.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(4, 4)
    groups = [*grid, *grid.T, *boxes]
    kept = (grid == PUZZLE)[PUZZLE > 0].all()
    return bool(kept) and all(sorted(group) == [1, 2, 3, 4] for group in groups)


def main(seed: int = 1) -> int | None:
    """Search; returns the step by which the solution was there, None if it was not found."""
    facts = list(itertools.product(range(4), range(4), range(4)))
    conflict = np.array([[contradicts(a, b) for b in facts] for a in facts], float)
    given = np.array([PUZZLE[r, c] == d + 1 for r, c, d in facts], float)
    noise = PoissonSource(shape=(64,), rate=0.5, amplitude=1.0, seed=seed)
    neurons = LIF(shape=(64,), du=1, dv=0.05, vth=8, bias_mant=0.3 + 1.5 * given)
    inhibition = Dense(weights=-6 * conflict)
    noise.s_out.connect(neurons.a_in)
    neurons.s_out.connect(inhibition.s_in)
    inhibition.a_out.connect(neurons.a_in)
    monitor = Monitor()
    monitor.probe(neurons.s_out)
    config = Loihi2SimCfg(select_tag="floating_pt")
    with neurons:
        for step in range(WINDOW, LIMIT + 1, WINDOW):
            neurons.run(WINDOW, config)
            spikes = monitor.spikes(neurons.s_out)
            recent = spikes.indices[spikes.steps > step - WINDOW]
            grid = np.bincount(recent, minlength=64).reshape(4, 4, 4).argmax(axis=2) + 1
            if solved(grid):
                print(grid)
                print(f"solved within {step} steps")
                return step
    print(f"not solved within {LIMIT} steps")
    return None


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) is None)
