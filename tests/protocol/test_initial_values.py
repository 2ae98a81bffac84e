"""Which value a model starts with, for every declaration and initial value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from scipy.sparse import csr_matrix

from lava_actor.model.types import LavaPyType
from lava_actor.protocol.values import VarSlot, check_var


def build(cls: Any, d_type: Any, shape: tuple[int, ...], init: Any, **kwargs: Any) -> Any:
    return VarSlot(LavaPyType(cls, d_type), shape, "lif.v").initial(init, **kwargs)


@pytest.mark.parametrize(
    ("shape", "d_type", "init", "expected"),
    [
        ((2,), np.int32, 3, [3, 3]),
        ((2, 2), np.int32, [1, 2], [[1, 2], [1, 2]]),
        ((2, 2), float, [[1], [2]], [[1, 1], [2, 2]]),
        ((3,), np.int32, [1.9, -1.9, 0.5], [1, -1, 0]),
        ((1,), np.int8, 300, [44]),
        ((1,), np.uint8, -1, [255]),
        ((1,), np.int32, 2**40 + 5, [5]),
        ((3,), bool, [2, 0, -0.5], [True, False, True]),
        ((), np.int32, 7, 7),
        ((), float, [2.5], 2.5),
        ((0,), np.int32, 1, []),
        ((2,), np.int64, 2**53 + 1, [2**53 + 1] * 2),
        ((2,), complex, 1j, [1j, 1j]),
        ((2,), np.int32, True, [1, 1]),
        ((3, 2), np.int32, np.arange(6).reshape(2, 3), [[0, 1], [2, 3], [4, 5]]),
        ((2,), np.uint64, [2.0**63, -1.0], [2**63, 2**64 - 1]),
        ((2,), np.int32, [2.0**32 + 5, 2.0**63 + 2.0**11], [5, 2**11]),
        ((1,), object, {}, [{}]),
    ],
)
def test_an_array_is_filled_like_in_an_array_assignment(
    shape: tuple[int, ...], d_type: Any, init: Any, expected: Any
) -> None:
    value = build(np.ndarray, d_type, shape, init)
    assert type(value) is np.ndarray
    assert value.shape == shape
    assert value.dtype == np.dtype(d_type)
    np.testing.assert_array_equal(value, expected)


def test_an_array_is_new_and_writeable() -> None:
    init = np.arange(3)
    init.flags.writeable = False
    value = build(np.ndarray, init.dtype, (3,), init)
    value[:] = 9
    np.testing.assert_array_equal(init, [0, 1, 2])


def test_an_array_that_fits_is_adopted_on_request_only() -> None:
    init = np.arange(3.0)
    assert build(np.ndarray, float, (3,), init, adopt=True) is init
    assert build(np.ndarray, float, (3,), init) is not init
    assert build(np.ndarray, np.float32, (3,), init, adopt=True) is not init
    assert build(np.ndarray, float, (2, 3), init, adopt=True).shape == (2, 3)


def test_a_sparse_initial_value_may_fill_an_array() -> None:
    init = csr_matrix(np.eye(2))
    np.testing.assert_array_equal(build(np.ndarray, int, (2, 2), init), np.eye(2))


def test_a_subclass_of_ndarray_is_kept() -> None:
    class Special(np.ndarray):
        pass

    assert type(build(Special, float, (2,), 1)) is Special


@pytest.mark.parametrize(
    ("init", "error"),
    [
        ([1, 2, 3], ValueError),
        (np.zeros((3, 2)), ValueError),
        (float("nan"), ValueError),
        ([1.0, float("inf")], ValueError),
        ([1e20, 1.0], ValueError),
        ([-1e19, 1.0], ValueError),
        ("3", TypeError),
        ([1j, 1], TypeError),
        (np.array([1, 2], object), TypeError),
        ([[1, 2], [3]], ValueError),
        (None, TypeError),
        ({}, TypeError),
    ],
)
def test_what_cannot_become_the_array_is_refused_by_name(init: Any, error: type) -> None:
    with pytest.raises(error, match=r"lif\.v"):
        build(np.ndarray, np.int32, (2,), init)


@pytest.mark.parametrize(
    ("cls", "init", "expected"),
    [
        (int, 0, 0),
        (int, 2.0, 2),
        (int, np.int64(3), 3),
        (int, np.array(2), 2),
        (int, True, 1),
        (float, 2, 2.0),
        (bool, 1, True),
        (str, "x0*y1", "x0*y1"),
        (str, np.str_("a"), "a"),
        (str, None, None),
        (np.float64, 1, np.float64(1)),
    ],
)
def test_numbers_and_strings_get_the_declared_class(cls: type, init: Any, expected: Any) -> None:
    value = build(cls, cls, (1,), init)
    assert value == expected
    assert type(value) is (cls if expected is not None else type(None))


@pytest.mark.parametrize("init", [np.array([1, 2]), np.array([0.5]), [1], [[4]]])
def test_an_array_stays_one_although_a_number_is_declared(init: Any) -> None:
    """Generated code indexes what was given as an array."""
    value = build(int, int, np.shape(init), init)
    assert type(value) is np.ndarray
    np.testing.assert_array_equal(value, init)
    assert value is not init


@pytest.mark.parametrize("init", [0.6, -1.5, np.float32(0.5)])
def test_a_fraction_stays_one_although_an_integer_is_declared(init: Any) -> None:
    assert build(int, int, (1,), init) == init


@pytest.mark.parametrize(
    ("cls", "init", "error"),
    [
        (int, "3", TypeError),
        (str, 3, TypeError),
        (float, 1j, TypeError),
        (int, float("nan"), ValueError),
        (float, None, TypeError),
    ],
)
def test_what_is_no_number_is_refused_by_name(cls: type, init: Any, error: type) -> None:
    with pytest.raises(error, match=r"lif\.v"):
        build(cls, cls, (1,), init)


def test_sparse_matrices_keep_pattern_dtype_and_stored_zeros() -> None:
    init = csr_matrix((np.array([1, 0], np.int8), ([0, 1], [1, 0])), shape=(2, 2))
    value = build(csr_matrix, float, (2, 2), init)
    assert isinstance(value, csr_matrix)
    assert value is not init
    assert value.dtype == np.int8
    assert value.nnz == 2
    value.data[:] = 9
    assert init.data[0] == 1


@pytest.mark.parametrize("init", [scipy.sparse.coo_matrix(np.eye(2)), np.eye(2), [[1, 0], [0, 1]]])
def test_anything_two_dimensional_becomes_a_csr_matrix(init: Any) -> None:
    value = build(csr_matrix, float, (2, 2), init)
    assert isinstance(value, csr_matrix)
    np.testing.assert_array_equal(value.toarray(), np.eye(2))


def test_a_number_fills_a_sparse_matrix() -> None:
    value = build(csr_matrix, np.int32, (2, 3), 4)
    assert value.dtype == np.int32
    np.testing.assert_array_equal(value.toarray(), np.full((2, 3), 4))


def test_a_sparse_matrix_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lif\.v: expected an initial matrix of shape \(2, 3\)"):
        build(csr_matrix, float, (2, 3), csr_matrix(np.eye(2)))


@pytest.mark.parametrize("cls", [dict, np.int32, object, "int", None])
def test_declarations_that_no_value_can_be_built_for_are_refused(cls: Any) -> None:
    with pytest.raises(NotImplementedError, match=r"lif\.v"):
        check_var(LavaPyType(cls, int), "lif.v")
    with pytest.raises(NotImplementedError):
        build(cls, int, (1,), 0)


def test_a_dtype_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError, match="d_type"):
        check_var(LavaPyType(np.ndarray, "no such type"), "lif.v")
