"""A reading end of a ring. Included by ``_native.pyx``."""


cdef class RingReader(_RingEnd):
    """One of the ends of a ring that receive; each sees every message."""

    def __dealloc__(self):
        free(self.scratch)

    def __repr__(self):
        return f"<RingReader {self.name}[{self.cursor}]: {self.shape} {self.dtype}>"

    # -- receiving -----------------------------------------------------------------------------

    def recv(self):
        """Take the oldest message, as an array of the caller's own."""
        return self.take()

    cdef inline object take(self):
        cdef object message
        self.await_data()
        message = self._dense()
        self.release()
        return message

    def peek(self):
        """Look at the oldest message without taking it; an array of the caller's own."""
        self.await_data()
        return self._dense()

    def recv_events(self):
        """Take the oldest message as (values or None, indices)."""
        cdef object message
        self.await_data()
        message = self._as_events(la_reader_slot(&self.at))
        self.release()
        return message

    def peek_events(self):
        """Look at the oldest message as (values or None, indices) without taking it."""
        self.await_data()
        return self._as_events(la_reader_slot(&self.at))

    def accumulate(self, out, index_map=None):
        """Take the oldest message and add it to `out`, through `index_map` if given."""
        self._check_target(out)
        self._add_next(out, type_code(cnp.PyArray_TYPE(out)), index_map)

    cdef int _add_next(self, cnp.ndarray out, int code, index_map) except -1:
        """Take the oldest message and add it to an array that is one to add to."""
        cdef const int32_t *places
        self.await_data()
        places = self._checked_map(index_map)
        if not self.add_front(cnp.PyArray_DATA(out), cnp.PyArray_SIZE(out), code, places):
            self._accumulate_slowly(la_reader_slot(&self.at), out, index_map)
        self.release()
        return 0

    def skip(self):
        """Take the oldest message without looking at it."""
        self.await_data()
        self.release()

    def drop(self):
        """Take all messages that are there, without looking at them or waiting."""
        while la_reader_ready(&self.at):
            self.release()
        self.owner._flush()

    def pack(self, Py_ssize_t most):
        """Take up to `most` messages as bytes, for `RingWriter.unpack`: (how many, bytes)."""
        cdef Py_ssize_t count = 0
        cdef la_slot *slot
        pieces = []
        while count < most and la_reader_ready(&self.at):
            slot = la_reader_slot(&self.at)
            pieces.append(
                (<char *>slot)[:sizeof(la_slot)]
                + (<char *>self.payload_of(slot))[:self.used_bytes(slot.form, slot.count)]
            )
            self.release()
            count += 1
        self.owner._flush()
        return count, b"".join(pieces)

    # -- state ---------------------------------------------------------------------------------

    def probe(self):
        """True if ``recv`` would not wait; for one that is ordered, see `order`."""
        if self._is_detached():
            return False
        if not self.ordered:
            return bool(la_reader_ready(&self.at))
        if not (la_reader_ready(&self.at) or self.told or self.owner.looking):
            self._wait_told()
        return bool(
            la_reader_ready(&self.at)
            and la_reader_slot(&self.at).stamp < la_stage(self.owner.at)
        )

    def order(self, bint waits):
        """From now on ``probe`` answers by what was sent before this phase of this step."""
        self.ordered = self.peer != NULL
        self.waits = waits

    @property
    def told(self):
        """True if ``probe`` would not wait, were it ordered."""
        cdef la_polling polling
        if self.peer == NULL or (self.ordered and not self.waits):
            return True
        polling.reader = &self.at
        polling.asker = self.owner.at
        polling.writer = self.peer
        return bool(la_until_told(&polling))

    def available(self):
        """Number of messages that wait to be taken."""
        return la_reader_available(&self.at)

    @property
    def received(self):
        return la_get64(&self.at.cursor.received)

    @property
    def ended(self):
        """True if nothing is left to take and nothing will come."""
        return self._is_detached() or bool(la_reader_ended(&self.at))

    def detach(self):
        """Stop reading for good: this end never holds the writer up again."""
        self.owner._flush()
        la_reader_detach(&self.at)
        if self.peer != NULL:
            la_party_wake(self.peer)

    def statistics(self):
        """Return a `RingStatistics` of this end."""
        cdef la_cursor *cursor = self.at.cursor
        return RingStatistics(
            name=self.name,
            depth=self.depth,
            slot_bytes=self.slot_bytes,
            transferred=la_get64(&cursor.received),
            queued=la_reader_available(&self.at),
            blocked=la_get64(&cursor.blocked),
            dense=la_get64(&cursor.dense),
            events=la_get64(&cursor.events),
        )

    # -- inside --------------------------------------------------------------------------------

    cdef inline bint _is_detached(self) noexcept nogil:
        return la_reader_position(&self.at) == LA_DETACHED

    cdef inline void _count_form(self, la_slot *slot) noexcept nogil:
        if slot.form == LA_FORM_DENSE:
            la_count(&self.at.cursor.dense, 1)
        else:
            la_count(&self.at.cursor.events, 1)

    # -- for native callers: await_data, look at the front, release -----------------------------

    cdef inline int await_data(self) except -1:
        """Wait until there is a message; while this one is woken, `drop` may have taken it."""
        while not la_reader_ready(&self.at):
            self._wait_data()
        return 0

    cdef inline la_slot *front(self) noexcept nogil:
        """The slot of the oldest message."""
        return la_reader_slot(&self.at)

    cdef inline unsigned char *payload_of(self, la_slot *slot) noexcept nogil:
        return <unsigned char *>slot + self.payload

    cdef bint add_front(
        self, void *out, Py_ssize_t n_out, int code, const int32_t *places
    ) except -1:
        """Add the front message to an array; False if this pair of types has no adder.

        Nothing is added if the message does not fit.
        """
        return self.add_some(out, n_out, code, places, 0, self.size, NULL)

    cdef bint add_some(
        self, void *out, Py_ssize_t n_out, int code, const int32_t *places, Py_ssize_t first,
        Py_ssize_t end, void *run,
    ) except -1:
        """As `add_front`; of a whole message with places only some elements.

        `run`: where these lie one after the other, if they do.
        """
        cdef la_slot *slot = la_reader_slot(&self.at)
        cdef unsigned char *payload = <unsigned char *>slot + self.payload
        cdef la_adder add = la_adder_for(self.code, code)
        cdef la_sum total
        total.map = places
        total.out = out
        total.n_out = n_out
        total.n_message = self.size
        if slot.form == LA_FORM_DENSE:
            total.index = NULL
            total.values = payload + first * self.itemsize
            total.count = end - first
            if run != NULL:
                total.map, total.out, total.n_out = NULL, run, end - first
            elif places != NULL:
                total.map = places + first
        else:
            total.index = <int32_t *>payload
            total.count = slot.count
            total.values = NULL
            if not slot.form & LA_FORM_ONES:
                total.values = payload + values_offset(slot.count)
        if not la_sum_fits(&total):
            raise InvalidValueError(
                f"ring {self.name!r}: a message of {self.size} elements does not fit the array "
                f"of {total.n_out} elements it is to be added to"
                + (f"; its indices reach outside" if total.index != NULL or total.map != NULL else "")
            )
        if add == NULL:
            return False
        if self.nbytes <= GIL_BYTES:
            la_run_adder(add, &total)
        else:
            with nogil:
                la_run_adder(add, &total)
        return True

    cdef int copy_front(self, void *out) except -1:
        """Put the front message into an array of this ring's type and size."""
        cdef la_slot *slot = la_reader_slot(&self.at)
        cdef unsigned char *payload = <unsigned char *>slot + self.payload
        cdef void *values = NULL
        cdef la_sum total
        if slot.form == LA_FORM_DENSE:
            if self.nbytes <= GIL_BYTES:
                memcpy(out, payload, self.nbytes)
            else:
                with nogil:
                    memcpy(out, payload, self.nbytes)
            return 0
        memset(out, 0, self.nbytes)
        if not slot.form & LA_FORM_ONES:
            values = payload + values_offset(slot.count)
        total.out = out
        total.n_out = self.size
        total.n_message = self.size
        total.values = values
        total.index = <int32_t *>payload
        total.count = slot.count
        total.map = NULL
        if not la_sum_fits(&total):
            raise InvalidValueError(
                f"ring {self.name!r}: the events' indices do not fit an array of {self.size} "
                f"elements; receive them as events"
            )
        if slot.form & LA_FORM_ASCENDING:
            la_place(out, self.itemsize, total.index, total.count, values, self.one)
        elif la_adder_for(self.code, self.code) != NULL:
            la_run_adder(la_adder_for(self.code, self.code), &total)
        else:
            self._add_slowly(slot, out)
        return 0

    cdef inline void release(self) noexcept nogil:
        """Give the front slot back."""
        la_count(&self.at.cursor.received, 1)
        self._count_form(la_reader_slot(&self.at))
        la_reader_release(&self.at)
        if self.peer != NULL:
            self._wake(self.peer, LA_ON_SPACE)
        self._moved()

    cdef object _dense(self):
        cdef object out = cnp.PyArray_EMPTY(self.n_dims, self.dims, self.type_num, 0)
        self.copy_front(cnp.PyArray_DATA(out))
        return out

    cdef int _add_slowly(self, la_slot *slot, void *out) except -1:
        """Add events with an index twice, of types that have no adder (complex, long)."""
        cdef cnp.npy_intp n = self.size
        values, index = self._as_events(slot)
        array = cnp.PyArray_SimpleNewFromData(1, &n, self.type_num, out)
        np.add.at(array, index, np.ones((), self.dtype) if values is None else values)
        return 0

    cdef object _as_events(self, la_slot *slot):
        cdef unsigned char *payload = <unsigned char *>slot + self.payload
        cdef cnp.npy_intp count
        cdef object index
        cdef object values = None
        cdef int64_t found
        if slot.form != LA_FORM_DENSE:
            count = slot.count
            index = cnp.PyArray_EMPTY(1, &count, cnp.NPY_INT32, 0)
            memcpy(cnp.PyArray_DATA(index), payload, 4 * count)
            if not slot.form & LA_FORM_ONES:
                values = cnp.PyArray_EMPTY(1, &count, self.type_num, 0)
                memcpy(
                    cnp.PyArray_DATA(values),
                    payload + values_offset(count),
                    count * self.itemsize,
                )
            return values, index
        if not la_can_find(self.itemsize):
            return self._wide_as_events(payload)
        if self.scratch == NULL:
            self.scratch = <int32_t *>malloc((self.size + LA_FIND_SLACK) * sizeof(int32_t))
            if self.scratch == NULL:
                raise MemoryError()
        found = la_find(payload, self.size, self.itemsize, self.scratch, self.size)
        count = found
        index = cnp.PyArray_EMPTY(1, &count, cnp.NPY_INT32, 0)
        memcpy(cnp.PyArray_DATA(index), self.scratch, 4 * count)
        values = cnp.PyArray_EMPTY(1, &count, self.type_num, 0)
        if la_gather(
            payload, self.itemsize, self.scratch, found, self.one, cnp.PyArray_DATA(values)
        ):
            values = None
        return values, index

    cdef object _wide_as_events(self, unsigned char *payload):
        """Events of a whole message whose elements la_find does not know (complex, long)."""
        cdef cnp.npy_intp n = self.size
        cdef object whole = cnp.PyArray_EMPTY(1, &n, self.type_num, 0)
        memcpy(cnp.PyArray_DATA(whole), payload, self.nbytes)
        found = (whole != 0) | np.signbit(whole.real) | np.signbit(whole.imag)
        index = np.flatnonzero(found).astype(np.int32)
        values = whole[index]
        return (None if self._all_ones(values, len(values)) else values), index

    cdef int _check_target(self, out) except -1:
        if not cnp.PyArray_Check(out) or not (
            cnp.PyArray_IS_C_CONTIGUOUS(out) and cnp.PyArray_ISBEHAVED(out)
        ):
            raise InvalidValueError(
                f"ring {self.name!r}: expected a writeable C-contiguous array to add to"
            )
        return 0

    cdef const int32_t *_checked_map(self, index_map) except? NULL:
        if index_map is None:
            return NULL
        if not (
            cnp.PyArray_Check(index_map)
            and cnp.PyArray_TYPE(index_map) == cnp.NPY_INT32
            and cnp.PyArray_IS_C_CONTIGUOUS(index_map)
            and cnp.PyArray_SIZE(index_map) == self.size
        ):
            raise InvalidValueError(
                f"ring {self.name!r}: expected a contiguous int32 index map of {self.size} "
                f"elements, got {np.shape(index_map)} {getattr(index_map, 'dtype', None)}"
            )
        return <const int32_t *>cnp.PyArray_DATA(index_map)

    cdef int _accumulate_slowly(self, la_slot *slot, out, index_map) except -1:
        """Add through NumPy: for pairs of types that accumulate.h leaves out."""
        flat = out.reshape(-1)
        if slot.form == LA_FORM_DENSE:
            message = self._dense().reshape(-1)
            if index_map is None:
                np.add(flat, message, out=flat, casting="unsafe")
                return 0
            where = index_map.reshape(-1)
        else:
            message, where = self._as_events(slot)
            if message is None:
                message = np.ones(len(where), self.dtype)
            if index_map is not None:
                where = index_map.reshape(-1)[where]
        np.add.at(flat, where, message.astype(flat.dtype))
        return 0

    cdef int _wait_data(self) except -1:
        if self._is_detached():
            raise RuntimeStateError(f"ring {self.name!r}: this reader was detached")
        la_count(&self.at.cursor.blocked, 1)
        self.owner._block(
            LA_ON_DATA, <uint32_t>self.ring_index, self.cursor, NULL, la_until_data, &self.at, -1
        )
        if la_reader_ended(&self.at):
            raise self.owner.released(PeerClosedError(
                f"{self.owner.name}: ring {self.name!r} is empty and its writer is gone"
            ))
        return 0

    cdef int _wait_told(self) except -1:
        cdef la_polling polling
        polling.reader = &self.at
        polling.asker = self.owner.at
        polling.writer = self.peer
        la_set32(&self.peer.polled, 1)
        self.owner._block(
            LA_ON_POLL, <uint32_t>self.ring_index, self.cursor, NULL, la_until_told, &polling, -1
        )
        return 0


cdef class _Receiver:
    """Sums messages of rings."""

    cdef list readers, index_maps
    cdef tuple shape
    cdef cnp.npy_intp room, size
    cdef int type_num, code, n_dims
    cdef cnp.npy_intp[MAX_DIMS] dims

    def __init__(self, sources, tuple shape, dtype, Py_ssize_t room):
        cdef Py_ssize_t i
        self.readers = [reader for reader, _ in sources]
        self.index_maps = [index_map for _, index_map in sources]
        self.shape, self.room = shape, room
        self.type_num, self.n_dims, self.size = dtype.num, len(shape), 1
        self.code = type_code(self.type_num)
        for i in range(self.n_dims):
            self.dims[i] = shape[i]
            self.size *= shape[i]

    def recv(self):
        """Take the oldest message of each: their sum, an array of the caller's own."""
        cdef cnp.ndarray out
        cdef Py_ssize_t i
        if self.room == self.size:
            out = cnp.PyArray_ZEROS(self.n_dims, self.dims, self.type_num, 0)
        else:
            out = cnp.PyArray_ZEROS(1, &self.room, self.type_num, 0)
        for i in range(len(self.readers)):
            (<RingReader?>self.readers[i])._add_next(out, self.code, self.index_maps[i])
        return out if self.room == self.size else out[:self.size].reshape(self.shape)


def receiver(sources, shape, dtype, room):
    """Return a function that sums one message of each source."""
    return _Receiver(sources, shape, dtype, room).recv


@cython.auto_pickle(False)
cdef class Inlet:
    """Receives through a ring without the interpreter; a base of ports."""

    cdef RingReader reader
    cdef object taking

    @cython.binding(False)
    @cython.embedsignature.format("clinic")
    def recv(self):
        """Receive one message from every source and return their sum.

        Waits until every source has a message.

        Returns
        -------
        ndarray
            New array of the port's shape. Its dtype is that of NumPy's promotion of the declared
            dtype with the dtypes of the sources. Unconnected: zeros of the declared dtype.
        """
        cdef RingReader reader = self.reader  # held: it may be replaced while it waits
        cdef object taking = self.taking
        if reader is not None:
            return reader.take()
        return self._dense() if taking is None else taking()

    def _la_receive_by(self, source):
        """From now on receive a reader's messages, what a function returns, or by ``_dense``."""
        self.reader = source if isinstance(source, RingReader) else None
        self.taking = source

    def __getstate__(self):
        return object.__getstate__(self)


cdef RingReader _new_reader(Arena arena, ring, Py_ssize_t cursor):
    cdef RingReader reader = RingReader.__new__(RingReader)
    cdef Py_ssize_t own = ring.readers[cursor]
    reader._set_up(arena, ring, arena.party(own))
    reader.at.at = la_view_of(
        arena.mapping.base + <size_t>ring.offset, len(ring.readers), ring.depth, ring.slot_bytes
    )
    reader.at.cursor = &reader.at.at.cursors[cursor]
    reader.cursor = cursor
    if ring.writer != own:
        reader.peer = &arena.parties[<Py_ssize_t>ring.writer]
    return reader


def adds(message, array):
    cdef int one = type_code(np.dtype(message).num), other = type_code(np.dtype(array).num)
    return one >= 0 and other >= 0 and la_adder_for(one, other) != NULL
