"""A frame arrives whole, or the pipe has ended and says so."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from lava_actor.channels.pipe import Frame, Pipe, PipeEnded
from lava_actor.protocol.frames import Receiver, UnknownFrameError, Way


@pytest.fixture
def ends() -> Iterator[tuple[Pipe, Pipe]]:
    left, right = Pipe.pair()
    yield left, right
    left.close()
    right.close()


class Torn:
    """A socket whose write is torn apart: some bytes have gone, and nobody knows how many."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    def sendmsg(self, buffers: list[memoryview], control: Any, flags: int) -> int:
        self._socket.sendmsg([buffers[0][:10]], control, flags)
        raise KeyboardInterrupt

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def test_a_pipe_whose_frame_was_torn_is_broken_at_both_ends(ends: tuple[Pipe, Pipe]) -> None:
    left, right = ends
    left.send("whole", 1)
    left._socket = Torn(left._socket)  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        left.send("torn", 2)
    for _ in range(2):
        with pytest.raises(PipeEnded, match="a frame was torn"):
            left.send("after", 3)
    assert right.recv().take() == 1
    with pytest.raises(PipeEnded, match="the other end is gone, in the middle of a frame"):
        right.recv()


def test_what_finds_no_room_stays_in_order_whoever_writes_it(ends: tuple[Pipe, Pipe]) -> None:
    left, right = ends
    large = b"x" * 1_000_000  # bytes do not travel out of band
    assert not left.post("frame", (0, large))
    senders = [threading.Thread(target=left.send, args=("frame", (i, large))) for i in (1, 2)]
    senders[0].start()
    senders[1].start()
    numbers = [right.recv().take()[0] for _ in range(3)]
    for sender in senders:
        sender.join()
    assert numbers[0] == 0
    assert sorted(numbers) == [0, 1, 2]


def test_descriptors_of_a_frame_that_nobody_opens_are_closed(ends: tuple[Pipe, Pipe]) -> None:
    left, right = ends
    before = len(os.listdir("/proc/self/fd"))
    left.send("large", np.zeros(100_000))
    frame = right.recv()
    assert len(os.listdir("/proc/self/fd")) == before + 1
    del frame
    assert len(os.listdir("/proc/self/fd")) == before


# --- the table of frames -----------------------------------------------------------------------


def test_a_frame_that_nobody_sends_this_way_is_refused_by_its_name(
    ends: tuple[Pipe, Pipe],
) -> None:
    def ignore(frame: Frame) -> None:
        frame.close()

    receive = Receiver(dict.fromkeys(Way.USER_TO_SERVICE.value, ignore), Way.USER_TO_SERVICE)
    left, right = ends
    left.send("pause")
    receive(right.recv())
    left.send("reply", 1)
    with pytest.raises(UnknownFrameError, match="user to service: nobody sends 'reply'"):
        receive(right.recv())


@pytest.mark.parametrize("more", [["pause"], ["run", "pause", "stop", "settle", "dance"]])
def test_a_receiver_handles_what_the_table_says_neither_more_nor_less(more: list[str]) -> None:
    with pytest.raises(UnknownFrameError, match="handlers and table differ in"):
        Receiver(dict.fromkeys(more, lambda frame: None), Way.USER_TO_SERVICE)
