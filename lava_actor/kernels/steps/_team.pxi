"""Several actors in one thread, none of which waits. Included by ``_steps.pyx``.

A burst that waits keeps its thread from doing anything else. So in a team a step is cut where it may
have to wait: into stages, each of which says what it needs to begin (a message here, space there) and
then waits for nothing. The invariant:

    A stage begins only if all of its needs are met. Nobody but the member itself can undo one: what
    is in a ring stays until its reader takes it, and space until its writer fills it.

So a member that cannot go on has changed nothing since its last stage, and its step is the same as
if it had waited there. The team goes round its members and lets each do what it can. If none can do
anything, all that is left is one wait for the union of their needs (`Party._block`): the thread sleeps
as their home (`doorbell.h`). By then every member has a blocked record of its own, as if it slept
itself, so wakers and whoever looks for deadlocks need not know of teams.

In lockstep a member that has done a step arrives at the barrier like anybody else, and then lacks the
end of the epoch. So a barrier has as many sleepers as there are workers, however many members.

What is Python stays with the actor (`runtime/actor/worker.py`): requests, the end of a run, failures.
A member whose step turns out to be Python's is sent away: it would wait.
"""

cdef enum:
    # Steps of a member before others get their turn.
    TURN_STEPS = 256
    # Nanoseconds after which other threads of the interpreter get theirs.
    ROUND_NS = 1_000_000
    # `Party.state` of who steps and who is parked (protocol/words.py).
    STEPPING = 2
    PARKED = 3

# Why a member needs the interpreter: there is something to do between two steps; its step is
# Python's; it has failed; it was the last at a barrier and has to decide; it was the last to come
# to the end of the run.
ATTEND, MOVE, FAILED, CONCLUDE, END_RUN = 1, 2, 3, 4, 5


cdef struct la_need:
    int stage
    uint64_t every, offset  # the steps of a rhythm (protocol/rhythm.py)
    la_condition until
    void *what
    uint32_t kind
    uint32_t index
    uint64_t number


cdef struct la_seat:
    la_party *me
    la_domain *clock
    uint32_t mail
    la_need *lacks  # NULL: a step, or mail
    bint arrived  # at the end of a step of lockstep
    uint32_t epoch


cdef inline bint _can_go_on(la_seat *seat) noexcept nogil:
    cdef uint64_t step
    if seat.arrived:
        return la_domain_epoch(seat.clock) != seat.epoch
    if seat.lacks != NULL:
        return seat.lacks.until(seat.lacks.what)
    if la_party_mailbox(seat.me) != seat.mail:
        return True
    step = la_get64(&seat.me.done) + 1
    return step <= la_domain_horizon(seat.clock) and step <= la_get64(&seat.clock.limit)


cdef class Seat:
    """The place of one member in a team."""

    cdef Burst burst
    cdef Party party
    cdef la_seat at
    cdef la_need *needs  # of the stages in order
    cdef Py_ssize_t n_needs, met  # in this step
    cdef int stage, stages  # -1: between two steps
    cdef bint entered  # native steps since the model's attributes were looked at
    cdef bint recorded
    cdef bint renewed  # the others have not met its burst
    cdef uint64_t first
    cdef int64_t since
    cdef readonly uint64_t base
    cdef readonly uint64_t announced
    cdef bint quiet  # nothing of the model's runs at the end of a run
    cdef readonly object error
    cdef readonly uint64_t bits  # what was asked for, if it has to decide

    def __init__(self):
        self.stage = -1

    def __dealloc__(self):
        free(self.needs)

    def take(
        self, Burst burst not None, inward, uint32_t mail, uint64_t base, uint64_t announced,
        bint quiet,
    ):
        """Between two steps: what is to be driven; False if it may wait inside a step.

        `inward` are the ends of rings behind the model's in-ports; `announced` is the run whose
        end has been announced; a `quiet` model has nothing to do there.
        """
        self.quiet = quiet
        self.at.me = burst.party.at
        self.at.clock = burst.clock.at
        self.at.mail, self.base, self.announced = mail, base, announced
        if burst is not self.burst:
            if self.burst is not None:
                self.burst.withdraw()
            self.renewed = True
            self.burst, self.party = burst, burst.party
            self._list_needs(list(inward))
        return self.stages > 0

    cdef int _list_needs(self, list inward) except -1:
        cdef Burst burst = self.burst
        cdef int own = burst.stages()
        found = [(end, i, *steps) for i in range(own) for end, *steps in burst.ends(i, inward)]
        found += [((<Tap?>tap).writer, own, *(<Tap>tap).rhythm()) for tap in burst.taps]
        found += [((<TapReader?>t).ring, own + 1, *(<TapReader>t).rhythm()) for t in burst.tapped]
        free(self.needs)
        self.needs = NULL
        self.needs = <la_need *>room_for(len(found), sizeof(la_need))
        self.stages = own + 2 if own else 0
        self.n_needs = len(found)
        for i, (end, stage, every, offset) in enumerate(found):
            _fill_need(&self.needs[<Py_ssize_t>i], end, stage, every, offset)
        return 0

    cdef int go_on(self, la_party *runs, bint *asked) except -1:
        """Do what can be done without waiting; returns why the interpreter is needed, or 0."""
        cdef Burst burst = self.burst
        cdef la_party *me = self.at.me
        cdef uint64_t step
        cdef int left = TURN_STEPS
        cdef int outcome
        self.at.arrived = False
        while True:
            step = la_get64(&me.done) + 1
            if self.stage < 0:
                self.at.lacks = NULL
                if not burst._may_start(step, self.at.mail):
                    return self._rest(step, runs, asked)
                if not left:
                    return 0
                left -= 1
                la_set64(&me.step, step)
                if not self.entered and not self._enter(step):
                    return MOVE
                self.stage = self.met = 0
            while self.stage < self.stages:
                self.at.lacks = self._missing(step - self.base)
                if self.at.lacks != NULL:
                    return 0
                if self.stage < self.stages - 2:
                    burst.do(self.stage, step - self.base)
                elif self.stage < self.stages - 1:
                    burst.publish(step - self.base)
                else:
                    burst.finish(step - self.base)
                self.stage += 1
            self.stage = -1
            la_set64(&me.done, step)
            if la_get32(&me.polled):
                self.party.tell_pollers()
            if burst.lockstep:
                outcome = burst.clock.end_step(step, 0, &self.bits)
                if outcome == LA_DECIDE:
                    return CONCLUDE
                if outcome == LA_OTHERS:
                    self.at.arrived, self.at.epoch = True, <uint32_t>self.bits
                    return 0

    cdef la_need *_missing(self, uint64_t number) noexcept nogil:
        """The first need of this stage that is not met."""
        cdef la_need *need
        while self.met < self.n_needs:
            need = &self.needs[self.met]
            if need.stage > self.stage:
                break
            if _is_due(number, need.every, need.offset) and not need.until(need.what):
                return need
            self.met += 1
        return NULL

    cdef bint _enter(self, uint64_t step) except -1:
        if not self.burst.is_ready():
            return False
        self.burst.native = self.entered = True
        self.first = step
        la_set32(&self.at.me.state, STEPPING)
        return True

    cdef int _rest(self, uint64_t step, la_party *runs, bint *asked) noexcept:
        """No step may start: is there anything to be done about that, or before?

        The run is looked at before the fence, which a run moves first: see `Lease.start`. One member
        asks for more steps for all.
        """
        cdef la_domain *clock = self.at.clock
        cdef uint64_t run = la_get64(&runs.turn)
        cdef uint64_t done = step - 1, fence = la_get64(&clock.fence)
        la_set32(&self.at.me.state, PARKED)
        if la_party_mailbox(self.at.me) != self.at.mail:
            return ATTEND
        if step > la_get64(&clock.limit):
            return 0
        if done == fence:
            if self.announced == run:
                return 0
            if not self.quiet:
                return ATTEND
            self.announced = run
            return END_RUN if self.burst.clock.comes_last() else 0
        if done == la_domain_horizon(clock) and done == la_get64(&clock.granted) and done < fence:
            if not asked[0] and not la_get64(&runs.step):
                asked[0] = True
                return ATTEND
        return 0

    cdef int leave(self) except -1:
        """Give the model's attributes the values they would have: somebody may look at them."""
        cdef la_party *me = self.at.me
        if self.entered:
            self.entered = False
            self.burst.native_steps += la_get64(&me.done) + 1 - self.first
            self.burst.settle(la_get64(&me.step) - self.base)
        return 0

    cdef void record(self, int64_t now) noexcept:
        """Say what the member waits for."""
        cdef la_need *lacks = self.at.lacks
        cdef uint64_t step = la_get64(&self.at.me.done) + 1
        if self.at.arrived:
            la_party_blocked(
                self.at.me, LA_ON_BARRIER, self.burst.clock.index, self.at.epoch, now
            )
        elif lacks != NULL:
            la_party_blocked(self.at.me, lacks.kind, lacks.index, lacks.number, now)
        elif step > la_get64(&self.at.clock.limit):
            la_party_blocked(self.at.me, LA_ON_REST, self.burst.clock.index, step, now)
        else:
            la_party_blocked(self.at.me, LA_ON_STEP, self.burst.clock.index, step, now)
        self.recorded = True


cdef int _until_given(void *what) noexcept nogil:
    return not (<bint *>what)[0]


cdef int _fill_need(la_need *need, end, int stage, uint64_t every, uint64_t offset) except -1:
    need.stage = stage
    need.every, need.offset = every, offset
    if isinstance(end, RingReader):
        need.until = la_until_data
        need.what = &(<RingReader>end).at
        need.kind = LA_ON_DATA
        need.index = <uint32_t>(<RingReader>end).ring_index
        need.number = <uint64_t>(<RingReader>end).cursor
    elif isinstance(end, _Giver):
        need.until = _until_given
        need.what = &(<_Giver>end).holds
        need.kind = LA_ON_SPACE
        need.number = 1  # a message in the ring is too many
        if (<_Giver>end).gift is not None:
            need.index = <uint32_t>(<_Giver>end).gift.ring_index
    else:
        need.until = la_until_space
        need.what = &(<RingWriter?>end).at
        need.kind = LA_ON_SPACE
        need.index = <uint32_t>(<RingWriter>end).ring_index
    return 0


cdef struct la_team:
    la_seat **seats
    Py_ssize_t n


cdef int _until_one_can_go_on(void *what) noexcept nogil:
    cdef la_team *team = <la_team *>what
    cdef Py_ssize_t i
    for i in range(team.n):
        if _can_go_on(team.seats[i]):
            return True
    return False


cdef class Team:
    """The members, in the order in which they get their turn."""

    cdef Party home
    cdef Party runs
    cdef list seats
    cdef la_team at

    def __init__(self, Party home not None, Party runs not None, seats):
        self.home = home
        self.runs = runs
        self.seats = list(seats)
        self.at.seats = <la_seat **>room_for(len(self.seats), sizeof(la_seat *))
        self._count()
        for seat in self.seats:
            (<Seat?>seat).since = la_now_ns()

    def __dealloc__(self):
        free(self.at.seats)

    cdef int _count(self) except -1:
        self.at.n = len(self.seats)
        for i in range(self.at.n):
            self.at.seats[i] = &(<Seat?>self.seats[i]).at
        return 0

    def remove(self, Seat seat not None):
        """Let a member go."""
        self._resume(seat)
        self.seats.remove(seat)
        self._count()
        if seat.burst is not None:
            seat.burst.withdraw()

    cdef int _introduce(self) except -1:
        """Let those who receive sums take them from their givers directly."""
        cdef Seat seat
        cdef _Giver giver
        if not any([(<Seat>seat).renewed for seat in self.seats]):
            return 0
        given = {}
        for seat in self.seats:
            seat.renewed = False
            giver = seat.burst if isinstance(seat.burst, _Giver) else None
            if giver is not None and giver.gift is not None:
                given[giver.gift.ring_index] = giver
        for seat in self.seats:
            if isinstance(seat.burst, StepBurst):
                for inlet in (<StepBurst>seat.burst).inlets:
                    (<_Inlet>inlet).meet(given)
        return 0

    def turn(self):
        """Let the members go on for a while; returns those that need the interpreter, and why.

        Raises
        ------
        NetworkEnds
            If nobody can go on and the network ends.
        """
        cdef int64_t began = la_now_ns(), now = began
        cdef bint moved, asked = False
        cdef int why
        cdef Seat seat
        asking = []
        self._introduce()
        while True:
            moved = False
            for seat in self.seats:
                if not _can_go_on(&seat.at):
                    continue
                moved = True
                why = self._let_go_on(seat, &now, &asked)
                if why:
                    asking.append((seat, why))
            if asking:
                return asking
            if not moved:
                self._sleep()
                now = la_now_ns()
            elif now - began > ROUND_NS:
                return asking

    cdef int _let_go_on(self, Seat seat, int64_t *now, bint *asked) except -1:
        global _given_ns
        cdef Party party = seat.party
        cdef int why
        self._resume(seat)
        self._settle_gifts(seat, now[0] - seat.since)
        party._resume(now[0])
        la_set64(&self.home.at.step, <uint64_t>party.index + 1)  # whose fault a crash is
        try:
            why = seat.go_on(self.runs.at, asked)
            if why:
                seat.leave()
        except BaseException as error:
            seat.error = error
            why = FAILED
        la_set64(&self.home.at.step, 0)
        now[0], seat.since = la_now_ns(), now[0]
        la_count(&party.at.busy_ns, <uint64_t>(now[0] - seat.since - _given_ns))
        _given_ns = 0
        seat.since = now[0]
        party._look_at_pace(now[0])
        party._flush()
        return why

    cdef void _settle_gifts(self, Seat seat, int64_t waited) noexcept:
        """What others have worked for a member while it waited was its own work."""
        cdef la_party *me = seat.party.at
        cdef int64_t helped = 0
        if isinstance(seat.burst, _Giver):
            helped = (<_Giver>seat.burst).helped
            (<_Giver>seat.burst).helped = 0
        la_count(&me.wait_ns, <uint64_t>(waited - helped))
        la_count(&me.busy_ns, <uint64_t>helped)

    cdef void _resume(self, Seat seat) noexcept:
        """Whoever looks must not take a record for that of one wait all along."""
        if seat.recorded:
            seat.recorded = False
            la_party_unblocked(seat.at.me)

    cdef int _sleep(self) except -1:
        cdef int64_t now = la_now_ns()
        cdef Seat seat
        for seat in self.seats:
            if not seat.recorded:
                seat.record(now)
                seat.party.tell_pollers()
        self.home._block(
            LA_ON_EVENT, <uint32_t>-1, 0, NULL, _until_one_can_go_on, &self.at, -1
        )
        return 0
