"""The step of a model that only records. Included by ``_steps.pyx``."""

cdef class RecordBurst(Burst):
    """Rows of taps and messages of rings, from where they lie into the recordings.

    What is not plain (a new type, events with values, a part of the target) the recorder does.
    """

    cdef list rows, sources
    cdef object tell

    def __init__(self, model, rows, sources, tell):
        super().__init__(model)
        self.rows = list(rows)
        self.sources = list(sources)
        self.tell = tell
        self.whole = True

    def once(self, uint64_t number):
        """Spiking alone: the taps come in post-management."""
        self.model.time_step = number
        self.model.run_spk()

    cdef bint prepare(self) except -1:
        return True

    cdef int step(self, uint64_t number) except -1:
        for reader, receive, dtype, recorder in self.sources:
            self.take(<RingReader?>reader, receive, dtype, <Recorder?>recorder, number)
        for tap, recorder in self.rows:
            if self.is_due(<Recorder?>recorder, number):
                (<TapReader?>tap).record(<Recorder>recorder, number)
        return 0

    cdef bint is_due(self, Recorder recorder, uint64_t number) except -1:
        if number > recorder.until and not recorder.told:
            self.tell(recorder)
        return number <= recorder.until and number % recorder.every == 0

    cdef int take(
        self, RingReader reader, receive, dtype, Recorder recorder, uint64_t number
    ) except -1:
        cdef la_slot *slot
        cdef const int32_t *indices
        if not self.is_due(recorder, number):
            reader.await_data()
            reader.release()
            return 0
        if recorder.takes(dtype) and not reader.events:
            reader.await_data()
            slot = reader.front()
            if slot.form == LA_FORM_EVENTS | LA_FORM_ONES | LA_FORM_ASCENDING:
                indices = <const int32_t *>reader.payload_of(slot)
                recorder._add(number, slot.count, indices, NULL)
                reader.release()
                return 0
        values, found = receive()
        recorder.events(number, values, found, dtype)
        return 0
