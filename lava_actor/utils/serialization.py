"""Keeping Processes, and what they were compiled to, in files.

A file holds descriptions: Processes with names, initial values, connections, hierarchy and aliases,
and optionally their Executable. It does not hold the state of a running network. Files are pickles
(by cloudpickle, so that classes of notebooks travel too): load only what you trust.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cloudpickle

from lava_actor.compiler.executable import Executable
from lava_actor.errors import InvalidTypeError, NetworkError
from lava_actor.process.process import AbstractProcess

SUFFIX = ".pickle"
"""Added to names without a suffix."""

Processes = AbstractProcess | Sequence[AbstractProcess]


@dataclass
class SerializationObject:
    """What a file holds."""

    processes: Processes
    executable: Executable | None = None


def save(processes: Processes, filename: str, executable: Executable | None = None) -> None:
    """Save Processes, with what they are connected to, and optionally their Executable.

    Parameters
    ----------
    processes
        One Process or a list of them.
    filename
        ``.pickle`` is added if the name has no suffix.
    executable
        What compiling one of the Processes returned.

    Raises
    ------
    InvalidTypeError
        (a `TypeError`) if an argument is of another type.
    """
    if not isinstance(processes, AbstractProcess | list):
        raise InvalidTypeError(
            f"save: expected a Process or a list of Processes, got {type(processes).__name__}"
        )
    _check_filename("save", filename)
    if executable is not None and not isinstance(executable, Executable):
        raise InvalidTypeError(f"save: expected an Executable, got {type(executable).__name__}")
    file = Path(filename)
    if not file.suffix:
        file = file.with_name(file.name + SUFFIX)
    file.write_bytes(cloudpickle.dumps(SerializationObject(processes, executable)))


def load(filename: str) -> tuple[Processes, Executable | None]:
    """Load what `save` has saved.

    Parameters
    ----------
    filename
        If there is no such file, ``.pickle`` is added.

    Returns
    -------
    (processes, executable)
        As they were given to `save`; ``process.create_runtime(executable=executable)`` starts them.

    Raises
    ------
    InvalidTypeError
        (a `TypeError`) if `filename` is no string.
    OSError
        If there is no such file.
    NetworkError
        (an `AssertionError`) if the file holds something else.
    """
    _check_filename("load", filename)
    file = Path(filename)
    if not file.exists() and file.with_name(file.name + SUFFIX).exists():
        file = file.with_name(file.name + SUFFIX)
    try:
        content = pickle.loads(file.read_bytes())
    except (pickle.UnpicklingError, EOFError) as error:
        raise NetworkError(f"load: {file} does not hold Processes: {error}") from error
    if not isinstance(content, SerializationObject):
        raise NetworkError(
            f"load: {file} does not hold Processes, but an object of type {type(content).__name__}"
        )
    return content.processes, content.executable


def _check_filename(caller: str, filename: str) -> None:
    if not isinstance(filename, str):
        raise InvalidTypeError(
            f"{caller}: expected a string as filename, got {type(filename).__name__}"
        )
