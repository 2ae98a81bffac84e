"""Chains of LIF populations and dense connections, and the same arithmetic in a NumPy loop.

All numbers are multiples of powers of two and small, so that sums are exact in any order: the
network and the loop must agree to the last bit, which is what the checks ask for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

SIZE = 100
DECAY = 1 / 16
THRESHOLD = 1.0
RECORDED = {3: "255–320", 11: "890", 41: "4300–7800"}
"""µs per step of Lava 0.10 for so many processes, as recorded in the design notes."""


@dataclass
class State:
    """All that changes: per population u and v, per connection what it sends next."""

    u: list[np.ndarray]
    v: list[np.ndarray]
    buffered: list[np.ndarray]

    def equals(self, other: State) -> bool:
        """Equal to the last bit."""
        mine = [*self.u, *self.v, *self.buffered]
        theirs = [*other.u, *other.v, *other.buffered]
        return all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True))


@dataclass(frozen=True)
class Chain:
    """`n_processes` (odd): LIF, Dense, LIF, …, LIF.

    Parameters
    ----------
    n_processes : int
    """

    n_processes: int

    @property
    def biases(self) -> list[np.ndarray]:
        """Per population; the first is driven hard, the others a little."""
        rng = np.random.default_rng(1)
        first = rng.integers(10, 60, SIZE) / 256
        return [first] + [rng.integers(0, 16, SIZE) / 1024 for _ in self.weights]

    @property
    def weights(self) -> list[np.ndarray]:
        """Per connection; mostly excitatory, so that activity reaches the end."""
        rng = np.random.default_rng(2)
        count = (self.n_processes - 1) // 2
        return [rng.integers(-24, 40, (SIZE, SIZE)) / 1024 for _ in range(count)]

    def build(self, lif: Any, dense: Any) -> tuple[list[Any], list[Any]]:
        """The Processes, made of these two classes: populations and connections."""
        constants = {"shape": (SIZE,), "du": 1.0, "dv": DECAY, "vth": THRESHOLD}
        populations = [lif(**constants, bias_mant=bias) for bias in self.biases]
        connections = [dense(weights=weights) for weights in self.weights]
        for number, connection in enumerate(connections):
            populations[number].s_out.connect(connection.s_in)
            connection.a_out.connect(populations[number + 1].a_in)
        return populations, connections

    def start(self) -> State:
        """The state before the first step."""
        n_populations = (self.n_processes + 1) // 2
        return State(
            [np.zeros(SIZE) for _ in range(n_populations)],
            [np.zeros(SIZE) for _ in range(n_populations)],
            [np.zeros(SIZE) for _ in range(n_populations - 1)],
        )

    def loop(self, state: State, steps: int) -> None:
        """Go that many steps in plain NumPy, without any runtime."""
        u, v, buffered = state.u, state.v, state.buffered
        biases, weights = self.biases, self.weights
        keep_u, keep_v = 1 - 1.0, 1 - DECAY
        n_populations = len(u)
        silence = upcoming = np.zeros(SIZE)
        for _ in range(steps):
            for number in range(n_populations):
                if number:
                    received = buffered[number - 1]
                    buffered[number - 1] = upcoming
                else:
                    received = silence
                u[number] = u[number] * keep_u + received
                v[number] = v[number] * keep_v + u[number] + biases[number]
                spikes = v[number] > THRESHOLD
                v[number][spikes] = 0
                if number < n_populations - 1:
                    upcoming = weights[number] @ spikes

    @staticmethod
    def state_of(populations: list[Any], connections: list[Any]) -> State:
        """The state of a paused network."""
        return State(
            [population.u.get() for population in populations],
            [population.v.get() for population in populations],
            [connection.a_buff.get() for connection in connections],
        )
