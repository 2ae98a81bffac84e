"""Networks of any size and activity whose state is known at every step, without running them.

A source neuron fires once in `period` steps, and neurons begin at different places of the period;
so the same share of them fires in every step. Whoever listens keeps in its voltage what came in
this step. All numbers are small integers, hence exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse

NEVER = 1e9
"""A threshold that is not reached."""


@dataclass(frozen=True)
class Source:
    """Neurons that fire by themselves, ``1/period`` of them in every step.

    Parameters
    ----------
    size, period : int
        With a size that the period divides, exactly as many fire in each step.
    """

    size: int
    period: int

    @property
    def phases(self) -> np.ndarray:
        """Voltages before the first step."""
        return np.arange(self.size) % self.period

    def fired(self, step: int) -> np.ndarray:
        """1 for those that fire in a step, which counts from 1; nobody fires before."""
        return ((self.phases + step) % self.period == 0).astype(float) * (step > 0)

    @property
    def constants(self) -> dict[str, Any]:
        """What a LIF must be to be this source."""
        return {
            "shape": (self.size,), "v": self.phases.astype(float), "bias_mant": 1.0,
            "du": 1.0, "dv": 0.0, "vth": self.period - 0.5,
        }  # fmt: skip


def follower(size: int, threshold: float) -> dict[str, Any]:
    """What a LIF must be to have its input as voltage: relays fire at 0.5, listeners `NEVER`."""
    return {"shape": (size,), "du": 1.0, "dv": 1.0, "vth": threshold}


class Population:
    """A LIF population in plain NumPy.

    Parameters
    ----------
    constants : dict
        As for the LIF.
    """

    def __init__(self, constants: dict[str, Any]) -> None:
        self.keep_u, self.keep_v = 1 - constants["du"], 1 - constants["dv"]
        self.vth, self.bias = constants["vth"], constants.get("bias_mant", 0.0)
        self.u = np.zeros(constants["shape"])
        self.v = np.array(constants.get("v", self.u), float)

    def step(self, received: Any) -> np.ndarray:
        """Spikes of one step."""
        self.u = self.u * self.keep_u + received
        self.v = self.v * self.keep_v + self.u + self.bias
        spikes: np.ndarray = self.v > self.vth
        self.v[spikes] = 0
        return spikes


@dataclass(frozen=True)
class Line:
    """A source, relays that pass its spikes on within the step, and a listener at the end.

    Parameters
    ----------
    n_actors : int
        From 2.
    source : Source
    """

    n_actors: int
    source: Source

    @property
    def constants(self) -> list[dict[str, Any]]:
        """Of all populations."""
        relay, listener = (follower(self.source.size, vth) for vth in (0.5, NEVER))
        return [self.source.constants, *[relay] * (self.n_actors - 2), listener]

    def build(self, lif: Any) -> list[Any]:
        """The Processes, made of this class."""
        populations = [lif(**constants) for constants in self.constants]
        for before, after in pairwise(populations):
            before.s_out.connect(after.a_in)
        return populations

    def expected(self, step: int) -> np.ndarray:
        """Voltages of the listener after a step."""
        return self.source.fired(step)


@dataclass(frozen=True)
class Layer:
    """A source, sparse synapses, and as many listeners.

    Parameters
    ----------
    source : Source
    n_synapses : int
        Spread evenly over the listeners; the neurons are a multiple of a listener's synapses.
    """

    source: Source
    n_synapses: int

    def weights(self, dtype: type = np.int8) -> Any:
        """The matrix (post, pre) in its canonical form; all weights are 1.

        A listener's senders are drawn one from each of as many equal stretches of the source: so
        they come in order and without repetition, for a hundred million synapses in a second.
        """
        size = self.source.size
        n_listeners = min(size, self.n_synapses)
        fan_in = self.n_synapses // n_listeners
        stretch = size // fan_in
        senders = np.random.default_rng(6).integers(
            0, stretch, (n_listeners, fan_in), dtype=np.int32
        )
        senders += np.arange(fan_in, dtype=np.int32) * np.int32(stretch)
        pointers = np.full(size + 1, self.n_synapses, np.int32)
        pointers[: n_listeners + 1] = np.arange(n_listeners + 1, dtype=np.int32) * fan_in
        values = np.ones(self.n_synapses, dtype)
        return scipy.sparse.csr_matrix((values, senders.reshape(-1), pointers), (size, size))

    @property
    def listener(self) -> dict[str, Any]:
        """Constants of the listening population."""
        return follower(self.source.size, NEVER)

    def build(self, lif: Any, sparse: Any) -> tuple[Any, Any, Any]:
        """The Processes, made of these two classes: source, connection, listeners."""
        source, listeners = lif(**self.source.constants), lif(**self.listener)
        connection = sparse(weights=self.weights())
        source.s_out.connect(connection.s_in)
        connection.a_out.connect(listeners.a_in)
        return source, connection, listeners

    def expected(self, step: int) -> np.ndarray:
        """Voltages of the listeners after a step: what was sent in the step before."""
        return self.weights() @ self.source.fired(step - 1)
