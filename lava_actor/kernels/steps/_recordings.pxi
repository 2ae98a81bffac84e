"""The step of a model that only records. Included by ``_steps.pyx``."""

cdef class RecordBurst(Burst):
    """Rows of taps and messages of rings, from where they lie into the recordings.

    What is not plain (a new type, events with values, a part of the target) the recorder does.
    """

    cdef list rows, sources
    cdef object tell
    cdef cnp.ndarray room

    def __init__(self, model, rows, sources, tell):
        super().__init__(model)
        self.rows = list(rows)
        self.sources = list(sources)
        self.tell = tell
        self.room = np.empty(0, np.int32)
        self.whole = True

    def once(self, uint64_t number):
        """Spiking alone: the taps come in post-management."""
        self.model.time_step = number
        self.model.run_spk()

    cdef bint prepare(self) except -1:
        return True

    cdef int stages(self) noexcept:
        return 1

    cdef list ends(self, int stage, list inward):
        found = [(reader, 1, 0) for pieces, _, _, _ in self.sources for reader, _ in pieces]
        taps = [tap for taps, _ in self.rows for tap in taps]
        return found + [((<TapReader?>tap).ring, *(<TapReader>tap).rhythm()) for tap in taps]

    cdef int do(self, int stage, uint64_t number) except -1:
        return self.step(number)

    cdef int step(self, uint64_t number) except -1:
        for pieces, receive, dtype, recorder in self.sources:
            self.take(pieces, receive, dtype, <Recorder?>recorder, number)
        for taps, recorder in self.rows:
            if self.is_due(<Recorder?>recorder, number):
                if len(taps) == 1:
                    (<TapReader?>taps[0]).record(<Recorder>recorder, number)
                else:
                    value = np.concatenate([(<TapReader?>tap).read() for tap in taps])
                    (<Recorder>recorder).row(number, value)
        return 0

    cdef bint is_due(self, Recorder recorder, uint64_t number) except -1:
        if number > recorder.until and not recorder.told:
            self.tell(recorder)
        return number <= recorder.until and number % recorder.every == 0

    cdef int take(
        self, list pieces, receive, dtype, Recorder recorder, uint64_t number
    ) except -1:
        cdef la_slot *slot
        cdef RingReader reader
        cdef int32_t *together
        cdef const int32_t *indices = NULL
        cdef int32_t first
        cdef Py_ssize_t i, count = 0
        cdef bint due = self.is_due(recorder, number)
        cdef bint plain = recorder.takes(dtype)
        for piece, _first in pieces:
            reader = <RingReader?>piece
            plain = plain and not reader.events
            if plain or not due:
                reader.await_data()
            if plain and due:
                slot = reader.front()
                plain = slot.form == LA_FORM_EVENTS | LA_FORM_ONES | LA_FORM_ASCENDING
                count += slot.count
                indices = <const int32_t *>reader.payload_of(slot)
        if due and not plain:
            values, found = receive()
            recorder.events(number, values, found, dtype)
            return 0
        if due and len(pieces) > 1:
            if self.room.size < count:
                self.room = np.empty(2 * count, np.int32)
            together = <int32_t *>cnp.PyArray_DATA(self.room)
            count = 0
            for piece, at in pieces:
                reader, first = <RingReader>piece, at
                slot = reader.front()
                indices = <const int32_t *>reader.payload_of(slot)
                for i in range(<Py_ssize_t>slot.count):
                    together[count + i] = first + indices[i]
                count += slot.count
            indices = together
        if due:
            recorder._add(number, count, indices, NULL)
        for piece, _first in pieces:
            (<RingReader>piece).release()
        return 0
