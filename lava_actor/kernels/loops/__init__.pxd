# cython: language_level=3
"""The native loops as other native modules call them; what they compute is told in the headers."""

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "step.h" nogil:
    const uint32_t LA_STEP_VERSION
    ctypedef struct la_pack:
        uint32_t version
        uint32_t n_arrays
        ptrdiff_t n
        uint64_t step
        void **arrays
        ptrdiff_t *sizes
        double *numbers
        int64_t *integers
    ctypedef int (*la_step)(const la_pack *) noexcept nogil

cdef extern from "steps.h" nogil:
    ctypedef struct la_entry:
        const char *name
        la_step step
    const la_entry *LA_CATALOGUE

cdef extern from "spikes.h" nogil:
    Py_ssize_t la_indices(Py_ssize_t n, const uint8_t *s, int32_t *out)

cdef extern from "synapses.h" nogil:
    ctypedef struct la_conv:
        int32_t in_y, in_c
        int32_t out_x, out_y, out_c
        int32_t kernel_x, kernel_y
        int32_t pad_x, pad_y, stride_x, stride_y, dilation_x, dilation_y
        int32_t groups
    # `kind` is the type of the sums, a number of NumPy's: double, int32, and int64 over weights of
    # int32; factors `x` have it, too.
    void la_dense(int kind, Py_ssize_t rows, const void *w, const int32_t *at, const void *x,
                  Py_ssize_t count, void *out)
    void la_dense_delayed(int kind, Py_ssize_t rows, const void *w, const int32_t *delay,
                          const int32_t *at, const void *x, Py_ssize_t count, void *out)
    int la_within(Py_ssize_t n, const int32_t *x, int32_t first, int32_t end)
    ctypedef struct la_csc:
        const int64_t *ptr
        const void *row
        int narrow
        int by_delay
        int packed
        const void *weights
        const uint8_t *codes
        double one_f64
        int32_t one_i32
    void la_csc_add(int kind, const la_csc *m, const int32_t *at, const void *x, Py_ssize_t count,
                    void *out)
    void la_picked(int kind, const int64_t *order, const int64_t *start, const int32_t *row,
                   const void *w, const int32_t *at, const void *x, Py_ssize_t count, void *out)
    # From here on `kind` is double or int32.
    void la_conv_add(int kind, const la_conv *g, const void *kernel, const int32_t *at,
                     const void *x, Py_ssize_t count, void *out)
    void la_wrap(Py_ssize_t n, int bits, uint32_t *x)
    int la_order(Py_ssize_t count, const int32_t *at, Py_ssize_t size)
    void la_tally(const la_csc *m, const int32_t *at, Py_ssize_t count, uint16_t *met)
    void la_look_up(int kind, Py_ssize_t n, uint16_t *met, const void *table, void *out)

cdef extern from "sums.h" nogil:
    void la_move_sums(int kind, Py_ssize_t n, void *sum, void *to)
    void la_move_touched(int kind, Py_ssize_t n, uint64_t *touched, void *sum, void *to)

cdef extern from "by_delay.h" nogil:
    int64_t la_by_delay(const int64_t *ptr, Py_ssize_t columns, void *row, int bytes, int shift,
                        void *value, size_t width, uint32_t rows, int may)

cdef extern from "delays.h" nogil:
    ctypedef struct la_later:
        int32_t depth
        uint64_t *touched
    ctypedef struct la_note_f64:
        int32_t row
    ctypedef struct la_note_i32:
        int32_t row
    void la_later_free(la_later *l)
    int la_later_init(la_later *l, int32_t depth, int32_t rows)
    int64_t la_later_used(const la_later *l, int32_t delay, size_t note)
    void la_later_advance(la_later *l)
    int la_can_code(const la_csc *m, int32_t rows)
    int la_later_coded(la_later *l, const la_csc *m, const int32_t *at, Py_ssize_t count)
    int la_later_valued(int kind, la_later *l, const la_csc *m, const int32_t *at, const void *x,
                        Py_ssize_t count)
    void la_due(int kind, la_later *l, int32_t delay, const void *table, void *out, int whole)
    int64_t la_touched(int kind, la_later *l, const void *sum, int32_t *index, int64_t limit)
    void la_clear(int kind, const la_later *l, void *sum, const int32_t *index, int64_t found)
