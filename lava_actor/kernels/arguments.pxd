# cython: language_level=3
"""What an argument of a native loop is: its type, layout and size, asked without ceremony."""

cimport numpy as cnp
from libc.stdlib cimport calloc


cdef inline bint is_array(object x, int kind) noexcept:
    """A native, aligned, C-contiguous array of this type?"""
    return (
        isinstance(x, cnp.ndarray)
        and cnp.PyArray_TYPE(<cnp.ndarray>x) == kind
        and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>x)
    )


cdef inline bint is_of(object x, int kind, Py_ssize_t size) noexcept:
    """An array of this type and size?"""
    return is_array(x, kind) and cnp.PyArray_SIZE(<cnp.ndarray>x) == size


cdef inline bint is_state(object x, int kind, Py_ssize_t size) noexcept:
    """An array of this type and size that may be written to?"""
    return is_of(x, kind, size) and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>x)


cdef inline bint is_columns(object x, int kind) noexcept:
    """A matrix of this type whose columns are contiguous?"""
    return (
        isinstance(x, cnp.ndarray)
        and cnp.PyArray_TYPE(<cnp.ndarray>x) == kind
        and cnp.PyArray_NDIM(<cnp.ndarray>x) == 2
        and cnp.PyArray_ISFARRAY_RO(<cnp.ndarray>x)
    )


cdef inline bint is_matrix(object x, int kind, Py_ssize_t rows, Py_ssize_t columns) noexcept:
    """The same with so many rows and columns?"""
    return (
        is_columns(x, kind)
        and cnp.PyArray_DIM(<cnp.ndarray>x, 0) == rows
        and cnp.PyArray_DIM(<cnp.ndarray>x, 1) == columns
    )


cdef inline bint overlap(object x, object y) noexcept:
    """Do two contiguous arrays share memory?"""
    cdef char *one = <char *>data_of(x)
    cdef char *other = <char *>data_of(y)
    return (
        one < other + cnp.PyArray_NBYTES(<cnp.ndarray>y)
        and other < one + cnp.PyArray_NBYTES(<cnp.ndarray>x)
    )


cdef inline void *data_of(object x) noexcept:
    return cnp.PyArray_DATA(<cnp.ndarray>x)


cdef inline Py_ssize_t size_of(object x) noexcept:
    return cnp.PyArray_SIZE(<cnp.ndarray>x)


cdef inline void *room_for(Py_ssize_t count, size_t size) except NULL:
    """So many elements, and one more, all zeros; to be freed."""
    cdef void *room = calloc(count + 1, size)
    if room == NULL:
        raise MemoryError()
    return room
