"""Values as JSON and arrays, without pickle.

A *document* is a table of objects and one root value. Numbers, strings and what cannot change
stand where they are used; everything with an identity (lists, dicts, arrays, objects, …) has an
entry in the table and is referred to as ``{"ref": index}``. So two attributes that share an array
share it again after decoding, cycles are no matter, and nothing recurses as deep as the network.
Arrays and pickles are *blobs* beside the document. What can be written is listed in `kinds`.
"""

from __future__ import annotations

import inspect
import io
import pickle
import types
from collections.abc import Callable, Collection, Iterable
from dataclasses import field, is_dataclass

import cloudpickle
import numpy as np

from lava_actor.channels.interrupts import let_through
from lava_actor.checkpoint import arrays, kinds
from lava_actor.checkpoint.arrays import Part, Said
from lava_actor.checkpoint.kinds import Kind
from lava_actor.checkpoint.names import Names, found, is_importable, path_of
from lava_actor.errors import CheckpointError
from lava_actor.model import registry
from lava_actor.model.model import AbstractProcessModel
from lava_actor.plain import plain
from lava_actor.process.interfaces import AbstractProcessMember
from lava_actor.process.process import AbstractProcess

_NAMED = (type, types.FunctionType, types.BuiltinFunctionType, np.ufunc)
_STATELESS = (AbstractProcess, AbstractProcessModel, AbstractProcessMember, type)


@plain
class Document:
    """Values as JSON, and blobs (arrays, or bytes of a pickle)."""

    objects: list[Part] = field(default_factory=list)
    root: Part = None
    blobs: list[Part] = field(default_factory=list)


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


def state_of(obj: object) -> Said:
    """Attributes of an object, slots included."""
    slots = {name: getattr(obj, name) for name in slots_of(type(obj)) if hasattr(obj, name)}
    return {**getattr(obj, "__dict__", {}), **slots}


def set_state(
    obj: object,
    state: Said,
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


def is_plain(cls: type) -> bool:
    """True if instances are made of their attributes, and the class is known to allow that."""
    size = object.__basicsize__ + 8 * (len(slots_of(cls)) + 2)  # __dict__ and __weakref__
    if issubclass(cls, _STATELESS) or cls.__basicsize__ > size:
        return False
    ours = any(base.__module__.startswith("lava_actor.") for base in cls.__mro__)
    return ours or is_dataclass(cls)


def _is_numbers(value: object) -> bool:
    return type(value) is np.ndarray and not value.dtype.hasobject


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
        reference: Callable[[Part], Said | None] = lambda _: None,
        *,
        trusted: bool = False,
    ) -> None:
        self.document = Document()
        self.pickled = False
        self._names = names
        self._reference = reference
        self._trusted = trusted
        self._index: dict[int, int] = {}
        self._keep: list[Part] = []
        self._todo: list[tuple[int, Part, str]] = []
        self._arrays: dict[int, np.ndarray] = {}

    def add(self, value: object, where: str) -> Part:
        """Encode ``value``; ``where`` names it in messages. Returns what stands for it."""
        node = self._inline(value, where)
        while self._todo:
            index, obj, place = self._todo.pop()
            self.document.objects[index] = self._entry(obj, place)
        return node

    def add_state(self, state: Said, where: str) -> Said:
        """Encode the attributes of an object that is described elsewhere."""
        return {name: self.add(value, f"{where}.{name}") for name, value in state.items()}

    def add_pairs(self, mapping: dict[Part, Part], where: str) -> list[Part]:
        """Encode the keys and values of a dict that is described elsewhere."""
        return [
            [self.add(key, where), self.add(value, f"{where}[{key!r}]")]
            for key, value in mapping.items()
        ]

    def add_class(self, cls: type, what: str) -> Part:
        """Make the home of a class a home of names; one without a name is pickled with its models.

        Returns None, or what stands for the pickle.
        """
        if is_importable(cls):
            self._names.add_home_of(cls)
            return None
        if not self._trusted:
            raise CheckpointError(
                f"{what}: its class {path_of(cls)} cannot be imported by name in another "
                f"interpreter; move it to a module, or pass trusted=True to save (and load) pickles"
            )
        if id(cls) not in self._index:
            models = registry.candidates(cls) if issubclass(cls, AbstractProcess) else []
            index = self._new_entry(cls)
            data = cloudpickle.dumps((cls, [m for m in models if not is_importable(m)]))
            self.document.objects[index] = {"class": path_of(cls), "pickle": self._pickled(data)}
        return {"ref": self._index[id(cls)]}

    @property
    def entries(self) -> tuple[Part, ...]:
        """What has an entry in the table, in order."""
        return tuple(self._keep)

    def finish(self, root: object = None) -> Document:
        """Write the arrays and return the document."""
        self.document.root = root
        layout = arrays.Layout(self._arrays, self._new_entry)
        for index, entry, blob in layout.entries():
            if blob is not None:
                entry["blob"] = self._blob(blob)
            self.document.objects[index] = {"array": entry}
        return self.document

    def _inline(self, value: Part, where: str) -> Part:
        kind: object = type(value)
        if value is None or kind is bool or kind is str:
            return value
        if (kind is int and -(2**63) <= value < 2**63) or (kind is float and np.isfinite(value)):
            return value
        node = self._reference(value)
        if node is not None:
            return node
        if id(value) in self._index:
            return {"ref": self._index[id(value)]}
        if isinstance(value, _NAMED) and self._names.may_name(value):
            return {"name": path_of(value)}
        row = kinds.inline_kind(value)
        if row in (kinds.ENUM, kinds.NAMED) and not self._names.may_name(kind):
            row = None
        if row is not None:
            return {row.tag: self._parts(row, value, where)}
        index = self._new_entry(value)
        if _is_numbers(value):
            self._arrays[index] = value
        else:
            self._todo.append((index, value, where))
        return {"ref": index}

    def _parts(self, kind: Kind, value: object, where: str) -> list[Part]:
        parts = list(kind.apart(value))
        nodes = []
        for place, part in enumerate(parts):
            label, turn = where, place - kind.head
            if turn >= 0 and kind.items:
                label = f"{where}[{turn}]"
            elif turn >= 0 and kind.hashed == 2:
                label = f"{where}[{parts[place - 1]!r}]" if turn % 2 else f"a key of {where}"
            nodes.append(self._inline(part, label))
        return nodes

    def _new_entry(self, value: object) -> int:
        index = self._index[id(value)] = len(self.document.objects)
        self.document.objects.append(None)
        self._keep.append(value)
        return index

    def _blob(self, blob: object) -> int:
        self.document.blobs.append(blob)
        return len(self.document.blobs) - 1

    def _entry(self, value: Part, where: str) -> Part:
        kind = kinds.entry_kind(value)
        if kind is not None and not (kind.tag == "objects" and value.dtype.kind != "O"):
            return {kind.tag: self._parts(kind, value, where)}
        cls = type(value)
        if self._names.may_name(cls) and is_plain(cls):
            state = {n: self._inline(v, f"{where}.{n}") for n, v in state_of(value).items()}
            return {"object": path_of(cls), "state": state}
        if not self._trusted:
            why = ""
            if isinstance(value, _NAMED) and not is_importable(value):
                why = f"; {path_of(value)} cannot be imported by name"
            raise CheckpointError(
                f"{where}: a {cls.__module__}.{cls.__qualname__} cannot be saved without pickle; "
                f"pass trusted=True to save (and load) it that way{why}"
            )
        if isinstance(value, memoryview):  # cloudpickle makes bytes of it
            raise CheckpointError(f"{where}: a memoryview cannot be saved; keep what it is of")
        return {"pickle": self._pickled(self._pickle(value, where))}

    def _pickled(self, data: bytes) -> int:
        self.pickled = True
        return self._blob(data)

    def _pickle(self, value: object, where: str) -> bytes:
        # Arrays, and what the document has, stay in the document.
        def outside(part: object) -> Part:
            if part is value:
                return None
            if _is_numbers(part):
                return self._inline(part, where)
            node = self._reference(part)
            held = self._index.get(id(part))
            return node if node is not None or held is None else {"ref": held}

        with io.BytesIO() as file:
            pickler = cloudpickle.Pickler(file, protocol=5)
            pickler.persistent_id = outside
            try:
                pickler.dump(value)
            except CheckpointError:
                raise
            except Exception as error:
                let_through(error)
                raise CheckpointError(f"{where}: cannot be pickled either: {error}") from error
            return file.getvalue()


class _Unpickler(pickle.Unpickler):
    """Reads what was pickled; in CPython 3.13.0 only a subclass may read references."""

    def __init__(self, data: bytes, referred: Callable[[object], object]) -> None:
        super().__init__(io.BytesIO(data))
        self._referred = referred

    def persistent_load(self, pid: object) -> object:
        return self._referred(pid)


class Decoder:
    """Reads one document.

    Parameters
    ----------
    document : Document
    names : Names
        What may be named.
    resolve : callable
        Returns the object a reference of another kind stands for; raises for others.
    trusted : bool
        Unpickle what was pickled.
    """

    def __init__(
        self,
        document: Document,
        names: Names,
        resolve: Callable[[str, Part], Part],
        *,
        trusted: bool = False,
    ) -> None:
        self._document = document
        self._names = names
        self._resolve = resolve
        self._trusted = trusted
        self._made: dict[int, Part] = {}
        self._making: set[int] = set()
        self._unfilled: list[tuple[Part, Callable[[Part], None]]] = []

    def value(self, node: object) -> Part:
        """Decode what `Encoder.add` returned."""
        made = self._value(node)
        while self._unfilled:
            obj, fill = self._unfilled.pop()
            fill(obj)
        return made

    def state(self, nodes: Part) -> Said:
        """Decode what `Encoder.add_state` returned."""
        return {name: self.value(node) for name, node in nodes.items()}

    def pairs(self, nodes: Part) -> dict[Part, Part]:
        """Decode what `Encoder.add_pairs` returned."""
        return {self.value(key): self.value(node) for key, node in nodes}

    def _value(self, node: object) -> Part:
        if not isinstance(node, dict):
            if isinstance(node, list):
                raise CheckpointError("expected a value, got a list")
            return node
        if len(node) != 1:
            raise CheckpointError(f"expected a value, got {node}")
        ((tag, said),) = node.items()
        if tag == "ref":
            return self._object(said)
        if tag == "name":
            return self._names.named(said)
        kind = kinds.INLINE.get(tag)
        if kind is None:
            return self._resolve(tag, said)
        return kind.make(*map(self._value if kind.items else self.value, said))

    def _object(self, index: object) -> Part:
        if index in self._made:
            return self._made[index]
        if type(index) is not int or not 0 <= index < len(self._document.objects):
            raise CheckpointError(f"there is no object {index!r}")
        if index in self._making:
            raise CheckpointError(f"object {index} is needed to make itself")
        self._making.add(index)
        made = self._made[index] = self._make(self._document.objects[index])
        self._making.discard(index)
        return made

    def _make(self, entry: Said) -> Part:
        if "array" in entry:
            said = entry["array"]
            if "base" in said:
                return arrays.view(self._object(said["base"]), said)
            return arrays.own(self._blob(said["blob"], np.ndarray), said)
        if "pickle" in entry:
            return self._unpickle(self._blob(entry["pickle"], bytes), entry.get("class"))
        if "object" in entry:
            cls = self._names.named(entry["object"])
            if not isinstance(cls, type) or not is_plain(cls):
                raise CheckpointError(f"{entry['object']} is no class of plain objects")
            made: object = object.__new__(cls)
            self._unfilled.append((made, lambda obj: self._fill_object(obj, entry["state"])))
            return made
        ((tag, parts),) = entry.items()
        kind = kinds.ENTRIES.get(tag)
        if kind is None:
            raise CheckpointError(f"there is no kind of value {tag!r}")
        if kind.fill is None:
            return kind.make(*map(self.value, parts))
        made = kind.make(len(parts) - kind.head, *map(self.value, parts[: kind.head]))
        self._unfilled.append((made, lambda obj: self._fill(obj, kind, parts[kind.head :])))
        return made

    def _fill(self, made: object, kind: Kind, nodes: Iterable[Part]) -> None:
        assert kind.fill is not None
        every = kind.hashed  # what is hashed has to be complete
        parts = [
            self.value(node) if every and not place % every else self._value(node)
            for place, node in enumerate(nodes)
        ]
        kind.fill(made, parts)

    def _fill_object(self, made: Part, nodes: Said) -> None:
        state = {name: self._value(node) for name, node in nodes.items()}
        set_state(made, state, trusted=self._trusted)
        if hasattr(type(made), "_la_check_restored"):  # what native code will believe
            made._la_check_restored()

    def _blob(self, index: Part, kind: type) -> Part:
        blob = self._document.blobs[index]
        if not isinstance(blob, kind):
            raise CheckpointError(f"blob {index}: expected {kind.__name__}")
        return blob

    def _unpickle(self, data: bytes, path: str | None) -> Part:
        if not self._trusted:
            raise CheckpointError("a part is pickled; pass trusted=True if you trust the file")
        if path is None:
            return _Unpickler(data, self._value).load()
        here = found(path)
        if isinstance(here, type):
            return here  # the program that saved it, or one like it
        cls, models = pickle.loads(data)
        for model in models:
            registry.register(model)
        return cls
