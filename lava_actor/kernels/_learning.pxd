# cython: language_level=3
"""What waits to be learned, and booking, as other native modules use them; see ``_learning.pyi``."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t


cdef extern from "learning_rule.h" nogil:
    ctypedef struct la_product:
        int64_t condition
    ctypedef struct la_factor:
        pass
    ctypedef struct la_target:
        int64_t variable
    ctypedef struct la_variable:
        void *data
        int kind
        Py_ssize_t by_line, by_element
    ctypedef struct la_elements:
        Py_ssize_t line, n, first
        const int64_t *entry
        const int32_t *neuron
        const int32_t *when
    ctypedef struct la_lines:
        const int64_t *starts
        const int32_t *neurons
        int32_t *done
        uint8_t *unsettled
    ctypedef struct la_rule:
        Py_ssize_t products, targets
        const la_product *product
        const la_factor *factor
        const double *constant
        const la_target *target
        la_variable variable[3]
        const void *history[2]
        Py_ssize_t traces[2]
        Py_ssize_t neurons[2]
        const int32_t *when[2]
        const uint8_t *short_when
        const int32_t *by_time
        const int32_t *begins
        int spiked[2]
        Py_ssize_t t_epoch
        int u
        int32_t carry
        int always
        int side
        int *how
        void **known

cdef enum:
    MOST_EPOCHS = 32
    # Integer traces have seven bits.
    MOST_OF_TRACE = 127


cdef class Epoch:
    cdef la_rule rule
    cdef la_elements spiking
    cdef list kept
    cdef bint fixed

    cdef int variables(self, list arrays, Py_ssize_t entries) except -1
    cdef int lines(self, int side) except -1


cdef class Lines:
    cdef list epochs
    cdef la_rule *rules[MOST_EPOCHS]
    cdef la_elements *spiking[MOST_EPOCHS]
    cdef int n_epochs
    cdef bint fixed
    cdef object spiked_in  # by neuron of a sparse matrix, in which of them: a bit each
    cdef const uint32_t *spiked
    cdef readonly Py_ssize_t nbytes
    cdef int side
    cdef Py_ssize_t n, entries
    cdef la_lines lines
    cdef tuple pattern
    cdef readonly bint by_column

    # Let some lines (NULL: all) catch up.
    cdef int learn(self, const int32_t *some, Py_ssize_t count) noexcept nogil


# Note spikes of `count` neurons, each once; `last` and the traces are changed.
cdef void book(const int32_t *at, Py_ssize_t count, int64_t position, int64_t *last, void **traces,
               Py_ssize_t n_traces, const void *impulses, bint fixed) noexcept nogil
