"""Reading recordings: what a store holds up to a step, as arrays; while it is written, too."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from lava_actor import built
from lava_actor.channels.interrupts import held

built.require("lava_actor.channels._records")

from lava_actor.channels._records import Recorder, RecordStore, dtype_of, scatter  # noqa: E402  (after the check)

__all__ = ["Record", "RecordStore", "Recorder", "read"]

_WHOLE, _VALUED, _STEPS = 1 << 31, 1 << 30, (1 << 30) - 1
_INDEX = np.int32(0x7FFFFFFF)
_TRIES = 1000


@dataclass(frozen=True)
class Record:
    """What was recorded of one target, up to the step ``done``.

    Attributes
    ----------
    done : int
        Everything up to this step is here; 0: nothing was recorded.
    begin : int
        The first step that was recorded.
    code : int
        The dtype, as the store writes it.
    steps, counts, whole, valued : ndarray
        Per message: when, of how many elements, whether of all in order, whether with values.
    indices, values : ndarray
        Those of all messages, one after the other.
    """

    done: int = 0
    begin: int = 0
    code: int = 0
    steps: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    counts: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    whole: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    valued: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    indices: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    values: np.ndarray = field(default_factory=lambda: np.empty(0))

    @property
    def dtype(self) -> np.dtype:
        """Of what was recorded."""
        return dtype_of(self.code) or np.dtype(float)

    def events(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Steps, indices and values of what was not zero; values None: all were one."""
        steps = np.repeat(self.steps, self.counts)
        if not self.whole.any() and not self.valued.any():
            return steps, self.indices, None
        whole = np.repeat(self.whole, self.counts)
        indices = np.empty(steps.size, np.int32)
        indices[~whole] = self.indices
        sizes = self.counts[self.whole]
        indices[whole] = np.arange(whole.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        values = np.ones(steps.size, self.dtype)
        values[np.repeat(self.valued, self.counts)] = self.values
        there = values != 0
        return steps[there], indices[there], values[there]

    def rows(self, rows: np.ndarray, size: int) -> np.ndarray:
        """The elements in the given steps, which ascend: (steps, size)."""
        if self.whole.all() and np.array_equal(self.steps, rows):
            found: np.ndarray = self.values.reshape(rows.size, size)
            return found
        dense = np.zeros((rows.size, size), self.dtype)
        steps, indices, values = self.events()
        at = np.searchsorted(rows, steps)
        places = at * size + indices
        scatter(dense.reshape(-1), places, 1 if values is None else values)
        return dense

    def since(self, step: int) -> Record:
        """Without what came before a step."""
        first = int(np.searchsorted(self.steps, step))
        indices = int(self.counts[:first][~self.whole[:first]].sum())
        values = int(self.counts[:first][self.valued[:first]].sum())
        return Record(
            self.done, max(self.begin, step), self.code, self.steps[first:], self.counts[first:],
            self.whole[first:], self.valued[first:], self.indices[indices:], self.values[values:],
        )  # fmt: skip

    def write_to(self, recorder: Recorder) -> None:
        """Let another recording go on from here."""
        messages = zip(*(a.tolist() for a in (self.steps, self.counts, self.whole, self.valued)),
                       strict=True)  # fmt: skip
        recorder.resume(self.done, self.begin, self.code, messages, self.indices, self.values)


def read(store: RecordStore, number: int, size: int) -> Record:
    """What recording ``number``, of so many elements, holds now; it may be written meanwhile."""
    for _ in range(_TRIES):
        with held():
            store.reading(number, True)
        try:
            epoch = store.epoch(number)
            found = _read(store, number, size)
            if epoch % 2 == 0 and epoch == store.epoch(number):
                return found
        finally:
            store.reading(number, False)
        time.sleep(0.001)
    return Record()  # who threw everything away was killed meanwhile


def _read(store: RecordStore, number: int, size: int) -> Record:
    done, begin, code, (messages, indices, values) = store.head(number)
    parts = _parts(store, *messages, np.dtype(np.uint32))
    if not parts:
        return Record(done, begin, code)
    words = np.concatenate([words for _, words in parts])
    steps = np.concatenate([(words & _STEPS) + np.int64(chunk["step"]) for chunk, words in parts])
    n = int(np.searchsorted(steps, done, "right"))
    words, steps = words[:n], steps[:n]
    whole, valued = (words & _WHOLE) != 0, (words & _VALUED) != 0
    counts = np.full(n, size, np.int64)
    found = _joined(store, *indices, parts[0][0]["indices"], np.dtype(np.int32))
    ends = np.flatnonzero(found < 0)[: n - int(whole.sum())] + 1
    counts[~whole] = np.diff(ends, prepend=0)
    found = found[: ends[-1] if ends.size else 0]
    found &= _INDEX
    numbers = _joined(store, *values, parts[0][0]["values"], None)
    numbers = numbers[: int(counts[valued].sum())]
    return Record(done, begin, code, steps, counts, whole, valued, found, numbers)


def _joined(
    store: RecordStore, place: int, n: int, begin: int, dtype: np.dtype | None
) -> np.ndarray:
    """The records of a stream from the ordinal ``begin`` on."""
    parts = _parts(store, place, n, dtype)
    if not parts:
        return np.empty(0, dtype)
    return np.concatenate([part for _, part in parts])[begin - parts[0][0]["start"] :]


def _parts(
    store: RecordStore, place: int, n: int, dtype: np.dtype | None
) -> list[tuple[dict[str, int], np.ndarray]]:
    """The chunks of a stream, with those of its first ``n`` records that each holds.

    They are of a given type, or, where it may change, of the one that the chunk names.
    """
    found = []
    chunk = store.chunk(place) if place else None
    while chunk is not None:
        following = store.chunk(chunk["next"]) if chunk["next"] else None
        end = n if following is None else min(n, following["start"])
        part = np.empty(max(0, end - chunk["start"]), dtype or dtype_of(chunk["dtype"]))
        if part.size:
            store.read_into(place, part)
        found.append((chunk, part))
        place, chunk = chunk["next"], following
    return found
