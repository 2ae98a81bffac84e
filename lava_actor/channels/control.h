/* The arena's control block: the abort word, one block per party, one block per domain.
 *
 * The doorbell (an eventcount)
 * ----------------------------
 * A party sleeps in one place only, on the futex word `bell` of its block, whatever it waits for:
 * data, space, the horizon, a barrier, a request. Whoever changes something a party may wait for
 * rings its bell. A semaphore per condition was the alternative; it costs a word per condition, and
 * a party that waits for two things at once (a step or a request) would need two futexes.
 *
 * Nobody is woken twice and nobody is missed because both sides follow Dekker's scheme:
 *
 *     sleeper                               waker
 *     key = bell                            make the condition true
 *     sleeping = 1                          full fence
 *     full fence                            if sleeping: sleeping = 0, bell += 1, futex wake
 *     condition true? do not sleep
 *     futex wait while bell == key
 *
 * Of two full fences one comes first. If the sleeper's does, the waker sees `sleeping` and rings
 * after the key was read, so the futex call returns. If the waker's does, the sleeper sees the
 * condition. Between two wakers an exchange decides who rings: the loser may skip the system call
 * because the winner rings after the loser's condition became visible or the sleeper, who sets
 * `sleeping` anew before each look, meets the loser in the case above.
 *
 * The whole of it is done by `la_wait_turn` and by nobody else: announce, look at every condition
 * and at the abort word, sleep, take the announcement back. What a caller would have to remember
 * otherwise was forgotten twice when six callers did it by hand: one did not look at everything it
 * waited for, one announced itself anew after a slice and did not look. All orders in which a few
 * parties can go through this file, with the store buffers of x86-64, are tried by
 * tests/channels/test_doorbell.py: nobody sleeps for good, and the count below is exact.
 *
 * A bell that rings for something its owner does not wait for costs two context switches, and a
 * network has many such occasions: every message taken is space for a writer that may be waiting
 * for data. So wakers say what they changed, and leave alone a sleeper whose blocked record names
 * something else (`la_party_waits_for`). The record is written before `sleeping` is set, hence the
 * argument above covers it: a waker that sees an old record has the first of the two fences.
 *
 * Homes
 * -----
 * Several parties may live in one process and be driven by one thread, which takes up whichever can
 * go on (kernels/steps/_team.pxi). Each keeps its own record of what it waits for; but there is one
 * sleeper, a party of its own: their `home`, whose `sleeping` and `bell` stand for those of all. It
 * writes what is missing of their records, announces itself, looks at all their conditions again, and
 * sleeps; wakers look at the record of the party they mean, and ring at its home. That is the scheme
 * above with a condition that has many terms, so the argument is the same. A party moves between
 * two sleeps: whoever then still sees the old home has, again, the first of the two fences. Those with one home never wake each other: they are awake together.
 *
 * The gate
 * --------
 * A barrier releases all members at once. Ringing forty bells one after the other takes longer than
 * a step, so members of a barrier sleep on one word of their domain, the gate, and one system call
 * wakes them all. Same scheme as above, with `sleepers` in the place of `sleeping`. The kernel
 * wakes them in the order in which they went to sleep: who arrived first, usually because nobody
 * keeps it waiting, also starts first. A member that was killed at the gate stays among the
 * sleepers; that costs system calls, nothing else.
 *
 * Spinning while cores are free
 * -----------------------------
 * A core without work goes idle, and waking it takes longer than most steps. A party that spins
 * keeps its core awake, but with more runnable parties than cores it keeps the very peer it waits
 * for from running. So the arena counts the computing parties that are awake: a party about to
 * sleep spins (briefly) as long as all of them have a core, and goes to sleep as soon as the
 * count says that somebody needs it. The count is exact: `sleeping` goes from 0 to 1 and back by
 * exactly one store and one exchange, and the count follows these. A party that is killed while
 * awake stays counted; that costs spins, nothing else.
 *
 * The count knows nothing of other programs, though, and these may hold our peer up on this very
 * core. Two things keep spins from making that worse. A party learns how long spinning has paid
 * (`la_spin`), and gives up at once when it sees that its core was taken away meanwhile. And it
 * never yields: since Linux 6.18, sched_yield gives a whole time slice away, and a network on a
 * busy machine took a hundred times as long as without any spin.
 *
 * Paced parties
 * -------------
 * A party that exchanges messages with the user's program may wait for them for ever. If it did so
 * inside a step, others could be inside that step as well, or beyond it, and no step would be left
 * at which everybody can be found. So it says up to which step it is `ready`, and the horizon of its
 * domain never passes the least of these words. Whoever grants steps says how far (`granted`), a
 * paced party says when it is ready for more, and both then raise the horizon to the least of all:
 * each publishes its own word, fences, and reads the others', so the later one sees everything.
 *
 * Such a network often takes few steps at a time, and most parties that a raised horizon wakes
 * would sleep again at once, for the message with which their step begins. They wait for that
 * message in the first place: whoever sends it has started the step, so the horizon is there.
 *
 * Several parties raise, and a pause must know where it ends. It sets the top bit of the horizon:
 * from then on every raise fails, and the value that was read with the bit is the last one.
 *
 * Asking instead of waiting
 * -------------------------
 * Whoever asks whether there is a message (`probe`) must not be answered by who happens to be ahead.
 * The answer in a phase of step t is about what was sent before that phase: a message says when it
 * was sent (`la_sent_at`), and where there is none, the asker waits until its sender has come so far
 * (`la_has_reached`). It asks for the bell by `polled`, which a sender looks at after each step. That
 * word may change between a step's end and the look, and only a fence would tell; a native step does
 * without, hence the very first question may be heard one native step late.
 *
 * What can still fail: a waker that is killed, or stopped for long, between its publication and the
 * bell. The sleeper finds the condition at the end of its slice (LA_SLICE_NS), which is why slices
 * exist even though the scheme above loses no wake-up; `missed` counts such slices.
 *
 * Sync points, named alike on both ends:
 *   SYNC_BELL     the Dekker pair above
 *   SYNC_ABORT    abort word and its reason -> whoever gives up because of it
 *   SYNC_WORD     words of a party or a domain: what was done before setting -> whoever reads it
 *   SYNC_MAILBOX  what a poster prepared -> the party that sees the count change
 *   SYNC_HORIZON  what the service did before raising -> the actor that starts the step
 *   SYNC_READY    `granted` or a `ready` word -> whoever raises the horizon to the least of them
 *   SYNC_ARRIVE   what a member did before arriving -> the last to arrive
 *   SYNC_EPOCH    the last one's decision -> the members it releases
 *   SYNC_GATE     the Dekker pair of the gate
 *   SYNC_BLOCKED  the fields of a blocked record -> whoever inspects it
 */
#ifndef LAVA_ACTOR_CONTROL_H
#define LAVA_ACTOR_CONTROL_H

#include "futex.h"

#define LA_MAGIC UINT64_C(0x31416e4172764c61)
#define LA_VERSION 5u
#define LA_SLICE_NS INT64_C(100000000)
/* Parked: whoever grants steps takes its parties with it when it dies, and forty parties that look
 * around ten times per second would take half a percent of a core. */
#define LA_PARKED_SLICE_NS INT64_C(2000000000)
/* What waking an idle core costs: spinning longer than that cannot pay. */
#define LA_BRIEF_NS INT64_C(50000)

/* Phases of a step a member may wish for, and those before (protocol/step.py). */
#define LA_PHASES 5

typedef struct {
    uint64_t magic;
    uint32_t version, n_parties, n_domains, n_rings;
    uint64_t size;
    uint32_t cores;
    _Alignas(LA_LINE) _Atomic uint32_t abort;
    _Alignas(LA_LINE) _Atomic int32_t awake; /* computing parties that do not sleep */
} la_arena;

typedef struct {
    /* Written by wakers, and by the party when it goes to sleep. */
    _Alignas(LA_LINE) _Atomic uint32_t bell;
    _Atomic uint32_t sleeping;
    uint32_t index;              /* place in the table, which follows the arena's header */
    _Atomic uint32_t computing;  /* counted in `awake` */
    _Atomic uint32_t home;       /* index of the party that sleeps for this one: itself, mostly */
    /* Written by posters. */
    _Alignas(LA_LINE) _Atomic uint32_t mailbox;
    _Atomic uint32_t polled; /* somebody asks how far this party has come; stays */
    /* Written by the party at every step. */
    _Alignas(LA_LINE) _Atomic uint64_t step;
    _Atomic uint64_t done, turn;
    _Atomic uint64_t ready; /* paced parties: the last step that need not wait for the user */
    _Atomic uint32_t phase, state;
    _Atomic uint32_t answered; /* mail that is behind it */
    /* Written by the party at every message; read by whoever watches. */
    _Alignas(LA_LINE) _Atomic uint64_t progress;
    _Atomic uint64_t busy_ns, wait_ns;
    _Atomic uint64_t missed;     /* sleeps that lasted a slice although the condition held */
    _Atomic uint64_t blocked_on; /* kind << 32 | index; kind 0: not blocked */
    _Atomic uint64_t blocked_number;
    _Atomic int64_t blocked_since;
} la_party;

typedef struct {
    _Alignas(LA_LINE) _Atomic uint32_t word;
    _Atomic uint32_t sleepers;
} la_gate;

typedef struct {
    _Alignas(LA_LINE) _Atomic uint64_t horizon;
    _Alignas(LA_LINE) _Atomic uint64_t limit;
    _Atomic uint64_t fence;
    _Atomic uint64_t granted; /* the horizon, as far as paced parties are ready */
    _Atomic uint32_t pause;
    _Atomic uint64_t wished[LA_PHASES]; /* last step for which a member wished for the phase */
    _Alignas(LA_LINE) _Atomic uint64_t bits;
    _Atomic int64_t decision;
    _Atomic uint32_t arrived;
    _Atomic uint32_t epoch;
    la_gate gate;
} la_domain;

_Static_assert(sizeof(la_arena) == 3 * LA_LINE, "layout.py: ARENA_BYTES");
_Static_assert(sizeof(la_party) == 4 * LA_LINE, "layout.py: PARTY_BYTES");
_Static_assert(sizeof(la_domain) == 4 * LA_LINE, "layout.py: DOMAIN_BYTES");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
               "words shared between processes must be lock-free");

/* What a party is blocked on, for blocked records. With its index and number a record says enough
 * for anybody to tell whether the wait is over:
 *   data, space  index: the ring; number of the cursor (data)
 *   step         index: the domain; number of the step
 *   first        the same as data, but between two steps: the message with which the next one begins
 *   barrier      index: the domain; number of the epoch
 *   poll         like data, or until the ring's writer has reached the stage of who waits
 *   event        anything
 *   rest         between steps or runs; number of the step that is to come, 0 if none is
 *   turn         index: another party; number: what its `turn` must reach */
enum {
    LA_NOT_BLOCKED, LA_ON_DATA, LA_ON_SPACE, LA_ON_STEP, LA_ON_BARRIER, LA_ON_FIRST, LA_ON_POLL,
    LA_ON_EVENT, LA_ON_REST, LA_ON_TURN, /* whatever happens may end these */
};

/* ---- plain words ------------------------------------------------------------------------- */

static inline uint64_t la_get64(_Atomic uint64_t *word) {
    return atomic_load_explicit(word, memory_order_acquire); /* SYNC_WORD */
}
static inline void la_set64(_Atomic uint64_t *word, uint64_t value) {
    atomic_store_explicit(word, value, memory_order_release); /* SYNC_WORD */
}
static inline uint32_t la_get32(_Atomic uint32_t *word) {
    return atomic_load_explicit(word, memory_order_acquire); /* SYNC_WORD */
}
static inline void la_set32(_Atomic uint32_t *word, uint32_t value) {
    atomic_store_explicit(word, value, memory_order_release); /* SYNC_WORD */
}

/* Add to a counter only one thread writes. Relaxed and not a read-modify-write: nothing is
 * ordered by a counter, and there is no second writer to lose. */
static inline void la_count(_Atomic uint64_t *counter, uint64_t by) {
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, now + by, memory_order_relaxed);
}

/* ---- who is awake -------------------------------------------------------------------------- */

static inline la_arena *la_arena_of(la_party *party) {
    return (la_arena *)(party - party->index) - 1;
}

static inline int la_is_computing(la_party *party) {
    return atomic_load_explicit(&party->computing, memory_order_relaxed) != 0;
}

/* Relaxed: a hint for how to wait, nothing is ordered by it. */
static inline void la_count_awake(la_party *party, int32_t by) {
    if (la_is_computing(party)) {
        atomic_fetch_add_explicit(&la_arena_of(party)->awake, by, memory_order_relaxed);
    }
}

/* Called by the party itself, while it is awake. */
static inline void la_set_computing(la_party *party, int computing) {
    if (computing && !la_is_computing(party)) {
        atomic_store_explicit(&party->computing, 1, memory_order_relaxed);
        la_count_awake(party, 1);
    } else if (!computing && la_is_computing(party)) {
        la_count_awake(party, -1);
        atomic_store_explicit(&party->computing, 0, memory_order_relaxed);
    }
}

static inline int32_t la_cores_to_spare(la_party *party) {
    la_arena *arena = la_arena_of(party);
    return (int32_t)arena->cores - atomic_load_explicit(&arena->awake, memory_order_relaxed);
}

/* All computing parties that are awake, this one included, have a core each. */
static inline int la_cores_suffice(la_party *party) {
    return la_cores_to_spare(party) >= 0;
}

/* One more than are awake would have a core as well. */
static inline int la_has_free_core(la_party *party) {
    return la_cores_to_spare(party) > 0;
}

/* ---- homes ----------------------------------------------------------------------------------- */

/* Relaxed: ordered by the fences of the doorbell, like `sleeping`. */
static inline uint32_t la_home_index(la_party *party) {
    return atomic_load_explicit(&party->home, memory_order_relaxed);
}

static inline la_party *la_home(la_party *party) {
    return party - party->index + la_home_index(party);
}

static inline void la_set_home(la_party *party, uint32_t index) {
    atomic_store_explicit(&party->home, index, memory_order_relaxed);
}

/* One thread does what both do: none has to wake the other. To be asked as one of them. */
static inline int la_share_home(la_party *one, la_party *other) {
    return la_home_index(one) == la_home_index(other);
}

/* ---- doorbell ------------------------------------------------------------------------------ */

/* The caller has made its condition visible (any store) and issues la_full_fence() before this;
 * one fence serves any number of parties. */
static inline void la_party_wake_fenced(la_party *party) {
    la_party *home = la_home(party);
    /* Relaxed: the fences order this load, and most of the time it only says "awake". */
    if (atomic_load_explicit(&home->sleeping, memory_order_relaxed) &&
        atomic_exchange_explicit(&home->sleeping, 0, memory_order_seq_cst)) {
        la_count_awake(home, 1);
        atomic_fetch_add_explicit(&home->bell, 1, memory_order_seq_cst); /* SYNC_BELL */
        la_futex_wake_all(&home->bell);
    }
}

/* True if the party sleeps and waits for `kind` and `index`, or for several things (an event, or a
 * wait that is just being prepared). To be asked after la_full_fence(), like the above. */
static inline int la_party_waits_for(la_party *party, uint32_t kind, uint32_t index) {
    la_party *home = la_home(party);
    uint64_t on;
    if (!atomic_load_explicit(&home->sleeping, memory_order_relaxed)) {
        return 0;
    }
    /* Relaxed: ordered by the fences, like `sleeping`. */
    on = atomic_load_explicit(&party->blocked_on, memory_order_relaxed);
    if (kind == LA_ON_DATA && (on >> 32 == LA_ON_FIRST || on >> 32 == LA_ON_POLL)) {
        on = (uint64_t)LA_ON_DATA << 32 | (uint32_t)on;
    }
    return on == ((uint64_t)kind << 32 | index) || on == 0 || on >> 32 >= LA_ON_EVENT;
}

static inline void la_party_wake(la_party *party) {
    la_full_fence(); /* SYNC_BELL */
    la_party_wake_fenced(party);
}

static inline void la_go_to_sleep(la_party *party) {
    if (!atomic_exchange_explicit(&party->sleeping, 1, memory_order_seq_cst)) {
        la_count_awake(party, -1);
    }
    la_full_fence(); /* SYNC_BELL, SYNC_GATE */
}

static inline uint32_t la_party_prepare(la_party *party) {
    uint32_t key = atomic_load_explicit(&party->bell, memory_order_acquire); /* SYNC_BELL */
    la_go_to_sleep(party);
    return key;
}

static inline void la_party_cancel(la_party *party) {
    /* A waker may have been faster, and has counted us then. */
    if (atomic_exchange_explicit(&party->sleeping, 0, memory_order_acq_rel)) {
        la_count_awake(party, 1);
    }
}

static inline void la_party_post(la_party *party) {
    atomic_fetch_add_explicit(&party->mailbox, 1, memory_order_release); /* SYNC_MAILBOX */
    la_party_wake(party);
}

static inline uint32_t la_party_mailbox(la_party *party) {
    return atomic_load_explicit(&party->mailbox, memory_order_acquire); /* SYNC_MAILBOX */
}

/* ---- blocked record -------------------------------------------------------------------------- */

static inline void la_party_blocked(la_party *party, uint32_t kind, uint32_t index,
                                    uint64_t number, int64_t now) {
    atomic_store_explicit(&party->blocked_since, now, memory_order_release); /* SYNC_BLOCKED */
    atomic_store_explicit(&party->blocked_number, number, memory_order_release); /* SYNC_BLOCKED */
    atomic_store_explicit(&party->blocked_on, (uint64_t)kind << 32 | index,
                          memory_order_release); /* SYNC_BLOCKED */
}

static inline void la_party_unblocked(la_party *party) {
    atomic_store_explicit(&party->blocked_on, 0, memory_order_release); /* SYNC_BLOCKED */
}

/* Read a consistent record: the start time differs from wait to wait, so an unchanged one proves
 * that the rest belongs to it. Returns the kind; 0 if not blocked or just changing. */
static inline uint32_t la_party_inspect(la_party *party, uint32_t *index, uint64_t *number,
                                        int64_t *since) {
    int64_t before = atomic_load_explicit(&party->blocked_since, memory_order_acquire);
    uint64_t on = atomic_load_explicit(&party->blocked_on, memory_order_acquire);
    *number = atomic_load_explicit(&party->blocked_number, memory_order_acquire);
    *since = atomic_load_explicit(&party->blocked_since, memory_order_acquire);
    *index = (uint32_t)on;
    return *since == before ? (uint32_t)(on >> 32) : LA_NOT_BLOCKED;
}

/* ---- stages ----------------------------------------------------------------------------------- */

/* First and last phase of a step (protocol/step.py). A stage is 8 * step + phase. */
enum { LA_SPK = 1, LA_HOST = 5 };

/* When a party sends what it sends now. */
static inline uint64_t la_sent_at(la_party *party) {
    /* Relaxed: its own words, or what is published after them. */
    return 8 * atomic_load_explicit(&party->step, memory_order_relaxed) +
           atomic_load_explicit(&party->phase, memory_order_relaxed);
}

/* Where a party is; between two steps, at the start of the next one. To be asked by the party
 * itself, or while it waits. */
static inline uint64_t la_stage(la_party *party) {
    uint64_t done = la_get64(&party->done);
    uint64_t stage = la_sent_at(party);
    return done < stage / 8 || stage % 8 == LA_HOST ? stage : 8 * (done + 1) + LA_SPK;
}

/* True if a party will not send anything any more that comes before `stage`. */
static inline int la_has_reached(la_party *party, uint64_t stage) {
    uint64_t step = stage / 8, done = la_get64(&party->done);
    uint32_t phase;
    if (done >= step || (stage % 8 == LA_SPK && done + 1 == step)) {
        return 1;
    }
    if (stage % 8 == LA_HOST || la_get64(&party->step) != step) {
        return 0;
    }
    phase = la_get32(&party->phase);
    /* The phase of this very step. */
    return phase >= stage % 8 && phase < LA_HOST && la_get64(&party->step) == step;
}

/* ---- gate -------------------------------------------------------------------------------------- */

static inline uint32_t la_gate_prepare(la_gate *gate, la_party *party) {
    uint32_t key = atomic_load_explicit(&gate->word, memory_order_acquire); /* SYNC_GATE */
    atomic_fetch_add_explicit(&gate->sleepers, 1, memory_order_seq_cst);
    la_go_to_sleep(party);
    return key;
}

static inline void la_gate_cancel(la_gate *gate, la_party *party) {
    atomic_fetch_sub_explicit(&gate->sleepers, 1, memory_order_relaxed);
    la_party_cancel(party);
}

/* The caller has made the condition visible (any store). */
static inline void la_gate_open(la_gate *gate) {
    la_full_fence(); /* SYNC_GATE */
    if (atomic_load_explicit(&gate->sleepers, memory_order_relaxed)) {
        atomic_fetch_add_explicit(&gate->word, 1, memory_order_seq_cst); /* SYNC_GATE */
        la_futex_wake_all(&gate->word);
    }
}

/* ---- abort ------------------------------------------------------------------------------------- */

static inline uint32_t la_arena_aborted(la_arena *arena) {
    return atomic_load_explicit(&arena->abort, memory_order_acquire); /* SYNC_ABORT */
}

/* The first reason stays. Every bell is rung, asleep or not: this is rare and must not depend on
 * anything a dying party left in its block. */
static inline void la_arena_abort(la_arena *arena, la_party *parties, uint32_t code) {
    la_domain *domains = (la_domain *)(parties + arena->n_parties);
    uint32_t none = 0;
    uint32_t i;
    atomic_compare_exchange_strong(&arena->abort, &none, code); /* SYNC_ABORT */
    for (i = 0; i < arena->n_parties; i++) {
        atomic_fetch_add_explicit(&parties[i].bell, 1, memory_order_seq_cst); /* SYNC_BELL */
        la_futex_wake_all(&parties[i].bell);
    }
    for (i = 0; i < arena->n_domains; i++) {
        atomic_fetch_add_explicit(&domains[i].gate.word, 1, memory_order_seq_cst); /* SYNC_GATE */
        la_futex_wake_all(&domains[i].gate.word);
    }
}

/* ---- domains ----------------------------------------------------------------------------------- */

#define LA_FROZEN (UINT64_C(1) << 63)

static inline uint64_t la_domain_horizon(la_domain *domain) {
    return atomic_load_explicit(&domain->horizon, memory_order_acquire) & /* SYNC_HORIZON */
           ~LA_FROZEN;
}

/* Returns 1 if this call raised it (the caller then wakes the members). One that is frozen is more
 * than any step. */
static inline int la_domain_raise(la_domain *domain, uint64_t value) {
    uint64_t now = atomic_load_explicit(&domain->horizon, memory_order_relaxed);
    while (now < value) {
        if (atomic_compare_exchange_weak_explicit(&domain->horizon, &now, value,
                                                  memory_order_acq_rel, /* SYNC_HORIZON */
                                                  memory_order_relaxed)) {
            return 1;
        }
    }
    return 0;
}

/* Raise the horizon to what is granted, as far as all paced parties are ready. */
static inline int la_domain_open(la_domain *domain, la_party **paced, uint32_t n) {
    uint64_t upto, ready;
    uint32_t i;
    la_full_fence(); /* SYNC_READY */
    upto = la_get64(&domain->granted);
    for (i = 0; i < n; i++) {
        ready = la_get64(&paced[i]->ready);
        upto = ready < upto ? ready : upto;
    }
    return la_domain_raise(domain, upto);
}

/* One party grants at a time: the service, or in lockstep the last at the barrier. */
static inline int la_domain_grant(la_domain *domain, la_party **paced, uint32_t n,
                                  uint64_t value) {
    if (la_get64(&domain->granted) < value) {
        la_set64(&domain->granted, value);
    }
    return n ? la_domain_open(domain, paced, n) : la_domain_raise(domain, value);
}

/* The horizon, which stays until `la_domain_thaw`. */
static inline uint64_t la_domain_freeze(la_domain *domain) {
    uint64_t last = atomic_fetch_or_explicit(&domain->horizon, LA_FROZEN, memory_order_acq_rel) &
                    ~LA_FROZEN;
    la_set64(&domain->granted, last);
    return last;
}

static inline void la_domain_thaw(la_domain *domain) {
    atomic_fetch_and_explicit(&domain->horizon, ~LA_FROZEN, memory_order_acq_rel);
}

static inline uint32_t la_domain_epoch(la_domain *domain) {
    return atomic_load_explicit(&domain->epoch, memory_order_acquire); /* SYNC_EPOCH */
}

/* Returns 1 for the last of n members; *result is then the union of all bits, else the epoch to
 * wait for the end of. */
static inline int la_domain_arrive(la_domain *domain, uint32_t n, uint64_t bits, uint64_t *result) {
    /* Read before arriving: from then on the last one may already move it. */
    uint32_t epoch = la_domain_epoch(domain);
    atomic_fetch_or_explicit(&domain->bits, bits, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&domain->arrived, 1, memory_order_acq_rel) + 1 == n) {
        /* SYNC_ARRIVE: the chain of acquiring and releasing additions makes everyone's bits ours.
         * Relaxed resets: the next round starts only after SYNC_EPOCH. */
        *result = atomic_load_explicit(&domain->bits, memory_order_relaxed);
        atomic_store_explicit(&domain->bits, 0, memory_order_relaxed);
        atomic_store_explicit(&domain->arrived, 0, memory_order_relaxed);
        return 1;
    }
    *result = epoch;
    return 0;
}

/* By the last to arrive: publish the decision, and let the members through the gate. */
static inline void la_domain_release(la_domain *domain, la_party **members, uint32_t n,
                                     int64_t decision) {
    uint32_t i;
    /* They are awake from now on, not only once they run: others decide by it whether to spin. But
     * only who sleeps at the gate, and not after the epoch has moved: a member that sleeps by its
     * bell would be taken for awake by whoever should ring it. */
    for (i = 0; i < n; i++) {
        uint64_t on = atomic_load_explicit(&members[i]->blocked_on, memory_order_acquire);
        if (on >> 32 == LA_ON_BARRIER) {
            la_party_cancel(members[i]);
        }
    }
    atomic_store_explicit(&domain->decision, decision, memory_order_relaxed);
    atomic_fetch_add_explicit(&domain->epoch, 1, memory_order_acq_rel); /* SYNC_EPOCH */
    la_gate_open(&domain->gate);
    /* Who shares a home sleeps there. All have arrived, so all that share it wait for this. */
    for (i = 0; i < n; i++) {
        if (la_home(members[i]) != members[i]) {
            la_party_wake_fenced(members[i]);
        }
    }
}

/* Valid from the end of an epoch until this member arrives again. */
static inline int64_t la_domain_decision(la_domain *domain) {
    return atomic_load_explicit(&domain->decision, memory_order_relaxed);
}

/* ---- waiting ------------------------------------------------------------------------------------- */

typedef int (*la_condition)(void *);

/* How a wait, or a part of one, came out. */
enum { LA_TIME_OVER, LA_HOLDS, LA_ENDED };

/* A condition that holds counts more than the end of the network: what is there is delivered. */
static inline int la_look(la_party *party, la_condition holds, void *what) {
    if (holds(what)) {
        return LA_HOLDS;
    }
    return la_arena_aborted(la_arena_of(party)) ? LA_ENDED : LA_TIME_OVER;
}

/* What a party has learned about spinning; its own business, not shared. */
typedef struct {
    int64_t ns;     /* how long the next wait may spin; 0: not known yet */
    uint32_t waits;
    uint32_t looks; /* between two looks at the clock; 0 and 1 are the same */
} la_spinning;

enum {
    LA_LEAST_SPIN_NS = 1000, /* costs little, and notices that messages come fast again */
    LA_PROBE = 64,           /* every so many waits may spin in full */
    LA_LOOKS = 16,           /* at a condition that costs less than the clock */
    LA_PREEMPTED_NS = 10000, /* between two looks at the clock: the core was taken away */
};

/* Spin for as long as it has paid lately, `most` at the most. Twice as long after a success, half
 * as long after a failure: what is waited for takes longer than a spin may, or whoever should do it
 * has no core, possibly because it would run on this one. */
static inline int la_spin(la_spinning *spin, la_party *party, la_condition holds, void *what,
                          int64_t most, int while_cores_suffice) {
    int64_t budget = spin->ns && spin->ns < most ? spin->ns : most;
    int64_t start = la_now_ns(), last = start, now;
    if (++spin->waits % LA_PROBE == 0) {
        budget = most;
    }
    do {
        uint32_t i = 0;
        int found;
        do {
            if ((found = la_look(party, holds, what))) {
                spin->ns = 2 * budget;
                return found;
            }
            la_relax();
        } while (++i < spin->looks);
        now = la_now_ns();
        if (now - last > LA_PREEMPTED_NS) {
            break;
        }
        if (while_cores_suffice && !la_cores_suffice(party)) {
            return LA_TIME_OVER;
        }
        last = now;
    } while (now - start < budget);
    spin->ns = budget / 2 > LA_LEAST_SPIN_NS ? budget / 2 : LA_LEAST_SPIN_NS;
    return LA_TIME_OVER;
}

/* One turn of a wait: spin, announce, look again, sleep once, at a gate or (NULL) by the party's own
 * bell. Here alone a party announces a sleep. After LA_TIME_OVER the caller looks at signals and
 * clock, and calls again (with spin_ns 0). */
static inline int la_wait_turn(la_party *party, la_gate *gate, la_condition holds, void *what,
                               la_spinning *spin, int64_t spin_ns, int64_t sleep_ns) {
    uint32_t key;
    int found = LA_TIME_OVER, late = 0;
    if (spin_ns > 0) {
        found = la_spin(spin, party, holds, what, spin_ns, 0);
    } else if (la_is_computing(party) && la_cores_suffice(party)) {
        found = la_spin(spin, party, holds, what, LA_BRIEF_NS, 1);
    }
    if (found) {
        return found;
    }
    if (gate) {
        key = la_gate_prepare(gate, party);
        if (!(found = la_look(party, holds, what))) {
            late = la_futex_wait(&gate->word, key, sleep_ns);
        }
        la_gate_cancel(gate, party);
    } else {
        key = la_party_prepare(party);
        if (!(found = la_look(party, holds, what))) {
            late = la_futex_wait(&party->bell, key, sleep_ns);
        }
        la_party_cancel(party);
    }
    if (!found && (found = la_look(party, holds, what)) && late) {
        la_count(&party->missed, 1);
    }
    return found;
}

/* The same for one thread that waits as several parties, of different arenas maybe. `words` has
 * room for n; of more than LA_WAITV_MAX bells the kernel watches the first, so sleep briefly. */
static inline int la_wait_turn_any(la_party **parties, uint32_t n, la_condition holds, void *what,
                                   struct la_waitv *words, int64_t sleep_ns) {
    uint32_t i;
    int found = LA_TIME_OVER;
    for (i = 0; i < n; i++) {
        words[i].value = la_party_prepare(parties[i]);
        words[i].address = (uint64_t)(uintptr_t)&parties[i]->bell;
        words[i].flags = LA_WAITV_32BIT;
        words[i].reserved = 0;
    }
    for (i = 0; i < n && !found; i++) {
        found = la_look(parties[i], holds, what);
    }
    if (!found) {
        la_futex_wait_any(words, n < LA_WAITV_MAX ? n : LA_WAITV_MAX, sleep_ns);
    }
    for (i = 0; i < n; i++) {
        la_party_cancel(parties[i]);
    }
    return found;
}

#endif
