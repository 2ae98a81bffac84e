"""How fast this machine steps two small networks: the answer in a few seconds, with a check.

Weights are multiples of a quarter, so that sums are exact in any order: a plain NumPy loop must
end with the same potentials to the last bit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from time import perf_counter

import numpy as np

from lava_actor.compiler.run_configs import Loihi2SimCfg
from lava_actor.errors import LavaActorError
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF
from lava_actor.runtime.run_conditions import RunSteps

DECAY, THRESHOLD = 0.25, 10.0
CHECKED_STEPS = 200
SECONDS = 1.0
#: Chains: layers, neurons of each.
CHAINS = ((2, 100), (4, 2000))


class WrongResultError(LavaActorError):
    """A network did not compute what NumPy computes."""


def measure() -> Iterator[str]:
    """Step a small and a larger chain; yields lines that tell microseconds per step.

    Raises
    ------
    WrongResultError
        If a chain ends with other potentials than NumPy.
    """
    cores = len(os.sched_getaffinity(0))
    yield (f"{cores} cores, load {os.getloadavg()[0]:.2f}; results are checked against NumPy")
    for layers, size in CHAINS:
        rng = np.random.default_rng(layers)
        biases = [rng.integers(0, 12, size) / 4 for _ in range(layers)]
        weights = [
            rng.integers(0, 4, (size, size)) / 4 * (rng.random((size, size)) < 10 / size)
            for _ in range(layers - 1)
        ]
        steps, seconds = _network(biases, weights)
        yield (
            f"{layers} x LIF({size}), {layers - 1} x Dense: "
            f"{seconds / steps * 1e6:8.2f} us per step, {steps / seconds:9.0f} steps/s"
        )


def _network(biases: Sequence[np.ndarray], weights: Sequence[np.ndarray]) -> tuple[int, float]:
    """Steps that were timed, and the seconds they took."""
    cells = [
        LIF(shape=bias.shape, du=1.0, dv=DECAY, vth=THRESHOLD, bias_mant=bias) for bias in biases
    ]
    for pre, post, matrix in zip(cells, cells[1:], weights, strict=False):
        synapses = Dense(weights=matrix)
        pre.s_out.connect(synapses.s_in)
        synapses.a_out.connect(post.a_in)
    last = cells[-1]
    with last:
        last.run(RunSteps(CHECKED_STEPS), Loihi2SimCfg(select_tag="floating_pt"))
        if not np.array_equal(last.v.get(), _expected(biases, weights)):
            raise WrongResultError(
                f"bench: {len(cells)} x LIF({last.v.shape[0]}) computed other potentials than NumPy"
            )
        steps = CHECKED_STEPS
        while True:  # the last and longest round counts
            steps *= 2
            started = perf_counter()
            last.run(RunSteps(steps))
            seconds = perf_counter() - started
            if seconds >= SECONDS / 2:
                return steps, seconds


def _expected(biases: Sequence[np.ndarray], weights: Sequence[np.ndarray]) -> np.ndarray:
    """The last layer's potentials after the checked steps; a Dense delivers one step later."""
    v = [np.zeros(bias.shape) for bias in biases]
    arriving = [np.zeros(bias.shape) for bias in biases]
    for _ in range(CHECKED_STEPS):
        for layer, bias in enumerate(biases):
            v[layer] = v[layer] * (1 - DECAY) + arriving[layer] + bias
        for layer, matrix in enumerate(weights):
            arriving[layer + 1] = matrix @ (v[layer] > THRESHOLD)
        for potential in v:
            potential[potential > THRESHOLD] = 0.0
    return v[-1]
