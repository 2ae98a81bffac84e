"""Channel ends as models and I/O code hold them: a ring end with a name, a start and an end.

They are made of the writers and readers of an arena. No end has a thread or a descriptor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.channels.interfaces import AbstractCspRecvPort, AbstractCspSendPort
from lava_actor.channels.masks import refuse_mask
from lava_actor.errors import ChannelAborted, NetworkError


class CspSendPort(AbstractCspSendPort):
    """The sending end of a channel."""

    def _leave(self) -> None:
        """Tell the receivers that nothing more will come; they take what is queued first."""
        self.ring.close()

    def send(self, data: ArrayLike) -> None:
        """Copy one message into the channel; waits while it is full.

        Parameters
        ----------
        data : array_like
            Of the channel's shape; its elements are converted to the channel's type.

        Raises
        ------
        NetworkError
            If the shape differs (an `AssertionError`, too).
        InvalidTypeError
            If these are no numbers, masked, or complex where the channel's are real.
        ChannelAborted
            If the network ends meanwhile.
        """
        if type(data) is not np.ndarray:
            refuse_mask(data, f"{self._name}.send")
        if np.shape(data) != self.ring.shape:
            raise NetworkError(
                f"{self._name}.send: expected an array of shape {self.ring.shape}, "
                f"got shape {np.shape(data)}"
            )
        if self.ring.aborted:
            ended = ChannelAborted(f"{self._name}.send: the network has ended")
            raise self.ring.party.released(ended)
        self.ring.send(data)

    def num_available(self) -> int:
        """Return how many messages the slowest receiver has not taken yet."""
        return self.ring.statistics().queued


class CspRecvPort(AbstractCspRecvPort):
    """A receiving end of a channel."""

    def _leave(self) -> None:
        """Stop receiving: the sender no longer waits for this end."""
        self.ring.detach()

    def recv(self) -> np.ndarray:
        """Take the oldest message, as an array of the caller's own; waits while there is none.

        Raises
        ------
        PeerClosedError
            If the channel is empty and its sender has ended.
        ChannelAborted
            If the network ends meanwhile.
        """
        return self.ring.recv()

    def peek(self) -> np.ndarray:
        """Return what `recv` would, and leave the message there."""
        return self.ring.peek()

    def num_available(self) -> int:
        """Return how many messages wait to be taken."""
        return self.ring.available()
