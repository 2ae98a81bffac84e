"""Bindings of the loops in ``learning.h``; contracts in ``_learning.pyi``."""

cimport cython
cimport numpy as cnp
from libc.stdlib cimport free

import numpy as np

from lava_actor.kernels.arguments cimport *

cnp.import_array()
include "../built_from.pxi"


cdef extern from "learning.h" nogil:
    enum: LA_PRE, LA_POST, LA_SYNAPSE, LA_VECTOR, LA_TABLE, LA_DOUBLE, LA_INT32, LA_INT64
    int la_how(const la_rule *r, const la_product *p, int side)
    void la_prepare(bint fixed, const la_rule *r)
    void la_fetch_line(bint fixed, la_rule **rules, const la_lines *m, Py_ssize_t line, int first,
                       int last)
    void la_learn_all(bint fixed, la_rule **rules, la_elements **spiking, la_lines *m,
                      const uint32_t *epochs, Py_ssize_t line, int last)
    void la_history(bint fixed, Py_ssize_t t_epoch, Py_ssize_t traces, Py_ssize_t n,
                    const int32_t *last, const double *decay, const void *impulse, double number,
                    void *course)


cdef class Epoch:
    """A rule and what happened, as the loops take it; keeps alive what they point to."""

    def __cinit__(self, table, histories, when, int u, int carry, int unsettled):
        cdef la_rule *r = &self.rule
        products, factors, constants, targets = table
        if not (
            is_array(products, cnp.NPY_INT64) and size_of(products) % 7 == 0
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
        r.u, r.carry, r.always = u, carry, unsettled
        how, known = np.zeros(r.products, np.int32), np.zeros(r.products, np.uintp)
        self.kept += [how, known]
        r.how, r.known = <int *>data_of(how), <void **>data_of(known)

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
        la_prepare(self.fixed, r)
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


cdef class Lines:
    def __cinit__(self, bint by_column, Py_ssize_t n, pattern=None):
        self.by_column, self.side, self.n = by_column, LA_PRE if by_column else LA_POST, n
        self.epochs, self.entries, self.pattern = [], -1, pattern
        if pattern is not None:
            starts, neurons = pattern
            if not (is_of(starts, cnp.NPY_INT64, n + 1) and is_array(neurons, cnp.NPY_INT32)):
                raise TypeError("pattern: expected where lines start (int64), and neurons (int32)")
            self.entries = size_of(neurons)
            self.lines.starts, self.lines.neurons = <int64_t *>data_of(starts), <int32_t *>data_of(neurons)
        self.lines.done = <int32_t *>room_for(n, sizeof(int32_t))
        self.lines.unsettled = <uint8_t *>room_for(n, 1)

    def __dealloc__(self):
        free(self.lines.done)
        free(self.lines.unsettled)

    @property
    def waiting(self):
        return self.n_epochs

    def add(self, table, list variables, histories, when, int u, int carry, int unsettled):
        if self.n_epochs == MOST_EPOCHS:
            self.catch_up()
        cdef Epoch epoch = Epoch(table, histories, when, u, carry, unsettled)
        if epoch.rule.neurons[self.side] != self.n:
            raise ValueError(f"histories: expected {self.n} lines")
        epoch.rule.side = self.side
        epoch.variables(variables, self.entries)
        epoch.lines(self.side)
        if self.pattern is not None:
            if not self.n_epochs:
                self.spiked_in = np.zeros(epoch.rule.neurons[1 - self.side], np.uint32)
                self.spiked = <uint32_t *>data_of(self.spiked_in)
            self.spiked_in[np.asarray(when[1 - self.side]) > 0] |= np.uint32(1 << self.n_epochs)
        self.nbytes += sum([array.nbytes for array in epoch.kept[1:] if array is not None])
        self.rules[self.n_epochs], self.spiking[self.n_epochs] = &epoch.rule, &epoch.spiking
        self.fixed = epoch.fixed
        self.epochs.append(epoch)
        self.n_epochs += 1

    cdef int learn(self, const int32_t *some, Py_ssize_t count) noexcept nogil:
        cdef Py_ssize_t i, line, ahead
        cdef int epochs = self.n_epochs, unsettled = 0
        cdef const int32_t *done = self.lines.done
        if not epochs:
            return 0
        for i in range(count):
            line = some[i] if some != NULL else i
            if i + 1 < count:
                ahead = some[i + 1] if some != NULL else i + 1
                la_fetch_line(self.fixed, self.rules, &self.lines, ahead, done[ahead], epochs)
            la_learn_all(self.fixed, self.rules, self.spiking, &self.lines, self.spiked, line, epochs)
            self.lines.done[line] = 0 if some == NULL else epochs
            unsettled |= self.lines.unsettled[line]
        return unsettled

    def catch_up(self, at=None):
        cdef const int32_t *some = NULL
        cdef Py_ssize_t count = self.n, i
        cdef int found = 0
        if at is not None:
            if not is_array(at, cnp.NPY_INT32):
                raise TypeError("at: expected int32")
            some, count = <int32_t *>data_of(at), size_of(at)
            for i in range(count):
                if not 0 <= some[i] < self.n:
                    raise IndexError(f"at: expected lines 0 … {self.n - 1}, got {some[i]}")
        with nogil:
            found = self.learn(some, count)
        if at is None:
            self.epochs, self.nbytes, self.n_epochs = [], 0, 0
        return found


def trace_history(course, last, decays, impulses, double number):
    cdef bint fixed = is_array(course, cnp.NPY_INT32)
    cdef int kind = cnp.NPY_INT32 if fixed else cnp.NPY_DOUBLE
    if not is_array(course, kind) or course.ndim != 3 or not len(course):
        raise TypeError("course: expected float64 or int32, (t_epoch + 1, traces, neurons)")
    cdef Py_ssize_t t_epoch = course.shape[0] - 1, traces = course.shape[1], n = course.shape[2]
    if not (is_of(last, cnp.NPY_INT32, n) and is_of(decays, cnp.NPY_DOUBLE, traces) and is_of(impulses, kind, traces)):
        raise TypeError("expected int32, one per neuron, and constants, one per trace")
    la_history(fixed, t_epoch, traces, n, <int32_t *>data_of(last), <double *>data_of(decays),
               data_of(impulses), number, data_of(course))


cdef void book(const int32_t *at, Py_ssize_t count, int64_t position, int64_t *last, void **traces,
               Py_ssize_t n_traces, const void *impulses, bint fixed) noexcept nogil:
    cdef Py_ssize_t i, k
    cdef int64_t sum
    cdef int64_t *whole
    for k in range(n_traces if position > 1 else 0):
        whole = <int64_t *>traces[k]
        for i in range(count):
            if last[at[i]] <= 0:
                continue
            if fixed:
                sum = <int64_t>(<uint64_t>whole[at[i]] + <uint64_t><int64_t>(<int32_t *>impulses)[k])
                whole[at[i]] = min(max(sum, 0), MOST_OF_TRACE)
            else:
                (<double *>whole)[at[i]] += (<double *>impulses)[k]
    for i in range(count):
        last[at[i]] = position


def book_spikes(spiking, int64_t position, last, list traces, impulses):
    cdef bint fixed = is_array(impulses, cnp.NPY_INT32)
    cdef Py_ssize_t n = len(last), count = size_of(spiking), i
    cdef void *held[3]
    if not (is_array(spiking, cnp.NPY_INT32) and is_state(last, cnp.NPY_INT64, n) and len(traces) <= 3
            and is_of(impulses, cnp.NPY_INT32 if fixed else cnp.NPY_DOUBLE, len(traces))):
        return False
    for i in range(len(traces)):
        if not is_state(traces[i], cnp.NPY_INT64 if fixed else cnp.NPY_DOUBLE, n):
            return False
        held[i] = data_of(traces[i])
    for i in range(count):
        if not 0 <= (<int32_t *>data_of(spiking))[i] < n:
            return False
    book(<int32_t *>data_of(spiking), count, position, <int64_t *>data_of(last), held, len(traces),
         data_of(impulses), fixed)
    return True
