"""Bindings of the loops in ``learning.h``; contracts in ``_learning.pyi``."""

cimport cython
cimport numpy as cnp
from libc.stdint cimport int32_t, int64_t

import numpy as np

from lava_actor.kernels.arguments cimport data_of, is_array, is_of, size_of

cnp.import_array()


cdef extern from *:
    """
    #ifndef LA_BUILT_FROM
    #define LA_BUILT_FROM ""
    #endif
    """
    const char *LA_BUILT_FROM

BUILT_FROM = LA_BUILT_FROM.decode()


cdef extern from "learning.h" nogil:
    enum: LA_PRE, LA_POST, LA_ALWAYS, LA_VECTOR, LA_TABLE, LA_DOUBLE, LA_INT32, LA_INT64
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
    ctypedef struct la_matrix:
        const int32_t *pointers
        const int32_t *columns
        const int32_t *rows
        const int64_t *order
        const int64_t *starts
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
        int spiked[2]
        Py_ssize_t t_epoch
        int u
        int32_t carry
        int unsettled, found
        int side
        int *how
        void **known
        const int32_t *times
    int la_how(const la_rule *r, const la_product *p, int side)
    int la_depends(const la_rule *r, int side)
    int la_whole_line(const la_rule *r, Py_ssize_t line)
    void la_learn_dense_f64(la_rule *r, const la_elements *spiking)
    void la_learn_dense_i32(la_rule *r, const la_elements *spiking)
    void la_learn_rows_f64(la_rule *r, const la_matrix *m, int scan)
    void la_learn_rows_i32(la_rule *r, const la_matrix *m, int scan)
    void la_learn_columns_f64(la_rule *r, const la_matrix *m)
    void la_learn_columns_i32(la_rule *r, const la_matrix *m)
    void la_history_f64(Py_ssize_t t_epoch, Py_ssize_t traces, Py_ssize_t n, const int32_t *last,
                        const double *decay, const double *impulse, double number, double *course)
    void la_history_i32(Py_ssize_t t_epoch, Py_ssize_t traces, Py_ssize_t n, const int32_t *last,
                        const double *decay, const int32_t *impulse, double number, int32_t *course)

DEF MOST_PRODUCTS = 64
DEF MANY = 16


@cython.final
cdef class _Epoch:
    """A rule and what happened, as the loops take it; keeps alive what they point to."""

    cdef la_rule rule
    cdef int how[MOST_PRODUCTS]
    cdef void *known[MOST_PRODUCTS]
    cdef list kept
    cdef bint fixed

    def __cinit__(self, table, histories, when, int u, int carry, int unsettled):
        cdef la_rule *r = &self.rule
        products, factors, constants, targets = table
        if not (
            is_array(products, cnp.NPY_INT64) and size_of(products) % 7 == 0
            and size_of(products) <= 7 * MOST_PRODUCTS
            and is_array(factors, cnp.NPY_INT64) and size_of(factors) % 5 == 0
            and is_of(constants, cnp.NPY_DOUBLE, size_of(factors) // 5)
            and is_array(targets, cnp.NPY_INT64) and size_of(targets) % 4 == 0
            and size_of(targets) <= 12
        ):
            raise TypeError("table: expected a table of products")
        self.kept = [table]
        r.products, r.targets = size_of(products) // 7, size_of(targets) // 4
        r.product, r.factor = <la_product *>data_of(products), <la_factor *>data_of(factors)
        r.constant, r.target = <double *>data_of(constants), <la_target *>data_of(targets)
        self.fixed = is_array(histories[0], cnp.NPY_INT32)
        r.t_epoch = histories[0].shape[0] - 1
        for side in range(2):
            history = histories[side]
            if not is_array(history, cnp.NPY_INT32 if self.fixed else cnp.NPY_DOUBLE) or len(history) != r.t_epoch + 1:
                raise TypeError("histories: expected contiguous float64 or int32 of equal length")
            spikes = np.ascontiguousarray(when[side], np.int32)
            if spikes.shape != history.shape[2:] or (spikes.size and not 0 <= spikes.min() <= spikes.max() <= r.t_epoch):
                raise ValueError("when: expected positions in the epoch, one per neuron")
            self.kept += [history, spikes]
            r.history[side], r.when[side] = data_of(history), <int32_t *>data_of(spikes)
            r.traces[side], r.neurons[side] = history.shape[1], history.shape[2]
            r.spiked[side] = spikes.any()
        r.u, r.carry, r.unsettled, r.found = u, carry, unsettled, 0
        r.how, r.known = self.how, self.known
        times = np.arange(r.t_epoch + 1, dtype=np.int32)
        self.kept.append(times)
        r.times = <int32_t *>data_of(times)

    cdef int variables(self, list arrays, Py_ssize_t entries) except -1:
        """Take the variables: dense matrices, or stored entries."""
        cdef la_variable *v
        cdef Py_ssize_t item, i
        for i in range(len(arrays)):
            array = arrays[i]
            v = &self.rule.variable[i]
            if array is None:
                continue
            kind = cnp.PyArray_TYPE(<cnp.ndarray?>array)
            if (kind == cnp.NPY_DOUBLE) == self.fixed or kind not in (cnp.NPY_DOUBLE, cnp.NPY_INT32, cnp.NPY_INT64):
                raise TypeError(f"variables: {array.dtype} is none of the types they are held in")
            if not (cnp.PyArray_ISALIGNED(<cnp.ndarray>array) and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>array)
                    and cnp.PyArray_ISNOTSWAPPED(<cnp.ndarray>array)):
                raise TypeError("variables: expected arrays that can be written to")
            v.data = data_of(array)
            v.kind = LA_DOUBLE if kind == cnp.NPY_DOUBLE else LA_INT32 if kind == cnp.NPY_INT32 else LA_INT64
            item = array.itemsize
            if entries >= 0:
                if not is_of(array, kind, entries):
                    raise ValueError("variables: expected one value per stored entry")
                v.by_line, v.by_element = 0, 1
                continue
            if (<object>array).shape != (self.rule.neurons[LA_POST], self.rule.neurons[LA_PRE]):
                raise ValueError("variables: expected matrices (post, pre)")
            v.by_line, v.by_element = array.strides[self.rule.side ^ 1] // item, array.strides[self.rule.side] // item
        return 0

    cdef int lines(self, int side) except -1:
        """Take lines of one side, and make room for what is computed once."""
        cdef la_rule *r = &self.rule
        cdef Py_ssize_t q, count
        r.side = side
        for q in range(r.products):
            r.how[q] = la_how(r, r.product + q, side)
            count = 0
            if r.how[q] == LA_TABLE:
                count = r.t_epoch + 1
            elif r.how[q] == LA_VECTOR:
                count = r.neurons[1 - side] * (r.t_epoch + 1 if r.product[q].condition == side else 1)
            room = np.empty(count, np.int32 if self.fixed else np.float64)
            self.kept.append(room)
            r.known[q] = data_of(room)
        return 0


def trace_history(course, last, decays, impulses, double number):
    cdef bint fixed = is_array(course, cnp.NPY_INT32)
    cdef int kind = cnp.NPY_INT32 if fixed else cnp.NPY_DOUBLE
    if not is_array(course, kind) or course.ndim != 3 or not len(course):
        raise TypeError("course: expected float64 or int32, (t_epoch + 1, traces, neurons)")
    cdef Py_ssize_t t_epoch = course.shape[0] - 1, traces = course.shape[1], n = course.shape[2]
    if not (is_of(last, cnp.NPY_INT32, n) and is_of(decays, cnp.NPY_DOUBLE, traces) and is_of(impulses, kind, traces)):
        raise TypeError("expected int32, one per neuron, and constants, one per trace")
    if fixed:
        la_history_i32(t_epoch, traces, n, <int32_t *>data_of(last), <double *>data_of(decays),
                       <int32_t *>data_of(impulses), number, <int32_t *>data_of(course))
    else:
        la_history_f64(t_epoch, traces, n, <int32_t *>data_of(last), <double *>data_of(decays),
                       <double *>data_of(impulses), number, <double *>data_of(course))


def learn_dense(table, list variables, histories, when, int u, int carry, int unsettled):
    cdef _Epoch epoch = _Epoch(table, histories, when, u, carry, unsettled)
    cdef la_rule *r = &epoch.rule
    cdef la_elements spiking
    first = variables[r.target[0].variable]
    cdef int side = LA_PRE if first.flags.f_contiguous and not first.flags.c_contiguous else LA_POST
    epoch.lines(side)
    epoch.variables(variables, -1)
    neurons = np.flatnonzero(epoch.kept[2 + 2 * (1 - side)])
    short = neurons.astype(np.int32)
    now = epoch.kept[2 + 2 * (1 - side)][neurons]
    spiking.line, spiking.n, spiking.first = 0, neurons.size, 0
    spiking.entry, spiking.neuron = <int64_t *>data_of(neurons), <int32_t *>data_of(short)
    spiking.when = <int32_t *>data_of(now)
    with nogil:
        if epoch.fixed:
            la_learn_dense_i32(r, &spiking)
        else:
            la_learn_dense_f64(r, &spiking)
    return r.found


def learn_sparse(table, list variables, pattern, histories, when, int u, int carry, int unsettled):
    cdef _Epoch epoch = _Epoch(table, histories, when, u, carry, unsettled)
    cdef la_rule *r = &epoch.rule
    cdef la_matrix m
    pointers, columns, rows, by_column = pattern
    cdef Py_ssize_t entries = size_of(columns)
    if not (is_of(pointers, cnp.NPY_INT32, r.neurons[LA_POST] + 1) and is_of(columns, cnp.NPY_INT32, entries)
            and is_of(rows, cnp.NPY_INT32, entries)):
        raise TypeError("pattern: expected int32 arrays of a matrix in compressed rows")
    m.pointers, m.columns, m.rows = <int32_t *>data_of(pointers), <int32_t *>data_of(columns), <int32_t *>data_of(rows)
    epoch.variables(variables, entries)
    cdef bint everything = unsettled or (u and la_depends(r, LA_ALWAYS))
    # Reading all entries in order is faster than picking those of many columns.
    spiking = np.count_nonzero(epoch.kept[2])
    cdef bint scan = not everything and la_depends(r, LA_PRE) and MANY * spiking > r.neurons[LA_PRE]
    if everything or scan or la_depends(r, LA_POST):
        epoch.lines(LA_POST)
        with nogil:
            if epoch.fixed:
                la_learn_rows_i32(r, &m, scan)
            else:
                la_learn_rows_f64(r, &m, scan)
    if not everything and not scan and la_depends(r, LA_PRE) and r.spiked[LA_PRE]:
        order, starts = by_column()
        if not (is_of(order, cnp.NPY_INT64, entries) and is_of(starts, cnp.NPY_INT64, r.neurons[LA_PRE] + 1)):
            raise TypeError("pattern: expected the order of entries by column as int64")
        m.order, m.starts = <int64_t *>data_of(order), <int64_t *>data_of(starts)
        epoch.lines(LA_PRE)
        with nogil:
            if epoch.fixed:
                la_learn_columns_i32(r, &m)
            else:
                la_learn_columns_f64(r, &m)
    return r.found
