# cython: language_level=3
"""What of recordings can be called from other native modules: a `Recorder`, as it stands."""

cimport numpy as cnp
from libc.stdint cimport int32_t, int64_t, uint64_t


cdef extern from "records.h" nogil:
    enum: LA_MESSAGES
    enum: LA_INDICES
    enum: LA_VALUES
    enum: LA_STREAMS
    enum: LA_CHUNK_BYTES
    enum: LA_RECORD_BYTES
    ctypedef struct la_stream:
        uint64_t first
        uint64_t n
    ctypedef struct la_record:
        uint64_t done
        uint64_t begin
        uint64_t epoch
        uint64_t dtype
        uint64_t readers
        la_stream streams[3]
    ctypedef struct la_store:
        uint64_t end[2]
        uint64_t held
        uint64_t limit
    ctypedef struct la_chunk:
        uint64_t next
        uint64_t start
        uint64_t step
        uint64_t dtype
        uint64_t indices
        uint64_t values
    ctypedef struct la_tail:
        size_t item
    ctypedef struct la_recorder:
        la_store *store
        la_record *record
        int fds[2]
        uint64_t window
        uint64_t second
        la_tail tails[3]
    int la_rec_add(la_recorder *, uint64_t, size_t, const int32_t *, const void *)
    void la_rec_done(la_recorder *, uint64_t)
    int la_rec_read(int fd, void *to, size_t count, int64_t at)
    void la_rec_retype(la_recorder *, uint64_t, size_t)
    void la_rec_clear(la_recorder *)
    void la_rec_leave(la_recorder *)
    uint64_t la_rec_get(const uint64_t *)
    int la_rec_file(uint64_t)
    int64_t la_rec_offset(uint64_t)


cdef class RecordStore:
    cdef unsigned char *words  # of the store, and of each recording
    cdef unsigned char *base[2]  # both files, once nobody writes any more
    cdef size_t sizes[2]
    cdef size_t head_bytes
    cdef int _fds[2]
    cdef readonly Py_ssize_t n
    cdef dict _recorders

    cdef unsigned char *_map(self, int file, size_t size) except NULL
    cdef la_record *_record(self, Py_ssize_t number) except NULL
    cdef bint _read(self, void *to, size_t count, uint64_t place, Py_ssize_t begin) except -1


cdef class Recorder:
    cdef la_recorder at
    cdef RecordStore store
    cdef readonly Py_ssize_t number
    cdef readonly str name
    cdef readonly Py_ssize_t size
    cdef readonly uint64_t every, until
    cdef readonly object places
    cdef object positions
    cdef object dtype
    cdef public bint told

    cdef _typed(self, values)
    cdef _retype(self, dtype)
    cdef bint takes(self, object dtype) noexcept
    cdef _add(self, uint64_t step, size_t n, const int32_t *indices, const void *values)
    cdef _check(self, int error)
