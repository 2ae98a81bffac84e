/* Domains: up to which step parties may go, and the barriers of those in lockstep.
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
 */
#ifndef LAVA_ACTOR_DOMAIN_H
#define LAVA_ACTOR_DOMAIN_H

#include "doorbell.h"

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

/* The last step that all of some parties have done. */
static inline uint64_t la_domain_slowest(la_party **parties, uint32_t n) {
    uint64_t least = UINT64_MAX, done;
    uint32_t i;
    for (i = 0; i < n; i++) {
        done = la_get64(&parties[i]->done);
        least = done < least ? done : least;
    }
    return least;
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

#endif
