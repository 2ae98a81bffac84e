"""Learning in networks that actors run: known totals, Vars while paused, user-written models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from lava_actor import ActorType, Loihi2SimCfg, RunSteps
from lava_actor.learning.learning_rule import Loihi2FLearningRule, LoihiLearningRule
from lava_actor.proc.dense.process import LearningDense
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.sparse.process import LearningSparse

FLOAT, FIXED = (Loihi2SimCfg(select_tag=tag) for tag in ("floating_pt", "fixed_pt"))


class Network:
    """source -> connection -> sink, with a second source for post-synaptic spikes."""

    def __init__(self, connection: Any, pre: np.ndarray, post: np.ndarray) -> None:
        self.connection = connection
        self.pre, self.post = Source(data=pre), Source(data=post)
        self.sink = Sink(shape=connection.a_out.shape, buffer=pre.shape[1])
        self.pre.s_out.connect(connection.s_in)
        self.post.s_out.connect(connection.s_in_bap)
        connection.a_out.connect(self.sink.a_in)

    def run(self, steps: int, run_cfg: Any, actor_type: ActorType | None = None) -> None:
        config = {} if actor_type is None else {"actor_type": actor_type}
        self.connection.run(RunSteps(steps), run_cfg, config)


@pytest.fixture
def started() -> Iterator[list[Any]]:
    """Processes to stop at the end."""
    processes: list[Any] = []
    yield processes
    for process in processes:
        process.stop()


@pytest.mark.parametrize(
    ("pre_bias", "post_bias", "want"),
    [
        ([0.1], [0.15], [[-79.35744962]]),
        (
            [0.08, 0.1, 0.11],
            [0.12, 0.15],
            [[-39.5354368, -63.4727323, -80.0561724], [-22.9046844, -41.8479607, -54.5550086]],
        ),
    ],
    ids=["one synapse", "populations"],
)
def test_known_totals_of_stdp_between_lif_neurons(
    pre_bias: list[float], post_bias: list[float], want: Any, started: list[Any]
) -> None:
    rule = STDPLoihi(learning_rate=1, A_plus=1, A_minus=-2, tau_plus=10, tau_minus=10, t_epoch=1)
    pre = LIF(shape=(len(pre_bias),), bias_mant=np.array(pre_bias), vth=1)
    post = LIF(shape=(len(post_bias),), bias_mant=np.array(post_bias), vth=1)
    connection = LearningDense(
        weights=np.zeros((len(post_bias), len(pre_bias))), learning_rule=rule
    )
    pre.s_out.connect(connection.s_in)
    connection.a_out.connect(post.a_in)
    post.s_out.connect(connection.s_in_bap)
    started.append(pre)
    pre.run(RunSteps(100), FLOAT)
    np.testing.assert_allclose(connection.weights.get(), want, rtol=1e-7)


def test_any_number_of_steps_in_one_run_gives_the_same(started: list[Any]) -> None:
    """And so do threads; each connection has random streams and a rule of its own."""
    rng = np.random.default_rng(2)
    pre, post = ((rng.random((n, 40)) < 0.3).astype(int) for n in (4, 3))
    rule = STDPLoihi(0.5, 1, -1, 10, 10, rng_seed=4, t_epoch=2)

    def learned(runs: list[int], actor_type: ActorType) -> np.ndarray:
        network = Network(LearningDense(weights=np.full((3, 4), 20), learning_rule=rule), pre, post)
        started.append(network.connection)
        for steps in runs:
            network.run(steps, FIXED, actor_type)
        return np.array(network.connection.weights.get())

    whole = learned([40], ActorType.MultiProcessing)
    assert (whole != 20).any()
    np.testing.assert_array_equal(learned([1] * 3 + [5, 32], ActorType.MultiProcessing), whole)
    np.testing.assert_array_equal(learned([17, 23], ActorType.Threading), whole)


def test_the_base_class_of_rules_receives_post_synaptic_spikes(started: list[Any]) -> None:
    """Nothing piles up in the channel: many more steps than it holds messages."""
    rule = LoihiLearningRule(dw="y0*2", rng_seed=1)
    spikes = np.ones((1, 200), int)
    network = Network(LearningDense(weights=np.zeros((1, 1)), learning_rule=rule), spikes, spikes)
    started.append(network.connection)
    network.run(200, FLOAT)
    assert network.connection.weights.get() == 400


@pytest.mark.parametrize("actor_type", [ActorType.MultiProcessing, ActorType.Threading])
def test_rules_change_while_the_network_is_paused(
    actor_type: ActorType, started: list[Any]
) -> None:
    rule = Loihi2FLearningRule(dw="x0*x1", x1_impulse=8, x1_tau=0, rng_seed=1)
    spikes = np.ones((1, 10), int)
    network = Network(LearningDense(weights=np.zeros((1, 1)), learning_rule=rule), spikes, spikes)
    connection = network.connection
    started.append(connection)
    network.run(1, FLOAT, actor_type)
    assert connection.weights.get() == 8
    assert (connection.dw.get(), connection.dt.get(), connection.dd.get()) == ("x0*x1", "", "")

    connection.x1_impulse.set(3)
    connection.dt.set("x0*2")
    network.run(1, FLOAT)
    assert (connection.weights.get(), connection.tag_1.get()) == (11, 2)

    with pytest.raises(ValueError, match=r"(?s)dw: .* position 2\n.*\^"):
        connection.dw.set("x0*")
    with pytest.raises(ValueError, match=r"x1_tau: expected >= 0, got -4"):
        connection.x1_tau.set(-4)
    assert (connection.dw.get(), connection.x1_tau.get()) == ("x0*x1", 0)
    connection.weights.set(np.array([[100]]))
    network.run(1, FLOAT)
    assert (connection.weights.get(), connection.tag_1.get()) == (103, 4)
    assert (rule.x1_impulse, rule.dw_str, rule.dt_str) == (8, "x0*x1", None)


def test_sparse_weights_are_read_and_set_as_matrices(started: list[Any]) -> None:
    weights = csr_matrix(np.array([[2.0, 0, 4], [0, 6, 0]]))
    rule = Loihi2FLearningRule(dw="x0", rng_seed=1)
    network = Network(
        LearningSparse(weights=weights, learning_rule=rule),
        np.tile([[1], [0], [1]], (1, 5)),
        np.zeros((2, 5), int),
    )
    connection = network.connection
    started.append(connection)
    network.run(2, FIXED)
    assert connection.weights.get().toarray().tolist() == [[4, 0, 6], [0, 6, 0]]
    new = weights.copy()
    new.data[:] = [10, 20, 30]
    connection.weights.set(new)
    network.run(2, FIXED)
    assert connection.weights.get().toarray().tolist() == [[12, 0, 22], [0, 30, 0]]
    assert network.sink.data.get()[:, 3].tolist() == [30, 0]


@pytest.mark.parametrize("kind", [LearningDense, LearningSparse])
@pytest.mark.parametrize("config", [FLOAT, FIXED], ids=["float", "fixed"])
def test_a_learning_loop_runs_ahead_and_learns_what_lockstep_learns(
    kind: type, config: Any, started: list[Any]
) -> None:
    """Learning guards alone order nobody: each model answers its own."""
    rng = np.random.default_rng(5)
    given_weights = np.where(rng.random((30, 30)) < 0.5, rng.integers(0, 60, (30, 30)), 0)

    def learned(schedule: dict[str, str]) -> np.ndarray:
        rule = STDPLoihi(1, 0.5, -0.5, 8, 8, dt="u0*2 - u0*2^-1*t", t_epoch=3, rng_seed=2)
        weights = csr_matrix(given_weights) if kind is LearningSparse else given_weights
        cells = LIF(shape=(30,), bias_mant=biases, vth=40, **decays)
        synapses = kind(weights=weights, tag_1=weights * 0, learning_rule=rule)
        cells.s_out.connect(synapses.s_in)
        synapses.a_out.connect(cells.a_in)
        cells.s_out.connect(synapses.s_in_bap)
        started.append(cells)
        cells.run(RunSteps(60), config, schedule)
        assert cells.runtime.executable.schedule.lockstep == bool(schedule)
        found = synapses.weights.get()
        return np.array(found.toarray() if kind is LearningSparse else found)

    biases = rng.integers(1, 12, 30)
    decays = {"du": 2048, "dv": 400} if config is FIXED else {"du": 0.5, "dv": 0.1}
    ahead = learned({})
    assert (ahead != given_weights).any()
    np.testing.assert_array_equal(learned({"schedule": "lockstep"}), ahead)
