"""Fixed-point arithmetic against its definition in Python integers."""

from __future__ import annotations

from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_actor.proc._arithmetic import (
    asr,
    integral_input,
    mag,
    require_integral,
    sat24,
    shl,
    wrap24,
    wrap_bits,
)

ints = st.integers(-(2**40), 2**40)
shifts = st.integers(0, 20)


@given(ints, shifts)
def test_asr_rounds_down(x: int, n: int) -> None:
    assert asr(np.int64(x), n) == floor(x / 2**n)
    assert asr([x, -x], n).tolist() == [x >> n, -x >> n]


@given(ints, shifts)
def test_mag_rounds_toward_zero(x: int, n: int) -> None:
    assert mag([x], n).tolist() == [(abs(x) >> n) * (-1 if x < 0 else 1)]


@given(ints, st.integers(-20, 20))
def test_shl_scales_by_powers_of_two(x: int, n: int) -> None:
    want = x << n if n >= 0 else x >> -n
    assert shl([x], n).tolist() == [want]
    assert shl([x, x], [n, 0]).tolist() == [want, x]


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64])
def test_shl_by_any_amount_empties_or_fills_with_the_sign(dtype: type) -> None:
    x = np.array([5, -5], dtype)
    for far in (100, 300, 2**31 - 1):
        assert shl(x, np.int32(far)).tolist() == [0, 0]
        assert shl(x, np.full(2, far, np.int32)).tolist() == [0, 0]
    for far in (-100, -300, -(2**31)):
        assert shl(x, np.int32(far)).tolist() == [0, -1]
        assert shl(x, np.full(2, far, np.int32)).tolist() == [0, -1]


@given(ints)
def test_sat24_clips(x: int) -> None:
    assert sat24([x]).tolist() == [max(1 - 2**23, min(2**23 - 1, x))]


def test_wrap24_turns_once_and_keeps_the_upper_limit() -> None:
    given = [2**23, 2**23 + 1, -(2**23), 1 - 2**23, 2**25, 0]
    assert wrap24(given).tolist() == [2**23, 1 - 2**23, 2**23, 1 - 2**23, 2**24, 0]


@given(ints, st.integers(2, 32))
def test_wrap_bits_keeps_the_lowest_bits(x: int, bits: int) -> None:
    found = int(wrap_bits([x], bits)[0])
    assert -(2 ** (bits - 1)) <= found < 2 ** (bits - 1)
    assert (found - x) % 2**bits == 0


def test_types_stay() -> None:
    for dtype in (np.int16, np.int32, np.int64):
        x = np.array([-5, 5], dtype)
        for result in (asr(x, 1), mag(x, 1), shl(x, 2), shl(x, [1, -1]), sat24(x), wrap24(x)):
            assert result.dtype == dtype
    assert shl(np.array([True]), 3).tolist() == [8]


class Cells:
    _la_process_name = "cells"


def test_integral_values_of_any_type_are_accepted() -> None:
    assert require_integral("Cells", "n", [1.0, -2.0]).dtype == np.int32
    assert require_integral("Cells", "n", True).tolist() == 1
    assert require_integral("Cells", "n", np.int64(7), np.int16).dtype == np.int16


@pytest.mark.parametrize("wrong", [0.5, np.nan, np.inf, 2**31, -(2**31) - 1, [1.0, 1e300]])
def test_other_values_are_refused_by_name(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"Cells\.n: expected"):
        require_integral("Cells", "n", wrong)


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Cells\.n: expected integers"):
        require_integral("Cells", "n", 1j)


def test_received_integers_keep_their_type() -> None:
    wide = np.array([2**40])
    assert integral_input(Cells(), "a_in", wide) is wide
    assert integral_input(Cells(), "a_in", np.array([True])).dtype == np.int32
    assert integral_input(Cells(), "a_in", np.array([3.0])).dtype == np.int64
    with pytest.raises(ValueError, match=r"Cells 'cells'\.a_in"):
        integral_input(Cells(), "a_in", np.array([3.5]))
