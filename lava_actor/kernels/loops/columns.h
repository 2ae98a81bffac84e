/* Columns of delayed synapses under way: how far each has got that a spike has started.
 *
 * Where the entries of a column are in the order of their delays, those that are due in a step lie side by side, and
 * nothing has to be written down for later: of each spike it is enough to know where in its column the next step
 * begins. That is less work than notes (delays.h) as long as there is something to do in most steps of a column. The
 * sum of a neuron is taken in the same order, since columns stay in the order in which they were started.
 */
#ifndef LAVA_ACTOR_COLUMNS_H
#define LAVA_ACTOR_COLUMNS_H

#include <stdlib.h>

#include "synapses.h"

/* How many columns ahead entries are fetched. */
#define LA_COLUMNS_AHEAD 16

/* Delays for each entry of a column, beyond which entries are sorted, not counted. */
#define LA_DELAYS_PER_ENTRY 4

typedef struct {
    int64_t next;  /* the first entry that is not done */
    uint32_t left; /* how many there are from there */
    uint32_t past; /* steps that are done, times rows */
} la_column;

typedef struct {
    la_column *column;
    size_t count, room;
} la_columns;

static inline void la_columns_free(la_columns *c) {
    free(c->column);
    memset(c, 0, sizeof(*c));
}

/* Start the columns of the events; 0: no memory. */
static int la_columns_start(la_columns *c, const la_csc *m, const int32_t *restrict at, ptrdiff_t count) {
    if (c->count + (size_t)count > c->room) {
        size_t room = 2 * (c->count + (size_t)count);
        la_column *column = realloc(c->column, room * sizeof *column);
        if (!column) {
            return 0;
        }
        c->column = column;
        c->room = room;
    }
    for (ptrdiff_t e = 0; e < count; e++) {
        int64_t k = m->ptr[at[e]], left = m->ptr[at[e] + 1] - k;
        LA_PREFETCH((const char *)m->row + k * (m->narrow ? 2 : 4));
        c->column[c->count] = (la_column){k, (uint32_t)left, 0};
        c->count += left > 0;
    }
    return 1;
}

#define LA_COLUMNS(NAME, T, A, ONE)                                                                                    \
    LA_INLINE int64_t la_columns_to_##NAME(la_columns *c, const la_csc *m, uint32_t rows, T *restrict out,             \
                                           uint64_t *restrict touched, const int packed) {                             \
        const uint32_t *restrict wide = (const uint32_t *)m->row;                                                      \
        const uint16_t *restrict row = m->narrow ? (const uint16_t *)m->row : NULL;                                    \
        const T *restrict w = (const T *)m->weights;                                                                   \
        const uint8_t *restrict code = m->codes;                                                                       \
        const A one = (A)m->ONE;                                                                                       \
        A *restrict sum = (A *)out;                                                                                    \
        la_column *kept = c->column;                                                                                   \
        int64_t done = 0;                                                                                              \
        for (size_t i = 0; i < c->count; i++) {                                                                        \
            la_column at = c->column[i];                                                                               \
            const uint64_t limit = (uint64_t)at.past + rows;                                                           \
            const int64_t end = at.next + at.left;                                                                     \
            int64_t k = at.next;                                                                                       \
            if (i + LA_COLUMNS_AHEAD < c->count) {                                                                     \
                int64_t next = c->column[i + LA_COLUMNS_AHEAD].next;                                                   \
                const char *place = row ? (const char *)(row + next) : (const char *)(wide + next);                    \
                LA_PREFETCH(place);                                                                                    \
                LA_PREFETCH(place + 48);                                                                               \
            }                                                                                                          \
            for (; k < end; k++) {                                                                                     \
                uint32_t tall = packed ? wide[k] >> 8 : row ? row[k] : wide[k];                                        \
                if (tall >= limit) {                                                                                   \
                    break;                                                                                             \
                }                                                                                                      \
                uint32_t r = tall - at.past;                                                                           \
                sum[r] += packed ? (A)w[wide[k] & 255] : !w ? one : (A)w[code ? code[k] : k];                          \
                if (touched) {                                                                                         \
                    touched[r / 64] |= UINT64_C(1) << r % 64;                                                          \
                }                                                                                                      \
            }                                                                                                          \
            done += k - at.next;                                                                                       \
            *kept = (la_column){k, (uint32_t)(end - k), (uint32_t)limit};                                              \
            kept += k < end;                                                                                           \
        }                                                                                                              \
        c->count = (size_t)(kept - c->column);                                                                         \
        return done;                                                                                                   \
    }                                                                                                                  \
                                                                                                                       \
    /* Add what is due in the next so many rows of a tall matrix to an output, and mark the rows; how much it was. */  \
    static int64_t la_columns_go_##NAME(la_columns *c, const la_csc *m, uint32_t rows, T *out, uint64_t *touched) {    \
        if (m->packed) {                                                                                               \
            return touched ? la_columns_to_##NAME(c, m, rows, out, touched, 1)                                         \
                           : la_columns_to_##NAME(c, m, rows, out, NULL, 1);                                           \
        }                                                                                                              \
        return touched ? la_columns_to_##NAME(c, m, rows, out, touched, 0)                                             \
                       : la_columns_to_##NAME(c, m, rows, out, NULL, 0);                                               \
    }

LA_COLUMNS(f64, double, double, one_f64)
LA_COLUMNS(i32, int32_t, uint32_t, one_i32)

#define la_columns_go(kind, ...) LA_BY_KIND(kind, la_columns_go, __VA_ARGS__)

static int la_compare_keys(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Where entries go in the order of their delays, of which `last` is the longest; so that those of one delay stay in
 * theirs. `room`: LA_DELAYS_PER_ENTRY * (n + 1) + 2 elements. */
static void la_places_by_delay(int64_t n, const uint32_t *late, uint32_t last, uint64_t *room, int64_t *to) {
    if (last >= (uint64_t)LA_DELAYS_PER_ENTRY * (uint64_t)n) {
        for (int64_t k = 0; k < n; k++) {
            room[k] = (uint64_t)late[k] << 32 | (uint64_t)k;
        }
        qsort(room, (size_t)n, sizeof *room, la_compare_keys);
        for (int64_t k = 0; k < n; k++) {
            to[room[k] & UINT32_MAX] = k;
        }
        return;
    }
    memset(room, 0, ((size_t)last + 2) * sizeof *room);
    for (int64_t k = 0; k < n; k++) {
        room[late[k] + 1]++;
    }
    for (uint32_t d = 0; d < last; d++) {
        room[d + 1] += room[d];
    }
    for (int64_t k = 0; k < n; k++) {
        to[k] = (int64_t)room[late[k]]++;
    }
}

/* Put the entries of each column in the order of their delays, so that those of one delay stay in theirs. How many
 * steps it takes from spikes of all columns until nothing is left of them; 0: two synapses of the same neurons would
 * change places (unless that `may` be); -1: no memory. `value`: what belongs to the entries, of so many bytes each. */
static int64_t la_by_delay(const int64_t *ptr, ptrdiff_t columns, void *row, int bytes, int shift, void *value,
                           size_t width, uint32_t rows, int may) {
    int64_t longest = 0, steps = 0;
    for (ptrdiff_t c = 0; c < columns; c++) {
        longest = ptr[c + 1] - ptr[c] > longest ? ptr[c + 1] - ptr[c] : longest;
    }
    const size_t most = (size_t)longest + 1;
    uint64_t *room = malloc((LA_DELAYS_PER_ENTRY * most + 2) * sizeof *room);
    int64_t *to = malloc(most * sizeof *to);
    uint32_t *late = malloc(most * sizeof *late);
    char *rows_to = malloc(most * (size_t)bytes), *values_to = malloc(most * width + 1);
    if (!room || !to || !late || !rows_to || !values_to) {
        steps = -1;
    }
    for (ptrdiff_t c = 0; c < columns && steps >= 0; c++) {
        const int64_t n = ptr[c + 1] - ptr[c];
        char *from = (char *)row + ptr[c] * bytes;
        int sorted = 1, meet = 0;
        uint32_t last = 0, low = UINT32_MAX;
        for (int64_t k = 0; k < n; k++) {
            uint32_t tall = bytes == 2 ? ((uint16_t *)from)[k] : ((uint32_t *)from)[k] >> shift, before = low;
            late[k] = tall / rows;
            low = tall - late[k] * rows;
            last = late[k] > last ? late[k] : last;
            if (k && late[k] < late[k - 1]) {
                sorted = 0;
                meet |= low == before;
            }
        }
        if (meet && !may) {
            steps = 0;
            break;
        }
        steps += n ? (int64_t)last + 1 : 0;
        if (sorted) {
            continue;
        }
        la_places_by_delay(n, late, last, room, to);
        for (int64_t k = 0; k < n; k++) {
            memcpy(rows_to + to[k] * bytes, from + k * bytes, (size_t)bytes);
        }
        memcpy(from, rows_to, (size_t)(n * bytes));
        if (width) {
            char *values = (char *)value + ptr[c] * (ptrdiff_t)width;
            for (int64_t k = 0; k < n; k++) {
                memcpy(values_to + to[k] * (int64_t)width, values + k * (int64_t)width, width);
            }
            memcpy(values, values_to, (size_t)n * width);
        }
    }
    free(room);
    free(to);
    free(late);
    free(rows_to);
    free(values_to);
    return steps;
}

#endif
