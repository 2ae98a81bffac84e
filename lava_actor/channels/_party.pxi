"""A party: anything that waits. Included by ``_native.pyx``."""

_BLOCKED_KINDS = {
    LA_ON_DATA: "data",
    LA_ON_SPACE: "space",
    LA_ON_STEP: "step",
    LA_ON_BARRIER: "barrier",
    LA_ON_POLL: "poll",
    LA_ON_FIRST: "first",
    LA_ON_EVENT: "event",
    LA_ON_REST: "rest",
    LA_ON_TURN: "turn",
}
_BLOCKED_BY_NAME = {name: kind for kind, name in _BLOCKED_KINDS.items()}


# Wake-ups may be owed while messages take less than this each, without what waking others takes.
cdef int64_t BRISK_NS = 20000
# Messages for which a wake-up is owed to one who could run at once.
cdef uint32_t FEW = 16
# Messages after which one who wakes others for each of them looks at its pace.
cdef uint64_t A_WHILE = 32
# Steps without a message after which none is expected soon: who sends in every tenth step does.
cdef uint32_t QUIET_STEPS = 16
# How long to sleep when there are more bells than the kernel watches.
cdef int64_t MANY_NS = 1000000


cdef class Party:
    """One waiting thread and the words others read and write about it."""

    def __init__(self):
        raise TypeError("use Arena.party(index)")

    def __dealloc__(self):
        free(self.listed)
        free(self.pending)
        free(self.pollers)
        free(self.polled_rings)
        free(self.callers)

    def __repr__(self):
        return f"<Party {self.index}: {self.name}>"

    def released(self, error):
        """Return what a wait raises that ends without what it waited for."""
        return NetworkEnds(str(error)) if self.in_model else error

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
        la_full_fence()
        self.tell_pollers()

    @property
    def turn(self):
        return la_get64(&self.at.turn)

    @turn.setter
    def turn(self, uint64_t value):
        la_set64(&self.at.turn, value)

    @property
    def ready(self):
        return la_get64(&self.at.ready)

    @ready.setter
    def ready(self, uint64_t value):
        la_set64(&self.at.ready, value)

    @property
    def phase(self):
        return la_get32(&self.at.phase)

    @phase.setter
    def phase(self, uint32_t value):
        la_set32(&self.at.phase, value)
        la_full_fence()
        self.tell_pollers()

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
    def missed(self):
        return la_get64(&self.at.missed)

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

    def move_to(self, Party home not None):
        """From now on `home` sleeps for this party; to be called by who sleeps for it so far."""
        la_set_home(self.at, <uint32_t>home.index)

    # -- waking --------------------------------------------------------------------------------

    def post(self):
        """Count one more request for this party and ring its bell."""
        la_party_post(self.at)

    def bell(self):
        """Wake the party if it waits for an event (`wait`)."""
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
        once it is woken all the same (space in a ring that is full). A sleeper that could run gets
        fewer: it has caught up with a party that is slower, and finds some work when it comes. And
        only while messages follow one another fast: a debt is paid when this party waits, and a
        party in the middle of a long computation does not.
        """
        cdef bint could_run = kind != <uint32_t>LA_ON_SPACE and la_has_free_core(self.at)
        if not self.may_owe or not self.brisk or could_run and kind != <uint32_t>LA_ON_DATA:
            self._wake(peer)
        else:
            self._owe(peer, min(patience, FEW) if could_run else patience)

    cdef inline void _wake(self, la_party *peer) noexcept nogil:
        """Wake a party. What that takes, the time of whom it lets run first included, is no work.

        Who wakes others for each message may never have to wait itself: it looks at its pace here.
        """
        cdef int64_t start = la_now_ns(), now
        la_party_wake_fenced(peer)
        now = la_now_ns()
        self.waking_ns += now - start
        if not self.brisk and la_get64(&self.at.progress) - self.resumed_progress >= A_WHILE:
            self._look_at_pace(now)
            self._resume(now)

    cdef inline void _owe(self, la_party *peer, uint32_t patience) noexcept nogil:
        cdef uint32_t index = <uint32_t>(peer - self.parties)
        if self.listed == NULL and not self._make_lists():
            la_party_wake_fenced(peer)
            return
        if not self.listed[index]:
            if self.n_pending == 0 or self.patience > <int32_t>patience:
                self.patience = <int32_t>patience
            self.listed[index] = 1
            self.pending[self.n_pending] = index
            self.n_pending += 1

    cdef bint _make_lists(self) noexcept nogil:
        """Not before they are needed: of a thousand parties in one process few ever owe anything."""
        cdef unsigned char *listed = <unsigned char *>calloc(self.header.n_parties, 1)
        self.pending = <uint32_t *>calloc(self.header.n_parties, sizeof(uint32_t))
        if listed == NULL or self.pending == NULL:
            free(listed)
            free(self.pending)
            self.pending = NULL
            return False
        self.listed = listed
        return True

    cdef void _flush(self) noexcept nogil:
        cdef uint32_t i
        if self.n_pending == 0:
            return
        la_full_fence()
        for i in range(self.n_pending):
            self.listed[self.pending[i]] = 0
            self._wake(&self.parties[self.pending[i]])
        self.n_pending = 0

    cpdef void end_step(self) noexcept:
        """After a step: once no message has moved in several, none may come to pay the debts."""
        cdef uint64_t moved
        if self.n_pending:
            moved = la_get64(&self.at.progress)
            self.quiet = self.quiet + 1 if moved == self.step_progress else 0
            self.step_progress = moved
            if self.quiet >= QUIET_STEPS:
                self._flush()

    cdef int tell_pollers(self) except -1:
        """Wake who waits for this party to come as far as it has; see `la_has_reached`."""
        cdef uint32_t i
        if not la_get32(&self.at.polled):
            return 0
        if self.pollers == NULL:
            self._find_pollers()
        la_full_fence()
        for i in range(self.n_pollers):
            if la_party_waits_for(
                self.pollers[i], LA_ON_POLL, self.polled_rings[i]
            ) and la_has_reached(self.at, la_stage(self.pollers[i])):
                la_party_wake_fenced(self.pollers[i])
        return 0

    cdef int _find_pollers(self) except -1:
        cdef uint32_t i
        found = [
            (reader, ring.index)
            for ring in self.plan.rings if ring.writer == self.index
            for reader in sorted(set(ring.readers) - {ring.writer})
        ]
        self.pollers = <la_party **>calloc(len(found) + 1, sizeof(la_party *))
        self.polled_rings = <uint32_t *>calloc(len(found) + 1, sizeof(uint32_t))
        if self.pollers == NULL or self.polled_rings == NULL:
            raise MemoryError()
        for i in range(len(found)):
            self.pollers[i] = &self.parties[<Py_ssize_t>found[i][0]]
            self.polled_rings[i] = found[i][1]
        self.n_pollers = len(found)
        return 0

    cdef void _look_at_pace(self, int64_t now) noexcept nogil:
        """Before a wait: were messages brisk since the last one?"""
        cdef uint64_t moved = la_get64(&self.at.progress) - self.resumed_progress
        if moved:
            self.brisk = now - self.resumed_at - self.waking_ns < <int64_t>moved * BRISK_NS

    cdef void _resume(self, int64_t now) noexcept nogil:
        self.resumed_at = now
        self.waking_ns = 0
        self.resumed_progress = la_get64(&self.at.progress)

    # -- waiting -------------------------------------------------------------------------------

    def wait(self, *conditions, serve=(), timeout=None, record=("event", -1, 0)):
        """Wait until a condition holds, and serve meanwhile; False if the time is over first."""
        cdef _Look look = _Look(self, conditions, serve)
        cdef int64_t deadline = _deadline(timeout)
        cdef uint32_t kind = _BLOCKED_BY_NAME[record[0]]
        cdef int32_t index = record[1]
        cdef uint64_t number = record[2]
        cdef bint held
        self._check_waiter()
        while True:
            held = look.holds(False)
            if not held and la_arena_aborted(self.header):
                raise self._ended(LA_ON_EVENT, 0)
            # After the look: what was asked before the condition came true is served then.
            if look.serve():
                self._flush()
            if held:
                return True
            if 0 <= deadline <= la_now_ns():
                return False
            self._block(
                kind, <uint32_t>index, number, NULL, _until_looked, <void *>look, deadline
            )
            look.check()

    cdef int _check_waiter(self) except -1:
        if self.looking:
            raise RuntimeStateError(f"{self.name}: a condition of a wait must not wait itself")
        return 0

    cdef int _block(
        self, uint32_t kind, uint32_t index, uint64_t number, la_gate *gate, la_condition until,
        void *what, int64_t deadline,
    ) except -1:
        """Wait until a condition holds, or for at most so long (-1: however long that takes).

        The one place where a wait ends because the network does.
        """
        cdef bint asking = (kind & ~LA_ATTENDING) >= <uint32_t>LA_ON_EVENT
        cdef bint parked = kind == <uint32_t>LA_ON_STEP or kind == <uint32_t>LA_ON_FIRST
        cdef int64_t slice_ns = LA_PARKED_SLICE_NS if parked else LA_SLICE_NS
        cdef int64_t spin = <int64_t>self.spin_us * 1000
        cdef int64_t start, now
        cdef int outcome
        self._check_waiter()
        if self.attend is not None and kind in (LA_ON_DATA, LA_ON_SPACE):
            return self._block_attended(kind, index, number, gate, until, what, deadline)
        self._flush()
        la_full_fence()
        self.tell_pollers()
        now = start = la_now_ns()
        self._look_at_pace(start)
        la_party_blocked(self.at, kind, index, number, start)
        try:
            while True:
                if deadline >= 0:
                    slice_ns = min(slice_ns, deadline - now)
                    spin = min(spin, deadline - now)
                with nogil:
                    outcome = la_wait_turn(
                        self.at, gate, until, what, &self.asking if asking else &self.spinning,
                        spin, slice_ns,
                    )
                if outcome == LA_HOLDS:
                    return 0
                if outcome == LA_ENDED:
                    raise self._ended(kind, index)
                PyErr_CheckSignals()
                spin = 0
                now = la_now_ns()
                if 0 <= deadline <= now:
                    return 0
        finally:
            la_party_unblocked(self.at)
            now = la_now_ns()
            la_count(&self.at.wait_ns, <uint64_t>(now - start))
            self._resume(now)

    @property
    def callers(self):
        return list(self.calling or ())

    @callers.setter
    def callers(self, readers):
        cdef list calling = [<RingReader?>reader for reader in readers]
        cdef la_reader **room = <la_reader **>calloc(len(calling) + 1, sizeof(la_reader *))
        cdef uint32_t i
        if room == NULL:
            raise MemoryError()
        for i in range(len(calling)):
            room[i] = &(<RingReader>calling[i]).at
        free(self.callers)
        self.calling, self.callers, self.n_callers = calling, room, len(calling)

    cdef int _block_attended(
        self, uint32_t kind, uint32_t index, uint64_t number, la_gate *gate, la_condition until,
        void *what, int64_t deadline,
    ) except -1:
        """As `_block`, and attend to mail and callers meanwhile; waits in there are plain ones."""
        cdef la_attended wait
        attend, self.attend = self.attend, None
        wait.until, wait.what, wait.at = until, what, self.at
        wait.callers, wait.n = self.callers, self.n_callers
        try:
            while not until(what) and not 0 <= deadline <= la_now_ns():
                wait.seen = la_party_mailbox(self.at)
                attend()
                self._block(
                    kind | LA_ATTENDING if wait.n else kind, index, number, gate, _until_called,
                    &wait, deadline,
                )
        finally:
            self.attend = attend
        return 0

    cdef _ended(self, uint32_t kind, uint32_t index):
        kind &= ~LA_ATTENDING
        what = f"the {_BLOCKED_KINDS[kind]}"
        if kind in (LA_ON_DATA, LA_ON_SPACE, LA_ON_FIRST, LA_ON_POLL):
            missing = "data" if kind == <uint32_t>LA_ON_FIRST else _BLOCKED_KINDS[kind]
            what = f"{missing} in ring {self.plan.rings[index].name!r}"
        return self.released(ChannelAborted(
            f"{self.name}: released while waiting for {what}, because the network ends "
            f"(code {la_arena_aborted(self.header)})"
        ))


cdef struct la_attended:
    la_condition until
    void *what
    la_party *at
    la_reader **callers
    uint32_t n
    uint32_t seen


cdef int _until_called(void *what) noexcept nogil:
    cdef la_attended *wait = <la_attended *>what
    cdef uint32_t i
    if wait.until(wait.what) or la_party_mailbox(wait.at) != wait.seen:
        return 1
    for i in range(wait.n):
        if la_reader_ready(wait.callers[i]):
            return 1
    return 0


cdef int64_t _deadline(timeout) except? -2:
    return -1 if timeout is None else la_now_ns() + <int64_t>(max(0.0, float(timeout)) * 1e9)


cdef class _Look:
    """What somebody waits for and serves meanwhile, asked from within la_wait_turn."""

    cdef Party party
    cdef tuple conditions, servers
    cdef object error

    def __cinit__(self, Party party not None, conditions, servers):
        self.party = party
        self.conditions = conditions
        self.servers = tuple(servers)

    cdef bint holds(self, bint or_asked) except -1:
        self.party.looking = True
        try:
            for condition in self.conditions:
                if condition():
                    return True
            if or_asked:
                for server in self.servers:
                    if server.pending():
                        return True
            return False
        finally:
            self.party.looking = False

    cdef bint serve(self) except -1:
        cdef bint served = False
        for server in self.servers:
            if server.pending():
                served = True
                server.serve()
        return served

    cdef int check(self) except -1:
        """Raise what a condition raised where no exception could leave."""
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return 0


cdef int _until_looked(void *what) noexcept with gil:
    cdef _Look look = <_Look>what
    try:
        return look.holds(True)
    except BaseException as error:  # Ctrl-C, too
        look.error = error
        return True


cdef Party _new_party(Arena arena, Py_ssize_t index):
    cdef Party party = Party.__new__(Party)
    party.mapping = arena.mapping
    party.header = arena.header
    party.parties = arena.parties
    party.at = &arena.parties[index]
    party.index = index
    party.plan = arena.plan
    party.spinning.looks = LA_LOOKS
    party.name = arena.plan.parties[index]
    return party


def wait_any(parties, *conditions, timeout=None):
    """Wait as several parties at once, at the ends of several arenas maybe; see `Party.wait`."""
    cdef _Look look = _Look(parties[0], conditions, ())
    cdef int64_t deadline = _deadline(timeout)
    cdef int64_t slice_ns
    cdef uint32_t i, n = len(parties)
    cdef int outcome
    cdef la_party **at = <la_party **>calloc(n + 1, sizeof(la_party *))
    cdef la_waitv *words = <la_waitv *>calloc(n + 1, sizeof(la_waitv))
    try:
        if at == NULL or words == NULL:
            raise MemoryError()
        for i in range(n):
            at[i] = (<Party?>parties[i]).at
            la_party_blocked(at[i], LA_ON_EVENT, <uint32_t>-1, 0, la_now_ns())
        while True:
            if look.holds(True):
                return True
            for party in parties:
                (<Party>party)._flush()
            slice_ns = LA_SLICE_NS if n <= LA_WAITV_MAX else MANY_NS
            if deadline >= 0:
                slice_ns = min(slice_ns, deadline - la_now_ns())
                if slice_ns <= 0:
                    return False
            with nogil:
                outcome = la_wait_turn_any(at, n, _until_looked, <void *>look, words, slice_ns)
            look.check()
            if outcome == LA_ENDED:
                for party in parties:
                    if la_arena_aborted((<Party>party).header):
                        raise (<Party>party)._ended(LA_ON_EVENT, 0)
            PyErr_CheckSignals()
    finally:
        for party in parties:
            la_party_unblocked((<Party>party).at)
        free(at)
        free(words)
