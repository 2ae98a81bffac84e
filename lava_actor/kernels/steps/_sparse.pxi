"""Sparse connections. Included by ``_steps.pyx``."""


cdef enum:
    # Entries of a column with the same delay, on average, from which on they are noted together.
    PER_RUN = 3


cdef class SparseBurst(_ConnectionBurst):
    """Compressed columns, as `lava_actor.proc._operators.SparseOperator` keeps them."""

    cdef object operator
    cdef la_csc matrix
    cdef object table  # sums of 0, 1, 2 … weights, if all weights are one value
    cdef void *sum_of
    cdef uint16_t *met
    cdef Py_ssize_t per_column

    def __dealloc__(self):
        free(self.met)

    cdef bint take_weights(self) except -1:
        operator = self.model._la_current_operator()
        if operator.reach > self.n_out * self.depth:
            return False
        if operator is self.operator:
            return True
        if tuple(operator.shape) != (self.n_out, self.n_in):
            return False
        pointers, rows, weights, codes, one = operator.parts()
        self.matrix.narrow = is_array(rows, cnp.NPY_UINT16)
        self.matrix.packed = is_array(rows, cnp.NPY_UINT32)
        coded = codes is not None or self.matrix.packed
        if not (
            is_of(pointers, cnp.NPY_INT64, self.n_in + 1)
            and (self.matrix.narrow or self.matrix.packed or is_array(rows, cnp.NPY_INT32))
            and (weights is None or is_of(weights, self.kind, 256 if coded else size_of(rows)))
            and (codes is None or is_of(codes, cnp.NPY_UINT8, size_of(rows)))
        ):
            return False
        self.matrix.ptr = <int64_t *>data_of(pointers)
        self.matrix.by_delay = 0 < PER_RUN * operator.runs < size_of(rows)
        self.matrix.row = data_of(rows)
        self.matrix.weights = NULL if weights is None else data_of(weights)
        self.matrix.codes = NULL if codes is None else <uint8_t *>data_of(codes)
        self.per_column = size_of(rows) // max(1, self.n_in)
        self.operator = operator
        self.take_one(one)
        return True

    cdef int take_one(self, one) except -1:
        """Prepare for the one value of all weights, if there is one."""
        self.sum_of = NULL
        if self.matrix.weights != NULL:
            return 0
        if self.code == LA_F64:
            self.matrix.one_f64 = one
        else:
            self.matrix.one_i32 = one
        self.table = None if self.delayed else self.operator.multiples()
        if self.table is None or not is_array(self.table, self.kind):
            return 0
        if self.met == NULL:
            self.met = <uint16_t *>calloc(max(1, self.n_out), sizeof(uint16_t))
            if self.met == NULL:
                raise MemoryError()
        self.sum_of = data_of(self.table)
        return 0

    cdef Py_ssize_t additions(self, Py_ssize_t count) noexcept nogil:
        return count * self.per_column

    cdef void put(
        self, const int32_t *at, const void *x, Py_ssize_t count, void *out
    ) noexcept nogil:
        # A few events are added faster than all rows are looked up.
        if self.sum_of != NULL and x == NULL and 2 * self.additions(count) > self.n_out:
            la_tally(&self.matrix, at, count, self.met)
            la_look_up(self.kind, self.n_out, self.met, self.sum_of, out)
            return
        _ConnectionBurst.put(self, at, x, count, out)

    cdef void add(
        self, const int32_t *at, const void *x, Py_ssize_t count, void *out
    ) noexcept nogil:
        la_csc_add(self.kind, &self.matrix, at, x, count, out)


cdef void *_zeros = NULL
cdef size_t _n_zeros = 0


cdef void *_zeros_of(size_t nbytes) except NULL:
    """Room that is all zeros, and is to be so again before the interpreter lock is given up.

    It belongs to all connections: one for each would push everything else out of the caches.
    """
    global _zeros, _n_zeros
    if _zeros == NULL or nbytes > _n_zeros:
        free(_zeros)
        _n_zeros = nbytes
        _zeros = calloc(nbytes + 1, 1)
    if _zeros == NULL:
        raise MemoryError()
    return _zeros


cdef enum:
    # One neuron of so many has an input: sums are given neuron by neuron.
    FEW = 16


cdef class DelaySparseBurst(SparseBurst):
    """The same with a delay for each synapse.

    While little happens, what is due in later steps is in a list of notes for each of them
    (delays.h), else in a line as of every connection with delays. The model's attribute of the line
    takes the place of the lists as soon as somebody looks at it: it calls `land`. The lists are in
    force as long as the model refers to them.
    """

    cdef la_later later
    cdef bint may_list, lists
    cdef bint coded  # notes have codes
    cdef size_t note  # bytes of one
    cdef object code_table
    cdef void *table_at
    cdef bint failed  # no memory for a note
    cdef object given  # the line in front of the lists, as long as it lasts; None: zeros
    cdef Py_ssize_t given_at
    cdef int64_t added  # about how much in the last steps
    cdef int steps
    cdef bint busy

    def __dealloc__(self):
        la_later_free(&self.later)

    cdef bint holds_line(self):
        self.lists = self.lists and self.model.__dict__.get("_la_later") is self
        return self.lists

    cdef bint prepare(self) except -1:
        cdef bint coded
        if self.holds_line() and self.model._la_current_operator() is not self.operator:
            self.model.a_buff  # lists are about the former weights
        if not SparseBurst.prepare(self):
            return False
        self.may_list = not (self.shows or self.exponent or self.like is None) and getattr(
            type(self.model).a_buff, "lands", False
        )
        coded = not self.graded and la_can_code(&self.matrix, <int32_t>self.n_out)
        if self.lists and (coded != self.coded or not self.may_list):
            self.model.a_buff  # the line takes the place of the lists
        self.coded = coded
        if self.may_list and not (self.lists or self.busy):
            self._use_lists()
        return True

    cdef int _use_lists(self) except -1:
        """Begin with lists behind the present line."""
        if not la_later_init(&self.later, <int32_t>self.depth, <int32_t>self.n_out):
            raise MemoryError()
        self.show()
        line = self.window
        self.given, self.given_at = line if np.any(line) else None, 0
        self.table_at = NULL
        self.note = sizeof(la_note_f64) if self.code == LA_F64 else sizeof(la_note_i32)
        if self.coded:
            self.note = sizeof(uint32_t)
            pointers, rows, weights, codes, one = self.operator.parts()
            self.code_table = np.full(256, one) if weights is None else weights
            self.code_table = np.ascontiguousarray(self.code_table, self.model._la_number)
            self.table_at = data_of(self.code_table)
        self.track = self.window = None
        self.lists = True
        self.model.__dict__["_la_later"] = self
        return 0

    def land(self):
        """Put the line that says the same in the place of the lists, here and in the model."""
        cdef cnp.ndarray line
        cdef char *at
        cdef int32_t d
        cdef size_t column = self.n_out * self.width()
        if self.failed:
            raise MemoryError()
        line = np.zeros((self.n_out, self.depth), self.model._la_number, order="F")
        if self.given is not None:
            (<object>line)[:, : self.depth - self.given_at] = self.given[:, self.given_at :]
        at = <char *>data_of(line)
        for d in range(self.later.depth):
            self._add_due(d, at + d * column, True)
        la_later_free(&self.later)
        self.given = None
        self.lists = False
        self.lay(line)

    cdef int64_t due_now(self) noexcept:
        """How many notes there are for this step."""
        return la_later_used(&self.later, 0, self.note)

    cdef void _add_due(self, int32_t delay, void *out, bint whole) noexcept nogil:
        """Add what is noted for a delay."""
        la_due(self.kind, &self.later, delay, self.table_at, out, whole)

    cdef int fill(self, la_slot *slot) except -1:
        """Write what is due now: as events if surely few of the rows get any."""
        if not self.lists:
            return SparseBurst.fill(self, slot)
        if self.failed:
            raise MemoryError()
        cdef RingWriter writer = self.writer
        cdef size_t column = self.n_out * self.width()
        cdef int32_t *index = <int32_t *>writer.payload_of(slot)
        cdef int64_t used = self.due_now(), found
        cdef int64_t most = writer.most_found() if self.given is None else -1
        cdef void *sum
        if used > most or used >= LONG_LOOP:
            self._fill_whole(writer.whole(slot), column, used >= LONG_LOOP)
            return 0
        sum = _zeros_of(column)
        self._add_due(0, sum, False)
        found = la_touched(self.kind, &self.later, sum, index, most)
        writer.fill_found(slot, sum, found)
        la_clear(self.kind, &self.later, sum, index, found)
        return 0

    cdef bint can_give(self) except -1:
        if self.failed:
            raise MemoryError()
        return not self.lists or (
            self.given is None and self.due_now() < LONG_LOOP and self.n_out * self.width() <= LONG_GIFT
        )

    cdef void *sums_now(self) noexcept:
        return NULL if self.lists else SparseBurst.sums_now(self)

    cdef int give(self, void *to, Py_ssize_t n) except -1:
        if not self.lists:
            return SparseBurst.give(self, to, n)
        cdef void *sum = _zeros_of(self.n_out * self.width())
        cdef bint whole = FEW * self.due_now() > n
        self._add_due(0, sum, whole)
        if whole:
            la_move_sums(self.kind, n, sum, to)
        else:
            la_move_touched(self.kind, n, self.later.touched, sum, to)
        return 0

    cdef int _fill_whole(self, void *out, size_t column, bint takes_long) except -1:
        if self.given is None:
            memset(out, 0, column)
        else:
            memcpy(
                out,
                <char *>cnp.PyArray_DATA(<cnp.ndarray>self.given) + self.given_at * column,
                column,
            )
        if takes_long:
            with nogil:
                self._add_due(0, out, True)
        else:
            self._add_due(0, out, True)
        return 0

    cdef void compute(self, const int32_t *at, const void *x, Py_ssize_t count) noexcept nogil:
        cdef int done = 1
        self.added += self.additions(count)
        if not self.lists:
            SparseBurst.compute(self, at, x, count)
        elif self.coded:
            done = la_later_coded(&self.later, &self.matrix, at, count)
        else:
            done = la_later_valued(self.kind, &self.later, &self.matrix, at, x, count)
        if not done:
            self.failed = True

    cdef int receive_by_model(self) except -1:
        if self.lists:
            self.model.a_buff
        return SparseBurst.receive_by_model(self)

    cdef int advance(self) except -1:
        self.steps += 1
        if self.steps == LOOK_AT:
            self._look_at_work()
        if not self.lists:
            return SparseBurst.advance(self)
        la_later_advance(&self.later)
        if self.given is not None:
            self.given_at += 1
            if self.given_at == self.depth:
                self.given = None
        return 0

    cdef int _look_at_work(self) except -1:
        """Hold what is due in the way that is less work: a step of a line costs all of its rows."""
        cdef int64_t each = self.added // self.steps
        self.steps = self.added = 0
        self.busy = each > (self.n_out // 2 if self.busy else self.n_out)
        if self.lists and self.busy:
            self.model.a_buff
        elif self.may_list and not (self.lists or self.busy):
            self._use_lists()
        return 0
