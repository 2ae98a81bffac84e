"""Framed request/reply pipes between the processes of one runtime.

A frame is a short header (kind, key, actor) and a *parcel*: an object pickled with protocol 5
whose large buffers travel out of band, in one anonymous memory file handed over by descriptor.
A million float64 therefore crosses the pipe as a few bytes and one descriptor, is copied once by
the sender, and is mapped copy-on-write by the receiver. A frame can be passed on by a process in
the middle without opening the parcel.

A frame arrives whole or the pipe has ended. What is to be sent is queued first and written then, in
pieces; how far that has come is noted where no interrupt can come between (`interrupts.held`). So
whoever gives up waiting for the rest leaves it to the next one who writes, and the stream stays in
order. If a write is torn apart all the same, the pipe counts as broken, at this end and, once it is
closed, at the other. Nothing here blocks unless it is told to: `post` and `flush` leave the rest in
the queue, `frames` takes what has arrived. Who must always be able to listen uses these.

The stream is a Unix socket pair: one descriptor per end, since a service holds an end for each of
its actors. Descriptors travel with the first byte of their frame. Any thread may send; one thread
at a time receives.
"""

from __future__ import annotations

import array
import contextlib
import errno
import mmap
import os
import pickle
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from lava_actor.channels._native import PrivateMap
from lava_actor.channels.interrupts import held
from lava_actor.channels.memory import human
from lava_actor.plain import plain

#: Buffers of at least this many bytes travel in a memory file instead of the pickle.
OUT_OF_BAND_BYTES = 64 * 1024

_HEAD = struct.Struct("<16sqqiHH")  # kind, key, actor, data length, spans, descriptors
_SPAN = struct.Struct("<qq")
_ALIGN = 64

#: Bytes asked for in one read.
_READ_BYTES = 1 << 16
#: Room for as many descriptors as a frame may bring (the kernel's limit is 253).
_ROOM = socket.CMSG_SPACE(253 * array.array("i").itemsize)

# As numbers: to combine these enums takes longer than to send.
_SEND_FLAGS = int(socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
_RECEIVE_FLAGS = int(socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC)
_CUT = int(socket.MSG_CTRUNC)


class PipeEnded(Exception):
    """The other end of a pipe is gone, or a frame was torn; no error of a user is one."""


@plain(frozen=True)
class Parcel:
    """A pickled object: ``data`` in band, ``spans`` (offset, length) in the memory file."""

    data: bytes
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def out_of_band(self) -> int:
        """Bytes in the memory file."""
        return sum(length for _, length in self.spans)

    def unpack(self, fd: int | None = None) -> Any:
        """Rebuild the object; large arrays map the memory file copy-on-write.

        ``fd`` is only read from, and may be closed afterwards.
        """
        if not self.spans:
            return pickle.loads(self.data)
        if fd is None:
            raise ValueError("this parcel has out-of-band buffers and needs its memory file")
        buffers = []
        for offset, length in self.spans:
            # One map per buffer: it is freed with the array that uses it, and holds no descriptor.
            start = offset - offset % mmap.ALLOCATIONGRANULARITY
            try:
                view = PrivateMap(fd, start, length + offset - start)
            except OSError as error:
                if error.errno != errno.ENOMEM:
                    raise
                raise MemoryError(f"{human(length)} do not fit into memory") from None
            buffers.append(memoryview(view)[offset - start : offset - start + length])
        return pickle.loads(self.data, buffers=buffers)


class ParcelWriter:
    """Packs objects into parcels that share one memory file (created when first needed)."""

    def __init__(self, dumps: Callable[..., bytes] = pickle.dumps) -> None:
        self._dumps = dumps
        self._size = 0
        self.fd: int | None = None

    def pack(self, obj: object) -> Parcel:
        """Pickle ``obj``; raises whatever the pickler raises."""
        large: list[memoryview] = []

        def keep_in_band(buffer: pickle.PickleBuffer) -> bool:
            raw = buffer.raw()
            if raw.nbytes < OUT_OF_BAND_BYTES:
                return True
            large.append(raw)
            return False

        data = self._dumps(obj, protocol=5, buffer_callback=keep_in_band)
        return Parcel(data, tuple(self._store(raw) for raw in large))

    def _store(self, raw: memoryview) -> tuple[int, int]:
        if self.fd is None:
            with held():
                self.fd = os.memfd_create("lava_actor-values", os.MFD_CLOEXEC)
        offset = -(-self._size // _ALIGN) * _ALIGN
        _write_at(self.fd, raw, offset)
        self._size = offset + raw.nbytes
        return offset, raw.nbytes

    def close(self) -> None:
        """Close the memory file; receivers hold descriptors of their own."""
        _close([self.release()])

    def release(self) -> int | None:
        """Hand the memory file over to the caller, who closes it."""
        fd, self.fd = self.fd, None
        return fd


class _Descriptors(list[int]):
    """Closed in the end if nobody has taken them: an answer that comes too late, for example."""

    def __del__(self) -> None:
        _close(self)


def _close(fds: list[int] | list[int | None]) -> None:
    while fds:
        with contextlib.suppress(OSError):
            if (fd := fds.pop()) is not None:
                os.close(fd)


Packed = tuple[str, int, int, bytes, tuple[tuple[int, int], ...], bytes]
"""A frame as plain data: its fields, those of its parcel, and what is in the memory file."""


@plain
class Frame:
    """One message of a pipe. ``take()`` opens the parcel and closes the descriptors."""

    kind: str
    key: int
    actor: int
    parcel: Parcel
    fds: list[int]

    def take(self) -> Any:
        """Unpack the payload and close the frame's descriptors."""
        try:
            return self.parcel.unpack(self.fds[-1] if self.fds else None)
        finally:
            self.close()

    def release(self) -> list[int]:
        """Hand the descriptors over to the caller, who closes them."""
        fds = list(self.fds)
        self.fds.clear()
        return fds

    def close(self) -> None:
        """Close descriptors that nobody took."""
        _close(self.fds)

    def packed(self) -> Packed:
        """All of it as plain data, the memory file included, and close it; see `unpacked`."""
        parcel, content = self.parcel, b""
        if parcel.spans:
            size = max(offset + length for offset, length in parcel.spans)
            with mmap.mmap(self.fds[-1], size, prot=mmap.PROT_READ) as view:
                content = view[:]
        self.close()
        return self.kind, self.key, self.actor, parcel.data, parcel.spans, content

    @classmethod
    def unpacked(cls, said: Packed) -> Frame:
        """The frame that `packed` was told of, on another machine perhaps."""
        kind, key, actor, data, spans, content = said
        fds = _Descriptors([memory_file(content)] if content else ())
        return cls(kind, key, actor, Parcel(data, spans), fds)


def memory_file(content: bytes) -> int:
    """The descriptor of an unnamed file in memory; whoever asks for it closes it."""
    descriptor = os.memfd_create("lava_actor-values", os.MFD_CLOEXEC)
    _write_at(descriptor, memoryview(content), 0)
    return descriptor


def _write_at(descriptor: int, content: memoryview, offset: int) -> None:
    done = 0
    while done < content.nbytes:
        done += os.pwrite(descriptor, content[done : done + (1 << 30)], offset + done)


@plain
class _Outgoing:
    """A frame on its way: what of it is left to write, and descriptors that go with its head."""

    rest: memoryview
    fds: list[int]


_EMPTY = Parcel(pickle.dumps(None, protocol=5))


class Pipe:
    """One end of a framed pipe.

    Sending and receiving raise `PipeEnded` when the other end is gone.
    """

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, descriptor)
        self._lock = threading.Lock()
        self._outgoing: deque[_Outgoing] = deque()
        self._torn = False  # a write was begun, and how far it came is not noted
        self._received = bytearray()
        self._fds: deque[int] = deque()
        self._frames: deque[Frame] = deque()
        self._end = ""
        self.on_unsent: Callable[[], None] | None = None
        """Called, in any thread, when something is left to `flush`."""

    @classmethod
    def pair(cls) -> tuple[Pipe, Pipe]:
        """Two connected ends."""
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        return cls(left.detach()), cls(right.detach())

    def fileno(self) -> int:
        """The descriptor to poll for frames; -1 after `close`."""
        return self._socket.fileno()

    # -- sending ----------------------------------------------------------------------------

    def send(
        self,
        kind: str,
        payload: object = None,
        *,
        key: int = 0,
        actor: int = -1,
        fds: Sequence[int] = (),
    ) -> None:
        """Send one frame. ``fds`` are duplicated to the receiver, before the parcel's own file.

        Waits until all of it is written. Interrupted, it is written by whoever sends next.
        """
        self.post(kind, payload, key=key, actor=actor, fds=fds)
        self.flush(None)

    def post(
        self,
        kind: str,
        payload: object = None,
        *,
        key: int = 0,
        actor: int = -1,
        fds: Sequence[int] = (),
    ) -> bool:
        """As `send`, without waiting; False if there is more to `flush`."""
        writer = ParcelWriter()
        try:
            parcel = _EMPTY if payload is None else writer.pack(payload)
            with held():
                own = writer.release()
                copies = [os.dup(fd) for fd in fds]
                self._queue(kind, key, actor, parcel, copies if own is None else [*copies, own])
                return self._pass_on()
        finally:
            writer.close()

    def forward(self, frame: Frame, *, actor: int | None = None) -> bool:
        """Pass a frame on without opening it or waiting; False if there is more to `flush`."""
        to = frame.actor if actor is None else actor
        self._queue(frame.kind, frame.key, to, frame.parcel, frame.release())
        return self.flush()

    def _queue(self, kind: str, key: int, actor: int, parcel: Parcel, fds: list[int]) -> None:
        spans = b"".join(_SPAN.pack(*span) for span in parcel.spans)
        head = _HEAD.pack(kind.encode(), key, actor, len(parcel.data), len(parcel.spans), len(fds))
        message = memoryview(head + spans + parcel.data)
        self._outgoing.append(_Outgoing(message, _Descriptors(fds) if fds else fds))

    @property
    def unsent(self) -> bool:
        """True if frames wait to be written."""
        return bool(self._outgoing)

    def flush(self, timeout: float | None = 0.0) -> bool:
        """Write what waits, for at most ``timeout`` seconds (None: to the end); True if all is."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._outgoing:
            with held():
                if self._pass_on():
                    return True
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            ready(self.fileno(), select.POLLOUT, left)
        return True

    def _pass_on(self) -> bool:
        done = self._write()
        if not done and self.on_unsent is not None:
            self.on_unsent()
        return done

    def _write(self) -> bool:
        """Write until all is written; False if there is no more room."""
        with self._lock:
            if self._torn:
                raise self._broken("a frame was torn")
            while self._outgoing:
                item = self._outgoing[0]
                control = []
                if item.fds:
                    rights = array.array("i", item.fds)
                    control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
                self._torn = True
                try:
                    done = self._socket.sendmsg([item.rest], control, _SEND_FLAGS)
                except BlockingIOError:
                    self._torn = False
                    return False
                except OSError as error:
                    raise self._broken(str(error)) from None
                item.rest = item.rest[done:]
                if not item.rest:
                    self._outgoing.popleft()
                self._torn = False
                _close(item.fds)
        return True

    def _broken(self, why: str) -> PipeEnded:
        self._outgoing.clear()
        self._torn = True
        with contextlib.suppress(OSError):  # the other end is to know
            self._socket.shutdown(socket.SHUT_WR)
        return PipeEnded(why)

    # -- receiving --------------------------------------------------------------------------

    def frames(self) -> list[Frame]:
        """Every whole frame that has arrived, without waiting."""
        while not self._frames and self._read():
            pass
        found = [self._frames.popleft() for _ in range(len(self._frames))]
        if not found and self._end:
            raise PipeEnded(self._end)
        return found

    @property
    def holds_frames(self) -> bool:
        """Whether frames, or the end, have been taken out of the stream and not been handed out."""
        return bool(self._frames or self._end)

    def wait(self, timeout: float) -> None:
        """Wait until something arrives, at most ``timeout`` seconds."""
        ready(self.fileno(), select.POLLIN, timeout)

    def poll(self, timeout: float = 0.0) -> bool:
        """True if a frame (or the end of the stream) is there within ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while not (self._frames or self._end):
            if self._read():
                continue
            left = deadline - time.monotonic()
            if left <= 0 or not ready(self.fileno(), select.POLLIN, left):
                return bool(self._frames)
        return True

    def recv(self) -> Frame:
        """Block for the next frame."""
        while not self._frames:
            if self._end:
                raise PipeEnded(self._end)
            if not self._read():
                ready(self.fileno(), select.POLLIN, None)
        return self._frames.popleft()

    def _read(self) -> bool:
        """Take what has arrived; False if that was nothing."""
        if self._end:
            return False
        try:
            data, ancillary, got, _ = self._socket.recvmsg(_READ_BYTES, _ROOM, _RECEIVE_FLAGS)
        except BlockingIOError:
            return False
        except OSError as error:
            self._end = str(error)
            return True
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds = array.array("i")
                fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
                self._fds.extend(fds)
        if got & _CUT:
            self._end = "too few descriptors were left in this process to take a frame"
        elif not data:
            cut = ", in the middle of a frame" if self._received else ""
            self._end = f"the other end is gone{cut}"
        else:
            self._received += data
            self._cut()
        return True

    def _cut(self) -> None:
        """Cut what has been received into frames."""
        raw, at = self._received, 0
        while len(raw) - at >= _HEAD.size:
            kind, key, actor, length, n_spans, n_fds = _HEAD.unpack_from(raw, at)
            first = at + _HEAD.size
            data = first + n_spans * _SPAN.size
            if len(raw) < data + length:
                break
            spans = tuple(_SPAN.iter_unpack(raw[first:data]))
            parcel = Parcel(bytes(raw[data : data + length]), spans)
            fds = _Descriptors(self._fds.popleft() for _ in range(n_fds)) if n_fds else []
            self._frames.append(Frame(kind.rstrip(b"\0").decode(), key, actor, parcel, fds))
            at = data + length
        del raw[:at]

    # -- ends -------------------------------------------------------------------------------

    def has_ended(self, timeout: float) -> bool:
        """Whether the other end is gone within ``timeout`` seconds, whatever is left to read."""
        return self.fileno() < 0 or ready(self.fileno(), 0, timeout)  # POLLHUP comes unasked

    def detach(self) -> int:
        """Give up the pipe and return its descriptor (to hand it to another process)."""
        return self._socket.detach()

    def hang_up(self) -> None:
        """Let both ends see the end of the stream, from any thread; close this one later."""
        with contextlib.suppress(OSError):  # it has ended, or was closed
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close this end; the other end sees the end of the stream."""
        self._socket.close()
        self._outgoing.clear()
        _close(list(self._fds))
        self._fds.clear()
        self._frames.clear()
        self._end = self._end or "this end was closed"


def ready(descriptor: int, event: int, timeout: float | None) -> bool:
    """Wait until a descriptor is ready, or for ``timeout`` seconds."""
    poller = select.poll()
    poller.register(descriptor, event)
    return bool(poller.poll(None if timeout is None else timeout * 1000.0))
