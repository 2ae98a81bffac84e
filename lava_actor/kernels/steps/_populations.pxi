"""Populations of neurons. Included by ``_steps.pyx``."""


cdef class _LifBurst(Burst):
    """What floating-point and fixed-point LIF neurons share: messages in, spikes out."""

    cdef list readers
    cdef list index_maps
    cdef Py_ssize_t n_sources
    cdef RingReader single  # the only source, if its messages need no change of index or type
    cdef RingWriter writer
    cdef Py_ssize_t n
    cdef void *input
    cdef object spikes
    cdef uint8_t *fired
    cdef object held

    def __init__(self, model, sources, writer, Py_ssize_t size):
        super().__init__(model)
        self.readers = [reader for reader, _ in sources]
        self.index_maps = [index_map for _, index_map in sources]
        self.n_sources = len(self.readers)
        self.writer = writer
        self.n = size
        if self.n_sources == 1 and self.index_maps[0] is None:
            if (<RingReader?>self.readers[0]).code == self._code():
                self.single = self.readers[0]
        if self.n_sources:
            self.first = self.readers[0]
        self.input = malloc(max(1, size) * 8)
        if self.input == NULL:
            raise MemoryError()
        memset(self.input, 0, size * 8)

    def __dealloc__(self):
        free(self.input)

    cdef int _code(self) noexcept:
        return LA_F64

    cdef int _new_spikes(self) except -1:
        """Spikes of this burst go into an array of its own, which the model then keeps."""
        self.spikes = np.zeros(self.model.v.shape, bool)
        self.fired = <uint8_t *>data_of(self.spikes)
        return 0

    cdef int settle(self, uint64_t number) except -1:
        Burst.settle(self, number)
        self.model.s_out_buff = self.spikes
        return 0

    cdef const void *receive(self) except NULL:
        """Sum of one message from each source; where it lies until `taken`."""
        cdef RingReader reader
        cdef Py_ssize_t i
        if self.n_sources == 0:
            return self.input
        if self.single is not None:
            reader = self.single
            reader.await_data()
            if reader.front().form == LA_FORM_DENSE:
                return reader.payload_of(reader.front())
            reader.copy_front(self.input)
            return self.input
        memset(self.input, 0, self.n * (8 if self._code() == LA_F64 else 4))
        for i in range(self.n_sources):
            reader = <RingReader>self.readers[i]
            places = self.index_maps[i]
            reader.await_data()
            reader.add_front(
                self.input, self.n, self._code(),
                NULL if places is None else <const int32_t *>data_of(places),
            )
            reader.release()
        return self.input

    cdef inline void taken(self) noexcept:
        if self.single is not None:
            self.single.release()

    cdef int send(self) except -1:
        """Send the spikes as events."""
        cdef RingWriter writer = self.writer
        cdef la_slot *slot
        if writer is None:
            return 0
        writer.await_space()
        if writer.unheard():
            writer.drop()
            return 0
        slot = writer.back()
        writer.publish_ones(
            slot, la_indices(self.n, self.fired, <int32_t *>writer.payload_of(slot))
        )
        return 0


cdef class LifFloatBurst(_LifBurst):
    """Plain LIF in double precision."""

    cdef double *u
    cdef double *v
    cdef double *bias
    cdef double keep_u, keep_v, vth

    cdef bint prepare(self) except -1:
        model = self.model
        u, v, bias = model.u, model.v, model.bias_mant
        du, dv, vth = model.du, model.dv, model.vth
        if not (
            is_state(u, cnp.NPY_DOUBLE, self.n)
            and is_state(v, cnp.NPY_DOUBLE, self.n)
            and is_of(bias, cnp.NPY_DOUBLE, self.n)
            and is_number(du)
            and is_number(dv)
            and is_number(vth)
            and u is not v
        ):
            return False
        self.held = (u, v, bias)
        self.u, self.v, self.bias = (
            <double *>data_of(u), <double *>data_of(v), <double *>data_of(bias)
        )
        self.keep_u, self.keep_v, self.vth = 1.0 - <double>du, 1.0 - <double>dv, vth
        self._new_spikes()
        return True

    cdef int step(self) except -1:
        cdef const void *a = self.receive()
        la_lif_f64(self.n, self.u, self.v, <const double *>a, self.bias, self.keep_u, self.keep_v,
                   self.vth, self.fired)
        self.taken()
        return self.send()


cdef class LifFixedBurst(_LifBurst):
    """Plain LIF in the integers of Loihi."""

    cdef int32_t *u
    cdef int32_t *v
    cdef int32_t *mant
    cdef int32_t *exp
    cdef int32_t keep_u, keep_v
    cdef int64_t threshold

    cdef int _code(self) noexcept:
        return LA_I32

    cdef bint prepare(self) except -1:
        model = self.model
        u, v, mant, exp = model.u, model.v, model.bias_mant, model.bias_exp
        du, dv, vth = model.du, model.dv, model.vth
        if not (
            is_state(u, cnp.NPY_INT32, self.n)
            and is_state(v, cnp.NPY_INT32, self.n)
            and is_of(mant, cnp.NPY_INT32, self.n)
            and is_of(exp, cnp.NPY_INT32, self.n)
            and type(du) is int
            and type(dv) is int
            and type(vth) is int
            and u is not v
            and -1 <= du <= 4095
            and 0 <= dv <= 4096
        ):
            return False
        self.held = (u, v, mant, exp)
        self.u, self.v = <int32_t *>data_of(u), <int32_t *>data_of(v)
        self.mant, self.exp = <int32_t *>data_of(mant), <int32_t *>data_of(exp)
        self.keep_u, self.keep_v, self.threshold = 4095 - du, 4096 - dv, vth << 6
        self._new_spikes()
        return True

    cdef int step(self) except -1:
        cdef const void *a = self.receive()
        la_lif_i32(self.n, self.u, self.v, <const int32_t *>a, self.mant, self.exp, self.keep_u,
                   self.keep_v, self.threshold, self.fired)
        self.taken()
        return self.send()
