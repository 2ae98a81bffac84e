"""Where the function of a native step comes from: the catalogue, a shared library, or Numba."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from lava_actor.kernels import steps

if TYPE_CHECKING:
    from lava_actor.model.native import NativeStep

_FunctionPointer: type[Any] = ctypes._CFuncPtr  # type: ignore[attr-defined]  # has no public name


def include_dir() -> str:
    """The folder of ``step.h``, for a compiler of steps outside of the package."""
    return str(Path(steps.__file__).parent)


@functools.cache
def address_of(declared: NativeStep) -> int:
    """The address of a declared function in this process.

    Raises
    ------
    InvalidTypeError
        If the declaration names none.
    InvalidValueError
        If the catalogue or the library does not know it.
    """
    function = declared.function
    if isinstance(function, Jit):
        return function.address(declared)
    if isinstance(function, str):
        library, colon, symbol = function.rpartition(":")
        if not colon:
            return catalogued(function)
        try:
            function = getattr(ctypes.CDLL(library), symbol)
        except (OSError, AttributeError) as error:
            raise InvalidValueError(f"native step {declared.function!r}: {error}") from error
    elif callable(function) and not isinstance(function, _FunctionPointer):
        function = function()
    _held.append(function)
    function = getattr(function, "ctypes", function)  # of numba.cfunc
    if not isinstance(function, _FunctionPointer):
        raise InvalidTypeError(
            f"native step: expected the name of a step, 'library.so:symbol', jit(function), or a "
            f"function that returns a ctypes function or one of numba.cfunc, got {function!r}"
        )
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)


def catalogued(name: str) -> int:
    """Return the address of a step of the library."""
    found = steps.catalogue().get(name)
    if found is None:
        raise InvalidValueError(f"native step {name!r}: the catalogue has no such step")
    return found


_held: list[object] = []
"""What addresses in use belong to."""


@dataclass(frozen=True, eq=False)
class Jit:
    """A Python function that Numba compiles where it is used; see `jit`."""

    function: Callable[..., object]

    def address(self, declared: NativeStep) -> int:
        """Compile for the arrays of a declaration, and return the address."""
        try:
            from numba import carray, cfunc, njit, types
            from numba.extending import intrinsic
        except ImportError as error:
            raise UnsupportedError(
                "jit needs Numba: pip install 'lava_actor[jit]', or give the step as C"
            ) from error

        @intrinsic  # type: ignore[untyped-decorator]
        def at(_context: object, _word: object) -> object:
            def code(context: Any, builder: Any, signature: object, words: Any) -> object:
                return builder.inttoptr(words[0], context.get_value_type(types.voidptr))

            return types.voidptr(types.int64), code

        groups = (declared.inputs, declared.outputs, declared.state, declared.parameters)
        dtypes = [np.dtype(dtype) for group in groups for dtype in group.values()]
        views = [f"carray(at(a[{i}]), (z[{i}],), t{i})" for i in range(len(dtypes))]
        # Words of la_pack: version and n_arrays, n, step, arrays, sizes, numbers, integers.
        source = (
            f"def step(p):\n"
            f"    a = carray(at(p[3]), ({len(dtypes)},), int64)\n"
            f"    z = carray(at(p[4]), ({len(dtypes)},), int64)\n"
            f"    numbers = carray(at(p[5]), ({len(declared.numbers)},), float64)\n"
            f"    integers = carray(at(p[6]), ({len(declared.integers)},), int64)\n"
            f"    f({', '.join(views)}, numbers, integers, p[2])\n"
            f"    return 0\n"
        )
        scope: dict[str, object] = {
            "at": at, "carray": carray, "f": njit(self.function), "int64": np.int64,
            "float64": np.float64, **{f"t{i}": dtype for i, dtype in enumerate(dtypes)},
        }  # fmt: skip
        exec(source, scope)
        compiled = cfunc(types.int32(types.CPointer(types.int64)))(scope["step"])
        _held.append(compiled)
        return int(compiled.address)


def jit(function: Callable[..., object]) -> Jit:
    """Let Numba compile a step (extra ``jit``).

    Parameters
    ----------
    function : function of ``(*arrays, numbers, integers, step)``
        Arrays are flat, in the order of the declaration; the numbers come as one float64 array and
        one int64 array; ``step`` is `time_step`. Compiled without fast-math, so that it computes
        what the same loop does in NumPy.
    """
    return Jit(function)
