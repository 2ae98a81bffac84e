/* How a party sleeps, and how it is woken.
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
 * two sleeps: whoever then still sees the old home has, again, the first of the two fences. Those
 * with one home never wake each other: they are awake together.
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
 * What can still fail: a waker that is killed, or stopped for long, between its publication and the
 * bell. The sleeper finds the condition at the end of its slice (LA_SLICE_NS), which is why slices
 * exist even though the scheme above loses no wake-up; `missed` counts such slices.
 */
#ifndef LAVA_ACTOR_DOORBELL_H
#define LAVA_ACTOR_DOORBELL_H

#include "control.h"

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

/* True if the party sleeps and waits for `kind` and `index`, or for several things (an event, a
 * message while it attends to others, or a wait that is just being prepared). To be asked after
 * la_full_fence(), like the above. */
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
    return *since == before ? (uint32_t)(on >> 32) & ~LA_ATTENDING : LA_NOT_BLOCKED;
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

#endif
