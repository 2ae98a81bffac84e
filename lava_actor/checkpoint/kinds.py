"""The kinds of values a file can hold, a row each: how one is taken apart, and made again.

Whatever a value consists of is encoded in turn, so a row says only what the parts are. Values
without an identity (INLINE) stand where they are used. The others (ENTRIES) may be shared: they
have an entry in a table; those that can be changed are made empty first and then filled, so that
they may contain themselves.
"""

from __future__ import annotations

import base64
import enum
import functools
import inspect
import logging
import math
import pathlib
import random
import struct
import threading
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable

import numpy as np

from lava_actor.checkpoint import arrays
from lava_actor.checkpoint.arrays import Part
from lava_actor.errors import CheckpointError
from lava_actor.plain import plain
from lava_actor.process import matrices


@plain(frozen=True, eq=False)
class Kind:
    """One row.

    Attributes
    ----------
    apart : value -> parts
    make : parts -> value; if there is ``fill``: (number of further parts, the first parts) -> value
    fill : (value, further parts) -> None
    head : how many parts come first
    items : whether parts are called ``value[0]``, ``value[1]``, … in messages
    hashed : 1 if all parts are, 2 if every other one is (they have to be complete), 0 if none
    """

    tag: str
    apart: Callable[[Part], Iterable[Part]]
    make: Callable[..., Part]
    fill: Callable[[Part, list[Part]], Part] | None = None
    head: int = 0
    items: bool = False
    hashed: int = 0


def _refuse_unless(fine: object, expected: str, got: object) -> None:
    if not fine:
        raise CheckpointError(f"expected {expected}, got {got!r}")


def _class(cls: object, base: type) -> Part:
    _refuse_unless(isinstance(cls, type) and issubclass(cls, base), f"a {base.__name__} class", cls)
    return cls


def _method(owner: Part, name: Part) -> Part:
    _refuse_unless(isinstance(name, str) and name[:2] != "__", "the name of a method", name)
    there = inspect.getattr_static(owner, name, None)
    fine = callable(there) or isinstance(there, (staticmethod, classmethod))
    _refuse_unless(fine, f"a method of {type(owner).__name__}", name)
    return getattr(owner, name)


def _method_parts(value: types.MethodType) -> list[Part]:
    return [value.__self__, getattr(value, "__func__", value).__name__]


def _scalar(dtype: object, data: bytes) -> Part:
    return np.frombuffer(data, arrays.dtype_of(dtype), count=1)[0]


def _base64(value: Part) -> list[str]:
    return [base64.b64encode(value).decode()]


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


FLOAT = Kind(
    "float",
    lambda v: [struct.pack(">d", v).hex()],
    lambda text: struct.unpack(">d", bytes.fromhex(text))[0],
)
INT = Kind("int", lambda v: [hex(v)], lambda text: int(text, 16))
ENUM = Kind("enum", lambda v: [type(v), v.value], lambda cls, v: _class(cls, enum.Enum)(v))
NAMED = Kind(
    "named", lambda v: [type(v), *v], lambda c, *v: tuple.__new__(_class(c, tuple), v), items=True
)
METHOD = Kind("method", _method_parts, _method)

_INLINE: dict[type, Kind] = {
    float: FLOAT,
    int: INT,
    complex: Kind("complex", lambda v: [v.real, v.imag], complex),
    bytes: Kind("bytes", _base64, _bytes),
    tuple: Kind("tuple", list, lambda *v: v, items=True),
    frozenset: Kind("frozenset", list, lambda *v: frozenset(v), hashed=1),
    slice: Kind("slice", lambda v: [v.start, v.stop, v.step], slice),
    range: Kind("range", lambda v: [v.start, v.stop, v.step], range),
    type(...): Kind("ellipsis", lambda _: [], lambda: ...),
    types.MethodType: METHOD,
}

#: Kinds whose values are of classes derived from these.
_FAMILIES: list[tuple[type, Kind]] = [
    (enum.Enum, ENUM),
    (tuple, NAMED),
    (np.generic, Kind("scalar", lambda v: [arrays.dtype_text(v.dtype), v.tobytes()], _scalar)),
    (np.dtype, Kind("dtype", lambda v: [arrays.dtype_text(v)], arrays.dtype_of)),
    (logging.Logger, Kind("logger", lambda v: [v.name], lambda name: logging.getLogger(str(name)))),
    (pathlib.Path, Kind("path", lambda v: [str(v)], lambda text: pathlib.Path(str(text)))),
]


# -- what has an identity -----------------------------------------------------------------------


def _pairs(mapping: dict[Part, Part]) -> list[Part]:
    return [part for pair in mapping.items() for part in pair]


def _add_pairs(mapping: dict[Part, Part], parts: list[Part]) -> None:
    for place in range(0, len(parts), 2):
        mapping[parts[place]] = parts[place + 1]


def _mapping(cls: Part) -> Kind:
    return Kind(cls.__name__, _pairs, lambda _: cls(), _add_pairs, hashed=2)


def _object_array(count: int, shape: Part) -> np.ndarray:
    fine = isinstance(shape, tuple) and min(shape, default=0) >= 0 and math.prod(shape) == count
    _refuse_unless(fine, f"the shape of {count} objects", shape)
    return np.empty(shape, object)


def _fill_array(array: np.ndarray, parts: list[Part]) -> None:
    for place, part in zip(np.ndindex(array.shape), parts, strict=True):
        array[place] = part


def _partial(function: Part, positional: Part, keywords: Part) -> Part:
    return functools.partial(function, *positional, **keywords)


_SEQUENCES: tuple[Part, ...] = ([], (), range(0), np.zeros(0))


def _iterator_parts(value: Part) -> list[Part]:
    _, (sequence,), *position = value.__reduce__()
    return [sequence, position[0] if position else 0]


def _iterator(sequence: Part, position: Part) -> Part:
    made = iter(sequence)
    if position:
        made.__setstate__(position)
    return made


_LOCKS: dict[str, Callable[[], Part]] = {
    "Lock": threading.Lock,
    "RLock": threading.RLock,
    "Condition": threading.Condition,
    "Event": threading.Event,
}
_LOCK_NAMES = {type(make()): name for name, make in _LOCKS.items()}
_LOCK = Kind("lock", lambda v: [_LOCK_NAMES[type(v)]], lambda name: _LOCKS[name]())

_PARTS = {
    **dict.fromkeys(("csr", "csc", "bsr"), ("data", "indices", "indptr")),
    **dict.fromkeys(("coo", "lil", "dok"), ("data", "row", "col")),
    "dia": ("data", "offsets"),
}


def _sparse_parts(value: Part) -> list[Part]:
    held = value.tocoo() if value.format in ("lil", "dok") else value
    shape = tuple(int(n) for n in value.shape)
    parts = [getattr(held, name) for name in _PARTS[value.format]]
    return [value.format, isinstance(value, matrices.sparray), shape, *parts]


def _sparse(kind: Part, is_array: Part, shape: Part, *parts: Part) -> Part:
    names = _PARTS[kind]
    for part in parts[1:]:
        _refuse_unless(getattr(part, "dtype", np.dtype(float)).kind == "i", "indices", part)
    first = "coo" if names[1] == "row" else kind
    given = (parts[0], parts[1:]) if first == "coo" else parts
    cls = getattr(matrices, f"{first}_{'array' if is_array else 'matrix'}")
    made = cls(given, shape=shape)
    if first != kind:
        return made.asformat(kind)
    matrices.check(made)
    for name, part in zip(names, parts, strict=True):  # constructor and check may have made copies
        # SciPy believes indices: nothing else in the file may share their memory.
        setattr(made, name, part if name == "data" else np.array(part))
    return made


SPARSE = Kind("sparse", _sparse_parts, _sparse)

_BIT_GENERATORS = {
    name: getattr(np.random, name) for name in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
}


def checked_position(state: Part) -> Part:
    """The state of a bit generator: NumPy believes where it is in its numbers."""
    _refuse_unless(isinstance(state, dict), "the state of a bit generator", state)
    inner = state.get("state")
    places = (inner["pos"] if isinstance(inner, dict) and "pos" in inner else 0, 624)
    for place, most in (places, (state.get("buffer_pos", 0), 4)):
        _refuse_unless(0 <= int(place) <= most, f"a position from 0 to {most}", place)
    return state


def _bit_generator_parts(value: Part) -> list[Part]:
    seed = value.seed_seq
    seeds = None
    if type(seed) is np.random.SeedSequence:
        seeds = (seed.entropy, seed.spawn_key, seed.pool_size, seed.n_children_spawned)
    return [type(value).__name__, value.state, seeds]


def _bit_generator(name: Part, state: Part, seeds: Part) -> Part:
    seed: Part = 0
    if seeds is not None:
        entropy, key, size, spawned = seeds
        _refuse_unless(type(size) is int and 4 <= size <= 1024, "the size of a pool of seeds", size)
        seed = np.random.SeedSequence(
            entropy, spawn_key=key, pool_size=size, n_children_spawned=spawned
        )
    made = _BIT_GENERATORS[name](seed)
    made.state = checked_position(state)
    return made


def _generator(bits: Part) -> np.random.Generator:
    _refuse_unless(isinstance(bits, np.random.BitGenerator), "a bit generator", bits)
    return np.random.Generator(bits)


def _random_state(state: Part) -> np.random.RandomState:
    made = np.random.RandomState(_BIT_GENERATORS[checked_position(state)["bit_generator"]]())
    made.set_state(state)
    return made


def _random(state: Part) -> random.Random:
    made = random.Random()
    made.setstate(state)
    return made


_ENTRIES: dict[type, Kind] = {
    list: Kind("list", list, lambda _: [], list.extend, items=True),
    set: Kind("set", list, lambda _: set(), set.update, hashed=1),
    deque: Kind(
        "deque", lambda v: [v.maxlen, *v], lambda _, most: deque(maxlen=most), deque.extend, 1, True
    ),
    **{cls: _mapping(cls) for cls in (dict, OrderedDict, Counter)},
    defaultdict: Kind(
        "defaultdict",
        lambda v: [v.default_factory, *_pairs(v)],
        lambda _, factory: defaultdict(factory),
        _add_pairs,
        head=1,
        hashed=2,
    ),
    bytearray: Kind("bytearray", _base64, lambda text: bytearray(_bytes(text))),
    np.ndarray: Kind("objects", lambda v: [v.shape, *v.flat], _object_array, _fill_array, 1, True),
    functools.partial: Kind("partial", lambda v: [v.func, v.args, v.keywords], _partial),
    np.random.Generator: Kind("generator", lambda v: [v.bit_generator], _generator),
    np.random.RandomState: Kind(
        "random_state", lambda v: [v.get_state(legacy=False)], _random_state
    ),
    random.Random: Kind("random", lambda v: [v.getstate()], _random),
    **dict.fromkeys(_LOCK_NAMES, _LOCK),
    **dict.fromkeys(map(type, map(iter, _SEQUENCES)), Kind("iterator", _iterator_parts, _iterator)),
    **dict.fromkeys(
        _BIT_GENERATORS.values(), Kind("bit_generator", _bit_generator_parts, _bit_generator)
    ),
}

INLINE = {kind.tag: kind for kind in (*_INLINE.values(), *(kind for _, kind in _FAMILIES))}
ENTRIES = {kind.tag: kind for kind in (*_ENTRIES.values(), SPARSE)}


def inline_kind(value: object) -> Kind | None:
    """The row of a value without an identity."""
    kind = _INLINE.get(type(value))
    if kind is None:
        kind = next((kind for base, kind in _FAMILIES if isinstance(value, base)), None)
        if kind is NAMED and not hasattr(value, "_fields"):
            return None
        if isinstance(value, types.BuiltinFunctionType) and not isinstance(
            value.__self__, (type, types.ModuleType, type(None))
        ):
            return METHOD
    return kind


def entry_kind(value: object) -> Kind | None:
    """The row of a value with an identity; arrays of numbers have none."""
    return SPARSE if matrices.issparse(value) else _ENTRIES.get(type(value))
