"""A party: anything that waits. Included by ``_native.pyx``."""

_BLOCKED_KINDS = {
    LA_ON_DATA: "data",
    LA_ON_SPACE: "space",
    LA_ON_STEP: "step",
    LA_ON_BARRIER: "barrier",
    LA_ON_EVENT: "event",
    LA_ON_REST: "rest",
    LA_ON_TURN: "turn",
}
_BLOCKED_BY_NAME = {name: kind for kind, name in _BLOCKED_KINDS.items()}


# Wake-ups may be owed while messages take less than this each.
cdef int64_t BRISK_NS = 20000


cdef class Party:
    """One waiting thread and the words others read and write about it."""

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
    def answered(self):
        return la_get32(&self.at.answered)

    @answered.setter
    def answered(self, uint32_t value):
        la_set32(&self.at.answered, value)

    @property
    def blocked(self):
        cdef uint32_t index = 0
        cdef uint64_t number = 0
        cdef int64_t since = 0
        cdef uint32_t kind = la_party_inspect(self.at, &index, &number, &since)
        if kind == <uint32_t>LA_NOT_BLOCKED:
            return None
        return _BLOCKED_KINDS[kind], <int32_t>index, since, number

    # -- waking --------------------------------------------------------------------------------

    def post(self):
        """Count one more request for this party and ring its bell."""
        la_party_post(self.at)

    def bell(self):
        """Wake the party if it waits for an event (``prepare_wait``)."""
        la_full_fence()
        if la_party_waits_for(self.at, LA_ON_EVENT, 0):
            la_party_wake_fenced(self.at)

    @property
    def computing(self):
        return bool(la_is_computing(self.at))

    @computing.setter
    def computing(self, bint value):
        la_set_computing(self.at, value)

    def flush_wakes(self):
        """Wake, now, every sleeping party this one owes a wake-up."""
        self._flush()

    cdef void _call(self, la_party *peer, uint32_t kind, uint32_t patience) noexcept nogil:
        """Wake a party that waits for what has just changed: now, or a little later.

        A sleeper that is woken for one message takes it and sleeps again, which costs ten times
        what the message does; so the wake-up is owed until `patience` messages have moved. That
        loses nothing as long as the sleeper could not run anyway (no core is free), or has work
        once it is woken all the same (space in a ring that is full). And only while messages
        follow one another fast: a debt is paid when this party waits, and a party in the middle
        of a long computation does not.
        """
        if self.may_owe and self.brisk and (
            kind == <uint32_t>LA_ON_SPACE or not la_has_free_core(self.at)
        ):
            self._owe(peer, patience)
        else:
            la_party_wake_fenced(peer)

    cdef inline void _owe(self, la_party *peer, uint32_t patience) noexcept nogil:
        cdef uint32_t index = <uint32_t>(peer - self.parties)
        if not self.listed[index]:
            if self.n_pending == 0 or self.patience > <int32_t>patience:
                self.patience = <int32_t>patience
            self.listed[index] = 1
            self.pending[self.n_pending] = index
            self.n_pending += 1

    cdef void _flush(self) noexcept nogil:
        cdef uint32_t i
        if self.n_pending == 0:
            return
        la_full_fence()
        for i in range(self.n_pending):
            self.listed[self.pending[i]] = 0
            la_party_wake_fenced(&self.parties[self.pending[i]])
        self.n_pending = 0

    cdef void _look_at_pace(self, int64_t now) noexcept nogil:
        """Before a wait: were messages brisk since the last one?"""
        cdef uint64_t moved = la_get64(&self.at.progress) - self.resumed_progress
        if moved:
            self.brisk = now - self.resumed_at < <int64_t>moved * BRISK_NS

    cdef void _resume(self, int64_t now) noexcept nogil:
        self.resumed_at = now
        self.resumed_progress = la_get64(&self.at.progress)

    # -- waiting -------------------------------------------------------------------------------

    def prepare_wait(self):
        """Announce a sleep; look at the condition again, then cancel or commit."""
        self._flush()
        return la_party_prepare(self.at)

    def cancel_wait(self):
        """Take the announcement back: the condition holds already."""
        la_party_cancel(self.at)

    def commit_wait(self, uint32_t key, timeout=None, kind="event", int32_t index=-1,
                    uint64_t number=0):
        """Sleep until the bell rings; False if the time is over first."""
        cdef int64_t start = la_now_ns()
        cdef int64_t until = -1
        cdef int64_t spin_ns = <int64_t>self.spin_us * 1000
        cdef int64_t slice_ns, now
        cdef la_waiting waiting
        waiting.party = self.at
        waiting.seen = key
        if timeout is not None:
            until = start + <int64_t>(max(0.0, float(timeout)) * 1e9)
            spin_ns = min(spin_ns, until - start)
        self._look_at_pace(start)
        la_party_blocked(self.at, _BLOCKED_BY_NAME[kind], <uint32_t>index, number, start)
        try:
            if spin_ns > 0:
                with nogil:
                    la_spin(&self.spinning, self.at, la_until_rung, &waiting, spin_ns, 0)
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
            now = la_now_ns()
            la_count(&self.at.wait_ns, <uint64_t>(now - start))
            self._resume(now)

    cdef int _block(
        self, uint32_t kind, uint32_t index, la_gate *gate, la_condition until,
        la_waiting *waiting,
    ) except -1:
        """Wait until a condition of ``waits.h`` holds, however long that takes."""
        cdef int64_t start, spin, now
        cdef int64_t slice_ns = LA_PARKED_SLICE_NS if kind == <uint32_t>LA_ON_STEP else LA_SLICE_NS
        cdef int held
        self._flush()
        start = la_now_ns()
        self._look_at_pace(start)
        spin = <int64_t>self.spin_us * 1000
        la_party_blocked(self.at, kind, index, waiting.number, start)
        try:
            while True:
                with nogil:
                    held = la_wait_turn(
                        self.at, gate, until, waiting, &self.spinning, spin, slice_ns
                    )
                if held:
                    return 0
                spin = 0
                PyErr_CheckSignals()
        finally:
            la_party_unblocked(self.at)
            now = la_now_ns()
            la_count(&self.at.wait_ns, <uint64_t>(now - start))
            self._resume(now)


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
