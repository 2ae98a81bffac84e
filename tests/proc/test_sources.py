"""Spike sources send what they say, the same wherever they run."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest

from lava_actor import Loihi2SimCfg, RunSteps, load
from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.model.harness import ModelHarness
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sources import models, poisson
from lava_actor.proc.sources.process import PoissonSource, RegularSource, SpikeTimes

FLOAT = Loihi2SimCfg(select_tag="floating_pt")


def dense(message: object, shape: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to(np.asarray(message, float), shape)


def record(source, steps: int, model: type | None = None) -> np.ndarray:
    """What a source sends in each step: (steps, *shape)."""
    name = type(source).__name__
    model = model or getattr(models, f"Py{name}Float")
    harness = ModelHarness(model, source)
    return np.array([dense(harness.step()["s_out"], source.s_out.shape) for _ in range(steps)])


# -- Poisson ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.0, 0.002, 0.3, 1.28, 9.0, 29.9, 31.0])
def test_numbers_of_spikes_follow_the_poisson_distribution(rate: float):
    numbers = record(PoissonSource(shape=(5000,), rate=rate), 20).reshape(-1).astype(int)
    found = np.bincount(numbers, minlength=1)
    shares = np.exp(-rate) * np.cumprod(
        np.concatenate(([1.0], rate / np.arange(1, found.size)))
    )
    expected = shares * numbers.size
    common = expected > 10
    chi2 = ((found - expected)[common] ** 2 / expected[common]).sum()
    freedom = common.sum()
    assert chi2 < freedom + 5 * np.sqrt(2 * freedom)
    assert found[~common].sum() <= expected[~common].sum() * 3 + 30


@pytest.mark.parametrize("mean", [0.0, 1e-9, 0.128, 1.28, 5.0, 17.3])
def test_what_16_bits_decide_is_found_with_the_roundings_of_all_bits(mean):
    edges, none = np.arange((1 << 16) + 1) * 2.0**-16, np.exp(-mean)
    found = poisson._numbers(np.full(edges.size, mean), np.full(edges.size, none), edges)
    more = np.diff(found.astype(int))
    more[-1] = min(more[-1], 1)
    lasts = np.repeat(np.arange(1 << 16), more)
    assert np.array_equal(poisson.Means(np.array([mean])).lasts, lasts)


@pytest.mark.parametrize("mean", [0.0, 1e-9, 0.128, 1.28, 30.0])
def test_16_bits_decide_what_all_bits_would(mean):
    lasts = poisson.Means(np.array([mean])).lasts
    shares, none = np.exp(-mean) * np.ones(1), np.exp(-mean)
    for number in range(1, 120):
        shares = np.append(shares, shares[-1] + none * mean**number / factorial(number))
    bits = np.arange(1 << 16)
    open_ = np.isin(bits, lasts)
    numbers = np.searchsorted(lasts, bits)
    assert open_.mean() < 0.001
    for edge in (bits, bits + 1 - 1e-6):
        assert np.array_equal(
            numbers[~open_], np.searchsorted(shares, edge / (1 << 16), side="right")[~open_]
        )


def test_the_same_rate_draws_the_same_beside_others_of_any_rate():
    """By 16 bits or more."""
    alone = record(PoissonSource(shape=(400,), rate=2.0, seed=3), 200)
    rates = np.where(np.arange(400) == 7, 95.0, 2.0)
    beside = record(PoissonSource(shape=(400,), rate=rates, seed=3), 200)
    kept = rates == 2.0
    assert np.array_equal(alone[:, kept], beside[:, kept])
    assert abs(beside[:, 7].mean() - 95) < 5 * np.sqrt(95 / 200)


@pytest.mark.parametrize("tag", ["floating_pt", "fixed_pt"])
@pytest.mark.parametrize(
    "source",
    [
        lambda: PoissonSource(shape=(1303,), rate=1.28, amplitude=-2, seed=7),
        lambda: PoissonSource(shape=(3, 7), rate=3.3 * np.arange(21).reshape(3, 7), seed=7),
        lambda: PoissonSource(shape=(851,), rate=0.4, amplitude=range(851), binary=True, seed=7),
        lambda: SpikeTimes(times=[[3, 1], [], [2, 2], [9]] * 20, amplitude=range(80)),
    ],
)
def test_sources_draw_natively_and_in_parts_what_their_numpy_text_draws(source, tag):
    plain = source()
    suffix = "Float" if tag == "floating_pt" else "Fixed"
    expected = record(plain, 12, getattr(models, f"Py{type(plain).__name__}{suffix}"))
    assert expected.any()
    for parts in (1, 3):
        sending, monitor = source(), Monitor()
        monitor.probe(sending.s_out, 12)
        with sending:
            config = {"placement": {sending: parts}}
            sending.create_runtime(Loihi2SimCfg(select_tag=tag), compile_config=config)
            assert "in Python" not in sending.runtime.executable.describe().split("Monitor")[0]
            sending.run(RunSteps(12))
        found = monitor.get_data()[sending.name]["s_out"].reshape(expected.shape)
        assert np.array_equal(found, expected)


def test_steps_and_neurons_are_independent():
    spikes = record(PoissonSource(shape=(300,), rate=0.5), 400)
    spikes = spikes - spikes.mean()
    over_time = (spikes[1:] * spikes[:-1]).mean() / spikes.var()
    over_neurons = (spikes[:, 1:] * spikes[:, :-1]).mean() / spikes.var()
    assert max(abs(over_time), abs(over_neurons)) < 5 / np.sqrt(spikes.size)


def test_every_neuron_may_have_a_rate_of_its_own():
    rates = np.array([[0.0, 0.1], [1.0, 5.0]])
    mean = record(PoissonSource(shape=(2, 2), rate=rates), 4000).mean(0)
    assert (np.abs(mean - rates) <= 5 * np.sqrt(rates / 4000)).all()


def test_binary_sources_count_several_spikes_as_one_and_amplitudes_scale_them():
    sent = record(PoissonSource(shape=(4000,), rate=1.0, binary=True, amplitude=-2.5), 10)
    assert set(np.unique(sent)) == {-2.5, 0.0}
    share = (sent != 0).mean()
    assert abs(share - (1 - np.exp(-1))) < 5 * 0.5 / np.sqrt(sent.size)


def test_a_neuron_draws_the_same_in_a_population_of_any_size():
    small, large = (
        record(PoissonSource(shape=(size,), rate=0.5, seed=3), 5) for size in (501, 900)
    )
    assert np.array_equal(small, large[:, :501])
    assert not np.array_equal(large[:, :450], large[:, 450:])


def test_events_and_whole_arrays_say_the_same():
    """Few spikes leave as events, many as an array; the network must not see the difference."""
    few = record(PoissonSource(shape=(1000,), rate=0.01, amplitude=3.0), 200)
    assert abs(few.mean() - 0.03) < 5 * 3 * np.sqrt(0.01 / few.size)
    assert set(np.unique(few)) <= {0.0, 3.0, 6.0, 9.0}


def test_a_rate_that_is_set_counts_from_the_next_step():
    harness = ModelHarness(models.PyPoissonSourceFloat, PoissonSource(shape=(100,), rate=0.0))
    assert not dense(harness.step()["s_out"], (100,)).any()
    harness.model.rate = np.full(100, 50.0)
    assert dense(harness.step()["s_out"], (100,)).all()


def test_spikes_come_from_the_seed_of_the_network_and_the_name_and_go_on_after_a_load(tmp_path):
    def network(name: str, seed: int) -> tuple[LIF, np.ndarray]:
        source = PoissonSource(shape=(50,), rate=0.5, name=name)
        neurons = LIF(shape=(50,), du=1.0, vth=1e9, name="sum")
        source.s_out.connect(neurons.a_in)
        neurons.compile(FLOAT, {"seed": seed})
        neurons.run(RunSteps(10), FLOAT)
        return neurons, neurons.v.get()

    first, expected = network("a", 1)
    first.save(tmp_path / "file")
    first.run(RunSteps(10), FLOAT)
    later = first.v.get()
    first.stop()
    for name, seed, same in (("a", 1, True), ("a", 2, False), ("b", 1, False)):
        neurons, found = network(name, seed)
        neurons.stop()
        assert np.array_equal(found, expected) == same
    loaded = load(tmp_path / "file")
    loaded.run(RunSteps(10), FLOAT)
    assert np.array_equal(loaded.v.get(), later)
    loaded.stop()


# -- regular and given --------------------------------------------------------------------------


def test_regular_sources_spike_in_their_first_step_and_then_every_period():
    source = RegularSource(shape=(3,), period=[2, 3, 100], first=[1, 2, 5], amplitude=[1, 1, 7])
    sent = record(source, 8)
    assert (1 + np.flatnonzero(sent[:, 0])).tolist() == [1, 3, 5, 7]
    assert (1 + np.flatnonzero(sent[:, 1])).tolist() == [2, 5, 8]
    assert sent[:, 2].tolist() == [0, 0, 0, 0, 7, 0, 0, 0]


def test_given_times_are_met_in_any_order_and_counted():
    sent = record(SpikeTimes(times=[[3, 1], [], [2, 2], np.array([9])], amplitude=2), 4)
    assert sent.tolist() == [[2, 0, 0, 0], [0, 0, 4, 0], [2, 0, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("source", "model"),
    [
        (PoissonSource(shape=(9,), rate=1.0, amplitude=3), models.PyPoissonSourceFixed),
        (RegularSource(shape=(9,), period=2, amplitude=3), models.PyRegularSourceFixed),
        (SpikeTimes(times=[[1]] * 9, amplitude=3), models.PySpikeTimesFixed),
    ],
    ids=lambda item: getattr(item, "__name__", ""),
)
def test_fixed_point_models_send_the_same_integers(source, model):
    sent = ModelHarness(model, source).step()["s_out"]
    assert np.asarray(sent).dtype.kind == "i"
    assert np.array_equal(dense(sent, (9,)), record(source, 1)[0])


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (lambda: PoissonSource(shape=(2,), rate=-1), InvalidValueError, "rate: .* from 0 .*got -1"),
        (lambda: PoissonSource(shape=(2,), rate=np.nan), InvalidValueError, "rate: .* got nan"),
        (lambda: PoissonSource(shape=(2,), rate="a"), InvalidTypeError, "rate: expected numbers"),
        (lambda: PoissonSource(shape=(2,), rate=1, seed=-1), InvalidValueError, "seed: expected"),
        (lambda: PoissonSource(shape=(2,), rate=1e300), InvalidValueError, "to 2.*, got 1e"),
        (lambda: SpikeTimes(times=[np.array([1, 2**63], np.uint64)]), InvalidValueError, "below 2"),
        (lambda: RegularSource(shape=(2,), period=0), InvalidValueError, "period: .* got 0"),
        (lambda: RegularSource(shape=(2,), period=1.5), InvalidTypeError, "period: expected int"),
        (lambda: SpikeTimes(times=[[1], [0]]), InvalidValueError, r"times\[1\]: .* from 1, got 0"),
        (lambda: SpikeTimes(times=[[1.5]]), InvalidTypeError, r"times\[0\]: expected integers"),
        (lambda: SpikeTimes(times=[1, 2]), InvalidTypeError, "times: expected a sequence of st"),
    ],
)
def test_what_is_no_rate_or_no_step_is_refused(wrong, error, text: str):
    with pytest.raises(error, match=text):
        wrong()


def test_a_rate_that_becomes_negative_is_an_error_of_the_next_step():
    harness = ModelHarness(models.PyPoissonSourceFloat, PoissonSource(shape=(2,), rate=1.0))
    harness.model.rate = np.array([1.0, -1.0])
    with pytest.raises(InvalidValueError, match="rate"):
        harness.step()


def test_a_rate_that_is_none_is_an_error_of_the_start():
    source, lif = PoissonSource(shape=(2,), rate=1.0, name="source", seed=2**70), LIF(shape=(2,))
    source.s_out.connect(lif.a_in)
    source.rate.init = -1
    with pytest.raises(InvalidValueError, match=r"source'?\.rate: .*got -1"):
        lif.create_runtime(Loihi2SimCfg(select_tag="floating_pt"))
    assert lif.runtime is None
