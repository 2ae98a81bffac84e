/* The arena's control block: the abort word, one block per party, one block per domain.
 *
 * Here is what stands in it, and where a party is. `doorbell.h` has how parties sleep and are woken,
 * `domain.h` how steps are granted and barriers passed, `sleep.h` the one wait of all.
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
 * Sync points, named alike on both ends:
 *   SYNC_BELL     the Dekker pair of the doorbell
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
    _Atomic uint64_t far;     /* what all members on other machines have done */
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

/* Added to a kind by who serves others meanwhile: whatever happens may end its sleep. */
#define LA_ATTENDING UINT32_C(0x100)

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

#endif
