# cython: language_level=3
"""What of the native channels can be called from other native modules, and how.

Declares the C headers once, for everybody, and the members of the extension types. Native callers
work on slots themselves: wait (``await_data``, ``begin``), look or fill, then ``release`` or
``publish``. They hold the interpreter lock, as the methods for Python do.
"""

cimport numpy as cnp
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t


cdef extern from "waits.h" nogil:
    const uint64_t LA_MAGIC
    const uint32_t LA_VERSION
    const int64_t LA_SLICE_NS
    const int64_t LA_PARKED_SLICE_NS
    const int LA_LINE
    const int LA_PHASES
    const int LA_NOT_BLOCKED
    const int LA_ON_DATA
    const int LA_ON_SPACE
    const int LA_ON_STEP
    const int LA_ON_BARRIER
    const int LA_ON_POLL
    const int LA_ON_FIRST
    const int LA_ON_EVENT
    const uint32_t LA_ATTENDING
    const int LA_ON_REST
    const int LA_ON_TURN
    const uint64_t LA_DETACHED
    const uint32_t LA_WAITV_MAX
    const int LA_HOLDS
    const int LA_ENDED
    const uint32_t LA_LOOKS

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
        atomic32 polled
        atomic64 step
        atomic64 done
        atomic64 turn
        atomic64 ready
        atomic32 phase
        atomic32 state
        atomic32 answered
        atomic64 progress
        atomic64 busy_ns
        atomic64 wait_ns
        atomic64 missed
    ctypedef struct la_gate:
        pass
    ctypedef struct la_domain:
        atomic64 limit
        atomic64 fence
        atomic64 granted
        atomic64 far
        atomic32 pause
        atomic64 wished[5]
        la_gate gate
    ctypedef struct la_ring:
        atomic64 blocked
        atomic64 dense
        atomic64 events
        atomic64 spikes
        atomic64 dropped
    ctypedef struct la_cursor:
        atomic64 received
        atomic64 blocked
        atomic64 dense
        atomic64 events
    ctypedef struct la_slot:
        uint32_t form
        uint32_t count
        uint64_t stamp
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
        la_domain *domain
        la_party *party
        uint64_t number
        uint32_t seen
        la_reader *reader
    ctypedef struct la_polling:
        la_reader *reader
        la_party *asker
        la_party *writer
    ctypedef struct la_desk:
        uint32_t length
        unsigned char said[0]
    ctypedef struct la_waitv "struct la_waitv":
        pass
    ctypedef int (*la_condition)(void *)

    const uint32_t LA_FORM_DENSE
    const uint32_t LA_FORM_EVENTS
    const uint32_t LA_FORM_ONES
    const uint32_t LA_FORM_ASCENDING

    int64_t la_now_ns()
    void la_full_fence()

    uint64_t la_get64(atomic64 *word)
    void la_set64(atomic64 *word, uint64_t value)
    uint32_t la_get32(atomic32 *word)
    void la_set32(atomic32 *word, uint32_t value)
    void la_count(atomic64 *counter, uint64_t by)

    int la_desk_is_taken(la_desk *desk)
    int la_desk_asks(la_desk *desk, uint32_t party)
    void la_desk_ask(la_desk *desk, la_party *party, uint32_t length)
    void la_desk_answer(la_desk *desk, la_party *asker, uint32_t length)

    int la_share_home(la_party *one, la_party *other)
    void la_set_home(la_party *party, uint32_t index)
    int la_is_computing(la_party *party)
    void la_set_computing(la_party *party, int computing)
    void la_party_wake(la_party *party)
    void la_party_wake_fenced(la_party *party)
    int la_party_waits_for(la_party *party, uint32_t kind, uint32_t index)
    int la_has_free_core(la_party *party)
    void la_party_post(la_party *party)
    uint32_t la_party_mailbox(la_party *party)
    void la_party_blocked(la_party *party, uint32_t kind, uint32_t index, uint64_t number,
                          int64_t now)
    void la_party_unblocked(la_party *party)
    uint64_t la_sent_at(la_party *party)
    uint64_t la_stage(la_party *party)
    int la_has_reached(la_party *party, uint64_t stage)
    uint32_t la_party_inspect(la_party *party, uint32_t *index, uint64_t *number,
                              int64_t *since)

    uint32_t la_arena_aborted(la_arena *arena)
    void la_arena_abort(la_arena *arena, la_party *parties, uint32_t code)

    uint64_t la_domain_horizon(la_domain *domain)
    int la_domain_grant(la_domain *domain, la_party **paced, uint32_t n, uint64_t value)
    int la_domain_open(la_domain *domain, la_party **paced, uint32_t n)
    uint64_t la_domain_slowest(la_party **parties, uint32_t n)
    uint64_t la_domain_freeze(la_domain *domain)
    void la_domain_thaw(la_domain *domain)
    uint32_t la_domain_epoch(la_domain *domain)
    int la_domain_arrive(la_domain *domain, uint32_t n, uint64_t bits, uint64_t *result)
    void la_domain_release(la_domain *domain, la_party **members, uint32_t n, int64_t decision)
    int64_t la_domain_decision(la_domain *domain)

    ctypedef struct la_spinning:
        uint32_t looks
    int la_wait_turn(la_party *party, la_gate *gate, la_condition holds, void *what,
                     la_spinning *spin, int64_t spin_ns, int64_t sleep_ns)
    int la_wait_turn_any(la_party **parties, uint32_t n, la_condition holds, void *what,
                         la_waitv *words, int64_t sleep_ns)
    int la_until_space(void *writer)
    int la_until_data(void *reader)
    int la_until_told(void *polling)
    int la_until_step(void *waiting)
    int la_until_first(void *waiting)
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
    const int LA_I32
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


cdef enum:
    MAX_DIMS = 32
    # How a step of lockstep ended: others are not there yet; all are; somebody has to decide.
    LA_OTHERS = 0
    LA_GO_ON = 1
    LA_DECIDE = 2


cdef int type_code(int type_num) noexcept


cdef inline Py_ssize_t values_offset(Py_ssize_t count) noexcept nogil:
    """See layout.values_offset."""
    return (4 * count + 15) & ~<Py_ssize_t>15


cdef class _Mapping:
    cdef unsigned char *base
    cdef size_t size


cdef class Party:
    cdef _Mapping mapping
    cdef la_arena *header
    cdef la_party *parties
    cdef la_party *at
    cdef readonly Py_ssize_t index
    cdef readonly str name
    cdef public uint32_t spin_us
    cdef object plan
    # Learned apart: what a condition in Python waits for takes longer than a message.
    cdef la_spinning spinning, asking
    cdef bint looking
    # Called in waits at rings when there is mail, or a message in a ring of the `callers`.
    cdef public object attend
    cdef list calling
    cdef la_reader **callers
    cdef uint32_t n_callers
    # Parties to wake later: a list of indices, and a flag per party that says it is on the list.
    cdef unsigned char *listed
    cdef uint32_t *pending
    cdef uint32_t n_pending
    # Readers of what this party writes, who may ask how far it has come, with their rings.
    cdef la_party **pollers
    cdef uint32_t *polled_rings
    cdef uint32_t n_pollers
    cdef int32_t patience
    cdef public bint may_owe
    cdef public bint in_model
    cdef public bint brisk
    cdef int64_t resumed_at
    cdef int64_t waking_ns
    cdef uint64_t resumed_progress
    cdef uint64_t step_progress  # when a step ended with debts
    cdef uint32_t quiet  # such steps since a message has moved

    cdef void _call(self, la_party *peer, uint32_t kind, uint32_t patience) noexcept nogil
    cdef void _owe(self, la_party *peer, uint32_t patience) noexcept nogil
    cdef void _wake(self, la_party *peer) noexcept nogil
    cdef bint _make_lists(self) noexcept nogil
    cdef void _flush(self) noexcept nogil
    cpdef void end_step(self) noexcept
    cdef int tell_pollers(self) except -1
    cdef int _find_pollers(self) except -1
    cdef void _look_at_pace(self, int64_t now) noexcept nogil
    cdef void _resume(self, int64_t now) noexcept nogil
    cdef int _block(self, uint32_t kind, uint32_t index, uint64_t number, la_gate *gate, la_condition until, void *what, int64_t deadline) except -1
    cdef int _block_attended(self, uint32_t kind, uint32_t index, uint64_t number, la_gate *gate, la_condition until, void *what, int64_t deadline) except -1
    cdef int _check_waiter(self) except -1
    cdef _ended(self, uint32_t kind, uint32_t index)


cdef class Domain:
    cdef _Mapping mapping
    cdef la_arena *header
    cdef la_domain *at
    cdef la_party **members
    cdef uint32_t n_members
    # The same of all ranks that share the arena: domains, and the members of all. Wide: there are more.
    cdef la_domain *first
    cdef uint32_t copies, n_domains
    cdef la_party **near
    cdef uint32_t n_near
    cdef bint is_wide
    cdef la_party **paced
    cdef uint32_t n_paced
    cdef readonly Py_ssize_t index

    cdef void _wake_members(self, uint32_t kind) noexcept nogil
    cdef int await_begin(self, Party party, uint64_t step, uint32_t mailbox, RingReader first) except -1
    cdef int _await_epoch(self, Party party, uint32_t epoch) except -1
    cdef bint finish_step(self, Party party, uint64_t step, uint64_t bits, uint64_t *result) except -1
    cdef bint comes_last(self) noexcept
    cdef int end_step(self, uint64_t step, uint64_t bits, uint64_t *result) noexcept


cdef class _RingEnd:
    cdef _Mapping mapping
    cdef la_arena *header
    cdef Party owner
    cdef readonly Py_ssize_t ring_index
    cdef readonly str name
    cdef readonly tuple shape
    cdef readonly object dtype
    cdef readonly Py_ssize_t depth
    cdef readonly Py_ssize_t size
    cdef readonly Py_ssize_t slot_bytes
    cdef Py_ssize_t itemsize, nbytes, payload, capacity
    cdef int n_dims, type_num, code
    cdef cnp.npy_intp dims[MAX_DIMS]
    cdef bint events
    # Long doubles have bits without meaning, so bits are not to be compared.
    cdef bint padded
    cdef unsigned char one[32]
    cdef uint32_t half

    cdef int _set_up(self, Arena arena, ring, Party owner) except -1
    cdef void _wake(self, la_party *peer, uint32_t kind) noexcept nogil
    cdef void _moved(self) noexcept nogil
    cdef Py_ssize_t used_bytes(self, uint32_t form, uint32_t count) noexcept nogil
    cdef bint _all_ones(self, cnp.ndarray values, Py_ssize_t count) except -1


cdef class RingWriter(_RingEnd):
    cdef la_writer at
    cdef la_party **peers
    cdef uint32_t n_peers
    cdef int dense_pause
    cdef readonly bint closed
    cdef bint cuts  # has said that its type loses something

    cdef int put(self, array) except -1
    cdef bint _are_spikes(self, array) noexcept
    cdef _after_close(self)
    cdef cnp.ndarray _converted(self, array)
    cdef cnp.ndarray _cast(self, cnp.ndarray a)
    cdef cnp.ndarray _index_array(self, indices)
    cdef int _copy_indices(self, cnp.ndarray index, int32_t *to) except -1
    cdef cnp.ndarray _checked_indices(self, cnp.ndarray index)
    cdef int _check_indices(self, cnp.ndarray index) except -1
    cdef cnp.ndarray _summed(self, v, cnp.ndarray index)
    cdef la_slot *begin(self) except? NULL
    cdef int await_space(self) except -1
    cdef void drop(self) noexcept nogil
    cdef unsigned char *payload_of(self, la_slot *slot) noexcept nogil
    cdef void fill(self, la_slot *slot, const void *data) noexcept nogil
    cdef int64_t most_found(self) noexcept nogil
    cdef void *whole(self, la_slot *slot) noexcept nogil
    cdef void fill_found(self, la_slot *slot, const void *data, int64_t found) noexcept nogil
    cdef int _fill_events(self, la_slot *slot, cnp.ndarray v, cnp.ndarray index, Py_ssize_t count) except -1
    cdef void publish_ones(self, la_slot *slot, Py_ssize_t count) noexcept nogil
    cdef void publish(self) noexcept nogil
    cdef void hand_over(self) noexcept nogil
    cdef int _wait_space(self) except -1


cdef class RingReader(_RingEnd):
    cdef la_reader at
    cdef la_party *peer
    cdef bint ordered, waits
    cdef int32_t *scratch
    cdef readonly Py_ssize_t cursor

    cdef bint _is_detached(self) noexcept nogil
    cdef void _count_form(self, la_slot *slot) noexcept nogil
    cdef object take(self)
    cdef int await_data(self) except -1
    cdef la_slot *front(self) noexcept nogil
    cdef unsigned char *payload_of(self, la_slot *slot) noexcept nogil
    cdef bint add_front(self, void *out, Py_ssize_t n_out, int code, const int32_t *places) except -1
    cdef bint add_some(self, void *out, Py_ssize_t n_out, int code, const int32_t *places, Py_ssize_t first, Py_ssize_t end, void *run) except -1
    cdef int copy_front(self, void *out) except -1
    cdef void release(self) noexcept nogil
    cdef object _dense(self)
    cdef int _add_slowly(self, la_slot *slot, void *out) except -1
    cdef object _as_events(self, la_slot *slot)
    cdef object _wide_as_events(self, unsigned char *payload)
    cdef int _check_target(self, out) except -1
    cdef const int32_t *_checked_map(self, index_map) except? NULL
    cdef int _add_next(self, cnp.ndarray out, int code, index_map) except -1
    cdef int _accumulate_slowly(self, la_slot *slot, out, index_map) except -1
    cdef int _wait_data(self) except -1
    cdef int _wait_told(self) except -1


cdef class Arena:
    cdef _Mapping mapping
    cdef la_arena *header
    cdef la_party *parties
    cdef int _fd
    cdef readonly object plan
    cdef list _parties


cdef class Desk:
    cdef _Mapping mapping
    cdef la_desk *at
    cdef readonly Py_ssize_t room

    cdef int _write(self, bytes said) except -1
