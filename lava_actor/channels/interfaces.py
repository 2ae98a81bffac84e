"""What a channel and its two ends look like to the models that use them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike


class ChannelType(IntEnum):
    """Kind of channel between two models, by the language of either side."""

    PyPy = 0


class AbstractCspPort(ABC):
    """One end of a channel.

    Attributes of every end: `name`, the `shape` and the NumPy type `d_type` of a message, and
    `size`, the number of messages the channel holds.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of this end."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of a message."""

    @property
    @abstractmethod
    def d_type(self) -> np.dtype:
        """Type of the elements of a message."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Messages the channel holds before a sender has to wait."""

    @abstractmethod
    def start(self) -> None:
        """Begin to use this end, in the process that will use it."""

    @abstractmethod
    def join(self) -> None:
        """End the use of this end; the other one is told."""

    @abstractmethod
    def probe(self) -> bool:
        """Tell, without waiting, whether the next transfer would not wait."""


class AbstractCspSendPort(AbstractCspPort):
    """The end that sends."""

    @abstractmethod
    def send(self, data: ArrayLike) -> None:
        """Copy one message into the channel; waits while it is full."""


class AbstractCspRecvPort(AbstractCspPort):
    """The end that receives."""

    @abstractmethod
    def recv(self) -> np.ndarray:
        """Take the oldest message; waits while there is none."""

    @abstractmethod
    def peek(self) -> np.ndarray:
        """Copy the oldest message and leave it there; waits while there is none."""


class Channel(ABC):
    """Two ends and what lies between them."""

    @property
    @abstractmethod
    def src_port(self) -> AbstractCspSendPort:
        """The end that sends."""

    @property
    @abstractmethod
    def dst_port(self) -> AbstractCspRecvPort:
        """The end that receives."""
