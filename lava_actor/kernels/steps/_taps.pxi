"""Taps: a Var that is published after a step, and its readers. Included by ``_steps.pyx``.

A message is a header, which says dtype and length, and the value. Both ends keep the last header
they met, so that as long as nothing changes a message is one comparison and one copy.
"""

cdef inline bint _is_due(uint64_t step, uint64_t every, uint64_t offset) noexcept nogil:
    """Whether a step is one of a rhythm (protocol/rhythm.py)."""
    return every < 2 or step % every == offset


cdef class Tap:
    """The owner's end: publishes what the model holds, whoever did the step."""

    cdef RingWriter writer
    cdef object model, name, header_of, encode
    cdef object dtype
    cdef bytes header
    cdef cnp.npy_intp[MAX_DIMS] dims
    cdef int n_dims
    cdef Py_ssize_t size
    cdef uint64_t every, offset

    def __init__(
        self, RingWriter writer not None, model, str name, tuple shape, header_of, encode,
        uint64_t every=1, uint64_t offset=0,
    ):
        cdef int i
        self.writer = writer
        self.model = model
        self.name = name
        self.n_dims = len(shape)
        self.size = 1
        for i in range(self.n_dims):
            self.dims[i] = shape[i]
            self.size *= self.dims[i]
        self.header_of = header_of
        self.encode = encode
        self.every, self.offset = every, offset

    def rhythm(self):
        """In which steps the value is sent."""
        return self.every, self.offset

    cpdef int publish(self, uint64_t step) except -1:
        """Send the value after a step, if it is one of those that are read."""
        cdef object value = None
        cdef cnp.ndarray message
        cdef char *data
        if not _is_due(step, self.every, self.offset):
            return 0
        if self.header_of is not None:
            try:
                value = getattr(self.model, self.name)  # a model may bind it anew in every step
            except Exception:  # which `encode` will meet again, and tell the readers
                pass
        if value is not None and self._is_plain(value):
            self._put(<char *>self.header, <char *>data_of(value), self.size * self.dtype.itemsize)
            return 0
        message = self.encode()
        data = <char *>data_of(message)
        self._put(data, data + TAP_HEADER, cnp.PyArray_SIZE(message) - TAP_HEADER)
        return 0

    cdef bint _is_plain(self, value) except -1:
        """Whether the value is an array of the Var's shape that can be copied as it lies."""
        cdef cnp.ndarray a
        cdef int i
        if not cnp.PyArray_CheckExact(value):
            return False
        a = <cnp.ndarray>value
        if not cnp.PyArray_ISCARRAY_RO(a) or cnp.PyArray_NDIM(a) != self.n_dims:
            return False
        for i in range(self.n_dims):
            if cnp.PyArray_DIM(a, i) != self.dims[i]:
                return False
        return a.dtype is self.dtype or self._knows(a.dtype)

    cdef bint _knows(self, dtype) except -1:
        if dtype.kind not in "biufc":
            return False
        if self.size * dtype.itemsize + TAP_HEADER > self.writer.nbytes:
            return False
        self.dtype = dtype
        self.header = self.header_of(dtype, self.size * dtype.itemsize)
        return True

    cdef int _put(self, const char *header, const char *data, Py_ssize_t nbytes) except -1:
        cdef RingWriter writer = self.writer
        cdef la_slot *slot = writer.begin()
        cdef char *payload
        if slot == NULL:
            return 0
        payload = <char *>writer.whole(slot)
        memcpy(payload, header, TAP_HEADER)
        if nbytes <= LONG_COPY:
            memcpy(payload + TAP_HEADER, data, nbytes)
        else:
            with nogil:
                memcpy(payload + TAP_HEADER, data, nbytes)
        writer.publish()
        return 0


cdef class TapReader:
    """A reader's end: the message of this step stays in the ring until the step ends."""

    cdef readonly RingReader ring
    cdef object decode
    cdef bytes header
    cdef object dtype
    cdef cnp.npy_intp count
    cdef int type_num
    cdef uint64_t every, offset

    def __init__(self, RingReader ring not None, decode, uint64_t every=1, uint64_t offset=0):
        self.every, self.offset = every, offset
        self.ring = ring
        self.decode = decode

    def rhythm(self):
        """In which steps there is a value."""
        return self.every, self.offset

    def read(self):
        """The value as a flat array of the caller's own."""
        cdef la_slot *slot
        cdef unsigned char *payload
        cdef object value
        self.ring.await_data()
        slot = self.ring.front()
        payload = self.ring.payload_of(slot)
        if slot.form != LA_FORM_DENSE:
            return self.decode(self.ring.peek())
        if self.header is None or memcmp(payload, <char *>self.header, TAP_HEADER):
            value = self.decode(self.ring.peek())
            if value.dtype.isnative:
                self.header = (<char *>payload)[:TAP_HEADER]
                self.count = cnp.PyArray_SIZE(value)
                self.type_num = cnp.PyArray_TYPE(value)
                self.dtype = value.dtype
            return value
        value = cnp.PyArray_EMPTY(1, &self.count, self.type_num, 0)
        memcpy(data_of(value), payload + TAP_HEADER, cnp.PyArray_NBYTES(value))
        return value

    cdef int record(self, Recorder recorder, uint64_t step) except -1:
        """Add the value to a recording."""
        cdef la_slot *slot
        cdef const unsigned char *payload
        self.ring.await_data()
        slot = self.ring.front()
        payload = self.ring.payload_of(slot)
        if (
            self.header is not None
            and slot.form == LA_FORM_DENSE
            and memcmp(payload, <char *>self.header, TAP_HEADER) == 0
            and recorder.takes(self.dtype)
        ):
            recorder._add(step, self.count, NULL, payload + TAP_HEADER)
        else:
            recorder.row(step, self.read())
        return 0

    cpdef int finish(self, uint64_t step) except -1:
        """The step is over: give its message back, read or not."""
        if not _is_due(step, self.every, self.offset):
            return 0
        self.ring.await_data()
        self.ring.release()
        return 0
