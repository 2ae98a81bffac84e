"""Rule objects: parsed rules, checked constants, ready-made rules."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from lava_actor.errors import LavaActorWarning
from lava_actor.learning.learning_rule import (
    Loihi2FLearningRule,
    Loihi3FLearningRule,
    LoihiLearningRule,
)
from lava_actor.learning.utils import apply_mask, float_to_literal, stochastic_round
from lava_actor.proc.learning_rules.r_stdp_learning_rule import RewardModulatedSTDP
from lava_actor.proc.learning_rules.stdp_learning_rule import STDPLoihi

CONSTANTS = [f"{t}_{kind}" for t in ("x1", "x2", "y1", "y2", "y3") for kind in ("impulse", "tau")]


def test_what_a_rule_uses_is_collected_over_its_targets() -> None:
    rule = LoihiLearningRule(dw="x0*(-1)*2^-1*y1 + y0*1*2^1*x1", dd="u0*x2*y2")
    assert rule.active_traces == {"x1", "x2", "y1", "y2"}
    assert rule.active_traces_per_dependency == {"x0": {"y1"}, "y0": {"x1"}, "u": {"x2", "y2"}}
    assert rule.decimate_exponent == 0
    assert list(rule.active_product_series) == ["dw", "dd"]
    assert rule.dw is rule.active_product_series["dw"]
    assert rule.dt is None
    assert rule.dt_str is None


def test_setting_a_string_parses_it_and_none_switches_it_off() -> None:
    rule = LoihiLearningRule(dw="x0*y1")
    rule.dt_str = "y0*x1"
    rule.dw_str = None
    assert rule.active_traces == {"x1"}
    with pytest.raises(ValueError, match="at least one of dw, dd and dt"):
        rule.dt_str = None
    with pytest.raises(ValueError, match="no condition"):
        rule.dt_str = "y1"
    assert rule.dt_str == "y0*x1"
    with pytest.raises(TypeError, match="dw: expected a string or None, got int"):
        rule.dw_str = 3  # type: ignore[assignment]


def test_all_u_of_a_rule_have_the_same_digit() -> None:
    with pytest.raises(ValueError, match="found u1 in dw, u2 in dt"):
        LoihiLearningRule(dw="u1*w", dt="u2*t")
    rule = LoihiLearningRule(dw="u1*w", dt="u1*t")
    with pytest.raises(ValueError, match="found u1 in dw, u3 in dt"):
        rule.dt_str = "u3*t"
    assert rule.decimate_exponent == 1
    assert LoihiLearningRule(dw="x0").decimate_exponent is None


def test_a_rule_without_any_string_is_refused() -> None:
    with pytest.raises(ValueError, match="all three are None"):
        LoihiLearningRule()


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_cannot_be_negative(name: str) -> None:
    rule = LoihiLearningRule(dw="x0", **{name: 2.5})
    assert getattr(rule, name) == 2.5
    setattr(rule, name, np.array([3]))
    assert getattr(rule, name) == 3
    for bad in (-1, -0.5, float("nan")):
        with pytest.raises(ValueError, match=rf"{name}: expected >= 0, got"):
            setattr(rule, name, bad)
        with pytest.raises(ValueError, match=rf"{name}: expected >= 0, got"):
            LoihiLearningRule(dw="x0", **{name: bad})
    assert getattr(rule, name) == 3
    with pytest.raises(TypeError, match=f"{name}: expected one number"):
        setattr(rule, name, [1, 2])


def test_an_epoch_has_at_least_one_step() -> None:
    for steps in (0, -1):
        with pytest.raises(ValueError, match="t_epoch: expected an integer, at least 1"):
            LoihiLearningRule(dw="x0", t_epoch=steps)
    with pytest.raises(ValueError, match="t_epoch: expected an integer"):
        LoihiLearningRule(dw="x0", t_epoch=1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="t_epoch: expected an integer, at least 1, got inf"):
        LoihiLearningRule(dw="x0", t_epoch=float("inf"))  # type: ignore[arg-type]


def test_a_seed_is_an_integer_that_generators_take() -> None:
    rule = LoihiLearningRule(dw="x0", rng_seed=7)
    for bad in (2.5, -1, float("nan")):
        with pytest.raises(ValueError, match="rng_seed: expected an integer, at least 0, got"):
            LoihiLearningRule(dw="x0", rng_seed=bad)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="rng_seed: expected an integer, at least 0, got"):
            rule.rng_seed = bad  # type: ignore[assignment]
    with pytest.raises(TypeError, match="rng_seed: expected an integer, at least 0, got 'a'"):
        LoihiLearningRule(dw="x0", rng_seed="a")  # type: ignore[arg-type]
    assert rule.rng_seed == 7


def test_a_literal_is_made_of_a_finite_number() -> None:
    for bad in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="expected a finite number"):
            STDPLoihi(bad, 1, -1, 10, 10)
    with pytest.raises(TypeError, match="expected one number, got '1'"):
        STDPLoihi("1", 1, -1, 10, 10)  # type: ignore[arg-type]


def test_a_seed_that_is_not_given_comes_from_numpys_global_generator() -> None:
    state = np.random.get_state()  # noqa: NPY002
    try:
        np.random.seed(5)  # noqa: NPY002
        first = LoihiLearningRule(dw="x0").rng_seed
        np.random.seed(5)  # noqa: NPY002
        assert LoihiLearningRule(dw="x0").rng_seed == first
        assert 1 <= first < 2**31 - 1
    finally:
        np.random.set_state(state)  # noqa: NPY002
    assert LoihiLearningRule(dw="x0", rng_seed=7).rng_seed == 7


def test_two_and_three_factor_rules() -> None:
    assert issubclass(Loihi2FLearningRule, LoihiLearningRule)
    assert Loihi2FLearningRule("x0*y1", None, "x0", 3).x1_impulse == 3
    rule = Loihi3FLearningRule(dw="x0*y1", x1_impulse=4, x1_tau=9, t_epoch=2)
    assert (rule.x1_impulse, rule.x1_tau, rule.t_epoch) == (4, 9, 2)
    assert {rule.y1_impulse, rule.y2_impulse, rule.y3_impulse} == {0}
    assert {rule.y1_tau, rule.y2_tau, rule.y3_tau} == {65535}
    with pytest.raises(TypeError, match="y1_tau"):
        Loihi3FLearningRule(dw="x0*y1", y1_tau=4)  # type: ignore[call-arg]


def test_a_copy_of_a_rule_is_independent() -> None:
    rule = LoihiLearningRule(dw="x0*y1", x1_tau=3)
    for twin in (copy.copy(rule), pickle.loads(pickle.dumps(rule))):
        twin.x1_tau, twin.dw_str = 4, "y0*x1"
        assert (rule.x1_tau, rule.dw_str) == (3, "x0*y1")
        assert (twin.x1_tau, twin.active_traces) == (4, {"x1"})


@pytest.mark.parametrize(
    ("number", "literal", "changes"),
    [
        (0, "0", False),
        (3, "(3)", False),
        (-2, "(-2)", False),
        (1.0, "(1)", False),
        (0.25, "(1) * 2 ^ -2", False),
        (-0.5, "(-1) * 2 ^ -1", False),
        (0.1, "(1) * 2 ^ -3", True),
        (0.3, "(1) * 2 ^ -2", True),
        (1.5, "(1) * 2 ^ 1", True),
        (2.7, "(2) * 2 ^ 0", True),
        (0.75, "(1) * 2 ^ 0", True),
    ],
)
def test_numbers_as_literals(number: float, literal: str, changes: bool) -> None:
    if changes:
        with pytest.warns(LavaActorWarning, match="takes its place"):
            assert float_to_literal(number) == literal
    else:
        assert float_to_literal(number) == literal


def test_stdp_writes_its_rule() -> None:
    rule = STDPLoihi(learning_rate=0.5, A_plus=1, A_minus=-2, tau_plus=10, tau_minus=12, t_epoch=3)
    assert (rule.learning_rate, rule.A_plus, rule.A_minus) == ("(1) * 2 ^ -1", "(1)", "(-2)")
    assert (rule.tau_plus, rule.tau_minus) == (10, 12)
    assert (rule.x1_impulse, rule.y1_impulse) == (16, 16)
    assert (rule.x1_tau, rule.y1_tau, rule.t_epoch) == (10, 12, 3)
    assert rule.dw is not None
    assert [(p.dependency, p.s_mantissa, p.s_exp - 7) for p in rule.dw.products] == [
        ("x0", -2, -1),
        ("y0", 1, -1),
    ]
    assert STDPLoihi(1, 1, -1, 2, 2, x1_impulse=3, dt="x0*t").x1_impulse == 3


def test_reward_modulated_stdp_writes_its_rules() -> None:
    rule = RewardModulatedSTDP(
        learning_rate=1,
        A_plus=2,
        A_minus=-2,
        pre_trace_decay_tau=10,
        post_trace_decay_tau=11,
        pre_trace_kernel_magnitude=16,
        post_trace_kernel_magnitude=17,
        eligibility_trace_decay_tau=0.5,
    )
    assert rule.dt_str == "(1) * (-2) * x0 * y1 + (1) * (2) * y0 * x1 - u0 * t * (1) * 2 ^ -1"
    assert rule.dw_str == " u0 * t * y2 "
    assert (rule.x1_tau, rule.x1_impulse) == (10, 16)
    assert (rule.post_trace_decay_tau, rule.post_trace_kernel_magnitude) == (11, 17)
    assert isinstance(rule, Loihi3FLearningRule)


def test_small_helpers() -> None:
    rounded = stochastic_round(np.array([1, 2, 3]), np.array([0.2, 0.5, 0.9]), np.full(3, 0.5))
    assert rounded.tolist() == [2, 2, 3]
    assert apply_mask(0b1101, 3) == 0b101
    assert np.array_equal(apply_mask(np.array([255, 256]), 8), [255, 0])
