"""What the two ends of a channel look like to the models that use them."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:  # the package looks at the native part before it imports it
    from lava_actor.channels._native import RingReader, RingWriter

R = TypeVar("R", "RingReader", "RingWriter")


class AbstractCspPort(ABC, Generic[R]):
    """One end of a channel.

    Parameters
    ----------
    ring : RingReader or RingWriter
        What does the work; models on the fast path use it directly.
    name : str
    """

    def __init__(self, ring: R, name: str) -> None:
        self.ring: R = ring
        self._name = name
        self._started_in: int | None = None

    @property
    def name(self) -> str:
        """Name of this end."""
        return self._name

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a message."""
        return self.ring.shape

    @property
    def d_type(self) -> np.dtype:
        """Type of the elements of a message."""
        return self.ring.dtype

    @property
    def size(self) -> int:
        """Messages the channel holds before its sender has to wait."""
        return self.ring.depth

    def start(self) -> None:
        """Begin to use this end, in the process that will use it."""
        self._started_in = os.getpid()

    def join(self) -> None:
        """End the use of this end; the other one is told.

        Without effect in a process that did not `start` this end, such as the parent of the
        process that uses it, and the second time.
        """
        if self._started_in == os.getpid():
            self._started_in = None
            self._leave()

    @abstractmethod
    def _leave(self) -> None:
        """Tell the other end."""

    def probe(self) -> bool:
        """Tell, without waiting, whether the next transfer would not wait."""
        return self.ring.probe()

    @abstractmethod
    def num_available(self) -> int:
        """Return how many messages are in the channel."""


class AbstractCspSendPort(AbstractCspPort["RingWriter"]):
    """The end that sends."""


class AbstractCspRecvPort(AbstractCspPort["RingReader"]):
    """The end that receives."""
