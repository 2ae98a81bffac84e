"""HDF5 files as plain dictionaries, whoever wrote them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.errors import InvalidValueError

if TYPE_CHECKING:
    from types import ModuleType

    from h5py import Group


def h5py() -> ModuleType:
    """The module h5py, or an error that says how to get it."""
    try:
        import h5py as module
    except ImportError:
        raise ImportError(
            "reading and writing HDF5 files needs h5py: pip install 'lava_actor[nir]'"
        ) from None
    return module


def contents(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Groups as dictionaries, datasets as arrays, numbers and strings."""
    module = h5py()

    def read(group: Group) -> dict[str, object]:
        return {
            name: read(item) if isinstance(item, module.Group) else plain(item[()])
            for name, item in group.items()
        }

    try:
        with module.File(path, "r") as file:
            return read(file)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InvalidValueError(f"{os.fspath(path)}: expected an HDF5 file: {error}") from None


def plain(value: object) -> object:
    """Bytes as strings, arrays of them too; other values as they are."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, np.ndarray) and value.dtype.kind in "OS":
        return np.array([plain(v) for v in value.ravel()], dtype=object).reshape(value.shape)
    return value
