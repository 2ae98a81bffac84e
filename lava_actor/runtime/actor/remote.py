"""RefPort traffic: reading and writing a Var that lives in another actor.

Requests and replies travel through two rings of the arena (one per direction), so one wait
primitive covers everything an actor may wait for. A message is a fixed-size byte record: command,
dtype, length, payload. `RemoteVar` is the client's end inside a PyRefPort, `VarServer` the
owner's. When the owner serves is decided by the turns of the management phases (`Turns`).

A port that only reads may be a tap (`compiler/taps.py`): the owner sends, unasked, after every step
what it would have answered to a request then. `TappedVar` is the reader's end.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from lava_actor.compiler.lower import REMOTE_HEADER
from lava_actor.errors import LavaActorError, RuntimeStateError
from lava_actor.kernels.steps import Served, Tap, TapReader, ask
from lava_actor.model.ports.rings import transformed
from lava_actor.process import matrices
from lava_actor.protocol.rhythm import STEADY, Rhythm
from lava_actor.protocol.values import cast, fitted, numbers

if TYPE_CHECKING:
    from lava_actor.channels import RingReader, RingWriter
    from lava_actor.compiler.executable import RefPortPlan
    from lava_actor.protocol.values import VarSlot

_HEAD = struct.Struct("<i16sq")
READ, WRITE, SYNC, OK, FAILED = 1, 2, 3, 4, 5


def _encode(size: int, command: int, data: np.ndarray) -> np.ndarray:
    message = np.zeros(size, np.uint8)
    raw = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
    message.data[:REMOTE_HEADER] = _header(command, data.dtype, raw.size)
    message[REMOTE_HEADER : REMOTE_HEADER + raw.size] = raw
    return message


@lru_cache(256)
def _header(command: int, dtype: np.dtype | None, nbytes: int) -> bytes:
    name = b"" if dtype is None else dtype.str.encode()
    return _HEAD.pack(command, name, nbytes).ljust(REMOTE_HEADER, b"\0")


_READ, _SYNC = _header(READ, None, 0), _header(SYNC, None, 0)


def header_of(dtype: np.dtype, nbytes: int) -> bytes:
    """What is in front of a value with this dtype and length."""
    return _header(OK, dtype, nbytes)


def _decode(message: np.ndarray) -> tuple[int, np.ndarray | None]:
    command, name, length = _HEAD.unpack_from(message.data, 0)
    dtype = _named(name)
    if dtype is None:
        return command, None
    return command, message[REMOTE_HEADER : REMOTE_HEADER + length].copy().view(dtype)


@lru_cache(256)
def _named(name: bytes) -> np.dtype | None:
    name = name.rstrip(b"\0")
    return np.dtype(name.decode()) if name else None


def _failed(size: int, reason: str) -> np.ndarray:
    """Why there is no value: as much of it as a message has room for, a few words at least."""
    message = np.zeros(size, np.uint8)
    text = reason.encode()[: size - _HEAD.size]
    message.data[: _HEAD.size + len(text)] = _HEAD.pack(FAILED, b"", len(text)) + text
    return message


def _value_in(message: np.ndarray, label: str) -> np.ndarray:
    """The value that the owner sent; raises what kept it from sending one."""
    value = _decode(message)[1]
    if value is None:
        length = _HEAD.unpack_from(message.data)[2]
        reason = message[_HEAD.size : _HEAD.size + length].tobytes().decode(errors="ignore")
        raise RuntimeStateError(f"{label} cannot be read: {reason}")
    return value


def _taker(label: str, ring: RingReader) -> Callable[[np.ndarray], np.ndarray]:
    return partial(_value_in, label=f"{label}: {ring.name.partition('->')[0]}")


def _arranged(value: np.ndarray, plan: RefPortPlan) -> np.ndarray:
    """The value of a Var in the shape and order of a RefPort."""
    value = value.reshape(plan.var_shape)
    if plan.backward:
        return transformed(value, plan.backward)
    if plan.index_map is not None:
        return value.reshape(-1)[plan.index_map].reshape(plan.shape)
    return value.reshape(plan.shape)


class TappedVar:
    """A reader's end of a tap: what ``PyRefPort.read`` calls. Such ports neither write nor wait."""

    def __init__(self, plan: RefPortPlan, rings: Sequence[RingReader], label: str) -> None:
        self._plan = plan
        every, offset = plan.rhythm.every, plan.rhythm.offset
        self.taps = [TapReader(r, _taker(label, r), every, offset) for r in rings]

    @property
    def plain_taps(self) -> list[TapReader] | None:
        """The taps, if they show the Var as it is."""
        moved = self._plan.backward or self._plan.index_map is not None
        return None if moved else self.taps

    def read(self) -> np.ndarray:
        """The Var's value after this step; blocks until its owner, in all parts, has done it."""
        if len(self.taps) == 1:
            return _arranged(self.taps[0].read(), self._plan)
        return _arranged(np.concatenate([tap.read() for tap in self.taps]), self._plan)


class RemoteVar:
    """A client's end: what ``PyRefPort.read``, ``write`` and ``wait`` call.

    ``written`` is shared by all ends of a model: {Var: the end that wrote it last}. Requests of two
    ports travel apart, so another end waits until what was written is applied.
    """

    def __init__(
        self,
        plan: RefPortPlan,
        requests: RingWriter,
        replies: RingReader,
        label: str,
        written: dict[tuple[int | None, str | None], RemoteVar] | None = None,
    ) -> None:
        self._written = {} if written is None else written
        self._plan = plan
        self._requests = requests
        self._replies = replies
        self._value = TapReader(replies, _taker(label, replies))
        self._size = int(requests.shape[0])
        self._label = label
        self._dtype = np.dtype(plan.declared.d_type)

    def read(self) -> np.ndarray:
        """The Var's present value in the RefPort's shape; blocks until the owner serves."""
        return _arranged(self._present(), self._plan)

    def _present(self) -> np.ndarray:
        self._settle_others()
        ask(self._requests, _READ)
        try:
            return self._value.read()
        finally:
            self._value.finish(0)

    def write(self, data: object) -> None:
        """Send a new value for the Var; `wait` tells when it is applied."""
        plan = self._plan
        value = fitted(cast(np.asarray(data), self._dtype, self._label), plan.shape, self._label)
        if plan.forward:
            value = transformed(value, plan.forward)
        elif plan.index_map is not None:
            value = self._moved(value, plan.index_map)
        self._settle_others()
        self._written[self._plan.owner, self._plan.var] = self
        self._requests.send(_encode(self._size, WRITE, value))

    def _settle_others(self) -> None:
        if self._written:
            other = self._written.pop((self._plan.owner, self._plan.var), self)
            if other is not self:
                other.wait()

    def _moved(self, value: np.ndarray, index_map: np.ndarray) -> np.ndarray:
        size = int(np.prod(self._plan.var_shape, dtype=np.int64))
        if index_map.size == size:
            whole = np.empty(size, value.dtype)
        else:  # a part of the Var (concatenated RefPorts): the rest stays; it is our turn alone
            present = self._present()
            whole = present.astype(np.result_type(present, value))
        whole[index_map] = value.reshape(-1)
        return whole

    def wait(self) -> None:
        """Return when all earlier writes are applied."""
        self._settle_others()
        ask(self._requests, _SYNC)
        self._replies.skip()


def publisher(
    model: object, slot: VarSlot, name: str, writer: RingWriter, rhythm: Rhythm = STEADY
) -> Tap:
    """What puts the value of a Var that a model holds into a ring."""
    size = int(writer.shape[0])

    def message() -> np.ndarray:
        """The present value, or why there is none."""
        try:
            found = slot.presented(getattr(model, name))
            value = fitted(numbers(found, slot.where), slot.shape, slot.where)
            if value.nbytes + REMOTE_HEADER > size:
                raise ValueError(
                    f"the value has dtype {value.dtype}, which does not fit the channel"
                )
            return _encode(size, OK, value)
        except Exception as error:  # noqa: BLE001  (the client gets every cause; the owner goes on)
            return _failed(size, str(error).removeprefix(f"{slot.where}: "))

    header = None if matrices.is_csr_class(slot.declared.cls) else header_of
    return Tap(writer, model, name, slot.shape, header, message, rhythm.every, rhythm.offset)


class VarServer(Served):
    """The owner's end of one RefPort connection, called ``port``."""

    def __init__(
        self,
        model: object,
        slot: VarSlot,
        name: str,
        port: str,
        requests: RingReader,
        replies: RingWriter,
        earlier: Sequence[VarServer] = (),
    ) -> None:
        value = publisher(model, slot, name, replies)
        super().__init__(requests, _READ, value.publish, earlier)
        self._model = model
        self._slot = slot
        self._name = name
        self._port = port
        self._replies = replies

    def carry_out(self, message: np.ndarray) -> None:
        """Write, or say that earlier writes are done."""
        command, data = _decode(message)
        if command == SYNC:
            ask(self._replies, _SYNC)
            return
        assert data is not None
        try:
            self._slot.set_in(self._model, self._name, data, by_port=True)
        except LavaActorError as error:
            raise type(error)(f"{error} (written through the RefPort {self._port})") from error
