"""A party: anything that waits. Included by ``_native.pyx``."""

_BLOCKED_KINDS = {
    LA_ON_DATA: "data",
    LA_ON_SPACE: "space",
    LA_ON_STEP: "step",
    LA_ON_BARRIER: "barrier",
    LA_ON_EVENT: "event",
}


cdef class Party:
    """One waiting thread and the words others read and write about it."""

    cdef _Mapping mapping
    cdef la_arena *header
    cdef la_party *parties
    cdef la_party *at
    cdef readonly Py_ssize_t index
    cdef readonly str name
    cdef public uint32_t spin_us
    cdef bint defer
    # Parties to wake later: a list of indices, and a flag per party that says it is on the list.
    cdef unsigned char *listed
    cdef uint32_t *pending
    cdef uint32_t n_pending

    def __init__(self):
        raise TypeError("use Arena.party(index)")

    def __dealloc__(self):
        free(self.listed)
        free(self.pending)

    def __repr__(self):
        return f"<Party {self.index}: {self.name}>"

    # -- words ---------------------------------------------------------------------------------

    @property
    def step(self):
        return la_get64(&self.at.step)

    @step.setter
    def step(self, uint64_t value):
        la_set64(&self.at.step, value)

    @property
    def done(self):
        return la_get64(&self.at.done)

    @done.setter
    def done(self, uint64_t value):
        la_set64(&self.at.done, value)

    @property
    def turn(self):
        return la_get64(&self.at.turn)

    @turn.setter
    def turn(self, uint64_t value):
        la_set64(&self.at.turn, value)

    @property
    def phase(self):
        return la_get32(&self.at.phase)

    @phase.setter
    def phase(self, uint32_t value):
        la_set32(&self.at.phase, value)

    @property
    def state(self):
        return la_get32(&self.at.state)

    @state.setter
    def state(self, uint32_t value):
        la_set32(&self.at.state, value)

    @property
    def busy_ns(self):
        return la_get64(&self.at.busy_ns)

    @busy_ns.setter
    def busy_ns(self, uint64_t value):
        la_set64(&self.at.busy_ns, value)

    @property
    def wait_ns(self):
        return la_get64(&self.at.wait_ns)

    @wait_ns.setter
    def wait_ns(self, uint64_t value):
        la_set64(&self.at.wait_ns, value)

    @property
    def progress(self):
        return la_get64(&self.at.progress)

    @property
    def mailbox(self):
        return la_party_mailbox(self.at)

    @property
    def blocked(self):
        cdef uint32_t index = 0
        cdef int64_t since = 0
        cdef uint32_t kind = la_party_inspect(self.at, &index, &since)
        if kind == <uint32_t>LA_NOT_BLOCKED:
            return None
        return _BLOCKED_KINDS[kind], <int32_t>index, since

    # -- waking --------------------------------------------------------------------------------

    def post(self):
        """Count one more request for this party and ring its bell."""
        la_party_post(self.at)

    def bell(self):
        """Wake the party if it waits for an event (``prepare_wait``)."""
        la_full_fence()
        la_party_wake_for(self.at, LA_ON_EVENT, 0)

    @property
    def computing(self):
        return bool(la_is_computing(self.at))

    @computing.setter
    def computing(self, bint value):
        la_set_computing(self.at, value)

    @property
    def defer_wakes(self):
        return self.defer

    @defer_wakes.setter
    def defer_wakes(self, bint value):
        self.defer = value
        if not value:
            self._flush()

    def flush_wakes(self):
        """Wake, now, every sleeping party this one owes a wake-up."""
        self._flush()

    cdef inline void _owe(self, la_party *peer) noexcept nogil:
        cdef uint32_t index = <uint32_t>(peer - self.parties)
        if not self.listed[index]:
            self.listed[index] = 1
            self.pending[self.n_pending] = index
            self.n_pending += 1

    cdef inline void _flush(self) noexcept nogil:
        cdef uint32_t i
        if self.n_pending == 0:
            return
        la_full_fence()
        for i in range(self.n_pending):
            self.listed[self.pending[i]] = 0
            la_party_wake_fenced(&self.parties[self.pending[i]])
        self.n_pending = 0

    # -- waiting -------------------------------------------------------------------------------

    def prepare_wait(self):
        """Announce a sleep; look at the condition again, then cancel or commit."""
        self._flush()
        return la_party_prepare(self.at)

    def cancel_wait(self):
        """Take the announcement back: the condition holds already."""
        la_party_cancel(self.at)

    def commit_wait(self, uint32_t key, timeout=None):
        """Sleep until the bell rings; False if the time is over first."""
        cdef int64_t start = la_now_ns()
        cdef int64_t until = -1
        cdef int64_t spin_until = start + <int64_t>self.spin_us * 1000
        cdef int64_t slice_ns, now
        if timeout is not None:
            until = start + <int64_t>(max(0.0, float(timeout)) * 1e9)
        la_party_blocked(self.at, LA_ON_EVENT, <uint32_t>-1, start)
        try:
            now = start
            with nogil:
                while now < spin_until and la_party_bell(self.at) == key and (
                    until < 0 or now < until
                ):
                    sched_yield()
                    now = la_now_ns()
            while la_party_bell(self.at) == key:
                PyErr_CheckSignals()
                slice_ns = LA_SLICE_NS
                if until >= 0:
                    slice_ns = min(slice_ns, until - la_now_ns())
                    if slice_ns <= 0:
                        return False
                with nogil:
                    la_party_sleep(self.at, key, slice_ns)
                if la_party_bell(self.at) == key:
                    # Announce again: whoever rang between sleep and here moved the bell.
                    la_party_prepare(self.at)
            return True
        finally:
            la_party_cancel(self.at)
            la_party_unblocked(self.at)
            la_count(&self.at.wait_ns, <uint64_t>(la_now_ns() - start))

    cdef int _block(
        self, uint32_t kind, uint32_t index, la_condition until, la_waiting *waiting
    ) except -1:
        """Wait until a condition of ``waits.h`` holds, however long that takes."""
        cdef int64_t start, spin
        cdef int held
        self._flush()
        start = la_now_ns()
        spin = <int64_t>self.spin_us * 1000
        la_party_blocked(self.at, kind, index, start)
        try:
            while True:
                with nogil:
                    held = la_wait_turn(self.at, until, waiting, spin, LA_SLICE_NS)
                if held:
                    return 0
                spin = 0
                PyErr_CheckSignals()
        finally:
            la_party_unblocked(self.at)
            la_count(&self.at.wait_ns, <uint64_t>(la_now_ns() - start))


cdef Party _new_party(Arena arena, Py_ssize_t index):
    cdef Party party = Party.__new__(Party)
    cdef size_t n = len(arena.plan.parties)
    party.listed = <unsigned char *>calloc(n, 1)
    party.pending = <uint32_t *>calloc(n, sizeof(uint32_t))
    if party.listed == NULL or party.pending == NULL:
        raise MemoryError()
    party.mapping = arena.mapping
    party.header = arena.header
    party.parties = arena.parties
    party.at = &arena.parties[index]
    party.index = index
    party.name = arena.plan.parties[index]
    return party


def wait_any(parties, keys, timeout=None):
    """Sleep until the bell of one of several prepared parties rings; False on timeout.

    For one thread that waits at the ends of several arenas; every party was prepared by it with
    ``prepare_wait`` and is cancelled on return.
    """
    cdef la_waitv words[128]
    cdef Py_ssize_t i, n = min(len(parties), LA_WAITV_MAX)
    cdef int64_t start = la_now_ns()
    cdef int64_t until = -1
    cdef int64_t slice_ns
    cdef Party party
    if timeout is not None:
        until = start + <int64_t>(max(0.0, float(timeout)) * 1e9)
    # More words than the kernel takes: those beyond are looked at after each short slice.
    longest = LA_SLICE_NS if len(parties) <= LA_WAITV_MAX else 1000000
    for i in range(n):
        party = parties[i]
        words[i].value = <uint32_t>keys[i]
        words[i].address = <uint64_t>&party.at.bell
        words[i].flags = LA_WAITV_32BIT
        words[i].reserved = 0
    try:
        while True:
            for i in range(len(parties)):
                if la_party_bell((<Party?>parties[i]).at) != <uint32_t>keys[i]:
                    return True
            PyErr_CheckSignals()
            slice_ns = longest
            if until >= 0:
                slice_ns = min(slice_ns, until - la_now_ns())
                if slice_ns <= 0:
                    return False
            with nogil:
                la_futex_wait_any(words, <unsigned>n, slice_ns)
    finally:
        for i in range(len(parties)):
            la_party_cancel((<Party?>parties[i]).at)
