"""From the parts in a file to those of a network that is cut in another way.

A Process has the same rows whoever cuts it, so a part takes its rows out of all parts that have
some of them: of what its model's `Cut` calls divided. What that calls remade is left as it is in a
model that was just built; all else has to be equal in all parts. What is not is an error, never a
guess. Attributes that are all of the same memory are so again.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, combinations, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.checkpoint.arrays import are_of_one_memory
from lava_actor.checkpoint.codec import Encoder
from lava_actor.checkpoint.names import Names
from lava_actor.checkpoint.rings import Content, places_in
from lava_actor.compiler.parts import PartPlan, name_of_whole
from lava_actor.errors import CheckpointError
from lava_actor.model.cuts import Cut
from lava_actor.model.ports.rings import with_values
from lava_actor.process import matrices
from lava_actor.protocol.rows import Rows, is_divided

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from lava_actor.checkpoint.arrays import Said
    from lava_actor.checkpoint.rings import Message
    from lava_actor.compiler.executable import Executable

_AS_SAVED = "or load it into a network that is cut as the saved one was"

Part = PartPlan | None


def said(part: Part) -> list[int] | None:
    """A part as it stands in a file."""
    if part is None:
        return None
    return [part.number, part.count, part.rows.first, part.rows.end, part.rows.total]


def read(given: object) -> Part:
    """The part that `said` has described."""
    if given is None:
        return None
    if not isinstance(given, list) or len(given) != 5 or {type(n) for n in given} != {int}:
        raise CheckpointError(f"expected a part, got {given!r}")
    number, count, first, end, total = given
    if not (0 <= number < count and 0 <= first < end <= total):
        raise CheckpointError(f"a part of {given!r} makes no sense")
    return PartPlan(number, count, Rows(first, end, total))


def groups(parts: Sequence[Part]) -> list[range]:
    """Which entries, one after the other, are all parts of one Process or message."""
    starts = [
        at
        for at, part in enumerate(parts)
        if part is None
        or part.number == 0
        or (before := parts[at - 1]) is None
        or (before.number, before.count) != (part.number - 1, part.count)
    ]
    return [range(first, end) for first, end in pairwise([*starts, len(parts)])]


def sources(old: Sequence[Part], new: Sequence[Part]) -> list[list[int]]:
    """Which parts in the file have rows of each part of a network."""
    before, after = groups(old), groups(new)
    if len(before) != len(after):
        raise CheckpointError(
            f"the compiled network has {len(after)} models, the file {len(before)}"
        )
    return [
        [k for k in theirs if _overlap(old[k], new[n])]
        for theirs, ours in zip(before, after, strict=True)
        for n in ours
    ]


def _overlap(one: Part, other: Part) -> bool:
    if one is None or other is None:
        return True
    return max(one.rows.first, other.rows.first) < min(one.rows.end, other.rows.end)


# -- models -------------------------------------------------------------------------------------


class Merge:
    """What a part, or a whole Process, has of the attributes of the parts in a file.

    Parameters
    ----------
    old : list of Rows or None
        Of the parts that have some of its rows, in order.
    own : Rows or None
    cut : Cut
    shapes : {name: (shape, bool)}
        Of its Vars, and whether it has only its rows of them.
    made : dict
        Attributes of the model as it was built: what its shapes are.
    references : callable, optional
        What stands in a file for a part of the actor; see `Encoder`.
    """

    def __init__(
        self,
        old: Sequence[Rows | None],
        own: Rows | None,
        cut: Cut,
        shapes: dict[str, tuple[tuple[int, ...], bool]],
        made: Mapping[str, object],
        references: Callable[[object], Said | None] = lambda _: None,
    ) -> None:
        total = next(rows.total for rows in (own, *old) if rows is not None)
        whole = Rows(0, total, total)
        self._old = [rows or whole for rows in old]
        self._own, self._is_whole = own or whole, own is None
        self._cut, self._shapes = cut, shapes
        self._made, self._references = made, references
        self._first = self._own.first - self._old[0].first
        self._count = self._own.end - self._own.first

    def state(self, states: Sequence[dict[str, object]]) -> dict[str, object]:
        """The attributes of the model."""
        names, saved = set[str]().union(*states), states
        states = [_complete(state, names & self._shapes.keys()) for state in states]
        if uneven := {name for name in names if any(name not in state for state in states)}:
            raise CheckpointError(f"only some of its parts in the file have {sorted(uneven)}")
        remade = names.intersection(self._cut.remade)
        kept = {name: self._made[name] for name in remade if name in self._made}
        for name in names - remade:
            kept[name] = self._value(name, [state[name] for state in states])
        self._share(kept, saved, sorted(names - remade - {"proc_params"}))
        return kept

    def _share(
        self, kept: dict[str, Any], saved: Sequence[dict[str, object]], names: list[str]
    ) -> None:
        """Let attributes look at the same memory, as those of the parts in the file do."""
        arrays = [{name: self._arrays(state.get(name)) for name in names} for state in saved]
        anew = {name for name in names if kept[name] is not saved[0].get(name)}
        for one, other in combinations(names, 2):
            if anew.isdisjoint((one, other)) or not any(
                np.shares_memory(a, b) for held in arrays for a in held[one] for b in held[other]
            ):
                continue
            pairs = [(state.get(one), state.get(other)) for state in saved]
            if not all(are_of_one_memory(*pair) for pair in pairs) or (
                kept[one].size != kept[other].size
            ):
                raise CheckpointError(
                    f"expected that {one} and {other} share all of an array, in one order, or "
                    f"nothing, got some of it: name one in `remade` of the `cut` of its model, "
                    f"{_AS_SAVED}"
                )
            is_same = all(a is b for a, b in pairs)
            kept[other] = kept[one] if is_same else kept[one].reshape(kept[other].shape)

    def _arrays(self, value: object) -> list[np.ndarray]:
        """All arrays that a value consists of."""
        return [part for part in self._parts_of(value) if isinstance(part, np.ndarray)]

    def _parts_of(self, value: object) -> list[object]:
        """A value, and what has an identity of all that it consists of."""
        encoder = Encoder(Names(()), self._references, trusted=True)
        encoder.add(value, "")
        return [value, *encoder.entries]

    def _value(self, name: str, values: list[Any]) -> object:
        if name == "proc_params":  # of the Process, not of a part
            return values[0]
        one = values[0]
        if hasattr(one, "in_rows"):
            return type(one).in_rows(values, self._first, self._first + self._count)
        if name not in self._shapes:
            return self._attribute(name, values)
        shape, divided = self._shapes[name]
        if self._is_whole and name in self._cut.divided:
            divided = is_divided(shape, self._own.total)
        if divided and (matrices.issparse(one) or np.ndim(one)):
            return self._rows_of(values, shape)
        if self._are_equal(values):
            return one
        raise self._unclear(name)

    def _attribute(self, name: str, values: list[Any]) -> object:
        """What is no Var: a row per neuron, or the same for all; an error if both are possible."""
        one, made = values[0], self._made.get(name)
        found: list[np.ndarray] = []
        if not isinstance(one, np.ndarray) and self._may_have_rows(values, made):
            raise self._unclear(name)
        if self._are_equal(values) and name not in self._cut.divided:
            found.append(one)
        sizes = [rows.end - rows.first for rows in self._old]
        if all(isinstance(v, np.ndarray) and v.ndim for v in values) and all(
            n in (value.shape[0], value.size) for n, value in zip(sizes, values, strict=True)
        ):
            shape = (self._count, *(one.shape[1:] if one.shape[0] == sizes[0] else ()))
            if isinstance(made, np.ndarray) and made.size == math.prod(shape):
                shape = made.shape  # of neurons in several dimensions
            found.append(self._rows_of(values, shape))
        if isinstance(made, np.ndarray):
            found = [value for value in found if np.shape(value) == made.shape]
        if not found or not self._are_equal(found):
            raise self._unclear(name)
        return found[0]

    def _may_have_rows(self, values: Sequence[object], made: object) -> bool:
        """Whether more in it is as long as the old rows than in a model that was just built."""
        return all(
            self._how_many_of(value, rows) > self._how_many_of(made, rows)
            for value, rows in zip(values, self._old, strict=True)
        )

    def _how_many_of(self, value: object, rows: Rows) -> int:
        """How many arrays and containers a value consists of that are as long as rows."""
        return [_length(part) for part in self._parts_of(value)].count(rows.end - rows.first)

    def _rows_of(self, values: list[Any], shape: tuple[int, ...]) -> np.ndarray | csr_matrix:
        begin, end = self._first, self._first + self._count
        if any(matrices.issparse(value) for value in values):
            return matrices.vstack(values, format="csr")[begin:end]
        rows = [v.reshape(r.end - r.first, -1) for v, r in zip(values, self._old, strict=True)]
        return np.concatenate(rows)[begin:end].reshape(shape)

    @staticmethod
    def _unclear(name: str) -> CheckpointError:
        return CheckpointError(
            f"{name} differs between the parts in the file, or may have a row for each neuron or "
            f"not: name it in `divided` (an array) or `remade` of the `cut` of its model, "
            f"{_AS_SAVED}"
        )

    def _are_equal(self, values: Sequence[object]) -> bool:
        """Whether a file says the same of all of them."""
        one, *others = (self._said(value) for value in values)
        return all(other == one for other in others)

    def _said(self, value: object) -> tuple[object, ...]:
        encoder = Encoder(Names(()), self._references, trusted=True)
        said = encoder.finish(encoder.add(value, ""))
        blobs = [bytes(blob) if isinstance(blob, bytes) else blob.tobytes() for blob in said.blobs]
        return said.root, said.objects, blobs


def _length(value: object) -> int | None:
    if isinstance(value, (list, tuple, deque, dict)):
        return len(value)
    if matrices.issparse(value) or (isinstance(value, np.ndarray) and value.ndim):
        return int(value.shape[0])
    return None


def _complete(state: dict[str, object], variables: set[str]) -> dict[str, object]:
    """A state in which Vars that an operator holds are attributes, as they are in other parts."""
    holders = [value for value in state.values() if hasattr(value, "in_rows")]
    missing = variables - state.keys()
    held = {n: getattr(h, n)() for n in missing for h in holders if hasattr(h, n)}
    return {**state, **held}


# -- messages -----------------------------------------------------------------------------------


RingFacts = tuple[Part, int, str, Sequence[str]]
"""Part of who writes it, number of elements, their type, names of the readers."""


def rings_of(executable: Executable) -> list[RingFacts]:
    """The facts of the rings of a network."""
    parts = {plan.party: plan.part for plan in executable.actors}
    return [
        (parts.get(r.writer), math.prod(r.shape), r.dtype, r.reader_names)
        for r in executable.arena.rings
    ]


def _in_groups(rings: Sequence[RingFacts]) -> list[range]:
    return groups([part for part, *_ in rings])


def check_rings(old: Sequence[RingFacts], new: Sequence[RingFacts]) -> None:
    """Refuse rings that are not the same ones in other parts."""
    before, after = ([rings[g[0]][2] for g in _in_groups(rings)] for rings in (old, new))
    if before != after:
        raise CheckpointError("the file has messages of other models than the compiled network")


def merge_rings(
    found: Sequence[Content], old: Sequence[RingFacts], new: Sequence[RingFacts]
) -> list[Content]:
    """The contents of rings that are cut in another way."""
    merged: list[Content] = []
    for theirs, ours in zip(_in_groups(old), _in_groups(new), strict=True):
        merged += _merge_ring(
            [(found[k], old[k][1], old[k][3]) for k in theirs],
            [(new[n][1], new[n][3]) for n in ours],
        )
    return merged


def _merge_ring(
    old: list[tuple[Content, int, Sequence[str]]], new: list[tuple[int, Sequence[str]]]
) -> list[Content]:
    waiting = {
        name_of_whole(name): count
        for content, _, names in old
        for name, count in zip(names, content.waiting, strict=True)
    }
    counts = [[waiting.get(name_of_whole(name), 0) for name in names] for _, names in new]
    most = max(len(content.messages) for content, _, _ in old)
    if most and sum(size for _, size, _ in old) != sum(size for size, _ in new):
        raise CheckpointError("what is on its way between models cannot be divided anew")
    ends = [0, *accumulate(size for size, _ in new)]
    wholes = [
        _joined(
            [
                (content.messages[k - most] if most - k <= len(content.messages) else None, size)
                for content, size, _ in old
            ]
        )
        for k in range(most)
    ]
    return [
        Content(own, [_part_of(m, *rows) for m in wholes[most - max(own, default=0) :]])
        for own, rows in zip(counts, pairwise(ends), strict=True)
    ]


def _joined(pieces: Sequence[tuple[Message | None, int]]) -> Message:
    """One message; a piece that nobody waits for any more is None."""
    if all(message is not None and "whole" in message for message, _ in pieces):
        return {"whole": np.concatenate([m["whole"] for m, _ in pieces if m is not None])}
    values, indices, begin = [], [], 0
    for message, size in pieces:
        if message is not None:
            value, index = _events_of(message)
            values.append(value)
            indices.append(np.asarray(index, np.int64) + begin)
        begin += size
    given = [v for v in values if v is not None]
    if given:
        events = zip(values, indices, strict=True)
        values = [with_values(part, given[0].dtype)[0] for part in events]
    return {
        "values": np.concatenate(values) if given else None,
        "indices": np.concatenate(indices).astype(np.int32),
    }


def _events_of(message: Message) -> tuple[Any, np.ndarray]:
    if "whole" not in message:
        return message["values"], message["indices"]
    whole = message["whole"]
    index = places_in(whole)
    return whole[index], index


def _part_of(message: Message, first: int, end: int) -> Message:
    if "whole" in message:
        return {"whole": message["whole"][first:end]}
    values, indices = message["values"], message["indices"]
    own = (indices >= first) & (indices < end)
    return {
        "values": None if values is None else values[own],
        "indices": (indices[own] - first).astype(np.int32),
    }
