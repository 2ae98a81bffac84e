"""Channel ends as models and I/O code hold them: a ring end with a name, a start and an end.

The ends of a running network are made of the writers and readers of its arena. `PyPyChannel` is a
channel by itself, for use within one process or between a process and the ones it forks: it brings
a small arena of its own. No end has a thread or a descriptor.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from lava_actor.channels._native import Arena, wait_any
from lava_actor.channels.interfaces import AbstractCspRecvPort, AbstractCspSendPort, Channel
from lava_actor.channels.layout import RingRequest, plan_arena
from lava_actor.channels.wait import choose_policy
from lava_actor.errors import ChannelAborted, NetworkError, PeerClosedError

_T = TypeVar("_T")


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
        ChannelAborted
            If the network ends meanwhile.
        """
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


class CspSelector:
    """Waits until one of several channel ends is ready."""

    def select(self, *args: tuple[CspSendPort | CspRecvPort, Callable[[], _T]]) -> _T:
        """Wait until one port is ready and return the result of what goes with it.

        Parameters
        ----------
        *args : tuple of (port, callable)
            If several ports are ready, the one that comes first wins.

        Returns
        -------
        object
            What the callable of the ready port returned.

        Raises
        ------
        PeerClosedError
            If none of the ports can become ready any more.
        ChannelAborted
            If the network ends meanwhile.
        """
        ports = [port for port, _ in args]

        def hopeless() -> bool:
            return all(isinstance(port, CspRecvPort) and port.ring.ended for port in ports)

        while not hopeless():
            for port, action in args:
                if _is_ready(port):
                    return action()
            parties = list({id(port.ring.party): port.ring.party for port in ports}.values())
            wait_any(parties, *(partial(_is_ready, port) for port in ports), hopeless)
        names = ", ".join(port.name for port in ports)
        error = PeerClosedError(f"select({names}): every channel is empty and its sender gone")
        raise ports[0].ring.party.released(error) if ports else error


def _is_ready(port: CspSendPort | CspRecvPort) -> bool:
    """Whether it can go on now; `probe` of a model's own port may wait (`RingReader.order`)."""
    return port.ring.available() > 0 if isinstance(port, CspRecvPort) else port.probe()


class PyPyChannel(Channel):
    """A channel with an arena of its own, between two Python models.

    Both ends may be used in one process, or either one in a process forked after the channel was
    made.

    Parameters
    ----------
    message_infrastructure : object
        Accepted for programs written for Lava, where it allocates the memory; not used.
    src_name, dst_name : str
        Names of the two ends.
    shape : tuple of int
        Shape of a message.
    dtype : dtype_like
        Type of its elements.
    size : int
        Messages the channel holds: so many sends succeed without a receiver.
    *watchdogs : object
        Accepted and not used: waits report what they wait for through ``Party.blocked``.
    """

    src_port: CspSendPort
    dst_port: CspRecvPort

    def __init__(
        self,
        message_infrastructure: object,
        src_name: str,
        dst_name: str,
        shape: tuple[int, ...],
        dtype: DTypeLike,
        size: int,
        *watchdogs: object,
    ) -> None:
        request = RingRequest(
            name=f"{src_name}->{dst_name}",
            shape=tuple(shape),
            dtype=np.dtype(dtype).str,
            events=False,
            depth=size,
            writer=0,
            readers=(1,),
            reader_names=(dst_name,),
        )
        arena = Arena.create(plan_arena((src_name, dst_name), (), (request,)))
        self.src_port = CspSendPort(arena.writer(0), src_name)
        self.dst_port = CspRecvPort(arena.reader(0, 0), dst_name)
        policy = choose_policy(2)
        policy.apply(self.src_port.ring.party)
        policy.apply(self.dst_port.ring.party)
        # The ends keep the memory; without its descriptor nothing can outlive them.
        arena.close()
