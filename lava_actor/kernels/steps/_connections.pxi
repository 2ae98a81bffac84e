"""Connections, with delays or without. Included by ``_steps.pyx``."""


cdef inline double _number_at(int code, const void *values, Py_ssize_t i) noexcept nogil:
    """One of some numbers of either type."""
    return (<const double *>values)[i] if code == LA_F64 else (<const int32_t *>values)[i]


cdef class _ConnectionBurst(_Giver):
    """Send what was computed in the step before, receive, compute.

    Messages of a single source are worked on where they lie, those of its parts once they lie one
    after the other. What has to be merged, put in order, or converted first goes through the
    model's own ``_la_receive``.

    A line of delays is a window that slides along a longer array, and is moved back to its begin
    when it meets the end: to move all columns up in every step would be most of the work.
    """

    cdef RingReader reader  # None: parts, several sources, or an index map on the way
    cdef list parts  # of one message: rings, and where they begin; None: to be merged
    cdef RingReader like  # one of these rings
    cdef RingWriter writer
    cdef Py_ssize_t n_in, n_out
    cdef int code
    cdef object sums
    cdef void *out
    cdef bint delayed  # the output is a line: columns that move up, of which the first is sent
    cdef Py_ssize_t depth
    cdef cnp.ndarray track  # of which the line is a window
    cdef object window  # as the model has it
    cdef Py_ssize_t at  # first column of the window
    cdef object room
    cdef void *scratch  # what is to be scaled before it is added to a line
    cdef bint graded
    cdef bint checks  # the model refuses some floating-point messages
    cdef int exponent
    cdef int32_t *indices
    cdef void *values
    cdef double *converted

    def __init__(
        self, model, parts, writer, Py_ssize_t n_in, Py_ssize_t n_out, bint delayed=False
    ):
        super().__init__(model, model._la_stands_for())
        self.writer = self.gift = writer
        self.n_in = n_in
        self.n_out = n_out
        self.delayed = delayed
        self.kind = model._la_number.num
        self.code = LA_F64 if self.kind == cnp.NPY_DOUBLE else LA_I32
        rings = [<RingReader?>ring for ring, _ in parts]
        codes = {(<RingReader>ring).code for ring in rings}
        if len(codes) == 1 and la_can_find((<RingReader>rings[0]).itemsize):
            self.like = rings[0]
            if len(rings) == 1:
                self.reader = self.like
            else:
                self.parts = list(parts)
            self.indices = <int32_t *>room_for(n_in + LA_FIND_SLACK, sizeof(int32_t))
            self.values = room_for(n_in, self.like.itemsize)
            self.converted = <double *>room_for(n_in, sizeof(double))

    def __dealloc__(self):
        free(self.indices)
        free(self.values)
        free(self.converted)

    cdef bint take_weights(self) except -1:
        """Look at the model's weights; False if they are of another type or shape."""
        return False

    cdef Py_ssize_t additions(self, Py_ssize_t count) noexcept nogil:
        """About how many additions so many events cost."""
        return 0

    cdef void add(
        self, const int32_t *at, const void *x, Py_ssize_t count, void *out
    ) noexcept nogil:
        """Add the weights of neurons `at`, times `x`, to an output."""

    cdef void put(
        self, const int32_t *at, const void *x, Py_ssize_t count, void *out
    ) noexcept nogil:
        """The same with an output of zeros."""
        memset(out, 0, self.n_out * self.depth * self.width())
        self.add(at, x, count, out)

    cdef inline Py_ssize_t width(self) noexcept nogil:
        return 8 if self.code == LA_F64 else 4

    cdef bint holds_line(self):
        """Whether what is due is not in the model's line but here."""
        return False

    cdef bint prepare(self) except -1:
        model = self.model
        if self.is_replaced():
            return False
        self.graded = bool(np.any(model.num_message_bits > 0))
        self.checks = model._la_checks_fractions
        self.exponent = model.weight_exp if model._la_scales else 0
        if not self.delayed:
            self.depth = 1
        elif not self.holds_line():
            sums = model._la_delay_line()
            if (
                not is_columns(sums, self.kind)
                or not cnp.PyArray_ISWRITEABLE(<cnp.ndarray>sums)
                or cnp.PyArray_DIM(<cnp.ndarray>sums, 0) != self.n_out
                or cnp.PyArray_DIM(<cnp.ndarray>sums, 1) < 1
            ):
                return self.lacks("a_buff")
            self.depth = cnp.PyArray_DIM(<cnp.ndarray>sums, 1)
            if sums is not self.window:
                self.lay(sums)
        if not self.delayed:
            sums = model.a_buff
            if not is_state(sums, self.kind, self.n_out):
                return self.lacks("a_buff")
            self.sums = sums
            self.out = data_of(sums)
        if not self.take_weights():
            return self.lacks(self.amiss or "weights")
        if self.exponent and self.delayed and (
            self.room is None or size_of(self.room) != self.n_out * self.depth
        ):
            self.room = np.zeros(self.n_out * self.depth, model._la_number)
            self.scratch = data_of(self.room)
        return True

    cdef int step(self, uint64_t number) except -1:
        self.send()
        return self.take_in()

    cdef int stages(self) noexcept:
        return 2

    cdef list ends(self, int stage, list inward):
        if stage:
            rings = inward if self.reader is None else (self.reader,)
            return [(self, 1, 0), *[(ring, 1, 0) for ring in rings]]
        return [] if self.writer is None else [(self.writer, 1, 0)]

    cdef int do(self, int stage, uint64_t number) except -1:
        return self.take_in() if stage else self.send()

    cdef inline int take_in(self) except -1:
        cdef const int32_t *at = NULL
        cdef const void *x = NULL
        cdef Py_ssize_t count
        if self.delayed:
            self.advance()
        count = self.await_front(&at, &x)
        if count < 0:
            return self.receive_by_model()
        self.compute_alone(at, x, count)
        self.release_front()
        return 0

    cdef inline Py_ssize_t await_front(self, const int32_t **at, const void **x) except? -2:
        """Wait for what comes, and take events out of it; -1 if the model has to receive it."""
        cdef Py_ssize_t count = -1
        if self.reader is not None:
            self.reader.await_data()
            count = self.look(at, x)
        elif self.parts is not None:
            for reader, _ in self.parts:
                (<RingReader>reader).await_data()
            count = self.gather(x)
            at[0] = self.indices
        return count

    cdef inline void compute_alone(self, const int32_t *at, const void *x, Py_ssize_t count):
        """Compute; if it takes long, other threads of the interpreter may work meanwhile."""
        if self.additions(count) < LONG_LOOP:
            self.compute(at, x, count)
        else:
            with nogil:
                self.compute(at, x, count)

    cdef inline void release_front(self) except *:
        if self.reader is not None:
            self.reader.release()
        else:
            for reader, _ in self.parts:
                (<RingReader>reader).release()

    cdef int lay(self, line) except -1:
        """Let the window begin anew, as it is in the model."""
        columns = self.depth + self.depth // 2 + 4
        shape = (self.n_out, columns)
        if self.track is None or (<object>self.track).shape != shape:
            self.track = np.empty(shape, self.model._la_number, order="F")
        self.track[:, : self.depth] = line
        self.at = 0
        self.out = cnp.PyArray_DATA(self.track)
        self.window = None
        return self.show()

    cdef int show(self) except -1:
        if self.track is not None and self.window is None:
            self.window = self.track[:, self.at : self.at + self.depth]
            self.model.a_buff = self.window
        return 0

    cdef bint keeps(self, set names) except -1:
        return self.delayed and "a_buff" in names

    cdef int settle(self, uint64_t number) except -1:
        Burst.settle(self, number)
        return self.show()

    cdef int advance(self) except -1:
        """Move the columns of the line up by one."""
        cdef size_t column = self.n_out * self.width()
        cdef char *begin = <char *>cnp.PyArray_DATA(self.track)
        self.at += 1
        if self.at + self.depth > cnp.PyArray_DIM(self.track, 1):
            memmove(begin, begin + self.at * column, (self.depth - 1) * column)
            self.at = 0
        self.out = begin + self.at * column
        memset(<char *>self.out + column * (self.depth - 1), 0, column)
        self.window = None
        return 0

    cdef void compute(self, const int32_t *at, const void *x, Py_ssize_t count) noexcept nogil:
        cdef uint32_t *line = <uint32_t *>self.out
        cdef uint32_t *more = <uint32_t *>self.scratch
        cdef Py_ssize_t i
        if not self.delayed:
            self.put(at, x, count, self.out)
            if self.exponent:
                self.scale(line, self.n_out)
        elif not self.exponent:
            self.add(at, x, count, self.out)
        elif count:
            self.put(at, x, count, more)
            self.scale(more, self.n_out * self.depth)
            for i in range(self.n_out * self.depth):
                line[i] += more[i]

    cdef int send(self) except -1:
        cdef RingWriter writer = self.writer
        cdef la_slot *slot = NULL if writer is None else writer.begin()
        return 0 if slot == NULL else self.announce(slot)

    cdef void *sums_now(self) noexcept:
        return self.out

    cdef Py_ssize_t look(self, const int32_t **at, const void **x) noexcept:
        """Take events out of the front message: how many there are, or -1 if the model has to."""
        cdef const void *values = NULL
        cdef Py_ssize_t count = self.take_apart(
            self.reader, self.n_in, self.indices, self.values, at, &values
        )
        return count if count < 0 or values == NULL else self._graded(values, count, x)

    cdef Py_ssize_t gather(self, const void **x):
        """Put the events of all parts one after the other: how many, or -1 if the model has to."""
        cdef RingReader reader
        cdef const int32_t *at = NULL
        cdef const void *given
        cdef int32_t *to
        cdef int32_t first
        cdef char *values
        cdef Py_ssize_t i, k, size, count, total = 0, graded = 0, width = self.like.itemsize
        for k in range(len(self.parts)):
            reader, first = self.parts[k]
            size = (self.parts[k + 1][1] if k + 1 < len(self.parts) else self.n_in) - first
            to, values, given = self.indices + total, <char *>self.values + total * width, NULL
            count = self.take_apart(reader, size, to, values, &at, &given)
            if count < 0:
                return -1
            for i in range(count):
                to[i] = first + at[i]
            if given != NULL:
                memmove(values, given, count * width)
                graded += count
            total += count
        if not graded:
            return total
        return self._graded(self.values, total, x) if graded == total else -1

    cdef Py_ssize_t take_apart(
        self, RingReader reader, Py_ssize_t size, int32_t *room, void *room_of_values,
        const int32_t **at, const void **values,
    ) noexcept:
        """Events of a front message: how many, or -1 if not in order; no `values`: all are one.

        They lie in the message, or in the room if that is whole.
        """
        cdef la_slot *slot = reader.front()
        cdef unsigned char *payload = reader.payload_of(slot)
        cdef Py_ssize_t count
        if slot.form == LA_FORM_DENSE:
            count = la_find(payload, size, reader.itemsize, room, size)
            at[0] = room
            if not la_gather(payload, reader.itemsize, room, count, reader.one, room_of_values):
                values[0] = room_of_values
            return count
        if not slot.form & LA_FORM_ASCENDING:
            return -1
        count = slot.count
        at[0] = <int32_t *>payload
        if count and (at[0][0] < 0 or at[0][count - 1] >= size):
            return -1
        if not slot.form & LA_FORM_ONES:
            values[0] = payload + values_offset(count)
        return count

    cdef Py_ssize_t _graded(self, const void *values, Py_ssize_t count, const void **x) noexcept:
        """Use values as factors, or as spikes if none is zero; -1 if the model has to."""
        if self.graded:
            return self._take_factors(values, count, x)
        return count if self._none_is_zero(self.like.code, values, count) else -1

    cdef Py_ssize_t _take_factors(
        self, const void *values, Py_ssize_t count, const void **x
    ) noexcept:
        """Take graded values as factors: how many, or -1 if the model has to convert them."""
        cdef int code = self.like.code
        cdef Py_ssize_t k
        if code == self.code and not (self.checks and code == LA_F64):
            x[0] = values
            return count
        if code != LA_I32 or self.code != LA_F64:
            return -1
        for k in range(count):
            self.converted[k] = (<const int32_t *>values)[k]
        x[0] = self.converted
        return count

    cdef bint _none_is_zero(self, int code, const void *values, Py_ssize_t count) noexcept:
        cdef Py_ssize_t k
        if code != LA_F64 and code != LA_I32:
            return False
        for k in range(count):
            if _number_at(code, values, k) == 0:
                return False
        return True

    cdef int receive_by_model(self) except -1:
        model = self.model
        if self.delayed:
            self.show()
            model._la_take_in(self.window)
        else:
            self.sums[...] = model._la_activation(*model._la_receive())
        return 0

    cdef void scale(self, uint32_t *out, Py_ssize_t n) noexcept nogil:
        """Multiply by ``2**exponent``, rounding down, modulo 2**32; fixed point only."""
        cdef int shift = min(abs(self.exponent), 31)
        cdef Py_ssize_t i
        if self.exponent > 31:
            memset(out, 0, n * 4)
        elif self.exponent > 0:
            for i in range(n):
                out[i] <<= shift
        else:
            for i in range(n):
                out[i] = <uint32_t>(<int32_t>out[i] >> shift)


cdef class DenseBurst(_ConnectionBurst):
    """A matrix with contiguous columns."""

    cdef object matrix, delays
    cdef void *weights
    cdef const int32_t *late
    cdef Py_ssize_t one_delay  # of all; -1: they differ

    cdef bint take_weights(self) except -1:
        matrix = self.model._la_current_columns()
        if not is_matrix(matrix, self.kind, self.n_out, self.n_in):
            return False
        self.matrix = matrix
        self.weights = data_of(matrix)
        return not self.delayed or self.take_delays()

    cdef bint take_delays(self) except -1:
        """Look at the delays; False if one of them does not fit the line."""
        cdef Py_ssize_t n = self.n_out * self.n_in
        cdef int32_t one
        delays = self.model._la_late_columns()
        if not is_matrix(delays, cnp.NPY_INT32, self.n_out, self.n_in):
            return False
        self.delays = delays
        self.late = <const int32_t *>data_of(delays)
        self.one_delay = -1
        if n and self.late[0] == self.late[n // 2] == self.late[n - 1]:
            one = self.late[0]
            if 0 <= one < self.depth and la_within(n, self.late, one, one + 1):
                self.one_delay = one
                return True
        return la_within(n, self.late, 0, <int32_t>self.depth) or self.lacks("delays")

    cdef Py_ssize_t additions(self, Py_ssize_t count) noexcept nogil:
        return count * self.n_out

    cdef void add(
        self, const int32_t *at, const void *x, Py_ssize_t count, void *out
    ) noexcept nogil:
        if self.delayed and self.one_delay < 0:
            la_dense_delayed(self.kind, self.n_out, self.weights, self.late, at, x, count, out)
            return
        if self.delayed:
            out = <char *>out + self.one_delay * self.n_out * self.width()
        la_dense(self.kind, self.n_out, self.weights, at, x, count, out)


cdef class ConvBurst(_ConnectionBurst):
    """A kernel that is moved over an image."""

    cdef object kernel
    cdef la_conv geometry

    cdef bint take_weights(self) except -1:
        kernel, geometry = self.model._la_current_kernel()
        cdef Py_ssize_t size = take_geometry(geometry, self.n_in, self.n_out, &self.geometry)
        self.kernel = kernel
        return is_of(kernel, self.kind, size)

    cdef Py_ssize_t additions(self, Py_ssize_t count) noexcept nogil:
        cdef la_conv *g = &self.geometry
        return count * g.kernel_x * g.kernel_y * (g.out_c // g.groups) + self.n_out

    cdef void add(
        self, const int32_t *at, const void *x, Py_ssize_t count, void *out
    ) noexcept nogil:
        cdef void *kernel = cnp.PyArray_DATA(<cnp.ndarray>self.kernel)
        la_conv_add(self.kind, &self.geometry, kernel, at, x, count, out)
        if self.code != LA_F64:
            la_wrap(self.n_out, STATE_BITS, <uint32_t *>out)


cdef class InTimeBurst(_ConnectionBurst):
    """A matrix for each delay: what an input does to all columns of the line is one column."""

    cdef object matrix

    cdef bint take_weights(self) except -1:
        self.matrix = self.model._la_current_columns()
        return is_matrix(self.matrix, self.kind, self.n_out * self.depth, self.n_in)

    cdef Py_ssize_t additions(self, Py_ssize_t count) noexcept nogil:
        return count * self.n_out * self.depth

    cdef void add(
        self, const int32_t *at, const void *x, Py_ssize_t count, void *out
    ) noexcept nogil:
        cdef void *matrix = cnp.PyArray_DATA(<cnp.ndarray>self.matrix)
        la_dense(self.kind, self.n_out * self.depth, matrix, at, x, count, out)
