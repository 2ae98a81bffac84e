"""Random networks: nodes of several kinds, wired at random, and what they compute, by hand.

Every node holds an integer state that depends on everything it ever received, read or was
written, so that any difference in order or content shows in the end. A new kind of Process or port
joins `KINDS`. Beside the nodes, and only listening to them, there may be free-running watchers and
neurons of the library that learn (`Company`).

Actors import this module by name, so it stays light.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lava_actor import (
    AbstractProcess,
    AsyncProtocol,
    InPort,
    LavaPyType,
    LoihiProtocol,
    OutPort,
    PyAsyncProcessModel,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    PyRefPort,
    RefPort,
    Var,
    implements,
)
from lava_actor.model.sync.domain import SyncDomain
from lava_actor.proc.dense.process import Dense, LearningDense
from lava_actor.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava_actor.proc.lif.process import LIF, LearningLIF

SIZE = 4
PRIME = 1_000_003


class Node(AbstractProcess):
    """Mixes what it receives into its state; ``every`` is the period of its guards."""

    def __init__(self, seed: int, every: int, **kwargs: Any) -> None:
        super().__init__(seed=seed, every=every, **kwargs)
        self.state = Var((SIZE,), init=np.arange(SIZE) + seed)
        self.steps = Var((1,), init=0)
        self.inp = InPort((SIZE,))
        self.out = OutPort((SIZE,))


class Speaker(Node):
    """Sends, then receives: may be part of a loop."""


class Listener(Node):
    """Receives, then sends: nodes made later do not send to it, so it closes no loop."""


class Learner(Node):
    """A speaker that learns in some steps."""


class Poster(Node):
    """A speaker with post-management in some steps."""


class Learned(Node):
    """A speaker with learning and post-management."""


class Referrer(Node):
    """A speaker with a RefPort."""

    def __init__(self, seed: int, every: int, **kwargs: Any) -> None:
        super().__init__(seed, every, **kwargs)
        self.ref = RefPort((SIZE,))


class RemoteReader(Referrer):
    """Reads somebody's state in post-management."""


class RemoteWriter(Referrer):
    """Reads, then writes somebody's state in post-management."""


class Tapper(Node):
    """Reads somebody's state in post-management, and says that it never does more."""

    def __init__(self, seed: int, every: int, **kwargs: Any) -> None:
        super().__init__(seed, every, **kwargs)
        self.tap = RefPort((SIZE,))


class TapperAndWriter(RemoteWriter, Tapper):
    """Does what both do, in this order: tap, read, write."""


class Sparse(Node):
    """A speaker that sends events: some elements only."""


class _NodeModel(PyLoihiProcessModel):
    state: np.ndarray = LavaPyType(np.ndarray, np.int64)
    steps: np.ndarray = LavaPyType(np.ndarray, np.int64)
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)

    def mix(self, data: np.ndarray, factor: int) -> None:
        self.state = mixed(self.state, data, factor)

    def due(self) -> bool:
        return self.time_step % self.proc_params["every"] == 0

    def send(self) -> None:
        self.out.send(self.state)

    def run_spk(self) -> None:
        self.steps += 1
        self.send()
        self.mix(self.inp.recv(), 3)


def mixed(state: np.ndarray, data: np.ndarray, factor: int) -> np.ndarray:
    """The next state: linear in both, so that no information is lost."""
    return (factor * state + 7 * np.roll(data, 1) + 1) % PRIME


@implements(proc=Speaker, protocol=LoihiProtocol)
class PySpeaker(_NodeModel):
    pass


@implements(proc=Listener, protocol=LoihiProtocol)
class PyListener(_NodeModel):
    def run_spk(self) -> None:
        self.steps += 1
        self.mix(self.inp.recv(), 3)
        self.send()


@implements(proc=Learner, protocol=LoihiProtocol)
class PyLearner(_NodeModel):
    def lrn_guard(self) -> bool:
        return self.due()

    def run_lrn(self) -> None:
        self.mix(self.state, 5)


class _PosterModel(_NodeModel):
    def post_guard(self) -> bool:
        return self.due()

    def run_post_mgmt(self) -> None:
        self.mix(self.state, 11)


@implements(proc=Poster, protocol=LoihiProtocol)
class PyPoster(_PosterModel):
    pass


@implements(proc=Learned, protocol=LoihiProtocol)
class PyLearned(_PosterModel):
    def lrn_guard(self) -> bool:
        return self.time_step % 2 == 0

    def run_lrn(self) -> None:
        self.mix(self.state, 5)


class _ReferrerModel(_NodeModel):
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int64)

    def post_guard(self) -> bool:
        return self.due()


@implements(proc=RemoteReader, protocol=LoihiProtocol)
class PyRemoteReader(_ReferrerModel):
    def run_post_mgmt(self) -> None:
        self.mix(self.ref.read(), 13)


@implements(proc=RemoteWriter, protocol=LoihiProtocol)
class PyRemoteWriter(_ReferrerModel):
    def run_post_mgmt(self) -> None:
        there = self.ref.read()
        self.mix(there, 13)
        self.ref.write((there + self.state) % PRIME)


@implements(proc=Tapper, protocol=LoihiProtocol)
class PyTapper(_NodeModel):
    tap: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int64, reads_only=True)

    def post_guard(self) -> bool:
        return self.due()

    def run_post_mgmt(self) -> None:
        self.mix(self.tap.read(), 17)


@implements(proc=TapperAndWriter, protocol=LoihiProtocol)
class PyTapperAndWriter(_ReferrerModel):
    tap: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int64, reads_only=True)

    def run_post_mgmt(self) -> None:
        self.mix(self.tap.read(), 17)
        PyRemoteWriter.run_post_mgmt(self)


@implements(proc=Sparse, protocol=LoihiProtocol)
class PySparse(_NodeModel):
    out: PyOutPort = LavaPyType(PyOutPort.VEC_SPARSE, np.int64)

    def send(self) -> None:
        (indices,) = np.nonzero(self.state % 3 == 0)
        self.out.send(self.state[indices], indices)


class Watcher(AbstractProcess):
    """Takes one message per step of a run, and is not driven by the clock."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.state = Var((SIZE,), init=0)
        self.inp = InPort((SIZE,))


@implements(proc=Watcher, protocol=AsyncProtocol)
class PyWatcher(PyAsyncProcessModel):
    state: np.ndarray = LavaPyType(np.ndarray, np.int64)
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)

    def run_async(self) -> None:
        for _ in range(self.num_steps):
            self.state = mixed(self.state, self.inp.recv(), 3)


KINDS: tuple[type[Node], ...] = (
    Speaker, Listener, Learner, Poster, Learned, RemoteReader, RemoteWriter, Sparse, Tapper,
    TapperAndWriter,
)  # fmt: skip


@dataclass(frozen=True)
class Edge:
    """``source.out`` into ``target.inp``; rearranged on the way if ``shift``."""

    source: int
    target: int
    transposed: bool


class Company:
    """What listens to a node: a free-running watcher, and a chain that learns."""

    def __init__(self, source: Node, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.watcher = Watcher(name="watcher")
        source.out.connect(self.watcher.inp)
        weigh = Dense(weights=rng.random((8, SIZE)) * 4 / PRIME, num_message_bits=24, name="weigh")
        drive = LIF(shape=(8,), du=1.0, dv=0.2, vth=8.0, bias_mant=rng.random(8), name="drive")
        rule = STDPLoihi(
            learning_rate=1, A_plus=2, A_minus=-2, tau_plus=10, tau_minus=10, t_epoch=2
        )
        self.plastic = LearningDense(
            weights=rng.random((3, 8)) * 8, learning_rule=rule, name="plastic"
        )
        self.taught = LearningLIF(shape=(3,), du=0.5, dv=0.1, vth=20.0, name="taught")
        source.out.connect(weigh.s_in)
        weigh.a_out.connect(drive.a_in)
        drive.s_out.connect(self.plastic.s_in)
        self.plastic.a_out.connect(self.taught.a_in)
        self.taught.s_out.connect(self.plastic.s_in_bap)

    def domain(self) -> SyncDomain:
        """Where the watcher runs."""
        return SyncDomain("free", AsyncProtocol(), [self.watcher])


@dataclass
class Plan:
    """A random network: kinds, message edges, references, and the lengths of its runs."""

    seeds: list[int]
    every: list[int]
    kinds: list[type[Node]]
    edges: list[Edge] = field(default_factory=list)
    references: dict[int, int] = field(default_factory=dict)
    taps: dict[int, int] = field(default_factory=dict)
    runs: list[int] = field(default_factory=list)
    domain_of: list[int] = field(default_factory=list)

    @staticmethod
    def draw(rng: random.Random) -> Plan:
        """Draw one; connected, so that a run on the first node runs all."""
        n = rng.randint(2, 7)
        plan = Plan(
            seeds=[rng.randrange(1000) for _ in range(n)],
            every=[rng.randint(1, 4) for _ in range(n)],
            kinds=[rng.choice(KINDS) for _ in range(n)],
            runs=[rng.choice((0, 1, 2, 5, 17)) for _ in range(rng.randint(1, 3))],
        )
        pairs = {(i, i + 1) for i in range(n - 1)}
        for _ in range(rng.randint(0, 2 * n)):
            source, target = rng.randrange(n), rng.randrange(n)
            if source < target or plan.kinds[target] is not Listener:
                pairs.add((source, target))
        plan.edges = [Edge(s, t, rng.random() < 0.3) for s, t in sorted(pairs)]
        for i in range(n):
            for kind, reached in ((Referrer, plan.references), (Tapper, plan.taps)):
                if issubclass(plan.kinds[i], kind):
                    reached[i] = rng.choice([j for j in range(n) if j != i])
        plan.domain_of = [rng.randrange(rng.choice((1, n))) for _ in range(n)]
        return plan

    def domains(self, nodes: list[Node]) -> list[SyncDomain]:
        """The nodes in their sync domains, to be named in a run configuration."""
        found: dict[int, list[Node]] = {}
        for node, index in zip(nodes, self.domain_of, strict=True):
            found.setdefault(index, []).append(node)
        return [SyncDomain(f"d{i}", LoihiProtocol(), list(n)) for i, n in found.items()]

    def build(self) -> list[Node]:
        """The Processes, connected."""
        nodes = [
            kind(seed, every, name=f"n{i}")
            for i, (kind, seed, every) in enumerate(
                zip(self.kinds, self.seeds, self.every, strict=True)
            )
        ]
        for edge in self.edges:
            port: Any = nodes[edge.source].out
            if edge.transposed:
                port = port.reshape((2, SIZE // 2)).transpose().flatten()
            port.connect(nodes[edge.target].inp)
        for user, owner in self.references.items():
            nodes[user].ref.connect_var(nodes[owner].state)  # type: ignore[attr-defined]
        for user, owner in self.taps.items():
            nodes[user].tap.connect_var(nodes[owner].state)  # type: ignore[attr-defined]
        return nodes

    # -- what it computes, by hand ----------------------------------------------------------

    def expected(self, steps: int) -> list[np.ndarray]:
        """All states after ``steps`` steps."""
        return self.expected_with_watcher(steps, 0)[0]

    def expected_with_watcher(
        self, steps: int, watched: int
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """All states after ``steps`` steps, and that of a watcher of node ``watched``."""
        n = len(self.kinds)
        seen = np.zeros(SIZE, np.int64)
        states = [np.arange(SIZE, dtype=np.int64) + seed for seed in self.seeds]
        for step in range(1, steps + 1):
            seen = mixed(seen, self._spike(states)[watched], 3)
            for i in range(n):
                if self._learns(i, step):
                    states[i] = mixed(states[i], states[i], 5)
            for i in self._order():
                self._tidy(i, step, states)
        return states, seen

    def _spike(self, states: list[np.ndarray]) -> list[Any]:
        n = len(self.kinds)
        sent: list[Any] = [
            None if kind is Listener else self._message(i, states[i])
            for i, kind in enumerate(self.kinds)
        ]
        inputs = {}
        for i in range(n):  # listeners in order: what they need is made before them
            total = np.zeros(SIZE, np.int64)
            if self.kinds[i] is Listener:
                states[i] = mixed(states[i], self._sum(i, sent, total), 3)
                sent[i] = states[i]
        for i in range(n):
            if self.kinds[i] is not Listener:
                inputs[i] = self._sum(i, sent, np.zeros(SIZE, np.int64))
        for i, data in inputs.items():
            states[i] = mixed(states[i], data, 3)
        return sent

    def _message(self, i: int, state: np.ndarray) -> np.ndarray:
        return np.where(state % 3 == 0, state, 0) if self.kinds[i] is Sparse else state

    def _sum(self, i: int, sent: list[Any], total: np.ndarray) -> np.ndarray:
        for edge in self.edges:
            if edge.target == i:
                data = sent[edge.source]
                if edge.transposed:
                    data = data.reshape(2, SIZE // 2).T.reshape(-1)
                total = total + data
        return total

    def _learns(self, i: int, step: int) -> bool:
        if self.kinds[i] is Learner:
            return step % self.every[i] == 0
        return self.kinds[i] is Learned and step % 2 == 0

    def _order(self) -> list[int]:
        """Owners before those who refer to them, who may write before who does not; then by id."""
        n = len(self.kinds)
        waiting = {
            i: {reached[i] for reached in (self.references, self.taps) if i in reached}
            for i in range(n)
        }
        order: list[int] = []
        while waiting:
            ready = [i for i in waiting if not waiting[i] & waiting.keys()]
            only_reads = (Tapper, RemoteReader)
            chosen = min(ready or waiting, key=lambda i: (self.kinds[i] in only_reads, i))
            order.append(chosen)
            del waiting[chosen]
        return order

    def _tidy(self, i: int, step: int, states: list[np.ndarray]) -> None:
        if step % self.every[i]:
            return
        if self.kinds[i] in (Poster, Learned):
            states[i] = mixed(states[i], states[i], 11)
        if issubclass(self.kinds[i], Tapper):
            states[i] = mixed(states[i], states[self.taps[i]], 17)
        if self.kinds[i] is RemoteReader:
            states[i] = mixed(states[i], states[self.references[i]], 13)
        elif issubclass(self.kinds[i], RemoteWriter):
            there = states[self.references[i]]
            states[i] = mixed(states[i], there, 13)
            states[self.references[i]] = (there + states[i]) % PRIME

