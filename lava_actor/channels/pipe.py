"""Framed request/reply pipes between the processes of one runtime.

A frame is a short header (kind, key, actor) and a *parcel*: an object pickled with protocol 5
whose large buffers travel out of band, in one anonymous memory file handed over by descriptor.
A million float64 therefore crosses the pipe as a few bytes and one descriptor, is copied once by
the sender, and is mapped copy-on-write by the receiver. A frame can be passed on by a process in
the middle without opening the parcel.

The byte stream is a `multiprocess.connection.Connection` on a Unix socket pair: one descriptor per
end, since a service holds an end for each of its actors. Descriptors follow their frame on the same
socket, so order is kept. Any thread may send (one lock per pipe); one thread receives.
"""

from __future__ import annotations

import array
import contextlib
import mmap
import os
import pickle
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from multiprocess.connection import Connection

#: Buffers of at least this many bytes travel in a memory file instead of the pickle.
OUT_OF_BAND_BYTES = 64 * 1024

_HEAD = struct.Struct("<16sqqiHH")  # kind, key, actor, data length, spans, descriptors
_SPAN = struct.Struct("<qq")
_ALIGN = 64


@dataclass(frozen=True)
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
            # one map per buffer: it is freed with the array that uses it
            start = offset - offset % mmap.ALLOCATIONGRANULARITY
            view = mmap.mmap(
                fd,
                length + offset - start,
                flags=mmap.MAP_PRIVATE,
                prot=mmap.PROT_READ | mmap.PROT_WRITE,
                offset=start,
            )
            buffers.append(memoryview(view)[offset - start : offset - start + length])
        return pickle.loads(self.data, buffers=buffers)


class ParcelWriter:
    """Packs objects into parcels that share one memory file (created when first needed)."""

    def __init__(self, dumps: Callable[..., bytes] = pickle.dumps) -> None:
        self._dumps = dumps
        self._size = 0
        self.fd: int | None = None

    def pack(self, obj: Any) -> Parcel:
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
            self.fd = os.memfd_create("lava_actor-values", os.MFD_CLOEXEC)
        offset = -(-self._size // _ALIGN) * _ALIGN
        done = 0
        while done < raw.nbytes:
            done += os.pwrite(self.fd, raw[done : done + (1 << 30)], offset + done)
        self._size = offset + raw.nbytes
        return offset, raw.nbytes

    def close(self) -> None:
        """Close the memory file; receivers hold descriptors of their own."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None


@dataclass
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

    def close(self) -> None:
        """Close descriptors that nobody took."""
        while self.fds:
            os.close(self.fds.pop())


_EMPTY = Parcel(pickle.dumps(None, protocol=5))


class Pipe:
    """One end of a framed pipe.

    Raises `EOFError` from `recv` and `OSError` from `send` when the other end is gone.
    """

    def __init__(self, descriptor: int) -> None:
        self._connection = Connection(descriptor)
        self._lock = threading.Lock()
        self._poller: select.poll | None = None

    @classmethod
    def pair(cls) -> tuple[Pipe, Pipe]:
        """Two connected ends."""
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        return cls(left.detach()), cls(right.detach())

    @classmethod
    def from_fd(cls, fd: int) -> Pipe:
        """Take over a connected, blocking socket by descriptor."""
        return cls(fd)

    def fileno(self) -> int:
        """The descriptor to poll for frames."""
        return int(self._connection.fileno())

    def poll(self, timeout: float = 0.0) -> bool:
        """True if a frame (or the end of the stream) is there within ``timeout`` seconds."""
        if self._poller is None:
            self._poller = select.poll()
            self._poller.register(self.fileno(), select.POLLIN)
        return bool(self._poller.poll(timeout * 1000.0))

    def send(
        self,
        kind: str,
        payload: Any = None,
        *,
        key: int = 0,
        actor: int = -1,
        fds: Sequence[int] = (),
        dumps: Callable[..., bytes] = pickle.dumps,
    ) -> None:
        """Send one frame. ``fds`` are duplicated to the receiver, before the parcel's own file."""
        if payload is None:
            self._transmit(kind, key, actor, _EMPTY, fds)
            return
        writer = ParcelWriter(dumps)
        try:
            parcel = writer.pack(payload)
            own = [] if writer.fd is None else [writer.fd]
            self._transmit(kind, key, actor, parcel, [*fds, *own])
        finally:
            writer.close()

    def forward(self, frame: Frame, *, actor: int | None = None) -> None:
        """Pass a frame on without opening it, and close our copies of its descriptors."""
        try:
            self._transmit(
                frame.kind,
                frame.key,
                frame.actor if actor is None else actor,
                frame.parcel,
                frame.fds,
            )
        finally:
            frame.close()

    def _transmit(
        self, kind: str, key: int, actor: int, parcel: Parcel, fds: Sequence[int]
    ) -> None:
        head = _HEAD.pack(
            kind.encode(), key, actor, len(parcel.data), len(parcel.spans), len(fds)
        )
        spans = b"".join(_SPAN.pack(*span) for span in parcel.spans)
        with self._lock:
            self._connection.send_bytes(head + spans + parcel.data)
            if fds:
                with self._socket() as sock:
                    socket.send_fds(sock, [b"\0"], list(fds))

    @contextlib.contextmanager
    def _socket(self) -> Iterator[socket.socket]:
        """The same descriptor as a socket, for the calls that only sockets have."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=self.fileno())
        try:
            yield sock
        finally:
            sock.detach()

    def recv(self) -> Frame:
        """Block for the next frame."""
        raw = self._connection.recv_bytes()
        kind, key, actor, length, n_spans, n_fds = _HEAD.unpack_from(raw)
        position = _HEAD.size
        spans = []
        for _ in range(n_spans):
            spans.append(_SPAN.unpack_from(raw, position))
            position += _SPAN.size
        parcel = Parcel(raw[position : position + length], tuple(spans))
        fds = self._receive_fds(n_fds) if n_fds else []
        return Frame(kind.rstrip(b"\0").decode(), key, actor, parcel, fds)

    def _receive_fds(self, count: int) -> list[int]:
        found = array.array("i")
        with self._socket() as sock:
            data, ancillary, _, _ = sock.recvmsg(
                1, socket.CMSG_SPACE(count * found.itemsize), socket.MSG_CMSG_CLOEXEC
            )
        if not data:
            raise EOFError("the pipe ended between a frame and its descriptors")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                found.frombytes(content[: len(content) - len(content) % found.itemsize])
        if len(found) != count:
            for fd in found:
                os.close(fd)
            raise OSError(f"expected {count} descriptors on the pipe, got {len(found)}")
        return list(found)

    def detach(self) -> int:
        """Give up the pipe and return its descriptor (to hand it to another process)."""
        descriptor = os.dup(self.fileno())
        self._connection.close()
        return descriptor

    def close(self) -> None:
        """Close this end; the other end sees the end of the stream."""
        self._poller = None
        self._connection.close()
