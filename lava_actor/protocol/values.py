"""What a Var's value may be, and what becomes of one that is assigned: one law for every door.

A value comes to a model as an initial value, by `Var.set`, through a RefPort or VarPort, from a
harness or out of a file, and leaves it by `Var.get`, a RefPort, a Monitor or into a file. All of
them ask the Var's `VarSlot`:

* **Shape.** A value has the Var's shape, or as many elements (they fill it in C order), or
  broadcasts to it. So has the indexed part, if there is an index.
* **Numbers.** They are converted as C does: 1.9 becomes 1, integers wrap, non-zero is True. What
  that would turn into nonsense is refused: NaN, infinity and what exceeds 64 bits for integers,
  complex for real ones, a finite number that would become infinite, text, objects.
* **Kind.** What the model holds keeps its kind: an array its dtype, a sparse matrix its pattern, a
  number its class as long as this can hold the value (a fraction in an ``int`` stays one).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lava_actor.channels.interrupts import let_through
from lava_actor.channels.masks import refuse_mask
from lava_actor.channels.memory import check_values
from lava_actor.errors import (
    InvalidIndexError,
    InvalidTypeError,
    InvalidValueError,
    UnsupportedError,
)
from lava_actor.plain import plain
from lava_actor.process import matrices
from lava_actor.process.hints import is_library
from lava_actor.process.values import part_shape

if TYPE_CHECKING:
    from numpy.typing import DTypeLike
    from scipy.sparse import csr_matrix

    class Declaration(Protocol):
        """What a model declares of a Var; `LavaPyType` is one."""

        cls: type
        d_type: DTypeLike


_NUMBERS = "biufc"
_SCALARS = (int, float, str, bool)
_WHOLE = (int, np.integer, np.bool_)
_HELD = (bool, int, float, complex, np.generic)


def check_var(declared: Declaration, where: str) -> None:
    """Refuse declarations no value can be built for.

    Raises
    ------
    UnsupportedError
        (a `NotImplementedError`) if ``cls`` is none of the supported classes.
    InvalidTypeError
        (a `TypeError`) if ``d_type`` is no NumPy dtype although one is needed.
    """
    cls = declared.cls
    if declared.d_type is np.ndarray:
        raise InvalidTypeError(
            f"{where}: LavaPyType(cls, d_type) takes the class first, LavaPyType(np.ndarray, "
            f"{getattr(cls, '__name__', cls)}); got {getattr(cls, '__name__', cls)} as the class"
        )
    if not isinstance(cls, type) or not (
        issubclass(cls, (np.ndarray, *_SCALARS)) or matrices.is_csr_class(cls)
    ):
        raise UnsupportedError(
            f"{where}: LavaPyType.cls of a Var must be np.ndarray, int, float, bool, str or "
            f"scipy.sparse.csr_matrix, got {getattr(cls, '__qualname__', cls)!r}"
        )
    if not issubclass(cls, _SCALARS):
        _element_type(declared, where)


def _element_type(declared: Declaration, where: str) -> np.dtype:
    try:
        return np.dtype(declared.d_type)
    except TypeError as error:
        raise InvalidTypeError(
            f"{where}: LavaPyType.d_type must be a NumPy dtype, got {declared.d_type!r}"
        ) from error


def numbers(value: object, where: str) -> np.ndarray:
    """Return an array of numbers.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if the value is a list of unequal lists.
    InvalidTypeError
        (a `TypeError`) if it is anything but numbers.
    """
    if type(value) is np.ndarray and value.dtype.kind in _NUMBERS:
        return value
    refuse_mask(value, where)
    if isinstance(value, str):
        raise InvalidTypeError(f"{where}: expected numbers, got the str {short(value)}")
    try:
        found = np.asarray(value.toarray() if matrices.issparse(value) else value)
    except Exception as error:
        let_through(error)
        if isinstance(error, (ValueError, OverflowError)):
            raise InvalidValueError(
                f"{where}: expected an array, got {short(value)}: {error}"
            ) from None
        raise InvalidTypeError(
            f"{where}: expected numbers, got {type(value).__name__}: {error}"
        ) from error
    if found.dtype.kind not in _NUMBERS:
        raise InvalidTypeError(
            f"{where}: expected numbers, got {type(value).__name__} with dtype {found.dtype}"
        )
    return found


def fitted(array: np.ndarray, shape: tuple[int, ...], where: str) -> np.ndarray:
    """Return an array of ``shape``, which may be a view, or raise `InvalidValueError`."""
    if array.shape == shape:
        return array
    if array.size == math.prod(shape):
        return array.reshape(shape)
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise InvalidValueError(
            f"{where}: expected shape {shape}, as many elements or something that broadcasts to "
            f"it, got shape {array.shape}"
        ) from None


def cast(source: np.ndarray, dtype: np.dtype, where: str) -> np.ndarray:
    """Return numbers as ``dtype``, itself if they have it; see the module for what is refused."""
    if source.dtype == dtype:
        return source
    came, goes = source.dtype.kind, dtype.kind
    if goes not in _NUMBERS:
        return source.astype(dtype)
    if came == "c" and goes != "c":
        raise InvalidTypeError(f"{where}: expected real numbers, got complex ones")
    if came in "iub":
        return source.astype(dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        if goes in "fc":
            found = source.astype(dtype)
            if dtype.itemsize < source.dtype.itemsize and np.any(
                np.isinf(found) & np.isfinite(source)
            ):
                raise InvalidValueError(f"{where}: expected numbers that fit dtype {dtype}")
            return found
        if not np.isfinite(source).all():
            raise InvalidValueError(
                f"{where}: expected finite numbers for dtype {dtype}, got NaN or infinity"
            )
        if goes == "b":
            return source.astype(dtype)
        whole = np.asarray(source.astype(np.int64))
        beyond = source >= 2.0**63
        if beyond.any():
            whole = np.where(beyond, source.astype(np.uint64), whole.astype(np.uint64))
        if (source >= 2.0**64).any() or (source < -(2.0**63)).any():
            raise InvalidValueError(
                f"{where}: expected numbers that fit dtype {dtype}, got some beyond 64 bits"
            )
    return whole.astype(dtype)


@plain(frozen=True)
class VarSlot:
    """Where the value of one Var lives in a model.

    Parameters
    ----------
    declared : LavaPyType or None
        The model's declaration; None where nobody declared anything: the value held decides.
    shape : tuple of int
        The Var's.
    where : str
        ``process.var``, for messages.
    """

    declared: Any
    shape: tuple[int, ...]
    where: str

    # -- in ---------------------------------------------------------------------------------

    def initial(self, init: object, *, adopt: bool = False) -> object:
        """Return the value a model starts with.

        Parameters
        ----------
        init : object
            Initial value of the Var; it is copied.
        adopt : bool
            True: an array that needs no change may become the model's own without a copy.

        Returns
        -------
        object
            ndarray: array of the Var's shape and the declared dtype. int, float, bool: a number of
            that class if it can hold it, as it is if not; an array or list stays an array as it
            is. str: a str or None. csr: numbers and arrays fill a matrix; matrices keep dtype and
            stored zeros. What the declaration `takes` stays as it is.

        Raises
        ------
        InvalidValueError
            (a `ValueError`) if the shape does not fit, or a number.
        InvalidTypeError
            (a `TypeError`) if the value is of a kind that cannot be converted at all.
        UnsupportedError
            See `check_var`.
        """
        check_var(self.declared, self.where)
        cls = self.declared.cls
        if isinstance(init, getattr(self.declared, "takes", ())):
            return init
        if issubclass(cls, np.ndarray):
            dtype = _element_type(self.declared, self.where)
            if adopt and self._is_adoptable(init, dtype):
                return init
            check_values(self.where, self.shape, math.prod(self.shape) * dtype.itemsize)
            array = np.empty(self.shape, dtype)
            self._fill(array, ..., init)
            return array if cls is np.ndarray else array.view(cls)
        if matrices.is_csr_class(cls):
            return self._initial_sparse(cls, init)
        if issubclass(cls, str):
            return self._text(init)
        found = numbers(init, self.where)
        if found.ndim:
            self._check_real(cls, found)
            return np.array(found)
        return self._number(cls, found.item())

    def checked(self, value: object, index: object = None) -> object:
        """Return ``value`` in the form in which it travels to the model.

        What passes can be refused by the model only for what the model alone knows: the dtype or
        the pattern that it holds, its ``on_var_update``.

        Raises
        ------
        InvalidValueError, InvalidTypeError
            See `initial`.
        InvalidIndexError
            (an `IndexError`) if ``index`` does not fit the shape.
        """
        if self._is_text(None):
            return self._text(value, index)
        part = part_shape(self.shape, index, self.where)
        if self.is_sparse and matrices.issparse(value) and index is None:
            if value.shape != part:
                raise InvalidValueError(
                    f"{self.where}: expected a matrix of shape {part}, got {value.shape}"
                )
            self._check_sparse(value)
            return value
        if not self._of_numbers():
            return value
        found = numbers(value, self.where)
        fitted(found, part, self.where)
        return found

    def set_in(
        self, model: Any, name: str, value: object, index: object = None, *, by_port: bool = False
    ) -> None:
        """Assign to a model's attribute and tell the model; what it refuses is taken back.

        Of what comes through a RefPort, ``by_port``, models of users are not told.

        A part of an array of a model of the library is changed in place, between two steps, when
        only the model's own thread looks at it. The model gets another view of it: whoever asks
        whether the array was replaced hears yes. Models of users may keep the old array for its
        values, and get a copy.
        """
        before = getattr(model, name)
        part = None
        if index is not None and is_library(type(model)) and self._has_room(before, value):
            part = np.array(self.taken(before, index))
            self._fill(before, index, value)
            new = before.view()
        else:
            new = self.assigned(before, value, index)
        is_taken = False
        try:
            setattr(model, name, new)
            model._la_var_written(name)
            is_taken = True
            if not by_port:
                model.on_var_update()
        except BaseException:
            if part is not None:
                before[index] = part
            setattr(model, name, before)
            if is_taken:  # what follows from the value follows from the old one again
                model._la_var_written(name)
            raise

    def assigned(self, held: object, value: object, index: object = None) -> Any:
        """Return what a model that holds ``held`` holds after ``var[index] = value``.

        Neither of them is changed or kept.

        Raises
        ------
        InvalidValueError, InvalidTypeError, InvalidIndexError
            See `checked`.
        """
        if self._is_text(held):
            return self._text(value, index)
        if matrices.issparse(held):
            return self._on_pattern(held, value, index)
        if isinstance(held, _HELD):
            return self._renumbered(held, value, index)
        if isinstance(held, (list, tuple)):
            held = np.asarray(held)
        if not isinstance(held, np.ndarray):
            return self.initial(value)  # nothing of what the model holds can be kept
        held = self._wide_enough(held, value)
        if index is None:
            fits = held.shape == self.shape
            new = np.empty_like(held) if fits else np.empty(self.shape, held.dtype)
        else:
            new = np.array(self.presented(held), order="K", subok=True)
        self._fill(new, index, value)
        return new

    def _part(self, value: object, index: object) -> np.ndarray:
        """Numbers in the shape of what an index selects."""
        found = numbers(value, self.where)
        return fitted(found, part_shape(self.shape, index, self.where), self.where)

    def _wide_enough(self, held: np.ndarray, value: object) -> np.ndarray:
        """An array as floats if a fraction comes that a single number would keep."""
        if not (self._is_scalar() and held.dtype.kind in "iu"):
            return held
        given = numbers(value, self.where)
        finite = given.dtype.kind == "f" and bool(np.isfinite(given).all())
        fraction = finite and not np.array_equal(given, np.trunc(given))
        return held.astype(float) if fraction else held

    def _has_room(self, held: object, value: object) -> bool:
        """Whether a value may go into what a model holds: all elements are there, and alone."""
        return (
            isinstance(held, np.ndarray)
            and held.dtype.kind in _NUMBERS
            and bool(held.flags.writeable and held.flags.forc)
            and self.presented(held) is held
            and self._wide_enough(held, value) is held
        )

    def _fill(self, array: np.ndarray, index: Any, value: object) -> None:
        part = part_shape(self.shape, index, self.where)
        if array.dtype.kind in _NUMBERS:
            value = fitted(numbers(value, self.where), part, self.where)
            value = cast(value, array.dtype, self.where)
        try:
            array[... if index is None else index] = value
        except (TypeError, ValueError) as error:
            kind = InvalidTypeError if isinstance(error, TypeError) else InvalidValueError
            raise kind(
                f"{self.where}: {short(value)} cannot become dtype {array.dtype}: {error}"
            ) from error

    # -- out --------------------------------------------------------------------------------

    def presented(self, held: object) -> Any:
        """Return what the world sees of ``held``: array, str or sparse matrix; may be ``held``.

        An array has the Var's shape, unless a number is declared, and the dtype that the model
        holds.

        Raises
        ------
        InvalidValueError, InvalidTypeError
            If the model has put something there that is no value of this Var.
        """
        if type(held) is np.ndarray and held.shape == self.shape and held.dtype.kind in _NUMBERS:
            plain = self.declared is None or self.declared.cls is np.ndarray
            return held if plain else self._declared_kind(held)
        if self._is_text(held):
            if held is None or isinstance(held, str):
                return held
            raise InvalidTypeError(f"{self.where}: the model holds {short(held)}, expected a str")
        if matrices.issparse(held):
            if held.shape != self.shape:
                raise self._rebound(held.shape)
            return self._declared_kind(held)
        if isinstance(held, (np.ndarray, list, tuple, *_HELD)) and not isinstance(held, str):
            found = np.asarray(held)
            if found.dtype.kind in _NUMBERS or not self._of_numbers():
                try:
                    return self._declared_kind(fitted(found, self.shape, self.where))
                except InvalidValueError:
                    if self._is_scalar():  # as it was given: parameters per neuron, for example
                        return found
                    raise self._rebound(found.shape) from None
        raise InvalidTypeError(
            f"{self.where}: the model holds a {type(held).__name__}, which is neither array, "
            f"number, string nor sparse matrix of numbers"
        )

    def _rebound(self, shape: tuple[int, ...]) -> InvalidValueError:
        return InvalidValueError(
            f"{self.where}: the model has bound it to shape {shape}, expected the Var's shape, "
            f"{self.shape}"
        )

    def _declared_kind(self, value: Any) -> object:
        """An array where an array is declared, a sparse matrix where one is."""
        if self.declared is None or matrices.issparse(value) == self.is_sparse:
            return value
        return self.declared.cls(value) if self.is_sparse else value.toarray()

    def taken(self, value: Any, index: Any) -> Any:
        """Return a part of a presented value; `InvalidIndexError` if there is no such part."""
        try:
            return value if index is None else value[index]
        except IndexError as error:
            raise InvalidIndexError(
                f"{self.where}: index {index!r} for shape {self.shape}: {error}"
            ) from None

    # -- kinds ------------------------------------------------------------------------------

    @property
    def _cls(self) -> type:
        """The class that is declared, that of None without one."""
        cls = getattr(self.declared, "cls", None)
        return cls if isinstance(cls, type) else type(None)

    def _is_text(self, held: object = None) -> bool:
        return isinstance(held, str) if self.declared is None else issubclass(self._cls, str)

    def _is_scalar(self) -> bool:
        return self.declared is not None and self.declared.cls in _SCALARS

    @property
    def is_sparse(self) -> bool:
        """Whether a sparse matrix is declared."""
        return matrices.is_csr_class(self._cls)

    def _of_numbers(self) -> bool:
        """False for arrays of text, dates or objects, which NumPy alone knows how to fill."""
        is_array = issubclass(self._cls, np.ndarray)
        return not is_array or np.dtype(self.declared.d_type).kind in _NUMBERS

    def _is_adoptable(self, init: object, dtype: np.dtype) -> bool:
        return (
            isinstance(init, np.ndarray)
            and init.__class__ is self.declared.cls
            and init.shape == self.shape
            and init.dtype == dtype
            and bool(init.flags.writeable and init.flags.c_contiguous)
        )

    def _text(self, value: object, index: object = None) -> str | None:
        if value is not None and not isinstance(value, str):
            raise InvalidTypeError(f"{self.where}: expected a str, got {type(value).__name__}")
        if index is not None:
            raise InvalidIndexError(
                f"{self.where}: a string Var is set as a whole, got index {index!r}"
            )
        return None if value is None else str(value)

    def _number(self, cls: type, value: object) -> object:
        """Return ``value`` as ``cls``, or as it is if an integer class cannot hold it."""
        self._check_real(cls, value)
        if type(value) is cls:
            return value
        try:
            with np.errstate(over="ignore"):
                made = cls(value)
        except OverflowError:
            return value
        kept = issubclass(cls, _WHOLE) and (made != value or not -(2**63) <= made < 2**64)
        return value if kept else made

    def _check_real(self, cls: type, value: Any) -> None:
        if np.iscomplexobj(value) and not issubclass(cls, (complex, np.complexfloating)):
            raise InvalidTypeError(f"{self.where}: expected real numbers, got complex ones")
        if issubclass(cls, _WHOLE) and not isinstance(value, int) and not np.isfinite(value).all():
            raise InvalidValueError(f"{self.where}: expected finite numbers, got NaN or infinity")

    def _renumbered(self, held: object, value: object, index: Any) -> object:
        part = self._part(value, index)
        all_of_it = np.asarray(part) if index is None else np.full(self.shape, held)
        if index is not None:
            all_of_it = all_of_it.astype(np.result_type(all_of_it, part))
            all_of_it[index] = part
        if not all_of_it.size:
            return held
        cls = type(held)
        if cls in _SCALARS and self._is_scalar():
            cls = self.declared.cls
        self._check_real(cls, all_of_it)
        flat = all_of_it.reshape(-1)
        first = self._number(cls, flat[0].item())
        if (flat == flat[0]).all() or flat.size == 1:
            return first
        with np.errstate(invalid="ignore", over="ignore"):
            made = all_of_it.astype(np.asarray(cls()).dtype)
        return made if (made == all_of_it).all() else np.array(all_of_it)

    # -- sparse matrices --------------------------------------------------------------------

    def _check_sparse(self, matrix: object) -> None:
        try:
            matrices.check(matrix)
        except ValueError as error:
            raise InvalidValueError(f"{self.where}: expected a sparse matrix: {error}") from error

    def _initial_sparse(self, cls: type[csr_matrix], init: object) -> csr_matrix:
        if matrices.issparse(init):
            self._check_sparse(init)
            matrix = cls(init, copy=True)
            numbers(matrix.data, self.where)
        else:
            found = numbers(init, self.where)
            if found.ndim == 0:
                found = cast(found, _element_type(self.declared, self.where), self.where)
            matrix = cls(np.array(fitted(found, self.shape, self.where)))
        if tuple(matrix.shape) != self.shape:
            raise InvalidValueError(
                f"{self.where}: expected an initial matrix of shape {self.shape}, got "
                f"{matrix.shape}"
            )
        return matrix

    def _type_for(self, held: csr_matrix, given: np.ndarray) -> np.dtype:
        """A matrix keeps the type that it came with, unless that is whole and cuts what comes."""
        own, declared = held.dtype, _element_type(self.declared, self.where)
        if own.kind not in "biu" or declared.kind not in "fc":
            return own
        with np.errstate(invalid="ignore"):
            return own if np.array_equal(given.astype(own), given) else declared

    def _on_pattern(self, held: csr_matrix, value: object, index: object) -> csr_matrix:
        """The new values at the stored entries of ``held``; others than zeros fit nowhere else."""
        own = matrices.csr_matrix(held, copy=True)
        own.sort_indices()
        if index is not None:
            part = self._part(value, index)
            given = held.astype(np.result_type(held.dtype, part.dtype)).tolil()
            given[index] = part if part.ndim else part.item()
            given = matrices.csr_matrix(given)
        elif matrices.issparse(value):
            self._check_sparse(value)
            given = matrices.csr_matrix(value, copy=True)
            if matrices.same_places(given, own):
                own.data = cast(given.data, self._type_for(held, given.data), self.where)
                return type(held)(own)
            given.sum_duplicates()
            if not matrices.same_places(given, own):
                raise InvalidValueError(
                    f"{self.where}: expected the sparsity pattern of the present value (shape "
                    f"{own.shape}, {own.nnz} stored entries), got shape {given.shape} with "
                    f"{given.nnz}"
                )
        else:
            given = matrices.csr_matrix(self._part(value, None))
        if not own.has_canonical_format:
            raise InvalidValueError(
                f"{self.where}: several entries are stored at one place; expected a matrix with "
                f"the stored entries of the present value"
            )
        element = self._type_for(held, given.data)
        cast(given.data, element, self.where)  # what does not fit the type is told first
        rows = np.repeat(np.arange(own.shape[0]), np.diff(own.indptr))
        there = np.zeros(0, given.dtype)
        if own.nnz:
            there = np.asarray(given[rows, own.indices]).reshape(-1)
        if others := given.count_nonzero() - np.count_nonzero(there):
            raise InvalidValueError(
                f"{self.where}: expected zeros wherever the present value stores no entry, got "
                f"{others} others"
            )
        own.data = cast(there, element, self.where)
        return type(held)(own)


def short(value: object) -> str:
    """The beginning of a value's text, for messages."""
    text = repr(value).replace("\n", " ")
    return text if len(text) <= 60 else f"{text[:57]}..."
