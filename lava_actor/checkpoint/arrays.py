"""How arrays stand in a document: values as blobs, views as views, memory layout kept.

Results of floating-point sums depend on the order of memory, and models share memory between
attributes on purpose. So an array of any order of axes is stored in its own order, and arrays that
look at the memory of one array do so again after reading.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lava_actor.errors import CheckpointError

Part = Any
"""A value that is written, or what a file has in its place: checked where it is used."""

Said = dict[str, Any]
"""What a file says of something, by name."""


def dtype_text(dtype: np.dtype) -> str:
    """A dtype as text that `dtype_of` understands."""
    return repr(np.lib.format.dtype_to_descr(dtype))


def dtype_of(text: Part) -> np.dtype:
    """The dtype that `dtype_text` described."""
    return np.lib.format.descr_to_dtype(ast.literal_eval(text))


def _root(array: np.ndarray) -> np.ndarray:
    """The array whose memory ``array`` looks at."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


class Layout:
    """Decides which arrays are stored and which are views of others.

    Parameters
    ----------
    arrays : {entry index: array}
    new_entry : callable
        Gives an array that is only looked at an entry of its own.
    """

    def __init__(
        self, arrays: dict[int, np.ndarray], new_entry: Callable[[np.ndarray], int]
    ) -> None:
        self._arrays = dict(arrays)
        self._roots = {index: _root(array) for index, array in arrays.items()}
        users: dict[int, int] = {}
        for root in self._roots.values():
            users[id(root)] = users.get(id(root), 0) + 1
        self._index_of_root = {
            id(a): i for i, a in arrays.items() if self._roots[i] is a and _is_compact(a)
        }
        for root in list(self._roots.values()):
            shared = users[id(root)] > 1 and id(root) not in self._index_of_root
            if shared and type(root) is np.ndarray and _is_compact(root):
                index = new_entry(root)
                self._index_of_root[id(root)] = index
                self._arrays[index] = self._roots[index] = root

    def entries(self) -> Iterator[tuple[int, Said, np.ndarray | None]]:
        """Yield (entry index, description, array to store or None) of every array."""
        for index, array in self._arrays.items():
            root = self._roots[index]
            base = self._index_of_root.get(id(root))
            if array is root or base is None:
                axes = _axes(array)
                entry: dict[str, object] = {}
                if axes is not None:
                    entry["axes"] = [int(axis) for axis in np.argsort(axes)]
                stored: np.ndarray | None = array if axes is None else array.transpose(axes)
            else:
                stored = None
                start = array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
                entry = {
                    "base": base,
                    "offset": int(start),
                    "shape": [int(n) for n in array.shape],
                    "strides": [int(n) for n in array.strides],
                    "dtype": dtype_text(array.dtype),
                }
                if array.size == 0:
                    entry["offset"] = 0
            if not array.flags.writeable:
                entry["readonly"] = True
            yield index, entry, stored


def _axes(array: np.ndarray) -> tuple[int, ...] | None:
    """The order of axes in which an array is contiguous, if it is neither C nor Fortran order."""
    if array.flags.c_contiguous or array.flags.f_contiguous:
        return None
    axes = tuple(int(axis) for axis in np.argsort([-stride for stride in array.strides]))
    return axes if array.transpose(axes).flags.c_contiguous else None


def _is_compact(array: np.ndarray) -> bool:
    """True if the memory of an array has no gaps, so that views of it can be placed again."""
    flags = array.flags
    return bool(flags.c_contiguous or flags.f_contiguous or _axes(array) is not None)


def are_of_one_memory(one: object, other: object) -> bool:
    """Whether two arrays have the same elements, in one order; their shapes may be others."""
    if not (type(one) is type(other) is np.ndarray):
        return False
    begins = [array.__array_interface__["data"][0] for array in (one, other)]
    alike = (one.shape, one.strides) == (other.shape, other.strides)
    flat = one.flags.c_contiguous and other.flags.c_contiguous and one.size == other.size
    return begins[0] == begins[1] and one.dtype == other.dtype and (alike or flat)


def own(stored: np.ndarray, said: Said) -> np.ndarray:
    """An array that has memory of its own."""
    made = stored
    if "axes" in said:
        made = stored.transpose([int(axis) for axis in said["axes"]])
    if said.get("readonly"):
        made = made.view()
        made.flags.writeable = False
    elif not made.flags.writeable:
        made = made.copy(order="K")
    return made


def view(base: object, said: Said) -> np.ndarray:
    """An array that looks at the memory of another."""
    if not isinstance(base, np.ndarray):
        raise CheckpointError("the base of an array is no array")
    dtype = dtype_of(said["dtype"])
    if dtype.hasobject or base.dtype.hasobject:
        raise CheckpointError("an array of objects is no view")
    memory = _root(base).ravel(order="K")  # its own, hence writable whatever the base says
    if memory.size and not np.shares_memory(memory, base):
        raise CheckpointError("the base of a view has gaps")
    try:
        made: np.ndarray = np.ndarray(
            tuple(said["shape"]), dtype, memory, int(said["offset"]), tuple(said["strides"])
        )
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"a view does not fit its base: {error}") from error
    if said.get("readonly"):
        made.flags.writeable = False
    return made
