/* Recordings in shared memory: what a network recorded is at home, whatever ends it.
 *
 * A store is one anonymous memory file, made by the user's interpreter and inherited by the actors
 * that record. When the memory that it may hold is used up, what follows goes into a second file,
 * which lies unlinked on a disk. A recording is three streams that only grow:
 *
 *     messages   one word each: a step, and what the other two streams have of it
 *     indices    int32; the last one of a message is marked by its sign
 *     values     of the type that is recorded, which may become wider
 *
 * A message without indices is a whole array, one without values has ones only. So a spike costs 8
 * bytes at most and 4 where many come at once, and a row of a state its own size.
 *
 * A stream is a chain of chunks, taken from the ends of the files. A chunk never moves and what was
 * written never changes, so a reader needs no lock: the writer publishes the lengths of indices and
 * values, then that of the messages, then the step (release); a reader goes the other way (acquire).
 * A writer that is killed has published all or nothing of a message.
 *
 * A window forgets chunks from the front: `first` goes on, then their memory is given back, unless
 * somebody is reading. Both sides set their own word before they look at the other's (sequentially
 * consistent), so that at least one of them sees it. Memory is reserved before it is written to: a
 * full disk is an error and no SIGBUS.
 */

#ifndef LA_RECORDS_H
#define LA_RECORDS_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LA_MESSAGES, LA_INDICES, LA_VALUES, LA_STREAMS };

#define LA_WHOLE (1u << 31)  /* every element, in order: the message has no indices */
#define LA_VALUED (1u << 30) /* its values are in the stream of values; else all are one */
#define LA_STEPS (1u << 30)  /* steps that the words of one chunk can tell */
#define LA_LAST INT32_MIN
#define LA_ON_DISK (1ull << 63)

#define LA_LEAST_BYTES 65536
#define LA_CHUNK_BYTES 64
#define LA_RECORD_BYTES 128

typedef struct {
    uint64_t first; /* place of the first chunk; 0: none */
    uint64_t n;     /* records that were ever written */
} la_stream;

typedef struct {
    uint64_t done; /* all up to this step is there; 0: nothing */
    uint64_t begin; /* the first step that was recorded */
    uint64_t epoch; /* odd while everything is thrown away */
    uint64_t dtype;
    uint64_t readers;
    la_stream streams[LA_STREAMS];
    uint64_t unused[5];
} la_record;

typedef struct {
    uint64_t end[2]; /* of the memory file, and of the one on disk */
    uint64_t held;   /* bytes of memory */
    uint64_t limit;
    uint64_t unused[12];
} la_store;

typedef struct {
    uint64_t next;  /* place of the next chunk; 0: none yet */
    uint64_t start; /* which record of the stream is the first one here */
    uint64_t step;  /* when that was written */
    uint64_t dtype;
    uint64_t indices, values; /* how many of them were written before */
    uint64_t bytes;
    uint64_t unused;
} la_chunk;

/* The writer's end of a stream. */
typedef struct {
    la_chunk *chunk;
    uint64_t place;
    uint64_t n;
    uint64_t live; /* bytes of its chunks */
    uint64_t freed; /* place of the first chunk that was not given back */
    char *at;
    size_t room, item;
} la_tail;

typedef struct {
    la_store *store;
    la_record *record;
    int fds[2];
    uint64_t window; /* steps to keep; 0: all */
    uint64_t second; /* the step with which the second chunk of messages begins */
    la_tail tails[LA_STREAMS];
} la_recorder;

_Static_assert(sizeof(la_record) == LA_RECORD_BYTES, "");
_Static_assert(sizeof(la_store) == LA_RECORD_BYTES, "");
_Static_assert(sizeof(la_chunk) == LA_CHUNK_BYTES, "");

static inline uint64_t la_rec_get(const uint64_t *word) {
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void la_rec_set(uint64_t *word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static inline void la_rec_publish(uint64_t *word, uint64_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline int la_rec_file(uint64_t place) { return (place & LA_ON_DISK) != 0; }

static inline off_t la_rec_offset(uint64_t place) { return (off_t)(place & ~LA_ON_DISK); }

/* Read from a file; 0 or an error number. */
static inline int la_rec_read(int fd, void *to, size_t bytes, off_t at) {
    while (bytes) {
        ssize_t got = pread(fd, to, bytes, at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got < 0 ? errno : EIO;
        to = (char *)to + got;
        bytes -= (size_t)got;
        at += got;
    }
    return 0;
}

static inline int la_rec_reserve(int fd, uint64_t at, uint64_t bytes) {
    int error;
    do error = posix_fallocate(fd, (off_t)at, (off_t)bytes);
    while (error == EINTR);
    return error;
}

/* Take bytes from the end of a file: memory while there may be more of it. */
static inline int la_rec_take(la_recorder *r, uint64_t bytes, uint64_t *place) {
    la_store *s = r->store;
    int error = ENOSPC;
    if (__atomic_add_fetch(&s->held, bytes, __ATOMIC_RELAXED) <= s->limit) {
        *place = __atomic_fetch_add(&s->end[0], bytes, __ATOMIC_RELAXED);
        error = la_rec_reserve(r->fds[0], *place, bytes);
    }
    if (error) {
        __atomic_sub_fetch(&s->held, bytes, __ATOMIC_RELAXED);
        if (r->fds[1] < 0) return error;
        *place = __atomic_fetch_add(&s->end[1], bytes, __ATOMIC_RELAXED);
        error = la_rec_reserve(r->fds[1], *place, bytes);
        *place |= LA_ON_DISK;
    }
    return error;
}

static inline void la_rec_give_back(la_recorder *r, uint64_t place, uint64_t bytes) {
    int file = la_rec_file(place);
    /* a file system that cannot do it keeps the bytes until the file is closed */
    (void)!fallocate(r->fds[file], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                     la_rec_offset(place), (off_t)bytes);
    if (!file) __atomic_sub_fetch(&r->store->held, bytes, __ATOMIC_RELAXED);
}

static inline void la_rec_unmap(la_tail *t) {
    if (t->chunk) munmap(t->chunk, t->chunk->bytes);
    t->chunk = NULL;
    t->room = 0;
}

/* Begin a chunk with room for so many records in a row. */
static inline int la_rec_grow(la_recorder *r, int stream, size_t count, uint64_t step) {
    la_tail *t = &r->tails[stream];
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), place, bytes = t->live / 8;
    size_t most = SIZE_MAX;
    la_chunk *chunk;
    int error;
    if (bytes < LA_LEAST_BYTES - LA_CHUNK_BYTES) bytes = LA_LEAST_BYTES - LA_CHUNK_BYTES;
    if (r->window && stream == LA_MESSAGES) { /* a window ends between two of these */
        most = r->window / 8 < 16 ? 16 : r->window / 8;
        if (bytes > most * t->item) bytes = most * t->item;
    }
    if (bytes < count * t->item) bytes = count * t->item;
    bytes = (bytes + LA_CHUNK_BYTES + page - 1) / page * page;
    if ((error = la_rec_take(r, bytes, &place))) return error;
    chunk = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r->fds[la_rec_file(place)],
                 la_rec_offset(place));
    if (chunk == MAP_FAILED) return errno;
    chunk->start = t->n;
    chunk->step = step;
    chunk->dtype = r->record->dtype;
    chunk->indices = r->tails[LA_INDICES].n;
    chunk->values = r->tails[LA_VALUES].n;
    chunk->bytes = bytes;
    if (t->chunk) {
        if (stream == LA_MESSAGES && r->second == UINT64_MAX) r->second = step;
        la_rec_publish(&t->chunk->next, place);
    } else {
        la_rec_publish(&r->record->streams[stream].first, place);
        t->freed = place;
    }
    la_rec_unmap(t);
    t->chunk = chunk;
    t->place = place;
    t->live += bytes;
    t->at = (char *)chunk + LA_CHUNK_BYTES;
    t->room = (bytes - LA_CHUNK_BYTES) / t->item;
    if (t->room > most) t->room = most;
    return 0;
}

static inline int la_rec_look(la_recorder *r, uint64_t place, la_chunk *found) {
    return la_rec_read(r->fds[la_rec_file(place)], found, sizeof *found, la_rec_offset(place));
}

/* Forget the first chunk of messages, and what only its messages have of the other streams. */
static inline int la_rec_forget(la_recorder *r) {
    la_chunk chunk, next;
    uint64_t bounds[LA_STREAMS];
    int error = la_rec_look(r, r->record->streams[LA_MESSAGES].first, &chunk);
    if (!error) error = la_rec_look(r, chunk.next, &next);
    if (error) return error;
    bounds[LA_MESSAGES] = next.start;
    bounds[LA_INDICES] = next.indices;
    bounds[LA_VALUES] = next.values;
    r->second = UINT64_MAX;
    if (next.next) {
        if ((error = la_rec_look(r, next.next, &chunk))) return error;
        r->second = chunk.step;
    }
    for (int stream = 0; stream < LA_STREAMS; stream++) {
        uint64_t *first = &r->record->streams[stream].first;
        while (*first) {
            if ((error = la_rec_look(r, *first, &chunk))) return error;
            if (!chunk.next) break;
            if ((error = la_rec_look(r, chunk.next, &next))) return error;
            if (next.start > bounds[stream]) break;
            la_rec_set(first, chunk.next);
        }
    }
    if (la_rec_get(&r->record->readers)) return 0; /* next time */
    for (int stream = 0; stream < LA_STREAMS; stream++) {
        la_tail *t = &r->tails[stream];
        while (t->freed != r->record->streams[stream].first) {
            if ((error = la_rec_look(r, t->freed, &chunk))) return error;
            la_rec_give_back(r, t->freed, chunk.bytes);
            t->live -= chunk.bytes;
            t->freed = chunk.next;
        }
    }
    return 0;
}

/* Say that all up to this step is there. */
static inline int la_rec_done(la_recorder *r, uint64_t step) {
    if (!r->record->begin) r->record->begin = step;
    la_rec_publish(&r->record->done, step);
    while (r->window && r->second <= step && step - r->second + 1 >= r->window) {
        int error = la_rec_forget(r);
        if (error) return error;
    }
    return 0;
}

/* Add what came in a step: n elements, without indices if these are all, without values if all are
 * one. Returns 0 or an error number; then nothing of it is recorded. */
static inline int la_rec_add(la_recorder *r, uint64_t step, size_t n, const int32_t *indices,
                             const void *values) {
    la_tail *m = &r->tails[LA_MESSAGES], *i = &r->tails[LA_INDICES], *v = &r->tails[LA_VALUES];
    uint32_t word;
    int error;
    if (!n && indices) return la_rec_done(r, step);
    if ((!m->room || step - m->chunk->step >= LA_STEPS) &&
        (error = la_rec_grow(r, LA_MESSAGES, 1, step)))
        return error;
    if (indices && i->room < n && (error = la_rec_grow(r, LA_INDICES, n, step))) return error;
    if (values && v->room < n && (error = la_rec_grow(r, LA_VALUES, n, step))) return error;
    word = (uint32_t)(step - m->chunk->step);
    if (indices) {
        memcpy(i->at, indices, n * sizeof *indices);
        i->at += n * sizeof *indices;
        ((int32_t *)i->at)[-1] |= LA_LAST;
        i->room -= n;
        i->n += n;
        la_rec_publish(&r->record->streams[LA_INDICES].n, i->n);
    } else word |= LA_WHOLE;
    if (values) {
        memcpy(v->at, values, n * v->item);
        v->at += n * v->item;
        v->room -= n;
        v->n += n;
        la_rec_publish(&r->record->streams[LA_VALUES].n, v->n);
        word |= LA_VALUED;
    }
    *(uint32_t *)m->at = word;
    m->at += sizeof word;
    m->room--;
    la_rec_publish(&r->record->streams[LA_MESSAGES].n, ++m->n);
    return la_rec_done(r, step);
}

/* From now on values are of another type; before the first one, or a wider one. */
static inline void la_rec_retype(la_recorder *r, uint64_t dtype, size_t item) {
    r->tails[LA_VALUES].item = item;
    r->tails[LA_VALUES].room = 0;
    la_rec_publish(&r->record->dtype, dtype);
}

/* Throw everything away. */
static inline void la_rec_clear(la_recorder *r) {
    la_record *record = r->record;
    la_rec_set(&record->epoch, record->epoch + 1);
    record->done = record->begin = 0;
    for (int stream = 0; stream < LA_STREAMS; stream++) {
        record->streams[stream].n = r->tails[stream].n = 0;
        la_rec_set(&record->streams[stream].first, 0);
    }
    for (int tries = 0; la_rec_get(&record->readers) && tries < 20000; tries++) usleep(100);
    for (int stream = 0; stream < LA_STREAMS; stream++) {
        la_tail *t = &r->tails[stream];
        la_rec_unmap(t);
        while (t->freed) {
            la_chunk chunk;
            if (la_rec_look(r, t->freed, &chunk)) break;
            la_rec_give_back(r, t->freed, chunk.bytes);
            t->freed = chunk.next;
        }
        t->live = 0;
    }
    r->second = UINT64_MAX;
    record->dtype = 0;
    la_rec_set(&record->epoch, record->epoch + 1);
}

#endif
