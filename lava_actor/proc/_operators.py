"""Weights as connections use them: arranged by column, summed up for the neurons that fired.

An operator adds the weights of some columns, each times a factor, to an array. Numbers are float64
or int32, or int64 sums of int32 weights; integers wrap. What comes out depends on weights and
events only, never on what was computed before, and the sum of a row is taken in the order of the
events.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

from lava_actor.errors import InvalidValueError
from lava_actor.kernels import csc_events, csc_events_coded, one_value, sort_by_delay
from lava_actor.proc._synapses import Synapses
from lava_actor.process import matrices

_PACKED = 2**24
"""Rows that leave the codes of their weights a byte of 32 bits."""

_MOST_COUNTED = 2**16 - 1
"""Events of a row that can be counted in 16 bits."""


class SparseOperator:
    """A sparse matrix in compressed columns; the only copy of the weights in its model.

    If all weights have one value, that value is all that is kept of them; if there are at most 256
    values, each weight is kept as a code of one byte. Rows take two bytes where these reach; in
    24 bits they share four bytes with a code. What has to be read from memory per synapse is what
    takes the time. The numbers that are added are the same in all cases.

    Parameters
    ----------
    matrix : csr_matrix
        Indices in order; an entry stored twice is two synapses. Stored zeros stay stored.
    dtype : dtype
        float64 or int32: numbers to compute with.
    delays : csr_matrix, optional
        Delay of each synapse, stored anywhere; entries that are not stored are 0.
    depth : int
        Number of different delays there may be: 1 + the largest.

    Attributes
    ----------
    reach : int
        How many elements an output needs: 1 + the last row with an entry, delays included.
    runs : int
        Of entries of a column with the same delay, which lie side by side; 0: they do not.
    delay_dtype : dtype or None
        Type in which `delays` gives the delays back; None if they have to be kept elsewhere: none
        were given, or for other places than the weights.

    Raises
    ------
    InvalidValueError
        If a delay is negative or not below `depth`.

    Notes
    -----
    Native loops believe an operator: whatever makes one checks it, and nobody else has its arrays.

    With delays, the result is a matrix (delay, row); the entry of a synapse with delay d in row r
    counts as one in row ``d*rows + r`` of a tall matrix.
    """

    delay_dtype: np.dtype | None = None

    def __init__(
        self,
        matrix: csr_matrix,
        dtype: np.dtype,
        delays: csr_matrix | None = None,
        depth: int = 1,
    ) -> None:
        matrices.check(matrix)
        late = None
        if delays is not None:
            matrices.check(delays)
            late = _delays_of(matrix, delays)
            if matrices.same_places(matrix, delays):
                self.delay_dtype = delays.dtype
        data = np.ascontiguousarray(matrix.data, dtype)
        synapses = Synapses(matrix.shape, matrix.indptr, matrix.indices, data, None, late)
        self._arrange(synapses, dtype, depth, matrix.dtype)
        self._measure()

    @classmethod
    def of(cls, synapses: Synapses, dtype: np.dtype, depth: int = 1) -> SparseOperator:
        """Return the operator of synapses; weights and delays are of the types there.

        Raises
        ------
        InvalidValueError
            If a delay is negative or not below `depth`.
        """
        made = cls.__new__(cls)
        made.delay_dtype = None if synapses.delays is None else np.dtype(np.int64)
        made._arrange(synapses, dtype, depth, dtype)
        made._measure(may_swap=True)
        return made

    def _arrange(
        self, synapses: Synapses, dtype: np.dtype, depth: int, given_dtype: np.dtype
    ) -> None:
        self.shape = synapses.shape
        self._given_dtype = given_dtype
        self._number = dtype
        if depth * self.shape[0] >= 2**31:
            raise InvalidValueError(
                f"weights: {self.shape[0]} rows with {depth} delays are more than 32 bits address"
            )
        weights, late = synapses.weights, synapses.delays
        coded = None if synapses.table is None else (weights, synapses.table.astype(dtype))
        self._one: np.generic | None = None
        if coded is None:
            self._one = one_value(weights)
            coded = _coded(weights) if self._one is None else None
        elif weights.size:
            self._one = one_value(coded[1])
        used: np.ndarray | None = weights if coded is None else coded[0]
        if self._one is not None:
            used = coded = None
        columns = synapses.by_column(np.zeros(weights.size, bool) if late is None else late)
        self._pointers = columns.indptr.astype(np.int64)
        self._rows = columns.indices.astype(np.int32, copy=False)
        if late is not None:
            if late.size and not 0 <= late.min() <= late.max() < depth:
                raise InvalidValueError(
                    f"delays: expected values from 0 to {depth - 1}, got {late.min()} to "
                    f"{late.max()}"
                )
            self._rows += columns.data.astype(np.int32) * np.int32(self.shape[0])
        if depth * self.shape[0] <= 2**16:
            self._rows = self._rows.astype(np.uint16)
        if used is not None:
            used = synapses.by_column(used).data
        if coded is not None and _PACKED >= depth * self.shape[0] > 2**16:
            self._rows = (self._rows.view(np.uint32) << np.uint32(8)) | used
            used = None
        self._weights: np.ndarray | None = used if coded is None else None
        self._codes: np.ndarray | None = None
        if coded is not None:
            self._codes = used
            self._table = np.zeros(256, dtype)
            self._table[: coded[1].size] = coded[1]

    def _la_check_restored(self) -> None:
        """Check what came from a file, and keep copies: arrays in a file may share memory.

        Raises
        ------
        InvalidValueError
            (a `ValueError`) if a native loop could read or write outside of an array.
        """
        for name in ("_pointers", "_rows", "_weights", "_codes", "_table"):
            if getattr(self, name, None) is not None:
                setattr(self, name, np.array(getattr(self, name), order="C"))
        size, pointers = self._rows.size, self._pointers
        values = np.asarray(self._one)
        shape: tuple[int, ...] = ()
        if self._codes is not None or self._is_packed:
            values, shape = getattr(self, "_table", values), (256,)
        elif self._weights is not None:
            values, shape = self._weights, (size,)
        if not (
            self._number in (np.float64, np.int32)
            and (values.dtype, values.shape) == (self._number, shape)
            and (self._codes is not None) + (self._weights is not None) + self._is_packed <= 1
            and (self._codes is None or _is(self._codes, (np.uint8,), (size,)))
            and _is(self._rows, (np.int32, np.uint16, np.uint32), (size,))
            and _is(pointers, (np.int64,), (self.shape[1] + 1,))
            and (pointers[0], pointers[-1]) == (0, size)
            and (np.diff(pointers) >= 0).all()
            and (not size or self._rows.min() >= 0)
        ):
            raise InvalidValueError("the parts of a sparse operator do not fit together")
        self._measure()

    def _measure(self, may_swap: bool = False) -> None:
        """Put delays in order; `may_swap`: also of several synapses of the same two neurons."""
        self.reach = 1 + int(self._unpacked().max()) if self._rows.size else 0
        self.runs = 0
        if self.reach > self.shape[0]:
            values = self._weights if self._codes is None else self._codes
            self.runs = sort_by_delay(
                self._pointers, self._rows, values, self.shape[0], may_swap
            )

    @property
    def _is_packed(self) -> bool:
        return self._rows.dtype == np.uint32

    def _unpacked(self) -> np.ndarray:
        """The row of each entry, delays included."""
        return (self._rows >> np.uint32(8)).view(np.int32) if self._is_packed else self._rows

    def add(self, at: np.ndarray, x: np.ndarray | None, out: np.ndarray) -> None:
        """Add the columns `at`, each times its element of `x` (None: 1), to `out`.

        Parameters
        ----------
        at : ndarray of int32
        x : ndarray or None
            Of the type of `out`.
        out : ndarray
            Contiguous: one element per row, or (delay, row). Of the operator's number type, or
            int64 instead of int32.
        """
        if out.size < self.reach:
            raise InvalidValueError(f"out: expected {self.reach} rows, got {out.size}")
        if self._codes is None and not self._is_packed:
            csc_events(self._pointers, self._rows, self._weights, self._one, at, x, out)
        else:
            csc_events_coded(self._pointers, self._rows, self._codes, self._table, at, x, out)

    def parts(self) -> tuple[np.ndarray | np.generic | None, ...]:
        """Return (pointers, rows, weights, codes, the one value), as the native loops take them.

        With codes, weights are the table they stand for. If rows are uint32, they are 256 times the
        row, plus the code.
        """
        has_table = self._is_packed or self._codes is not None
        weights = self._table if has_table else self._weights
        return self._pointers, self._rows, weights, self._codes, self._one

    def multiples(self) -> np.ndarray | None:
        """Sums of no, one, two … weights, up to the most a row has; None if weights differ.

        Each is the one before plus the weight, rounded as a sum of so many weights is.
        """
        if self._one is None or not self._rows.size:
            return None
        most = int(np.bincount(self._rows).max())
        if most > _MOST_COUNTED:
            return None
        steps = np.full(most + 1, self._one, self._number)
        steps[0] = 0
        return np.add.accumulate(steps, dtype=self._number)

    def matrix(self) -> csr_matrix:
        """Return the weights as a new csr matrix of the dtype they came with."""
        if self._weights is not None:
            data = self._weights.astype(self._given_dtype)
        elif self._is_packed or self._codes is not None:
            codes = self._rows.astype(np.uint8) if self._is_packed else self._codes
            data = self._table.astype(self._given_dtype)[codes]
        else:
            data = np.full(self._rows.size, self._one, self._given_dtype)
        return self._by_row(data)

    def delays(self) -> csr_matrix:
        """Return the delays as a new csr matrix: one entry per weight, in the order of `matrix`."""
        return self._by_row((self._unpacked() // max(self.shape[0], 1)).astype(self.delay_dtype))

    @classmethod
    def in_rows(cls, parts: list[SparseOperator], first: int, end: int) -> SparseOperator:
        """Return the operator of some rows of operators that lie below one another."""

        def of(matrix: Callable[[SparseOperator], csr_matrix]) -> csr_matrix:
            return matrices.vstack([matrix(part) for part in parts], format="csr")[first:end]

        weights, late = of(cls.matrix), None
        if all(part.delay_dtype is not None for part in parts):
            late = of(cls.delays)
        depth = 1 + max(int(part._unpacked().max(initial=0)) // part.shape[0] for part in parts)
        found = cls(weights, parts[0]._number, late, depth)
        found._given_dtype = parts[0]._given_dtype
        return found

    def _by_row(self, data: np.ndarray) -> csr_matrix:
        rows = self._unpacked().astype(np.int32) % max(self.shape[0], 1)
        # Entries of a column keep their order, so those of one pair of neurons do as well.
        return csc_matrix((data, rows, self._pointers), shape=self.shape).tocsr()


def _delays_of(matrix: csr_matrix, delays: csr_matrix) -> np.ndarray:
    """The delay of each entry of `matrix`."""
    if matrices.same_places(matrix, delays):
        return delays.data
    if not delays.nnz or not matrix.nnz:
        return np.zeros(matrix.nnz, np.int64)
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return np.asarray(delays[rows, matrix.indices]).reshape(-1)


def _is(array: np.ndarray, dtypes: tuple[object, ...], shape: tuple[int, ...]) -> bool:
    return array.dtype in dtypes and array.shape == shape


def _coded(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return (codes, their values) if there are at most 256 different weights, else None."""
    if np.unique(weights[:: max(1, weights.size // 4096)]).size > 256:
        return None  # seen without sorting all of them
    # Bits are compared, not values: -0.0 and every NaN come back as they were.
    bits = weights.view(f"u{weights.itemsize}")
    values, codes = np.unique(bits, return_inverse=True)
    if values.size > 256:
        return None
    return codes.astype(np.uint8), values.view(weights.dtype)
