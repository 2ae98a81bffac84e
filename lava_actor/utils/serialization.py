"""Save Processes, and a compiled network with them, to a file.

A file holds names, parameters, initial values, connections, hierarchy and aliases; with an
Executable it can be run after loading without compiling again. The state of a running network is
not part of it.

Loading runs code that the file names: load only files you trust.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from lava_actor.compiler.executable import Executable
from lava_actor.compiler.storage import pack, unpack
from lava_actor.errors import InvalidTypeError, NetworkError
from lava_actor.process.process import AbstractProcess

EXTENSION = ".pickle"

Processes = AbstractProcess | list[AbstractProcess]


class SerializationObject:
    """What a file holds.

    Attributes
    ----------
    processes : one Process or a list of them, as given to `save`
    executable : their Executable, or None
    """

    def __init__(self, processes: Processes, executable: Executable | None = None) -> None:
        self.processes = processes
        self.executable = executable


class Loaded(NamedTuple):
    """What `load` returns."""

    processes: Processes
    executable: Executable | None


def save(processes: Processes, filename: str, executable: Executable | None = None) -> None:
    """Save Processes, with everything connected to them, to a file.

    Parameters
    ----------
    processes : AbstractProcess or list of AbstractProcess
        A running network may go on; its runtime is not saved.
    filename : str
        ``.pickle`` is appended if its last part contains no dot.
    executable : Executable, optional
        Saved too, so that the loaded network can be run without compiling it.

    Raises
    ------
    InvalidTypeError
        (a `TypeError`) for arguments of another type, and if a value cannot be saved; the message
        names it.
    OSError
        If the file cannot be written.
    """
    if not isinstance(processes, AbstractProcess | list):
        raise _wrong("processes", "a Process or a list of Processes", processes)
    if not isinstance(filename, str):
        raise _wrong("filename", "a str", filename)
    if executable is not None and not isinstance(executable, Executable):
        raise _wrong("executable", "an Executable or None", executable)
    seeds = list(processes) if isinstance(processes, list) else [processes]
    seeds += [] if executable is None else executable.all_processes
    seeds = [seed for seed in seeds if isinstance(seed, AbstractProcess)]
    data = pack(SerializationObject(processes, executable), seeds)
    Path(_with_extension(filename)).write_bytes(data)


def load(filename: str) -> Loaded:
    """Load what `save` has written.

    Parameters
    ----------
    filename : str
        As given to `save`: ``.pickle`` is appended if no such file exists.

    Returns
    -------
    (processes, executable)
        The Executable is None if none was saved.

    Raises
    ------
    InvalidTypeError
        (a `TypeError`) if ``filename`` is no str.
    OSError
        If there is no such file.
    NetworkError
        (an `AssertionError`) if the file holds something else.
    """
    if not isinstance(filename, str):
        raise _wrong("filename", "a str", filename)
    path = filename if os.path.exists(filename) else _with_extension(filename)
    data = Path(path).read_bytes()
    try:
        content = unpack(data)
    except NetworkError as error:
        raise NetworkError(f"{path}: {error}") from error
    if not isinstance(content, SerializationObject):
        raise NetworkError(f"{path}: expected what save() writes, got {type(content).__name__}")
    return Loaded(content.processes, content.executable)


def _with_extension(filename: str) -> str:
    return filename if "." in os.path.basename(filename) else filename + EXTENSION


def _wrong(argument: str, expected: str, got: object) -> InvalidTypeError:
    return InvalidTypeError(f"{argument}: expected {expected}, got {type(got).__name__}")
