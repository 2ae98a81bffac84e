# cython: language_level=3
"""The native part of the channels: arena, parties, domains, and the two ends of a ring.

The C headers hold the ideas (start with ``ring.h`` and ``doorbell.h``); this module binds them to
NumPy arrays and Python exceptions. Its contract with the rest of the package is ``_native.pyi``.
It is cut into four files, one idea each, which compile as one module so that calls between them
are C calls: the arena here, then ``_party.pxi``, ``_domain.pxi``, ``_writer.pxi``, ``_reader.pxi``.
"""

import os
import warnings

import numpy as np

from lava_actor.channels import layout
from lava_actor.channels.memory import check_memory, file_limit, too_little_memory
from lava_actor.channels.statistics import RingStatistics
from lava_actor.channels.wait import available_cores
from lava_actor.errors import (
    ChannelAborted,
    InvalidTypeError,
    InvalidValueError,
    LavaActorWarning,
    NetworkEnds,
    PeerClosedError,
    RuntimeStateError,
    UnsupportedError,
)

cimport cython
cimport numpy as cnp
from cpython.buffer cimport PyBuffer_FillInfo
from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport errno
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcmp, memcpy, memset
from posix.unistd cimport close as close_descriptor

from lava_actor.channels.mapping cimport (
    MAP_FAILED,
    MAP_PRIVATE,
    MAP_SHARED,
    PROT_READ,
    PROT_WRITE,
    mmap,
    munmap,
)

cnp.import_array()


include "../built_from.pxi"

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

    def __cinit__(self, int fd, size_t size):
        cdef void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
        if base == MAP_FAILED:
            raise MemoryError(f"cannot map an arena of {size} bytes")
        self.base = <unsigned char *>base
        self.size = size

    def __dealloc__(self):
        if self.base != NULL:
            munmap(self.base, self.size)


cdef class PrivateMap:
    """A stretch of a file, copied where it is written to; a buffer of bytes."""

    cdef void *base
    cdef size_t size

    def __cinit__(self, int fd, int64_t offset, size_t size):
        cdef void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, offset)
        if base == MAP_FAILED:
            raise OSError(errno, os.strerror(errno))
        self.base = base
        self.size = size

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.base, <Py_ssize_t>self.size, 0, flags)

    def __dealloc__(self):
        if self.base != NULL:
            munmap(self.base, self.size)


cdef class Arena:
    """The shared memory of one network, laid out by an `ArenaPlan`."""

    def __cinit__(self):
        self._fd = -1

    def __init__(self):
        raise TypeError("use Arena.create(plan) or Arena.attach(fd, plan)")

    @staticmethod
    def create(plan, cores=None):
        """Make a new arena: anonymous memory, reserved in full before anybody depends on it."""
        check_memory(plan)
        fd = os.memfd_create("lava_actor", os.MFD_CLOEXEC)
        try:
            try:
                os.posix_fallocate(fd, 0, plan.size)
            except OSError as error:
                raise too_little_memory(
                    plan, file_limit(error.errno) or "less is free"
                ) from error
            arena = _open_arena(fd, plan)
        except BaseException:
            os.close(fd)
            raise
        (<Arena>arena).header.version = LA_VERSION
        (<Arena>arena).header.n_parties = len(plan.parties)
        (<Arena>arena).header.cores = <uint32_t>(available_cores() if cores is None else cores)
        for i in range(len(plan.parties)):
            (<Arena>arena).parties[i].index = <uint32_t>i
            la_set_home(&(<Arena>arena).parties[i], <uint32_t>i)
        (<Arena>arena).header.n_domains = plan.copies * len(plan.domains)
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
            or arena.header.n_domains != plan.copies * len(plan.domains)
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

    def __dealloc__(self):  # in C alone: names of Python may be gone when the interpreter ends
        if self._fd >= 0:
            close_descriptor(self._fd)

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

    def desk(self):
        """Return a handle of the desk, or None if the plan has none."""
        return _new_desk(self) if self.plan.desk else None

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
include "_desk.pxi"

_check_layout()
