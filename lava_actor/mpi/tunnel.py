"""Frames between the user's interpreter and a service on another rank.

Each of the two holds one end of a pipe, as if the other were here. The courier holds the ends that
are left, on both ranks, and carries the frames: as plain data, with what lies in memory files.
"""

from __future__ import annotations

from collections.abc import Callable

from lava_actor.channels.pipe import Frame, Packed, Pipe, PipeEnded

Item = tuple[object, ...]


class Tunnel:
    """The courier's end of one pipe.

    Parameters
    ----------
    number : int
        Of the service, in the network.
    pipe : Pipe
    rank : int
        Where the other mouth is.
    """

    def __init__(self, number: int, pipe: Pipe, rank: int) -> None:
        self.number = number
        self.rank = rank
        self._pipe = pipe
        self.is_open = True

    def fileno(self) -> int:
        """What can be read when a frame has come."""
        return self._pipe.fileno()

    def carry(
        self, send: Callable[[int, Item], None], keep: Callable[[int, Frame], bool] | None = None
    ) -> bool:
        """Send what came out of the pipe, but for what ``keep`` takes; True if there was any."""
        if not self.is_open:
            return False
        try:
            if self._pipe.unsent:
                self._pipe.flush()
            frames = self._pipe.frames()
        except PipeEnded:
            send(self.rank, ("gone", self.number))
            self.close()
            return True
        for frame in frames:
            if keep is None or not keep(self.number, frame):
                send(self.rank, ("frame", self.number, frame.packed()))
        return bool(frames)

    def put(self, said: Packed) -> None:
        """Put a frame that has come from the other mouth into the pipe."""
        if self.is_open:
            try:
                self._pipe.forward(Frame.unpacked(said))
            except PipeEnded:
                pass  # met again by `carry`, which tells

    def cut(self) -> None:
        """The other mouth has ended; in a thread that is not the courier's."""
        self._pipe.hang_up()

    def close(self) -> None:
        """There is nobody at the other mouth any more."""
        if self.is_open:
            self.is_open = False
            self._pipe.close()
