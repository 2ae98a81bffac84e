"""Connections that learn: spikes on both sides are booked, and epochs closed. Included by ``_steps.pyx``."""

# Phases of a step (protocol/step.py).
cdef enum:
    SPIKING = 1
    LEARNING = 3


cdef class LearningBurst(_ConnectionBurst):
    """What a connection does, then what its learning engine does with the spikes.

    Columns that are needed catch up first (`lava_actor.learning.arrears`). Random numbers that
    nobody asks for are owed to the model, and drawn when somebody does. What closes an epoch is
    the model's own `run_lrn`; what cannot be booked from where it lies, its Python receives.
    """

    cdef list fronts  # rings before the synapses
    cdef list behind  # rings behind them, each with an index map or None
    cdef list inlets  # of traces behind them, that come along; none: two factors
    cdef uint8_t *seen
    cdef int32_t *fired  # who spiked behind the synapses, once each
    cdef int32_t *at_hand  # events of one ring
    cdef void *values_at_hand
    cdef tuple held
    cdef Lines lines
    cdef const void *dense  # NULL: sparse
    cdef la_csc matrix
    cdef int64_t *last[2]
    cdef void *traces[2][3]
    cdef uint8_t *y0
    cdef object jump_before, jump_behind
    cdef bint varies, by_payload
    cdef bint alone  # only the spiking phase
    cdef int64_t t_epoch
    cdef uint64_t number
    cdef int owed

    def __init__(self, model, parts, writer, Py_ssize_t n_in, Py_ssize_t n_out, behind, inlets):
        super().__init__(model, parts, writer, n_in, n_out)
        self.fronts = [ring for ring, _ in model.s_in.native_sources()]
        self.behind = behind
        self.inlets = [_Inlet(*inlet, False) for inlet in inlets]
        self.whole = True
        cdef Py_ssize_t most = n_out
        for ring, _ in behind:
            most = max(most, (<RingReader?>ring).size)
        self.seen = <uint8_t *>room_for(n_out, 1)
        self.fired = <int32_t *>room_for(n_out, sizeof(int32_t))
        self.at_hand = <int32_t *>room_for(most + LA_FIND_SLACK, sizeof(int32_t))
        self.values_at_hand = room_for(most, sizeof(double))

    def __dealloc__(self):
        free(self.seen)
        free(self.fired)
        free(self.at_hand)
        free(self.values_at_hand)

    def once(self, uint64_t number):
        """Spiking alone."""
        self.alone = True
        try:
            _ConnectionBurst.once(self, number)
        finally:
            self.alone = False

    cdef bint take_weights(self) except -1:
        cdef Py_ssize_t side, k
        held = self.model._la_native_state()
        if held is None:
            return False
        self.held = held
        self.lines, self.t_epoch, weights, sides, y0, self.varies, self.by_payload = held
        for side in range(2):
            last, traces, jump = sides[side]
            n = self.n_out if side else self.n_in
            if not is_state(last, cnp.NPY_INT64, n):
                return False
            self.last[side] = <int64_t *>data_of(last)
            for k in range(len(traces)):
                if not is_state(traces[k], cnp.NPY_DOUBLE if self.code == LA_F64 else cnp.NPY_INT64, n):
                    return False
                self.traces[side][k] = data_of(traces[k])
        self.jump_before, self.jump_behind = sides[0][2], sides[1][2]
        if not is_state(y0, cnp.NPY_BOOL, self.n_out):
            return False
        self.y0 = <uint8_t *>data_of(y0)
        return self.take_matrix(weights)

    cdef bint take_matrix(self, weights) except -1:
        if type(weights) is tuple:
            starts, rows, data = weights
            self.dense = NULL
            self.matrix.ptr, self.matrix.row, self.matrix.weights = (
                <int64_t *>data_of(starts), data_of(rows), data_of(data)
            )
            return True
        self.dense = data_of(weights)
        return is_columns(weights, self.kind) and size_of(weights) == self.n_out * self.n_in

    # -- a step --------------------------------------------------------------------------------

    cdef int step(self, uint64_t number) except -1:
        self.send()
        self.take_before(number)
        return self.take_behind(number)

    cdef int stages(self) noexcept:
        return 3

    cdef list ends(self, int stage, list inward):
        if stage == 0:
            return [] if self.writer is None else [(self.writer, 1, 0)]
        if stage == 1:
            return [(self, 1, 0), *[(ring, 1, 0) for ring in self.fronts]]
        rings = [ring for ring, _ in self.behind]
        return [(r, 1, 0) for r in rings + [r for i in self.inlets for r in (<_Inlet>i).readers]]

    cdef int do(self, int stage, uint64_t number) except -1:
        if stage == 0:
            return self.send()
        return self.take_before(number) if stage == 1 else self.take_behind(number)

    cdef uint64_t call(self, uint64_t number) except? 255:
        model = self.model
        model.time_step = number
        model.run_spk()
        cdef uint64_t bits = self.asked()
        if not bits and model.lrn_guard():
            self.learn()
        return bits

    cdef Py_ssize_t additions(self, Py_ssize_t count) noexcept nogil:
        return 8 * count * (self.n_out if self.dense != NULL else self.lines.entries // max(1, self.n_in))

    cdef void add(
        self, const int32_t *at, const void *x, Py_ssize_t count, void *out
    ) noexcept nogil:
        self.lines.learn(at, count)
        if self.dense != NULL:
            la_dense(self.kind, self.n_out, self.dense, at, x, count, out)
        else:
            la_csc_add(self.kind, &self.matrix, at, x, count, out)

    cdef int take_before(self, uint64_t number) except -1:
        """Receive spikes before the synapses, compute, book them."""
        cdef const int32_t *at = NULL
        cdef const void *x = NULL
        cdef Py_ssize_t count = self.await_front(&at, &x)
        if count < 0:
            self.receive_by_model()
            self.model.time_step = number
            self.model._la_book_arrived()
            return 0
        self.compute_alone(at, x, count)
        if self.by_payload:
            self.model.time_step = number
            self.book_payloads(at, x, count)
        else:
            self.book_before(at, x, count, (number - 1) % self.t_epoch + 1)
        self.release_front()
        return 0

    cdef int book_before(
        self, const int32_t *at, const void *x, Py_ssize_t count, int64_t position
    ) except -1:
        cdef Py_ssize_t i, spiking = 0
        if x != NULL:  # a factor of zero is no spike
            for i in range(count):
                self.indices[spiking] = at[i]
                spiking += _number_at(self.code, x, i) != 0
            at, count = self.indices, spiking
        book(at, count, position, self.last[0], self.traces[0], 2, data_of(self.jump_before),
             self.code != LA_F64)
        return 0

    cdef int book_payloads(self, const int32_t *at, const void *x, Py_ssize_t count) except -1:
        """Payloads drive a trace: the model knows how."""
        cdef Py_ssize_t i
        s_in = np.zeros(self.n_in, self.model._la_number)
        for i in range(count):
            s_in[at[i]] = 1 if x == NULL else _number_at(self.code, x, i)
        self.model._process_pre_spikes(s_in)
        return 0

    cdef int take_behind(self, uint64_t number) except -1:
        """Receive spikes, and traces, behind the synapses; book them; close an epoch."""
        cdef Py_ssize_t count, i
        cdef int64_t position = (number - 1) % self.t_epoch + 1
        self.owed += 1
        for ring, _ in self.behind:
            (<RingReader>ring).await_data()
        count = self.look_behind()
        if count < 0:
            self.pay()
            self.model.time_step = number
            self.model._la_receive_behind()
        else:
            for ring, _ in self.behind:
                (<RingReader>ring).release()
            if self.varies and position > 1 and count:
                self.pay()
                self.jump_behind = self.model._la_jump_behind()
            book(self.fired, count, position, self.last[1], self.traces[1], 3,
                 data_of(self.jump_behind), self.code != LA_F64)
            for i in range(count):
                self.y0[self.fired[i]] = True
            for i in range(len(self.inlets)):
                self.take_trace(<_Inlet>self.inlets[i], self.traces[1][i])
        self.owed += 1
        if not self.alone and position == self.t_epoch:
            self.pay()
            self.model.time_step = number
            self.learn()
        return 0

    cdef Py_ssize_t look_behind(self) except? -2:
        """Find out who spiked behind the synapses; -1 if the model has to."""
        cdef Py_ssize_t i, count, total = 0
        cdef RingReader reader
        cdef const int32_t *at = NULL
        cdef const void *values
        cdef const int32_t *places
        cdef int32_t place
        cdef bint plain = len(self.behind) == 1
        for ring, index_map in self.behind:
            reader, values = <RingReader>ring, NULL
            places = NULL if index_map is None else <int32_t *>data_of(index_map)
            count = self.take_apart(
                reader, reader.size, self.at_hand, self.values_at_hand, &at, &values
            )
            if count > 0 and values != NULL and not (
                plain and places == NULL and self._none_is_zero(reader.code, values, count)
            ):
                count = -1
            if count < 0:
                self.forget(total)
                return -1
            for i in range(count):
                place = at[i] if places == NULL else places[at[i]]
                if place < self.n_out and not self.seen[place]:
                    self.seen[place] = 1
                    self.fired[total] = place
                    total += 1
        self.forget(total)
        return total

    cdef void forget(self, Py_ssize_t count) noexcept:
        cdef Py_ssize_t i
        for i in range(count):
            self.seen[self.fired[i]] = 0

    cdef int take_trace(self, _Inlet inlet, void *trace) except -1:
        cdef const void *given = inlet.receive()
        cdef Py_ssize_t i
        if self.code == LA_F64:
            memcpy(trace, given, self.n_out * sizeof(double))
        else:
            for i in range(self.n_out):
                (<int64_t *>trace)[i] = (<const int32_t *>given)[i]
        return 0

    cdef int learn(self) except -1:
        """Close an epoch."""
        self.enter(LEARNING)
        self.model.run_lrn()
        self.enter(SPIKING)
        return 0

    cdef int enter(self, int phase) except -1:
        self.model._la_phase = phase
        if self.party is not None:
            self.party.phase = phase
        return 0

    cdef int pay(self) except -1:
        """Let the model draw the random numbers that it would have drawn."""
        if self.owed:
            self.model._la_advance_trace_randoms(self.owed)
            self.owed = 0
        return 0

    cdef int settle(self, uint64_t number) except -1:
        self.pay()
        return _ConnectionBurst.settle(self, number)
