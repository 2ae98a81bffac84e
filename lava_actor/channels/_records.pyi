"""Contract of the native part of recordings. ``records.h`` holds the idea, ``records.py`` reads."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

BUILT_FROM: str
"""What the module was compiled from; see `lava_actor.built`."""

def code_of(dtype: np.dtype) -> int: ...
def dtype_of(code: int) -> np.dtype | None: ...
def scatter(array: np.ndarray, places: np.ndarray, values: Any) -> None: ...

class RecordStore:
    """Where the recordings of one network lie: a memory file, and one on a disk for what is more.

    Neither has a name: nothing is left behind, whoever is killed. The user's interpreter makes it
    and reads, at any time; each recording has one writer.
    """

    n: int
    """Number of recordings."""

    @staticmethod
    def create(n: int, limit: int) -> RecordStore:
        """Make an empty store for ``n`` recordings, which holds ``limit`` bytes in memory."""

    @staticmethod
    def attach(fds: Sequence[int], n: int) -> RecordStore:
        """Map a store made elsewhere; the descriptors stay the caller's."""

    @property
    def fds(self) -> list[int]:
        """Descriptors to hand to those who record."""

    @property
    def held(self) -> int:
        """Bytes of memory that recordings have."""

    @property
    def spilled(self) -> int:
        """Bytes that were written into the file on disk."""

    def settle(self) -> None:
        """Everybody has stopped writing: give the descriptors back, keep what was recorded."""

    def close(self) -> None:
        """Give the descriptors back."""

    def reading(self, number: int, begin: bool) -> None:
        """Say that somebody begins to read, or ends: meanwhile no memory is given back."""

    def epoch(self, number: int) -> int:
        """How often everything was thrown away, twice; odd while that happens."""

    def head(self, number: int) -> tuple[int, int, int, list[tuple[int, int]]]:
        """What there is: (done, begin, dtype, (first chunk, length) of each stream)."""

    def chunk(self, place: int) -> dict[str, int] | None:
        """The head of a chunk; None if it came after `settle`."""

    def read_into(self, place: int, out: np.ndarray) -> None:
        """Fill an array with the records at the beginning of a chunk."""

    def recorder(self, number: int, **limits: Any) -> Recorder:
        """The one who writes a recording, empty; the same one again after a reset."""

class Recorder:
    """Writes one recording.

    A step is there whole or not at all, whatever ends the process. Steps that are not to be
    recorded are passed over.

    Parameters
    ----------
    store, number
        Where, and which.
    name : str
        What it is of, for messages.
    size : int
        Elements of a row.
    until, every, last : int, optional
        See `Monitor.probe`; ``until`` is its ``num_steps``.
    places : array of int32, optional
        Which elements of the target make a row; None: all.
    of : int
        Elements of the target.
    """

    number: int
    name: str
    size: int
    every: int
    until: int
    places: np.ndarray | None
    told: bool
    """For the model: whether it said that recording has ended."""

    def is_due(self, step: int) -> bool:
        """Whether the step is one of those to record."""

    def row(self, step: int, value: Any) -> None:
        """Record an array of the shape of the target.

        Raises
        ------
        RecordingMemoryError
            (a `MemoryError`) if neither memory nor disk has room; the step is not recorded.
        """

    def events(
        self, step: int, values: np.ndarray | None, indices: np.ndarray, dtype: np.dtype
    ) -> None:
        """Record what is not zero, as `PyInPort.recv_events` returns it; ``dtype``: the port's.

        Raises
        ------
        RecordingMemoryError
            See `row`.
        """

    def resume(
        self,
        done: int,
        begin: int,
        code: int,
        messages: Iterable[tuple[int, int, bool, bool]],
        indices: np.ndarray,
        values: np.ndarray,
    ) -> None:
        """Write what was read of another recording; see `records.Record`."""
