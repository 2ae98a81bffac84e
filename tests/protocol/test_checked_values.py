"""What a Var can be set to, checked before anything is sent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lava_actor.model.types import LavaPyType
from lava_actor.process.values import part_shape
from lava_actor.protocol.values import VarSlot

WHERE = "lif.v"
PATTERN = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]])


def slot(shape: tuple[int, ...] = (2, 3), cls: Any = np.ndarray) -> VarSlot:
    return VarSlot(LavaPyType(cls, float), shape, WHERE)


def check(
    value: Any, shape: tuple[int, ...] = (2, 3), cls: Any = np.ndarray, idx: Any = None
) -> Any:
    return slot(shape, cls).checked(value, idx)


def on_pattern(value: Any, held: Any, idx: Any = None) -> Any:
    return slot(cls=scipy.sparse.csr_matrix).assigned(held, value, idx)


@settings(deadline=None, derandomize=True)
@given(hnp.mutually_broadcastable_shapes(num_shapes=1, base_shape=(2, 3)))
def test_a_value_fits_if_it_broadcasts_to_the_very_shape_or_has_as_many_elements(
    shapes: hnp.BroadcastableShapes,
) -> None:
    (shape,) = shapes.input_shapes
    value = np.zeros(shape)
    if shapes.result_shape == (2, 3) or value.size == 6:
        assert check(value) is value
    else:
        with pytest.raises(ValueError, match=r"lif\.v: expected shape \(2, 3\)"):
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
    with pytest.raises(IndexError, match=r"lif\.v: index"):
        check(1, idx=idx)


@pytest.mark.parametrize("value", [None, object(), {"a": 1}, [1, "a"], np.array(["a"]), b"a"])
def test_only_numbers_are_numbers(value: Any) -> None:
    with pytest.raises(TypeError, match=r"lif\.v: expected numbers"):
        check(value)


def test_a_ragged_list_is_no_array() -> None:
    with pytest.raises(ValueError, match=r"lif\.v: expected an array"):
        check([[1, 2], [3]])


def test_a_scalar_var_takes_a_scalar() -> None:
    assert check(3, shape=()) == 3
    assert check([3], shape=()) == [3]
    with pytest.raises(ValueError, match=r"expected shape \(\)"):
        check([3, 4], shape=())


@pytest.mark.parametrize("text", ["", "dw = x0*y1", "δω = 2·x₁" * 100, None])
def test_a_string_var_takes_strings_of_any_length(text: str | None) -> None:
    assert check(text, (256,), str) == text


def test_strings_and_numbers_do_not_mix() -> None:
    with pytest.raises(TypeError, match="expected a str, got int"):
        check(3, (256,), str)
    with pytest.raises(TypeError, match="expected numbers, got the str 'rule'"):
        check("rule")
    with pytest.raises(IndexError, match="set as a whole"):
        check("rule", (256,), str, idx=0)


@pytest.mark.parametrize("kind", [scipy.sparse.csr_matrix, scipy.sparse.coo_matrix])
def test_a_sparse_var_keeps_its_pattern(kind: Any) -> None:
    held = scipy.sparse.csr_matrix(PATTERN)
    found = on_pattern(kind(PATTERN * 2), held)
    assert np.array_equal(found.toarray(), PATTERN * 2)
    assert np.array_equal(found.indices, held.indices)
    for wrong in (np.ones((2, 3)), np.array([[1, 0, 0], [0, 0, 3]]), np.zeros((3, 2))):
        with pytest.raises(ValueError, match=r"expected the sparsity pattern .* 3 stored entries"):
            on_pattern(kind(wrong), held)


def test_stored_zeros_belong_to_the_pattern() -> None:
    held = scipy.sparse.csr_matrix(PATTERN)
    with_zero = held.copy()
    with_zero.data[0] = 0
    assert on_pattern(with_zero, held).nnz == 3


def test_an_array_is_fine_for_a_sparse_var_if_it_is_zero_elsewhere() -> None:
    held = scipy.sparse.csr_matrix(PATTERN)
    found = on_pattern(np.array([[0, 0, 5], [0, 0, 6]]), held)
    assert np.array_equal(found.indices, held.indices)
    assert np.array_equal(found.data, [0, 5, 6])
    with pytest.raises(ValueError, match="expected zeros wherever"):
        on_pattern(np.ones((2, 3)), held)
    with pytest.raises(ValueError, match="expected shape"):
        on_pattern(np.ones((3, 3)), held)


def test_what_is_held_is_left_as_it_was() -> None:
    held = scipy.sparse.csr_matrix((np.ones(2), np.array([2, 0]), np.array([0, 2, 2])), (2, 3))
    before = held.indices.copy()
    on_pattern(held.copy(), held)
    assert np.array_equal(held.indices, before)


def test_a_sparse_var_without_entries_takes_zeros() -> None:
    held = scipy.sparse.csr_matrix((2, 3))
    assert on_pattern(np.zeros((2, 3)), held).nnz == 0
    with pytest.raises(ValueError, match="got 6 others"):
        on_pattern(np.ones((2, 3)), held)


def test_parts_of_a_sparse_var_are_set_like_parts_of_an_array_but_keep_the_pattern() -> None:
    held = scipy.sparse.csr_matrix(PATTERN)
    found = on_pattern(4, held, (0, 2))
    assert np.array_equal(found.toarray(), [[1, 0, 4], [0, 0, 3]])
    assert np.array_equal(on_pattern([7, 0, 0], held, 0).toarray(), [[7, 0, 0], [0, 0, 3]])
    assert on_pattern(0, held, (0, 2)).nnz == 3
    with pytest.raises(ValueError, match="expected zeros wherever"):
        on_pattern(4, held, (0, 1))
    with pytest.raises(IndexError, match="index"):
        on_pattern(4, held, (0, 3))


@pytest.mark.parametrize("dtype", [bool, np.int8, np.int64])
def test_whole_numbers_at_the_start_do_not_keep_fractions_out(dtype: Any) -> None:
    held = scipy.sparse.csr_matrix(PATTERN.astype(dtype))
    assert slot(cls=scipy.sparse.csr_matrix).initial(held).dtype == dtype
    for value in (PATTERN / 8, scipy.sparse.csr_matrix(PATTERN / 8)):
        assert (on_pattern(value, held).toarray() == PATTERN / 8).all()
    assert on_pattern(0.25, held, (0, 0))[0, 0] == 0.25
    assert on_pattern(300, held, (0, 0))[0, 0] == 300
    assert on_pattern(held, held).dtype == dtype


def test_a_sparse_value_for_a_dense_var_is_an_array() -> None:
    value = scipy.sparse.csr_matrix(PATTERN)
    assert np.array_equal(check(value), PATTERN)
    assert np.array_equal(slot().assigned(np.zeros((2, 3), int), value), PATTERN)
    with pytest.raises(ValueError, match=r"expected a matrix of shape \(3, 2\), got \(2, 3\)"):
        check(value, (3, 2), scipy.sparse.csr_matrix)
