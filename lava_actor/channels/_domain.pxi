"""A domain: parties that step together. Included by ``_native.pyx``."""


cdef int _checked_phase(int phase) except -1:
    if not 0 <= phase < LA_PHASES:
        raise InvalidValueError(f"expected a phase below {LA_PHASES}, got {phase}")
    return phase


cdef class Domain:
    """The step words of one synchronisation domain."""

    def __init__(self):
        raise TypeError("use Arena.domain(index)")

    def __dealloc__(self):
        free(self.members)
        free(self.near)
        free(self.paced)

    def __repr__(self):
        return f"<Domain {self.index}: {self.n_members} parties, horizon {self.horizon}>"

    @property
    def horizon(self):
        return la_domain_horizon(self.at)

    def raise_horizon(self, uint64_t value):
        """Allow steps up to `value`; a smaller value than before changes nothing."""
        if la_domain_grant(self.at, self.paced, self.n_paced, value):
            self._wake_members(LA_ON_STEP)

    def open(self, Party party not None):
        """A paced party is ready for more: on all ranks that share the arena."""
        cdef uint32_t i
        cdef bint raised = False
        for i in range(self.copies):
            if la_domain_open(self.first + i * self.n_domains, self.paced, self.n_paced):
                raised = True
        if not raised:
            return
        la_full_fence()
        for i in range(self.n_near):
            if la_party_waits_for(self.near[i], LA_ON_STEP, <uint32_t>self.index):
                party._call(self.near[i], LA_ON_STEP, self.n_near)

    @property
    def granted(self):
        return la_get64(&self.at.granted)

    @property
    def slowest(self):
        cdef uint64_t least = la_domain_slowest(self.near, self.n_near)
        return min(least, <uint64_t>la_get64(&self.at.far)) if self.is_wide else least

    @property
    def far(self):
        return la_get64(&self.at.far) if self.is_wide else None

    @property
    def slowest_near(self):
        return la_domain_slowest(self.near, self.n_near)

    def tell_far(self, uint64_t step):
        """Note what others have done elsewhere: for all ranks that share the arena."""
        cdef uint32_t i
        for i in range(self.copies):
            la_set64(&(self.first + i * self.n_domains).far, step)

    def freeze(self):
        """Return the horizon, which nobody can raise until `thaw`."""
        return la_domain_freeze(self.at)

    def thaw(self):
        """Let the horizon be raised again."""
        la_domain_thaw(self.at)

    @property
    def limit(self):
        return la_get64(&self.at.limit)

    @limit.setter
    def limit(self, uint64_t value):
        la_set64(&self.at.limit, value)

    @property
    def fence(self):
        return la_get64(&self.at.fence)

    @fence.setter
    def fence(self, uint64_t value):
        la_set64(&self.at.fence, value)

    @property
    def pause(self):
        return la_get32(&self.at.pause)

    @pause.setter
    def pause(self, uint32_t value):
        la_set32(&self.at.pause, value)

    def wish(self, int phase, uint64_t step):
        """Note that a member wishes for a phase of `step`; all who do write the same."""
        la_set64(&self.at.wished[_checked_phase(phase)], step)

    def wished(self, int phase):
        """The last step for which a member wished for `phase`."""
        return la_get64(&self.at.wished[_checked_phase(phase)])

    cdef void _wake_members(self, uint32_t kind) noexcept nogil:
        cdef uint32_t i
        la_full_fence()
        for i in range(self.n_members):
            if la_party_waits_for(self.members[i], kind, <uint32_t>self.index):
                la_party_wake_fenced(self.members[i])

    @property
    def epoch(self):
        return la_domain_epoch(self.at)

    # -- barrier -------------------------------------------------------------------------------

    def arrive(self, uint64_t bits):
        """Arrive at the barrier; (True, all bits) for the last member, else (False, epoch)."""
        cdef uint64_t result = 0
        if la_domain_arrive(self.at, self.n_members, bits, &result):
            return True, result
        return False, result

    def release(self, int64_t decision):
        """Publish the decision of the member that arrived last, and let the others go on."""
        la_domain_release(self.at, self.members, self.n_members, decision)

    def await_release(self, Party party not None, uint32_t epoch):
        """Return the decision that ends `epoch`."""
        self._await_epoch(party, epoch)
        return la_domain_decision(self.at)

    cdef int _await_epoch(self, Party party, uint32_t epoch) except -1:
        cdef la_waiting waiting
        if la_domain_epoch(self.at) == epoch:
            waiting.domain = self.at
            waiting.number = epoch
            party._block(
                LA_ON_BARRIER, <uint32_t>self.index, epoch, &self.at.gate, la_until_epoch, &waiting,
                -1,
            )
        return 0

    cdef bint comes_last(self) noexcept:
        """Arrive at the barrier, and wait for nobody; True for the last member."""
        cdef uint64_t result = 0
        return la_domain_arrive(self.at, self.n_members, 0, &result)

    cdef bint finish_step(
        self, Party party, uint64_t step, uint64_t bits, uint64_t *result
    ) except -1:
        """End a step of lockstep, and wait for the others; see `end_step` for whoever is told True."""
        cdef int outcome = self.end_step(step, bits, result)
        if outcome == LA_OTHERS:
            self._await_epoch(party, <uint32_t>result[0])
        return outcome == LA_DECIDE

    cdef int end_step(self, uint64_t step, uint64_t bits, uint64_t *result) noexcept:
        """Arrive at the end of a step of lockstep.

        The last to arrive grants the next step if nobody asked for anything and the run goes on.
        Otherwise it gets everybody's bits, has to decide, and then to ``release``. All others get
        the epoch whose end they have to wait for.
        """
        if not la_domain_arrive(self.at, self.n_members, bits, result):
            return LA_OTHERS
        if result[0] or step >= la_get64(&self.at.fence):
            return LA_DECIDE
        # Every member is at this barrier: nobody waits for the horizon, hence no bell is rung.
        la_domain_grant(self.at, self.paced, self.n_paced, step + 1)
        la_domain_release(self.at, self.members, self.n_members, 0)
        return LA_GO_ON

    # -- horizon -------------------------------------------------------------------------------

    def await_step(self, Party party not None, uint64_t step, uint32_t mailbox):
        """Return True once `step` may start, False if there is mail to answer first."""
        cdef la_waiting waiting
        if la_arena_aborted(self.header):
            raise party._ended(LA_ON_STEP, <uint32_t>self.index)
        waiting.domain = self.at
        waiting.party = party.at
        waiting.number = step
        waiting.seen = mailbox
        if not la_until_step(&waiting):
            party._block(
                LA_ON_STEP, <uint32_t>self.index, step, NULL, la_until_step, &waiting, -1
            )
        return la_party_mailbox(party.at) == mailbox

    cdef int await_begin(
        self, Party party, uint64_t step, uint32_t mailbox, RingReader first
    ) except -1:
        """Wait until `step` may start or, if it begins with a message, until that is there.

        Also ends for mail, and for a message that came before the step may start.
        """
        cdef la_waiting waiting
        if first is None or first._is_detached() or la_until_data(&first.at):
            self.await_step(party, step, mailbox)
            return 0
        waiting.party = party.at
        waiting.seen = mailbox
        waiting.reader = &first.at
        party._block(
            LA_ON_FIRST, <uint32_t>first.ring_index, <uint64_t>first.cursor, NULL, la_until_first,
            &waiting, -1,
        )
        return 0


cdef la_party **_parties_of(Arena arena, members) except NULL:
    """Where the blocks of some parties are; to be freed."""
    cdef la_party **found = <la_party **>calloc(max(1, len(members)), sizeof(la_party *))
    if found == NULL:
        raise MemoryError()
    for i, member in enumerate(members):
        found[<Py_ssize_t>i] = &arena.parties[<Py_ssize_t>member]
    return found


cdef Domain _new_domain(Arena arena, Py_ssize_t index):
    cdef Domain domain = Domain.__new__(Domain)
    plan = arena.plan
    members, everybody = plan.here(index), plan.domains[index]
    near = [member for member in everybody if member not in plan.elsewhere]
    paced = [member for member in plan.paced if member in everybody]
    domain.mapping = arena.mapping
    domain.header = arena.header
    domain.at = <la_domain *>(arena.mapping.base + <size_t>plan.domain_offset(index))
    domain.copies, domain.n_domains = plan.copies, len(plan.domains)
    domain.first = domain.at - <size_t>plan.copy * domain.n_domains
    domain.members, domain.n_members = _parties_of(arena, members), len(members)
    domain.near, domain.n_near = _parties_of(arena, near), len(near)
    domain.is_wide = len(near) < len(everybody)
    domain.paced, domain.n_paced = _parties_of(arena, paced), len(paced)
    domain.index = index
    return domain
