"""Channels by themselves, and waiting at several of them."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from enum import IntEnum
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import DTypeLike

from lava_actor.channels._native import Arena, wait_any
from lava_actor.channels.csp import CspRecvPort, CspSendPort
from lava_actor.channels.interfaces import AbstractCspRecvPort, AbstractCspSendPort
from lava_actor.channels.layout import RingRequest, plan_arena
from lava_actor.channels.wait import choose_policy
from lava_actor.errors import PeerClosedError

_T = TypeVar("_T")


class ChannelType(IntEnum):
    """Kind of channel between two models, by the language of either side."""

    PyPy = 0


class Channel(ABC):
    """Two ends and what lies between them."""

    src_port: AbstractCspSendPort
    """The end that sends."""
    dst_port: AbstractCspRecvPort
    """The end that receives."""


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
        self, message_infrastructure: object, src_name: str, dst_name: str,
        shape: tuple[int, ...], dtype: DTypeLike, size: int, *watchdogs: object,
    ) -> None:  # fmt: skip
        name, kind = f"{src_name}->{dst_name}", np.dtype(dtype).str
        request = RingRequest(name, tuple(shape), kind, False, size, 0, (1,), (dst_name,))
        arena = Arena.create(plan_arena((src_name, dst_name), (), (request,)))
        self.src_port = CspSendPort(arena.writer(0), src_name)
        self.dst_port = CspRecvPort(arena.reader(0, 0), dst_name)
        policy = choose_policy(2)
        for port in (self.src_port, self.dst_port):
            policy.apply(port.ring.party)
        # The ends keep the memory; without its descriptor nothing can outlive them.
        arena.close()
