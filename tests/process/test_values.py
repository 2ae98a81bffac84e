"""What a Var can be set to, checked before anything is sent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lava_actor.process.values import checked_value, part_shape

WHERE = "lif.v.set"
PATTERN = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]])


def check(value: Any, shape: tuple[int, ...] = (2, 3), init: Any = 0, idx: Any = None) -> Any:
    return checked_value(value, shape, init, idx, WHERE)


@settings(deadline=None, derandomize=True)
@given(hnp.mutually_broadcastable_shapes(num_shapes=1, base_shape=(2, 3)))
def test_a_value_fits_if_numpy_broadcasts_it_to_the_very_shape(
    shapes: hnp.BroadcastableShapes,
) -> None:
    (shape,) = shapes.input_shapes
    value = np.zeros(shape)
    if shapes.result_shape == (2, 3):
        assert check(value) is value
    else:
        with pytest.raises(ValueError, match=r"lif\.v\.set: expected shape \(2, 3\)"):
            check(value)


@settings(deadline=None, derandomize=True)
@given(
    hnp.array_shapes(max_dims=3, max_side=4).flatmap(
        lambda shape: st.tuples(st.just(shape), hnp.basic_indices(shape, allow_ellipsis=True))
    )
)
def test_a_part_has_the_shape_that_numpy_gives_it(case: tuple[tuple[int, ...], Any]) -> None:
    shape, idx = case
    assert part_shape(shape, idx, WHERE) == np.zeros(shape)[idx].shape


def test_a_part_of_a_large_var_costs_nothing() -> None:
    assert part_shape((10**6, 10**6), (slice(None), 3), WHERE) == (10**6,)


@pytest.mark.parametrize("idx", [2, (0, 3), (0, 0, 0), [5], "name", 1.5, np.zeros((3, 3), bool)])
def test_an_index_that_does_not_fit_is_named(idx: Any) -> None:
    with pytest.raises(IndexError, match=r"lif\.v\.set: index"):
        check(1, idx=idx)


@pytest.mark.parametrize("value", [None, object(), {"a": 1}, [1, "a"], np.array(["a"]), b"a"])
def test_only_numbers_are_numbers(value: Any) -> None:
    with pytest.raises(TypeError, match=r"lif\.v\.set: expected numbers"):
        check(value)


def test_a_ragged_list_is_no_array() -> None:
    with pytest.raises(ValueError, match=r"lif\.v\.set: expected an array"):
        check([[1, 2], [3]])


def test_a_scalar_var_takes_a_scalar() -> None:
    assert check(3, shape=()) == 3
    with pytest.raises(ValueError, match=r"expected shape \(\)"):
        check([3], shape=())


@pytest.mark.parametrize("text", ["", "dw = x0*y1", "δω = 2·x₁" * 100])
@pytest.mark.parametrize("init", ["u*x", None])
def test_a_string_var_takes_strings_of_any_length(text: str, init: str | None) -> None:
    assert check(text, (256,), init) == text


def test_strings_and_numbers_do_not_mix() -> None:
    with pytest.raises(TypeError, match="expected a str, got int"):
        check(3, (256,), "rule")
    with pytest.raises(TypeError, match="expected numbers, got the str 'rule'"):
        check("rule")
    with pytest.raises(IndexError, match="set as a whole"):
        check("rule", (256,), "rule", idx=0)


@pytest.mark.parametrize("kind", [scipy.sparse.csr_matrix, scipy.sparse.coo_matrix])
def test_a_sparse_var_keeps_its_pattern(kind: Any) -> None:
    init = scipy.sparse.csr_matrix(PATTERN)
    found = check(kind(PATTERN * 2), init=init)
    assert np.array_equal(found.toarray(), PATTERN * 2)
    assert np.array_equal(found.indices, init.indices)
    for wrong in (np.ones((2, 3)), np.array([[1, 0, 0], [0, 0, 3]]), np.zeros((3, 2))):
        with pytest.raises(ValueError, match=r"expected the sparsity pattern .* 3 stored entries"):
            check(kind(wrong), init=init)


def test_stored_zeros_belong_to_the_pattern() -> None:
    init = scipy.sparse.csr_matrix(PATTERN)
    with_zero = init.copy()
    with_zero.data[0] = 0
    assert check(with_zero, init=init).nnz == 3


def test_an_array_is_fine_for_a_sparse_var_if_it_is_zero_elsewhere() -> None:
    init = scipy.sparse.csr_matrix(PATTERN)
    found = check(np.array([[0, 0, 5], [0, 0, 6]]), init=init)
    assert np.array_equal(found.indices, init.indices)
    assert np.array_equal(found.data, [0, 5, 6])
    with pytest.raises(ValueError, match="expected zeros wherever"):
        check(np.ones((2, 3)), init=init)
    with pytest.raises(ValueError, match="expected shape"):
        check(np.ones((3, 2)), init=init)


def test_the_initial_pattern_is_left_as_it_was() -> None:
    init = scipy.sparse.csr_matrix((np.ones(2), np.array([2, 0]), np.array([0, 2, 2])), (2, 3))
    before = init.indices.copy()
    check(init.copy(), init=init)
    assert np.array_equal(init.indices, before)


def test_parts_of_a_sparse_var_are_set_like_parts_of_an_array() -> None:
    init = scipy.sparse.csr_matrix(PATTERN)
    assert check(4, init=init, idx=(0, 2)) == 4
    with pytest.raises(IndexError, match="index"):
        check(4, init=init, idx=(0, 3))


def test_a_sparse_value_for_another_var_has_its_very_shape() -> None:
    value = scipy.sparse.csr_matrix(PATTERN)
    assert check(value) is value
    with pytest.raises(ValueError, match=r"expected shape \(3, 2\), got \(2, 3\)"):
        check(value, (3, 2))
