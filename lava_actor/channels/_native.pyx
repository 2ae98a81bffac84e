# cython: language_level=3
"""The native part of the channels: arena, parties, domains, and the two ends of a ring.

The C headers hold the ideas (start with ``ring.h`` and ``control.h``); this module binds them to
NumPy arrays and Python exceptions. Its contract with the rest of the package is ``_native.pyi``.
It is cut into four files, one idea each, which compile as one module so that calls between them
are C calls: the arena here, then ``_party.pxi``, ``_domain.pxi``, ``_writer.pxi``, ``_reader.pxi``.
"""

import os

import numpy as np

from lava_actor.channels import layout
from lava_actor.channels.memory import check_memory, too_little_memory
from lava_actor.channels.statistics import RingStatistics
from lava_actor.channels.wait import available_cores
from lava_actor.errors import (
    ChannelAborted,
    InvalidTypeError,
    InvalidValueError,
    PeerClosedError,
    RuntimeStateError,
    UnsupportedError,
)

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

cnp.import_array()


cdef extern from "<sched.h>" nogil:
    int sched_yield()

cdef extern from "waits.h" nogil:
    const uint64_t LA_MAGIC
    const uint32_t LA_VERSION
    const int64_t LA_SLICE_NS
    const int LA_LINE
    const int LA_NOT_BLOCKED
    const int LA_ON_DATA
    const int LA_ON_SPACE
    const int LA_ON_STEP
    const int LA_ON_BARRIER
    const int LA_ON_EVENT
    const uint64_t LA_DETACHED
    const int LA_WAITV_MAX
    const uint32_t LA_WAITV_32BIT

    # Atomic words: never touched from here but through the functions below.
    ctypedef struct atomic32 "_Atomic uint32_t":
        pass
    ctypedef struct atomic64 "_Atomic uint64_t":
        pass

    ctypedef struct la_arena:
        uint64_t magic
        uint32_t version
        uint32_t n_parties
        uint32_t n_domains
        uint32_t n_rings
        uint64_t size
        uint32_t cores
    ctypedef struct la_party:
        atomic32 bell
        uint32_t index
        atomic64 step
        atomic64 done
        atomic64 turn
        atomic32 phase
        atomic32 state
        atomic64 progress
        atomic64 busy_ns
        atomic64 wait_ns
    ctypedef struct la_domain:
        atomic64 limit
        atomic64 fence
        atomic32 pause
    ctypedef struct la_ring:
        atomic64 blocked
        atomic64 dense
        atomic64 events
        atomic64 dropped
    ctypedef struct la_cursor:
        atomic64 received
        atomic64 blocked
        atomic64 dense
        atomic64 events
    ctypedef struct la_slot:
        uint32_t form
        uint32_t count
    ctypedef struct la_view:
        la_ring *ring
        la_cursor *cursors
        uint64_t depth
        uint32_t n_readers
    ctypedef struct la_writer:
        la_view at
        uint64_t limit
    ctypedef struct la_reader:
        la_view at
        la_cursor *cursor
        uint64_t seen
    ctypedef struct la_waiting:
        la_arena *arena
        void *what
        la_party *party
        uint64_t number
        uint32_t seen
    ctypedef struct la_waitv "struct la_waitv":
        uint64_t value
        uint64_t address
        uint32_t flags
        uint32_t reserved
    ctypedef int (*la_condition)(void *)

    const uint32_t LA_FORM_DENSE
    const uint32_t LA_FORM_EVENTS
    const uint32_t LA_FORM_ONES
    const uint32_t LA_FORM_ASCENDING

    int64_t la_now_ns()
    void la_full_fence()
    void la_futex_wait_any(la_waitv *words, unsigned n, int64_t timeout_ns)

    uint64_t la_get64(atomic64 *word)
    void la_set64(atomic64 *word, uint64_t value)
    uint32_t la_get32(atomic32 *word)
    void la_set32(atomic32 *word, uint32_t value)
    void la_count(atomic64 *counter, uint64_t by)

    int la_is_computing(la_party *party)
    void la_set_computing(la_party *party, int computing)
    void la_party_wake(la_party *party)
    void la_party_wake_fenced(la_party *party)
    void la_party_wake_for(la_party *party, uint32_t kind, uint32_t index)
    uint32_t la_party_prepare(la_party *party)
    void la_party_cancel(la_party *party)
    void la_party_sleep(la_party *party, uint32_t key, int64_t timeout_ns)
    uint32_t la_party_bell(la_party *party)
    void la_party_post(la_party *party)
    uint32_t la_party_mailbox(la_party *party)
    void la_party_blocked(la_party *party, uint32_t kind, uint32_t index, int64_t now)
    void la_party_unblocked(la_party *party)
    uint32_t la_party_inspect(la_party *party, uint32_t *index, int64_t *since)

    uint32_t la_arena_aborted(la_arena *arena)
    void la_arena_abort(la_arena *arena, la_party *parties, uint32_t code)

    uint64_t la_domain_horizon(la_domain *domain)
    int la_domain_raise(la_domain *domain, uint64_t value)
    uint32_t la_domain_epoch(la_domain *domain)
    int la_domain_arrive(la_domain *domain, uint32_t n, uint64_t bits, uint64_t *result)
    void la_domain_release(la_domain *domain, int64_t decision)
    int64_t la_domain_decision(la_domain *domain)

    int la_wait_turn(la_party *party, la_condition holds, void *what, int64_t spin_ns,
                     int64_t sleep_ns)
    int la_until_space(void *waiting)
    int la_until_data(void *waiting)
    int la_until_step(void *waiting)
    int la_until_epoch(void *waiting)

    la_view la_view_of(void *block, uint32_t n_readers, uint64_t depth, uint64_t stride)
    uint64_t la_writer_position(la_writer *w)
    uint64_t la_writer_look(la_writer *w)
    int la_writer_ready(la_writer *w)
    int la_writer_unheard(la_writer *w)
    la_slot *la_writer_slot(la_writer *w)
    void la_writer_publish(la_writer *w)
    void la_writer_close(la_writer *w)
    uint64_t la_reader_position(la_reader *r)
    int la_reader_ready(la_reader *r)
    uint64_t la_reader_available(la_reader *r)
    la_slot *la_reader_slot(la_reader *r)
    void la_reader_release(la_reader *r)
    void la_reader_detach(la_reader *r)
    int la_reader_ended(la_reader *r)


cdef extern from "accumulate.h" nogil:
    const int LA_FIND_SLACK
    const int LA_INDEX_OUTSIDE
    const int LA_INDEX_ASCENDING
    const int LA_BOOL
    const int LA_I8
    const int LA_U8
    const int LA_F32
    const int LA_F64

    int la_can_find(int64_t itemsize)
    int64_t la_find(const void *data, int64_t n, int64_t itemsize, int32_t *index, int64_t limit)
    int la_gather(const void *data, int64_t itemsize, const int32_t *index, int64_t count,
                  const void *one, void *values)
    void la_place(void *out, int64_t itemsize, const int32_t *index, int64_t count,
                  const void *values, const void *one)
    int la_all_ones(const void *values, int64_t itemsize, int64_t count, const void *one)
    int la_copy_indices_32(const int32_t *source, int64_t count, int64_t low, int64_t high,
                           int32_t *to)
    int la_copy_indices_64(const int64_t *source, int64_t count, int64_t low, int64_t high,
                           int32_t *to)

    ctypedef struct la_sum:
        void *out
        int64_t n_out
        const void *values
        const int32_t *index
        int64_t count
        int64_t n_message
        const int32_t *map
    ctypedef void (*la_adder)(const la_sum *)
    int la_sum_fits(const la_sum *s)
    la_adder la_adder_for(int message, int array)
    void la_run_adder(la_adder add, const la_sum *s)


cdef extern from "<sys/mman.h>" nogil:
    void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)
    int munmap(void *address, size_t length)
    void *MAP_FAILED
    int PROT_READ
    int PROT_WRITE
    int MAP_SHARED


# Copies longer than this let other Python threads run meanwhile.
cdef Py_ssize_t GIL_BYTES = 65536


def _check_layout():
    """Compare the sizes the planner works with to those the compiler chose."""
    wanted = {
        "LINE": LA_LINE,
        "ARENA_BYTES": sizeof(la_arena),
        "PARTY_BYTES": sizeof(la_party),
        "DOMAIN_BYTES": sizeof(la_domain),
        "RING_BYTES": sizeof(la_ring),
        "CURSOR_BYTES": sizeof(la_cursor),
        "SLOT_HEADER_BYTES": sizeof(la_slot),
    }
    for name, size in wanted.items():
        if getattr(layout, name) != size:
            raise ImportError(
                f"lava_actor.channels.layout.{name}: the native module was built for {size}, "
                f"the source says {getattr(layout, name)}; run `make build`"
            )


cdef class _Mapping:
    """The shared memory as this process sees it; unmapped with the last object that uses it."""

    cdef unsigned char *base
    cdef size_t size

    def __cinit__(self, int fd, size_t size):
        cdef void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
        if base == MAP_FAILED:
            raise MemoryError(f"cannot map an arena of {size} bytes")
        self.base = <unsigned char *>base
        self.size = size

    def __dealloc__(self):
        if self.base != NULL:
            munmap(self.base, self.size)


cdef class Arena:
    """The shared memory of one network, laid out by an `ArenaPlan`."""

    cdef _Mapping mapping
    cdef la_arena *header
    cdef la_party *parties
    cdef int _fd
    cdef readonly object plan
    cdef list _parties

    def __cinit__(self):
        self._fd = -1

    def __init__(self):
        raise TypeError("use Arena.create(plan) or Arena.attach(fd, plan)")

    @staticmethod
    def create(plan):
        """Make a new arena: anonymous memory, reserved in full before anybody depends on it."""
        check_memory(plan)
        fd = os.memfd_create("lava_actor", os.MFD_CLOEXEC)
        try:
            try:
                os.posix_fallocate(fd, 0, plan.size)
            except OSError as error:
                raise too_little_memory(plan, None) from error
            arena = _open_arena(fd, plan)
        except BaseException:
            os.close(fd)
            raise
        (<Arena>arena).header.version = LA_VERSION
        (<Arena>arena).header.n_parties = len(plan.parties)
        (<Arena>arena).header.cores = <uint32_t>available_cores()
        for i in range(len(plan.parties)):
            (<Arena>arena).parties[i].index = <uint32_t>i
        (<Arena>arena).header.n_domains = len(plan.domains)
        (<Arena>arena).header.n_rings = len(plan.rings)
        (<Arena>arena).header.size = plan.size
        (<Arena>arena).header.magic = LA_MAGIC
        return arena

    @staticmethod
    def attach(int fd, plan):
        """Map an arena made elsewhere; `fd` stays the caller's."""
        cdef Arena arena
        size = os.fstat(fd).st_size
        if size != plan.size:
            raise InvalidValueError(
                f"Arena.attach: expected an arena of {plan.size} bytes, got {size} bytes"
            )
        own = os.dup(fd)
        try:
            arena = _open_arena(own, plan)
        except BaseException:
            os.close(own)
            raise
        if (
            arena.header.magic != LA_MAGIC
            or arena.header.version != LA_VERSION
            or arena.header.n_parties != len(plan.parties)
            or arena.header.n_domains != len(plan.domains)
            or arena.header.n_rings != len(plan.rings)
        ):
            arena.close()
            raise InvalidValueError("Arena.attach: the memory does not hold the planned arena")
        return arena

    @property
    def fd(self):
        if self._fd < 0:
            raise RuntimeStateError("Arena.fd: the arena was closed")
        return self._fd

    @property
    def size(self):
        return self.plan.size

    def close(self):
        """Give the descriptor back. Parties and ring ends made before keep working."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)
        self._parties = [None] * len(self._parties)

    def __dealloc__(self):
        if self._fd >= 0:
            os.close(self._fd)

    def party(self, Py_ssize_t i):
        """Return the one `Party` object of this process for party `i`."""
        if not 0 <= i < len(self.plan.parties):
            raise InvalidValueError(
                f"Arena.party: expected an index below {len(self.plan.parties)}, got {i}"
            )
        party = self._parties[i]
        if party is None:
            party = _new_party(self, i)
            self._parties[i] = party
        return party

    def domain(self, Py_ssize_t i):
        """Return a handle of domain `i`."""
        if not 0 <= i < len(self.plan.domains):
            raise InvalidValueError(
                f"Arena.domain: expected an index below {len(self.plan.domains)}, got {i}"
            )
        return _new_domain(self, i)

    def writer(self, Py_ssize_t ring_index):
        """Return the writing end of a ring, bound to the party the plan names."""
        return _new_writer(self, self._ring(ring_index))

    def reader(self, Py_ssize_t ring_index, Py_ssize_t cursor):
        """Return one reading end of a ring, bound to the party the plan names."""
        ring = self._ring(ring_index)
        if not 0 <= cursor < len(ring.readers):
            raise InvalidValueError(
                f"ring {ring.name!r}: expected a cursor below {len(ring.readers)}, got {cursor}"
            )
        return _new_reader(self, ring, cursor)

    def _ring(self, Py_ssize_t index):
        if not 0 <= index < len(self.plan.rings):
            raise InvalidValueError(
                f"Arena: expected a ring index below {len(self.plan.rings)}, got {index}"
            )
        return self.plan.rings[index]

    def abort(self, uint32_t code=1):
        """Set the abort word (the first code stays) and wake every party."""
        if code == 0:
            raise InvalidValueError("Arena.abort: expected a code other than 0, got 0")
        la_arena_abort(self.header, self.parties, code)

    @property
    def aborted(self):
        return la_arena_aborted(self.header)

    def __repr__(self):
        return (
            f"<Arena of {self.plan.size} bytes: {len(self.plan.parties)} parties, "
            f"{len(self.plan.rings)} rings>"
        )


cdef Arena _open_arena(int fd, plan):
    cdef Arena arena = Arena.__new__(Arena)
    arena.mapping = _Mapping(fd, plan.size)
    arena.header = <la_arena *>arena.mapping.base
    arena.parties = <la_party *>(arena.mapping.base + <size_t>layout.ARENA_BYTES)
    arena.plan = plan
    arena._parties = [None] * len(plan.parties)
    # Last, as from here on the object closes the descriptor.
    arena._fd = fd
    return arena


include "_party.pxi"
include "_domain.pxi"
include "_writer.pxi"
include "_reader.pxi"

_check_layout()
