# cython: language_level=3
"""The native part of recordings: the store as a process sees it, and who writes one recording.

``records.h`` holds the idea, ``records.py`` reads; contracts in ``_records.pyi``.
"""

import os

import numpy as np

from lava_actor.channels.memory import file_limit
from lava_actor.errors import InvalidValueError, RecordingMemoryError

cimport numpy as cnp
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.string cimport memcpy
from posix.unistd cimport close as close_descriptor

from lava_actor.channels.mapping cimport MAP_FAILED, MAP_SHARED, PROT_READ, PROT_WRITE, mmap, munmap

cnp.import_array()


cdef extern from *:
    """
    static inline void la_rec_reading(uint64_t *readers, int more) {
        if (more) __atomic_add_fetch(readers, 1, __ATOMIC_SEQ_CST);
        else __atomic_sub_fetch(readers, 1, __ATOMIC_SEQ_CST);
    }
    """
    void la_rec_reading(uint64_t *readers, int more) nogil

include "../built_from.pxi"

_KINDS = "biufc"


def code_of(dtype):
    """A type as one word."""
    return ord(dtype.kind) << 8 | dtype.itemsize


def dtype_of(code):
    """The type behind a word; None behind 0."""
    return np.dtype(f"{chr(code >> 8)}{code & 255}") if code else None


def scatter(array, places, values):
    """Add values to zeros; those that come for the same place are summed, as receiving does."""
    if (np.diff(places) > 0).all():
        array[places] = values
    elif array.dtype.kind == "b":
        np.logical_or.at(array, places, values)
    else:
        np.add.at(array, places, values)


cdef class RecordStore:
    """Where the recordings of one network lie; see ``records.h``."""

    def __cinit__(self):
        self._fds[0] = self._fds[1] = -1
        self._recorders = {}

    def __init__(self):
        raise TypeError("use RecordStore.create(n, limit) or RecordStore.attach(fds, n)")

    @staticmethod
    def create(Py_ssize_t n, uint64_t limit):
        """Make an empty store for `n` recordings, which holds `limit` bytes in memory."""
        cdef RecordStore store = RecordStore.__new__(RecordStore)
        store.n = n
        store._fds[0] = os.memfd_create("lava_actor-records", os.MFD_CLOEXEC)
        store._fds[1] = _unnamed_file()
        store.head_bytes = _head_bytes(n)
        os.posix_fallocate(store._fds[0], 0, store.head_bytes)
        store.words = store._map(0, store.head_bytes)
        (<la_store *>store.words).end[0] = store.head_bytes
        (<la_store *>store.words).limit = limit
        return store

    @staticmethod
    def attach(fds, Py_ssize_t n):
        """Map a store made elsewhere; the descriptors stay the caller's."""
        cdef RecordStore store = RecordStore.__new__(RecordStore)
        store.n = n
        for file, fd in enumerate(fds):
            store._fds[file] = os.dup(fd)
        store.head_bytes = _head_bytes(n)
        store.words = store._map(0, store.head_bytes)
        return store

    cdef unsigned char *_map(self, int file, size_t size) except NULL:
        cdef void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, self._fds[file], 0)
        if base == MAP_FAILED:
            raise MemoryError(f"cannot map recordings of {size} bytes")
        return <unsigned char *>base

    @property
    def fds(self):
        """Descriptors to hand to those who record."""
        return [fd for fd in (self._fds[0], self._fds[1]) if fd >= 0]

    @property
    def held(self):
        """Bytes of memory that chunks have."""
        return la_rec_get(&(<la_store *>self.words).held)

    @property
    def spilled(self):
        """Bytes that were written into the file on disk."""
        return la_rec_get(&(<la_store *>self.words).end[1])

    def settle(self):
        """Everybody has stopped writing: give the descriptors back, keep what was recorded."""
        cdef Recorder recorder
        if self._fds[0] < 0:
            return
        for recorder in self._recorders.values():  # of threads that are late
            recorder.at.fds[0] = recorder.at.fds[1] = -1
        for file in range(2):
            self.sizes[file] = (<la_store *>self.words).end[file]
            if self.sizes[file] and self._fds[file] >= 0:
                self.base[file] = self._map(file, self.sizes[file])
        self.close()

    def close(self):
        """Give the descriptors back."""
        for file in range(2):
            if self._fds[file] >= 0:
                os.close(self._fds[file])
                self._fds[file] = -1

    def __dealloc__(self):  # in C alone: names of Python may be gone when the interpreter ends
        cdef int file
        if self.words != NULL:
            munmap(self.words, self.head_bytes)
        for file in range(2):
            if self.base[file] != NULL:
                munmap(self.base[file], self.sizes[file])
            if self._fds[file] >= 0:
                close_descriptor(self._fds[file])

    # -- reading -------------------------------------------------------------------------------

    cdef la_record *_record(self, Py_ssize_t number) except NULL:
        if not 0 <= number < self.n:
            raise InvalidValueError(f"RecordStore: expected a number below {self.n}, got {number}")
        return <la_record *>(self.words + LA_RECORD_BYTES * (number + 1))

    def reading(self, Py_ssize_t number, bint begin):
        """Say that somebody begins to read, or ends: meanwhile nothing is given back."""
        la_rec_reading(&self._record(number).readers, begin)

    def epoch(self, Py_ssize_t number):
        """How often everything was thrown away, twice; odd while that happens."""
        return la_rec_get(&self._record(number).epoch)

    def head(self, Py_ssize_t number):
        """What there is: (done, begin, dtype, (first chunk, length) of each stream).

        Chunks may be forgotten, steps and messages be added meanwhile. So what is asked first is
        what may be older than the rest, in each of these pairs: first chunks and the step; first
        chunks of the others and of messages; the step and messages; messages and the others.
        """
        cdef la_record *record = self._record(number)
        cdef uint64_t firsts[3]
        cdef uint64_t lengths[3]
        cdef uint64_t done
        while True:
            for stream in (LA_VALUES, LA_INDICES, LA_MESSAGES):
                firsts[stream] = la_rec_get(&record.streams[stream].first)
            done = la_rec_get(&record.done)
            for stream in (LA_MESSAGES, LA_INDICES, LA_VALUES):
                lengths[stream] = la_rec_get(&record.streams[stream].n)
            if all(firsts[i] != 0 or lengths[i] == 0 for i in range(LA_STREAMS)):
                break  # else the first chunk has just been begun
        return done, record.begin, record.dtype, [
            (firsts[i], lengths[i]) for i in range(LA_STREAMS)
        ]

    def chunk(self, uint64_t place):
        """The head of a chunk as a dict; None if it came after `settle`."""
        cdef la_chunk found
        if not self._read(&found, sizeof(la_chunk), place, 0):
            return None
        return {
            "next": found.next, "start": found.start, "step": found.step, "dtype": found.dtype,
            "indices": found.indices, "values": found.values,
        }

    def read_into(self, uint64_t place, cnp.ndarray out):
        """Fill an array with the records at the beginning of a chunk."""
        if not self._read(
            cnp.PyArray_DATA(out), <size_t>cnp.PyArray_NBYTES(out), place, LA_CHUNK_BYTES
        ):
            raise InvalidValueError("RecordStore.read_into: expected a chunk of this store")

    cdef bint _read(self, void *to, size_t count, uint64_t place, Py_ssize_t begin) except -1:
        cdef int file = la_rec_file(place), error
        cdef int64_t at = la_rec_offset(place) + begin
        if self._fds[0] < 0:
            if at + <int64_t>count > <int64_t>self.sizes[file]:
                return False
            memcpy(to, self.base[file] + at, count)
            return True
        with nogil:
            error = la_rec_read(self._fds[file], to, count, at)
        if error:
            raise OSError(error, f"a recording cannot be read: {os.strerror(error)}")
        return True

    # -- writing -------------------------------------------------------------------------------

    def recorder(self, number, name="", size=1, **limits):
        """The one who writes a recording, empty; the same one again after a reset."""
        cdef Recorder found = self._recorders.get(number)
        if found is None:
            found = self._recorders[number] = Recorder(self, number, name, size, **limits)
        else:
            found._begin()
        return found


cdef class Recorder:
    """Writes one recording; see ``_records.pyi``."""

    def __init__(
        self, RecordStore store, Py_ssize_t number, str name, Py_ssize_t size,
        until=None, every=1, last=None, places=None, of=0
    ):
        self.store = store
        self.number = number
        self.name = name
        self.size = size
        self.until = 2**64 - 1 if until is None else until
        self.every = every
        self.at.store = <la_store *>store.words
        self.at.record = store._record(number)
        self.at.fds = store._fds
        self.at.window = 0 if last is None else last
        self.at.second = 2**64 - 1
        self.at.tails[LA_MESSAGES].item = 4
        self.at.tails[LA_INDICES].item = 4
        self.places = places
        if places is not None:
            self.positions = np.full(of, -1, np.int32)
            self.positions[places] = np.arange(size, dtype=np.int32)
        self._begin()

    def _begin(self):
        if self.at.record.done or self.at.record.epoch:
            la_rec_clear(&self.at)
        self.dtype = None
        self.told = False

    def __dealloc__(self):
        la_rec_leave(&self.at)

    def is_due(self, uint64_t step):
        """Whether the step is one of those to record."""
        return step <= self.until and step % self.every == 0

    def row(self, uint64_t step, value):
        """Record a whole array, of the size of what is recorded, after a step."""
        if step > self.until or step % self.every:
            return
        found = np.ascontiguousarray(value).reshape(-1)
        if self.places is not None:
            found = found[self.places]
        found = self._typed(found)
        self._add(step, found.size, NULL, cnp.PyArray_DATA(<cnp.ndarray>found))

    def events(self, uint64_t step, values, indices, dtype):
        """Record what is not zero, as channels hand it out; `dtype` is that of the port."""
        cdef cnp.ndarray at
        cdef const void *data = NULL
        if step > self.until or step % self.every:
            return
        if dtype is not self.dtype:
            self._retype(dtype)
        if self.places is not None and len(indices):
            where = self.positions[indices]
            kept = where >= 0
            indices = where[kept]
            values = None if values is None else values[kept]
        if not len(indices):
            la_rec_done(&self.at, step)
            return
        if values is not None and (values == 1).all():
            values = None
        if values is not None:
            values = self._typed(np.ascontiguousarray(values))
            if len(indices) * (4 + self.dtype.itemsize) > self.size * self.dtype.itemsize:
                whole = np.zeros(self.size, self.dtype)
                scatter(whole, indices, values)
                self._add(step, whole.size, NULL, cnp.PyArray_DATA(<cnp.ndarray>whole))
                return
            data = cnp.PyArray_DATA(<cnp.ndarray>values)
        at = np.ascontiguousarray(indices, np.int32)
        self._add(step, cnp.PyArray_SIZE(at), <const int32_t *>cnp.PyArray_DATA(at), data)

    cdef _typed(self, values):
        if not values.dtype.isnative:
            values = values.astype(values.dtype.newbyteorder("="))
        if values.dtype is not self.dtype:
            self._retype(values.dtype)
            return values.astype(self.dtype, copy=False)
        return values

    cdef _retype(self, dtype):
        if dtype.kind not in _KINDS:
            raise InvalidValueError(f"{self.name}: expected numbers to record, got {dtype}")
        wider = dtype if self.dtype is None else np.result_type(self.dtype, dtype)
        if self.dtype is None or wider != self.dtype:  # for NumPy, None is float64
            self.dtype = wider
            la_rec_retype(&self.at, code_of(wider), wider.itemsize)

    cdef bint takes(self, object dtype) noexcept:
        """Whether rows and events of this type can be added as they lie."""
        return self.dtype is dtype and self.places is None

    cdef _add(self, uint64_t step, size_t n, const int32_t *indices, const void *values):
        self._check(la_rec_add(&self.at, step, n, indices, values))

    cdef _check(self, int error):
        if error:
            raise RecordingMemoryError(
                f"the recording of {self.name} cannot grow: "
                f"{file_limit(error) or os.strerror(error)}. In memory are "
                f"{self.store.held} bytes, on disk {self.store.spilled}, in the folder for temporary "
                f"files; what was recorded before this step is kept"
            )

    def resume(self, done, begin, code, messages, indices, values):
        """Write what `records.read` found of another recording."""
        cdef Py_ssize_t i = 0, v = 0, n
        self._begin()
        if code:
            self._retype(dtype_of(code))
        for step, n, whole, valued in messages:
            at = None if whole else np.ascontiguousarray(indices[i : i + n], np.int32)
            data = np.ascontiguousarray(values[v : v + n], self.dtype) if valued else None
            if any(len(part) != n for part in (at, data) if part is not None) or n > self.size:
                raise InvalidValueError(f"{self.name}: expected {n} elements recorded in {step}")
            self._add(
                step, n,
                NULL if at is None else <int32_t *>cnp.PyArray_DATA(<cnp.ndarray>at),
                NULL if data is None else cnp.PyArray_DATA(<cnp.ndarray>data),
            )
            i += 0 if whole else n
            v += n if valued else 0
        if done:
            self.at.record.begin = begin
            la_rec_done(&self.at, done)


def _head_bytes(n):
    page = os.sysconf("SC_PAGESIZE")
    return -(-LA_RECORD_BYTES * (n + 1) // page) * page


def _unnamed_file():
    """A file without a name in the folder for temporary files; -1 if there can be none."""
    import tempfile  # not needed by those who record

    folder = tempfile.gettempdir()
    try:
        return os.open(folder, os.O_RDWR | os.O_CLOEXEC | os.O_TMPFILE, 0o600)
    except OSError:
        pass
    try:
        fd, path = tempfile.mkstemp(prefix="lava_actor-", dir=folder)
    except OSError:
        return -1
    os.unlink(path)
    return fd
