"""Fixed-point arithmetic and checks shared by the library.

The names are those of the equations in the docstrings of the models:

=============  =====================================================================
``asr(x, n)``  arithmetic shift right: ``floor(x / 2**n)``
``mag(x, n)``  shift of the magnitude: toward zero, the sign is kept
``shl(x, n)``  ``x * 2**n`` for n > 0, ``asr(x, -n)`` otherwise
``sat24(x)``   clipped to [-(2**23 - 1), 2**23 - 1]
``wrap24(x)``  one turn of 2**24 into (-2**23, 2**23]
=============  =====================================================================

All of them keep the integer type of ``x``, and wrap where it overflows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from lava_actor.errors import InvalidTypeError, InvalidValueError

STATE_BITS = 24
"""Width of a state variable on the hardware."""

STATE_LIMIT = 2 ** (STATE_BITS - 1)
"""States lie between plus and minus this."""

WORD = 64
"""Shifts by more bits than the widest integer has are shifts by so many: of amounts beyond, not all
can be negated, or written in the type of what is shifted."""


def asr(x: ArrayLike, n: ArrayLike) -> np.ndarray:
    """Shift right arithmetically, ``floor(x / 2**n)``; n >= 0, broadcasts."""
    x = _integers(x)
    return np.right_shift(x, _amount(n, x.dtype))


def mag(x: ArrayLike, n: ArrayLike) -> np.ndarray:
    """Shift the magnitude right and keep the sign: ``sign(x) * (abs(x) >> n)``; n >= 0."""
    x = _integers(x)
    return np.sign(x) * np.right_shift(np.abs(x), _amount(n, x.dtype))


def shl(x: ArrayLike, n: ArrayLike) -> np.ndarray:
    """Scale by ``2**n``: shift left for n > 0, arithmetically right for n < 0; n broadcasts."""
    x = _integers(x)
    n = np.asarray(n)
    if n.ndim == 0 or n.size == 1:
        amount = max(-WORD, min(int(n.reshape(-1)[0]), WORD))
        return x << x.dtype.type(amount) if amount > 0 else x >> x.dtype.type(-amount)
    n = n.astype(np.int64).clip(-WORD, WORD)
    left = np.left_shift(x, _amount(np.maximum(n, 0), x.dtype))
    return np.right_shift(left, _amount(np.maximum(-n, 0), x.dtype))


def sat24(x: ArrayLike) -> np.ndarray:
    """Clip to what 24 bits with a sign hold: [-(2**23 - 1), 2**23 - 1]."""
    return np.clip(x, 1 - STATE_LIMIT, STATE_LIMIT - 1)


def wrap24(x: ArrayLike) -> np.ndarray:
    """Add or subtract 2**24 once where x lies outside of (-2**23, 2**23].

    Exactly 2**23 is kept and -2**23 becomes 2**23, as on the reference. The type of x must hold
    the values before the turn (use int64 for sums of 32-bit numbers).
    """
    x = _integers(x)
    if x.dtype.itemsize < 4:  # too narrow to reach the limits
        return x
    turn = (x <= -STATE_LIMIT).astype(x.dtype) - (x > STATE_LIMIT)
    return x + turn * x.dtype.type(2 * STATE_LIMIT)


def wrap_bits(x: ArrayLike, bits: int) -> np.ndarray:
    """Keep the lowest `bits` bits as a number with a sign: in [-2**(bits-1), 2**(bits-1))."""
    x = _integers(x)
    half = 1 << (bits - 1)
    return ((x.astype(np.int64) + half) & (2 * half - 1)) - half


def _integers(x: ArrayLike) -> np.ndarray:
    x = np.asarray(x)
    return x.astype(np.int64) if x.dtype == bool else x


def _amount(n: ArrayLike, dtype: np.dtype) -> np.ndarray:
    """Return shift amounts in the type of what is shifted, so that its type stays."""
    return np.asarray(n).astype(dtype, copy=False)


# -- checks --------------------------------------------------------------------------------------


def require_integral(
    process: str | object, name: str, value: ArrayLike, dtype: DTypeLike = np.int32
) -> np.ndarray:
    """Return `value` as an array of an integer type, if nothing is lost by that.

    Parameters
    ----------
    process : str or object
        Whose parameter it is: a name, or an object of the class.
    name : str
        Name of the parameter, for the message.
    value : array_like
        Integers, booleans, or floating-point numbers with integral values.
    dtype : integer dtype
        The type that has to hold the values.

    Raises
    ------
    InvalidValueError
        If a value is fractional, infinite, NaN or does not fit `dtype`.
    InvalidTypeError
        If `value` is not made of real numbers.
    """
    array, dtype = np.asarray(value), np.dtype(dtype)
    owner = process if isinstance(process, str) else owner_of(process)
    if array.dtype == dtype:
        return array
    if array.dtype.kind not in "biuf":
        raise InvalidTypeError(f"{owner}.{name}: expected integers, got {_shown(value)}")
    if array.dtype == np.float16:  # does not reach the limits of 32 bits
        array = array.astype(np.float32)
    if array.dtype.kind == "f" and array.size:
        finite = np.isfinite(array)
        fit = finite & (np.where(finite, array, 0.5) == np.floor(np.where(finite, array, 0.0)))
        if not fit.all():
            raise InvalidValueError(
                f"{owner}.{name}: expected integral values, as the fixed-point model works on "
                f"integers, got {_shown(array[~fit].reshape(-1)[0])}"
            )
    limits = np.iinfo(dtype)
    if array.size and (array.min() < limits.min or array.max() > limits.max):
        worst = array.max() if array.max() > limits.max else array.min()
        raise InvalidValueError(
            f"{owner}.{name}: expected values from {limits.min} to {limits.max} ({dtype}), "
            f"got {worst}"
        )
    return array.astype(dtype)


def integral_input(
    model: object, port: str, data: np.ndarray, dtype: DTypeLike = np.int32
) -> np.ndarray:
    """Return what a fixed-point model has received as integers.

    Integers pass as they are, in the type of the wider of sender and receiver: what comes in 64
    bits is computed with in 64 bits. So are floating-point numbers, which come from a
    floating-point sender and have to be integral. Booleans become `dtype`.

    Raises
    ------
    InvalidValueError
        If a number is fractional, infinite, NaN or does not fit; names Process and port.
    """
    kind = data.dtype.kind
    if kind in "iu":
        return data
    if kind == "b":
        return data.astype(dtype)
    return require_integral(model, port, data, np.int64)


def kept(state: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return the state with a new value: the same array, unless that is too narrow for it."""
    if not np.can_cast(value.dtype, state.dtype):
        return value.copy()
    state[...] = value
    return state


def owner_of(thing: object) -> str:
    """Name the Process that a model, or a Process, stands for in a message."""
    name = getattr(thing, "_la_process_name", None) or getattr(thing, "name", None)
    process = getattr(type(thing), "implements_process", None) or type(thing)
    return f"{process.__name__} {name!r}" if isinstance(name, str) else str(process.__name__)


def _shown(value: object) -> str:
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= 60 else text[:57] + "..."
