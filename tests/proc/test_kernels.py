"""Inner loops against NumPy; what they refuse, because it would reach outside of an array."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from lava_actor import kernels
from lava_actor.proc._operators import SparseOperator

TYPES = [np.float64, np.int32]


def matrix(rng: np.random.Generator, shape: tuple[int, int], dtype: Any) -> np.ndarray:
    if dtype is np.int32:
        return np.asfortranarray(rng.integers(-(2**31), 2**31, shape).astype(np.int32))
    return np.asfortranarray(rng.normal(size=shape))


def events(rng: np.random.Generator, size: int, share: float, dtype: Any, graded: bool) -> Any:
    at = np.flatnonzero(rng.random(size) < share).astype(np.int32)
    if not graded:
        return at, None
    if dtype is np.int32:
        return at, rng.integers(-(2**31), 2**31, at.size).astype(np.int32)
    return at, rng.normal(size=at.size)


def column_sum(weights: np.ndarray, at: np.ndarray, x: np.ndarray | None) -> np.ndarray:
    """The definition: column after column, each product rounded, each sum rounded."""
    total = np.zeros(weights.shape[0], weights.dtype)
    with np.errstate(over="ignore"):
        for k, column in enumerate(at):
            total += weights[:, column] * (weights.dtype.type(1) if x is None else x[k])
    return total


@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (130, 7), (5000, 20), (0, 4), (4, 0)])
def test_dense_sums_column_after_column(shape: Any, dtype: Any, graded: bool) -> None:
    """To the last bit, for any number of events: they are added four at a time, in order."""
    rng = np.random.default_rng(1)
    weights = matrix(rng, shape, dtype)
    for share in (0.0, 0.2, 1.0):
        at, x = events(rng, shape[1], share, dtype, graded)
        out = np.zeros(shape[0], dtype)
        kernels.dense_events(weights, at, x, out)
        np.testing.assert_array_equal(out, column_sum(weights, at, x))


@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("values", ["any", "few", "one"])
def test_sparse_sums_like_dense(dtype: Any, graded: bool, values: str) -> None:
    """To the last bit, however the weights are held."""
    rng = np.random.default_rng(2)
    for shape in ((1, 1), (40, 300), (300, 40), (0, 3), (3, 0)):
        full = matrix(rng, shape, dtype)
        if values == "few":
            full = rng.choice(np.array([3, -7, 11, 2**30], dtype), shape)
        if values == "one":
            full = np.full(shape, 5, dtype)
        full = np.where(rng.random(shape) < 0.3, full, 0).astype(dtype)
        operator = SparseOperator(sparse.csr_matrix(full), np.dtype(dtype))
        for share in (0.0, 0.1, 1.0):
            at, x = events(rng, shape[1], share, dtype, graded)
            out = np.zeros(shape[0], dtype)
            operator.add(at, x, out)
            np.testing.assert_array_equal(out, column_sum(full, at, x))
        back = operator.matrix()
        assert back.dtype == dtype
        np.testing.assert_array_equal(back.toarray(), full)


def test_an_operator_gives_back_what_it_was_given() -> None:
    """Pattern with stored zeros, dtype, and every bit of the values."""
    pattern = ([0, 0, 1, 2, 2], [1, 3, 0, 0, 2])
    for data in (
        np.array([0.0, -0.0, np.nan, 1.5, np.inf]),
        np.array([0, 1, 0, 1, 2], np.int64),
        np.zeros(5, np.float32),
        np.array([True, True, False, True, False]),
    ):
        given = sparse.csr_matrix(sparse.coo_matrix((data, pattern), shape=(3, 4)))
        back = SparseOperator(given, np.dtype(float)).matrix()
        assert back.dtype == given.dtype
        assert back.has_canonical_format
        np.testing.assert_array_equal(back.indptr, given.indptr)
        np.testing.assert_array_equal(back.indices, given.indices)
        np.testing.assert_array_equal(back.data.view(np.uint8), given.data.view(np.uint8))


@pytest.mark.parametrize("dtype", TYPES)
def test_delayed_dense_adds_to_the_column_of_each_delay(dtype: Any) -> None:
    rng = np.random.default_rng(3)
    weights = matrix(rng, (6, 5), dtype)
    delays = np.asfortranarray(rng.integers(0, 4, (6, 5)).astype(np.int32))
    at, x = events(rng, 5, 0.7, dtype, True)
    out = np.zeros((6, 4), dtype, order="F")
    kernels.dense_events_delayed(weights, delays, at, x, out)
    for delay in range(4):
        want = column_sum(np.where(delays == delay, weights, 0).astype(dtype), at, x)
        np.testing.assert_array_equal(out[:, delay], want)
    kernels.advance_columns(out)
    np.testing.assert_array_equal(out[:, 3], 0)


def test_advance_columns_drops_the_first() -> None:
    out = np.asfortranarray(np.arange(6).reshape(2, 3))
    kernels.advance_columns(out)
    assert out.tolist() == [[1, 2, 0], [4, 5, 0]]
    kernels.advance_columns(np.zeros((2, 0), order="F"))


def test_results_do_not_depend_on_other_calls() -> None:
    """The same events give the same sums, whatever was summed up before."""
    rng = np.random.default_rng(4)
    weights = matrix(rng, (70, 90), np.float64)
    at, x = events(rng, 90, 0.4, np.float64, True)
    results = []
    for others in (0, 3):
        for _ in range(others):
            kernels.dense_events(weights, *events(rng, 90, 0.9, np.float64, True), np.zeros(70))
        out = np.zeros(70)
        kernels.dense_events(weights, at, x, out)
        results.append(out)
    np.testing.assert_array_equal(results[0], results[1])


# -- events ----------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-3, 3))))
def test_as_unique_sums_what_is_at_one_index(given_events: list[tuple[int, int]]) -> None:
    at = np.array([index for index, _ in given_events], np.int32)
    values = np.array([value for _, value in given_events], np.int64)
    want = np.zeros(10, np.int64)
    np.add.at(want, at, values)
    found, places = kernels.as_unique(values, at, 10)
    assert places.tolist() == sorted(set(at.tolist()))
    np.testing.assert_array_equal(found, want[places])
    counts, places = kernels.as_unique(None, at, 10)
    if counts is not None:
        np.testing.assert_array_equal(counts, np.bincount(at, minlength=10)[places])


def test_as_unique_returns_ordered_events_as_they_are() -> None:
    at, values = np.array([1, 4], np.int32), np.array([0.5, 0.0])
    assert kernels.as_unique(None, at, 5) == (None, at)
    assert kernels.as_unique(values, at, 5) == (values, at)


def test_one_value() -> None:
    assert kernels.one_value(np.array([2.5, 2.5])) == 2.5
    assert kernels.one_value(np.array([2.5, 2.0])) is None
    assert kernels.one_value(np.array([np.nan])) is None
    assert kernels.one_value(np.array([])) is None


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [-1, 3, 2**31 - 1])
def test_indices_outside_are_refused(index: int) -> None:
    at = np.array([0, index], np.int32)
    weights = np.asfortranarray(np.ones((2, 3)))
    pointers, rows = np.array([0, 0, 0, 0]), np.zeros(0, np.int32)
    line = np.zeros((2, 1), order="F")
    no_delay = np.zeros((2, 3), np.int32, order="F")
    codes, table = np.zeros(0, np.uint8), np.zeros(256)
    geometry = (3, 1, 1, 3, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1)
    for call in (
        lambda: kernels.dense_events(weights, at, None, np.zeros(2)),
        lambda: kernels.dense_events_delayed(weights, no_delay, at, None, line),
        lambda: kernels.csc_events(pointers, rows, None, 1.0, at, None, np.zeros(2)),
        lambda: kernels.csc_events_coded(pointers, rows, codes, table, at, None, np.zeros(2)),
        lambda: kernels.conv_events(np.ones(1), geometry, at, None, np.zeros(3)),
        lambda: kernels.as_unique(None, at, 3),
        lambda: kernels.as_unique(None, at.astype(np.int64) + (2**40 if index > 3 else 0), 3),
    ):
        with pytest.raises(IndexError):
            call()


def test_delays_outside_are_refused() -> None:
    delays = np.asfortranarray(np.array([[0, 1], [2, 0]], np.int32))
    weights, line = np.ones((2, 2), order="F"), np.zeros((2, 2), order="F")
    with pytest.raises(IndexError, match="delay"):
        kernels.dense_events_delayed(weights, delays, np.array([0], np.int32), None, line)


def test_other_types_and_layouts_are_refused() -> None:
    """Nothing is written to an array that does not fit."""
    at = np.array([0], np.int32)
    square = np.asfortranarray(np.ones((3, 3)))
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    for arguments in (
        (np.ascontiguousarray(np.ones((3, 2))), at, None, np.zeros(3)),
        (square.astype(np.float32, order="F"), at, None, np.zeros(3)),
        (square, at.astype(np.int64), None, np.zeros(3)),
        (square, at, np.array([1]), np.zeros(3)),
        (square, at, np.ones(2), np.zeros(3)),
        (square, at, None, np.zeros(4)),
        (square, at, None, np.zeros(3, np.float32)),
        (square, at, None, np.zeros(6)[::2]),
        (square, at, None, frozen),
        (square, at, None, [0.0, 0.0, 0.0]),
        (square.astype(">f8"), at, None, np.zeros(3)),
    ):
        with pytest.raises(TypeError):
            kernels.dense_events(*arguments)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        kernels.advance_columns(np.zeros((2, 3)))
    with pytest.raises(TypeError):
        kernels.csc_events(np.array([0, 1]), at, np.ones(2), None, at, None, np.zeros(1))
    with pytest.raises(ValueError, match="geometry"):
        kernels.conv_events(np.ones(1), (1,) * 14 + (0,), at, None, np.zeros(1))
