# cython: language_level=3
"""Taking turns: when an actor may enter its management phases, and when it serves others.

Every member of a RefPort group publishes a *stage clock* in the arena: ``4 t + s`` says that stage
``s`` of step ``t`` is behind it (1 spiking, 2 pre-management, 3 learning, 4 post-management).

Invariants, for every step t and member m of a group:

1. m runs its pre-management only when all members are past spiking of t, and those before m in
   the order are past pre-management of t; the same for post-management after learning.
2. m starts learning of t only when its clients are past pre-management of t, and starts step
   t + 1 only when its clients are past post-management of t.
3. While m waits for 1 or 2 it serves its clients; when it stops waiting it has served every
   request of the clients it waited for (a client publishes its stage after its last request).

So at any moment at most one member is inside a management phase and everybody it may ask is
waiting, hence serving: no deadlock, and an order that does not depend on timing.

Sync points: a stage is published with release semantics (SYNC_WORD) after the requests were put into
their rings (SYNC_PUBLISH); a member that reads the stage with acquire semantics finds those
requests. Whoever publishes a stage rings only for members that wait for this very stage or an
earlier one of its own (SYNC_BELL): the record of a wait is complete before its sleep is announced,
so a waker that sees none of it, or only a part, has the first of the two fences, and the sleeper's
look at the stage comes later.

Stages only grow, so a member may wait for the others in any order. It begins with those before it, the
nearest first: that one has waited for all the others itself if it takes part, and if it does not,
what is left is waited for. An owner likewise begins with the client that comes last. So a member
sleeps once for its turn, however many there are; were the first to be waited for first, each would
wake all that come later.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcmp, memcpy

from lava_actor.channels._native cimport *
from lava_actor.kernels.arguments cimport room_for

include "../../built_from.pxi"

# Phases (protocol/step.py), and what is behind a member.
cdef enum:
    END = 0
    SPK = 1
    PRE_MGMT = 2
    LRN = 3
    POST_MGMT = 4
    SPIKED = 1
    PRE_DONE = 2
    LEARNED = 3
    ALL_DONE = 4


def ask(RingWriter writer not None, bytes question not None):
    """Send a message of which the beginning counts."""
    cdef la_slot *slot = writer.begin()
    if slot != NULL:
        memcpy(writer.whole(slot), <const char *>question, len(question))
        writer.publish()


cdef class Served:
    """The owner's end of one RefPort connection: answers a plain question, and passes on others."""

    cdef readonly RingReader requests
    cdef tuple earlier
    cdef object answer
    cdef bytes question

    def __init__(self, RingReader requests not None, bytes question not None, answer, earlier=()):
        self.requests = requests
        self.question = question
        self.answer = answer
        self.earlier = tuple(earlier)

    def pending(self):
        """Whether there is a request."""
        return bool(la_reader_ready(&self.requests.at))

    cpdef bint serve(self) except -1:
        """Answer everything that is waiting; True if there was something."""
        cdef la_slot *slot
        if not la_reader_ready(&self.requests.at):
            return False
        for server in self.earlier:  # after the look at our own
            (<Served?>server).serve()
        while la_reader_ready(&self.requests.at):
            slot = self.requests.front()
            if slot.form == LA_FORM_DENSE and not memcmp(
                self.requests.payload_of(slot), <const char *>self.question, len(self.question)
            ):
                self.requests.release()
                self.answer(0)
            else:
                self.carry_out(self.requests.recv())
        return True


ctypedef struct la_turn:
    la_party *other
    uint64_t stage
    la_reader **requests
    uint32_t n


cdef int _until_turn(void *what) noexcept nogil:
    cdef la_turn *turn = <la_turn *>what
    cdef uint32_t i
    if la_get64(&turn.other.turn) >= turn.stage:
        return 1
    for i in range(turn.n):
        if la_reader_ready(turn.requests[i]):
            return 1
    return 0


cdef class Turns:
    """One member's view of its group."""

    cdef Party party
    cdef list servers
    cdef la_party **others  # from the last in the order to the first, as all of these
    cdef la_party **before_us  # where they begin among the others
    cdef la_party **clients
    cdef uint32_t n_others, n_before, n_clients
    cdef la_reader **requests
    cdef bint uses_pre, uses_post

    def __init__(self, plan, Party party not None, arena, servers):
        me = party.index
        self.party = party
        self.servers = list(servers)
        others = [m for m in reversed(plan.order) if m != me]
        clients = [m for m in others if m in plan.clients.get(me, ())]
        self.n_others, self.n_clients = len(others), len(clients)
        self.n_before = plan.order.index(me)
        self.others = self._parties(arena, others)
        self.before_us = self.others + (self.n_others - self.n_before)
        self.clients = self._parties(arena, clients)
        self.requests = <la_reader **>room_for(len(self.servers), sizeof(la_reader *))
        for i, server in enumerate(self.servers):
            self.requests[<Py_ssize_t>i] = &(<Served?>server).requests.at
        self.uses_pre = plan.uses_pre
        self.uses_post = plan.uses_post

    def __dealloc__(self):
        free(self.others)
        free(self.clients)
        free(self.requests)

    cdef la_party **_parties(self, arena, members) except NULL:
        cdef la_party **found = <la_party **>room_for(len(members), sizeof(la_party *))
        for i, member in enumerate(members):
            found[<Py_ssize_t>i] = (<Party?>arena.party(member)).at
        return found

    cpdef int before(self, uint64_t step, int phase) except -1:
        """A phase has come, whether or not we take part: what is behind us, and who goes first."""
        if phase == LRN:
            self._publish(4 * step + PRE_DONE)
            if self.uses_pre:
                self._await(self.clients, self.n_clients, 4 * step + PRE_DONE)
        elif phase == POST_MGMT:
            self._publish(4 * step + LEARNED)
        return 0

    cpdef int begin(self, uint64_t step, int phase) except -1:
        """Wait until it is our turn to do a phase."""
        if phase == PRE_MGMT:
            self._await(self.before_us, self.n_before, 4 * step + PRE_DONE)
            self._await(self.others, self.n_others, 4 * step + SPIKED)
        elif phase == POST_MGMT:
            self._await(self.before_us, self.n_before, 4 * step + ALL_DONE)
            self._await(self.others, self.n_others, 4 * step + LEARNED)
        return 0

    cpdef int after(self, uint64_t step, int phase) except -1:
        """A phase is behind us; wait until nobody will touch our Vars in it any more."""
        if phase == SPK and not self.uses_pre:
            return 0  # nobody waits for that
        self._publish(4 * step + (ALL_DONE if phase == END else phase))  # stages in their order
        if phase == PRE_MGMT and self.uses_pre:
            self._await(self.clients, self.n_clients, 4 * step + PRE_DONE)
        elif (phase == POST_MGMT or phase == END) and (self.uses_post or self.uses_pre):
            self._await(self.clients, self.n_clients, 4 * step + ALL_DONE)
        return 0

    cdef int _publish(self, uint64_t stage) except -1:
        """Tell the group that a stage is behind us."""
        cdef la_party *me = self.party.at
        cdef uint32_t i, kind, index = 0
        cdef uint64_t number = 0
        cdef int64_t since = 0
        if la_get64(&me.turn) >= stage:
            return 0
        la_set64(&me.turn, stage)
        la_full_fence()
        for i in range(self.n_others):
            if la_party_waits_for(self.others[i], LA_ON_EVENT, 0):
                kind = la_party_inspect(self.others[i], &index, &number, &since)
                if kind != LA_ON_TURN or (index == me.index and number <= stage):
                    la_party_wake_fenced(self.others[i])
        return 0

    cdef int _await(self, la_party **parties, uint32_t n, uint64_t stage) except -1:
        cdef uint32_t i
        for i in range(n):
            self._await_one(parties[i], stage)
        return 0

    cdef int _await_one(self, la_party *other, uint64_t stage) except -1:
        cdef la_turn turn
        cdef bint held
        turn.other, turn.stage = other, stage
        turn.requests, turn.n = self.requests, len(self.servers)
        while True:
            held = la_get64(&other.turn) >= stage
            if not held and la_arena_aborted(self.party.header):
                raise self.party._ended(LA_ON_TURN, other.index)
            # After the look: what was asked before the stage was published is served then.
            self._serve()
            if held:
                return 0
            self.party._block(LA_ON_TURN, other.index, stage, NULL, _until_turn, &turn, -1)

    cdef int _serve(self) except -1:
        cdef bint served = False
        cdef Py_ssize_t i
        for i in range(len(self.servers)):
            if la_reader_ready(self.requests[i]):
                (<Served>self.servers[i]).serve()
                served = True
        if served:
            self.party._flush()
        return 0
