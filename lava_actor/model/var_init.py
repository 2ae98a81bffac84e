"""From a Var's initial value to the value a model starts with."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_actor.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from lava_actor.model.types import LavaPyType
from lava_actor.process import matrices

_SCALARS = (int, float, str, bool)


def check_var(lava_type: LavaPyType, owner: str) -> None:
    """Refuse declarations no value can be built for.

    Parameters
    ----------
    lava_type : LavaPyType
        The declaration of a Var.
    owner : str
        ``model.var`` or ``process.var``, for the message.

    Raises
    ------
    UnsupportedError
        (a `NotImplementedError`) if ``cls`` is none of the supported classes.
    InvalidTypeError
        (a `TypeError`) if ``d_type`` is no NumPy dtype although one is needed.
    """
    cls = lava_type.cls
    if not isinstance(cls, type) or not (
        issubclass(cls, (np.ndarray, *_SCALARS)) or matrices.is_csr_class(cls)
    ):
        raise UnsupportedError(
            f"{owner}: LavaPyType.cls of a Var must be np.ndarray, int, float, bool, str or "
            f"scipy.sparse.csr_matrix, got {getattr(cls, '__qualname__', cls)!r}"
        )
    if not issubclass(cls, _SCALARS):
        element_type(lava_type, owner)


def element_type(lava_type: LavaPyType, owner: str) -> np.dtype:
    """Return the declared element type as `numpy.dtype`."""
    try:
        return np.dtype(lava_type.d_type)
    except TypeError as error:
        raise InvalidTypeError(
            f"{owner}: LavaPyType.d_type must be a NumPy dtype, got {lava_type.d_type!r}"
        ) from error


def build_var(
    lava_type: LavaPyType, shape: tuple[int, ...], init: Any, owner: str, *, adopt: bool = False
) -> Any:
    """Build the value a model attribute starts with.

    Parameters
    ----------
    lava_type : LavaPyType
        The model's declaration of the Var.
    shape : tuple of int
        Shape of the Var.
    init : object
        Initial value of the Var.
    owner : str
        ``process.var``, for messages.
    adopt : bool
        True: an array that needs no change may become the model's own without a copy.

    Returns
    -------
    object
        ndarray: array of ``shape`` and declared dtype; ``init`` broadcasts and is cast as in
        an array assignment (1.9 becomes 1, integers wrap, non-zero becomes True).
        int, float, bool, str: a number or one-element array converted to that class; an array of
        more elements stays an array; None stays None for str.
        csr: numbers fill a matrix of ``shape``, matrices and arrays become csr, keeping their
        dtype and stored zeros.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if ``init`` does not broadcast, is not finite where integers are
        declared, or is no number.
    InvalidTypeError
        (a `TypeError`) if ``init`` is of a kind that cannot be converted at all.
    UnsupportedError
        See `check_var`.
    """
    check_var(lava_type, owner)
    cls = lava_type.cls
    if issubclass(cls, np.ndarray):
        dtype = element_type(lava_type, owner)
        if adopt and _is_adoptable(init, cls, shape, dtype):
            return init
        array = _build_array(shape, dtype, init, owner)
        return array if cls is np.ndarray else array.view(cls)
    if matrices.is_csr_class(cls):
        return _build_sparse(cls, shape, element_type(lava_type, owner), init, owner)
    return _build_scalar(cls, init, owner)


def _is_adoptable(init: Any, cls: type, shape: tuple[int, ...], dtype: np.dtype) -> bool:
    return (
        isinstance(init, np.ndarray)
        and init.__class__ is cls
        and init.shape == shape
        and init.dtype == dtype
        and bool(init.flags.writeable and init.flags.c_contiguous)
    )


def _build_array(shape: tuple[int, ...], dtype: np.dtype, init: Any, owner: str) -> np.ndarray:
    source = init.toarray() if matrices.issparse(init) else init
    try:
        # As an array: NumPy refuses Python integers out of range, but wraps array elements.
        source = np.asarray(source)
    except ValueError as error:
        raise InvalidValueError(f"{owner}: initial value {_short(init)}: {error}") from error
    to_integers = dtype.kind in "iu" and source.dtype.kind in "fc"
    if to_integers and not np.isfinite(source).all():
        raise InvalidValueError(
            f"{owner}: expected finite numbers for dtype {dtype}, got NaN or infinity"
        )
    array = np.empty(shape, dtype)
    try:
        if to_integers:
            with np.errstate(invalid="ignore"):  # out of range wraps, as between integers
                array[...] = source
        else:
            array[...] = source
    except ValueError as error:
        raise InvalidValueError(
            f"{owner}: initial value {_short(init)} (shape {source.shape}, dtype {source.dtype}) "
            f"does not fit shape {shape} and dtype {dtype}: {error}"
        ) from error
    except (TypeError, OverflowError) as error:
        kind = InvalidTypeError if isinstance(error, TypeError) else InvalidValueError
        raise kind(
            f"{owner}: initial value {_short(init)} cannot become dtype {dtype}: {error}"
        ) from error
    return array


def _build_scalar(cls: type, init: Any, owner: str) -> Any:
    if init is None and issubclass(cls, str):
        return None
    if isinstance(init, np.ndarray | list | tuple):
        array = np.array(init)
        if array.size != 1:
            return array
        init = array.reshape(-1)[0]
    if isinstance(init, np.generic):
        init = init.item()
    if type(init) is cls:
        return init
    try:
        return cls(init)
    except (ValueError, OverflowError) as error:
        raise InvalidValueError(
            f"{owner}: initial value {_short(init)} cannot become {cls.__name__}: {error}"
        ) from error
    except TypeError as error:
        raise InvalidTypeError(
            f"{owner}: initial value {_short(init)} cannot become {cls.__name__}: {error}"
        ) from error


def _build_sparse(cls: Any, shape: tuple[int, ...], dtype: np.dtype, init: Any, owner: str) -> Any:
    if matrices.issparse(init):
        matrix = cls(init, copy=True)
    elif np.ndim(init) == 0:
        matrix = cls(_build_array(shape, dtype, init, owner))
    else:
        matrix = cls(np.asarray(init))
    if tuple(matrix.shape) != tuple(shape):
        raise InvalidValueError(
            f"{owner}: expected an initial matrix of shape {tuple(shape)}, got {matrix.shape}"
        )
    return matrix


def converted_like(held: Any, value: np.ndarray) -> Any:
    """Return ``value`` in the form of ``held``: an array of its dtype, or a number of its class."""
    if isinstance(held, np.ndarray):
        with np.errstate(invalid="ignore"):
            return value.astype(held.dtype, copy=False)
    if isinstance(held, (bool, int, float, np.generic)) and value.size == 1:
        return type(held)(value.reshape(-1)[0])
    return value


def _short(value: Any) -> str:
    text = repr(value).replace("\n", " ")
    return text if len(text) <= 60 else f"{text[:57]}..."
