"""What both ends of a ring share, and the writing end. Included by ``_native.pyx``."""

cdef enum:
    # Smaller messages always travel whole: looking for zeros would cost more than it saves.
    SMALLEST_COMPRESSED = 256
    # After a message that was not sparse, this many are sent whole without looking.
    DENSE_PAUSE = 15
    # More than one element in this many: the message travels whole.
    SPARSE_RATIO = 8

cdef int[24] _TYPE_CODES
cdef int _code, _type_num
for _type_num in range(24):
    _TYPE_CODES[_type_num] = -1
for _name, _code in zip(
    ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"), range(LA_BOOL, LA_F64 + 1)
):
    # Several type numbers may share one layout (long and long long), hence the search.
    for _char in np.typecodes["All"]:
        if _char not in "SUVOMm" and np.dtype(_char) == np.dtype(_name):
            _TYPE_CODES[np.dtype(_char).num] = _code


cdef int type_code(int type_num) noexcept:
    """The accumulate.h code of a NumPy type number, or -1."""
    return _TYPE_CODES[type_num] if 0 <= type_num < 24 else -1


cdef class _RingEnd:
    """Facts of a ring, ready for use: sizes, element type, where in a slot the payload starts."""

    def __init__(self):
        raise TypeError("use Arena.writer(ring) or Arena.reader(ring, cursor)")

    @property
    def party(self):
        """The party that waits at this end."""
        return self.owner

    @property
    def aborted(self):
        return la_arena_aborted(self.header)

    cdef int _set_up(self, Arena arena, ring, Party owner) except -1:
        cdef Py_ssize_t i
        cdef bytes pattern
        if len(ring.shape) > MAX_DIMS:
            raise InvalidValueError(
                f"ring {ring.name!r}: expected at most {MAX_DIMS} dimensions, got {ring.shape}"
            )
        self.mapping = arena.mapping
        self.header = arena.header
        self.owner = owner
        self.ring_index = ring.index
        self.name = ring.name
        self.shape = ring.shape
        self.dtype = np.dtype(ring.dtype)
        self.depth = ring.depth
        self.size = ring.size
        self.slot_bytes = ring.slot_bytes
        self.itemsize = self.dtype.itemsize
        self.nbytes = self.size * self.itemsize
        self.payload = ring.payload_offset
        self.capacity = ring.payload_bytes
        self.n_dims = len(ring.shape)
        for i in range(self.n_dims):
            self.dims[i] = ring.shape[i]
        self.type_num = self.dtype.num
        self.code = type_code(self.type_num)
        self.events = ring.events
        self.padded = self.dtype.char in "gG"
        pattern = np.ones((), self.dtype).tobytes()
        memcpy(self.one, <char *>pattern, len(pattern))
        self.half = max(1, self.depth // 2)
        return 0

    cdef inline void _wake(self, la_party *peer, uint32_t kind) noexcept nogil:
        """Wake the other end if it waits for `kind` at this ring."""
        if la_share_home(self.owner.at, peer):
            return
        la_full_fence()
        if la_party_waits_for(peer, kind, <uint32_t>self.ring_index):
            self.owner._call(peer, kind, self.half)

    cdef inline void _moved(self) noexcept nogil:
        """A message has gone through this end: debts fall due."""
        la_count(&self.owner.at.progress, 1)
        if self.owner.n_pending:
            self.owner.patience -= 1
            if self.owner.patience <= 0:
                self.owner._flush()

    cdef Py_ssize_t used_bytes(self, uint32_t form, uint32_t count) noexcept nogil:
        """Bytes that a message takes of its payload."""
        if form == LA_FORM_DENSE:
            return self.nbytes
        if form & LA_FORM_ONES:
            return 4 * <Py_ssize_t>count
        return values_offset(count) + <Py_ssize_t>count * self.itemsize

    cdef bint _all_ones(self, cnp.ndarray values, Py_ssize_t count) except -1:
        if self.padded:
            return bool((values == 1).all())
        return la_all_ones(cnp.PyArray_DATA(values), self.itemsize, count, self.one)


cdef class RingWriter(_RingEnd):
    """The one end of a ring that sends."""

    def __dealloc__(self):
        free(self.peers)

    def __repr__(self):
        return f"<RingWriter {self.name}: {self.shape} {self.dtype}>"

    # -- sending -------------------------------------------------------------------------------

    def send(self, array):
        """Send one whole message; it travels as events when that is smaller."""
        self.put(array)

    cdef int put(self, array) except -1:
        cdef cnp.ndarray a
        cdef la_slot *slot
        cdef Py_ssize_t count
        if (
            cnp.PyArray_CheckExact(array)
            and (<cnp.ndarray>array).dtype is self.dtype
            and cnp.PyArray_IS_C_CONTIGUOUS(array)
            and cnp.PyArray_SIZE(array) == self.size
        ):
            a = <cnp.ndarray>array
        elif self._are_spikes(array):
            a = <cnp.ndarray>array
        else:
            a = self._converted(array)
        if self.closed:
            raise self._after_close()
        slot = self.begin()
        if slot == NULL:
            return 0
        if cnp.PyArray_TYPE(a) != self.type_num:
            count = la_find(
                cnp.PyArray_DATA(a), self.size, 1, <int32_t *>self.payload_of(slot),
                self.capacity // 4 - LA_FIND_SLACK,
            )
            if count >= 0:
                self.publish_ones(slot, count)
                return 0
            a = self._converted(a)
        if self.nbytes <= GIL_BYTES:
            self.fill(slot, cnp.PyArray_DATA(a))
        else:
            with nogil:
                self.fill(slot, cnp.PyArray_DATA(a))
        self.publish()
        return 0

    def send_events(self, values, indices):
        """Send indices with values (None: all ones), in the order given."""
        cdef cnp.ndarray index = self._index_array(indices)
        cdef cnp.ndarray v = None
        cdef Py_ssize_t count = cnp.PyArray_SIZE(index)
        cdef Py_ssize_t bytes_needed
        if values is not None:
            v = self._cast(np.asarray(values)) if not (
                cnp.PyArray_CheckExact(values)
                and (<cnp.ndarray>values).dtype is self.dtype
                and cnp.PyArray_IS_C_CONTIGUOUS(values)
            ) else <cnp.ndarray>values
            if cnp.PyArray_SIZE(v) != count:
                raise InvalidValueError(
                    f"ring {self.name!r}: expected as many values as indices, "
                    f"got {cnp.PyArray_SIZE(v)} values and {count} indices"
                )
            if self._all_ones(v, count):
                v = None
        if self.events and count > self.size:
            raise InvalidValueError(
                f"ring {self.name!r}: expected at most {self.size} events, got {count}"
            )
        bytes_needed = 4 * count if v is None else values_offset(count) + count * self.itemsize
        if bytes_needed > self.capacity:
            # Only array rings get here: as an array the message always fits.
            self.send(self._summed(v, index))
            return
        if self.closed:
            raise self._after_close()
        self.await_space()
        if la_writer_unheard(&self.at):
            self._check_indices(index)
            self.drop()
            return
        self._fill_events(la_writer_slot(&self.at), v, index, count)
        self.publish()

    # -- state ---------------------------------------------------------------------------------

    def probe(self):
        """True if ``send`` would not wait."""
        return bool(la_writer_ready(&self.at))

    @property
    def free(self):
        """Messages that can be sent before the slowest reader must take one."""
        cdef uint64_t limit = la_writer_look(&self.at)
        if limit == LA_DETACHED:
            return self.depth
        return limit - la_writer_position(&self.at)

    @property
    def sent(self):
        return la_writer_position(&self.at)

    def close(self):
        """Say that nothing more will come; readers take what is queued, then are told."""
        cdef uint32_t i
        self.closed = True
        self.owner._flush()
        la_writer_close(&self.at)
        la_full_fence()
        for i in range(self.n_peers):
            la_party_wake_fenced(self.peers[i])

    def statistics(self):
        """Return a `RingStatistics` of this end."""
        cdef la_ring *ring = self.at.at.ring
        cdef uint64_t limit = la_writer_look(&self.at)
        cdef uint64_t sent = la_writer_position(&self.at)
        return RingStatistics(
            name=self.name,
            depth=self.depth,
            slot_bytes=self.slot_bytes,
            transferred=sent,
            queued=0 if limit == LA_DETACHED else sent + self.depth - limit,
            blocked=la_get64(&ring.blocked),
            dense=la_get64(&ring.dense),
            events=la_get64(&ring.events),
            spikes=la_get64(&ring.spikes),
            dropped=la_get64(&ring.dropped),
        )

    # -- inside --------------------------------------------------------------------------------

    cdef _after_close(self):
        return RuntimeStateError(f"ring {self.name!r}: send after close")

    cdef bint _are_spikes(self, array) noexcept:
        """Whether a message says no more than where it is not zero, and has room to say it so."""
        return (
            cnp.PyArray_CheckExact(array)
            and cnp.PyArray_TYPE(<cnp.ndarray>array) == cnp.NPY_BOOL
            and cnp.PyArray_IS_C_CONTIGUOUS(array)
            and cnp.PyArray_SIZE(array) == self.size
            and not self.events
            and self.capacity // 4 > LA_FIND_SLACK
        )

    cdef cnp.ndarray _converted(self, array):
        cdef cnp.ndarray a = np.asarray(array)
        if cnp.PyArray_SIZE(a) != self.size:
            raise InvalidValueError(
                f"ring {self.name!r}: expected {self.size} elements (shape {self.shape}), "
                f"got shape {np.shape(a)}"
            )
        return self._cast(a)

    cdef cnp.ndarray _cast(self, cnp.ndarray a):
        """In the ring's type, as in an array assignment; once, say that this loses something."""
        if a.dtype == self.dtype:
            return np.ascontiguousarray(a)
        if a.dtype.kind not in "biufc":
            raise InvalidTypeError(f"{self.name}: expected numbers, got dtype {a.dtype}")
        if a.dtype.kind == "c" and self.dtype.kind != "c":
            raise InvalidTypeError(
                f"{self.name}: expected real numbers, as the port's are {self.dtype}, got complex "
                f"ones"
            )
        cast = a.astype(self.dtype, order="C", casting="unsafe")
        if not self.cuts and a.dtype.kind == "f" and self.dtype.kind in "iu":
            lost = cast != a
            if lost.any() and (lost := lost & np.isfinite(a)).any():  # NumPy warns of the others
                self.cuts = True
                warnings.warn(
                    f"{self.name}: {a[lost][0]} is sent as {cast[lost][0]}, as the port computes in "
                    f"{self.dtype}; declare a floating-point type if fractions count",
                    LavaActorWarning,
                )
        return cast

    cdef cnp.ndarray _index_array(self, indices):
        """Indices as a contiguous array of 32 or 64 bits; ranges are checked when copied."""
        cdef cnp.ndarray index = np.asarray(indices)
        cdef int num = cnp.PyArray_TYPE(index)
        if index.dtype.kind not in "iu":
            if cnp.PyArray_SIZE(index):
                raise InvalidTypeError(
                    f"ring {self.name!r}: expected integer indices, got dtype {index.dtype}"
                )
            index = index.astype(np.int32)
        elif not (num == cnp.NPY_INT32 or num == cnp.NPY_INT64):
            index = index.astype(np.int64)
        if not (cnp.PyArray_IS_C_CONTIGUOUS(index) and cnp.PyArray_ISBEHAVED_RO(index)):
            index = np.ascontiguousarray(index, dtype=index.dtype.newbyteorder("="))
        return index

    cdef int _copy_indices(self, cnp.ndarray index, int32_t *to) except -1:
        """Copy and check indices; returns the flags of la_copy_indices."""
        cdef int64_t low = 0, high = self.size - 1
        cdef Py_ssize_t count = cnp.PyArray_SIZE(index)
        cdef int flags
        if self.events:
            # What the indices of a sparse port mean is between its users.
            low, high = -2147483648, 2147483647
        if cnp.PyArray_ITEMSIZE(index) == 4:
            flags = la_copy_indices_32(<int32_t *>cnp.PyArray_DATA(index), count, low, high, to)
        else:
            flags = la_copy_indices_64(<int64_t *>cnp.PyArray_DATA(index), count, low, high, to)
        if flags & LA_INDEX_OUTSIDE:
            raise InvalidValueError(
                f"ring {self.name!r}: expected indices from {low} to {high}, "
                f"got {index.min()} to {index.max()}"
            )
        return flags

    cdef cnp.ndarray _checked_indices(self, cnp.ndarray index):
        cdef cnp.ndarray checked = np.empty(cnp.PyArray_SIZE(index), np.int32)
        self._copy_indices(index, <int32_t *>cnp.PyArray_DATA(checked))
        return checked

    cdef int _check_indices(self, cnp.ndarray index) except -1:
        self._checked_indices(index)
        return 0

    cdef cnp.ndarray _summed(self, v, cnp.ndarray index):
        out = np.zeros(self.size, self.dtype)
        np.add.at(out, self._checked_indices(index), np.ones((), self.dtype) if v is None else v)
        return out

    def unpack(self, const unsigned char[::1] data, Py_ssize_t start, Py_ssize_t most):
        """Put up to `most` messages of `RingReader.pack` where there is room, without waiting.

        Returns how many that were, and where the next one starts.
        """
        cdef Py_ssize_t count = 0, nbytes
        cdef la_slot head
        cdef la_slot *slot
        while count < most and la_writer_ready(&self.at):
            if start + <Py_ssize_t>sizeof(la_slot) > data.shape[0]:
                raise InvalidValueError(f"ring {self.name!r}: a packed message is cut off")
            memcpy(&head, &data[start], sizeof(la_slot))
            nbytes = self.used_bytes(head.form, head.count)
            start += sizeof(la_slot)
            if nbytes > self.capacity or start + nbytes > data.shape[0]:
                raise InvalidValueError(f"ring {self.name!r}: a packed message is damaged")
            count += 1
            if la_writer_unheard(&self.at):
                self.drop()
            else:
                slot = la_writer_slot(&self.at)
                slot[0] = head
                if nbytes:
                    memcpy(self.payload_of(slot), &data[start], nbytes)
                if head.form == LA_FORM_DENSE:
                    la_count(&self.at.at.ring.dense, 1)
                else:
                    la_count(&self.at.at.ring.events, 1)
                self.hand_over()
            start += nbytes
        self.owner._flush()
        return count, start

    # -- for native callers: begin, fill what there is, publish ----------------------------------

    cdef inline la_slot *begin(self) except? NULL:
        """Wait for the slot to fill; NULL, and the message is dropped, if nobody reads this ring."""
        self.await_space()
        if la_writer_unheard(&self.at):
            self.drop()
            return NULL
        return la_writer_slot(&self.at)

    cdef inline int await_space(self) except -1:
        """Wait until the next slot may be filled."""
        if not la_writer_ready(&self.at):
            self._wait_space()
        return 0

    cdef inline void drop(self) noexcept nogil:
        """Count a message that nobody would read."""
        la_count(&self.at.at.ring.dropped, 1)

    cdef inline unsigned char *payload_of(self, la_slot *slot) noexcept nogil:
        return <unsigned char *>slot + self.payload

    cdef void fill(self, la_slot *slot, const void *data) noexcept nogil:
        """Put a whole message into a slot: as events if it is sparse, which is seen by trying."""
        cdef int64_t found = -1
        cdef int64_t limit
        if self.dense_pause > 0:
            self.dense_pause -= 1
        else:
            limit = self.most_found()
            if limit > 0:
                found = la_find(
                    data, self.size, self.itemsize, <int32_t *>self.payload_of(slot), limit
                )
                if found < 0:
                    self.dense_pause = DENSE_PAUSE
        self.fill_found(slot, data, found)

    cdef int64_t most_found(self) noexcept nogil:
        """Elements up to which a whole message travels as events; 0: never."""
        if self.nbytes < SMALLEST_COMPRESSED or not la_can_find(self.itemsize):
            return 0
        # The indices are written where they will stay, so they must fit there at worst.
        return max(0, min(
            self.size // SPARSE_RATIO,
            self.capacity // 4 - LA_FIND_SLACK,
            (self.capacity - 16) // (4 + self.itemsize),
        ))

    cdef void *whole(self, la_slot *slot) noexcept nogil:
        """Where a whole message is to be written."""
        slot.form = LA_FORM_DENSE
        la_count(&self.at.at.ring.dense, 1)
        return <unsigned char *>slot + self.payload

    cdef void fill_found(self, la_slot *slot, const void *data, int64_t found) noexcept nogil:
        """Put a message into a slot, in whose payload the indices of its elements lie; -1: whole."""
        cdef unsigned char *payload = <unsigned char *>slot + self.payload
        cdef int32_t *index = <int32_t *>payload
        cdef Py_ssize_t values_at
        if found < 0:
            memcpy(self.whole(slot), data, self.nbytes)
            return
        values_at = values_offset(found)
        slot.form = LA_FORM_EVENTS | LA_FORM_ASCENDING
        if la_gather(data, self.itemsize, index, found, self.one, payload + values_at):
            slot.form |= LA_FORM_ONES
            la_count(&self.at.at.ring.spikes, <uint64_t>found)
        slot.count = <uint32_t>found
        la_count(&self.at.at.ring.events, 1)

    cdef int _fill_events(
        self, la_slot *slot, cnp.ndarray v, cnp.ndarray index, Py_ssize_t count
    ) except -1:
        """Put events into a slot; nothing is published if an index is refused."""
        cdef unsigned char *payload = <unsigned char *>slot + self.payload
        cdef int flags = self._copy_indices(index, <int32_t *>payload)
        slot.form = LA_FORM_EVENTS
        if flags & LA_INDEX_ASCENDING:
            slot.form |= LA_FORM_ASCENDING
        if v is None:
            slot.form |= LA_FORM_ONES
            la_count(&self.at.at.ring.spikes, <uint64_t>count)
        else:
            memcpy(
                payload + values_offset(count), cnp.PyArray_DATA(v), count * self.itemsize
            )
        slot.count = <uint32_t>count
        la_count(&self.at.at.ring.events, 1)
        return 0

    cdef inline void publish_ones(self, la_slot *slot, Py_ssize_t count) noexcept nogil:
        """Publish a slot whose payload is `count` ascending indices, all of them valid."""
        slot.form = LA_FORM_EVENTS | LA_FORM_ONES | LA_FORM_ASCENDING
        slot.count = <uint32_t>count
        la_count(&self.at.at.ring.events, 1)
        la_count(&self.at.at.ring.spikes, <uint64_t>count)
        self.publish()

    cdef inline void publish(self) noexcept nogil:
        """Stamp the filled slot and hand it to the readers."""
        la_writer_slot(&self.at).stamp = la_sent_at(self.owner.at)
        self.hand_over()

    cdef inline void hand_over(self) noexcept nogil:
        """Hand the filled slot, as it is, to the readers."""
        cdef uint32_t i
        la_writer_publish(&self.at)
        if self.n_peers == 1:
            self._wake(self.peers[0], LA_ON_DATA)
        elif self.n_peers > 1:
            la_full_fence()
            for i in range(self.n_peers):
                if la_party_waits_for(self.peers[i], LA_ON_DATA, <uint32_t>self.ring_index):
                    self.owner._call(self.peers[i], LA_ON_DATA, self.half)
        self._moved()

    cdef int _wait_space(self) except -1:
        la_count(&self.at.at.ring.blocked, 1)
        self.owner._block(
            LA_ON_SPACE, <uint32_t>self.ring_index, 0, NULL, la_until_space, &self.at, -1
        )
        return 0


@cython.auto_pickle(False)
cdef class Outlet:
    """Sends arrays of its ring's shape without the interpreter; a base of ports."""

    cdef RingWriter ring
    cdef bint drops

    @cython.binding(False)
    @cython.embedsignature.format("clinic")
    def send(self, data):
        """Send ``data`` to every destination.

        Parameters
        ----------
        data : array of the port's shape
            A number, or any array with one element, for ports of size 1.

        Raises
        ------
        PortDataError
            (an `AssertionError` and `ValueError`) if the shape is another one. An unconnected
            port takes anything.
        """
        cdef RingWriter ring = self.ring
        if ring is None:
            if not self.drops:
                self._la_send(data)
        elif (
            cnp.PyArray_CheckExact(data)
            and cnp.PyArray_NDIM(<cnp.ndarray>data) == ring.n_dims
            and memcmp(
                cnp.PyArray_DIMS(<cnp.ndarray>data), ring.dims, ring.n_dims * sizeof(cnp.npy_intp)
            ) == 0
        ):
            ring.put(data)
        else:
            ring.put(self._message(data))

    def _la_send_to(self, RingWriter ring, bint drops):
        """From now on send to a ring what ``_message`` makes of it, or drop it, or ``_la_send``."""
        self.ring, self.drops = ring, drops

    def __getstate__(self):
        return object.__getstate__(self)


cdef RingWriter _new_writer(Arena arena, ring):
    cdef RingWriter writer = RingWriter.__new__(RingWriter)
    cdef Party owner = arena.party(ring.writer)
    writer._set_up(arena, ring, owner)
    writer.at.at = la_view_of(
        arena.mapping.base + <size_t>ring.offset, len(ring.readers), ring.depth, ring.slot_bytes
    )
    # A party never has to wake itself, nor another one twice.
    peers = sorted(set(ring.readers) - {ring.writer})
    writer.peers = <la_party **>calloc(max(1, len(peers)), sizeof(la_party *))
    if writer.peers == NULL:
        raise MemoryError()
    for peer in peers:
        writer.peers[writer.n_peers] = &arena.parties[<Py_ssize_t>peer]
        writer.n_peers += 1
    return writer
