"""LearningDense, LearningSparse and LearningLIF: construction, activation, discovery."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import coo_matrix, csr_matrix, issparse

from lava_actor import Loihi2SimCfg
from lava_actor.learning.connection_models import LearningConnectionModelFloat
from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.learning.learning_rule import Loihi2FLearningRule, LoihiLearningRule
from lava_actor.model.harness import ModelHarness
from lava_actor.model.registry import candidates
from lava_actor.proc.dense.models import (
    AbstractPyDenseModelFloat,
    PyDenseModelFloat,
    PyLearningDenseModelBitApproximate,
    PyLearningDenseModelFloat,
)
from lava_actor.proc.dense.process import Dense, LearningDense
from lava_actor.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava_actor.proc.lif.models import (
    PyLearningLIFModelFixed,
    PyLearningLifModelFloat,
    PyLifModelBitAcc,
    PyLifModelFloat,
)
from lava_actor.proc.lif.process import LIF, LearningLIF
from lava_actor.proc.sparse.models import (
    PyLearningSparseModelBitApproximate,
    PyLearningSparseModelFloat,
)
from lava_actor.proc.sparse.process import LearningSparse
from lava_actor.utils.weightutils import SignMode

CONNECTIONS = pytest.mark.parametrize("kind", [LearningDense, LearningSparse])
ENGINES = pytest.mark.parametrize("fixed", [False, True], ids=["float", "fixed"])


def model_of(kind: type, fixed: bool) -> type:
    return {
        LearningDense: (PyLearningDenseModelFloat, PyLearningDenseModelBitApproximate),
        LearningSparse: (PyLearningSparseModelFloat, PyLearningSparseModelBitApproximate),
    }[kind][fixed]


def stdp(**kwargs: Any) -> STDPLoihi:
    return STDPLoihi(1, 1, -1, 10, 8, rng_seed=3, **kwargs)


def idle() -> LoihiLearningRule:
    """A rule that never changes anything."""
    return Loihi2FLearningRule(dw="0*u0", rng_seed=1)


def values(matrix: Any) -> Any:
    return (matrix.toarray() if issparse(matrix) else matrix).tolist()


# Construction


@CONNECTIONS
def test_a_connection_needs_a_rule(kind: type) -> None:
    for missing in (None, "x0*y1"):
        with pytest.raises(TypeError, match=rf"{kind.__name__}\.learning_rule: expected a Loihi"):
            kind(weights=np.eye(2), learning_rule=missing)
    with pytest.raises(AttributeError):
        kind(weights=np.eye(2))


@CONNECTIONS
def test_shapes_have_to_fit(kind: type) -> None:
    with pytest.raises(ValueError, match=r"weights: expected a matrix"):
        kind(weights=np.ones(3), learning_rule=stdp())
    rule = stdp()
    for tag in ("tag_1", "tag_2"):
        with pytest.raises(ValueError, match=rf"{tag}: expected the shape of the weights, \(2, 2"):
            kind(
                weights=np.eye(2),
                learning_rule=rule,
                graded_spike_cfg=GradedSpikeCfg.OVERWRITE,
                **{tag: np.eye(3)},
            )
    assert rule.x1_impulse == 16  # a connection that was refused leaves the rule alone
    for bad, message in (
        ({"sign_mode": SignMode.NULL}, "sign_mode: expected MIXED"),
        ({"sign_mode": "MIXED"}, "sign_mode: expected MIXED"),
        ({"graded_spike_cfg": "OVERWRITE"}, rf"{kind.__name__}.graded_spike_cfg: expected a G"),
        ({"rounding_seed": -1}, rf"{kind.__name__}.rounding_seed: expected an integer"),
    ):
        with pytest.raises(ValueError, match=message):
            kind(weights=np.eye(2), learning_rule=rule, **bad)
    with pytest.raises(TypeError, match="got a csr_matrix; use LearningSparse"):
        LearningDense(weights=csr_matrix(np.eye(2)), learning_rule=rule)


@CONNECTIONS
def test_graded_spikes_take_the_place_of_the_impulse(kind: type) -> None:
    rule = stdp()
    connection = kind(
        weights=np.eye(2), learning_rule=rule, graded_spike_cfg=GradedSpikeCfg.ADD_WITH_SATURATION
    )
    assert rule.x1_impulse == 0
    assert connection.x1_impulse.get() == 0
    assert connection.proc_params["graded_spike_cfg"] is GradedSpikeCfg.ADD_WITH_SATURATION
    rule = stdp()
    assert kind(weights=np.eye(2), learning_rule=rule).x1_impulse.get() == rule.x1_impulse == 16


@CONNECTIONS
def test_members_of_a_learning_connection(kind: type) -> None:
    rule = stdp(dt="x0*2")
    connection = kind(weights=np.ones((2, 3)), learning_rule=rule, name="c", weight_exp=1)
    assert connection.name == "c"
    assert connection.s_in.shape == connection.x1.shape == connection.tx.shape == (3,)
    assert connection.a_out.shape == connection.s_in_bap.shape == connection.y1.shape == (2,)
    assert connection.weights.shape == connection.tag_1.shape == connection.tag_2.shape == (2, 3)
    assert (connection.dw.get(), connection.dd.get(), connection.dt.get()) == (
        rule.dw_str, None, "x0*2",
    )  # fmt: skip
    parameters = connection.proc_params
    assert parameters["shape"] == (2, 3)
    assert parameters["learning_rule"] is rule
    assert parameters["weight_exp"] == 1
    assert not np.any(values(connection.tag_1.get()))


def test_sparse_connections_know_the_columns_that_learn() -> None:
    weights = coo_matrix(([4.0, 5.0, 0.0], ([0, 1, 1], [2, 0, 1])), shape=(2, 3))
    connection = LearningSparse(weights=weights, tag_1=np.eye(2, 3), learning_rule=stdp())
    columns = connection.proc_params["x_idx_active_syn_vars"]
    assert {name: found.tolist() for name, found in columns.items()} == {
        "weights": [2, 0],
        "tag_2": [],
        "tag_1": [0, 1],
    }
    assert isinstance(connection.weights.get(), csr_matrix)
    assert connection.weights.get().nnz == 3


def test_models_are_found_in_their_order() -> None:
    assert candidates(LearningDense) == [
        PyLearningDenseModelFloat,
        PyLearningDenseModelBitApproximate,
    ]
    assert candidates(LearningSparse) == [
        PyLearningSparseModelFloat,
        PyLearningSparseModelBitApproximate,
    ]
    assert candidates(LearningLIF) == [PyLearningLIFModelFixed, PyLearningLifModelFloat]
    for models in map(candidates, (LearningDense, LearningSparse)):
        assert ["floating_pt" in model.tags for model in models] == [True, False]
        assert models[1].tags == ["bit_approximate_loihi", "fixed_pt"]


# Activation


@CONNECTIONS
@pytest.mark.parametrize("bits", [0, 8], ids=["binary", "graded"])
def test_the_activation_is_that_of_dense(kind: type, bits: int) -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(3, 4))
    plain = ModelHarness(PyDenseModelFloat, Dense(weights=weights, num_message_bits=bits))
    learning = ModelHarness(
        model_of(kind, False),
        kind(weights=weights, num_message_bits=bits, learning_rule=idle()),
    )
    for _ in range(6):
        s_in = rng.integers(-1, 4, 4)
        want = plain.step(s_in=s_in)["a_out"]
        np.testing.assert_array_equal(learning.step(s_in=s_in)["a_out"], want)


@CONNECTIONS
def test_the_activation_uses_the_weights_from_before_learning(kind: type) -> None:
    connection = kind(
        weights=np.array([[2.0]]), learning_rule=Loihi2FLearningRule(dw="x0*5", rng_seed=1)
    )
    network = ModelHarness(model_of(kind, False), connection)
    spike = np.array([1])
    sent = [network.step(s_in=spike)["a_out"][0] for _ in range(4)]
    assert sent == [0, 2, 7, 12]
    assert values(network.weights) == [[22]]


@CONNECTIONS
def test_fixed_weights_are_truncated_once_and_never_clipped(kind: type) -> None:
    connection = kind(weights=np.array([[9, -3, 300, 0]]), learning_rule=idle(), weight_exp=1)
    network = ModelHarness(model_of(kind, True), connection)
    assert values(network.weights) == [[8, -4, 300, 0]]
    network.step(s_in=np.array([1, 1, 0, 0]))
    assert network.step()["a_out"].tolist() == [8]
    new = np.array([[7, -5, 3, 0]])
    network.set("weights", csr_matrix(new) if kind is LearningSparse else new)
    network.step(s_in=np.array([1, 1, 1, 0]))
    assert network.step()["a_out"].tolist() == [10]


@CONNECTIONS
@pytest.mark.parametrize(
    ("mode", "want"),
    [(SignMode.EXCITATORY, [[9, 0]]), (SignMode.INHIBITORY, [[0, -3]])],
)
def test_a_sign_mode_is_given_never_found(kind: type, mode: SignMode, want: Any) -> None:
    connection = kind(weights=np.array([[9, -3]]), learning_rule=idle(), sign_mode=mode)
    network = ModelHarness(model_of(kind, True), connection)
    network.step()
    assert values(network.weights) == want
    connection = kind(weights=np.array([[9, 3]]), learning_rule=idle())
    assert values(ModelHarness(model_of(kind, True), connection).weights) == [[8, 2]]


# Learning


@ENGINES
@pytest.mark.parametrize("bits", [0, 6], ids=["binary", "graded"])
def test_sparse_learns_like_dense_on_stored_entries(fixed: bool, bits: int) -> None:
    rng = np.random.default_rng(7)
    stored = rng.random((5, 6)) < 0.5
    weights = np.where(stored, rng.integers(-40, 40, (5, 6)), 0)
    tag = np.where(stored, rng.integers(1, 9, (5, 6)), 0)
    pattern = csr_matrix(stored.astype(int))
    strings = {
        "dw": "2^-2*x0*y1 - 2^-2*y0*x1*2 + u1*sgn(t-3)",
        "dt": "x0*y0*3 - u1*t*2^-2 + y0*w*2^-4",
    }
    constants = {"x1_impulse": 20, "x1_tau": 6, "y1_impulse": 9, "y1_tau": 4, "t_epoch": 2}

    def network(kind: type, *matrices: Any) -> ModelHarness:
        rule = Loihi2FLearningRule(**strings, **constants, rng_seed=11)
        connection = kind(
            weights=matrices[0],
            tag_1=matrices[1],
            learning_rule=rule,
            num_message_bits=bits,
            graded_spike_cfg=GradedSpikeCfg.OVERWRITE if bits else 0,
        )
        return ModelHarness(model_of(kind, fixed), connection)

    def as_csr(matrix: np.ndarray) -> csr_matrix:
        made = pattern.copy()
        made.data = matrix[pattern.nonzero()]
        return made

    dense = network(LearningDense, weights, tag)
    sparse = network(LearningSparse, as_csr(weights), as_csr(tag))
    for _ in range(40):
        spikes = {
            "s_in": (rng.random(6) < 0.4) * rng.integers(1, 60, 6),
            "s_in_bap": (rng.random(5) < 0.4).astype(int),
        }
        dense.step(**spikes)
        sparse.step(**spikes)
        for name in ("weights", "tag_1"):
            got = getattr(sparse, name)
            assert got.nnz == stored.sum()
            np.testing.assert_array_equal(got.toarray()[stored], getattr(dense, name)[stored])
    assert not np.array_equal(dense.weights, weights)


@ENGINES
def test_a_tag_without_a_pattern_never_changes(fixed: bool) -> None:
    rule = Loihi2FLearningRule(dw="u0*t + x0*3", dt="x0*5", rng_seed=1)
    connection = LearningSparse(weights=np.array([[2, 4]]), learning_rule=rule)
    network = ModelHarness(model_of(LearningSparse, fixed), connection)
    network.step(s_in=np.array([1, 0]))
    assert network.tag_1.nnz == 0
    assert values(network.weights) == [[5, 4]]


class OwnLearningDense(LearningConnectionModelFloat, AbstractPyDenseModelFloat):
    """Engine and connection put together by hand, as programs written for Lava do."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.before: list[float] = []

    def run_spk(self) -> None:
        self.a_out.send(self.a_buff)
        s_in = self.s_in.recv().astype(bool)
        self.a_buff = self.weights.dot(s_in)
        self.recv_traces(s_in)

    def _process_pre_spikes(self, s_in: np.ndarray) -> None:
        self.before.append(float(self.x1.sum()))
        super()._process_pre_spikes(s_in)


def test_users_put_engines_and_connections_together() -> None:
    rng = np.random.default_rng(5)
    weights = rng.normal(size=(3, 4))
    own, ours = (
        ModelHarness(model, LearningDense(weights=weights, learning_rule=stdp(t_epoch=2)))
        for model in (OwnLearningDense, PyLearningDenseModelFloat)
    )
    for _ in range(30):
        spikes = {"s_in": rng.random(4) < 0.4, "s_in_bap": rng.random(3) < 0.4}
        got, want = own.step(**spikes)["a_out"], ours.step(**spikes)["a_out"]
        np.testing.assert_allclose(got, want)
        np.testing.assert_array_equal(own.weights, ours.weights)
    assert len(own.model.before) == 30
    assert any(own.model.before)


@CONNECTIONS
def test_zero_size_populations_learn_nothing(kind: type) -> None:
    for shape in ((0, 3), (2, 0)):
        for fixed in (False, True):
            connection = kind(weights=np.zeros(shape), learning_rule=stdp())
            network = ModelHarness(model_of(kind, fixed), connection)
            network.step(s_in=np.ones(shape[1], int), s_in_bap=np.ones(shape[0], int))
            assert network.step()["a_out"].tolist() == [0] * shape[0]


# LearningLIF


@pytest.mark.parametrize(
    ("own", "plain", "parameters"),
    [
        (PyLearningLifModelFloat, PyLifModelFloat, {"du": 0.1, "dv": 0.05, "vth": 8}),
        (PyLearningLIFModelFixed, PyLifModelBitAcc, {"du": 410, "dv": 205, "vth": 20}),
    ],
    ids=["float", "fixed"],
)
def test_learning_lif_is_lif(own: type, plain: type, parameters: dict[str, Any]) -> None:
    rng = np.random.default_rng(1)
    learning = ModelHarness(own, LearningLIF(shape=(4,), bias_mant=1, **parameters))
    lif = ModelHarness(plain, LIF(shape=(4,), bias_mant=1, **parameters))
    fired = 0
    for _ in range(60):
        a_in = rng.integers(-3, 9, 4)
        got, want = learning.step(a_in=a_in), lif.step(a_in=a_in)
        np.testing.assert_array_equal(got["s_out"], want["s_out"])
        np.testing.assert_array_equal(learning.v, lif.v)
        assert [got[f"s_out_{name}"] for name in ("bap", "y1", "y2", "y3")] == [None] * 4
        fired += want["s_out"].sum()
    assert fired


def test_learning_lif_keeps_the_rule_for_its_model() -> None:
    rule = stdp()
    neuron = LearningLIF(shape=(2, 3), learning_rule=rule, extra=5)
    model = ModelHarness(PyLearningLifModelFloat, neuron).model
    assert model._learning_rule is rule
    assert model._shape == (2, 3)
    assert neuron.proc_params["extra"] == 5
    assert neuron.a_third_factor_in.shape == neuron.s_out_y1.shape == (2,)
    assert neuron.y1.shape == (2, 3)


@ENGINES
@pytest.mark.parametrize("kind", [LearningDense, LearningSparse])
@pytest.mark.parametrize(
    "rule", [{"dw": "x0*y1*3 - y0*x1*2"}, {"dw": "y0*x1 + u1*d", "dd": "x0*2"}]
)
def test_learning_that_waits_shows_in_whatever_is_read_and_set(
    kind: type[Any], fixed: bool, rule: dict[str, str]
) -> None:
    """A subclass may hold the weights, so its learning does not wait: both do the same."""
    library = model_of(kind, fixed)
    rng = np.random.default_rng(11)
    weights = np.where(rng.random((30, 40)) < 0.5, rng.integers(-50, 50, (30, 40)), 0).astype(float)
    constants = {f"{trace}_{what}": 8 for trace in ("x1", "y1") for what in ("impulse", "tau")}
    made = Loihi2FLearningRule(**rule, **constants, t_epoch=3, rng_seed=2)
    waiting, at_once = (
        ModelHarness(model, kind(weights=weights, learning_rule=made))
        for model in (library, type("Own", (library,), {}))
    )
    waited = 0
    for step in range(1, 91):
        spikes = {
            "s_in": (rng.random(40) < 0.1).astype(int),
            "s_in_bap": (rng.random(30) < 0.2).astype(int),
        }
        got, want = (network.step(**spikes)["a_out"] for network in (waiting, at_once))
        assert got.tobytes() == want.tobytes()
        assert at_once.model._la_current_arrears() is None
        waited += waiting.model._la_current_arrears() is not None
        if step % 20 == 0:
            for name in ("weights", "tag_2"):
                mine, theirs = (values(getattr(n, name)) for n in (waiting, at_once))
                assert mine == theirs
        if step == 50:
            for network in (waiting, at_once):
                network.model.weights = network.model.weights * 2
                network.model.on_var_update()
    assert waited == (0 if kind is LearningSparse and "dd" in rule else 90)  # tags lie elsewhere


@ENGINES
@pytest.mark.parametrize("kind", [LearningDense, LearningSparse])
def test_variables_that_were_set_learn_natively_on(kind: type[Any], fixed: bool) -> None:
    rule = Loihi2FLearningRule(dw="x0*t", dt="y0*2", rng_seed=1)
    ones = csr_matrix(np.ones((3, 4))) if kind is LearningSparse else np.ones((3, 4))
    network = ModelHarness(
        model_of(kind, fixed), kind(weights=ones, tag_1=ones, learning_rule=rule)
    )
    for name in ("weights", "tag_1"):
        assert network.model._la_native_state() is not None
        other = np.int64 if fixed else np.float64
        network.set(name, ones.astype(other) * 2)
        assert network.model._la_native_state() is not None
        assert values(getattr(network, name)) == [[2] * 4] * 3


def test_it_is_said_which_variable_keeps_learning_in_python() -> None:
    """A rule whose variables have different entries is applied by NumPy."""
    rule = Loihi2FLearningRule(dw="u0*t", rng_seed=1)
    ones, some = csr_matrix(np.ones((2, 2))), csr_matrix(np.eye(2))
    for tag, said in ((some, "steps in Python: the entries of tag_1"), (ones, "steps natively")):
        source, neurons = LIF(shape=(2,)), LIF(shape=(2,))
        plastic = LearningSparse(weights=ones, tag_1=tag, learning_rule=rule, name="plastic")
        source.s_out.connect(plastic.s_in)
        plastic.a_out.connect(neurons.a_in)
        described = source.compile(Loihi2SimCfg(select_tag="floating_pt")).describe()
        line = next(line for line in described.splitlines() if "plastic <-" in line)
        assert said in line
