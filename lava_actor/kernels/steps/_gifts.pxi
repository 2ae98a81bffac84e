"""Sums that are given directly to the one that receives them. Included by ``_steps.pyx``.

Where a team drives both, a message of sums says nothing, and whoever takes it has them added to what
it receives (_inlets.pxi). The invariant:

    A message that says nothing has one reader, and is the last one in the ring. From when it is
    announced until it has been taken, the giver does nothing.

So what is given is what would have been in the message; and if one of the two leaves the team, that
can still be written (`withdraw`).
"""

# What a team has worked for givers in the turn of somebody else.
cdef int64_t _given_ns = 0


cdef class _Giver(Burst):
    """A model that sends sums; or it has no `gift`."""

    cdef RingWriter gift  # the ring for which they are
    cdef int kind  # their type, a number of NumPy's
    cdef bint direct  # who takes a message calls `give`
    cdef bint holds  # what the last message says has not been given
    cdef la_slot *said  # that message
    cdef int64_t helped  # ns that others have worked for it, until its next turn in a team

    cdef int announce(self, la_slot *slot) except -1:
        """Write a message, or hold what it says until somebody takes it."""
        if self.direct and self.can_give():
            self.holds, self.said = True, slot
            slot.form = LA_FORM_DENSE
        else:
            self.fill(slot)
        self.gift.publish()
        return 0

    cdef bint can_give(self) except -1:
        """Whether what is due now is less work to give than to send."""
        return True

    cdef void *sums_now(self) noexcept:
        """What is due now, if it lies somewhere; else NULL."""
        return NULL

    cdef int fill(self, la_slot *slot) except -1:
        """Write what is due now."""
        self.gift.fill(slot, self.sums_now())
        return 0

    cdef int give(self, void *to, Py_ssize_t n) except -1:
        """Add what is due now to the sums of whoever receives it."""
        cdef la_adder add = la_adder_for(type_code(self.kind), type_code(self.kind))
        cdef la_sum sum
        sum.values, sum.count, sum.n_message = self.sums_now(), n, n
        sum.out, sum.n_out = to, n
        sum.index = sum.map = NULL
        if n < LONG_LOOP:
            la_run_adder(add, &sum)
        else:
            with nogil:
                la_run_adder(add, &sum)
        return 0

    cdef void taken(self, int64_t ns) noexcept:
        """It may go on; somebody has worked for it for so long."""
        global _given_ns
        self.holds = False
        la_count(&self.gift.at.at.ring.dense, 1)
        self.helped += ns
        _given_ns += ns

    cdef int withdraw(self) except -1:
        self.direct = False
        if self.holds:
            self.holds = False
            self.fill(self.said)
        return 0
