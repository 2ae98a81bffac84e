"""Learning connections step by step: worked examples, epochs, changes from outside."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.learning.learning_rule import (
    Loihi2FLearningRule,
    Loihi3FLearningRule,
    LoihiLearningRule,
)
from lava_actor.learning.learning_rule_applier import AbstractLearningRuleApplier
from lava_actor.model.harness import ModelHarness
from lava_actor.proc.dense.models import (
    PyLearningDenseModelBitApproximate,
    PyLearningDenseModelFloat,
)
from lava_actor.proc.dense.process import LearningDense
from lava_actor.proc.learning_rules.r_stdp_learning_rule import RewardModulatedSTDP
from lava_actor.proc.learning_rules.stdp_learning_rule import STDPLoihi

from . import own_connection
from .own_connection import harness

ENGINES = pytest.mark.parametrize("fixed", [False, True], ids=["float", "fixed"])


def spikes(at: set[int], step: int) -> np.ndarray:
    return np.array([int(step in at)])


def drive(network: ModelHarness, steps: int, **at: set[int]) -> None:
    """Run one more `steps`; `at` are the steps in which the single neuron of a port spikes."""
    for _ in range(steps):
        step = network.time_step + 1
        network.step(**{port: spikes(when, step) for port, when in at.items()})


# Worked examples


@pytest.mark.parametrize(
    ("fixed", "table"),
    [
        (
            False,
            {
                "x1": [0, 16, 14.477399, 13.099692, 27.853092, 25.202519, 22.804183, 20.634078],
                "y1": [0, 0, 0, 16, 14.477399, 13.099692, 11.853092, 10.725121],
                "weights": [0, 0, 0, 13.099692, *[-1.377707] * 4],
            },
        ),
        (
            True,
            {
                "x1": [0, 16, 14, 13, 28, 26, 24, 22],
                "y1": [0, 0, 0, 16, 15, 14, 12, 11],
                "weights": [0, 0, 0, 13, -2, -2, -2, -2],
            },
        ),
    ],
    ids=["float", "fixed"],
)
def test_stdp_by_hand(fixed: bool, table: dict[str, list[float]]) -> None:
    rule = Loihi2FLearningRule(
        dw="y0*x1 - x0*y1", x1_impulse=16, x1_tau=10, y1_impulse=16, y1_tau=10, rng_seed=1
    )
    network = harness(rule, fixed=fixed, weights=np.zeros((1, 1), int))
    for step in range(8):
        drive(network, 1, s_in={2, 5}, s_in_bap={4})
        for name, values in table.items():
            got = getattr(network, name).reshape(-1)[0]
            assert got == pytest.approx(values[step], abs=0 if fixed else 1e-6), (name, step + 1)


def test_weights_are_rounded_with_the_stream_of_seed_two() -> None:
    rule = Loihi2FLearningRule(dw="2^-2*y0*x1", x1_impulse=15, x1_tau=10, rng_seed=1)
    network = harness(rule, fixed=True, weights=np.array([[10]]))
    seen = []
    for step in range(1, 6):
        drive(network, 1, s_in={step}, s_in_bap={step})
        seen.append((int(network.x1[0]), int(network.weights[0, 0])))
    assert seen == [(15, 14), (29, 21), (41, 32), (52, 45), (62, 60)]


def test_the_seed_of_the_rounding_can_be_set() -> None:
    def weights_with(**kwargs: int) -> list[int]:
        rule = Loihi2FLearningRule(dw="2^-3*u0", rng_seed=1)
        network = harness(rule, fixed=True, weights=np.zeros((1, 1), int), **kwargs)
        seen = []
        for _ in range(40):
            network.step()
            seen.append(int(network.weights[0, 0]))
        return seen

    assert weights_with() == weights_with(rounding_seed=2)
    assert weights_with() != weights_with(rounding_seed=3)


def test_wide_products_learn_less_in_fixed_point() -> None:
    rule = Loihi2FLearningRule(dw="x0*x1*w", x1_impulse=64, x1_tau=0, rng_seed=1)
    network = harness(rule, fixed=True, weights=np.array([[40]]))
    drive(network, 2, s_in={1, 2})
    assert network.weights[0, 0] == 255
    rule = Loihi2FLearningRule(dw="x0*x1*w", x1_impulse=64, x1_tau=3)
    network = harness(rule, fixed=False, weights=np.array([[40.0]]))
    drive(network, 1, s_in={1})
    assert network.weights[0, 0] == 40 + 64 * 40


@pytest.mark.parametrize(
    ("fixed", "table"),
    [
        (
            False,
            {
                "x1": [16, 14.477399, 13.099692, 11.853092, 10.725121, 9.704491],
                "tag_1": [0, 0, 26.199384, 13.099692, 6.549846, 3.274923],
                "weights": [0, 0, 0, 26.198984, 52.397969, 52.397969],
            },
        ),
        (
            True,
            {"x1": [16, 15, 13, 12, 11, 10], "tag_1": [0, 0, 26, 13, 6, 3], "weights": [0] * 6},
        ),
    ],
    ids=["float", "fixed"],
)
def test_reward_turns_tags_into_weights(fixed: bool, table: dict[str, list[float]]) -> None:
    rule = RewardModulatedSTDP(1, 2, -2, 10, 10, 16, 16, 0.5, rng_seed=1)
    network = harness(rule, fixed=fixed, weights=np.zeros((1, 1), int))
    y1, y2 = [0, 0, 0, 16, 14, 13], [0, 0, 0, 1, 2, 0]
    for t in range(6):
        network.step(
            s_in=spikes({1}, t + 1),
            s_in_bap=spikes({3}, t + 1),
            s_in_y1=np.array([y1[t]]),
            s_in_y2=np.array([y2[t]]),
        )
        for name, values in table.items():
            got = getattr(network, name).reshape(-1)[0]
            assert got == pytest.approx(values[t], abs=0 if fixed else 1e-6), (name, t + 1)


@pytest.mark.parametrize("delay", [0, 1, 3, 7])
def test_the_windows_of_stdp(delay: int) -> None:
    """A_plus belongs to "pre before post", A_minus to "post before pre"."""
    rate, plus, minus, tau_plus, tau_minus = 0.5, 2, -4, 5.0, 9.0

    def change(pre: int, post: int) -> float:
        rule = STDPLoihi(rate, plus, minus, tau_plus, tau_minus)
        network = harness(rule, fixed=False, weights=np.zeros((1, 1)))
        drive(network, 12, s_in={pre}, s_in_bap={post})
        return float(network.weights[0, 0])

    if delay == 0:
        assert change(2, 2) == pytest.approx(16 * rate * (plus + minus))
    else:
        assert change(2, 2 + delay) == pytest.approx(rate * plus * 16 * np.exp(-delay / tau_plus))
        assert change(2 + delay, 2) == pytest.approx(rate * minus * 16 * np.exp(-delay / tau_minus))


# Epochs


def test_an_earlier_spike_of_an_epoch_acts_as_if_it_came_before() -> None:
    rule = Loihi2FLearningRule(dw="y0*x1", x1_impulse=16, x1_tau=10, t_epoch=3)
    network = harness(rule, fixed=False, weights=np.zeros((1, 1)))
    drive(network, 1, s_in={1})
    assert (network.x1[0], network.tx[0]) == (0, 1)
    drive(network, 1, s_in={2})
    assert (network.x1[0], network.tx[0]) == (16, 2)
    drive(network, 1, s_in_bap={3})
    assert network.x1[0] == pytest.approx(26.330490, abs=1e-6)
    assert network.weights[0, 0] == pytest.approx(26.330490, abs=1e-6)
    assert (network.tx[0], network.ty[0]) == (0, 0)


@ENGINES
def test_between_epochs_spikes_leave_positions_only(fixed: bool) -> None:
    rule = Loihi2FLearningRule(dw="x0*y1", y1_impulse=9, y1_tau=4, t_epoch=4, rng_seed=1)
    network = harness(rule, fixed=fixed, weights=np.zeros((1, 1), int))
    drive(network, 3, s_in={2}, s_in_bap={3})
    assert (network.tx[0], network.ty[0]) == (2, 3)
    assert (network.x0[0], network.y0[0], network.y1[0]) == (False, True, 0)
    drive(network, 1)
    assert [int(getattr(network, name)[0]) for name in ("tx", "ty", "x0", "y0")] == [0, 0, 0, 0]
    assert network.y1[0] > 0


@pytest.mark.parametrize(
    ("k", "t_epoch", "steps"),
    [(0, 1, [1, 2, 3, 4]), (2, 1, [4, 8, 12]), (1, 3, [6, 12]), (0, 5, [5, 10])],
)
def test_decimated_products_count_in_every_other_epoch(
    k: int, t_epoch: int, steps: list[int]
) -> None:
    rule = Loihi2FLearningRule(dw=f"u{k}", t_epoch=t_epoch)
    network = harness(rule, fixed=False, weights=np.zeros((1, 1)))
    seen = []
    for step in range(1, 13):
        before = network.weights[0, 0]
        network.step()
        if network.weights[0, 0] != before:
            seen.append(step)
    assert [s for s in seen if s <= steps[-1]] == steps


@ENGINES
def test_all_targets_change_from_old_values(fixed: bool) -> None:
    rule = Loihi2FLearningRule(dw="u0*2", dt="u0*w", dd="u0*t", rng_seed=1)
    network = harness(
        rule,
        fixed=fixed,
        weights=np.array([[6]]),
        tag_1=np.array([[20]]),
        tag_2=np.array([[3]]),
    )
    network.step()
    assert network.weights[0, 0] == 8
    assert network.tag_1[0, 0] == 26
    assert network.tag_2[0, 0] == 23


@ENGINES
def test_the_base_class_of_rules_learns_like_two_factors(fixed: bool) -> None:
    def learned(kind: type) -> np.ndarray:
        rule = kind(dw="y0*x1 - x0*y1", x1_impulse=9, x1_tau=4, y1_impulse=5, y1_tau=3, rng_seed=4)
        network = harness(rule, fixed=fixed, weights=np.zeros((1, 1), int))
        drive(network, 20, s_in={2, 9, 11}, s_in_bap={5, 9, 14})
        return network.weights

    assert learned(LoihiLearningRule) == learned(Loihi2FLearningRule) != 0


@ENGINES
def test_received_traces_replace_those_of_the_connection(fixed: bool) -> None:
    rule = Loihi3FLearningRule(dw="u0*y2", rng_seed=1)
    network = harness(rule, fixed=fixed, weights=np.zeros((1, 1), int))
    network.step(s_in_y2=np.array([4]), s_in_y3=np.array([2.7]))
    assert network.y2[0] == 4
    assert network.y3[0] == (2 if fixed else 2.7)
    network.step()
    assert (network.y2[0], network.y3[0]) == (0, 0)


def test_a_received_trace_decays_slowly_until_it_is_used() -> None:
    network = harness(Loihi3FLearningRule(dw="u0*y1"), fixed=False, weights=np.zeros((1, 1)))
    network.step(s_in_y1=np.array([1.0]))
    assert network.weights[0, 0] == pytest.approx(np.exp(-1 / 65535), rel=1e-12)


# Limits


def test_a_tag_below_its_accumulator_comes_back_by_itself() -> None:
    """-257 can be reached by rounding, but the accumulator cannot hold it for another epoch."""
    rule = Loihi2FLearningRule(dt="x0*(-7)*2^8", rng_seed=1)
    network = harness(rule, fixed=True, weights=np.zeros((1, 1), int), tag_1=np.array([[-256]]))
    rounding = network.model._la_conn_var_random._rounding
    rounding._block[rounding._used :][:3] = [0.999, 0.5, 0.5]
    drive(network, 1, s_in={1})
    assert network.tag_1[0, 0] == -257
    drive(network, 1)
    assert network.tag_1[0, 0] == -256


@ENGINES
def test_limits_apply_to_silent_synapses_too(fixed: bool) -> None:
    """In the first epoch, and again after weights were set."""
    from lava_actor.utils.weightutils import SignMode

    rule = Loihi2FLearningRule(dw="x0*y1", rng_seed=1)
    network = harness(rule, fixed=fixed, weights=np.array([[-4, 8]]), sign_mode=SignMode.EXCITATORY)
    network.step()
    assert network.weights.tolist() == [[0, 8]]
    network.set("weights", np.array([[6, -2]]))
    network.step()
    assert network.weights.tolist() == [[6, 0]]
    network.model.weights = np.array([[-1, -1]]).astype(network.weights.dtype)  # a RefPort write
    network.step()
    assert network.weights.tolist() == [[0, 0]]


# Changes from outside


@ENGINES
def test_constants_and_rules_can_be_set_between_steps(fixed: bool) -> None:
    rule = Loihi2FLearningRule(dw="x0*x1", x1_impulse=8, x1_tau=0, rng_seed=1)
    network = harness(rule, fixed=fixed, weights=np.zeros((1, 1), int))
    drive(network, 1, s_in={1})
    assert network.weights[0, 0] == 8
    network.set("x1_impulse", 3)
    drive(network, 1, s_in={2})
    assert network.weights[0, 0] == 11
    network.set("dw", "x0*2")
    drive(network, 1, s_in={3})
    assert network.weights[0, 0] == 13
    network.set("dt", "x0*x1")
    network.set("dw", "")
    drive(network, 1, s_in={4})
    assert (network.weights[0, 0], network.tag_1[0, 0]) == (13, 3)
    assert (rule.x1_impulse, rule.dw_str) == (8, "x0*x1")  # the user's own rule stays


@ENGINES
def test_a_rule_that_is_not_valid_is_refused_and_the_old_one_stays(fixed: bool) -> None:
    rule = Loihi2FLearningRule(dw="x0*x1", x1_impulse=8, x1_tau=0, rng_seed=1)
    network = harness(rule, fixed=fixed, weights=np.zeros((1, 1), int))
    for name, value, message in (
        ("dw", "x0*", "nothing to work on"),
        ("dw", "", "all three are None"),
        ("x1_tau", -1, "x1_tau: expected >= 0, got -1"),
    ):
        with pytest.raises(ValueError, match=message):
            network.set(name, value)
        assert network.dw == "x0*x1"
        assert network.x1_tau.tolist() == [0]
    assert network.dt == ""
    drive(network, 1, s_in={1})
    assert network.weights[0, 0] == 8


@ENGINES
def test_rule_and_vars_may_be_changed_until_the_network_starts(fixed: bool) -> None:
    """And what was changed stays when something else is set."""
    rule = Loihi2FLearningRule(dw="x0*x1", dt="y0", x1_impulse=8, x2_impulse=2.5, rng_seed=1)
    connection = LearningDense(weights=np.zeros((1, 1), int), learning_rule=rule)
    rule.x1_impulse, rule.dt_str = 3, "x0*2"
    connection.x1_tau.init, connection.dw.init = 10, "x0*x1*2"
    model = PyLearningDenseModelBitApproximate if fixed else PyLearningDenseModelFloat
    network = ModelHarness(model, connection)
    for _ in range(2):
        inner = network.model._learning_rule
        assert (inner.x1_impulse, inner.x1_tau, inner.x2_impulse) == (3, 10, 2.5)
        assert (inner.dw_str, inner.dt_str) == ("x0*x1*2", "x0*2")
        assert (network.x1_impulse, network.x1_tau) == (3, 10)
        assert (network.dw, network.dt) == ("x0*x1*2", "x0*2")
        network.set("weights", np.array([[4]]))


def test_fractional_constants_survive_the_change_of_others() -> None:
    """The Vars of the fixed-point model are integers; what the user gave is kept all the same."""
    rule = Loihi2FLearningRule(dw="x0*x1", x1_impulse=10.6, x1_tau=10.7, x2_impulse=2.5, rng_seed=1)
    network = harness(rule, fixed=True, weights=np.zeros((1, 1), int))
    network.set("weights", np.array([[4]]))
    network.set("x2_impulse", 7)
    inner = network.model._learning_rule
    assert (inner.x1_impulse, inner.x1_tau, inner.x2_impulse) == (10.6, 10.7, 7)
    network.set("x1_tau", 12)
    inner = network.model._learning_rule
    assert (inner.x1_impulse, inner.x1_tau) == (10.6, 12)


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_state_that_others_replaced_by_read_only_arrays_goes_on(sparse: bool) -> None:
    rule = STDPLoihi(1, 1, -1, 10, 10, rng_seed=1)
    weights = csr_matrix(np.full((1, 1), 4.0)) if sparse else np.full((1, 1), 4.0)
    network = harness(rule, fixed=False, sparse=sparse, weights=weights)
    drive(network, 3, s_in={2}, s_in_bap={3})
    before = float(np.asarray(network.weights.sum()))
    for name in ("x1", "tx", "y0", "weights"):
        value = getattr(network, name).copy()
        (value if isinstance(value, np.ndarray) else value.data).flags.writeable = False
        setattr(network.model, name, value)
    drive(network, 3, s_in={4}, s_in_bap={5})
    assert float(np.asarray(network.weights.sum())) != before


# Extension points


def test_a_model_can_bring_its_own_arithmetic_of_rules() -> None:
    class Decay(AbstractLearningRuleApplier):
        """Works on all synapses in every epoch, whatever spiked."""

        def apply(self, init_accumulator: np.ndarray, **applier_args: object) -> np.ndarray:
            return init_accumulator / 2 + applier_args["tag_1"]

    class OwnRule(own_connection.OwnDenseFloat):
        def _create_learning_rule_applier(self, product_series: object) -> Decay:
            return Decay(product_series)  # type: ignore[arg-type]

    process = own_connection.OwnDense(
        shape=(2, 2),
        weights=np.full((2, 2), 8.0),
        tag_1=np.eye(2),
        learning_rule=Loihi2FLearningRule(dw="x0"),
        graded_spike_cfg=GradedSpikeCfg.USE_REGULAR_IMPULSE,
    )
    network = ModelHarness(OwnRule, process)
    network.step()
    network.step(s_in=np.array([1, 0]))
    assert network.weights.tolist() == [[3.5, 2.0], [2.0, 3.5]]


def test_a_connection_says_how_graded_spikes_act() -> None:
    """The model needs to be told: there is no default on this side."""
    process = own_connection.OwnDense(
        shape=(1, 1), weights=np.zeros((1, 1)), learning_rule=Loihi2FLearningRule(dw="x0")
    )
    with pytest.raises(KeyError, match="graded_spike_cfg"):
        ModelHarness(own_connection.OwnDenseFloat, process)


def test_a_model_needs_a_rule() -> None:
    """The Process can do without; a model that learns cannot."""
    process = own_connection.OwnDense(shape=(1, 1), weights=np.zeros((1, 1)))
    with pytest.raises(TypeError, match=r"OwnDenseFloat\.learning_rule: expected .* got None"):
        ModelHarness(own_connection.OwnDenseFloat, process)


def test_equal_seeds_give_equal_bits_and_connections_do_not_share_streams() -> None:
    rule = STDPLoihi(1, 1, -1, 10, 10, rng_seed=8)

    def run(together: int) -> list[np.ndarray]:
        rng = np.random.default_rng(3)
        networks = [
            harness(rule, fixed=True, weights=np.zeros((2, 3), int)) for _ in range(together)
        ]
        for _ in range(60):
            pre, post = (rng.random(3) < 0.3).astype(int), (rng.random(2) < 0.3).astype(int)
            for network in networks:
                network.step(s_in=pre, s_in_bap=post)
        return [network.weights for network in networks]

    (alone,) = run(1)
    for weights in run(3):
        np.testing.assert_array_equal(weights, alone)
    assert alone.any()
