"""Bindings of the loops in ``learning.h``; contracts in ``_learning.pyi``."""

cimport cython
cimport numpy as cnp
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free

import numpy as np

from lava_actor.kernels.arguments cimport data_of, is_array, is_of, is_state, size_of

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
    enum: LA_PRE, LA_POST, LA_SYNAPSE, LA_VECTOR, LA_TABLE, LA_DOUBLE, LA_INT32, LA_INT64
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
        int unsettled, found
        int side
        int *how
        void **known
    int la_how(const la_rule *r, const la_product *p, int side)
    void la_prepare_f64(const la_rule *r)
    void la_prepare_i32(const la_rule *r)
    void la_fetch_f64(la_rule **rules, const la_lines *m, Py_ssize_t line, int first, int last)
    void la_fetch_i32(la_rule **rules, const la_lines *m, Py_ssize_t line, int first, int last)
    void la_learn_all_f64(la_rule **rules, la_elements **spiking, const la_lines *m, const uint32_t *epochs,
                          Py_ssize_t line, int first, int last)
    void la_learn_all_i32(la_rule **rules, la_elements **spiking, const la_lines *m, const uint32_t *epochs,
                          Py_ssize_t line, int first, int last)
    void la_history_f64(Py_ssize_t t_epoch, Py_ssize_t traces, Py_ssize_t n, const int32_t *last,
                        const double *decay, const double *impulse, double number, double *course)
    void la_history_i32(Py_ssize_t t_epoch, Py_ssize_t traces, Py_ssize_t n, const int32_t *last,
                        const double *decay, const int32_t *impulse, double number, int32_t *course)

DEF MOST_PRODUCTS = 64
DEF MOST_EPOCHS = 32


@cython.final
cdef class _Epoch:
    """A rule and what happened, as the loops take it; keeps alive what they point to."""

    cdef la_rule rule
    cdef la_elements spiking
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
            spikes = np.array(when[side], np.int32, order="C")
            if spikes.shape != history.shape[2:] or (spikes.size and not 0 <= spikes.min() <= spikes.max() <= r.t_epoch):
                raise ValueError("when: expected positions in the epoch, one per neuron")
            self.kept += [history, spikes]
            r.history[side], r.when[side] = data_of(history), <int32_t *>data_of(spikes)
            r.traces[side], r.neurons[side] = history.shape[1], history.shape[2]
            r.spiked[side] = spikes.any()
        r.u, r.carry, r.unsettled, r.found = u, carry, unsettled, 0
        r.how, r.known = self.how, self.known

    cdef int variables(self, list arrays, Py_ssize_t entries) except -1:
        """Take the variables: stored entries, or dense matrices for -1."""
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
        cdef bint synapses = False
        for q in range(r.products):
            r.how[q] = la_how(r, r.product + q, side)
            synapses = synapses or r.how[q] == LA_SYNAPSE
            count = 0
            if r.how[q] == LA_TABLE:
                count = r.neurons[side] * (r.t_epoch + 1)
            elif r.how[q] == LA_VECTOR:
                count = r.neurons[1 - side] * (r.t_epoch + 1 if r.product[q].condition == side else 1)
            room = np.empty(count, np.int32 if self.fixed else np.float64)
            self.kept.append(room)
            r.known[q] = data_of(room)
        if self.fixed:
            la_prepare_i32(r)
        else:
            la_prepare_f64(r)
        if not synapses:  # all of the traces are in what is known
            self.kept[1] = self.kept[3] = None
            r.history[LA_PRE] = r.history[LA_POST] = NULL
        when = self.kept[2 + 2 * (1 - side)]
        neurons = np.flatnonzero(when)
        short, now, shorter = neurons.astype(np.int32), when[neurons], when.astype(np.uint8)
        by_time = short[np.argsort(now, kind="stable")]
        begins = np.searchsorted(np.sort(now), np.arange(r.t_epoch + 2)).astype(np.int32)
        self.kept += [neurons, short, now, shorter, by_time, begins]
        r.by_time, r.begins = <int32_t *>data_of(by_time), <int32_t *>data_of(begins)
        r.short_when = <uint8_t *>data_of(shorter)
        self.spiking.line, self.spiking.n, self.spiking.first = 0, neurons.size, 0
        self.spiking.entry, self.spiking.neuron = <int64_t *>data_of(neurons), <int32_t *>data_of(short)
        self.spiking.when = <int32_t *>data_of(now)
        return 0


@cython.final
cdef class Lines:
    cdef list epochs
    cdef la_rule *rules[MOST_EPOCHS]
    cdef la_elements *spiking[MOST_EPOCHS]
    cdef int32_t *done  # by line, of those epochs
    cdef object spiked  # by neuron of a sparse matrix, in which of them: a bit each
    cdef readonly Py_ssize_t nbytes
    cdef int side
    cdef Py_ssize_t n, entries
    cdef la_lines lines
    cdef tuple pattern
    cdef readonly bint by_column

    def __cinit__(self, bint by_column, Py_ssize_t n, pattern=None):
        self.by_column, self.side, self.n = by_column, LA_PRE if by_column else LA_POST, n
        self.epochs, self.entries, self.pattern = [], -1, pattern
        if pattern is not None:
            starts, neurons = pattern
            if not (is_of(starts, cnp.NPY_INT64, n + 1) and is_array(neurons, cnp.NPY_INT32)):
                raise TypeError("pattern: expected where lines start (int64), and neurons (int32)")
            self.entries = size_of(neurons)
            self.lines.starts, self.lines.neurons = <int64_t *>data_of(starts), <int32_t *>data_of(neurons)
        self.done = <int32_t *>calloc(n + 1, sizeof(int32_t))
        if self.done == NULL:
            raise MemoryError()

    def __dealloc__(self):
        free(self.done)

    @property
    def waiting(self):
        return len(self.epochs)

    def add(self, table, list variables, histories, when, int u, int carry, int unsettled):
        if len(self.epochs) == MOST_EPOCHS:
            self.catch_up()
        cdef _Epoch epoch = _Epoch(table, histories, when, u, carry, unsettled)
        if epoch.rule.neurons[self.side] != self.n:
            raise ValueError(f"histories: expected {self.n} lines")
        epoch.rule.side = self.side
        epoch.variables(variables, self.entries)
        epoch.lines(self.side)
        if self.pattern is not None:
            if not self.epochs:
                self.spiked = np.zeros(epoch.rule.neurons[1 - self.side], np.uint32)
            self.spiked[np.asarray(when[1 - self.side]) > 0] |= np.uint32(1 << len(self.epochs))
        self.nbytes += sum([array.nbytes for array in epoch.kept[1:] if array is not None])
        self.rules[len(self.epochs)], self.spiking[len(self.epochs)] = &epoch.rule, &epoch.spiking
        self.epochs.append(epoch)

    def catch_up(self, at=None):
        cdef Py_ssize_t epochs = len(self.epochs), count = self.n, i, line, ahead
        cdef const int32_t *some = NULL
        cdef int found = 0
        if not epochs:
            return 0
        if at is not None:
            if not is_array(at, cnp.NPY_INT32):
                raise TypeError("at: expected int32")
            some, count = <int32_t *>data_of(at), size_of(at)
            for i in range(count):
                if not 0 <= some[i] < self.n:
                    raise IndexError(f"at: expected lines 0 … {self.n - 1}, got {some[i]}")
        cdef bint fixed = (<_Epoch>self.epochs[0]).fixed
        cdef const uint32_t *spiked = NULL if self.pattern is None else <uint32_t *>data_of(self.spiked)
        with nogil:
            for i in range(count):
                line = some[i] if some != NULL else i
                if i + 1 < count:
                    ahead = some[i + 1] if some != NULL else i + 1
                    if fixed:
                        la_fetch_i32(self.rules, &self.lines, ahead, self.done[ahead], <int>epochs)
                    else:
                        la_fetch_f64(self.rules, &self.lines, ahead, self.done[ahead], <int>epochs)
                if fixed:
                    la_learn_all_i32(self.rules, self.spiking, &self.lines, spiked, line, self.done[line], <int>epochs)
                else:
                    la_learn_all_f64(self.rules, self.spiking, &self.lines, spiked, line, self.done[line], <int>epochs)
                self.done[line] = 0 if some == NULL else <int32_t>epochs
        if at is None:
            found = self.rules[epochs - 1].found
            self.epochs, self.nbytes = [], 0
        return found


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


def book_spikes(spiking, int64_t position, last, list traces, impulses, int64_t most):
    cdef bint fixed = is_array(impulses, cnp.NPY_INT32)
    cdef Py_ssize_t n = len(last), count = size_of(spiking), i, k
    cdef const int64_t *at = <int64_t *>data_of(spiking)
    cdef int64_t *when = <int64_t *>data_of(last)
    cdef int64_t *whole
    cdef double *real
    cdef int64_t sum
    if not (is_array(spiking, cnp.NPY_INT64) and is_state(last, cnp.NPY_INT64, n)
            and is_of(impulses, cnp.NPY_INT32 if fixed else cnp.NPY_DOUBLE, len(traces))):
        return False
    for trace in traces:
        if not is_state(trace, cnp.NPY_INT64 if fixed else cnp.NPY_DOUBLE, n):
            return False
    for i in range(count):
        if not 0 <= at[i] < n:
            return False
    for k in range(len(traces) if position > 1 else 0):
        real, whole = <double *>data_of(traces[k]), <int64_t *>data_of(traces[k])
        for i in range(count):
            if when[at[i]] <= 0:
                continue
            if fixed:
                sum = <int64_t>(<uint64_t>whole[at[i]] + <uint64_t><int64_t>(<int32_t *>data_of(impulses))[k])
                whole[at[i]] = min(max(sum, 0), most)
            else:
                real[at[i]] += (<double *>data_of(impulses))[k]
    for i in range(count):
        when[at[i]] = position
    return True
