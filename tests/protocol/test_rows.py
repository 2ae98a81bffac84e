"""An index of an array, told in those of its parts, selects the same."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_actor.protocol.rows import Rows, pieces
from tests.cases import cases

N = 9
places = st.integers(-N, N - 1)
edges = st.none() | st.integers(-N - 2, N + 2)
slices = st.builds(slice, edges, edges, st.none() | st.integers(1, 4))
lists = st.lists(places, min_size=1, max_size=6)
firsts = places | places.map(np.int32) | slices | lists | lists.map(np.array)
rests = st.sampled_from([(), (1,), (-1,), (slice(0, 2),), (...,), (np.int8(2),)])
cuts = st.sets(st.integers(1, N - 1), min_size=1, max_size=4).map(sorted)


def parts_of(ends: list[int]) -> list[Rows]:
    return [Rows(a, b, N) for a, b in pairwise([0, *ends, N])]


@settings(deadline=None, derandomize=True, max_examples=cases(400))
@given(cuts, firsts, rests, st.booleans())
def test_the_pieces_together_are_what_the_index_selects(
    ends: list[int], first: Any, rest: tuple[Any, ...], alone: bool
) -> None:
    array = np.arange(3 * N).reshape(N, 3) if rest or not alone else np.arange(N)
    idx = first if alone and not rest else (first, *rest)
    parts, expected = parts_of(ends), array[idx]
    found = pieces(idx, array.shape, parts)
    assert (found is None) == (expected.size == 0)
    together = np.full(expected.shape, -1)
    for piece in found or ():
        rows = parts[piece.part]
        own = array[rows.first : rows.end][piece.index]
        assert own.size, "who has nothing is not asked"
        together[piece.places] = own
    assert np.array_equal(together, expected)


@pytest.mark.parametrize(
    "idx",
    [..., (), None, True, [True] * N, np.ones(N, bool), slice(None, None, -1), [[1], [2]], np.int64,
     (..., 1), (1, [0, 1]), (1, None), (slice(0, 2), True), []],
)  # fmt: skip
def test_other_indices_are_left_to_who_has_the_whole_array(idx: Any) -> None:
    assert pieces(idx, (N, 3), parts_of([4])) is None


def test_parts_of_rows_have_no_pieces() -> None:
    assert pieces(1, (N // 3, 3), parts_of([4])) is None


def test_slices_of_the_first_axis_are_its_rows() -> None:
    parts = [Rows(0, 6, N, slice=3), Rows(6, 9, N, slice=3)]
    (piece,) = pieces((2, 1), (3, 3), parts) or ()
    assert (piece.part, piece.index) == (1, (0, 1))
