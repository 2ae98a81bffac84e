"""Networks as bytes: Processes, their connections and hierarchy, and a compiled Executable.

Processes are pickled (by value where their classes live in ``__main__``), with one twist. Ports
refer to the ports they are connected to, so pickling a Process would walk the whole network by
recursion, and a chain of a few hundred Processes would be too deep. Ports are therefore written
without their connections, which follow as one flat list. What is left to recurse into is one
Process and the hierarchy below it.

Bytes like these can run code when they are read: read only what you trust.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import cloudpickle

from lava_actor.channels.interrupts import let_through
from lava_actor.compiler.network import around, connected_with, ports_of, relatives
from lava_actor.errors import InvalidTypeError, NetworkError
from lava_actor.process.collection import Collection
from lava_actor.process.ports.ports import AbstractPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.reaching import reachable

MAGIC = b"lava_actor network\n"
"""What a saved network starts with, so that other files are told from it before they are read."""

FORMAT = 2
"""Raised when older readers could not understand what is written."""

_LINKS = ("in_connections", "out_connections", "connection_configs")


@dataclass
class _Archive:
    """What the bytes hold."""

    format: int
    content: object
    links: list[tuple[AbstractPort, list[AbstractPort], list[AbstractPort], dict[Any, Any]]]


def pack(content: object, processes: Iterable[AbstractProcess]) -> bytes:
    """Write `content`, which may refer to `processes` and everything connected to them.

    A live runtime is not part of it.

    Raises
    ------
    InvalidTypeError
        If something cannot be pickled; the message names the Process and the attribute.
    """
    members = list(_everybody(processes))
    links = [
        (port, list(port.in_connections), list(port.out_connections), port.connection_configs)
        for port in _all_ports(members)
    ]
    try:
        return MAGIC + _dump(_Archive(FORMAT, content, links))
    except Exception as error:
        let_through(error)
        raise InvalidTypeError(f"cannot save {_offender(members)}: {error}") from error


def unpack(data: bytes) -> object:
    """Return what `pack` was given; Processes and Vars are registered in this interpreter.

    Raises
    ------
    NetworkError
        (an `AssertionError`) if the bytes are not what `pack` writes, or are of a newer format.
    """
    if not data.startswith(MAGIC):
        raise NetworkError(f"expected a saved network, got {data[:16]!r}…")
    archive: _Archive = pickle.loads(memoryview(data)[len(MAGIC) :])
    if archive.format > FORMAT:
        raise NetworkError(
            f"expected a saved network of format {FORMAT} or older, got format {archive.format}; "
            "it was written by a newer lava_actor"
        )
    if archive.format == 1 and _has_old_pipes(archive):
        raise NetworkError(
            "expected a saved network of format 2, got format 1 with an Executable and external "
            "pipes; save its Processes without the Executable, or compile it again"
        )
    for port, incoming, outgoing, configs in archive.links:
        port.in_connections[:] = incoming
        port.out_connections[:] = outgoing
        port.connection_configs.update(configs)
    return archive.content


def _has_old_pipes(archive: _Archive) -> bool:
    """Whether an Executable of format 1 has pipes, whose ports it knew by numbers."""
    executables = (process._la_executable for process, _ in vars(archive)["ids"])
    return any(executable is not None and executable.externals for executable in executables)


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no annotations
    """Writes ports without connections."""

    def reducer_override(self, obj: object) -> object:
        """Strip what `_Archive.links` holds."""
        if isinstance(obj, AbstractPort):
            reduced: Any = obj.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
            function, arguments, state, *rest = reduced
            empty = {name: type(state[name])() for name in _LINKS}
            return (function, arguments, {**state, **empty}, *rest)
        return super().reducer_override(obj)


def _dump(obj: object) -> bytes:
    with io.BytesIO() as file:
        _Pickler(file, protocol=pickle.HIGHEST_PROTOCOL).dump(obj)
        return file.getvalue()


def _everybody(seeds: Iterable[AbstractProcess]) -> Iterator[AbstractProcess]:
    """Yield every Process that belongs to `seeds` by connection or hierarchy, once."""

    def further(one: AbstractProcess | AbstractPort) -> Iterator[AbstractProcess | AbstractPort]:
        yield from around(one)
        if isinstance(one, AbstractProcess):
            yield from relatives(one)
            if one._la_executable is not None:
                yield from one._la_executable.all_processes

    starts: Iterable[AbstractProcess | AbstractPort] = seeds
    found = reachable(starts, further)
    return (one for one in found if isinstance(one, AbstractProcess))


def _all_ports(processes: Iterable[AbstractProcess]) -> Iterator[AbstractPort]:
    """Yield the ports of `processes` and all that is connected to them, virtual ports too, once."""
    ports = (port for process in processes for port in ports_of(process))
    return reachable(ports, connected_with)


def _offender(processes: Iterable[AbstractProcess]) -> str:
    """Name the first value that cannot be pickled by itself."""
    for process in processes:
        values = {f"{process.name}.proc_params[{k!r}]": v for k, v in process.proc_params.items()}
        values |= {f"{process.name}.{var.name}.init": var.init for var in process.vars.members}
        members = (AbstractPort, AbstractProcess, Collection)
        values |= {
            f"{process.name}.{name}": value
            for name, value in process.__getstate__().items()
            if not isinstance(value, members) and name not in ("proc_params", "_la_executable")
        }
        for where, value in values.items():
            try:
                _dump(value)
            except Exception as error:  # noqa: BLE001  (any failure names the culprit)
                let_through(error)
                return where
    return "the network"
