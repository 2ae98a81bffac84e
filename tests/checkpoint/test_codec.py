"""Values survive encoding and decoding exactly: bits, identity, memory layout."""

from __future__ import annotations

import enum
import functools
import json
import logging
import math
import pathlib
import random
import struct
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lava_actor.checkpoint.codec import Decoder, Document, Encoder
from lava_actor.checkpoint.names import Names, home_of
from lava_actor.errors import CheckpointError
from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.process.log import LogConfig
from tests.cases import cases


class Colour(enum.Enum):
    RED = 1
    BLUE = "b"


class Bits(enum.Flag):
    ONE = 1
    TWO = 2


class Point(NamedTuple):
    x: int
    y: Any


@dataclass(frozen=True)
class Frozen:
    value: Any


@dataclass
class Node:
    name: str
    others: list[Any] = field(default_factory=list)


@dataclass
class Slotted:
    __slots__ = ("left", "right")
    left: Any
    right: Any


class Anything:
    def __init__(self, value: Any) -> None:
        self.value = value


def double(x: int) -> int:
    return 2 * x


HERE = home_of(f"{__name__}:Colour")


def there_and_back(value: Any, *, trusted: bool = False) -> Any:
    """Encode, write as JSON, read, decode."""
    encoder = Encoder(Names([HERE]), trusted=trusted)
    node = encoder.add(value, "value")
    document = encoder.finish(node)
    text = json.dumps({"objects": document.objects, "root": document.root}, allow_nan=False)
    read = json.loads(text)
    blobs = [b if isinstance(b, bytes) else b.copy(order="K") for b in document.blobs]
    decoder = Decoder(
        Document(read["objects"], read["root"], blobs), Names([HERE]), refuse, trusted=trusted
    )
    return decoder.value(read["root"])


def refuse(kind: str, _which: Any) -> Any:
    raise CheckpointError(kind)


def same(one: Any, two: Any) -> bool:
    """Equal to the last bit, types and order included."""
    if type(one) is not type(two):
        return False
    if isinstance(one, float):
        return struct.pack(">d", one) == struct.pack(">d", two)
    if isinstance(one, complex):
        return same(one.real, two.real) and same(one.imag, two.imag)
    if isinstance(one, np.ndarray):
        if one.dtype.kind == "O":
            return one.shape == two.shape and all(map(same, one.flat, two.flat))
        alike = (one.dtype, one.shape, one.strides) == (two.dtype, two.shape, two.strides)
        return alike and one.tobytes() == two.tobytes()
    if isinstance(one, np.generic):
        return bool(one.dtype == two.dtype) and one.tobytes() == two.tobytes()
    if isinstance(one, dict):
        return len(one) == len(two) and all(map(same, one.items(), two.items()))
    if isinstance(one, list | tuple | deque):
        return len(one) == len(two) and all(map(same, one, two))
    return bool(one == two)


numbers = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**300), 2**300),
    st.floats(),
    st.complex_numbers(),
)
dtypes = st.one_of(
    hnp.scalar_dtypes(),
    hnp.unicode_string_dtypes(),
    hnp.byte_string_dtypes(),
    hnp.array_dtypes(allow_subarrays=False),
)
ndarrays = dtypes.flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(min_dims=0, min_side=0)))
leaves = st.one_of(numbers, st.text(), st.binary(), ndarrays, ndarrays.map(lambda a: a.dtype))
hashable = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.binary())
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.lists(inner).map(deque),
        st.dictionaries(hashable, inner),
        st.dictionaries(st.tuples(hashable, hashable), inner).map(OrderedDict),
        st.sets(hashable),
        st.frozensets(hashable),
        inner.map(Frozen),
    ),
    max_leaves=12,
)


@settings(max_examples=cases(300), deadline=None)
@given(values)
def test_any_value(value: Any) -> None:
    found = there_and_back(value)
    if isinstance(value, Frozen):
        value, found = value.value, found.value
    if not contains_frozen(value):
        assert same(value, found)


def contains_frozen(value: Any) -> bool:
    if isinstance(value, Frozen):
        return True
    if isinstance(value, dict):
        return any(map(contains_frozen, value.values()))
    return isinstance(value, list | tuple | deque) and any(map(contains_frozen, value))


@pytest.mark.parametrize(
    "value",
    [
        math.inf, -math.inf, -0.0, struct.unpack(">d", b"\x7f\xf8\0\0\0\0\1\2")[0],
        np.float32(0.1), np.bool_(True), np.datetime64("2024-01-02"), np.longdouble("0.1"),
        np.void(b"abc"), 10**6000,
        slice(1, None, 2), range(3, 9, 2), ..., Colour.RED, Colour.BLUE, Bits.ONE | Bits.TWO,
        GradedSpikeCfg.OVERWRITE, Point(1, [2]), double, int, np.int32, np.tanh, Anything, Colour,
        pathlib.Path("a/b"), logging.getLogger("x.y"), deque([1, 2], maxlen=3), Counter("aab"),
        "\ud800 \0 \N{SNOWMAN}", np.dtype([("a", "<f4"), ("b", ">i2", (3,))]), bytearray(b"xy"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_value_of_a_special_kind(value: Any) -> None:
    assert same(there_and_back(value), value)


def test_defaultdict_with_its_factory() -> None:
    found = there_and_back(defaultdict(list, {1: [2]}))
    assert found[1] == [2]
    assert found[5] == []


def test_shared_references_stay_shared() -> None:
    array, both = np.zeros(3), [1]
    found = there_and_back([array, array, {"k": both}, both])
    assert found[0] is found[1]
    assert found[2]["k"] is found[3]


def test_cycles_through_every_container() -> None:
    node = Node("a")
    node.others.append((node, {"me": node}, deque([node])))
    found = there_and_back(node)
    (again, mapping, queue), *_ = found.others
    assert again is found
    assert mapping["me"] is found
    assert queue[0] is found


def test_a_long_chain_needs_no_recursion() -> None:
    last: list[Any] = []
    for _ in range(20_000):
        last = [last]
    found, depth = there_and_back(last), 0
    while found:
        found, depth = found[0], depth + 1
    assert depth == 20_000


def test_slots() -> None:
    found = there_and_back(Slotted(1, [2]))
    assert (found.left, found.right) == (1, [2])


def test_objects_of_the_package() -> None:
    assert there_and_back(LogConfig(level=7)) == LogConfig(level=7)


@pytest.mark.parametrize("name", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_generators_go_on_where_they_were(name: str) -> None:
    generator = np.random.Generator(getattr(np.random, name)(7))
    generator.normal(size=3)
    generator.integers(0, 9, dtype=np.int16)  # leaves half a word behind
    found, draw = there_and_back([generator, generator.random])
    assert np.array_equal(found.random(50), generator.random(50))
    assert draw.__self__ is found
    assert found.spawn(2)[1].random() == generator.spawn(2)[1].random()


def test_old_generators_go_on_where_they_were() -> None:
    old = np.random.RandomState(3)
    old.normal()  # one more is kept
    plain = random.Random(4)
    plain.gauss(0, 1)
    found, other = there_and_back([old, plain])
    assert np.array_equal(found.normal(size=5), old.normal(size=5))
    assert [other.gauss(0, 1) for _ in range(3)] == [plain.gauss(0, 1) for _ in range(3)]


def test_bound_methods_and_partials_belong_to_the_decoded_object() -> None:
    items: list[int] = []
    node = Node("a", items)
    found, add = there_and_back([node, functools.partial(items.append, 3)])
    add()
    assert found.others == [3]


@pytest.mark.parametrize(
    "sequence",
    [[1, 2, 3], (1, 2, 3), range(3), np.arange(3)],
    ids=["list", "tuple", "range", "array"],
)
def test_iterators_go_on_where_they_were(sequence: Any) -> None:
    iterator = iter(sequence)
    next(iterator)
    assert list(there_and_back(iterator)) == list(sequence)[1:]
    assert list(there_and_back(iter(()))) == []


@pytest.mark.parametrize("make", [threading.Lock, threading.RLock, threading.Condition])
def test_locks_are_made_anew(make: Any) -> None:
    with there_and_back(make()):
        pass


# -- arrays ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
def test_order_of_memory(order: Any) -> None:
    array = np.array(np.arange(6.0).reshape(2, 3), order=order)
    assert same(there_and_back(array), array)


def test_any_order_of_axes() -> None:
    array = np.arange(24).reshape(2, 3, 4).transpose(1, 2, 0).copy(order="K")
    assert same(there_and_back(array), array)


def test_views_look_at_the_same_memory() -> None:
    base = np.arange(24.0).reshape(4, 6).copy(order="F")
    parts = [base[1:3, ::2], base.T, base[::-1], base[2], base.view(np.int64), base.real]
    found, *views = there_and_back([base, *parts])
    for view, part in zip(views, parts, strict=True):
        assert same(view, part)
    found[...] = 7
    assert all((view == 7).all() for view in (views[0], views[1], views[2], views[3], views[5]))
    views[3][0] = 8
    assert found[2, 0] == 8


def test_views_of_an_array_that_nobody_holds() -> None:
    left, right = np.split(np.arange(6), 2)
    both = np.arange(6)
    one, two = there_and_back([both[:4], both[2:]])
    one[3] = -1
    assert two[1] == -1
    assert same(there_and_back([left, right])[1], right)


def test_a_small_view_does_not_take_its_base_along() -> None:
    encoder = Encoder(Names())
    encoder.finish(encoder.add(np.zeros(10**6)[5:7], "value"))
    assert sum(blob.nbytes for blob in encoder.document.blobs) == 16


def test_arrays_that_are_read_only_stay_so() -> None:
    array = np.arange(3)
    writable = array[1:]
    array.flags.writeable = False
    found, view = there_and_back([array, writable])
    assert not found.flags.writeable
    assert view.flags.writeable


def test_broadcast_arrays() -> None:
    row = np.arange(3.0)
    base, wide = there_and_back([row, np.broadcast_to(row, (4, 3))])
    assert wide.strides == (0, 8)
    base[0] = 9
    assert (wide[:, 0] == 9).all()


def test_arrays_of_objects() -> None:
    array = np.array([[1, "a"], [None, [2]]], object)
    found = there_and_back([array, array])
    assert same(found[0], array)
    assert found[0] is found[1]


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "dia", "lil", "dok"])
@pytest.mark.parametrize("suffix", ["matrix", "array"])
def test_sparse_matrices(kind: str, suffix: str) -> None:
    dense = np.diag([1.5, 0, -2, 4])
    matrix = getattr(scipy.sparse, f"{kind}_{suffix}")(dense)
    found = there_and_back(matrix)
    assert type(found) is type(matrix)
    assert found.dtype == matrix.dtype
    assert np.array_equal(found.toarray(), dense)


def test_sparse_matrices_share_their_arrays() -> None:
    matrix = scipy.sparse.csr_matrix(np.eye(3))
    matrix.data[1] = 0  # a stored zero
    found, data = there_and_back([matrix, matrix.data])
    assert found.data is data
    assert found.nnz == 3


# -- what cannot be expressed ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        Anything(1),
        object(),
        lambda: 1,
        open,
        math.sin,
        np.load,
        np.vectorize(double),
        math,
        Exception(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_objects_are_refused_by_name(value: Any) -> None:
    with pytest.raises(CheckpointError, match=r"value\['k'\]\[0\].*trusted=True"):
        there_and_back({"k": [value]})


def test_other_objects_are_pickled_if_trusted() -> None:
    array, shared = np.zeros(2), [3]
    found = there_and_back([Anything((array, shared)), array, shared], trusted=True)
    assert found[0].value[0] is found[1]
    assert found[0].value[1] is found[2]
    assert there_and_back(lambda: 5, trusted=True)() == 5


def test_what_cannot_be_pickled_either_is_named() -> None:
    with pytest.raises(CheckpointError, match=r"value\.others\[0\].*cannot be pickled"):
        there_and_back(Node("a", [(i for i in "abc")]), trusted=True)


# -- what hostile documents may not do ---------------------------------------------------------


def decode(node: Any, *objects: Any, blobs: list[Any] | None = None) -> Any:
    return Decoder(Document(list(objects), None, blobs or []), Names([HERE]), refuse).value(node)


@pytest.mark.parametrize(
    "node",
    [
        {"name": "os:system"}, {"name": "builtins:eval"}, {"name": "builtins:getattr"},
        {"name": "numpy:load"}, {"name": "subprocess:Popen"}, {"name": "posix:system"},
        {"name": "lava_actor.utils.serialization:load"}, {"name": 7}, {"name": "os"},
        {"name": "lava_actor.runtime.user.runtime:Runtime"}, {"name": f"{__name__}:os.system"},
        {"name": "lava_actor.process.process:os.getpid"},
        {"enum": [{"name": f"{__name__}:Node"}, 1]}, {"named": [{"name": f"{__name__}:Node"}]},
        {"enum": ["x", 1]}, {"named": ["x"]},
        {"method": ["abc", "__class__"]}, {"method": ["abc", 7]}, {"ref": 0}, {"ref": -1},
        {"ref": True}, {"nothing": 1}, {"slice": [1], "int": ["0x1"]}, [], {},
    ],
    ids=str,
)  # fmt: skip
def test_a_hostile_value_is_refused(node: Any) -> None:
    with pytest.raises(CheckpointError):
        decode(node)


VIEW = {"base": 1, "shape": [1], "strides": [8], "offset": 0, "dtype": "'<f8'"}


@pytest.mark.parametrize(
    "entry",
    [
        {"object": f"{__name__}:Anything", "state": {}},
        {"object": "lava_actor.process.process:AbstractProcess", "state": {}},
        {"object": "lava_actor.runtime.user.runtime:Runtime", "state": {}},
        {"object": "builtins:dict", "state": {}},
        {"pickle": 0}, {"pickle": 0, "class": "x:Y"},
        {"generator": [{"ref": 0}]}, {"generator": ["x"]}, {"random_state": ["x"]},
        {"objects": [{"tuple": [2**40]}]}, {"objects": [{"tuple": [-1, -1]}, 1]},
        {"nothing": []}, {"list": [], "set": []}, {"tuple": []}, {},
        {"array": {**VIEW, "shape": [9], "offset": 0}},
        {"array": {**VIEW, "shape": [2], "offset": -8}},
        {"array": {**VIEW, "dtype": "'O'"}},
        {"array": {"base": 0}},
        {"sparse": ["csr", False, {"tuple": [2, 2]}, {"ref": 1}, {"ref": 2}, {"ref": 2}]},
    ],
    ids=str,
)  # fmt: skip
def test_a_hostile_entry_is_refused(entry: Any) -> None:
    blobs = [np.zeros(2), np.array([9, 9, 9])]
    with pytest.raises((CheckpointError, ValueError, TypeError)):
        decode({"ref": 0}, entry, {"array": {"blob": 0}}, {"array": {"blob": 1}}, blobs=blobs)
