/* What delayed synapses will do, listed by the step in which it is due.
 *
 * A line of sums, one per neuron and delay, is written to all over, and is larger than caches where neurons are many;
 * it is moved, scanned and sent whatever happens. Where little happens it is less work to note each synaptic event
 * with what is due in its step, and to add all of that up when the step has come. The sum of a neuron is taken in the
 * same order, since the notes of a step lie in the order in which they were made.
 *
 * A note is a row and the code of a weight in 32 bits, where weights have codes; or a row and a number.
 */
#ifndef LAVA_ACTOR_DELAYS_H
#define LAVA_ACTOR_DELAYS_H

#include <stdlib.h>

#include "synapses.h"

typedef struct {
    void *notes;
    ptrdiff_t used, room;
} la_bin;

typedef struct {
    la_bin *bins; /* one per delay, in a circle */
    int32_t depth, now;
    uint32_t rows;
    uint64_t inverse;  /* 2**64 / rows, rounded up; 0: one row */
    uint64_t *touched; /* a bit per row that `la_due` has added to */
} la_later;

typedef struct {
    int32_t row;
    double value;
} la_note_f64;

typedef struct {
    int32_t row;
    int32_t value;
} la_note_i32;

static inline void la_later_free(la_later *l) {
    for (int32_t d = 0; l->bins && d < l->depth; d++) {
        free(l->bins[d].notes);
    }
    free(l->bins);
    free(l->touched);
    memset(l, 0, sizeof(*l));
}

/* 0: no memory. */
static inline int la_later_init(la_later *l, int32_t depth, int32_t rows) {
    la_later_free(l);
    l->bins = calloc((size_t)depth, sizeof(la_bin));
    l->touched = calloc((size_t)rows / 64 + 1, sizeof(uint64_t));
    l->depth = depth;
    l->rows = (uint32_t)rows;
    l->inverse = rows > 1 ? UINT64_MAX / l->rows + 1 : 0;
    return l->bins && l->touched;
}

static inline la_bin *la_bin_of(la_later *l, int32_t delay) {
    int32_t at = l->now + delay;
    return l->bins + (at < l->depth ? at : at - l->depth);
}

/* What was due is done. */
static inline void la_later_advance(la_later *l) {
    l->bins[l->now].used = 0;
    l->now = l->now + 1 < l->depth ? l->now + 1 : 0;
    if (l->bins[l->now].used) {
        LA_PREFETCH(l->bins[l->now].notes);
        LA_PREFETCH((const char *)l->bins[l->now].notes + 64);
    }
}

static inline int la_bin_grow(la_bin *bin, size_t note) {
    ptrdiff_t room = bin->room ? 2 * bin->room : 32;
    void *more = realloc(bin->notes, (size_t)room * note);
    if (!more) {
        return 0;
    }
    bin->notes = more;
    bin->room = room;
    return 1;
}

/* Note down entry VALUE of row `tall` of a tall matrix: delay times rows, plus row. */
#define LA_NOTE(N, tall, VALUE)                                                                                        \
    {                                                                                                                  \
        uint32_t high = (tall), late, low;                                                                             \
        late = l->inverse ? (uint32_t)(((unsigned __int128)l->inverse * high) >> 64) : high;                           \
        low = high - late * l->rows;                                                                                   \
        la_bin *bin = la_bin_of(l, (int32_t)late);                                                                     \
        if (bin->used == bin->room && !la_bin_grow(bin, sizeof(N))) {                                                  \
            return 0;                                                                                                  \
        }                                                                                                              \
        ((N *)bin->notes)[bin->used++] = VALUE;                                                                        \
    }

/* Note the columns of the events, with codes; 0: no memory. */
#define LA_LATER_CODED(NAME, R, TALL, CODE)                                                                            \
    static int la_later_coded_##NAME(la_later *l, const la_csc *m, const int32_t *restrict at, ptrdiff_t count) {      \
        const int64_t *restrict ptr = m->ptr;                                                                          \
        const R *restrict row = (const R *)m->row;                                                                     \
        const uint8_t *restrict code = m->codes;                                                                       \
        LA_EACH_COLUMN(code, {                                                                                         \
            for (; k < end; k++) {                                                                                     \
                LA_NOTE(uint32_t, TALL, low << 8 | (CODE))                                                             \
            }                                                                                                          \
        })                                                                                                             \
        return 1;                                                                                                      \
    }

LA_LATER_CODED(16, uint16_t, row[k], code ? code[k] : 0)
LA_LATER_CODED(32, int32_t, (uint32_t)row[k], code ? code[k] : 0)
LA_LATER_CODED(packed, uint32_t, row[k] >> 8, row[k] & 255)

/* True if rows leave room for a code. */
static inline int la_can_code(const la_csc *m, int32_t rows) {
    return rows <= 1 << 24 && (m->packed || m->codes || !m->weights);
}

static inline int la_later_coded(la_later *l, const la_csc *m, const int32_t *at, ptrdiff_t count) {
    return (m->packed ? la_later_coded_packed : m->narrow ? la_later_coded_16 : la_later_coded_32)(l, m, at, count);
}

/* Note the columns of the events times `x`, with numbers; 0: no memory. */
#define LA_LATER_VALUED(NAME, T, A, N, ONE)                                                                            \
    static int la_later_valued_##NAME(la_later *l, const la_csc *m, const int32_t *restrict at, const T *restrict x,   \
                                      ptrdiff_t count) {                                                               \
        const int64_t *restrict ptr = m->ptr;                                                                          \
        const uint16_t *restrict row = (const uint16_t *)m->row;                                                       \
        const uint32_t *restrict wide = (const uint32_t *)m->row;                                                      \
        const T *restrict w = (const T *)m->weights;                                                                   \
        const uint8_t *restrict code = m->codes;                                                                       \
        LA_EACH_COLUMN((const uint8_t *)0, {                                                                           \
            A factor = x ? (A)x[e] : (A)1;                                                                             \
            for (; k < end; k++) {                                                                                     \
                uint32_t place = m->narrow ? row[k] : m->packed ? wide[k] >> 8 : wide[k];                              \
                A weight = (A)(!w ? m->ONE : m->packed ? w[wide[k] & 255] : code ? w[code[k]] : w[k]);                 \
                LA_NOTE(N, place, ((N){(int32_t)low, (T)(x ? weight * factor : weight)}))                              \
            }                                                                                                          \
        })                                                                                                             \
        return 1;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    /* Add what is noted to sums, by a table of weights if notes have codes. */                                        \
    static void la_due_##NAME(la_later *l, const la_bin *bin, const T *table, T *restrict out) {                       \
        uint64_t *restrict touched = l->touched;                                                                       \
        A *restrict sum = (A *)out;                                                                                    \
        if (table) {                                                                                                   \
            const uint32_t *restrict note = bin->notes;                                                                \
            for (ptrdiff_t i = 0; i < bin->used; i++) {                                                                \
                uint32_t r = note[i] >> 8;                                                                             \
                sum[r] += (A)table[note[i] & 255];                                                                     \
                touched[r / 64] |= UINT64_C(1) << r % 64;                                                              \
            }                                                                                                          \
        } else {                                                                                                       \
            const N *restrict note = bin->notes;                                                                       \
            for (ptrdiff_t i = 0; i < bin->used; i++) {                                                                \
                uint32_t r = (uint32_t)note[i].row;                                                                    \
                sum[r] += (A)note[i].value;                                                                            \
                touched[r / 64] |= UINT64_C(1) << r % 64;                                                              \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    /* The touched rows that are not zero, ascending: how many, or -1 if more than limit. Then none is touched. */     \
    static int64_t la_touched_##NAME(la_later *l, const T *sum, int32_t *restrict index, int64_t limit) {              \
        int64_t found = 0;                                                                                             \
        for (uint32_t word = 0; word <= l->rows / 64; word++) {                                                        \
            uint64_t left = l->touched[word];                                                                          \
            for (l->touched[word] = 0; left; left &= left - 1) {                                                       \
                int32_t r = (int32_t)(64 * word) + __builtin_ctzll(left);                                              \
                T none = 0;                                                                                            \
                if (found == limit) {                                                                                  \
                    memset(l->touched, 0, (l->rows / 64 + 1) * sizeof *l->touched);                                    \
                    return -1;                                                                                         \
                }                                                                                                      \
                index[found] = r;                                                                                      \
                found += memcmp(&sum[r], &none, sizeof none) != 0;                                                     \
            }                                                                                                          \
        }                                                                                                              \
        return found;                                                                                                  \
    }                                                                                                                  \
                                                                                                                       \
    /* Make what was found zero, for the next step. */                                                                 \
    static void la_clear_##NAME(const la_later *l, T *restrict sum, const int32_t *index, int64_t found) {             \
        if (found < 0) {                                                                                               \
            memset(sum, 0, l->rows * sizeof *sum);                                                                     \
        }                                                                                                              \
        for (int64_t k = 0; k < found; k++) {                                                                          \
            sum[index[k]] = 0;                                                                                         \
        }                                                                                                              \
    }

LA_LATER_VALUED(f64, double, double, la_note_f64, one_f64)
LA_LATER_VALUED(i32, int32_t, uint32_t, la_note_i32, one_i32)

#endif
