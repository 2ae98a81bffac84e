"""The plan of an arena is plain data, and blocks never overlap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_actor.channels import RingRequest, layout, plan_arena
from lava_actor.errors import InvalidTypeError, InvalidValueError

shapes = st.lists(st.integers(0, 9), max_size=3).map(tuple)
dtypes = st.sampled_from(["?", "i1", "<i2", "<i4", "<i8", "u1", "<f4", "<f8", "<c16"])
requests = st.builds(
    RingRequest,
    name=st.just("ring"),
    shape=shapes,
    dtype=dtypes,
    events=st.booleans(),
    depth=st.none() | st.integers(1, 70),
    writer=st.integers(0, 2),
    readers=st.just((0, 1)) | st.just(()) | st.just((2,)),
    reader_names=st.just(()),
).map(lambda r: RingRequest(**{**vars(r), "reader_names": tuple(map(str, r.readers))}))


@given(st.lists(requests, max_size=6), st.integers(0, 3))
def test_blocks_lie_side_by_side_in_order_and_rings_start_on_a_line(rings, n_domains):
    plan = plan_arena("abc", [(0, 1)] * n_domains, rings)
    end = layout.ARENA_BYTES + 3 * layout.PARTY_BYTES
    for i in range(n_domains):
        assert plan.domain_offset(i) == end
        end += layout.DOMAIN_BYTES
    for ring in plan.rings:
        assert ring.offset == end
        assert ring.offset % layout.LINE == 0
        control = layout.RING_BYTES + len(ring.readers) * layout.CURSOR_BYTES
        assert control + ring.depth * ring.slot_bytes <= ring.nbytes
        end += ring.nbytes
    assert plan.size == end


@given(requests)
def test_a_slot_holds_the_message_in_each_form_it_may_take(request):
    (ring,) = plan_arena("abc", [], [request]).rings
    itemsize = np.dtype(ring.dtype).itemsize
    room = ring.slot_bytes - ring.payload_offset
    assert room >= ring.size * itemsize
    if ring.events:
        assert room >= layout.values_offset(ring.size) + ring.size * itemsize


@pytest.mark.parametrize(
    ("slot", "depth"),
    [
        (64, 256),
        (1024, 256),
        (1088, 64),
        (16384, 64),
        (16448, 63),
        (2**18, 4),
        (2**21, 4),
        (2**21 + 64, 2),
        (2**30, 2),
    ],
)
def test_default_depth_is_what_fits_into_a_quarter_mebibyte_or_one(slot, depth):
    assert layout.default_depth(slot) == depth


def test_a_given_depth_is_kept_whether_or_not_it_is_a_power_of_two(ring_request):
    for depth in (1, 3, 1000):
        assert plan_arena("ab", [], [ring_request(depth=depth)]).rings[0].depth == depth


def test_equal_requests_give_equal_plans(ring_request):
    make = lambda: plan_arena("ab", [(0, 1)], [ring_request(), ring_request((0,), "i4")])  # noqa: E731  # a def would not be shorter
    assert make() == make()


def test_describe_names_parties_domains_and_rings(ring_request):
    text = plan_arena(["lif", "dense"], [(0, 1)], [ring_request(name="lif.s_out")]).describe()
    for part in ("party 0: lif", "domain 0: lif, dense", "lif.s_out (lif) -> reader 0 (dense)"):
        assert part in text


@pytest.mark.parametrize(
    "change",
    [
        {"shape": (-1,)},
        {"depth": 0},
        {"writer": 2},
        {"readers": (5,)},
        {"reader_names": ()},
        {"shape": (2**16, 2**16)},
    ],
)
def test_a_request_that_makes_no_sense_is_refused_by_name(ring_request, change):
    request = RingRequest(**{**vars(ring_request(name="lif.s_out")), **change})
    with pytest.raises(InvalidValueError, match=r"lif\.s_out"):
        plan_arena("ab", [], [request])


@pytest.mark.parametrize("dtype", ["O", "U4", ">f8", "M8[s]"])
def test_only_booleans_and_native_numbers_travel(ring_request, dtype):
    with pytest.raises(InvalidTypeError, match="ring"):
        plan_arena("ab", [], [ring_request(dtype=dtype)])


def test_a_domain_of_unknown_parties_is_refused():
    for members in ((0, 0), (0, 2), (-1,)):
        with pytest.raises(InvalidValueError, match="domain 0"):
            plan_arena("ab", [members], [])
