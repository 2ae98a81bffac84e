/* What a party can wait for, as conditions for la_wait_turn (which looks at the abort word itself). */
#ifndef LAVA_ACTOR_WAITS_H
#define LAVA_ACTOR_WAITS_H

#include "desk.h"
#include "domain.h"
#include "ring.h"
#include "sleep.h"

/* For those that are more than one word. */
typedef struct {
    la_domain *domain;
    la_party *party; /* whose mailbox counts */
    uint64_t number; /* step or epoch */
    uint32_t seen;   /* mailbox count */
    la_reader *reader;
} la_waiting;

static int la_until_space(void *writer) {
    return la_writer_ready((la_writer *)writer);
}

static int la_until_data(void *reader) {
    return la_reader_ready((la_reader *)reader) || la_reader_ended((la_reader *)reader);
}

/* What a reader asks for: a message, or the certainty that none was sent before its stage. */
typedef struct {
    la_reader *reader;
    la_party *asker, *writer;
} la_polling;

static int la_until_told(void *p) {
    la_polling *w = (la_polling *)p;
    return la_until_data(w->reader) || la_has_reached(w->writer, la_stage(w->asker));
}

static int la_until_step(void *p) {
    la_waiting *w = (la_waiting *)p;
    return la_domain_horizon(w->domain) >= w->number || la_party_mailbox(w->party) != w->seen;
}

static int la_until_first(void *p) {
    la_waiting *w = (la_waiting *)p;
    return la_until_data(w->reader) || la_party_mailbox(w->party) != w->seen;
}

static int la_until_epoch(void *p) {
    la_waiting *w = (la_waiting *)p;
    return la_domain_epoch(w->domain) != (uint32_t)w->number;
}

#endif
