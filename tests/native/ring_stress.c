/* Stress test of the channel headers without Python, for ThreadSanitizer, AddressSanitizer and
 * UndefinedBehaviorSanitizer: `make sanitize`.
 *
 * Threads stand in for processes: the headers use atomics only, so what is free of races between
 * threads is free of races between processes. Each check aborts with its line; a data race, an
 * access out of bounds or undefined arithmetic is reported by the sanitizer.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accumulate.h"
#include "control.h"
#include "ring.h"
#include "waits.h"

#define CHECK(condition)                                                                        \
    do {                                                                                        \
        if (!(condition)) {                                                                     \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);           \
            abort();                                                                            \
        }                                                                                       \
    } while (0)

enum { MAX_READERS = 4, MAX_PARTIES = 1 + MAX_READERS };

typedef struct {
    la_arena *arena;
    la_party *parties;
    la_domain *domain;
    void *ring;
    uint32_t n_readers;
    uint64_t depth, stride, words, messages;
    int64_t spin_ns;
    uint64_t leave_at; /* reader 0 detaches after so many messages; 0: it stays */
} world;

static void *zeroed(size_t bytes) {
    void *block = aligned_alloc(LA_LINE, (bytes + LA_LINE - 1) / LA_LINE * LA_LINE);
    CHECK(block != NULL);
    memset(block, 0, (bytes + LA_LINE - 1) / LA_LINE * LA_LINE);
    return block;
}

static world new_world(uint32_t n_readers, uint64_t depth, uint64_t words, uint64_t messages) {
    world w;
    uint32_t i;
    memset(&w, 0, sizeof w);
    w.arena = zeroed(sizeof(la_arena) + MAX_PARTIES * sizeof(la_party) + sizeof(la_domain));
    w.arena->n_parties = MAX_PARTIES;
    w.arena->n_domains = 1;
    w.parties = (la_party *)(w.arena + 1);
    for (i = 0; i < MAX_PARTIES; i++) {
        w.parties[i].index = i;
        la_set_home(&w.parties[i], i);
    }
    w.domain = (la_domain *)(w.parties + MAX_PARTIES);
    w.n_readers = n_readers;
    w.depth = depth;
    w.words = words;
    w.stride = sizeof(la_slot) + (words + words % 2) * sizeof(uint64_t);
    w.ring = zeroed(sizeof(la_ring) + n_readers * sizeof(la_cursor) + depth * w.stride);
    w.messages = messages;
    return w;
}

static void free_world(world *w) {
    free(w->arena);
    free(w->ring);
}

/* What word i of message m holds. */
static uint64_t content(uint64_t m, uint64_t i) {
    return (m + 1) * UINT64_C(0x9e3779b97f4a7c15) + i;
}

typedef struct {
    world *w;
    uint32_t index;
    uint64_t number;
} task;

/* No sleep may last as long as this: whatever ended it then was not a wake-up. */
#define FOREVER_NS INT64_C(20000000000)

/* Returns 0 if the wait was given up because of an abort. */
static int wait_at(world *w, la_party *party, la_gate *gate, la_condition holds, void *what) {
    la_spinning spinning = {0, 0, LA_LOOKS};
    int64_t spin = w->spin_ns;
    int found;
    while (!(found = la_wait_turn(party, gate, holds, what, &spinning, spin, FOREVER_NS))) {
        spin = 0;
    }
    CHECK(la_get64(&party->missed) == 0);
    return found == LA_HOLDS;
}

static int wait_until(world *w, la_party *party, la_condition holds, void *what) {
    return wait_at(w, party, NULL, holds, what);
}

static void *write_all(void *argument) {
    world *w = ((task *)argument)->w;
    la_writer writer = {la_view_of(w->ring, w->n_readers, w->depth, w->stride), 0};
    uint64_t m, i;
    uint32_t r;
    for (m = 0; m < w->messages; m++) {
        while (!la_writer_ready(&writer)) {
            la_party_blocked(&w->parties[0], LA_ON_SPACE, 0, 0, la_now_ns());
            if (!wait_until(w, &w->parties[0], la_until_space, &writer)) {
                return NULL;
            }
            la_party_unblocked(&w->parties[0]);
        }
        if (la_writer_unheard(&writer)) {
            break;
        }
        la_slot *slot = la_writer_slot(&writer);
        uint64_t *words = (uint64_t *)(slot + 1);
        slot->form = LA_FORM_DENSE;
        slot->count = (uint32_t)m;
        for (i = 0; i < w->words; i++) {
            words[i] = content(m, i);
        }
        la_writer_publish(&writer);
        la_full_fence();
        for (r = 0; r < w->n_readers; r++) {
            la_party_wake_fenced(&w->parties[1 + r]);
        }
    }
    la_writer_close(&writer);
    la_full_fence();
    for (r = 0; r < w->n_readers; r++) {
        la_party_wake_fenced(&w->parties[1 + r]);
    }
    return NULL;
}

static void *read_all(void *argument) {
    task *t = (task *)argument;
    world *w = t->w;
    la_party *own = &w->parties[1 + t->index];
    la_reader reader = {la_view_of(w->ring, w->n_readers, w->depth, w->stride), NULL, 0};
    uint64_t m, i;
    uint32_t index;
    uint64_t number;
    int64_t since;
    reader.cursor = &reader.at.cursors[t->index];
    for (m = 0;; m++) {
        if (t->index == 0 && w->leave_at && m == w->leave_at) {
            la_reader_detach(&reader);
            la_party_wake(&w->parties[0]);
            return NULL;
        }
        while (!la_reader_ready(&reader)) {
            if (la_reader_ended(&reader)) {
                CHECK(m == w->messages);
                return NULL;
            }
            la_party_inspect(&w->parties[0], &index, &number, &since);
            if (!wait_until(w, own, la_until_data, &reader)) {
                return NULL;
            }
        }
        la_slot *slot = la_reader_slot(&reader);
        const uint64_t *words = (const uint64_t *)(slot + 1);
        CHECK(slot->count == (uint32_t)m);
        for (i = 0; i < w->words; i++) {
            CHECK(words[i] == content(m, i));
        }
        la_reader_release(&reader);
        la_count(&own->progress, 1);
        la_party_wake(&w->parties[0]);
    }
}

static void run_threads(world *w, void *(*first)(void *), void *(*other)(void *), uint32_t n) {
    pthread_t threads[MAX_PARTIES];
    task tasks[MAX_PARTIES];
    uint32_t i;
    for (i = 0; i < n; i++) {
        tasks[i].w = w;
        tasks[i].index = i == 0 ? 0 : i - 1;
        CHECK(pthread_create(&threads[i], NULL, i == 0 ? first : other, &tasks[i]) == 0);
    }
    for (i = 0; i < n; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

/* Every reader sees every message, whole and in order; one that leaves holds nobody up. */
static void test_broadcast(uint64_t messages) {
    static const uint64_t depths[] = {1, 2, 3, 64};
    uint32_t readers;
    size_t d;
    int spin, leave;
    for (d = 0; d < sizeof depths / sizeof *depths; d++) {
        for (readers = 1; readers <= MAX_READERS; readers += 3) {
            for (spin = 0; spin < 2; spin++) {
                for (leave = 0; leave < 2; leave++) {
                    world w = new_world(readers, depths[d], 5, messages);
                    w.spin_ns = spin ? 20000 : 0;
                    w.leave_at = leave ? messages / 3 : 0;
                    run_threads(&w, write_all, read_all, 1 + readers);
                    free_world(&w);
                }
            }
        }
    }
}

static void *abort_soon(void *argument) {
    world *w = ((task *)argument)->w;
    uint32_t index;
    uint64_t number;
    int64_t since;
    /* Wait until a reader sleeps or spins for data that never comes. */
    while (atomic_load(&w->parties[1].progress) == 0) {
        la_relax();
    }
    la_party_inspect(&w->parties[1], &index, &number, &since);
    la_arena_abort(w->arena, w->parties, 7);
    la_arena_abort(w->arena, w->parties, 8);
    CHECK(la_arena_aborted(w->arena) == 7);
    return NULL;
}

static void *wait_for_nothing(void *argument) {
    task *t = (task *)argument;
    la_reader reader = {la_view_of(t->w->ring, t->w->n_readers, t->w->depth, t->w->stride), NULL, 0};
    reader.cursor = &reader.at.cursors[t->index];
    la_count(&t->w->parties[1 + t->index].progress, 1);
    CHECK(!wait_until(t->w, &t->w->parties[1 + t->index], la_until_data, &reader));
    return NULL;
}

/* An abort frees whoever waits, and its first reason stays. */
static void test_abort(void) {
    int round;
    for (round = 0; round < 50; round++) {
        world w = new_world(MAX_READERS, 2, 1, 0);
        run_threads(&w, abort_soon, wait_for_nothing, MAX_PARTIES);
        free_world(&w);
    }
}

static void *raise_steps(void *argument) {
    world *w = ((task *)argument)->w;
    uint64_t step;
    uint32_t i;
    for (step = 1; step <= w->messages; step++) {
        /* Allow a step once all have come to the end of the one before: the last of them is just
         * saying so, the others sleep, or are just going to. */
        while (la_domain_epoch(w->domain) < 2 * (step - 1)) {
            sched_yield();
        }
        for (i = 0; i < step % 8 * 100; i++) {
            la_relax();
        }
        CHECK(la_domain_raise(w->domain, step));
        CHECK(!la_domain_raise(w->domain, step - 1));
        la_full_fence();
        for (i = 1; i < MAX_PARTIES; i++) {
            la_party_wake_fenced(&w->parties[i]);
        }
        if (step % 16 == 0) {
            la_party_post(&w->parties[1]);
        }
    }
    return NULL;
}

/* A release takes as long as it does in a large network if it meets every member many times. */
enum { CROWD = 64 * MAX_READERS };

/* Members start no step before it is allowed, and meet at a barrier after each. Whoever leaves the
 * barrier early goes to sleep by its bell while the gate is still being opened for others. */
static void *take_steps(void *argument) {
    task *t = (task *)argument;
    world *w = t->w;
    la_party *own = &w->parties[1 + t->index];
    la_waiting waiting = {w->domain, own, 0, 0, NULL};
    world calm = *w; /* spins at the gate only, hence leaves early and then sleeps at once */
    la_party *members[CROWD];
    uint64_t step, result;
    uint32_t i;
    for (i = 0; i < CROWD; i++) {
        members[i] = &w->parties[1 + i % MAX_READERS];
    }
    calm.spin_ns = 0;
    waiting.seen = la_party_mailbox(own);
    for (step = 1; step <= w->messages; step++) {
        while (la_domain_horizon(w->domain) < step) {
            waiting.number = step;
            CHECK(wait_until(&calm, own, la_until_step, &waiting));
            waiting.seen = la_party_mailbox(own);
        }
        if (la_domain_arrive(w->domain, MAX_READERS, UINT64_C(1) << t->index, &result)) {
            CHECK(result == (UINT64_C(1) << MAX_READERS) - 1);
            la_domain_release(w->domain, members, CROWD, (int64_t)step);
        } else {
            waiting.number = result;
            la_party_blocked(own, LA_ON_BARRIER, 0, result, la_now_ns());
            while (la_domain_epoch(w->domain) == (uint32_t)result) {
                CHECK(wait_at(w, own, &w->domain->gate, la_until_epoch, &waiting));
            }
            la_party_unblocked(own);
            CHECK(la_domain_decision(w->domain) == (int64_t)step);
        }
        la_set64(&own->done, step);
        /* Come to the end without waiting for the others: what is next allows the next step. */
        if (la_domain_arrive(w->domain, MAX_READERS, 0, &result)) {
            la_domain_release(w->domain, members, CROWD, 0);
        }
    }
    return NULL;
}

static void test_domain(uint64_t steps, int64_t spin_ns) {
    world w = new_world(1, 1, 1, steps);
    uint32_t i;
    w.spin_ns = spin_ns;
    run_threads(&w, raise_steps, take_steps, MAX_PARTIES);
    for (i = 1; i < MAX_PARTIES; i++) {
        CHECK(la_get64(&w.parties[i].done) == steps);
    }
    free_world(&w);
}

/* Finding and placing elements is the identity, for every size around the block size; the buffers
 * are exactly as large as promised, so that AddressSanitizer sees any step beyond. */
static void test_events(void) {
    static const int64_t itemsizes[] = {1, 2, 4, 8};
    unsigned seed = 1;
    size_t s;
    int64_t n, k;
    int density;
    for (s = 0; s < 4; s++) {
        int64_t item = itemsizes[s];
        for (n = 0; n < 200; n++) {
            for (density = 0; density <= 4; density++) {
                size_t bytes = (size_t)(n * item);
                unsigned char *data = malloc(bytes + 1);
                unsigned char *back = calloc(bytes + 1, 1);
                unsigned char *values = malloc(bytes + 1);
                int32_t *index = malloc((size_t)(n + LA_FIND_SLACK) * sizeof *index);
                unsigned char one[8] = {1};
                int64_t found, limit;
                for (k = 0; k < (int64_t)bytes; k++) {
                    int set = rand_r(&seed) % 4 < density;
                    data[1 + k] = set ? (unsigned char)rand_r(&seed) : 0;
                }
                found = la_find(data + 1, n, item, index, n);
                CHECK(found >= 0 && found <= n);
                la_gather(data + 1, item, index, found, one, values);
                la_place(back + 1, item, index, found, values, one);
                CHECK(memcmp(back + 1, data + 1, bytes) == 0);
                limit = found / 2;
                free(index);
                index = malloc((size_t)(limit + LA_FIND_SLACK) * sizeof *index);
                CHECK(la_find(data + 1, n, item, index, limit) == (found > limit ? -1 : found));
                free(data);
                free(back);
                free(values);
                free(index);
            }
        }
    }
}

/* Adding wraps instead of overflowing, and refuses indices outside. */
static void test_sums(void) {
    int32_t out[3] = {INT32_MAX, 0, 5};
    int32_t message[3] = {1, 2, 3};
    int32_t at[3] = {0, 2, 2};
    int32_t outside[3] = {0, -1, 3};
    la_sum s = {out, 3, message, NULL, 3, 3, NULL};
    la_adder add = la_adder_for(LA_I32, LA_I32);
    CHECK(la_sum_fits(&s));
    add(&s);
    CHECK(out[0] == INT32_MIN && out[1] == 2 && out[2] == 8);
    s.map = at;
    CHECK(la_sum_fits(&s));
    add(&s);
    CHECK(out[2] == 13);
    s.map = outside;
    CHECK(!la_sum_fits(&s));
    s.map = NULL;
    s.index = outside;
    CHECK(!la_sum_fits(&s));
    s.index = at;
    s.values = NULL;
    CHECK(la_sum_fits(&s));
    add(&s);
    CHECK(out[2] == 15);
    CHECK(la_adder_for(LA_U64, LA_F32) == NULL && la_adder_for(-1, LA_F32) == NULL);
}

int main(int argc, char **argv) {
    uint64_t messages = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
    test_events();
    test_sums();
    test_abort();
    test_domain(messages / 4, 0);
    test_domain(messages / 4, 20000);
    test_broadcast(messages);
    printf("ring_stress: %llu messages per round, all checks passed\n",
           (unsigned long long)messages);
    return 0;
}
