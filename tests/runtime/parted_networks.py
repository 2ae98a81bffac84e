"""Random networks of the library's neurons and connections, wired through views of their ports."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from scipy import sparse

from lava_actor.proc.connectivity import Uniform, fixed_indegree
from lava_actor.proc.dense.process import DelayDense, Dense
from lava_actor.proc.lif.process import LIF, LIFRefractory, LIFReset, TernaryLIF
from lava_actor.proc.sparse.process import DelaySparse, Sparse

SIZE = 12
SHAPES = [(12,), (3, 4), (4, 3), (2, 3, 2)]


class Parted:
    """Populations, each with an input of its own, and connections between any of them."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.lifs = [self._population(k) for k in range(3)]
        self.connections = [self._connection(k, SIZE) for k in range(4)]
        for connection in self.connections:
            source, target = self.rng.choice(self.lifs), self.rng.choice(self.lifs)
            self._view(source.s_out, (SIZE,)).connect(connection.s_in)
            self._view(connection.a_out, target.a_in.shape).connect(target.a_in)
        halves = [self._connection(4 + k, SIZE // 2) for k in range(2)]
        for half in halves:
            self._view(self.rng.choice(self.lifs).s_out, (SIZE,)).connect(half.s_in)
        goal = self.rng.choice(self.lifs)
        both = halves[0].a_out.concat_with([halves[1].a_out], 0)
        both.reshape(goal.a_in.shape).connect(goal.a_in)
        self.connections += halves
        for one, other in zip(self.lifs, self.lifs[1:], strict=False):
            self._view(one.s_out, other.a_in.shape).connect(other.a_in)

    def everybody(self) -> list[Any]:
        """All Processes."""
        return [*self.lifs, *self.connections]

    def placement(self) -> dict[str, int]:
        """A number of parts for each Process."""
        return {process.name: self.rng.choice((1, 2, 3, 5)) for process in self.everybody()}

    def _population(self, k: int) -> Any:
        shape = self.rng.choice(SHAPES)
        given: dict[str, Any] = {
            "shape": shape, "name": f"lif{k}", "du": 0.4, "dv": 0.2,
            "bias_mant": self.numbers.uniform(0, 0.4, shape),
        }  # fmt: skip
        kind: Any = self.rng.choice([LIF, LIFReset, LIFRefractory, TernaryLIF])
        if kind is TernaryLIF:
            return kind(**given, vth_hi=1.0, vth_lo=-1.0)
        if kind is LIFReset:
            given |= {"reset_interval": 5, "reset_offset": 2}
        if kind is LIFRefractory:
            given |= {"refractory_period": 2}
        return kind(**given, vth=1.0)

    def _connection(self, k: int, post: int) -> Any:
        weights = self.numbers.normal(0, 0.4, (post, SIZE))
        delays = self.numbers.integers(0, 4, (post, SIZE))
        some = sparse.csr_matrix(weights * (self.numbers.random(weights.shape) < 0.5))
        recipe = fixed_indegree((post, SIZE), 4, weight=Uniform(-0.5, 0.5))
        given = {"name": f"connection{k}", "num_message_bits": self.rng.choice((0, 8))}
        made: Any = self.rng.choice(
            [
                lambda: Dense(weights=weights, **given),
                lambda: DelayDense(weights=weights, delays=delays, **given),
                lambda: Sparse(weights=some, **given),
                lambda: Sparse(weights=recipe, **given),
                lambda: DelaySparse(weights=some, delays=3, **given),
                lambda: DelaySparse(weights=recipe, delays=Uniform(0, 3), **given),
            ]
        )
        return made()

    def _view(self, port: Any, shape: tuple[int, ...]) -> Any:
        """A port as another shape, its elements moved or not."""
        if self.rng.random() < 0.5:
            return port.reshape(shape)
        middle = self.rng.choice([s for s in SHAPES if np.prod(s) == port.size] or [port.shape])
        return port.reshape(middle).transpose(None).reshape(shape)
