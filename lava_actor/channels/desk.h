/* The desk: where the user's program asks one party for something small, and is answered.
 *
 * A request that goes through pipes wakes a service twice and a listener once besides the two it is
 * between. The desk is memory both see, at the end of the arena: who asks writes there and posts, who
 * is asked writes there and rings.
 *
 * One request lies there at a time, and it belongs to one side: to the party `to` while `asked` and
 * `answered` differ, otherwise to the user's program. Only its owner touches the rest, and gives it
 * away by the store that makes them differ (`la_desk_ask`) or equal (`la_desk_answer`). So an asker
 * who no longer waits (Ctrl-C) leaves a desk that is taken until the answer is there; others go by the
 * pipe meanwhile. That of a party that was killed stays taken. Several threads of the user's program
 * agree among themselves who may ask.
 *
 *   SYNC_DESK   what the owner wrote -> the next owner
 */
#ifndef LAVA_ACTOR_DESK_H
#define LAVA_ACTOR_DESK_H

#include "doorbell.h"

typedef struct {
    _Alignas(LA_LINE) _Atomic uint64_t asked;
    _Atomic uint64_t answered;
    uint32_t to;
    uint32_t length;
    unsigned char said[];
} la_desk;

static inline int la_desk_is_taken(la_desk *desk) {
    return atomic_load_explicit(&desk->asked, memory_order_acquire) !=    /* SYNC_DESK */
           atomic_load_explicit(&desk->answered, memory_order_acquire);   /* SYNC_DESK */
}

static inline int la_desk_asks(la_desk *desk, uint32_t party) {
    return la_desk_is_taken(desk) && desk->to == party;
}

/* By who owns the desk, once `length` bytes of `said` are written. */
static inline void la_desk_ask(la_desk *desk, la_party *party, uint32_t length) {
    desk->to = party->index;
    desk->length = length;
    atomic_fetch_add_explicit(&desk->asked, 1, memory_order_release); /* SYNC_DESK */
    la_party_post(party);
}

static inline void la_desk_answer(la_desk *desk, la_party *asker, uint32_t length) {
    desk->length = length;
    atomic_fetch_add_explicit(&desk->answered, 1, memory_order_release); /* SYNC_DESK */
    la_full_fence();
    if (la_party_waits_for(asker, LA_ON_EVENT, 0)) {
        la_party_wake_fenced(asker);
    }
}

#endif
