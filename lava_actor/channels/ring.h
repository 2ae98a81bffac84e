/* A broadcast ring: one writer, any number of readers, messages in order, nothing lost.
 *
 * Positions are 64-bit counters that only grow; message p lies in slot p % depth, and positions
 * never wrap (at one message per nanosecond that takes 584 years), so "full" and "empty" are plain
 * comparisons and any depth from 1 up works, powers of two or not.
 *
 * The invariant, for every reader r that is attached:
 *
 *     position[r] <= write <= position[r] + depth
 *
 * The writer alone moves `write`, and only after the slot is filled; reader r alone moves
 * `position[r]`, and only after it is done with the slot. So the slots in [position[r], write) are
 * r's to read, and the slots in [write, min position + depth) are the writer's to fill; no slot is
 * ever in both ranges. That is the whole protection: no locks, no read-modify-write.
 *
 * Each side keeps the last value it saw of the other (`limit`, `seen`) and looks again only when
 * that says full or empty. An old value is always a safe one, as the true one can only be larger:
 * it may claim the ring is full or empty when it is not, never the reverse. A cache line thus
 * crosses the cores once per batch, not once per message.
 *
 * Own positions are read back from shared memory rather than kept in the handle: the line is in
 * the owner's cache anyway, and handles copied by fork stay right as long as one of them is used
 * at a time.
 *
 * A reader that detaches sets its position to LA_DETACHED, the largest number: the minimum over
 * the cursors then ignores it by itself. Tried before: a flag beside each cursor, which the writer
 * had to read with it; and a shared count of readers per slot, one contended line per message.
 *
 * What can still fail: a reader that is alive but takes nothing holds up the writer, by design; a
 * killed one does so until the abort word is set, which is its supervisor's duty.
 *
 * Sync points, named alike on both ends:
 *   SYNC_PUBLISH  slot filled -> `write` moved         | `write` read -> slot read
 *   SYNC_RELEASE  slot read   -> `position` moved      | `position` read -> slot filled again
 *   SYNC_CLOSE    last message published -> `closed`   | `closed` read -> `write` read once more
 */
#ifndef LAVA_ACTOR_RING_H
#define LAVA_ACTOR_RING_H

#include <stddef.h>
#include <stdatomic.h>
#include <stdint.h>

#ifndef LA_LINE
#define LA_LINE 128
#endif

#define LA_DETACHED UINT64_MAX

typedef struct {
    _Alignas(LA_LINE) _Atomic uint64_t write;
    /* Second line: the writer's alone, but for a reader that finds the ring empty. */
    _Alignas(LA_LINE) _Atomic uint32_t closed;
    _Atomic uint64_t blocked, dense, events, spikes, dropped;
} la_ring;

typedef struct {
    _Alignas(LA_LINE) _Atomic uint64_t position;
    _Atomic uint64_t received, blocked, dense, events;
} la_cursor;

/* Start of every slot; the payload follows at a distance fixed per ring. */
typedef struct {
    uint32_t form;  /* combination of LA_FORM_... */
    uint32_t count; /* events in the message; unused when dense */
    uint64_t stamp; /* when it was sent: la_sent_at, control.h */
} la_slot;

enum {
    LA_FORM_DENSE = 0,
    LA_FORM_EVENTS = 1,    /* indices, then values */
    LA_FORM_ONES = 2,      /* no values: each is 1 */
    LA_FORM_ASCENDING = 4, /* indices strictly ascend, hence are distinct */
};

_Static_assert(sizeof(la_ring) == 2 * LA_LINE, "layout.py: RING_BYTES");
_Static_assert(sizeof(la_cursor) == LA_LINE, "layout.py: CURSOR_BYTES");
_Static_assert(sizeof(la_slot) == 16, "layout.py: SLOT_HEADER_BYTES");

/* The same ring as one process sees it. Cursors follow the ring's block, slots the cursors. */
typedef struct {
    la_ring *ring;
    la_cursor *cursors;
    unsigned char *slots;
    uint64_t depth, stride;
    uint32_t n_readers;
} la_view;

typedef struct {
    la_view at;
    uint64_t limit; /* first position that may not be filled yet, as last seen */
} la_writer;

typedef struct {
    la_view at;
    la_cursor *cursor;
    uint64_t seen; /* first position not yet published, as last seen */
} la_reader;

static inline la_view la_view_of(void *block, uint32_t n_readers, uint64_t depth, uint64_t stride) {
    la_view at;
    at.ring = (la_ring *)block;
    at.cursors = (la_cursor *)(at.ring + 1);
    at.slots = (unsigned char *)(at.cursors + n_readers);
    at.depth = depth;
    at.stride = stride;
    at.n_readers = n_readers;
    return at;
}

static inline la_slot *la_view_slot(const la_view *at, uint64_t position) {
    /* A division costs more than the rest of a small send; most depths are powers of two. */
    uint64_t mask = at->depth - 1;
    uint64_t slot = (at->depth & mask) == 0 ? position & mask : position % at->depth;
    return (la_slot *)(at->slots + slot * at->stride);
}

/* ---- writer -------------------------------------------------------------------------------- */

static inline uint64_t la_writer_position(la_writer *w) {
    /* Relaxed: only this side stores it. */
    return atomic_load_explicit(&w->at.ring->write, memory_order_relaxed);
}

/* First position the slowest reader keeps from being filled; LA_DETACHED if nobody listens. */
static inline uint64_t la_writer_look(la_writer *w) {
    uint64_t slowest = LA_DETACHED;
    uint32_t i;
    for (i = 0; i < w->at.n_readers; i++) {
        uint64_t position =
            atomic_load_explicit(&w->at.cursors[i].position, memory_order_acquire); /* SYNC_RELEASE */
        slowest = position < slowest ? position : slowest;
    }
    w->limit = slowest == LA_DETACHED ? LA_DETACHED : slowest + w->at.depth;
    return w->limit;
}

static inline int la_writer_ready(la_writer *w) {
    uint64_t write = la_writer_position(w);
    return write < w->limit || write < la_writer_look(w);
}

static inline int la_writer_unheard(la_writer *w) {
    return w->limit == LA_DETACHED;
}

/* The next slot to fill; call only when ready. */
static inline la_slot *la_writer_slot(la_writer *w) {
    return la_view_slot(&w->at, la_writer_position(w));
}

static inline void la_writer_publish(la_writer *w) {
    atomic_store_explicit(&w->at.ring->write, la_writer_position(w) + 1,
                          memory_order_release); /* SYNC_PUBLISH */
}

static inline void la_writer_close(la_writer *w) {
    atomic_store_explicit(&w->at.ring->closed, 1, memory_order_release); /* SYNC_CLOSE */
}

/* ---- reader -------------------------------------------------------------------------------- */

static inline uint64_t la_reader_position(la_reader *r) {
    /* Relaxed: only this side stores it. */
    return atomic_load_explicit(&r->cursor->position, memory_order_relaxed);
}

static inline uint64_t la_reader_look(la_reader *r) {
    r->seen = atomic_load_explicit(&r->at.ring->write, memory_order_acquire); /* SYNC_PUBLISH */
    return r->seen;
}

static inline int la_reader_ready(la_reader *r) {
    uint64_t position = la_reader_position(r);
    return position < r->seen || position < la_reader_look(r);
}

static inline uint64_t la_reader_available(la_reader *r) {
    uint64_t position = la_reader_position(r);
    uint64_t write = la_reader_look(r);
    return position < write ? write - position : 0;
}

/* The oldest message not yet taken; call only when ready. */
static inline la_slot *la_reader_slot(la_reader *r) {
    return la_view_slot(&r->at, la_reader_position(r));
}

static inline void la_reader_release(la_reader *r) {
    atomic_store_explicit(&r->cursor->position, la_reader_position(r) + 1,
                          memory_order_release); /* SYNC_RELEASE */
}

static inline void la_reader_detach(la_reader *r) {
    atomic_store_explicit(&r->cursor->position, LA_DETACHED, memory_order_release); /* SYNC_RELEASE */
}

/* True when the writer is gone and everything it wrote was taken. */
static inline int la_reader_ended(la_reader *r) {
    /* `closed` first: a message published before it is then seen by the second look. */
    return atomic_load_explicit(&r->at.ring->closed, memory_order_acquire) && /* SYNC_CLOSE */
           !la_reader_ready(r);
}

#endif
