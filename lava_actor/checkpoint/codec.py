"""Values as JSON and arrays, without pickle.

A *document* is a table of objects and one root value. Numbers, strings and what cannot change
stand where they are used; everything with an identity (lists, dicts, arrays, objects, …) has an
entry in the table and is referred to as ``{"ref": index}``. So two attributes that share an array
share it again after decoding, cycles are no matter, and nothing recurses as deep as the network.
Arrays and other bulk data are *blobs* beside the document.

What the kinds of entry look like is written down in ``docs/file_format.md``.
"""

from __future__ import annotations

import base64
import enum
import functools
import inspect
import io
import logging
import math
import pathlib
import pickle
import random
import struct
import threading
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, is_dataclass
from typing import Any

import cloudpickle
import numpy as np

from lava_actor.checkpoint import arrays
from lava_actor.checkpoint.names import Names, is_importable, path_of
from lava_actor.errors import CheckpointError
from lava_actor.model.model import AbstractProcessModel
from lava_actor.process import matrices
from lava_actor.process.interfaces import AbstractProcessMember
from lava_actor.process.process import AbstractProcess

#: Entries that are referred to from somewhere else, e.g. ``{"process": 3}``.
Reference = dict[str, Any]

_BIT_GENERATORS = {
    cls.__name__: cls
    for cls in (
        np.random.PCG64,
        np.random.PCG64DXSM,
        np.random.MT19937,
        np.random.Philox,
        np.random.SFC64,
    )
}
_LOCKS: dict[str, Callable[[], Any]] = {
    "Lock": threading.Lock,
    "RLock": threading.RLock,
    "Condition": threading.Condition,
    "Event": threading.Event,
}
_LOCK_NAMES = {type(make()): name for name, make in _LOCKS.items()}
_SEQUENCES: tuple[Any, ...] = ([], (), range(0), np.zeros(0))
_ITERATORS = {type(iter(some)) for some in _SEQUENCES}
_COMPRESSED = ("csr", "csc", "bsr")
_STATELESS = (AbstractProcess, AbstractProcessModel, AbstractProcessMember)


@dataclass
class Document:
    """Values as JSON, and blobs (arrays, or bytes of a pickle)."""

    objects: list[Any] = field(default_factory=list)
    root: Any = None
    blobs: list[Any] = field(default_factory=list)


def slots_of(cls: type) -> list[str]:
    """Names of all slots of a class that hold values."""
    names: list[str] = []
    for base in cls.__mro__:
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__"):
                private = name.startswith("__") and not name.endswith("__")
                names.append(f"_{base.__name__.lstrip('_')}{name}" if private else name)
    return names


def state_of(obj: Any) -> dict[str, Any]:
    """Attributes of an object, slots included."""
    state = dict(getattr(obj, "__dict__", {}))
    for name in slots_of(type(obj)):
        if hasattr(obj, name):
            state[name] = getattr(obj, name)
    return state


def _no_reference(_obj: Any) -> Reference | None:
    return None


class Encoder:
    """Writes one document.

    Parameters
    ----------
    names : Names
        What may be named.
    reference : callable
        Returns how to refer to an object that is described elsewhere, else None.
    trusted : bool
        Pickle what cannot be expressed otherwise.
    """

    def __init__(
        self,
        names: Names,
        reference: Callable[[Any], Reference | None] = _no_reference,
        *,
        trusted: bool = False,
    ) -> None:
        self.document = Document()
        self.pickled = False
        self._names = names
        self._reference = reference
        self._trusted = trusted
        self._index: dict[int, int] = {}
        self._keep: list[Any] = []
        self._todo: list[tuple[int, Any, str]] = []
        self._arrays: dict[int, np.ndarray] = {}

    def add(self, value: Any, where: str) -> Any:
        """Encode ``value``; ``where`` names it in messages. Returns what stands for it."""
        node = self._inline(value, where)
        while self._todo:
            index, obj, place = self._todo.pop()
            self.document.objects[index] = self._entry(obj, place)
        return node

    def finish(self, root: Any = None) -> Document:
        """Write the arrays and return the document."""
        self.document.root = root
        layout = arrays.Layout(self._arrays, self._new_entry)
        for index, entry, blob in layout.entries():
            if blob is not None:
                entry["blob"] = self._blob(blob)
            self.document.objects[index] = {"array": entry}
        return self.document

    # -- where a value is used --------------------------------------------------------------

    def _inline(self, value: Any, where: str) -> Any:
        kind = type(value)
        if value is None or kind is bool or kind is str:
            return value
        if kind is int:
            return value if -(2**63) <= value < 2**63 else {"int": hex(value)}
        if kind is float:
            return value if np.isfinite(value) else {"float": struct.pack(">d", value).hex()}
        node = self._reference(value)
        if node is not None:
            return node
        found = self._index.get(id(value))
        if found is not None:
            return {"ref": found}
        if kind is tuple:
            return {"tuple": [self._inline(v, f"{where}[{i}]") for i, v in enumerate(value)]}
        node = self._constant(value, kind, where)
        return self._referred(value, where) if node is None else node

    def _constant(self, value: Any, kind: type, where: str) -> Any:
        if kind is complex:
            return {"complex": struct.pack(">dd", value.real, value.imag).hex()}
        if kind is bytes:
            return {"bytes": base64.b64encode(value).decode()}
        if kind is frozenset:
            return {"frozenset": [self._inline(v, f"{where}{{…}}") for v in value]}
        if isinstance(value, enum.Enum):
            if self._names.may_name(kind):
                return {"enum": [path_of(kind), self._inline(value.value, where)]}
            return None
        if isinstance(value, np.generic) and value.dtype.kind != "O":
            return {"scalar": arrays.describe_dtype(value.dtype), "hex": value.tobytes().hex()}
        if isinstance(value, np.dtype):
            return {"dtype": arrays.describe_dtype(value)}
        if value is ...:
            return {"ellipsis": True}
        if kind in (slice, range):
            parts = (value.start, value.stop, value.step)
            return {kind.__name__: [self._inline(v, where) for v in parts]}
        if isinstance(value, tuple) and hasattr(kind, "_fields") and self._names.may_name(kind):
            pairs = zip(kind._fields, value, strict=True)
            items = [self._inline(v, f"{where}.{n}") for n, v in pairs]
            return {"tuple": items, "class": path_of(kind)}
        if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType, np.ufunc)):
            return self._function(value, where)
        if isinstance(value, types.MethodType):
            return {"method": [self._inline(value.__self__, where), value.__func__.__name__]}
        if isinstance(value, logging.Logger):
            return {"logger": value.name}
        if isinstance(value, pathlib.Path):
            return {"path": str(value)}
        return None

    def _function(self, value: Any, where: str) -> Any:
        if self._names.may_name(value):
            return {"class" if isinstance(value, type) else "function": path_of(value)}
        owner = getattr(value, "__self__", None)
        if owner is not None and not isinstance(owner, (type, types.ModuleType)):
            return {"method": [self._inline(owner, where), value.__name__]}
        return None

    def _referred(self, value: Any, where: str) -> Any:
        index = self._new_entry(value)
        if type(value) is np.ndarray and value.dtype.kind != "O":
            self._arrays[index] = value
        else:
            self._todo.append((index, value, where))
        return {"ref": index}

    def _new_entry(self, value: Any) -> int:
        index = self._index[id(value)] = len(self.document.objects)
        self.document.objects.append(None)
        self._keep.append(value)
        return index

    def _blob(self, blob: Any) -> int:
        self.document.blobs.append(blob)
        return len(self.document.blobs) - 1

    # -- entries of the table ---------------------------------------------------------------

    def _entry(self, value: Any, where: str) -> Any:
        kind = type(value)
        if kind is list:
            return {"list": self._items(value, where)}
        if kind is deque:
            return {"deque": self._items(value, where), "maxlen": value.maxlen}
        if kind is set:
            return {"set": self._items(value, where)}
        if kind is bytearray:
            return {"bytearray": base64.b64encode(value).decode()}
        if kind in (dict, OrderedDict, Counter):
            return {"dict": self._pairs(value, where), "kind": kind.__name__}
        if kind is defaultdict:
            factory = self._inline(value.default_factory, f"{where}.default_factory")
            return {"dict": self._pairs(value, where), "kind": "defaultdict", "factory": factory}
        if kind is functools.partial:
            parts = (value.func, value.args, value.keywords)
            return {"partial": [self._inline(part, where) for part in parts]}
        if kind in _LOCK_NAMES:
            return {"lock": _LOCK_NAMES[kind]}
        if kind in _ITERATORS:
            return self._iterator(value, where)
        if kind is np.ndarray:
            items = [self._inline(v, f"{where}[{i}]") for i, v in enumerate(value.flat)]
            return {"objects": items, "shape": list(value.shape)}
        if matrices.issparse(value):
            return self._sparse(value, where)
        entry = self._random(value, where)
        if entry is not None:
            return entry
        if self._is_plain(kind):
            state = [[n, self._inline(v, f"{where}.{n}")] for n, v in state_of(value).items()]
            return {"object": path_of(kind), "state": state}
        return self._pickle(value, where)

    def _items(self, values: Any, where: str) -> list[Any]:
        return [self._inline(v, f"{where}[{i}]") for i, v in enumerate(values)]

    def _pairs(self, values: Any, where: str) -> list[Any]:
        return [
            [self._inline(k, f"a key of {where}"), self._inline(v, f"{where}[{k!r}]")]
            for k, v in values.items()
        ]

    def _iterator(self, value: Any, where: str) -> Any:
        _, (sequence,), *position = value.__reduce__()
        return {"iterator": self._inline(sequence, where), "at": position[0] if position else 0}

    def _sparse(self, value: Any, where: str) -> Any:
        entry: dict[str, Any] = {
            "sparse": value.format,
            "is_array": isinstance(value, matrices.sparray),
            "shape": [int(n) for n in value.shape],
        }
        if value.format in _COMPRESSED:
            parts = {"data": value.data, "indices": value.indices, "indptr": value.indptr}
        elif value.format == "dia":
            parts = {"data": value.data, "offsets": value.offsets}
        else:
            whole = value if value.format == "coo" else value.tocoo()
            parts = {"data": whole.data, "row": whole.row, "col": whole.col}
        entry["parts"] = {n: self._inline(v, f"{where}.{n}") for n, v in parts.items()}
        return entry

    def _random(self, value: Any, where: str) -> Any:
        kind = type(value)
        if kind is np.random.Generator:
            return {"generator": self._inline(value.bit_generator, where)}
        if _BIT_GENERATORS.get(kind.__name__) is kind:
            seed = value.seed_seq
            seeds = None
            if type(seed) is np.random.SeedSequence:
                parts = (seed.entropy, seed.spawn_key, seed.pool_size, seed.n_children_spawned)
                seeds = [self._inline(part, where) for part in parts]
            state = self._inline(value.state, where)
            return {"bit_generator": kind.__name__, "state": state, "seeds": seeds}
        if kind is np.random.RandomState:
            return {"random_state": self._inline(value.get_state(legacy=False), where)}
        if kind is random.Random:
            return {"random": self._inline(value.getstate(), where)}
        return None

    def _is_plain(self, kind: type) -> bool:
        """True for objects that are their attributes, of classes that may be named."""
        return self._names.may_name(kind) and is_plain(kind)

    # -- what only pickle can do ------------------------------------------------------------

    def _pickle(self, value: Any, where: str) -> Any:
        if not self._trusted:
            raise CheckpointError(
                f"{where}: a {type(value).__module__}.{type(value).__qualname__} cannot be saved "
                f"without pickle; pass trusted=True to save (and load) it that way{_why(value)}"
            )
        self.pickled = True
        with io.BytesIO() as file:
            try:
                _Pickler(file, self, value, where).dump(value)
            except CheckpointError:
                raise
            except Exception as error:
                raise CheckpointError(f"{where}: cannot be pickled either: {error}") from error
            return {"pickle": self._blob(file.getvalue())}

    def outside(self, value: Any, where: str) -> Any:
        """What stands for a part of a pickled object that belongs to the document, else None."""
        if type(value) is np.ndarray and value.dtype.kind != "O":
            return self._inline(value, where)
        node = self._reference(value)
        if node is None and id(value) in self._index:
            node = {"ref": self._index[id(value)]}
        return node


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no annotations
    def __init__(self, file: io.BytesIO, encoder: Encoder, top: Any, where: str) -> None:
        super().__init__(file, protocol=5)
        self._encoder = encoder
        self._top = top
        self._where = where

    def persistent_id(self, obj: Any) -> Any:
        """Leave arrays, and what the document has, to the document."""
        return None if obj is self._top else self._encoder.outside(obj, self._where)


def _why(value: Any) -> str:
    if isinstance(value, (type, types.FunctionType)) and not is_importable(value):
        return f"; {path_of(value)} cannot be imported by name"
    return ""


def is_plain(kind: type) -> bool:
    """True if instances are made of their attributes, and the class is known to allow that."""
    if issubclass(kind, (*_STATELESS, type)) or kind.__basicsize__ > _size_of_plain(kind):
        return False
    ours = any(base.__module__.startswith("lava_actor.") for base in kind.__mro__)
    return ours or is_dataclass(kind)


def _size_of_plain(kind: type) -> int:
    """Bytes of an instance that has no state but attributes."""
    words = len(slots_of(kind)) + 2  # __dict__ and __weakref__
    return object.__basicsize__ + 8 * words


class Decoder:
    """Reads one document.

    Parameters
    ----------
    document : Document
    names : Names
        What may be named.
    resolve : callable
        Returns the object a `Reference` stands for; raises for others.
    trusted : bool
        Unpickle what was pickled.
    """

    def __init__(
        self,
        document: Document,
        names: Names,
        resolve: Callable[[str, Any], Any],
        *,
        trusted: bool = False,
    ) -> None:
        self._document = document
        self._names = names
        self._resolve = resolve
        self._trusted = trusted
        self._made: dict[int, Any] = {}
        self._making: set[int] = set()
        self._unfilled: list[int] = []
        self._copies: dict[int, tuple[Any, np.ndarray]] = {}

    def value(self, node: Any) -> Any:
        """Decode what `Encoder.add` returned."""
        found = self._value(node)
        while self._unfilled:
            index = self._unfilled.pop()
            self._fill(self._made[index], self._document.objects[index])
        return found

    def _value(self, node: Any) -> Any:
        if not isinstance(node, dict):
            if isinstance(node, list):
                raise CheckpointError("expected a value, got a list")
            return node
        for tag in node:
            if tag == "ref":
                return self._object(node["ref"])
            reader = _READERS.get(tag)
            if reader is not None:
                return reader(self, node)
            return self._resolve(tag, node[tag])
        raise CheckpointError("expected a value, got {}")

    def _object(self, index: Any) -> Any:
        if index in self._made:
            return self._made[index]
        if type(index) is not int or not 0 <= index < len(self._document.objects):
            raise CheckpointError(f"there is no object {index!r}")
        if index in self._making:
            raise CheckpointError(f"object {index} is needed to make itself")
        self._making.add(index)
        entry = self._document.objects[index]
        for tag in entry:
            maker = _MAKERS.get(tag)
            if maker is not None:
                made = self._made[index] = maker(self, entry)
                self._making.discard(index)
                self._unfilled.append(index)
                return made
        raise CheckpointError(f"object {index} is of an unknown kind: {sorted(entry)}")

    def _fill(self, made: Any, entry: dict[str, Any]) -> None:
        if "list" in entry:
            made.extend(map(self._value, entry["list"]))
        elif "deque" in entry:
            made.extend(map(self._value, entry["deque"]))
        elif "set" in entry:
            made.update(map(self._value, entry["set"]))
        elif "dict" in entry:
            for key, value in entry["dict"]:
                made[self._value(key)] = self._value(value)
        elif "objects" in entry:
            for place, node in zip(np.ndindex(made.shape), entry["objects"], strict=True):
                made[place] = self._value(node)
        elif "object" in entry:
            state = {name: self._value(node) for name, node in entry["state"]}
            set_state(made, state, trusted=self._trusted)
            if hasattr(type(made), "_check_restored"):  # what native code will believe
                made._check_restored()

    # -- makers of table entries ------------------------------------------------------------

    def _blob(self, index: Any, kind: type) -> Any:
        blob = self._document.blobs[index]
        if not isinstance(blob, kind):
            raise CheckpointError(f"blob {index}: expected {kind.__name__}")
        return blob

    def _make_array(self, entry: dict[str, Any]) -> np.ndarray:
        said = entry["array"]
        if "base" in said:
            base = self._object(said["base"]["ref"])
            return arrays.view(base, said)
        return arrays.own(self._blob(said["blob"], np.ndarray), said)

    def _make_dict(self, entry: dict[str, Any]) -> Any:
        kind = entry["kind"]
        if kind == "defaultdict":
            return defaultdict(self._value(entry["factory"]))
        kinds: dict[str, Callable[[], Any]] = {
            "dict": dict,
            "OrderedDict": OrderedDict,
            "Counter": Counter,
        }
        return kinds[kind]()

    def _make_object(self, entry: dict[str, Any]) -> Any:
        cls = self._names.named(entry["object"])
        if not isinstance(cls, type) or not is_plain(cls):
            raise CheckpointError(f"{entry['object']} is no class of plain objects")
        return object.__new__(cls)

    def _make_partial(self, entry: dict[str, Any]) -> Any:
        function, positional, keywords = map(self.value, entry["partial"])
        return functools.partial(function, *positional, **keywords)

    def _make_iterator(self, entry: dict[str, Any]) -> Any:
        made = iter(self.value(entry["iterator"]))
        if entry["at"]:
            made.__setstate__(entry["at"])
        return made

    def _make_sparse(self, entry: dict[str, Any]) -> Any:
        kind, shape = entry["sparse"], tuple(entry["shape"])
        suffix = "array" if entry["is_array"] else "matrix"
        parts = {name: self._value(node) for name, node in entry["parts"].items()}
        if kind in _COMPRESSED:
            given: Any = (parts["data"], parts["indices"], parts["indptr"])
        elif kind == "dia":
            given = (parts["data"], parts["offsets"])
        elif kind in ("coo", "lil", "dok"):
            given = (parts["data"], (parts["row"], parts["col"]))
        else:
            raise CheckpointError(f"unknown sparse format {kind!r}")
        first = "coo" if kind in ("lil", "dok") else kind
        made = getattr(matrices, f"{first}_{suffix}")(given, shape=shape)
        if first != kind:
            return made.asformat(kind)
        matrices.check(made)
        for name, part in parts.items():  # constructor and check may have made copies
            # SciPy believes indices: nothing else in the file may share their memory.
            setattr(made, name, part if name == "data" else self._indices(part))
        return made

    def _indices(self, array: Any) -> np.ndarray:
        if array.dtype.kind != "i":
            raise CheckpointError(f"expected indices, got dtype {array.dtype}")
        if id(array) not in self._copies:
            self._copies[id(array)] = array, np.array(array)
        return self._copies[id(array)][1]

    def _make_bit_generator(self, entry: dict[str, Any]) -> Any:
        seeds = entry["seeds"]
        seed: Any = 0
        if seeds is not None:
            entropy, spawn_key, pool_size, spawned = map(self.value, seeds)
            if not (type(pool_size) is int and 4 <= pool_size <= 1024):
                raise CheckpointError(f"expected the size of a pool of seeds, got {pool_size!r}")
            seed = np.random.SeedSequence(
                entropy, spawn_key=spawn_key, pool_size=pool_size, n_children_spawned=spawned
            )
        made = _BIT_GENERATORS[entry["bit_generator"]](seed)
        made.state = checked_position(self.value(entry["state"]))
        return made

    def _make_random_state(self, entry: dict[str, Any]) -> Any:
        state = checked_position(self.value(entry["random_state"]))
        made = np.random.RandomState(_BIT_GENERATORS[state["bit_generator"]]())
        made.set_state(state)
        return made

    def _make_random(self, entry: dict[str, Any]) -> Any:
        made = random.Random()
        made.setstate(self.value(entry["random"]))
        return made

    def _make_pickle(self, entry: dict[str, Any]) -> Any:
        if not self._trusted:
            raise CheckpointError("a part is pickled; pass trusted=True if you trust the file")
        return _Unpickler(io.BytesIO(self._blob(entry["pickle"], bytes)), self._value).load()

    # -- readers of inline values -----------------------------------------------------------

    def _read_tuple(self, node: dict[str, Any]) -> Any:
        items = tuple(map(self._value, node["tuple"]))
        if "class" not in node:
            return items
        cls = self._names.named(node["class"])
        if not (isinstance(cls, type) and issubclass(cls, tuple)):
            raise CheckpointError(f"{node['class']} is no class of tuples")
        return tuple.__new__(cls, items)

    def _read_enum(self, node: dict[str, Any]) -> Any:
        path, value = node["enum"]
        cls = self._names.named(path)
        if not (isinstance(cls, type) and issubclass(cls, enum.Enum)):
            raise CheckpointError(f"{path} is no Enum")
        return cls(self._value(value))

    def _read_method(self, node: dict[str, Any]) -> Any:
        owner, name = node["method"]
        if not isinstance(name, str) or name.startswith("__"):
            raise CheckpointError(f"expected the name of a method, got {name!r}")
        owner = self._value(owner)
        there = inspect.getattr_static(owner, name, None)
        if not (callable(there) or isinstance(there, (staticmethod, classmethod))):
            raise CheckpointError(f"{type(owner).__name__} has no method {name!r}")
        return getattr(owner, name)


def _make_objects(entry: dict[str, Any]) -> np.ndarray:
    shape = tuple(entry["shape"])
    if math.prod(shape) != len(entry["objects"]) or min(shape, default=0) < 0:
        raise CheckpointError(f"{len(entry['objects'])} objects are no array of shape {shape}")
    return np.empty(shape, object)


def checked_position(state: Any) -> Any:
    """The state of a bit generator: NumPy believes where it is in its numbers."""
    inner = state.get("state")
    places = (inner["pos"] if isinstance(inner, dict) and "pos" in inner else 0, 624)
    for place, most in (places, (state.get("buffer_pos", 0), 4)):
        if not 0 <= int(place) <= most:
            raise CheckpointError(f"expected a position from 0 to {most}, got {place}")
    return state


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, value: Callable[[Any], Any]) -> None:
        super().__init__(file)
        self._value = value

    def persistent_load(self, pid: Any) -> Any:
        """Take from the document what was left to it."""
        return self._value(pid)


def set_state(
    obj: Any,
    state: dict[str, Any],
    reserved: Collection[str] = (),
    *,
    trusted: bool = False,
) -> None:
    """Give an object the attributes that `state_of` returned.

    Raises
    ------
    CheckpointError
        If one of them is ``reserved``, or takes the place of a method or property of the class: a
        method may only be replaced by another method.
    """
    slots = set(slots_of(type(obj)))
    for name, value in state.items():
        there = inspect.getattr_static(type(obj), name, None)
        code = isinstance(there, (types.FunctionType, staticmethod, classmethod, property))
        if (
            name in reserved
            or (name.startswith("__") and name.endswith("__"))
            or (code and not trusted and not isinstance(value, types.MethodType))
        ):
            raise CheckpointError(f"no file may set {type(obj).__name__}.{name}")
        if name in slots:
            object.__setattr__(obj, name, value)
        else:
            obj.__dict__[name] = value


def _numbers(text: str, form: str) -> tuple[Any, ...]:
    return struct.unpack(form, bytes.fromhex(text))


def _scalar(node: dict[str, Any]) -> Any:
    dtype = arrays.dtype_of(node["scalar"])
    return np.frombuffer(bytes.fromhex(node["hex"]), dtype, count=1)[0]


_READERS: dict[str, Callable[[Decoder, dict[str, Any]], Any]] = {
    "int": lambda _d, n: int(n["int"], 16),
    "float": lambda _d, n: _numbers(n["float"], ">d")[0],
    "complex": lambda _d, n: complex(*_numbers(n["complex"], ">dd")),
    "bytes": lambda _d, n: base64.b64decode(n["bytes"], validate=True),
    "tuple": Decoder._read_tuple,
    "frozenset": lambda d, n: frozenset(map(d._value, n["frozenset"])),
    "enum": Decoder._read_enum,
    "scalar": lambda _d, n: _scalar(n),
    "dtype": lambda _d, n: arrays.dtype_of(n["dtype"]),
    "ellipsis": lambda _d, _n: ...,
    "slice": lambda d, n: slice(*map(d._value, n["slice"])),
    "range": lambda d, n: range(*map(d._value, n["range"])),
    "class": lambda d, n: d._names.named(n["class"]),
    "function": lambda d, n: d._names.named(n["function"]),
    "method": Decoder._read_method,
    "logger": lambda _d, n: logging.getLogger(str(n["logger"])),
    "path": lambda _d, n: pathlib.Path(str(n["path"])),
}

_MAKERS: dict[str, Callable[[Decoder, dict[str, Any]], Any]] = {
    "list": lambda _d, _e: [],
    "deque": lambda _d, e: deque(maxlen=e["maxlen"]),
    "set": lambda _d, _e: set(),
    "bytearray": lambda _d, e: bytearray(base64.b64decode(e["bytearray"], validate=True)),
    "dict": Decoder._make_dict,
    "partial": Decoder._make_partial,
    "lock": lambda _d, e: _LOCKS[e["lock"]](),
    "iterator": Decoder._make_iterator,
    "objects": lambda _d, e: _make_objects(e),
    "array": Decoder._make_array,
    "sparse": Decoder._make_sparse,
    "generator": lambda d, e: np.random.Generator(d._value(e["generator"])),
    "bit_generator": Decoder._make_bit_generator,
    "random_state": Decoder._make_random_state,
    "random": Decoder._make_random,
    "object": Decoder._make_object,
    "pickle": Decoder._make_pickle,
}
