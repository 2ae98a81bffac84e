"""Where messages come into a native step, and where they leave it. Included by ``_steps.pyx``."""


cdef struct la_wanted:
    Py_ssize_t first, end  # which elements of a message have anything for the port
    void *run  # where they lie one after the other; NULL: they do not, or need no index map


cdef class _Inlet:
    """What an in-port receives in a step, as one array."""

    cdef list readers
    cdef list index_maps
    cdef list givers  # who gives the sums of a message directly; else None
    cdef la_wanted *wanted  # of each source
    cdef RingReader single  # the only source, if its messages need no change of index or type
    cdef bint borrows  # a message may be looked at where it lies
    cdef bint borrowed  # until `give_back`
    cdef int code, kind
    cdef Py_ssize_t n, room, itemsize
    cdef object array
    cdef cnp.ndarray view  # of the part that is received
    cdef void *buffer

    def __init__(self, sources, dtype, tuple shape, Py_ssize_t room, bint alone):
        self.readers = [reader for reader, _ in sources]
        self.index_maps = [index_map for _, index_map in sources]
        self.givers = [None] * len(self.readers)
        self.room = room  # with a place for what is not received
        self.array = np.zeros(room, dtype)
        self.kind = self.array.dtype.num
        self.code = type_code(self.kind)
        self.n = int(np.prod(shape, dtype=int))
        self.view = self.array[:self.n].reshape(shape)
        self.itemsize = self.array.itemsize
        self.buffer = data_of(self.array)
        self._list_wanted()
        if len(sources) == 1 and self.index_maps[0] is None:
            if (<RingReader?>self.readers[0]).code == self.code:
                self.single = self.readers[0]
                self.borrows = alone

    def __dealloc__(self):
        free(self.wanted)

    cdef int _list_wanted(self) except -1:
        cdef Py_ssize_t i
        cdef la_wanted *wanted
        self.wanted = <la_wanted *>room_for(len(self.readers), sizeof(la_wanted))
        for i, places in enumerate(self.index_maps):
            wanted = &self.wanted[i]
            if places is None:
                wanted.end = (<RingReader>self.readers[i]).size
            elif (inside := np.flatnonzero(places < self.n)).size:
                wanted.first, wanted.end = inside.min(), inside.max() + 1
                own = places[wanted.first : wanted.end]
                if (np.diff(own) == 1).all():
                    wanted.run = <char *>self.buffer + <Py_ssize_t>own.min() * self.itemsize
        return 0

    cdef inline void *receive(self) except NULL:
        """Sum of one message from each source; to be given back."""
        cdef RingReader reader = self.single
        cdef Py_ssize_t i
        cdef int32_t *moved
        cdef la_wanted *wanted
        cdef int64_t since = 0
        if reader is not None:
            reader.await_data()
            if self._is_given(0):
                return self._take_alone()
            if self.borrows and reader.front().form == LA_FORM_DENSE:
                self.borrowed = True
                return reader.payload_of(reader.front())
            reader.copy_front(self.buffer)
            reader.release()
            return self.buffer
        if not self.readers:
            return self.buffer
        memset(self.buffer, 0, self.room * self.itemsize)
        for i in range(len(self.readers)):
            reader = <RingReader>self.readers[i]
            places = self.index_maps[i]
            reader.await_data()
            if self._is_given(i):
                self._take(i, &since)
                continue
            since = 0
            moved = NULL if places is None else <int32_t *>data_of(places)
            wanted = &self.wanted[i]
            reader.add_some(
                self.buffer, self.room, self.code, moved, wanted.first, wanted.end, wanted.run
            )
            reader.release()
        return self.buffer

    cdef inline bint _is_given(self, Py_ssize_t i) noexcept:
        """Whether the message in front, which is then the last one, is one that says nothing."""
        cdef _Giver giver = self.givers[i]
        cdef RingReader reader = self.readers[i]
        return giver is not None and giver.holds and la_reader_available(&reader.at) == 1

    cdef int _take(self, Py_ssize_t i, int64_t *since) except -1:
        """Let somebody add the sums that a message does not say. `since`: now, or 0."""
        cdef _Giver giver = self.givers[i]
        cdef int64_t began = since[0] or la_now_ns()
        giver.give(self.buffer, self.n)
        since[0] = la_now_ns()
        giver.taken(since[0] - began)
        (<RingReader>self.readers[i]).release()
        return 0

    cdef void *_take_alone(self) except NULL:
        """The same, if there is only one source: its sums as they are."""
        cdef _Giver giver = self.givers[0]
        cdef void *sums = giver.sums_now()
        cdef int64_t since = 0
        if sums == NULL:
            memset(self.buffer, 0, self.n * self.itemsize)
            self._take(0, &since)
            return self.buffer
        if not self.borrows:
            memcpy(self.buffer, sums, self.n * self.itemsize)
            sums = self.buffer
        giver.taken(0)  # and does nothing before this step is over
        self.single.release()
        return sums

    cdef int meet(self, dict given) except -1:
        """Who, by their rings, shall give sums directly: those whom nobody else reads."""
        cdef RingReader reader
        cdef _Giver giver
        for i, reader in enumerate(self.readers):
            giver = given.get(reader.ring_index)
            if (
                giver is not None
                and giver.gift.n_peers == 1
                and self.index_maps[i] is None
                and self.code == reader.code == type_code(giver.kind)
                and self.code in (LA_F64, LA_I32)
                and self.n == reader.size
                and reader.nbytes >= LEAST_GIFT
            ):
                giver.direct = True
            else:
                giver = None
            self.givers[i] = giver
        return 0

    cdef int withdraw(self) except -1:
        """From now on all messages come through rings."""
        for i, giver in enumerate(self.givers):
            if giver is not None:
                (<_Giver>giver).withdraw()
                self.givers[i] = None
        return 0

    cdef inline void give_back(self) noexcept:
        if self.borrowed:
            self.borrowed = False
            self.single.release()


cdef class _Outlet:
    """What a function writes for an out-port, and how it is sent."""

    cdef RingWriter writer
    cdef str kept  # attribute of the model that shows what was sent last
    cdef tuple shape
    cdef object dtype
    cdef int kind
    cdef Py_ssize_t n
    cdef object array
    cdef object converted  # in the type of the ring, if that is another one
    cdef bint spikes

    def __init__(self, RingWriter writer, dtype, shape, kept):
        self.writer = writer
        self.dtype = np.dtype(dtype)
        self.shape = shape
        self.kept = kept
        self.kind = self.dtype.num
        self.array = np.zeros(shape, dtype)
        self.n = size_of(self.array)
        if writer is not None and writer.dtype != self.dtype:
            self.spikes = self.dtype == bool and writer.itemsize >= 4  # has room for indices
            if not self.spikes:
                self.converted = np.zeros(shape, writer.dtype)

    cdef int renew(self) except -1:
        """What the model keeps is written to no more once it has been shown."""
        if self.kept is not None:
            self.array = np.zeros(self.shape, self.dtype)
        return 0

    cdef int send(self) except -1:
        cdef RingWriter writer = self.writer
        cdef la_slot *slot = NULL if writer is None else writer.begin()
        if slot == NULL:
            return 0
        if self.spikes:
            writer.publish_ones(
                slot,
                la_indices(
                    self.n, <uint8_t *>data_of(self.array), <int32_t *>writer.payload_of(slot)
                ),
            )
            return 0
        if self.converted is not None:
            cnp.PyArray_CopyInto(<cnp.ndarray>self.converted, <cnp.ndarray>self.array)
            writer.fill(slot, data_of(self.converted))
        else:
            writer.fill(slot, data_of(self.array))
        writer.publish()
        return 0
