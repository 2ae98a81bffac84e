"""Recordings: Vars that grow, step by step, in memory that outlives the network."""

from __future__ import annotations

import math
from hashlib import sha256
from typing import Any, ClassVar

import numpy as np

from lava_actor.channels.memory import check_values
from lava_actor.channels.records import Record, RecordStore, read
from lava_actor.errors import ArenaMemoryError, InvalidValueError
from lava_actor.plain import plain
from lava_actor.process.interfaces import where
from lava_actor.process.variable import Var


@plain(frozen=True)
class _Live:
    """A recording of a network that was started, whatever has become of it."""

    store: RecordStore
    number: int
    size: int

    def read(self) -> Record:
        return read(self.store, self.number, self.size)

    def steps_and_bytes(self) -> tuple[int, int]:
        """How far it is, and what reading takes: what the chunks hold, and all of it in a row."""
        done, _, _, streams = self.store.head(self.number)
        return done, 16 * sum(length for _, length in streams)


@plain(frozen=True)
class _Kept:
    """What a copy of a recording holds: no store, and nothing is added."""

    record: Record

    def read(self) -> Record:
        return self.record


class Recording(Var):
    """What is recorded of a target.

    Its value does not lie in the model but in memory of the user's interpreter, where the model
    writes. So it can be read at any time: while the network runs, after its end, and if that was a
    bad one.

    Parameters
    ----------
    target : tuple of int
        Shape of what is recorded.
    num_steps, every, last : int, optional
        See `Monitor.probe`.
    index : array of int, optional
        Flat places in the target; None: all.
    shape : tuple of int, optional
        Of one row, if only some places are recorded.
    of : str
        What it is of, for messages.
    of_port : bool
        Whether that is an OutPort, of which only what is not zero may be kept.
    """

    shapes: ClassVar[set[tuple[int, ...]]] = set()
    """What arrays of recordings are like: their rows are steps."""

    _source: _Live | _Kept | None = None

    def __init__(
        self, target: tuple[int, ...], num_steps: int | None = None, every: int = 1,
        last: int | None = None, index: np.ndarray | None = None,
        shape: tuple[int, ...] | None = None, of: str = "", *, of_port: bool = False,
    ) -> None:  # fmt: skip
        self.target = tuple(target)
        self.row_shape: tuple[int, ...] = self.target if shape is None else shape
        rows = 0 if num_steps is None else (min(num_steps, last or num_steps)) // every
        super().__init__((rows, *self.row_shape), init=0)
        self.of, self.of_port = of, of_port
        self.num_steps, self.every, self.last, self.index = num_steps, every, last, index
        self.row_size = math.prod(self.row_shape)

    def limits(self) -> dict[str, object]:
        """What a `Recorder` needs to know of it."""
        return {
            "name": self.of, "size": self.row_size, "until": self.num_steps, "every": self.every,
            "last": self.last, "places": self.index, "of": math.prod(self.target),
        }  # fmt: skip

    def described(self) -> str:
        """Which steps and places it is of, in words that are equal for equal ones."""
        text = f"a record of {f'every {self.every}' if self.every > 1 else 'all'} steps"
        if self.index is None:
            return text
        few = ", ".join(map(str, self.index[:8])) + ", …" * (self.index.size > 8)
        return f"{text}, index [{few}], {sha256(self.index.tobytes()).hexdigest()[:8]}"

    def bind(self, store: RecordStore, number: int) -> None:
        """From now on this is what a network writes there."""
        self._source = _Live(store, number, self.row_size)

    @property
    def is_bound(self) -> bool:
        """Whether a network was started that writes here, or a copy of what it wrote is held."""
        return self._source is not None

    def _whose(self) -> str:
        return f"the recording of {self.of}"

    def read(self) -> Record:
        """What is recorded up to a step, ``done``; without what has left the window."""
        if isinstance(self._source, _Live):
            done, room = self._source.steps_and_bytes()
            check_values(self._whose(), (done // self.every, *self.row_shape), room)
        try:
            record = Record() if self._source is None else self._source.read()
        except MemoryError as error:
            raise ArenaMemoryError(f"{self._whose()}: {error}") from error
        return record if self.last is None else record.since(record.done - self.last + 1)

    def holds_events(self, record: Record) -> bool:
        """Whether it is spikes, rather than an array per step."""
        return self.of_port and not record.whole.any()

    def steps(self, record: Record) -> np.ndarray:
        """The steps that were recorded."""
        if not record.done:
            return np.empty(0, np.int64)
        first = -(-record.begin // self.every) * self.every
        return np.arange(first, record.done + 1, self.every)

    def dense(self, record: Record) -> np.ndarray:
        """One row for each of `steps`."""
        steps = self.steps(record)
        shape = (steps.size, *self.row_shape)
        if not record.whole.all():
            check_values(self._whose(), shape, 8 * math.prod(shape))
        self.shapes.add(shape)
        return record.rows(steps, self.row_size).reshape(shape)

    def places(self, indices: np.ndarray) -> np.ndarray:
        """Flat places in the target, of those in a row."""
        return indices if self.index is None else self.index[indices]

    def get(self, idx: Any = None) -> Any:
        """One row for each step; with ``num_steps``, zeros for those that did not run yet."""
        record = self.read()
        found = self.dense(record)
        if self.num_steps is not None and self.last is None and found.shape != self.shape:
            rows = np.zeros(self.shape, found.dtype)
            rows[self.steps(record) // self.every - 1] = found
            self.shapes.add(self.shape)
            found = rows
        return found if idx is None else found[idx]

    def set(self, value: object, idx: object = None) -> None:
        """Refuse: what was recorded stays what it is."""
        raise InvalidValueError(f"{where(self)}.set: expected a Var to set; this is a recording")

    def __getstate__(self) -> dict[str, object]:
        """A copy holds what is recorded now."""
        kept = None if self._source is None else _Kept(self._source.read())
        return {**self.__dict__, "_source": kept}
