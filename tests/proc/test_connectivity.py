"""Recipes of connectivity: what they draw, where they draw it, what they refuse."""

from __future__ import annotations

import html
import warnings
from itertools import pairwise

import numpy as np
import pytest

from lava_actor import Loihi2SimCfg, RunSteps, load
from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.model.harness import ModelHarness
from lava_actor.proc._operators import SparseOperator
from lava_actor.proc.connectivity import (
    Constant,
    LogNormal,
    Normal,
    Uniform,
    all_to_all,
    fixed_indegree,
    fixed_probability,
    fixed_total_number,
    one_to_one,
)
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.sparse.models import PyDelaySparseModelFloat, PySparseModelFloat
from lava_actor.proc.sparse.process import DelaySparse, Sparse

POST, PRE = 700, 500  # several blocks of targets, the last one not full
SHAPE = (POST, PRE)
FLOAT = Loihi2SimCfg(select_tag="floating_pt")

RECIPES = [
    fixed_probability(SHAPE, 0.1, weight=Normal(2.0, 0.5)),
    fixed_probability(SHAPE, 0.9, weight=Uniform(1.0, 2.0, levels=7)),
    fixed_probability(SHAPE, 1.0),
    fixed_indegree(SHAPE, 40, weight=LogNormal(0.0, 0.3)),
    fixed_indegree(SHAPE, 480),
    fixed_indegree(SHAPE, 600, replace=True),
    fixed_total_number(SHAPE, 30_000, weight=Normal(2.0, 0.5, levels=256)),
    all_to_all(SHAPE, weight=-1.5),
    one_to_one(POST, weight=Uniform(0.0, 1.0)),
]
each_recipe = pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: f"{r.rule}-{r.amount}")


def within(found: float, expected: float, sd: float) -> bool:
    """Whether a number is as close as five standard deviations."""
    return abs(found - expected) <= 5 * sd


# -- who is connected ---------------------------------------------------------------------------


def test_every_pair_is_connected_with_the_given_probability_and_at_most_once():
    matrix = fixed_probability(SHAPE, 0.1).matrix(seed=3)
    assert matrix.has_canonical_format
    assert within(matrix.nnz, 0.1 * POST * PRE, np.sqrt(0.09 * POST * PRE))
    for axis, others in ((0, POST), (1, PRE)):  # numbers of synapses are binomial on both sides
        degrees = matrix.getnnz(axis)
        assert within(degrees.var() / (0.09 * others), 1.0, np.sqrt(2 / degrees.size))


@pytest.mark.parametrize(("p", "synapses"), [(0.0, 0), (1.0, POST * PRE), (1e-300, 0)])
def test_the_ends_of_probability_are_nobody_and_everybody(p: float, synapses: int):
    assert fixed_probability(SHAPE, p).matrix().nnz == synapses


@pytest.mark.parametrize("indegree", [0, 1, 40, 249, 251, 499, 500])
def test_a_fixed_indegree_draws_that_many_different_sources_for_each_target(indegree: int):
    matrix = fixed_indegree(SHAPE, indegree).matrix(seed=1)
    assert matrix.has_canonical_format
    assert (matrix.getnnz(1) == indegree).all()
    share = indegree / PRE
    sd = np.sqrt(POST * share * (1 - share))
    assert (np.abs(matrix.getnnz(0) - POST * share) <= 5 * sd + 1e-9).all()


def test_with_replacement_a_source_comes_as_often_as_in_independent_draws():
    recipe = fixed_indegree((1000, 10), 30, replace=True)
    per_pair = recipe.matrix().tocsc().toarray()  # weights are 1: sums are numbers of synapses
    assert (per_pair.sum(1) == 30).all()
    assert within(per_pair.var(), 30 * 0.1 * 0.9, 30 * 0.09 * np.sqrt(2 / per_pair.size))


def test_a_fixed_total_number_is_met_exactly_and_falls_evenly_on_all_pairs():
    matrix = fixed_total_number((300, 200), 120_000).matrix(seed=5)
    assert matrix.nnz == 120_000
    per_pair = matrix.toarray()
    assert within(per_pair.var(), 2.0, 2.0 * np.sqrt(2 / per_pair.size))  # a Poisson distribution
    for axis, expected in ((0, 600), (1, 400)):
        assert (np.abs(per_pair.sum(axis) - expected) <= 5 * np.sqrt(expected)).all()


def test_all_to_all_and_one_to_one_are_what_they_say():
    assert (all_to_all((3, 4), weight=2).matrix().toarray() == 2).all()
    assert (one_to_one((4, 4), weight=2).matrix().toarray() == 2 * np.eye(4)).all()


# -- weights and delays -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("distribution", "mean", "sd"),
    [
        (Constant(3.0), 3.0, 0.0),
        (Uniform(-1.0, 2.0), 0.5, np.sqrt(9 / 12)),
        (Normal(1.0, 0.5), 1.0, 0.5),
        (LogNormal(0.2, 0.4), np.exp(0.28), np.exp(0.28) * np.sqrt(np.exp(0.16) - 1)),
        (Normal(1.0, 0.5, levels=256), 1.0, 0.5 * 0.997),
        (Uniform(-1.0, 2.0, levels=16), 0.5, np.sqrt(9 / 12 * (1 - 1 / 16**2))),
    ],
    ids=repr,
)
def test_weights_have_the_moments_of_their_distribution(distribution, mean: float, sd: float):
    weights = all_to_all((400, 500), weight=distribution).matrix(seed=2).data
    assert within(weights.mean(), mean, sd / np.sqrt(weights.size) + 1e-9)
    assert within(weights.std(), sd, 3 * sd / np.sqrt(weights.size) + 1e-4)


def test_numbers_beyond_the_bounds_are_clipped():
    weights = all_to_all(SHAPE, weight=Normal(0.0, 1.0, low=-0.5, high=1.0)).matrix().data
    assert (weights.min(), weights.max()) == (-0.5, 1.0)
    assert within((weights == -0.5).mean(), 0.3085, 0.5 / np.sqrt(weights.size))


def test_levels_are_so_many_different_weights():
    weights = all_to_all(SHAPE, weight=Normal(0.0, 1.0, levels=50)).matrix().data
    values, counts = np.unique(weights, return_counts=True)
    assert values.size == 50
    assert (np.abs(counts - weights.size / 50) <= 5 * np.sqrt(weights.size / 50)).all()


def test_uniform_delays_are_all_integers_of_their_range_alike():
    delays = all_to_all(SHAPE).synapses(0, Uniform(1, 4)).delays
    values, counts = np.unique(delays, return_counts=True)
    assert values.tolist() == [1, 2, 3, 4]
    assert (np.abs(counts - delays.size / 4) <= 5 * np.sqrt(delays.size / 4)).all()


# -- the same synapses everywhere ---------------------------------------------------------------


@each_recipe
@pytest.mark.parametrize("parts", [2, 3, 7])
def test_parts_of_the_rows_are_the_same_wherever_they_are_built(recipe, parts: int):
    delay = Normal(5, 3, 0, 20)
    whole = recipe.synapses(9, delay)
    ends = [recipe.shape[0] * k // parts for k in range(parts + 1)]
    built = [recipe.synapses(9, delay, rows) for rows in pairwise(ends)]
    for name in ("sources", "weights", "delays"):
        joined = np.concatenate([getattr(part, name) for part in built])
        assert np.array_equal(joined, getattr(whole, name)), name
    per_row = np.concatenate([np.diff(part.pointers) for part in built])
    assert np.array_equal(per_row, np.diff(whole.pointers))


def test_other_seeds_draw_other_synapses_and_the_seed_of_a_recipe_counts_first():
    free, fixed = (fixed_indegree(SHAPE, 3, seed=seed) for seed in (None, 4))
    assert (free.matrix(1) != free.matrix(2)).nnz
    assert (free.matrix(4) != fixed.matrix(1)).nnz == 0


@each_recipe
def test_a_connection_holds_what_its_recipe_draws_and_adds_it_up(recipe):
    harness = ModelHarness(PySparseModelFloat, Sparse(weights=recipe, num_message_bits=8))
    matrix = recipe.matrix(harness.model._la_rng_seed)
    held = harness.model.weights
    assert np.array_equal(held.indices, matrix.indices)
    assert np.array_equal(held.data, matrix.data)
    x = np.arange(recipe.shape[1]) % 5
    harness.step(s_in=x)
    assert np.allclose(harness.step()["a_out"], matrix @ x)


def test_several_synapses_of_a_pair_keep_weights_and_delays_of_their_own():
    recipe = fixed_total_number((3, 2), 60, weight=Uniform(0.0, 1.0))
    process = DelaySparse(weights=recipe, delays=Uniform(0, 3))
    harness = ModelHarness(PyDelaySparseModelFloat, process)
    weights, delays = harness.model.weights, harness.model.delays
    assert weights.nnz == delays.nnz == 60
    assert np.array_equal(weights.indices, delays.indices)
    harness.step(s_in=[1, 1])
    rows = np.repeat(np.arange(3), np.diff(weights.indptr))
    for late in range(4):
        expected = np.bincount(rows, weights.data * (delays.data == late), minlength=3)
        assert np.allclose(harness.step()["a_out"], expected)


@pytest.mark.parametrize(
    ("post", "longest", "size"), [(700, 60, 3), (2000, 60, 4), (65_536, 255, 4), (65_537, 255, 5)]
)
def test_coded_weights_with_delays_take_at_most_four_bytes_up_to_24_bits_of_rows(
    post: int, longest: int, size: int
):
    recipe = fixed_total_number((post, 50), 3000, weight=Normal(2.0, 0.5, levels=256))
    found = recipe.synapses(4, Uniform(0, longest))
    operator = SparseOperator.of(found, np.dtype(np.float64), longest + 1)
    _pointers, *held = operator.parts()
    per_synapse = [array.nbytes for array in held if np.size(array) == 3000]
    assert sum(per_synapse) == size * 3000
    weights, delays = operator.matrix(), operator.delays()
    rows = np.repeat(np.arange(post), np.diff(weights.indptr))
    # Several synapses of two neurons are in the order of their delays.
    order = np.lexsort((found.delays, found.sources, rows))
    assert np.array_equal(weights.data, found.values()[order])
    assert np.array_equal(delays.data, found.delays[order])

    for x in (None, np.arange(50.0)):
        sums = np.zeros((longest + 1, post))
        operator.add(np.arange(50, dtype=np.int32), x, sums)
        factors = 1.0 if x is None else x[weights.indices]
        places, which = np.unique(delays.data * post + rows, return_inverse=True)
        reached = sums.reshape(-1)[places]
        assert np.allclose(reached, np.bincount(which, weights.data * factors))
        assert np.count_nonzero(sums) == np.count_nonzero(reached)


@pytest.mark.parametrize("number", [np.int32, np.int64])
def test_packed_codes_add_up_in_integers_as_well(number: type):
    recipe = fixed_indegree((70_000, 40), 3, weight=Uniform(-90, 90, levels=50))
    found = recipe.synapses(4)
    found.table = found.table.astype(np.int32)
    operator = SparseOperator.of(found, np.dtype(np.int32))
    assert operator.parts()[1].dtype == np.uint32
    x, sums = np.arange(40, dtype=number) - 20, np.zeros(70_000, number)
    operator.add(np.arange(40, dtype=np.int32), x, sums)
    assert np.array_equal(sums, operator.matrix() @ x)


def chain(connection: Sparse) -> LIF:
    """Neurons that spike, a connection, and neurons that add up what arrives."""
    (post,), (pre,) = connection.a_out.shape, connection.s_in.shape
    sender = LIF(shape=(pre,), bias_mant=np.linspace(0.1, 1.5, pre), vth=1.0, name="sender")
    receiver = LIF(shape=(post,), du=1.0, vth=1e9, name="receiver")
    sender.s_out.connect(connection.s_in)
    connection.a_out.connect(receiver.a_in)
    return receiver


@pytest.mark.parametrize("shape", [SHAPE, (70_000, 20)])
def test_a_network_of_a_recipe_computes_what_one_of_its_matrix_does(shape: tuple[int, int]):
    recipe = fixed_probability(shape, 0.1, weight=Normal(1.0, 0.1, levels=30), seed=8)
    found = []
    for weights in (recipe, recipe.matrix()):
        receiver = chain(Sparse(weights=weights))
        receiver.run(RunSteps(20), FLOAT)
        found.append(receiver.v.get())
        receiver.stop()
    assert np.array_equal(*found)
    assert np.count_nonzero(found[0]) > shape[0] / 2
    harness = ModelHarness(PySparseModelFloat, Sparse(weights=recipe))
    total, v = np.zeros(shape[0]), np.zeros(shape[1])
    for _ in range(20):  # what the sender does, and what arrives a step later
        v += np.linspace(0.1, 1.5, shape[1])
        total += harness.step(s_in=v > 1.0)["a_out"]
        v[v > 1.0] = 0
    assert np.allclose(found[0], total)


def test_synapses_come_from_the_seed_of_the_network_and_the_name_of_the_connection():
    found = []
    for name, seed in (("a", 1), ("a", 1), ("a", 2), ("b", 1)):
        connection = Sparse(weights=fixed_probability(SHAPE, 0.02), name=name)
        chain(connection)
        connection.compile(FLOAT, {"seed": seed})
        connection.run(RunSteps(1), FLOAT)
        found.append(connection.weights.get())
        connection.stop()
    assert [(matrix != found[0]).nnz == 0 for matrix in found] == [True, True, False, False]


def test_weights_of_a_recipe_are_read_set_saved_and_drawn_again_at_a_reset(tmp_path):
    connection = DelaySparse(
        weights=fixed_total_number(SHAPE, 5000, weight=Normal(1.0, 0.1)),
        delays=Normal(4, 2, 0, 9),
        name="c",
    )
    assert connection.weights.get() is connection.weights.init
    receiver = chain(connection)
    connection.run(RunSteps(20), FLOAT)
    drawn, late = connection.weights.get(), connection.delays.get()
    connection.weights.set(2 * drawn)
    assert np.array_equal(connection.weights.get().data, 2 * drawn.data)
    assert np.array_equal(connection.delays.get().data, late.data)
    with pytest.raises(InvalidValueError, match="several entries are stored at one place"):
        connection.weights.set(np.zeros(SHAPE))
    connection.save(tmp_path / "file")
    connection.run(RunSteps(20), FLOAT)
    expected = receiver.v.get()
    connection.reset()
    assert np.array_equal(connection.weights.get().data, drawn.data)
    connection.stop()

    loaded = load(tmp_path / "file")
    loaded.run(RunSteps(20), FLOAT)
    again = next(p for p in loaded.runtime.executable.all_processes if p.name == "receiver")
    assert np.array_equal(again.v.get(), expected)
    loaded.stop()


# -- texts and errors ---------------------------------------------------------------------------


@each_recipe
def test_a_recipe_is_shown_as_the_call_that_makes_it(recipe):
    assert eval(repr(recipe)) == recipe
    sparse = Sparse(weights=recipe)
    assert repr(recipe) in repr(sparse.weights)
    assert html.escape(repr(recipe))[:40] in sparse._repr_html_()


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (lambda: fixed_probability(SHAPE, 1.5), InvalidValueError, "probability from 0 to 1"),
        (lambda: fixed_probability(SHAPE, np.nan), InvalidValueError, "probability from 0 to 1"),
        (lambda: fixed_probability(SHAPE, "a"), InvalidTypeError, "expected a probability"),
        (lambda: fixed_probability((3, 4, 5), 0.1), InvalidTypeError, "a shape of two integers"),
        (lambda: fixed_probability((-3, 4), 0.1), InvalidValueError, "expected sizes from 0"),
        (lambda: fixed_probability(SHAPE, 0.1, seed=-1), InvalidValueError, "as seed, got -1"),
        (lambda: fixed_indegree(SHAPE, 501), InvalidValueError, "at most 500 .*replace=True"),
        (lambda: fixed_indegree((3, 0), 1, replace=True), InvalidValueError, "at most 0"),
        (lambda: fixed_indegree(SHAPE, 1.5), InvalidTypeError, "expected an integer number"),
        (lambda: fixed_total_number(SHAPE, -1), InvalidValueError, "at least 0 synapses"),
        (lambda: fixed_total_number((0, 4), 1), InvalidValueError, "no synapses for shape"),
        (lambda: one_to_one((3, 4)), InvalidValueError, "as many sources as targets"),
        (lambda: all_to_all(SHAPE, weight=[1]), InvalidTypeError, "weight: expected a number or"),
        (lambda: Normal(0.0, -1.0), InvalidValueError, "Normal.sd: expected at least 0"),
        (lambda: Normal(np.nan, 1.0), InvalidValueError, "Normal.mean: expected a finite"),
        (lambda: Uniform(2, 1), InvalidValueError, "Uniform.high: expected at least low"),
        (lambda: Uniform(0, np.inf), InvalidValueError, "finite bounds"),
        (lambda: Normal(0.0, 1.0, levels=257), InvalidValueError, "integer from 0 to 256"),
        (lambda: Uniform("a", 1), InvalidTypeError, "Uniform.low: expected a number"),
    ],
)
def test_a_recipe_that_cannot_be_met_is_refused_when_it_is_written(wrong, error, text: str):
    with pytest.raises(error, match=text):
        wrong()


@pytest.mark.parametrize(
    ("delays", "max_delay", "error", "text"),
    [
        (-1, 0, InvalidValueError, "expected at least 0"),
        (1.5, 0, InvalidValueError, "expected integers"),
        (Normal(5, 2, high=9), 0, InvalidValueError, "set its low"),
        (Normal(5, 2, low=0), 0, InvalidValueError, "set its high"),
        (Uniform(1.2, 1.8), 0, InvalidValueError, "an integer between"),
        (Uniform(1, 8), 7, InvalidValueError, "max_delay: expected at least 8"),
        (np.ones(SHAPE, int), 0, InvalidTypeError, "a number or a distribution"),
    ],
)
def test_delays_that_cannot_be_are_refused_when_the_connection_is_made(
    delays, max_delay: int, error, text: str
):
    with pytest.raises(error, match=text):
        DelaySparse(weights=all_to_all(SHAPE), delays=delays, max_delay=max_delay, name="c")


def test_a_distribution_of_delays_needs_a_recipe_of_weights():
    with pytest.raises(InvalidTypeError, match=r"c\.delays: .*only for weights by recipe"):
        DelaySparse(weights=np.ones((2, 2)), delays=Uniform(1, 2), name="c")


def test_who_takes_no_recipe_says_who_does():
    with pytest.raises(InvalidTypeError, match="Sparse and DelaySparse build it"):
        Dense(weights=all_to_all((3, 3)))


def test_fractions_and_large_weights_of_a_recipe_are_doubted_by_the_fixed_point_model():
    receiver = chain(Sparse(weights=all_to_all(SHAPE, weight=Normal(300, 10.0)), name="c"))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        receiver.compile(Loihi2SimCfg(select_tag="fixed_pt"))
    texts = [str(warning.message) for warning in told]
    assert any("cuts off the fractions of Normal(mean=300" in text for text in texts)
    assert any("do not fit into 8 bits" in text for text in texts)
