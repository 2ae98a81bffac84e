/* What a party can wait for, as conditions for la_wait_turn. Each also holds once the abort word
 * is set, so that a wait that begins after an abort does not sleep either. */
#ifndef LAVA_ACTOR_WAITS_H
#define LAVA_ACTOR_WAITS_H

#include "control.h"
#include "ring.h"

typedef struct {
    la_arena *arena;
    void *what;      /* la_writer, la_reader, la_domain, or nothing */
    la_party *party; /* whose mailbox or bell counts */
    uint64_t number; /* step or epoch */
    uint32_t seen;   /* mailbox count or bell key */
} la_waiting;

static int la_until_space(void *p) {
    la_waiting *w = (la_waiting *)p;
    return la_writer_ready((la_writer *)w->what) || la_arena_aborted(w->arena);
}

static int la_until_data(void *p) {
    la_waiting *w = (la_waiting *)p;
    la_reader *reader = (la_reader *)w->what;
    return la_reader_ready(reader) || la_reader_ended(reader) || la_arena_aborted(w->arena);
}

static int la_until_step(void *p) {
    la_waiting *w = (la_waiting *)p;
    return la_domain_horizon((la_domain *)w->what) >= w->number ||
           la_party_mailbox(w->party) != w->seen || la_arena_aborted(w->arena);
}

static int la_until_epoch(void *p) {
    la_waiting *w = (la_waiting *)p;
    return la_domain_epoch((la_domain *)w->what) != (uint32_t)w->number ||
           la_arena_aborted(w->arena);
}

static int la_until_rung(void *p) {
    la_waiting *w = (la_waiting *)p;
    return la_party_bell(w->party) != w->seen;
}

#endif
