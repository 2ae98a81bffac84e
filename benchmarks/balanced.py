"""A balanced network: 80 % excite, 20 % inhibit, everybody listens to some of the others.

Weights are multiples of a quarter, so that what a neuron receives is exact in any order of
summation; a SciPy loop from the same state must then agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse

EXCITATORY, INHIBITORY = 0.25, -1.25
DECAY, THRESHOLD = 0.05, 10.0
RECORDED = {10_000: "8700–9700"}
"""µs per step of Lava 0.10 for so many neurons, as recorded in the design notes."""


@dataclass(frozen=True)
class Balanced:
    """The network's numbers.

    Parameters
    ----------
    n_neurons, n_synapses : int
    """

    n_neurons: int
    n_synapses: int

    @property
    def sizes(self) -> tuple[int, int]:
        """Excitatory and inhibitory neurons."""
        excitatory = self.n_neurons * 4 // 5
        return excitatory, self.n_neurons - excitatory

    @property
    def scale(self) -> float:
        """Keeps the input of a neuron the same, however many synapses it has (200: 1)."""
        per_neuron = self.n_synapses / self.n_neurons
        return float(2.0 ** -round(np.log2(per_neuron / 200)))

    @cached_property
    def voltages(self) -> list[np.ndarray]:
        """Initial v per population."""
        rng = np.random.default_rng(3)
        return [rng.uniform(0.0, THRESHOLD, size) for size in self.sizes]

    @cached_property
    def biases(self) -> list[np.ndarray]:
        """Per population; above threshold for most."""
        rng = np.random.default_rng(4)
        return [rng.uniform(0.55, 1.15, size) for size in self.sizes]

    def indices(self) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
        """Per connection: from which population to which, and rows (post), columns (pre)."""
        rng = np.random.default_rng(5)
        for pre, post in product(range(2), range(2)):
            n_pre, n_post = self.sizes[pre], self.sizes[post]
            count = round(self.n_synapses * n_pre * n_post / self.n_neurons**2)
            # Drawn without replacement would take long; pairs drawn twice are drawn away.
            flat = np.unique(rng.integers(0, n_pre * n_post, count))
            yield pre, post, flat // n_pre, flat % n_pre

    def weight(self, pre: int) -> float:
        """Of every synapse from a population."""
        return (EXCITATORY, INHIBITORY)[pre] * self.scale

    def matrices(self) -> Iterator[tuple[int, int, Any]]:
        """Per connection: from which population to which, and the weights (post, pre)."""
        for pre, post, rows, columns in self.indices():
            values = np.full(rows.size, self.weight(pre))
            shape = (self.sizes[post], self.sizes[pre])
            yield pre, post, scipy.sparse.csr_matrix((values, (rows, columns)), shape)

    def build(self, lif: Any, sparse: Any) -> tuple[list[Any], dict[tuple[int, int], Any]]:
        """The Processes, made of these two classes: populations, connections by (pre, post)."""
        populations = [
            lif(shape=(size,), v=v, du=1.0, dv=DECAY, vth=THRESHOLD, bias_mant=bias)
            for size, v, bias in zip(self.sizes, self.voltages, self.biases, strict=True)
        ]
        connections = {}
        for pre, post, matrix in self.matrices():
            connection = sparse(weights=matrix)
            populations[pre].s_out.connect(connection.s_in)
            connection.a_out.connect(populations[post].a_in)
            connections[pre, post] = connection
        return populations, connections

    @cached_property
    def all_weights(self) -> Any:
        """One matrix (post, pre) over all neurons."""
        blocks: list[list[Any]] = [[None, None], [None, None]]
        for pre, post, matrix in self.matrices():
            blocks[post][pre] = matrix
        return scipy.sparse.block_array(blocks, format="csr")


@dataclass
class Loop:
    """The same arithmetic in plain NumPy and SciPy, without any runtime.

    Parameters
    ----------
    network : Balanced
    v : ndarray (n_neurons,)
        Voltages now.
    received : ndarray (n_neurons,)
        What arrives in the next step.
    """

    network: Balanced
    v: np.ndarray
    received: np.ndarray
    fired: int = 0

    @staticmethod
    def start(network: Balanced) -> Loop:
        """From the beginning."""
        return Loop(network, np.concatenate(network.voltages), np.zeros(network.n_neurons))

    def run(self, steps: int) -> None:
        """Go that many steps."""
        weights, biases = self.network.all_weights, np.concatenate(self.network.biases)
        for _ in range(steps):
            self.v = self.v * (1 - DECAY) + self.received + biases
            spikes = self.v > THRESHOLD
            self.v[spikes] = 0
            self.received = weights @ spikes
            self.fired += int(np.count_nonzero(spikes))
