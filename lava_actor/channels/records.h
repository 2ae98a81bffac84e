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
 * A stream is a chain of chunks, taken from the ends of the files. A chunk never moves, and what was
 * written does not change while a reader can come to it, so a reader needs no lock: the writer
 * publishes the lengths of indices and values, then that of the messages, then the step (release);
 * a reader goes the other way (acquire). A writer that is killed has published all or nothing of a
 * message. Memory is reserved before it is written to: a full disk is an error and no SIGBUS.
 *
 * A window forgets chunks from the front: `first` goes on. Its writer keeps them mapped, in the
 * order in which they were begun, and writes the oldest anew, for new memory costs more than what
 * is written to it: the kernel clears every page and enters it.
 *
 *     oldest -- spare --> safe -- forgotten --> first -- what is kept --> last
 *
 * Invariant: no reader is at a spare chunk, nor will one come to it. `safe` goes on to `first` only
 * when `readers` was 0 after `first` was set; a reader counts itself before it asks for `first`.
 * All four are sequentially consistent: whoever was not seen finds this `first` or a later one, and
 * goes from there towards the last. A chunk leaves the row at its front before it is written anew
 * and linked behind the last.
 */

#ifndef LA_RECORDS_H
#define LA_RECORDS_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
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
    uint64_t unused[2];
} la_chunk;

/* A chunk as its writer has it. */
typedef struct la_piece {
    struct la_piece *next; /* the one that was begun after it */
    la_chunk *chunk; /* NULL: full, and of no window */
    uint64_t place, bytes;
} la_piece;

/* The writer's end of a stream. */
typedef struct {
    la_piece *oldest, *safe, *first, *last;
    uint64_t n;
    uint64_t live; /* bytes of its chunks, spare ones too */
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

static inline void la_rec_unmap(la_piece *piece) {
    if (piece->chunk) munmap(piece->chunk, piece->bytes);
    piece->chunk = NULL;
}

/* The oldest chunk is no longer its writer's. */
static inline void la_rec_drop(la_tail *t) {
    la_piece *piece = t->oldest;
    t->oldest = piece->next;
    t->live -= piece->bytes;
    la_rec_unmap(piece);
    free(piece);
}

/* Give the memory of the oldest chunk back. */
static inline void la_rec_give_back(la_recorder *r, la_tail *t) {
    int file = la_rec_file(t->oldest->place);
    /* a file system that cannot do it keeps the bytes until the file is closed */
    (void)!fallocate(r->fds[file], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                     la_rec_offset(t->oldest->place), (off_t)t->oldest->bytes);
    if (!file) __atomic_sub_fetch(&r->store->held, t->oldest->bytes, __ATOMIC_RELAXED);
    la_rec_drop(t);
}

/* A spare chunk of a size between these, if there is one; what is found before it is given back. */
static inline la_piece *la_rec_spare(la_recorder *r, la_tail *t, uint64_t least, uint64_t most) {
    while (t->oldest != t->safe) {
        la_piece *piece = t->oldest;
        if (least <= piece->bytes && piece->bytes <= most) {
            t->oldest = piece->next;
            return piece;
        }
        la_rec_give_back(r, t);
    }
    return NULL;
}

/* A chunk of new memory, or NULL and an error number. */
static inline la_piece *la_rec_new(la_recorder *r, la_tail *t, uint64_t bytes, int *error) {
    la_piece *piece = malloc(sizeof *piece);
    if (!piece) *error = ENOMEM;
    else if (!(*error = la_rec_take(r, bytes, &piece->place))) {
        piece->bytes = bytes;
        piece->chunk = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                            r->fds[la_rec_file(piece->place)], la_rec_offset(piece->place));
        if (piece->chunk != MAP_FAILED) {
            t->live += bytes;
            return piece;
        }
        *error = errno;
    }
    free(piece);
    return NULL;
}

/* Begin a chunk with room for so many records in a row. */
static inline int la_rec_grow(la_recorder *r, int stream, size_t count, uint64_t step) {
    la_tail *t = &r->tails[stream];
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), bytes = t->live / 8;
    size_t most = SIZE_MAX;
    la_piece *piece;
    int error;
    if (bytes < LA_LEAST_BYTES - LA_CHUNK_BYTES) bytes = LA_LEAST_BYTES - LA_CHUNK_BYTES;
    if (r->window && stream == LA_MESSAGES) { /* a window ends between two of these */
        most = r->window / 8 < 16 ? 16 : r->window / 8;
        if (bytes > most * t->item) bytes = most * t->item;
    }
    if (bytes < count * t->item) bytes = count * t->item;
    bytes = (bytes + LA_CHUNK_BYTES + page - 1) / page * page;
    /* larger ones are of a time when a reader held much */
    piece = la_rec_spare(r, t, count * t->item + LA_CHUNK_BYTES, 2 * bytes);
    if (!piece && !(piece = la_rec_new(r, t, bytes, &error))) return error;
    *piece->chunk = (la_chunk){
        .start = t->n,
        .step = step,
        .dtype = r->record->dtype,
        .indices = r->tails[LA_INDICES].n,
        .values = r->tails[LA_VALUES].n,
    };
    piece->next = NULL;
    if (t->last) {
        if (stream == LA_MESSAGES && r->second == UINT64_MAX) r->second = step;
        t->last->next = piece;
        la_rec_publish(&t->last->chunk->next, piece->place);
        if (!r->window) la_rec_unmap(t->last);
    } else {
        t->oldest = t->safe = t->first = piece;
        la_rec_publish(&r->record->streams[stream].first, piece->place);
    }
    t->last = piece;
    t->at = (char *)piece->chunk + LA_CHUNK_BYTES;
    t->room = (piece->bytes - LA_CHUNK_BYTES) / t->item;
    if (t->room > most) t->room = most;
    return 0;
}

/* What was forgotten is spare. Of what was spare before, as much is kept as two of the largest
 * chunks, an eighth of the stream each: what is forgotten and what is needed until then differ by
 * no more. */
static inline void la_rec_spare_more(la_recorder *r, la_tail *t) {
    uint64_t bytes = 0;
    for (const la_piece *piece = t->oldest; piece != t->safe; piece = piece->next)
        bytes += piece->bytes;
    while (bytes > t->live / 4 && t->oldest->next != t->safe) {
        bytes -= t->oldest->bytes;
        la_rec_give_back(r, t);
    }
    t->safe = t->first;
}

/* Forget the first chunk of messages, and what only its messages have of the other streams. */
static inline void la_rec_forget(la_recorder *r) {
    const la_piece *kept = r->tails[LA_MESSAGES].first->next;
    const uint64_t bounds[LA_STREAMS] = {kept->chunk->start, kept->chunk->indices,
                                         kept->chunk->values};
    r->second = kept->next ? kept->next->chunk->step : UINT64_MAX;
    for (int stream = 0; stream < LA_STREAMS; stream++) {
        la_tail *t = &r->tails[stream];
        while (t->first && t->first->next && t->first->next->chunk->start <= bounds[stream])
            t->first = t->first->next;
        if (t->first) la_rec_set(&r->record->streams[stream].first, t->first->place);
    }
    if (la_rec_get(&r->record->readers)) return; /* next time */
    for (int stream = 0; stream < LA_STREAMS; stream++) la_rec_spare_more(r, &r->tails[stream]);
}

/* Say that all up to this step is there. */
static inline void la_rec_done(la_recorder *r, uint64_t step) {
    if (!r->record->begin) r->record->begin = step;
    la_rec_publish(&r->record->done, step);
    while (r->window && r->second <= step && step - r->second + 1 >= r->window) la_rec_forget(r);
}

/* Add what came in a step: n elements, without indices if these are all, without values if all are
 * one. Returns 0 or an error number; then nothing of it is recorded. */
static inline int la_rec_add(la_recorder *r, uint64_t step, size_t n, const int32_t *indices,
                             const void *values) {
    la_tail *m = &r->tails[LA_MESSAGES], *i = &r->tails[LA_INDICES], *v = &r->tails[LA_VALUES];
    uint32_t word;
    int error;
    if (!n && indices) {
        la_rec_done(r, step);
        return 0;
    }
    if ((!m->room || step - m->last->chunk->step >= LA_STEPS) &&
        (error = la_rec_grow(r, LA_MESSAGES, 1, step)))
        return error;
    if (indices && i->room < n && (error = la_rec_grow(r, LA_INDICES, n, step))) return error;
    if (values && v->room < n && (error = la_rec_grow(r, LA_VALUES, n, step))) return error;
    word = (uint32_t)(step - m->last->chunk->step);
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
    la_rec_done(r, step);
    return 0;
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
        while (t->oldest) la_rec_give_back(r, t);
        t->safe = t->first = t->last = NULL;
        t->room = 0;
    }
    r->second = UINT64_MAX;
    record->dtype = 0;
    la_rec_set(&record->epoch, record->epoch + 1);
}

/* The writer leaves; what was recorded stays. */
static inline void la_rec_leave(la_recorder *r) {
    for (int stream = 0; stream < LA_STREAMS; stream++)
        while (r->tails[stream].oldest) la_rec_drop(&r->tails[stream]);
}

#endif
