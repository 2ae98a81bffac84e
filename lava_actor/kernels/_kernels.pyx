"""Bindings of the loops in ``synapses.h``; contracts in ``_kernels.pyi``.

Arguments are arrays whose type, layout and length are looked at here, once per call and without
buffer objects: a call has to cost less than the step of a hundred neurons.
"""

cimport cython
cimport numpy as cnp
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memmove, memset

import numpy as np

from lava_actor.kernels.arguments cimport *
from lava_actor.kernels.geometry cimport take_geometry
from lava_actor.kernels.loops cimport *

cnp.import_array()

include "../built_from.pxi"

# -- events --------------------------------------------------------------------------------------

def as_unique(values, indices, Py_ssize_t size):
    if not is_array(indices, cnp.NPY_INT32):
        wide = np.ascontiguousarray(indices)
        if wide.size and (wide.min() < 0 or wide.max() >= size):
            raise IndexError(f"event index outside of 0 … {size - 1}")
        indices = wide.astype(np.int32)
    if values is not None and np.size(values) != indices.size:
        raise ValueError(f"{indices.size} indices with {np.size(values)} values")
    cdef int order = la_order(size_of(indices), <int32_t *>data_of(indices), size)
    if order == 0:
        return values, indices
    if order == 2:
        raise IndexError(
            f"event indices from {indices.min()} to {indices.max()}, outside of 0 … {size - 1}"
        )
    if values is None:
        values = np.ones(indices.size, np.int32)
    unique, inverse = np.unique(indices, return_inverse=True)
    total = np.zeros(unique.size, np.int64 if values.dtype == bool else values.dtype)
    np.add.at(total, inverse, values)
    return total, unique


def one_value(values):
    flat = values.reshape(-1)
    if not flat.size or not (flat[0] == flat).all():
        return None
    return flat[0]


cdef int _take_events(object at, object x, int kind, Py_ssize_t size) except -1:
    """Check events against the number of senders: out of range would write anywhere."""
    if not is_array(at, cnp.NPY_INT32):
        raise TypeError("indices: expected a contiguous int32 array")
    if x is not None and not is_of(x, kind, size_of(at)):
        raise TypeError("factors: expected a contiguous array of the type of the sums, one per event")
    if la_order(size_of(at), <int32_t *>data_of(at), size) == 2:
        raise IndexError(f"event index outside of 0 … {size - 1}")
    return 0


# -- synapses ------------------------------------------------------------------------------------

cdef int _weights_kind(object weights) except -1:
    """Type of the numbers of a column-major matrix."""
    if is_columns(weights, cnp.NPY_DOUBLE):
        return cnp.NPY_DOUBLE
    if is_columns(weights, cnp.NPY_INT32):
        return cnp.NPY_INT32
    raise TypeError("weights: expected a column-major matrix of float64 or int32")


cdef int _sums_kind(object out, int weights) noexcept:
    """Type of the sums that `out` takes: that of the weights, or int64 over those of int32."""
    if weights == cnp.NPY_INT32 and isinstance(out, cnp.ndarray):
        if cnp.PyArray_TYPE(<cnp.ndarray>out) == cnp.NPY_INT64:
            return cnp.NPY_INT64
    return weights


def dense_events(weights, at, x, out):
    cdef int kind = _sums_kind(out, _weights_kind(weights))
    cdef Py_ssize_t rows = cnp.PyArray_DIM(<cnp.ndarray>weights, 0)
    _take_events(at, x, kind, cnp.PyArray_DIM(<cnp.ndarray>weights, 1))
    if not is_state(out, kind, rows):
        raise TypeError("out: expected a contiguous array, one number per row")
    cdef Py_ssize_t count = size_of(at)
    cdef int32_t *indices = <int32_t *>data_of(at)
    cdef void *factors = NULL if x is None else data_of(x)
    cdef void *matrix = data_of(weights)
    cdef void *sums = data_of(out)
    if count * rows < 100_000:
        la_dense(kind, rows, matrix, indices, factors, count, sums)
    else:  # long enough to let other threads of the interpreter work
        with nogil:
            la_dense(kind, rows, matrix, indices, factors, count, sums)


def dense_events_delayed(weights, delays, at, x, out):
    cdef int kind = _sums_kind(out, _weights_kind(weights))
    cdef Py_ssize_t rows = cnp.PyArray_DIM(<cnp.ndarray>weights, 0)
    cdef Py_ssize_t columns = cnp.PyArray_DIM(<cnp.ndarray>weights, 1)
    _take_events(at, x, kind, columns)
    if not is_matrix(delays, cnp.NPY_INT32, rows, columns):
        raise TypeError("delays: expected a column-major int32 matrix of the shape of the weights")
    if not (
        is_columns(out, kind)
        and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>out)
        and cnp.PyArray_DIM(<cnp.ndarray>out, 0) == rows
    ):
        raise TypeError("out: expected a column-major matrix with a column per delay")
    cdef Py_ssize_t count = size_of(at), e
    cdef int32_t *indices = <int32_t *>data_of(at)
    cdef int32_t *late = <int32_t *>data_of(delays)
    cdef int32_t depth = <int32_t>cnp.PyArray_DIM(<cnp.ndarray>out, 1)
    for e in range(count):
        if not la_within(rows, late + indices[e] * rows, 0, depth):
            raise IndexError(f"delay outside of 0 … {depth - 1}")
    cdef void *factors = NULL if x is None else data_of(x)
    la_dense_delayed(kind, rows, data_of(weights), late, indices, factors, count, data_of(out))


def advance_columns(out):
    if not (
        isinstance(out, cnp.ndarray)
        and cnp.PyArray_NDIM(<cnp.ndarray>out) == 2
        and cnp.PyArray_ISFARRAY(<cnp.ndarray>out)
    ):
        raise TypeError("out: expected a writable column-major matrix")
    cdef Py_ssize_t columns = cnp.PyArray_DIM(<cnp.ndarray>out, 1)
    if columns == 0:
        return
    cdef size_t column = cnp.PyArray_NBYTES(<cnp.ndarray>out) // columns
    cdef char *start = <char *>data_of(out)
    memmove(start, start + column, column * (columns - 1))
    memset(start + column * (columns - 1), 0, column)


cdef int _take_csc(
    object pointers, object rows, bint packed, object at, object x, object out, la_csc *m
) except -1:
    """Check what both ways to sum up a sparse matrix take; returns the type of the sums."""
    cdef int kind = cnp.NPY_DOUBLE
    if is_array(out, cnp.NPY_INT32):
        kind = cnp.NPY_INT32
    elif is_array(out, cnp.NPY_INT64):
        kind = cnp.NPY_INT64
    if not is_array(pointers, cnp.NPY_INT64) or size_of(pointers) < 1:
        raise TypeError("pointers: expected a contiguous int64 array, one more than columns")
    m.narrow = is_array(rows, cnp.NPY_UINT16)
    m.packed = packed
    if not is_array(rows, cnp.NPY_UINT32) if packed else not (
        m.narrow or is_array(rows, cnp.NPY_INT32)
    ):
        raise TypeError("rows: expected a contiguous array of int32 or uint16, or uint32 with codes")
    if not (is_array(out, kind) and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>out)):
        raise TypeError("out: expected a contiguous array of float64, int32 or int64")
    _take_events(at, x, kind, size_of(pointers) - 1)
    m.ptr = <int64_t *>data_of(pointers)
    m.row = data_of(rows)
    m.weights = NULL
    m.codes = NULL
    return kind


cdef void _add_csc(const la_csc *m, int kind, object at, object x, object out) noexcept:
    cdef Py_ssize_t count = size_of(at)
    cdef int32_t *indices = <int32_t *>data_of(at)
    cdef void *factors = NULL if x is None else data_of(x)
    cdef void *sums = data_of(out)
    with nogil:
        la_csc_add(kind, m, indices, factors, count, sums)


cdef inline int _weights_of(int sums) noexcept:
    """Type of the weights under sums of a type."""
    return cnp.NPY_INT32 if sums == cnp.NPY_INT64 else sums


def csc_events(pointers, rows, weights, one, at, x, out):
    cdef la_csc m
    cdef int kind = _take_csc(pointers, rows, False, at, x, out, &m)
    if weights is not None and not is_of(weights, _weights_of(kind), size_of(rows)):
        raise TypeError("weights: expected a contiguous array that fits out, one per row index")
    if weights is not None:
        m.weights = data_of(weights)
    elif kind == cnp.NPY_DOUBLE:
        m.one_f64 = one
    else:
        m.one_i32 = one
    _add_csc(&m, kind, at, x, out)


def csc_events_coded(pointers, rows, codes, table, at, x, out):
    cdef la_csc m
    cdef int kind = _take_csc(pointers, rows, codes is None, at, x, out, &m)
    if codes is not None and not is_of(codes, cnp.NPY_UINT8, size_of(rows)):
        raise TypeError("codes: expected a contiguous uint8 array, one per row index")
    if not is_of(table, _weights_of(kind), 256):
        raise TypeError("table: expected 256 numbers that fit out")
    m.codes = NULL if codes is None else <uint8_t *>data_of(codes)
    m.weights = data_of(table)
    _add_csc(&m, kind, at, x, out)


def sort_by_delay(pointers, rows, values, Py_ssize_t n_rows, bint may_swap):
    cdef bint narrow = is_array(rows, cnp.NPY_UINT16), packed = is_array(rows, cnp.NPY_UINT32)
    cdef Py_ssize_t entries = size_of(rows), columns = size_of(pointers) - 1
    cdef Py_ssize_t width = 0 if values is None else cnp.PyArray_ITEMSIZE(<cnp.ndarray>values)
    if not is_array(pointers, cnp.NPY_INT64) or columns < 0:
        raise TypeError("pointers: expected a contiguous int64 array, one more than columns")
    if not (narrow or packed or is_array(rows, cnp.NPY_INT32)):
        raise TypeError("rows: expected a contiguous array of int32 or uint16, or uint32 with codes")
    if values is not None and size_of(values) != entries:
        raise TypeError("values: expected one per row index")
    if not entries or n_rows < 1:
        return 0
    cdef int64_t *ptr = <int64_t *>data_of(pointers)
    cdef void *row = data_of(rows)
    cdef void *value = NULL if values is None else data_of(values)
    cdef int64_t runs
    with nogil:
        runs = la_by_delay(
            ptr, columns, row, 2 if narrow else 4, 8 if packed else 0, value, width,
            <uint32_t>n_rows, may_swap,
        )
    if runs < 0:
        raise MemoryError()
    return runs


def picked_events(order, starts, rows, weights, at, x, out):
    cdef int kind = cnp.NPY_DOUBLE if is_array(weights, cnp.NPY_DOUBLE) else cnp.NPY_INT32
    cdef int sums = _sums_kind(out, kind)
    cdef Py_ssize_t entries = size_of(weights), columns = size_of(starts) - 1
    if not (
        is_of(order, cnp.NPY_INT64, entries) and is_array(starts, cnp.NPY_INT64)
        and is_of(rows, cnp.NPY_INT32, entries) and is_array(weights, kind)
    ):
        raise TypeError("expected order and starts of int64, rows of int32, weights, one per entry")
    if not (is_array(out, sums) and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>out)):
        raise TypeError("out: expected a contiguous array that fits the weights")
    _take_events(at, x, sums, columns)
    cdef Py_ssize_t count = size_of(at)
    cdef int64_t *places = <int64_t *>data_of(order)
    cdef int64_t *first = <int64_t *>data_of(starts)
    cdef int32_t *row = <int32_t *>data_of(rows)
    cdef int32_t *indices = <int32_t *>data_of(at)
    cdef void *w = data_of(weights)
    cdef void *factors = NULL if x is None else data_of(x)
    cdef void *to = data_of(out)
    with nogil:
        la_picked(sums, places, first, row, w, indices, factors, count, to)


def conv_events(kernel, geometry, at, x, out):
    cdef int kind = cnp.NPY_INT32 if is_array(kernel, cnp.NPY_INT32) else cnp.NPY_DOUBLE
    cdef la_conv g
    if not (is_array(out, kind) and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>out)):
        raise TypeError("out: expected a contiguous array of the type of the kernel")
    if not is_of(kernel, kind, take_geometry(geometry, -1, size_of(out), &g)):
        raise TypeError("kernel: expected a contiguous array of float64 or int32 that fits the geometry")
    _take_events(at, x, kind, geometry[0] * geometry[1] * geometry[2])
    cdef Py_ssize_t count = size_of(at)
    cdef int32_t *indices = <int32_t *>data_of(at)
    cdef void *factors = NULL if x is None else data_of(x)
    cdef void *weights = data_of(kernel)
    cdef void *sums = data_of(out)
    with nogil:
        la_conv_add(kind, &g, weights, indices, factors, count, sums)
