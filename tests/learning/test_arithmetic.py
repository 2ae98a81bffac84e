"""Traces, rounding, limits, appliers, random numbers: closed forms and worked examples."""

from __future__ import annotations

import pickle
from enum import Enum

import numpy as np
import pytest

from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.learning.learning_rule_applier import (
    LearningRuleApplierBitApprox,
    LearningRuleApplierFloat,
)
from lava_actor.learning.limits import from_accumulator, limits_of, to_accumulator
from lava_actor.learning.product_series import ProductSeries
from lava_actor.learning.random import ConnVarRandom, TraceRandom
from lava_actor.learning.spikes import FixedGradedSpikes, FloatGradedSpikes, book
from lava_actor.learning.symbolic_equation import SymbolicEquation
from lava_actor.learning.traces import FixedTraces, FloatTraces
from lava_actor.utils.weightutils import SignMode


def series(text: str) -> ProductSeries:
    return ProductSeries(SymbolicEquation("dw", text))


# Random numbers


def test_streams_are_those_of_single_draws() -> None:
    """Also across the end of a block."""
    traces, rounding = TraceRandom(5, 6), ConnVarRandom()
    decay, impulse, round_ = (np.random.default_rng(seed) for seed in (5, 6, 2))
    for _ in range(600):
        assert traces.random_trace_decay == decay.random(1)[0]
        assert traces.random_impulse_addition == impulse.integers(0, 128, size=1, dtype=int)[0]
        assert rounding.random_stochastic_round == round_.random(1)[0]
        traces.advance()
        rounding.advance()


def test_a_stream_goes_on_after_it_was_saved() -> None:
    traces = TraceRandom(5, 6)
    for _ in range(300):
        traces.advance()
    twin = pickle.loads(pickle.dumps(traces))
    for _ in range(300):
        traces.advance()
        twin.advance()
        assert twin.random_trace_decay == traces.random_trace_decay
        assert twin.random_impulse_addition == traces.random_impulse_addition


def test_the_streams_of_the_worked_examples() -> None:
    pre, post, rounding = TraceRandom(1, 2), TraceRandom(3, 4), ConnVarRandom()
    seen = {"pre": [], "post": [], "round": []}
    for _ in range(5):
        seen["pre"].append(round(pre.random_trace_decay, 6))
        seen["post"].append(round(post.random_trace_decay, 6))
        seen["round"].append(round(rounding.random_stochastic_round, 6))
        for generator in (pre, post, rounding):
            generator.advance()
    assert seen["pre"] == [0.511822, 0.950464, 0.144160, 0.948649, 0.311831]
    assert seen["post"][:3] == [0.085649, 0.236811, 0.801274]
    assert seen["round"] == [0.261612, 0.298491, 0.814226, 0.091916, 0.600101]


# Traces


def test_a_floating_trace_decays_exponentially_and_jumps_at_spikes() -> None:
    traces = FloatTraces([16.0, 2.0], [10.0, 3.0])
    start = np.array([[16.0, 0.0], [1.0, 0.0]])
    history = traces.history(start, np.array([2, 0]), 3)
    one, two = np.exp(-1 / 10), np.exp(-1 / 3)
    assert history.shape == (4, 2, 2)
    np.testing.assert_allclose(
        history[:, 0, 0], [16, 16 * one, 16 * one**2 + 16, (16 * one**2 + 16) * one]
    )
    np.testing.assert_allclose(history[:, 1, 0], [1, two, two**2 + 2, (two**2 + 2) * two])
    assert not history[:, :, 1].any()


@pytest.mark.parametrize("kind", [FloatTraces, FixedTraces])
def test_without_a_time_constant_a_trace_lasts_one_step(kind: type) -> None:
    history = kind([5], [0]).history(np.array([[9]]), np.array([1]), 2)
    assert history[:, 0, 0].tolist() == [9, 5, 0]


def test_fixed_traces_round_decay_with_one_random_number() -> None:
    traces = FixedTraces([0], [10])
    exact = np.exp(-1 / 10) * np.arange(128)
    for number in (0.0, 0.3, 0.999):
        want = np.floor(exact) + (number < exact - np.floor(exact))
        np.testing.assert_array_equal(traces.decay(np.arange(128)[np.newaxis], number)[0], want)


@pytest.mark.parametrize(
    ("impulse", "number", "added"),
    [(10, 0, 10), (10.3, 0, 11), (10.3, 76, 11), (10.3, 77, 10), (10.5, 127, 11), (0.999, 5, 1)],
)
def test_fractions_of_impulses_are_added_at_random(impulse: float, number: int, added: int) -> None:
    """The fraction has eight bits, the random number seven: 0.3 is 77/256."""
    assert FixedTraces([impulse], [1]).add(np.array([[3]]), number)[0, 0] == 3 + added


def test_fixed_traces_saturate() -> None:
    assert FixedTraces([100], [1]).add(np.array([[100]]), 0)[0, 0] == 127


# Booking


def test_a_second_spike_in_an_epoch_replaces_the_first() -> None:
    last = np.array([0, 2, 0, 1])
    assert book(last, np.array([0, 1]), 3).tolist() == [1]
    assert last.tolist() == [3, 3, 0, 1]
    assert book(np.array([0, 0]), np.array([1]), 1).size == 0


@pytest.mark.parametrize(
    ("config", "fixed", "counted", "real"),
    [
        (GradedSpikeCfg.OVERWRITE, [2, 128, 50, 127], None, [2.5, 127.5, 50.0, 127.0]),
        (GradedSpikeCfg.ADD_WITH_SATURATION, [12, 0, 127, 9], None, [12.5, 255.5, 150, 137]),
        (
            GradedSpikeCfg.ADD_WITHOUT_SATURATION,
            [12, 0, 23, 10],
            [False, False, True, True],
            [12.5, 255.5, 150, 137],
        ),
    ],
)
def test_payloads_write_to_the_trace(
    config: GradedSpikeCfg, fixed: list[int], counted: list[bool] | None, real: list[float]
) -> None:
    payload, traces = np.array([5, 255, 100, 254]), np.array([10, 128, 100, 10])
    new, which = FixedGradedSpikes(config).apply(traces, payload)
    if config is GradedSpikeCfg.ADD_WITH_SATURATION:
        fixed = np.clip((traces + np.rint(payload / 2).astype(int)) % 256, 0, 127).tolist()
    assert new.tolist() == fixed
    assert (None if which is None else which.tolist()) == counted
    new, which = FloatGradedSpikes(config).apply(traces.astype(float), payload)
    assert new.tolist() == real
    assert which is None


# Limits


@pytest.mark.parametrize(
    ("mode", "low", "high"),
    [
        (SignMode.MIXED, -256, 255),
        (None, -256, 255),
        (SignMode.EXCITATORY, 0, 255),
        (SignMode.INHIBITORY, -255, 0),
    ],
)
def test_weights_stay_in_the_range_of_their_sign_mode(
    mode: Enum | None, low: int, high: int
) -> None:
    limits = limits_of(mode)["weights"]
    for number in (0.0, 0.5, 0.99):
        values = from_accumulator(np.arange(-32769, 32768, dtype=np.int32), limits, number)
        assert (values.min(), values.max()) == (low, high)


def test_tags_have_ranges_of_their_own() -> None:
    everything = np.arange(-32769, 32768, dtype=np.int32)
    limits = limits_of(None)
    tag_1 = from_accumulator(everything, limits["tag_1"], 0.999)
    assert (tag_1.min(), tag_1.max()) == (-257, 255)
    tag_2 = from_accumulator(everything, limits["tag_2"], 0.999)
    assert (tag_2.min(), tag_2.max()) == (0, 255)


def test_a_sign_mode_that_leaves_the_sign_open_is_refused() -> None:
    with pytest.raises(ValueError, match=r"sign_mode: expected MIXED, .* got NULL"):
        limits_of(SignMode.NULL)


def test_rounding_adds_one_where_the_random_number_is_below_the_fraction() -> None:
    accumulator = np.arange(-2000, 2000, dtype=np.int32)
    exact = accumulator / 128
    for number in (0.0, 0.261612, 0.5, 63 / 128, 127.5 / 128):
        want = np.floor(exact) + (number < exact - np.floor(exact))
        got = from_accumulator(accumulator, limits_of(None)["weights"], number)
        np.testing.assert_array_equal(got, want)


def test_values_that_stay_without_a_change_are_settled() -> None:
    """-257, which a tag can reach, is brought back by the accumulator even without a change."""
    for name, limits in limits_of(None).items():
        for value in range(limits.low, limits.high + 1):
            stays = all(
                from_accumulator(
                    np.clip(to_accumulator(np.array([value])), -32769, 32767), limits, number
                )
                == value
                for number in (0.0, 0.3, 0.7, 0.999)
            )
            assert limits.settled(np.array([value])) == stays, (name, value)
        assert not limits.settled(np.array([limits.low, 256]))
        assert limits.settled(np.empty(0, np.int32))


# Appliers


def test_the_integer_applier_alone() -> None:
    rng = np.random.default_rng(0)
    x0 = np.array([[0, 0, 1, 1, 0]])
    x1_y0 = rng.integers(0, 17, 5)
    x2_u = rng.integers(0, 17, 5)
    y0 = np.array([1, 1, 0, 1, 0, 1, 0, 0, 1])[:, np.newaxis]
    y1_x0 = rng.integers(0, 17, 9)[:, np.newaxis]
    weights = rng.integers(0, 51, (9, 5))
    applier = LearningRuleApplierBitApprox(
        series("x0*(-1)*2^-1*y1 + y0*1*2^1*x1*w + u0*x2 + u0*sgn(w+4)")
    )
    result = applier.apply(
        weights, x0=x0, y0=y0, u=1, weights=weights, x1_y0=x1_y0, x2_u=x2_u, y1_x0=y1_x0,
        shape=(9, 5), np=np, traces=None,
    )  # fmt: skip
    assert result[0].tolist() == [5295, 1294, 2025, 738, 1792]
    assert result[-1].tolist() == [3745, 3626, 1635, 867, 2323]


def test_wide_products_are_scaled_down() -> None:
    """64*40 has width 4+7+9 = 20, so five bits are cut; the accumulator has seven more."""
    applier = LearningRuleApplierBitApprox(series("x0*x1*w"))
    result = applier.apply(np.array([40 << 7]), x0=1, x1_x0=64, weights=40)
    assert result.tolist() == [(40 << 7) + (80 << 7)]


@pytest.mark.parametrize(("value", "want"), [(-4, -3), (4, 4), (0, 0)])
def test_sums_with_fractions_are_truncated_toward_zero(value: int, want: int) -> None:
    applier = LearningRuleApplierBitApprox(series("u0*(w+2^-1)*2^-7"))
    assert applier.apply(np.array([0]), u=1, weights=np.array([value])).tolist() == [want]


def test_products_wrap_and_the_accumulator_saturates() -> None:
    applier = LearningRuleApplierBitApprox(series("u0*x1*x2*y1*y2*y3"))
    traces = {f"{name}_u": np.array([127]) for name in ("x1", "x2", "y1", "y2", "y3")}
    wrapped = np.int64(127**5).astype(np.int32) >> 24
    got = applier.apply(np.array([0]), u=1, **traces)
    assert got.tolist() == np.clip([int(wrapped) << 7], -32769, 32767).tolist()
    saturating = LearningRuleApplierBitApprox(series("u0*7*2^8 - u0*2^7"))
    assert saturating.apply(np.array([0]), u=1).tolist() == [32767 - (1 << 14)]


def test_the_floating_applier_sums_products() -> None:
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(3, 4))
    x0, y0 = np.array([[1, 0, 1, 0]]), np.array([[0], [1], [1]])
    x1, y1 = rng.normal(size=(1, 4)), rng.normal(size=(3, 4))
    applier = LearningRuleApplierFloat(series("2^-1*x0*y1*(w-2) - y0*x1*3 + u1*sgn(w)*y0"))
    got = applier.apply(weights, x0=x0, y0=y0, u=1, weights=weights, y1_x0=y1, x1_y0=x1)
    want = weights + 0.5 * x0 * y1 * (weights - 2) - 3 * y0 * x1 + np.sign(weights) * y0
    np.testing.assert_allclose(got, want)
    off = applier.apply(weights, x0=0, y0=0, u=0)
    np.testing.assert_array_equal(off, weights)


def test_a_product_whose_condition_fails_lets_nothing_through() -> None:
    applier = LearningRuleApplierFloat(series("x0*y1"))
    got = applier.apply(np.zeros(2), x0=np.array([0, 1]), y1_x0=np.array([np.nan, 1.0]))
    assert got.tolist() == [0.0, 1.0]
