# cython: language_level=3
"""Steps in a row; see ``__init__.py`` for the idea and ``_steps.pyi`` for the contracts.

The classes hold the interpreter lock, except in waits and in long loops over synapses. A burst is
cut off after MOST steps, so that other threads of the interpreter get their turn.
"""

import sys

import numpy as np

cimport numpy as cnp
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from cpython.long cimport PyLong_AsLongLongAndOverflow
from libc.string cimport memcmp, memcpy, memmove, memset

from lava_actor.channels._native cimport *
from lava_actor.channels._records cimport Recorder
from lava_actor.kernels._learning cimport Lines, book
from lava_actor.kernels.arguments cimport *
from lava_actor.kernels.geometry cimport take_geometry
from lava_actor.kernels.loops cimport *

from lava_actor.errors import InvalidValueError, RuntimeStateError
from lava_actor.kernels.steps.by_hand import stepper

cnp.import_array()
include "../../built_from.pxi"


# Why a burst ended: nothing to do or a look around is due; the model asked for a pause or a stop;
# in lockstep, this actor was the last and has to decide how to go on.
DONE, ASKED, DECIDE = 0, 1, 2

# What a model may ask for; in lockstep, bits of a barrier.
cpdef enum:
    ASK_PAUSE = 1
    ASK_STOP = 2

cpdef uint64_t take_request(object model) except? 255:
    """What the model has asked for since the last time, if anything: a pause wins over a stop."""
    if model._req_pause:
        model._req_pause = model._req_stop = False
        return ASK_PAUSE
    if model._req_stop:
        model._req_stop = False
        return ASK_STOP
    return 0


cdef enum:
    MOST = 1024
    # Steps after which a line of delays is held in the other way if that is less work.
    LOOK_AT = 64
    # Additions beyond which other threads of the interpreter may work meanwhile.
    LONG_LOOP = 100_000
    # Bytes beyond which the same holds for a copy.
    LONG_COPY = 65536
    # Bytes of sums from which on they are given directly: smaller ones may lie in a ring for long.
    LEAST_GIFT = 8192
    # Bytes up to which sums that are added up only for that are: they stay in the caches.
    LONG_GIFT = 1 << 20
    # What convolutions of integers wrap at.
    STATE_BITS = 24
    # Bytes in front of the value in a message of a tap.
    TAP_HEADER = 64


cdef extern from *:
    """
    static void la_settle_class(PyTypeObject *cls) {
        cls->tp_flags |= Py_TPFLAGS_IMMUTABLETYPE;
        PyType_Modified(cls);
    }
    """
    void la_settle_class(type cls)


def settle_class(type cls not None):
    """Let nobody change a class any more: it becomes like one that was written in C.

    A model's class has its declarations under the names of what instances hold. CPython 3.11 finds
    ``self.v`` without a search if nothing can make a descriptor of the declaration behind its back;
    others search in any case.
    """
    if sys.version_info < (3, 12):
        la_settle_class(cls)


cdef class Burst:
    """Any model: natively from step to step, each step by ``run_spk``."""

    cdef readonly object model
    cdef object by_hand
    cdef list methods  # whose place native steps take, and which are those of the model's class
    cdef object amiss  # value that no native step takes
    cdef set told  # those before
    cdef Domain clock
    cdef Party party
    cdef bint lockstep
    cdef bint native
    cdef bint asks  # native steps may call the model's Python
    cdef object opener
    cdef uint64_t reopen
    cdef public RingReader first
    cdef list taps, tapped
    cdef list visitors  # requests of those who have no turns
    cdef readonly bint whole
    cdef bint shows
    cdef readonly uint64_t bits
    cdef readonly uint64_t native_steps

    def __init__(self, model, methods=()):
        self.model = model
        self.by_hand = stepper()
        self.methods = [name for name in methods if name not in vars(model)]
        self.told = set()
        self.taps = []
        self.tapped = []
        self.visitors = []

    def attach(
        self, Domain clock not None, Party party not None, bint lockstep, opener=None, taps=(),
        tapped=(), visitors=(),
    ):
        """Say under which clock, as which party, and how to let the network go further.

        After every step the `taps` are published and the `tapped` are done with it. Steps in a row
        end when there is a request of `visitors`.
        """
        self.clock = clock
        self.party = party
        self.lockstep = lockstep
        self.opener = opener
        self.reopen = 0
        self.taps = list(taps)
        self.shows = self.keeps({(<Tap?>tap).name for tap in self.taps})
        self.tapped = list(tapped)
        self.visitors = [<RingReader?>requests for requests in visitors]

    def run(self, uint32_t mail, uint64_t base):
        """Do steps as long as the clock allows and nobody has sent mail."""
        cdef la_party *me = self.party.at
        cdef uint64_t first = la_get64(&me.done) + 1, step = first
        cdef int64_t start = la_now_ns() if self.clock.n_paced else 0
        cdef uint64_t waited = la_get64(&me.wait_ns), busy = la_get64(&me.busy_ns)
        self.bits = 0
        try:
            self.native = self.is_ready()
        except BaseException:
            la_set64(&me.step, first)  # whatever is wrong, this step would have met it
            raise
        try:
            while step < first + MOST:
                if not self._may_start(step, mail):
                    if not self.clock.n_paced or not self._is_to_wait(step, mail):
                        break
                    la_set64(
                        &me.busy_ns, busy + la_now_ns() - start - (la_get64(&me.wait_ns) - waited)
                    )
                    self.clock.await_begin(
                        self.party, step, mail,
                        self.first if self.native or type(self) is Burst else None,
                    )
                    continue
                if self.opener is not None and step > self.reopen:
                    self._open(step)
                la_set64(&me.step, step)
                if self.native:
                    self.step(step - base)
                    if self.asks:
                        self.bits = self.asked()
                else:
                    self.bits = self.call(step - base)
                self.publish(step - base)
                self.finish(step - base)
                la_set64(&me.done, step)
                if not self.native:
                    la_full_fence()
                if la_get32(&me.polled):
                    self.party.tell_pollers()
                self.party.end_step()
                step += 1
                if self.lockstep:
                    if self.clock.finish_step(self.party, step - 1, self.bits, &self.bits):
                        return DECIDE
                    self.bits = 0
                elif self.bits:
                    return ASKED
                if self.visitors and self._is_visited():
                    break
            return DONE
        finally:
            if self.native and la_get64(&me.step) >= first:
                self.settle(la_get64(&me.step) - base)
                self.native_steps += step - first
            self.leave()

    def can_step(self):
        """Whether steps are native now."""
        try:
            return self.prepare()
        finally:
            self.leave()

    def once(self, uint64_t number):
        """Do the spiking phase of one step, as fast as it can be done."""
        try:
            if self.is_ready():
                self.step(number)
                self.settle(number)
                self.native_steps += 1
            else:
                self.model.time_step = number
                self.model.run_spk()
        finally:
            self.leave()

    cdef inline bint _may_start(self, uint64_t step, uint32_t mail) noexcept:
        return (
            la_party_mailbox(self.party.at) == mail
            and step <= la_domain_horizon(self.clock.at)
            and step <= la_get64(&self.clock.at.limit)
        )

    cdef bint _is_visited(self) noexcept:
        for requests in self.visitors:
            if la_reader_ready(&(<RingReader>requests).at):
                return True
        return False

    cdef int _open(self, uint64_t step) except -1:
        """Let the network go on, and again when half of that is done: it need not come to rest."""
        self.reopen = step + <uint64_t>self.opener() // 2
        return 0

    cdef bint _is_to_wait(self, uint64_t step, uint32_t mail) except -1:
        """Whether others let the next step start: not the service, and not the user by this model."""
        cdef la_domain *clock = self.clock.at
        if (
            la_party_mailbox(self.party.at) != mail
            or step > la_get64(&clock.limit)
            or step > la_get64(&clock.fence)
        ):
            return False
        if self.opener is not None:
            self._open(step)
            if la_get64(&self.party.at.ready) < step:
                return False
        return la_domain_horizon(clock) < la_get64(&clock.granted)

    cdef uint64_t call(self, uint64_t number) except? 255:
        """One step in Python; returns what the model asks for."""
        return self.asked() if self.by_hand(self.model, number) else 0

    cdef inline uint64_t asked(self) except? 255:
        """What the model has asked for in this step."""
        return take_request(self.model)

    cdef bint prepare(self) except -1:
        """Look at the model's attributes; False: its own Python has to do the steps."""
        return False

    cdef bint is_ready(self) except -1:
        """The same, and tell of a value that no native step takes."""
        self.amiss = None
        if self.prepare():
            return True
        if self.amiss is not None and self.amiss not in self.told:
            self.told.add(self.amiss)
            self.model._la_tell_amiss(self.amiss)
        return False

    cdef bint lacks(self, name) noexcept:
        """Say because of which value `prepare` returns False."""
        self.amiss = name
        return False

    cdef bint is_replaced(self) except -1:
        """Whether the model was given a method of its own for one whose place native steps take."""
        held = self.model.__dict__
        for name in self.methods:
            if name in held:
                return True
        return False

    cdef int leave(self) except -1:
        """Undo `prepare`; after every burst, and every single step."""
        return 0

    cdef int step(self, uint64_t number) except -1:
        """One step, natively."""
        return 0

    cdef inline int publish(self, uint64_t number) except -1:
        """Nothing more changes the model in this step: tell the readers of its Vars."""
        if self.shows and self.native:
            self.show()
        for tap in self.taps:
            (<Tap?>tap).publish(number)
        return 0

    cdef inline int finish(self, uint64_t number) except -1:
        """The step is over for what was read."""
        for tap in self.tapped:
            (<TapReader?>tap).finish(number)
        return 0

    # -- in a team (_team.pxi) -----------------------------------------------------------------

    cdef int stages(self) noexcept:
        """How many there are in a native step; 0: it may wait anywhere."""
        return 0

    cdef list ends(self, int stage, list inward):
        """Ends of rings that have to be ready before a stage, and in which steps."""
        return []

    cdef int do(self, int stage, uint64_t number) except -1:
        """One stage of a step."""
        return 0

    cdef int withdraw(self) except -1:
        """It leaves the team, or is replaced: messages go through rings from now on."""
        return 0

    cdef bint keeps(self, set names) except -1:
        """Whether one of these attributes has its value only after `show`."""
        return False

    cdef int show(self) except -1:
        """After a native step: give attributes that keep what was sent their values."""
        return 0

    cdef int settle(self, uint64_t number) except -1:
        """After native steps: give the model's attributes the values they would have."""
        self.model.time_step = number
        return 0


include "_taps.pxi"
include "_recordings.pxi"
include "_gifts.pxi"
include "_inlets.pxi"
include "_populations.pxi"
include "_parts.pxi"
include "_connections.pxi"
include "_sparse.pxi"
include "_plasticity.pxi"
include "_team.pxi"
