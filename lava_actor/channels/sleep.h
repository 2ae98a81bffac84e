/* One turn of a wait: spin, announce, look again, sleep once.
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
 */
#ifndef LAVA_ACTOR_SLEEP_H
#define LAVA_ACTOR_SLEEP_H

#include "doorbell.h"

/* What waking an idle core costs: spinning longer than that cannot pay. */
#define LA_BRIEF_NS INT64_C(50000)

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
