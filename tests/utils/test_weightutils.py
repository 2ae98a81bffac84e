"""Weights as the hardware stores them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from lava_actor.utils.sparse import find
from lava_actor.utils.weightutils import (
    SignMode,
    clip_weights,
    determine_sign_mode,
    optimize_weight_bits,
    truncate_weights,
)

FORMS: list[Any] = [np.asarray, sparse.csr_matrix, sparse.coo_matrix, sparse.lil_matrix]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("weights", "mode"),
    [
        ([[1, 0]], SignMode.EXCITATORY),
        ([[0, 0]], SignMode.EXCITATORY),
        ([[-1, 0]], SignMode.INHIBITORY),
        ([[-1, -2]], SignMode.INHIBITORY),
        ([[-1, 2]], SignMode.MIXED),
    ],
)
def test_sign_mode_is_what_the_weights_need(form: Any, weights: Any, mode: SignMode) -> None:
    assert determine_sign_mode(form(np.array(weights))) is mode


def test_values_of_sign_modes_are_those_programs_use() -> None:
    assert [mode.value for mode in SignMode] == [0, 1, 2, 3]
    assert determine_sign_mode(np.zeros((0, 2))) is SignMode.EXCITATORY


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("mode", "want"),
    [
        (SignMode.MIXED, [-256, -255, 3, 255, 255]),
        (SignMode.INHIBITORY, [-255, -255, 0, 0, 0]),
        (SignMode.EXCITATORY, [0, 0, 3, 255, 255]),
        (SignMode.NULL, [0, 0, 3, 255, 255]),
    ],
)
def test_clipping_keeps_what_eight_bits_hold(form: Any, mode: SignMode, want: Any) -> None:
    weights = form(np.array([[-300.0, -255.0, 3.9, 255.0, 2.0**40]]))
    clipped = clip_weights(weights, mode, 8)
    assert clipped.dtype == np.int32
    full = clipped.toarray() if sparse.issparse(clipped) else clipped
    assert full.tolist() == [want]


def test_learning_loses_the_largest_weight() -> None:
    assert clip_weights(np.array([255, -256]), SignMode.MIXED, 8, True).tolist() == [254, -256]


@given(
    hnp.arrays(np.int64, (3, 4), elements=st.integers(-256, 255)),
    st.sampled_from(list(SignMode)),
    st.integers(1, 8),
)
def test_truncation_clears_the_lowest_bits(weights: Any, mode: SignMode, bits: int) -> None:
    cleared = 8 - bits + (mode is SignMode.MIXED)
    if mode is SignMode.INHIBITORY:
        want = -(-weights // 2**cleared * 2**cleared)
    else:
        want = weights // 2**cleared * 2**cleared
    got = truncate_weights(weights, mode, bits)
    assert got.tolist() == want.tolist()
    got = truncate_weights(sparse.csr_matrix(weights), mode, bits)
    assert got.toarray().tolist() == want.tolist()
    assert got.nnz == np.count_nonzero(want)


def test_nothing_changes_the_given_weights() -> None:
    for form in FORMS:
        weights = form(np.array([[300, -3]]))
        clip_weights(weights, SignMode.MIXED, 8)
        truncate_weights(weights, SignMode.MIXED, 6)
        optimize_weight_bits(form(np.array([[3, -3]])), SignMode.MIXED)
        full = weights.toarray() if sparse.issparse(weights) else weights
        assert full.tolist() == [[300, -3]]


@pytest.mark.parametrize("form", [lambda x: x, lambda x: sparse.csr_matrix(x[None])])
@pytest.mark.parametrize(
    ("weights", "mode", "loihi2", "want"),
    [
        ([10, -20], SignMode.MIXED, False, ([80, -160], 5, -3)),
        ([10, -20], SignMode.MIXED, True, ([5, -10], 5, -3)),
        ([10, 20], SignMode.EXCITATORY, False, ([80, 160], 4, -3)),
        ([10, 20], SignMode.EXCITATORY, True, ([5, 10], 4, -3)),
        ([-4, -8], SignMode.INHIBITORY, False, ([-64, -128], 2, -4)),
        ([-4, -8], SignMode.INHIBITORY, True, ([-1, -2], 2, -4)),
        ([0, 0], SignMode.MIXED, False, ([0, 0], 1, 0)),
        ([0, 0], SignMode.EXCITATORY, False, ([0, 0], 0, 0)),
    ],
)
def test_weights_fill_their_range(
    form: Any, weights: Any, mode: Any, loihi2: Any, want: Any
) -> None:
    found = optimize_weight_bits(form(np.array(weights)), mode, loihi2)
    full = found.weights.toarray()[0] if sparse.issparse(found.weights) else found.weights
    assert full.dtype == np.int32
    assert (full.tolist(), found.num_weight_bits, found.weight_exp) == want


@pytest.mark.parametrize(
    ("weights", "mode"),
    [([256], SignMode.MIXED), ([-257], SignMode.MIXED), ([-1], SignMode.EXCITATORY),
     ([1], SignMode.INHIBITORY), ([1], SignMode.NULL), ([np.nan, 1], SignMode.EXCITATORY)],
)  # fmt: skip
def test_weights_out_of_range_are_refused(weights: Any, mode: SignMode) -> None:
    with pytest.raises(ValueError, match="optimize_weight_bits: expected"):
        optimize_weight_bits(np.array(weights), mode)


def test_find_lists_entries_with_or_without_stored_zeros() -> None:
    matrix = sparse.csr_matrix((np.array([0, 5, 7]), ([0, 1, 1], [2, 0, 1])), shape=(2, 3))
    assert [part.tolist() for part in find(matrix)] == [[1, 1], [0, 1], [5, 7]]
    rows, cols, values = find(matrix, explicit_zeros=True)
    assert sorted(zip(rows, cols, values, strict=True)) == [(0, 2, 0), (1, 0, 5), (1, 1, 7)]
