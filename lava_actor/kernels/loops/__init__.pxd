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
    void la_dense_f64(Py_ssize_t rows, const double *w, const int32_t *at, const double *x,
                      Py_ssize_t count, double *out)
    void la_dense_i32(Py_ssize_t rows, const int32_t *w, const int32_t *at, const int32_t *x,
                      Py_ssize_t count, int32_t *out)
    void la_dense_i64(Py_ssize_t rows, const int32_t *w, const int32_t *at, const int64_t *x,
                      Py_ssize_t count, int64_t *out)
    void la_dense_delayed_f64(Py_ssize_t rows, const double *w, const int32_t *delay,
                              const int32_t *at, const double *x, Py_ssize_t count, double *out)
    void la_dense_delayed_i32(Py_ssize_t rows, const int32_t *w, const int32_t *delay,
                              const int32_t *at, const int32_t *x, Py_ssize_t count, int32_t *out)
    void la_dense_delayed_i64(Py_ssize_t rows, const int32_t *w, const int32_t *delay,
                              const int32_t *at, const int64_t *x, Py_ssize_t count, int64_t *out)
    int la_within(Py_ssize_t n, const int32_t *x, int32_t end)
    ctypedef struct la_csc:
        const int64_t *ptr
        const void *row
        int narrow
        int packed
        const void *weights
        const uint8_t *codes
        double one_f64
        int32_t one_i32
    void la_csc_f64(const la_csc *m, const int32_t *at, const double *x, Py_ssize_t count,
                    double *out)
    void la_csc_i32(const la_csc *m, const int32_t *at, const int32_t *x, Py_ssize_t count,
                    int32_t *out)
    void la_csc_i64(const la_csc *m, const int32_t *at, const int64_t *x, Py_ssize_t count,
                    int64_t *out)
    void la_picked_f64(const int64_t *order, const int64_t *start, const int32_t *row,
                       const double *w, const int32_t *at, const double *x, Py_ssize_t count,
                       double *out)
    void la_picked_i32(const int64_t *order, const int64_t *start, const int32_t *row,
                       const int32_t *w, const int32_t *at, const int32_t *x, Py_ssize_t count,
                       int32_t *out)
    void la_picked_i64(const int64_t *order, const int64_t *start, const int32_t *row,
                       const int32_t *w, const int32_t *at, const int64_t *x, Py_ssize_t count,
                       int64_t *out)
    void la_conv_f64(const la_conv *g, const double *kernel, const int32_t *at, const double *x,
                     Py_ssize_t count, double *out)
    void la_conv_i32(const la_conv *g, const int32_t *kernel, const int32_t *at, const int32_t *x,
                     Py_ssize_t count, int32_t *out)
    void la_wrap(Py_ssize_t n, int bits, uint32_t *x)
    int la_order(Py_ssize_t count, const int32_t *at, Py_ssize_t size)
    void la_tally(const la_csc *m, const int32_t *at, Py_ssize_t count, uint16_t *met)
    void la_look_up_f64(Py_ssize_t n, uint16_t *met, const double *table, double *out)
    void la_look_up_i32(Py_ssize_t n, uint16_t *met, const int32_t *table, int32_t *out)

cdef extern from "delays.h" nogil:
    ctypedef struct la_later:
        int32_t depth
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
    int la_later_valued_f64(la_later *l, const la_csc *m, const int32_t *at, const double *x,
                            Py_ssize_t count)
    int la_later_valued_i32(la_later *l, const la_csc *m, const int32_t *at, const int32_t *x,
                            Py_ssize_t count)
    void la_due_f64(la_later *l, int32_t delay, const double *table, double *out, int whole)
    void la_due_i32(la_later *l, int32_t delay, const int32_t *table, int32_t *out, int whole)
    int64_t la_touched_f64(la_later *l, const double *sum, int32_t *index, int64_t limit)
    int64_t la_touched_i32(la_later *l, const int32_t *sum, int32_t *index, int64_t limit)
    void la_clear_f64(const la_later *l, double *sum, const int32_t *index, int64_t found)
    void la_clear_i32(const la_later *l, int32_t *sum, const int32_t *index, int64_t found)
